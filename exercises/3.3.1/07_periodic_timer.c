/* 07_periodic_timer.c: a metronome without drift
 *
 * 07_periodic_timer.h says when its beats are due. Given are a clock, a timer, and how to stop and
 * free a metronome, also from inside on_beat. Yours is the time: which beat it is, and how long to
 * wait for the next one. Look at it with: ./workbook run 07_periodic_timer --virtual
 *
 * SPDX-License-Identifier: MIT
 */
#include "07_periodic_timer.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { US_PER_MS = 1000, US_PER_S = 1000000 };

struct metronome {
    struct event_base *base; /* borrowed */
    struct event *timer;     /* calls on_timer() once each time it is added; owned */
    int period_ms;
    beat_cb on_beat;
    void *arg;
    int64_t start_us; /* when it was started, on the clock of clock_us() */
    bool stopped;
    bool in_beat; /* on_beat is running */
    bool freed;   /* on_beat has freed it: on_timer() does so when on_beat has returned */
};

/* ---- given: a clock and a timer ---- */

/* What the clock says now, not what the loop has cached. In microseconds; it never jumps. */
static int64_t clock_us(const struct metronome *m)
{
    struct timeval now = {0};

    (void)event_gettime_monotonic(m->base, &now); /* cannot fail: both pointers are good */
    return (int64_t)now.tv_sec * US_PER_S + now.tv_usec;
}

/* event_add() in microseconds: has on_timer() called once, `us` after the loop's cached time. */
static int timer_add_us(struct metronome *m, int64_t us)
{
    const struct timeval delay = {.tv_sec = us / US_PER_S, .tv_usec = us % US_PER_S};

    return event_add(m->timer, &delay);
}

/* ---- yours: the beats ---- */

/* The number of the last beat that has come due by now; 0 before the first. */
static long long beats_due(const struct metronome *m)
{
    /* TODO(1): the number of the last beat whose time has come is returned, 0 before the first, for
     * any period. See 3.3.1 "07_periodic_timer: drift". */
    (void)m;
    return 0;
}

/* Has the timer fire when the next beat is due. Returns 0, or -1 without memory. */
static int metronome_wait(struct metronome *m)
{
    /* TODO(2): on_timer() is called when the first beat that is still to come is due, and not a
     * moment earlier or later, however long on_beat, or whoever has started the metronome, has just
     * taken, and whoever else wakes the loop meanwhile. See 3.3.1 "07_periodic_timer: drift". */
    (void)beats_due(m);
    (void)timer_add_us;
    return 0;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct metronome *m = arg;

    (void)fd;          /* a timer has no descriptor, */
    (void)what;        /* and only one thing can happen to it */
    m->in_beat = true; /* so metronome_free() leaves m to us */
    /* TODO(3): on_beat has been called with the number of the beat that is due, and the metronome
     * waits for its next beat, unless on_beat has stopped it. Every way out of on_timer() passes
     * the lines below. See 3.3.1 "07_periodic_timer: drift". */
    m->in_beat = false;
    if (m->freed)
        metronome_free(m);
}

/* ---- given: start, stop, free, main ---- */

struct metronome *metronome_start(struct event_base *base, int period_ms, beat_cb on_beat,
                                  void *arg)
{
    struct metronome *m;

    if (period_ms < 1) {
        errno = EINVAL;
        return NULL;
    }
    m = calloc(1, sizeof(*m));
    if (m == NULL)
        goto bad;
    m->base = base;
    m->period_ms = period_ms;
    m->on_beat = on_beat;
    m->arg = arg;
    m->timer = evtimer_new(base, on_timer, m);
    if (m->timer == NULL)
        goto bad;
    m->start_us = clock_us(m);
    if (metronome_wait(m) != 0)
        goto bad;
    return m;
bad:
    metronome_free(m);
    errno = ENOMEM;
    return NULL;
}

void metronome_stop(struct metronome *m)
{
    m->stopped = true;
    (void)event_del(m->timer); /* cannot fail: the event is a good one */
}

void metronome_free(struct metronome *m)
{
    if (m == NULL)
        return;
    if (m->timer != NULL)
        metronome_stop(m);
    if (m->in_beat) {
        m->freed = true;
        return;
    }
    if (m->timer != NULL)
        event_free(m->timer);
    free(m);
}

/* Plays eight beats; at the third one the player turns the page. */
struct player {
    struct metronome *metronome; /* owned */
    long long last;              /* number of the last beat heard */
};

static void on_beat(long long n, void *arg)
{
    enum { PLAY_MS = 30, PAGE_MS = 250, LAST_BEAT = 8 };
    struct player *player = arg;

    player->last = n;
    printf("beat %lld%s\n", n, n == 3 ? ", turn the page" : "");
    (void)usleep((n == 3 ? PAGE_MS : PLAY_MS) * US_PER_MS); /* stands for so much work */
    if (n >= LAST_BEAT)
        metronome_stop(player->metronome);
}

/* No beat was heard: which TODO is the next one? */
static int next_todo(const struct metronome *m)
{
    const bool has_waited = beats_due(m) > 0;

    (void)usleep(m->period_ms * US_PER_MS); /* now a beat is due */
    if (beats_due(m) == 0)
        return 1;
    return has_waited ? 3 : 2;
}

int main(void)
{
    struct player player = {.metronome = NULL};
    int status = EXIT_FAILURE;
    struct event_base *base = event_base_new();

    if (base != NULL)
        player.metronome = metronome_start(base, 100, on_beat, &player);
    if (player.metronome == NULL) {
        fprintf(stderr, "07_periodic_timer: set-up: out of memory\n");
        goto cleanup;
    }
    if (event_base_dispatch(base) == 1 && player.last > 0)
        status = EXIT_SUCCESS;
    else
        fprintf(stderr, "07_periodic_timer: no beat was heard: start with TODO(%d)\n",
                next_todo(player.metronome));

cleanup:
    metronome_free(player.metronome);
    if (base != NULL)
        event_base_free(base);
    return status;
}
