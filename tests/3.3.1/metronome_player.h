/* metronome_player.h: who plays to the metronome, for check_07_periodic_timer.c
 *
 * A player takes time inside on_beat by moving the virtual clock on, as a computation would.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef METRONOME_PLAYER_H
#define METRONOME_PLAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "07_periodic_timer.h"
#include "suite.h"
#include "vclock.h"

/* Whoever plays to a metronome. */
struct player {
    const char *name;
    struct metronome *metronome;
    int takes_ms;  /* every beat */
    int page_ms;   /* beat 2, if not 0 */
    int end_call;  /* so many calls of on_beat, then the loop ends; 0: it goes on */
    int stop_call; /* at this one it stops the metronome; 0: never */
    int free_call; /* at this one it frees it; 0: never */
    int period_ms, start_ms;
    int calls;          /* of on_beat */
    long long last;     /* number of the last beat */
    bool wants_no_more; /* it has stopped or freed the metronome */
};

/* Time passes, and the loop does not run. */
static void work_for(int ms)
{
    vclock_advance_to(((int64_t)now_ms() + ms) * 1000000);
}

static void player_stop(struct player *p)
{
    p->wants_no_more = true;
    metronome_stop(p->metronome);
}

static void player_free(struct player *p)
{
    p->wants_no_more = true;
    metronome_free(p->metronome);
    p->metronome = NULL;
}

/* Notes a beat; one that has been before, with how far it was to the one that is missing. */
static void player_hear(struct player *p, long long n)
{
    long long early_ms = p->start_ms + (p->last + 1) * p->period_ms - now_ms();

    if (n < 1 && early_ms > 0)
        trace("%s: beat %lld, %lld ms before beat 1", p->name, n, early_ms);
    else if (n > p->last || n < 1)
        trace("%s: beat %lld", p->name, n);
    else if (early_ms > 0)
        trace("%s: beat %lld again, %lld ms before beat %lld", p->name, n, early_ms, p->last + 1);
    else
        trace("%s: beat %lld again, in place of %lld", p->name, n, p->last + 1);
    p->last = n;
    p->calls++;
}

static void on_beat(long long n, void *arg)
{
    struct player *p = arg;

    player_hear(p, n);
    if (p->wants_no_more)
        fail_test("on_beat was called after the metronome had been stopped or freed\n"
                  "expected  silence\n"
                  "got       beat %lld, at %.3f",
                  n, now_ms() / 1e3);
    work_for(n == 2 && p->page_ms > 0 ? p->page_ms : p->takes_ms);
    if (p->calls == p->end_call)
        ck_assert_int_eq(event_base_loopexit(test_base(), NULL), 0);
    if (p->calls == p->stop_call)
        player_stop(p);
    if (p->calls == p->free_call)
        player_free(p);
}

static void player_start(struct player *p, int period_ms)
{
    p->period_ms = period_ms;
    p->start_ms = now_ms();
    p->metronome = metronome_start(test_base(), period_ms, on_beat, p);
    if (p->metronome == NULL)
        fail_test("metronome_start() returned NULL for a period of %d ms", period_ms);
}

/* Runs the loop. If no beat comes, the timeline gets the reason. */
static void play(const struct player *p)
{
    run_loop();
    if (p->calls > 0)
        return;
    if (now_ms() < p->start_ms + p->period_ms)
        trace("the loop ends: no timer was armed");
    else
        trace("the loop ends: a timer has fired, but on_beat was not called");
}

/* Calls `callback` once, at `at_ms`. */
static void call_at(int at_ms, event_callback_fn callback, void *arg)
{
    const int ms = at_ms - now_ms();
    const struct timeval delay = {ms / 1000, ms % 1000 * 1000};

    ck_assert_int_eq(event_base_once(test_base(), -1, EV_TIMEOUT, callback, arg, &delay), 0);
}

#endif
