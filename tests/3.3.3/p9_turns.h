/* p9_turns.h: the loop, and whether it is woken for nothing, for check_p9_work_queue.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P9_TURNS_H
#define P9_TURNS_H

#include "suite.h"
#include "timer_guest.h"
#include "vclock.h"

enum { MOST_TURNS_FOR_NOTHING = 100, MOST_WAKE_UPS_AT_A_TIME = 20 * 1000 };

/* How often the queue, or a job that was at work, has been called back. */
static int called_back;

/* Runs the loop until *stop, or until it has no events; false: the latter. */
static inline bool run_until(const bool *stop)
{
    int before = called_back, turns = 0, left = 0;

    while (!*stop && left == 0) {
        left = event_base_loop(test_base(), EVLOOP_ONCE);
        ck_assert_int_ge(left, 0);
        turns = called_back == before ? turns + 1 : 0;
        before = called_back;
        if (turns > MOST_TURNS_FOR_NOTHING)
            fail_test("until %.3f, %d turns of the loop\n"
                      "expected  the loop is woken when there is something to do\n"
                      "got       it is woken again and again, and nothing is called back: does\n"
                      "          queue_due() give a time at which nothing is to be done?",
                      now_ms() / 1e3, turns);
    }
    return left == 0;
}

/* As run_loop(): until the loop has no events. */
static inline void run_queue(void)
{
    const bool never = false;

    (void)run_until(&never);
}

/* As run_loop_for(). */
static inline void run_queue_for(int ms)
{
    const struct timeval wait = {ms / 1000, ms % 1000 * 1000};
    bool over = false;

    ck_assert_int_eq(event_base_once(test_base(), -1, EV_TIMEOUT, on_guest, &over, &wait), 0);
    (void)run_until(&over);
}

/* Turns of the loop until the time comes. */
static inline int turns_for(int ms)
{
    const struct timeval wait = {ms / 1000, ms % 1000 * 1000};
    const int until = now_ms() + ms;
    bool over = false;
    int turns = 0;

    ck_assert_int_eq(event_base_once(test_base(), -1, EV_TIMEOUT, on_guest, &over, &wait), 0);
    while (!over && now_ms() <= until && turns < 10000) {
        ck_assert_int_ge(event_base_loop(test_base(), EVLOOP_ONCE), 0);
        turns++;
    }
    return turns;
}

#endif
