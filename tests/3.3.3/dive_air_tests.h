/* dive_air_tests.h: the air, the timers, and whoever frees the diver, for check_18_scope_cleanup.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef DIVE_AIR_TESTS_H
#define DIVE_AIR_TESTS_H

#include "dive_model.h"

START_TEST(the_air_is_over_during_the_look)
{
    struct plan plan = plan_of_a_good_dive();

    plan.air_ms = 250;
    expect_dive(&plan, "0.000  descend: begins\n"
                       "0.100  descend: ends\n"
                       "0.100  look: begins\n"
                       "0.250  called back\n"
                       "0.260  look: ends with -ECANCELED\n"
                       "0.260  ascend: is told -ETIMEDOUT\n"
                       "0.360  ascend: ends\n"
                       "0.360  told: -ETIMEDOUT\n");
}
END_TEST

START_TEST(the_air_would_be_over_during_the_ascent)
{
    struct plan plan = plan_of_a_good_dive();

    plan.air_ms = 350;
    expect_dive(&plan, "0.000  descend: begins\n"
                       "0.100  descend: ends\n"
                       "0.100  look: begins\n"
                       "0.300  look: ends\n"
                       "0.300  ascend: is told 0\n"
                       "0.400  ascend: ends\n"
                       "0.400  told: 0\n");
}
END_TEST

/* Once on_left is called, or dive_start() has returned an error, nothing is left in the loop. */
START_TEST(no_timer_is_left)
{
    static const int calls_ms[] = {0, 50, 150, 350};

    for (int k = 0; k < 27 * 4 * 2; k++) {
        struct plan plan = plan_of_a_good_dive();

        step_fails(&plan.ascend, k % 3, -EPIPE);
        step_fails(&plan.look, k / 3 % 3, -ENOSPC);
        step_fails(&plan.descend, k / 9 % 3, -EIO);
        plan.calls_ms[0] = plan.descend.refuses == 0 ? calls_ms[k / 27 % 4] : 0;
        plan.stubborn = k / 108;
        plan.air_ms = LONG_AIR_MS;
        plan.to_the_end = true;
        run_dive(&plan);
    }
}
END_TEST

/* The loop has stopped: in the look, and in the ascent. */
START_TEST(freed_when_the_loop_does_not_run)
{
    const struct plan plan = plan_of_a_good_dive();
    struct dive_test test;

    for (int ms = 150; ms <= 350; ms += 200) {
        dive_prepare(&test, &plan);
        expect_start(test.dive, LONG_AIR_MS, on_told, &test.told, 0, " of a new diver");
        test.told.may_come = true;
        run_loop_for(ms);
        dive_end(&test);
    }
}
END_TEST

/* A dive that there is no memory for is none, and the next one is a good one: with air that is over
 * during the look, so that a dive without its timer is seen. */
static void dive_without_memory(void *unused)
{
    struct plan plan = plan_of_a_good_dive();
    struct dive_test test = {.plan = plan};
    bool refused;
    int err;

    (void)unused;
    test.dive = dive_new(test_base(), &TEST_DIVER, &test);
    if (test.dive == NULL)
        return;
    err = dive_start(test.dive, 250, on_told, &test.told);
    refused = err != 0;
    if (refused && (err != -ENOMEM || test.plan.descend.begun > 0))
        fail_test("no memory for a timer\nexpected  dive_start() returns -ENOMEM, without a dive\n"
                  "got       it returns %s%s",
                  result_text(err), test.plan.descend.begun > 0 ? ", and he descends" : "");
    if (refused)
        expect_start(test.dive, 250, on_told, &test.told, 0, " after one that returned -ENOMEM");
    test.told.may_come = true;
    run_loop();
    if (test.told.calls != 1 || test.told.err != -ETIMEDOUT)
        fail_test("a dive with air for 250 ms, %s\n"
                  "expected  on_left(-ETIMEDOUT), as the look takes longer\ngot       %s%s",
                  refused ? "after one that returned -ENOMEM"
                          : "begun with 0, although an event_add() may have failed",
                  test.told.calls == 0 ? "on_left was not called" : "on_left: ",
                  test.told.calls == 0 ? "" : result_text(test.told.err));
    dive_end(&test);
}

START_TEST(no_memory)
{
    each_allocation_fails(dive_without_memory, NULL);
}
END_TEST

START_TEST(air_and_calls_and_whatever_fails)
{
    run_dives((const int[CALLS]){0, 0}, 40, 2);    /* in the descent */
    run_dives((const int[CALLS]){0, 0}, 210, 2);   /* in the look */
    run_dives((const int[CALLS]){45, 70}, 40, 2);  /* called after the air is over, */
    run_dives((const int[CALLS]){30, 0}, 35, 2);   /* before, */
    run_dives((const int[CALLS]){170, 0}, 210, 2); /* during the ascent that it led to, */
    run_dives((const int[CALLS]){225, 340}, 210, 2);
    run_dives((const int[CALLS]){330, 0}, 345, 2); /* both during the ascent */
}
END_TEST

#endif
