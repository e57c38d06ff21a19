/* peer.c: see peer.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "faults.h"
#include "internal_event.h"
#include "real.h"
#include "suite.h"

REAL_FUNCTION(ssize_t, send, (int, const void *, size_t, int));

enum action { SEND, SHUTDOWN, CLOSE, RESET, STALL, RESUME };

/* One line of the script. */
struct step {
    struct step *next;
    struct peer *peer;
    enum action action;
    int at_ms;
    bool taken;
    struct event timer;
    size_t n;
    char bytes[];
};

struct peer {
    int fd; /* -1 once closed */
    struct event readable;
    struct step *steps;
    char *received; /* NUL-terminated */
    size_t n;
    struct arrival *arrivals; /* one for each moment at which something came */
    size_t n_arrivals;
    bool ended; /* the learner's side has sent all */
    int ended_ms;
};

/* Up to here, `n` bytes had come at that moment. */
struct arrival {
    size_t n;
    int at_ms;
};

static void note_arrival(struct peer *p)
{
    if (p->n_arrivals == 0 || p->arrivals[p->n_arrivals - 1].at_ms != now_ms()) {
        p->arrivals = realloc(p->arrivals, ++p->n_arrivals * sizeof *p->arrivals);
        ck_assert_ptr_nonnull(p->arrivals);
    }
    p->arrivals[p->n_arrivals - 1] = (struct arrival){p->n, now_ms()};
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct peer *p = arg;
    char bytes[4096];
    long n;

    (void)what;
    while ((n = io_raw_read(fd, bytes, sizeof bytes)) > 0) {
        p->received = realloc(p->received, p->n + (size_t)n + 1);
        ck_assert_ptr_nonnull(p->received);
        memcpy(p->received + p->n, bytes, (size_t)n);
        p->n += (size_t)n;
        p->received[p->n] = '\0';
        note_arrival(p);
    }
    if (n < 0 && errno == EAGAIN)
        return;
    p->ended = true; /* end of file, or a reset */
    p->ended_ms = now_ms();
    event_del(&p->readable);
}

static struct peer *peer_new(int fd)
{
    struct peer *p = calloc(1, sizeof *p);

    ck_assert_ptr_nonnull(p);
    p->fd = fd;
    p->received = calloc(1, 1);
    ck_assert_ptr_nonnull(p->received);
    evutil_make_socket_nonblocking(fd);
    event_assign(&p->readable, test_base(), fd, EV_READ | EV_PERSIST, on_readable, p);
    event_make_internal(&p->readable);
    event_add(&p->readable, NULL);
    return p;
}

EXPORT int peer_pair(struct peer **p)
{
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    *p = peer_new(fds[0]);
    return fds[1];
}

EXPORT struct peer *peer_connect(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_ge(fd, 0);
    evutil_make_socket_nonblocking(fd);
    int result = connect(fd, (struct sockaddr *)&to, sizeof to);
    ck_assert_msg(result == 0 || errno == EINPROGRESS, "connect to port %d: %s", port,
                  strerror(errno));
    return peer_new(fd);
}

/* --- the script --- */

static void end_connection(struct peer *p)
{
    if (p->fd < 0)
        return;
    event_del(&p->readable);
    close(p->fd);
    p->fd = -1;
}

static void reset_connection(struct peer *p)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    end_connection(p);
}

static void take_step(struct peer *p, const struct step *step)
{
    if (p->fd < 0)
        return;
    switch (step->action) {
    case SEND: /* a peer that is gone is the script's intent: EPIPE is not an error here */
        (void)REAL(send)(p->fd, step->bytes, step->n, MSG_NOSIGNAL);
        break;
    case SHUTDOWN:
        shutdown(p->fd, SHUT_WR);
        break;
    case CLOSE:
        end_connection(p);
        break;
    case RESET:
        reset_connection(p);
        break;
    case STALL:
        event_del(&p->readable);
        break;
    case RESUME:
        event_add(&p->readable, NULL);
        break;
    }
}

/* Timers that are due together fire in any order: the first one takes all steps of its moment, as
 * the script has them. */
static void on_step(evutil_socket_t fd, short what, void *arg)
{
    const struct step *due = arg;

    (void)fd;
    (void)what;
    for (struct step *step = due->peer->steps; step; step = step->next) {
        if (step->at_ms != due->at_ms || step->taken)
            continue;
        step->taken = true;
        event_del(&step->timer);
        take_step(step->peer, step);
    }
}

static void add_step(struct peer *p, int at_ms, enum action action, const void *bytes, size_t n)
{
    struct step *step = calloc(1, sizeof *step + n);
    int wait_ms = at_ms > now_ms() ? at_ms - now_ms() : 0;
    struct timeval wait = {wait_ms / 1000, wait_ms % 1000 * 1000};
    struct step **end = &p->steps;

    ck_assert_ptr_nonnull(step);
    step->peer = p;
    step->action = action;
    step->at_ms = now_ms() + wait_ms;
    step->n = n;
    if (n > 0)
        memcpy(step->bytes, bytes, n);
    while (*end)
        end = &(*end)->next;
    *end = step;
    evtimer_assign(&step->timer, test_base(), on_step, step);
    ck_assert_int_eq(evtimer_add(&step->timer, &wait), 0);
}

EXPORT void peer_send(struct peer *p, int at_ms, const void *bytes, size_t n)
{
    add_step(p, at_ms, SEND, bytes, n);
}

EXPORT void peer_shutdown(struct peer *p, int at_ms)
{
    add_step(p, at_ms, SHUTDOWN, NULL, 0);
}

EXPORT void peer_close(struct peer *p, int at_ms)
{
    add_step(p, at_ms, CLOSE, NULL, 0);
}

EXPORT void peer_reset(struct peer *p, int at_ms)
{
    add_step(p, at_ms, RESET, NULL, 0);
}

EXPORT void peer_stall(struct peer *p, int at_ms)
{
    add_step(p, at_ms, STALL, NULL, 0);
}

EXPORT void peer_resume(struct peer *p, int at_ms)
{
    add_step(p, at_ms, RESUME, NULL, 0);
}

/* --- what came --- */

EXPORT const char *peer_received(const struct peer *p, size_t *n)
{
    if (n)
        *n = p->n;
    return p->received;
}

EXPORT bool peer_saw_end(const struct peer *p)
{
    return p->ended;
}

EXPORT int peer_received_ms(const struct peer *p, size_t n)
{
    for (size_t k = 0; k < p->n_arrivals; k++)
        if (p->arrivals[k].n >= n)
            return p->arrivals[k].at_ms;
    return -1;
}

EXPORT int peer_end_ms(const struct peer *p)
{
    return p->ended ? p->ended_ms : -1;
}

EXPORT const char *peer_sent(const struct peer *p, int k, int *at_ms, size_t *n)
{
    for (const struct step *step = p->steps; step; step = step->next) {
        if (step->action != SEND || !step->taken || k-- > 0)
            continue;
        *at_ms = step->at_ms;
        *n = step->n;
        return step->bytes;
    }
    return NULL;
}

EXPORT void peer_expect(const struct peer *p, const char *text)
{
    ck_assert_msg(p->n == strlen(text) && memcmp(p->received, text, p->n) == 0,
                  "the peer expected \"%s\" and got \"%s\"", text, p->received);
}

EXPORT void peer_free(struct peer *p)
{
    while (p->steps) {
        struct step *step = p->steps;
        p->steps = step->next;
        event_del(&step->timer);
        free(step);
    }
    end_connection(p);
    free(p->received);
    free(p->arrivals);
    free(p);
}
