/* check_05_event_dispatch.c: the suite of 05_event_dispatch, the night porter
 *
 * Where an order counts, libevent promises it: that of priorities, and of activation by hand.
 *
 * SPDX-License-Identifier: MIT
 */
#include "05_event_dispatch.h"
#include "faults.h"
#include "porter_end_tests.h"
#include "porter_night.h"
#include "suite.h"

/* ---- each source, again and again ---- */

START_TEST(each_source_has_its_callback)
{
    struct night night;

    night_begin(&night);
    night_plan(&night, 100, ALARM_PRIORITY, RING);
    night_plan(&night, 300, ALARM_PRIORITY, ASK_FOR_REPORT);
    night_plan(&night, 400, ALARM_PRIORITY, KNOCK);
    night_plan(&night, 500, ALARM_PRIORITY, PULL_CORD);
    run_loop_for(ROUND_MS + 100);
    expect_trace("0.100  (a ring)\n"
                 "0.100  visitor 1\n"
                 "0.300  (SIGUSR1)\n"
                 "0.300  report: visitors=1 rounds=0\n"
                 "0.400  (a knock)\n"
                 "0.400  visitor 2\n"
                 "0.500  (the cord is pulled)\n"
                 "0.500  alarm\n"
                 "0.600  round 1\n");
    night_end(&night);
}
END_TEST

START_TEST(each_source_comes_again)
{
    struct night night;

    night_begin(&night);
    night_plan(&night, 100, ALARM_PRIORITY, RING);
    night_plan(&night, 150, ALARM_PRIORITY, ASK_FOR_REPORT);
    night_plan(&night, 200, ALARM_PRIORITY, RING);
    night_plan(&night, 250, ALARM_PRIORITY, ASK_FOR_REPORT);
    night_plan(&night, 300, ALARM_PRIORITY, PULL_CORD);
    night_plan(&night, 700, ALARM_PRIORITY, RING);
    run_loop_for(2 * ROUND_MS + 100);
    expect_trace("0.100  (a ring)\n"
                 "0.100  visitor 1\n"
                 "0.150  (SIGUSR1)\n"
                 "0.150  report: visitors=1 rounds=0\n"
                 "0.200  (a ring)\n"
                 "0.200  visitor 2\n"
                 "0.250  (SIGUSR1)\n"
                 "0.250  report: visitors=2 rounds=0\n"
                 "0.300  (the cord is pulled)\n"
                 "0.300  alarm\n"
                 "0.600  round 1\n"
                 "0.700  (a ring)\n"
                 "0.700  visitor 3\n"
                 "1.200  round 2\n");
    night_end(&night);
}
END_TEST

/* One wake-up may stand for several visitors; and their bytes may be had one by one only. */
static void three_rings_and_two_knocks(size_t max_read)
{
    struct night night;

    night_begin(&night);
    faults.max_read = max_read;
    night_plan(&night, 100, ALARM_PRIORITY, RING);
    night_plan(&night, 100, ALARM_PRIORITY, RING);
    night_plan(&night, 100, ALARM_PRIORITY, RING);
    night_plan(&night, 300, ALARM_PRIORITY, KNOCK);
    night_plan(&night, 300, ALARM_PRIORITY, KNOCK);
    run_loop_for(400);
    expect_trace("0.100  (a ring)\n"
                 "0.100  (a ring)\n"
                 "0.100  (a ring)\n"
                 "0.100  visitor 1\n"
                 "0.100  visitor 2\n"
                 "0.100  visitor 3\n"
                 "0.300  (a knock)\n"
                 "0.300  (a knock)\n"
                 "0.300  visitor 4\n"
                 "0.300  visitor 5\n");
    night_end(&night);
}

START_TEST(several_visitors_at_once)
{
    three_rings_and_two_knocks(0);
}
END_TEST

START_TEST(several_visitors_byte_by_byte)
{
    three_rings_and_two_knocks(1);
}
END_TEST

START_TEST(a_bell_without_a_wire)
{
    struct night night;

    night_begin(&night);
    night_plan(&night, 100, ALARM_PRIORITY, RING);
    night_plan(&night, 200, ALARM_PRIORITY, CUT_WIRE); /* readable for ever: end of file */
    night_plan(&night, 900, ALARM_PRIORITY, KNOCK);
    run_loop_for(3 * ROUND_MS + 300); /* and no silence: nobody can ring */
    expect_trace("0.100  (a ring)\n"
                 "0.100  visitor 1\n"
                 "0.200  (the wire is cut)\n"
                 "0.600  round 1\n"
                 "0.900  (a knock)\n"
                 "0.900  visitor 2\n"
                 "1.200  round 2\n"
                 "1.800  round 3\n");
    night_end(&night);
}
END_TEST

/* ---- what has happened ---- */

START_TEST(silence_is_no_visitor)
{
    struct night night;

    night_begin(&night);
    run_loop_for(2 * SILENCE_MS + 100);
    expect_trace("0.600  round 1\n"
                 "1.000  silence\n"
                 "1.200  round 2\n"
                 "1.800  round 3\n"
                 "2.000  silence\n");
    night_end(&night);
}
END_TEST

