/* fifo_peer.c: see fifo_peer.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "fifo_peer.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faults.h"
#include "real.h"
#include "suite.h"
#include "vclock.h"

enum action { OPEN, SEND, CLOSE };

/* One line of the script. */
struct step {
    struct step *next;
    struct fifo_peer *peer;
    enum action action;
    struct event timer;
    size_t n;
    char bytes[];
};

struct fifo_peer {
    int fd; /* -1 while it is not open */
    struct step *steps;
    char path[];
};

EXPORT struct fifo_peer *fifo_peer_new(const char *path)
{
    struct fifo_peer *p = calloc(1, sizeof *p + strlen(path) + 1);

    ck_assert_ptr_nonnull(p);
    strcpy(p->path, path);
    p->fd = -1;
    ck_assert_msg(mkfifo(path, 0600) == 0, "mkfifo %s: %s", path, strerror(errno));
    return p;
}

static void peer_open(struct fifo_peer *p)
{
    if (p->fd >= 0)
        return;
    p->fd = open(p->path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (p->fd < 0)
        fail_test("at %.3f somebody wants to write to the FIFO, and nobody has it open for "
                  "reading (%s)",
                  (double)now_ms() / 1000, strerror(errno));
}

static void on_step(evutil_socket_t fd, short what, void *arg)
{
    struct step *step = arg;
    struct fifo_peer *p = step->peer;

    (void)fd;
    (void)what;
    if (step->action != CLOSE)
        peer_open(p);
    if (step->action == SEND && io_raw_write(p->fd, step->bytes, step->n) != (long)step->n)
        fail_test("at %.3f: %zu bytes do not fit into the FIFO: %s", (double)now_ms() / 1000,
                  step->n, strerror(errno));
    if (step->action == CLOSE && p->fd >= 0) {
        close(p->fd);
        p->fd = -1;
    }
}

static void add_step(struct fifo_peer *p, int at_ms, enum action action, const void *bytes,
                     size_t n)
{
    struct step *step = calloc(1, sizeof *step + n);
    int wait_ms = at_ms > now_ms() ? at_ms - now_ms() : 0;
    struct timeval wait = {wait_ms / 1000, wait_ms % 1000 * 1000};

    ck_assert_ptr_nonnull(step);
    *step = (struct step){.next = p->steps, .peer = p, .action = action, .n = n};
    if (n > 0)
        memcpy(step->bytes, bytes, n);
    p->steps = step;
    evtimer_assign(&step->timer, test_base(), on_step, step);
    step->timer.ev_evcallback.evcb_flags |= EVLIST_INTERNAL; /* it does not keep the loop alive */
    evtimer_add(&step->timer, &wait);
}

EXPORT void fifo_peer_open(struct fifo_peer *p, int at_ms)
{
    add_step(p, at_ms, OPEN, NULL, 0);
}

EXPORT void fifo_peer_send(struct fifo_peer *p, int at_ms, const void *bytes, size_t n)
{
    add_step(p, at_ms, SEND, bytes, n);
}

EXPORT void fifo_peer_close(struct fifo_peer *p, int at_ms)
{
    add_step(p, at_ms, CLOSE, NULL, 0);
}

EXPORT void fifo_peer_free(struct fifo_peer *p)
{
    for (struct step *step = p->steps, *next; step; step = next) {
        next = step->next;
        event_del(&step->timer);
        free(step);
    }
    if (p->fd >= 0)
        close(p->fd);
    unlink(p->path);
    free(p);
}
