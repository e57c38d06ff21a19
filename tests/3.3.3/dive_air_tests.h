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
    struct plan plan = plan_of_a_good_dive();
    struct dive_test test;

    for (int k = 0; k < 3; k++) {
        const int begun = now_ms(), expected = k == 0 ? 400 : k == 1 ? 100 : 0;

        plan.air_ms = 5000;
        plan.descend.err = k == 1 ? -EIO : 0;
        plan.descend.refuses = k == 2 ? -ENOMEM : 0;
        dive_begin(&test, &plan, on_told, &test.told);
        run_loop();
        if (now_ms() - begun != expected)
            fail_test("a dive with air for 5000 ms, where %s\n"
                      "expected  the loop has no event any more after %d ms\n"
                      "got       it has ended after %d ms: a timer was left in it",
                      k == 0   ? "all goes well"
                      : k == 1 ? "the descent fails"
                               : "the descent cannot be begun",
                      expected, now_ms() - begun);
        dive_end(&test);
    }
}
END_TEST

START_TEST(a_dive_at_a_time)
{
    const struct plan plan = plan_of_a_good_dive();
    struct dive_test test;
    struct told other = {.calls = 0};

    dive_begin(&test, &plan, on_told, &test.told);
    expect_start(test.dive, 10, on_told, &other, -EBUSY);
    run_loop_for(350);
    expect_start(test.dive, 10, on_told, &other, -EBUSY);
    run_loop();
    expect_trace_in_order("0.000  descend: begins\n"
                          "0.100  descend: ends\n"
                          "0.100  look: begins\n"
                          "0.300  look: ends\n"
                          "0.300  ascend: is told 0\n"
                          "0.400  ascend: ends\n"
                          "0.400  told: 0\n");
    dive_end(&test);
}
END_TEST

static void on_left_free(int err, void *arg)
{
    struct dive_test *test = arg;

    trace("told: %s", result_text(err));
    dive_free(test->dive);
    test->dive = NULL;
}

START_TEST(freed_by_on_left)
{
    const struct plan plan = plan_of_a_good_dive();
    struct dive_test test;

    dive_begin(&test, &plan, on_left_free, &test);
    run_loop();
    if (test.dive != NULL)
        fail_test("expected  on_left is called at 0.400\ngot       it was not called");
    dive_end(&test);
}
END_TEST

/* A first dive that fails, and a second one, which knows nothing of it. */
static void on_left_again(int err, void *arg)
{
    struct dive_test *test = arg;

    trace("told: %s", result_text(err));
    if (test->told.calls++ > 0)
        return;
    test->plan.look.err = 0;
    test->plan.ascend.begun = 0;
    expect_start(test->dive, 0, on_left_again, test, 0);
}

START_TEST(begun_again_by_on_left)
{
    struct plan plan = plan_of_a_good_dive();
    struct dive_test test;

    plan.look.err = -EIO;
    dive_begin(&test, &plan, on_left_again, &test);
    run_loop();
    expect_trace_in_order("0.000  descend: begins\n"
                          "0.100  descend: ends\n"
                          "0.100  look: begins\n"
                          "0.300  look: ends with -EIO\n"
                          "0.300  ascend: is told -EIO\n"
                          "0.400  ascend: ends\n"
                          "0.400  told: -EIO\n"
                          "0.400  descend: begins\n"
                          "0.500  descend: ends\n"
                          "0.500  look: begins\n"
                          "0.700  look: ends\n"
                          "0.700  ascend: is told 0\n"
                          "0.800  ascend: ends\n"
                          "0.800  told: 0\n");
    dive_end(&test);
}
END_TEST

/* dive_start() has said no: there is nothing to cancel, and nothing in the way of the next dive. */
START_TEST(begun_again_after_a_refusal)
{
    struct plan plan = plan_of_a_good_dive();
    struct dive_test test;

    plan.descend.refuses = -ENOMEM;
    dive_begin(&test, &plan, on_told, &test.told);
    dive_cancel(test.dive);
    test.plan.descend.refuses = 0;
    expect_start(test.dive, 0, on_told, &test.told, 0);
    test.told.may_come = true;
    run_loop();
    expect_trace_in_order("0.000  descend: returns -ENOMEM at once\n"
                          "0.000  descend: begins\n"
                          "0.100  descend: ends\n"
                          "0.100  look: begins\n"
                          "0.300  look: ends\n"
                          "0.300  ascend: is told 0\n"
                          "0.400  ascend: ends\n"
                          "0.400  told: 0\n");
    dive_end(&test);
}
END_TEST

/* The loop has stopped: in the look, and in the ascent. */
START_TEST(freed_when_the_loop_does_not_run)
{
    struct plan plan = plan_of_a_good_dive();
    struct dive_test test;

    plan.air_ms = 5000;
    for (int ms = 150; ms <= 350; ms += 200) {
        dive_begin(&test, &plan, on_told, &test.told);
        run_loop_for(ms);
        dive_end(&test);
    }
}
END_TEST

/* A dive that there is no memory for is none; the next one is a good one. */
static void dive_without_memory(void *unused)
{
    struct plan plan = plan_of_a_good_dive();
    struct dive_test test = {.plan = plan};
    int err;

    (void)unused;
    test.dive = dive_new(test_base(), &TEST_DIVER, &test);
    if (test.dive == NULL)
        return;
    err = dive_start(test.dive, 5000, on_told, &test.told);
    if (err != 0 && (err != -ENOMEM || test.plan.descend.begun > 0))
        fail_test("no memory for a timer\nexpected  dive_start() returns -ENOMEM, without a dive\n"
                  "got       it returns %s%s",
                  result_text(err), test.plan.descend.begun > 0 ? ", and he descends" : "");
    if (err != 0)
        expect_start(test.dive, 0, on_told, &test.told, 0);
    test.told.may_come = true;
    run_loop();
    if (test.told.calls != 1 || test.told.err != 0)
        fail_test("a dive behind one that there was no memory for\n"
                  "expected  on_left(0)\ngot       %s",
                  test.told.calls == 0 ? "on_left was not called" : result_text(test.told.err));
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
