/* 23_flow_control.c: another right solution: no litres are counted, only the moment at which the
 * well will be full again
 *
 * SPDX-License-Identifier: MIT
 */
#include "23_flow_control.h"

#include <errno.h>
#include <event2/event.h>
#include <stdint.h>
#include <stdlib.h>

TAILQ_HEAD(line, call);

struct well {
    struct event_base *base;
    struct line waiting, over;
    struct event *timer; /* calls on_timer(), for the first who waits, or for those who are over */
    int64_t full_at;     /* us; in the past: it is full */
    int64_t litre;       /* us */
    int most;
};

static int64_t clock_us(struct well *w)
{
    struct timeval now;

    (void)event_gettime_monotonic(w->base, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_usec;
}

/* How long until so many litres are there. */
static int64_t wait_us(struct well *w, int litres)
{
    const int64_t now = clock_us(w), full_at = w->full_at > now ? w->full_at : now;
    const int64_t wait = full_at + litres * w->litre - w->most * w->litre - now;

    return wait > 0 ? wait : 0;
}

static void call_over(struct well *w, struct call *call, int err)
{
    TAILQ_REMOVE(&w->waiting, call, next);
    TAILQ_INSERT_TAIL(&w->over, call, next);
    call->line = NULL;
    call->err = err;
}

/* Sets the one timer: to now if somebody is to be told. */
static void serve(struct well *w)
{
    struct call *call;
    struct timeval wait = {0};

    (void)event_del(w->timer);
    while ((call = TAILQ_FIRST(&w->waiting)) != NULL) {
        const int64_t us = wait_us(w, call->litres);

        if (us == 0) {
            const int64_t now = clock_us(w);

            w->full_at = (w->full_at > now ? w->full_at : now) + call->litres * w->litre;
            call_over(w, call, 0);
            continue;
        }
        if (!TAILQ_EMPTY(&w->over))
            break; /* when they are told, there is another look */
        wait = (struct timeval){(time_t)(us / 1000000), (suseconds_t)(us % 1000000)};
        if (event_add(w->timer, &wait) == 0)
            return;
        call_over(w, call, -ENOMEM);
    }
    if (!TAILQ_EMPTY(&w->over))
        event_active(w->timer, EV_TIMEOUT, 0);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct well *w = arg;
    struct call *call = TAILQ_FIRST(&w->over);

    (void)fd;
    (void)what;
    if (call != NULL)
        TAILQ_REMOVE(&w->over, call, next);
    serve(w);
    if (call != NULL)
        call->cb(call->err, call->arg);
}

struct well *well_new(struct event_base *base, int most, int litre_ms)
{
    struct well *w = calloc(1, sizeof(*w));

    if (w == NULL)
        return NULL;
    w->base = base;
    w->most = most;
    w->litre = (int64_t)litre_ms * 1000;
    TAILQ_INIT(&w->waiting);
    TAILQ_INIT(&w->over);
    w->timer = evtimer_new(base, on_timer, w);
    if (w->timer == NULL) {
        free(w);
        return NULL;
    }
    return w;
}

int well_take(struct well *w, struct call *call, int litres, done_cb cb, void *arg)
{
    if (litres < 1 || litres > w->most)
        return litres < 1 ? -EINVAL : -EMSGSIZE;
    *call = (struct call){.litres = litres, .cb = cb, .arg = arg, .line = &w->waiting};
    TAILQ_INSERT_TAIL(&w->waiting, call, next);
    serve(w);
    return 0;
}

int well_litres(struct well *w)
{
    const int64_t now = clock_us(w);
    const int64_t missing = w->full_at > now ? w->full_at - now : 0;

    return (int)((w->most * w->litre - missing) / w->litre);
}

int well_cancel(struct well *w, struct call *call)
{
    if (call->line == NULL)
        return -EALREADY;
    call_over(w, call, -ECANCELED);
    serve(w);
    return 0;
}

void well_free(struct well *w)
{
    if (w == NULL)
        return;
    event_free(w->timer);
    free(w);
}
