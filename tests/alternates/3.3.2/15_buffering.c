/* 15_buffering.c: another right solution: an array in place of an evbuffer, and one event that waits
 * for the deadline, or for the line
 *
 * SPDX-License-Identifier: MIT
 */
#include "15_buffering.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct buoy {
    struct event_base *base;
    int line;
    char waiting[WAITING_MOST];
    size_t n;           /* bytes of `waiting` that are in use */
    struct event *wait; /* runs on_due(): a timer, or, with a rest, an event of the line; owned */
    struct event *over; /* runs on_over(); owned */
    bool has_rest, closing;
    int broken;
    buoy_end_fn *on_end;
    void *arg;
};

static void on_due(evutil_socket_t fd, short what, void *arg);

static void on_over(evutil_socket_t fd, short what, void *arg)
{
    struct buoy *b = arg;

    (void)fd;
    (void)what;
    b->on_end(b->broken, b->arg);
}

/* Waits for the deadline, or for the line. */
static int wait_for(struct buoy *b, bool line)
{
    static const struct timeval DEADLINE = {.tv_usec = BATCH_WAIT_MS * 1000};

    (void)event_del(b->wait);
    if (event_assign(b->wait, b->base, line ? b->line : -1, line ? EV_WRITE : 0, on_due, b) != 0)
        return -1;
    return event_add(b->wait, line ? NULL : &DEADLINE);
}

static void send_all(struct buoy *b)
{
    const ssize_t n = write(b->line, b->waiting, b->n);

    if (n < 0 && errno != EAGAIN && errno != EINTR)
        b->broken = -errno;
    if (n > 0) {
        b->n -= (size_t)n;
        memmove(b->waiting, b->waiting + n, b->n);
    }
    (void)event_del(b->wait);
    b->has_rest = b->n > 0;
    if (b->has_rest && b->broken == 0 && wait_for(b, true) != 0)
        b->broken = -ENOMEM;
    if (b->broken != 0 || (b->closing && b->n == 0))
        event_active(b->over, EV_TIMEOUT, 0);
}

static void on_due(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    send_all(arg);
}

struct buoy *buoy_start(struct event_base *base, int line, buoy_end_fn *on_end, void *arg)
{
    struct buoy *b = calloc(1, sizeof(*b));

    if (b == NULL)
        return NULL;
    b->base = base;
    b->line = line;
    b->on_end = on_end;
    b->arg = arg;
    b->wait = evtimer_new(base, on_due, b);
    b->over = event_new(base, -1, 0, on_over, b);
    if (b->wait != NULL && b->over != NULL)
        return b;
    buoy_free(b);
    return NULL;
}

int buoy_add(struct buoy *b, const char *reading, size_t n)
{
    if (b->closing || b->broken != 0)
        return -EPIPE;
    if (b->n + n > sizeof(b->waiting))
        return -EAGAIN;
    if (b->n == 0 && wait_for(b, false) != 0)
        return -ENOMEM;
    memcpy(b->waiting + b->n, reading, n);
    b->n += n;
    if (b->n >= BATCH_FULL && !b->has_rest)
        send_all(b);
    return 0;
}

void buoy_close(struct buoy *b)
{
    if (b->closing || b->broken != 0)
        return;
    b->closing = true;
    if (b->n == 0)
        event_active(b->over, EV_TIMEOUT, 0);
    else if (!b->has_rest)
        send_all(b);
}

void buoy_free(struct buoy *b)
{
    if (b == NULL)
        return;
    if (b->wait != NULL)
        event_free(b->wait);
    if (b->over != NULL)
        event_free(b->over);
    free(b);
}
