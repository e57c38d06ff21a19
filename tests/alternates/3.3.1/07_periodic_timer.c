/* 07_periodic_timer.c: another right solution: the last beat's number and time are kept, and moved
 * on by one period after the other, in struct timeval; nothing is divided
 *
 * SPDX-License-Identifier: MIT
 */
#include "07_periodic_timer.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>

struct metronome {
    struct event_base *base; /* borrowed */
    struct event *timer;     /* owned */
    struct timeval period;
    struct timeval due; /* when beat n was due */
    long long n;        /* the last beat that has come due */
    beat_cb on_beat;
    void *arg;
    bool *freed; /* of on_timer(), while that runs: is to be told */
};

/* Moves n and its time on to the last beat that has come due. Returns how long it is from now to
 * the one behind it. */
static struct timeval metronome_move_on(struct metronome *m)
{
    struct timeval now = m->due;
    struct timeval next, left;

    event_gettime_monotonic(m->base, &now);
    evutil_timeradd(&m->due, &m->period, &next);
    while (evutil_timercmp(&next, &now, <=)) {
        m->n++;
        m->due = next;
        evutil_timeradd(&m->due, &m->period, &next);
    }
    evutil_timersub(&next, &now, &left);
    return left;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct metronome *m = arg;
    bool freed = false;
    struct timeval left;

    (void)fd;
    (void)what;
    m->freed = &freed;
    (void)metronome_move_on(m);
    m->on_beat(m->n, m->arg);
    if (freed)
        return;
    m->freed = NULL;
    if (m->timer == NULL)
        return;
    left = metronome_move_on(m);
    event_base_update_cache_time(m->base);
    event_add(m->timer, &left);
}

struct metronome *metronome_start(struct event_base *base, int period_ms, beat_cb on_beat,
                                  void *arg)
{
    struct metronome *m;

    errno = EINVAL;
    if (period_ms < 1)
        return NULL;
    errno = ENOMEM;
    m = calloc(1, sizeof(*m));
    if (m == NULL)
        return NULL;
    m->base = base;
    m->period.tv_sec = period_ms / 1000;
    m->period.tv_usec = period_ms % 1000 * 1000;
    m->on_beat = on_beat;
    m->arg = arg;
    event_gettime_monotonic(base, &m->due);
    event_base_update_cache_time(base);
    m->timer = evtimer_new(base, on_timer, m);
    if (m->timer == NULL || event_add(m->timer, &m->period) != 0) {
        metronome_free(m);
        return NULL;
    }
    return m;
}

void metronome_stop(struct metronome *m)
{
    if (m->timer != NULL)
        event_free(m->timer);
    m->timer = NULL;
}

void metronome_free(struct metronome *m)
{
    if (m == NULL)
        return;
    metronome_stop(m);
    if (m->freed != NULL)
        *m->freed = true;
    free(m);
}
