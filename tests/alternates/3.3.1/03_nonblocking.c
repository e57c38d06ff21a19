/* 03_nonblocking.c: another right solution: fcntl(), an event that is armed anew for each call, and
 * an enum of outcomes
 *
 * SPDX-License-Identifier: MIT
 */
#include "03_nonblocking.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct scanner {
    struct scanner_calls calls;
    void *arg;
    struct event *readable; /* runs on_readable() when the line is ready, once; owned */
};

enum outcome { BYTES, NOTHING, OVER };

/* Tries to read once. *n is the number of bytes, or, with OVER, why the line is over. */
static enum outcome try_to_read(int fd, char *bytes, ssize_t *n)
{
    do {
        *n = read(fd, bytes, SCAN_BUDGET);
    } while (*n < 0 && errno == EINTR); /* ends: a signal comes now and then, not each time */
    if (*n > 0)
        return BYTES;
    if (*n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return NOTHING;
    *n = *n < 0 ? -errno : 0;
    return OVER;
}

/* Called once for each event_add(): it orders the next call before it does anything else. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct scanner *s = arg;
    char bytes[SCAN_BUDGET];
    ssize_t n = -ENOMEM;
    enum outcome outcome = OVER;

    (void)what;
    if (event_add(s->readable, NULL) == 0)
        outcome = try_to_read(fd, bytes, &n);
    switch (outcome) {
    case BYTES:
        s->calls.on_bytes(bytes, (size_t)n, s->arg);
        break;
    case NOTHING:
        break;
    case OVER:
        (void)event_del(s->readable);
        s->calls.on_end((int)n, s->arg);
        break;
    }
}

struct scanner *scanner_start(struct event_base *base, int fd, const struct scanner_calls *calls,
                              void *arg)
{
    int flags = fcntl(fd, F_GETFL);
    struct scanner *s;

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return NULL;
    s = malloc(sizeof(*s));
    if (s == NULL)
        return NULL;
    *s = (struct scanner){.calls = *calls, .arg = arg};
    s->readable = event_new(base, fd, EV_READ, on_readable, s);
    if (s->readable == NULL || event_add(s->readable, NULL) != 0) {
        scanner_free(s);
        return NULL;
    }
    return s;
}

void scanner_free(struct scanner *s)
{
    if (s == NULL)
        return;
    if (s->readable != NULL)
        event_free(s->readable); /* pending, active or neither: it is not called any more */
    free(s);
}
