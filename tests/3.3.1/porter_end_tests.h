/* porter_end_tests.h: the second half of 05_event_dispatch's suite: the end of the loop, and of the
 * porter
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PORTER_END_TESTS_H
#define PORTER_END_TESTS_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "porter_night.h"

/* What freed_at_once() has found, for the tests behind it. */
static bool porter_leaves_events;

/* ---- the end of the loop ---- */

START_TEST(stopped_before_the_loop_runs)
{
    struct night night;

    night_begin(&night);
    night_do(&night, STOP);
    run_and_note_the_end(ROUND_MS + 100);
    expect_trace("0.000  (porter_stop)\n"
                 "0.000  the loop has ended\n");
    run_and_note_the_end(ROUND_MS + 100); /* the porter is still there */
    expect_trace("0.600  round 1\n"
                 "0.700  the loop has ended\n");
    night_end(&night);
}
END_TEST

START_TEST(stopped_twice)
{
    struct night night;

    night_begin(&night);
    night_do(&night, STOP);
    night_do(&night, STOP);
    run_and_note_the_end(ROUND_MS + 100);
    run_and_note_the_end(ROUND_MS + 100);
    expect_trace("0.000  (porter_stop)\n"
                 "0.000  (porter_stop)\n"
                 "0.000  the loop has ended\n"
                 "0.600  round 1\n"
                 "0.700  the loop has ended\n");
    night_end(&night);
}
END_TEST

START_TEST(stopped_from_a_callback)
{
    struct night night;

    night_begin(&night);
    night_plan(&night, 250, ALARM_PRIORITY, STOP);
    night_plan(&night, 350, ALARM_PRIORITY, STOP);
    run_and_note_the_end(ROUND_MS + 100);
    run_and_note_the_end(ROUND_MS + 100);
    expect_trace("0.250  (porter_stop)\n"
                 "0.250  the loop has ended\n"
                 "0.350  (porter_stop)\n"
                 "0.350  the loop has ended\n");
    night_end(&night);
}
END_TEST

START_TEST(what_is_ready_is_handled_before_the_end)
{
    struct night night;

    night_begin(&night);
    night_do(&night, KNOCK);
    night_plan(&night, 0, ALARM_PRIORITY, STOP);
    run_and_note_the_end(100);
    expect_trace("0.000  (a knock)\n"
                 "0.000  (porter_stop)\n"
                 "0.000  visitor 1\n"
                 "0.000  the loop has ended\n");
    night_end(&night);
}
END_TEST

/* ---- nothing is left ---- */

static int count_if_of(const struct event_base *base, const struct event *event, void *porter)
{
    (void)base;
    if (event_get_callback_arg(event) == porter)
        porter_leaves_events = true;
    return 0; /* go on with the next one */
}

/* If events are still there, the harness names them behind this test, and that is all that is to be
 * said: the loop would only call them with a porter who is gone. */
START_TEST(freed_at_once)
{
    struct night night;

    night_begin(&night);
    struct porter *porter = night.porter;
    night_end(&night);
    (void)event_base_foreach_event(test_base(), count_if_of, porter);
    if (porter_leaves_events)
        fprintf(stderr, "porter_free() has returned, and events of the porter are in the loop\n");
}
END_TEST

START_TEST(freed_before_the_loop_runs)
{
    struct night night;

    if (porter_leaves_events)
        return;
    night_begin(&night);
    night_do(&night, FREE);
    expect_signal_put_back();
    run_loop_for(ROUND_MS + 100);
    expect_trace("0.000  (porter_free)\n");
    porter_free(NULL);
    night_end(&night);
}
END_TEST

START_TEST(freed_half_way)
{
    struct night night;

    if (porter_leaves_events)
        return;
    night_begin(&night);
    night_plan(&night, 100, ALARM_PRIORITY, RING);
    night_plan(&night, 700, ALARM_PRIORITY, FREE);
    night_plan(&night, 800, ALARM_PRIORITY, RING);
    night_plan(&night, 900, ALARM_PRIORITY, ASK_FOR_REPORT);
    run_loop_for(700 + SILENCE_MS);
    expect_trace("0.100  (a ring)\n"
                 "0.100  visitor 1\n"
                 "0.600  round 1\n"
                 "0.700  (porter_free)\n"
                 "0.800  (a ring)\n"
                 "0.900  (SIGUSR1)\n");
    expect_signal_put_back();
    night_end(&night);
}
END_TEST

START_TEST(freed_while_its_events_are_active)
{
    struct night night;

    if (porter_leaves_events)
        return;
    night_begin(&night);
    night_plan(&night, 0, ALARM_PRIORITY, FREE); /* goes first: all else waits behind it */
    porter_knock(night.porter);
    porter_alarm(night.porter);
    raise(SIGUSR1);
    run_loop_for(100);
    expect_trace("0.000  (porter_free)\n");
    expect_signal_put_back();
    night_end(&night);
}
END_TEST

START_TEST(a_bell_that_cannot_be_watched)
{
    int file = open("/dev/null", O_RDONLY | O_NONBLOCK);

    ck_assert_int_ge(file, 0);
    ck_assert(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
    ck_assert_int_eq(event_base_priority_init(test_base(), PORTER_PRIORITIES), 0);
    if (porter_new(test_base(), file) != NULL) /* libevent warns on stderr: EPERM */
        fail_test("porter_new(), where event_add() refuses the bell\n"
                  "expected  NULL\ngot       a porter");
    close(file);
}
END_TEST

static void make_and_free(void *unused)
{
    int wire[2];

    (void)unused;
    ck_assert_int_eq(evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, wire), 0);
    porter_free(porter_new(test_base(), wire[0])); /* NULL, or a porter */
    close(wire[0]);
    close(wire[1]);
}

START_TEST(memory_runs_out)
{
    if (!porter_leaves_events)
        each_allocation_fails(make_and_free, NULL);
}
END_TEST

#endif