START_TEST(a_visitor_puts_the_silence_off)
{
    struct night night;

    night_begin(&night);
    night_plan(&night, 300, ALARM_PRIORITY, RING);
    night_plan(&night, 1100, ALARM_PRIORITY, KNOCK);
    run_loop_for(1100 + SILENCE_MS + 100);
    expect_trace("0.300  (a ring)\n"
                 "0.300  visitor 1\n"
                 "0.600  round 1\n"
                 "1.100  (a knock)\n"
                 "1.100  visitor 2\n"
                 "1.200  round 2\n"
                 "1.800  round 3\n"
                 "2.100  silence\n");
    night_end(&night);
}
END_TEST

/* The silence makes the bell's event active, and then so does the knock: one call, told of both. */
START_TEST(a_knock_and_a_silence_in_one_call)
{
    struct night night;

    night_begin(&night);
    night_plan(&night, SILENCE_MS, ALARM_PRIORITY, KNOCK);
    run_loop_for(2 * SILENCE_MS + 100);
    expect_trace("0.600  round 1\n"
                 "1.000  (a knock)\n"
                 "1.000  silence\n"
                 "1.000  visitor 1\n"
                 "1.200  round 2\n"
                 "1.800  round 3\n"
                 "2.000  silence\n");
    night_end(&night);
}
END_TEST

/* With ALARM_PRIORITY the ring comes first, and one call is told of both; else it may be two. */
static void ring_at_the_moment_of_a_silence(int priority_of_the_ring)
{
    struct night night;

    night_begin(&night);
    night_plan(&night, SILENCE_MS, priority_of_the_ring, RING);
    run_loop_for(SILENCE_MS + 100);
    expect_trace("0.600  round 1\n"
                 "1.000  (a ring)\n"
                 "1.000  silence\n"
                 "1.000  visitor 1\n");
    night_end(&night);
}

START_TEST(a_ring_right_before_a_silence)
{
    ring_at_the_moment_of_a_silence(ALARM_PRIORITY);
}
END_TEST

START_TEST(a_ring_at_the_moment_of_a_silence)
{
    ring_at_the_moment_of_a_silence(ROUTINE_PRIORITY);
}
END_TEST

/* ---- priorities ---- */

static void alarm_before_a_knock(int priority_of_the_cord)
{
    struct night night;

    night_begin(&night);
    night_plan(&night, 0, priority_of_the_cord, PULL_CORD);
    night_do(&night, KNOCK); /* it is active before the alarm is */
    run_loop_for(100);
    expect_trace_in_order("0.000  (a knock)\n"
                          "0.000  (the cord is pulled)\n"
                          "0.000  alarm\n"
                          "0.000  visitor 1\n");
    night_end(&night);
}

START_TEST(the_alarm_goes_before_a_visitor)
{
    alarm_before_a_knock(ALARM_PRIORITY);
}
END_TEST

/* It comes from the middle of the routine events, and must not wait for the rest of them. */
START_TEST(the_alarm_cuts_in)
{
    alarm_before_a_knock(ROUTINE_PRIORITY);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("05_event_dispatch");

    behaviour(s, "[1] each source has its callback, whenever something happens",
              "an event without EV_PERSIST is called once; and one call may stand for several "
              "bytes (3.3.1, \"Event handling\")",
              each_source_has_its_callback, each_source_comes_again, several_visitors_at_once,
              several_visitors_byte_by_byte, a_bell_without_a_wire);
    behaviour(
        s, "[1] a silence and a visitor are told apart, also when both come at once",
        "the time of a silence is given to event_add(), and for a persistent event starts anew "
        "at each call; `what` is a set of flags: each is tested with &, and none excludes "
        "another (3.3.1, \"Event handling\")",
        silence_is_no_visitor, a_visitor_puts_the_silence_off, a_knock_and_a_silence_in_one_call,
        a_ring_right_before_a_silence, a_ring_at_the_moment_of_a_silence);
    behaviour(s, "[1] the alarm goes before what became ready with it",
              "of the active events the loop calls those of the highest priority, and looks again "
              "(3.3.1, \"Event handling\")",
              the_alarm_goes_before_a_visitor, the_alarm_cuts_in);
    behaviour(s, "[1] porter_stop() ends one run, also before it begins",
              "a stop that comes before the loop runs must be kept, and what is ready is still "
              "handled (3.3.1, \"Event loop\")",
              stopped_before_the_loop_runs, stopped_twice, stopped_from_a_callback,
              what_is_ready_is_handled_before_the_end);
    behaviour(
        s, "[1] porter_free() leaves no event behind, at any moment",
        "event_add() may refuse; and who makes an event frees it: as long as one is pending, a "
        "signal's too, the loop goes on waiting for it (3.3.1, \"Event handling\")",
        freed_at_once, freed_before_the_loop_runs, freed_half_way,
        freed_while_its_events_are_active, a_bell_that_cannot_be_watched, memory_runs_out);
    return s;
}
