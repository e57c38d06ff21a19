/* check_18_scope_cleanup.c: the suite of 18_scope_cleanup, the dive
 *
 * SPDX-License-Identifier: MIT
 */
#include "18_scope_cleanup.h"

#include <errno.h>

#include "dive_air_tests.h"
#include "dive_model.h"
#include "dive_own_tests.h"

/* ---- down, look, up ---- */

START_TEST(a_good_dive)
{
    const struct plan plan = plan_of_a_good_dive();

    expect_dive(&plan, "0.000  descend: begins\n"
                       "0.100  descend: ends\n"
                       "0.100  look: begins\n"
                       "0.300  look: ends\n"
                       "0.300  ascend: is told 0\n"
                       "0.400  ascend: ends\n"
                       "0.400  told: 0\n");
}
END_TEST

START_TEST(the_look_fails)
{
    struct plan plan = plan_of_a_good_dive();

    plan.look.err = -EIO;
    expect_dive(&plan, "0.000  descend: begins\n"
                       "0.100  descend: ends\n"
                       "0.100  look: begins\n"
                       "0.300  look: ends with -EIO\n"
                       "0.300  ascend: is told -EIO\n"
                       "0.400  ascend: ends\n"
                       "0.400  told: -EIO\n");
}
END_TEST

START_TEST(the_descent_fails)
{
    struct plan plan = plan_of_a_good_dive();

    plan.descend.err = -EIO;
    expect_dive(&plan, "0.000  descend: begins\n"
                       "0.100  descend: ends with -EIO\n"
                       "0.100  told: -EIO\n");
}
END_TEST

START_TEST(whatever_fails)
{
    run_dives_alone();
}
END_TEST

/* ---- called back ---- */

START_TEST(called_back_from_the_look)
{
    struct plan plan = plan_of_a_good_dive();

    plan.calls_ms[0] = 150;
    expect_dive(&plan, "0.000  descend: begins\n"
                       "0.100  descend: ends\n"
                       "0.100  look: begins\n"
                       "0.150  dive_cancel()\n"
                       "0.150  called back\n"
                       "0.160  look: ends with -ECANCELED\n"
                       "0.160  ascend: is told -ECANCELED\n"
                       "0.260  ascend: ends\n"
                       "0.260  told: -ECANCELED\n");
}
END_TEST

START_TEST(called_back_from_the_descent)
{
    struct plan plan = plan_of_a_good_dive();

    plan.calls_ms[0] = 50;
    expect_dive(&plan, "0.000  descend: begins\n"
                       "0.050  dive_cancel()\n"
                       "0.050  called back\n"
                       "0.060  descend: ends with -ECANCELED\n"
                       "0.060  told: -ECANCELED\n");
}
END_TEST

START_TEST(called_back_and_yet_down)
{
    struct plan plan = plan_of_a_good_dive();

    plan.calls_ms[0] = 50;
    plan.stubborn = true;
    expect_dive(&plan, "0.000  descend: begins\n"
                       "0.050  dive_cancel()\n"
                       "0.050  called back\n"
                       "0.100  descend: ends\n"
                       "0.100  ascend: is told -ECANCELED\n"
                       "0.200  ascend: ends\n"
                       "0.200  told: -ECANCELED\n");
}
END_TEST

START_TEST(called_back_at_the_end_of_the_look)
{
    struct plan plan = plan_of_a_good_dive();

    plan.calls_ms[0] = 299;
    plan.stubborn = true;
    expect_dive(&plan, "0.000  descend: begins\n"
                       "0.100  descend: ends\n"
                       "0.100  look: begins\n"
                       "0.299  dive_cancel()\n"
                       "0.299  called back\n"
                       "0.300  look: ends\n"
                       "0.300  ascend: is told -ECANCELED\n"
                       "0.400  ascend: ends\n"
                       "0.400  told: -ECANCELED\n");
}
END_TEST

START_TEST(called_back_and_whatever_fails)
{
    run_dives((const int[CALLS]){50, 0}, 0, 2);
    run_dives((const int[CALLS]){150, 0}, 0, 2);
}
END_TEST

/* ---- the ascent is left alone ---- */

START_TEST(called_during_the_ascent)
{
    struct plan plan = plan_of_a_good_dive();

    plan.calls_ms[0] = 350;
    expect_dive(&plan, "0.000  descend: begins\n"
                       "0.100  descend: ends\n"
                       "0.100  look: begins\n"
                       "0.300  look: ends\n"
                       "0.300  ascend: is told 0\n"
                       "0.350  dive_cancel()\n"
                       "0.400  ascend: ends\n"
                       "0.400  told: -ECANCELED\n");
}
END_TEST

START_TEST(called_back_and_called_during_the_ascent)
{
    struct plan plan = plan_of_a_good_dive();

    plan.calls_ms[0] = 150;
    plan.calls_ms[1] = 200;
    expect_dive(&plan, "0.000  descend: begins\n"
                       "0.100  descend: ends\n"
                       "0.100  look: begins\n"
                       "0.150  dive_cancel()\n"
                       "0.150  called back\n"
                       "0.160  look: ends with -ECANCELED\n"
                       "0.160  ascend: is told -ECANCELED\n"
                       "0.200  dive_cancel()\n"
                       "0.260  ascend: ends\n"
                       "0.260  told: -ECANCELED\n");
}
END_TEST

START_TEST(called_twice_before_the_look_has_ended)
{
    struct plan plan = plan_of_a_good_dive();

    plan.calls_ms[0] = 150;
    plan.calls_ms[1] = 155;
    expect_dive(&plan, "0.000  descend: begins\n"
                       "0.100  descend: ends\n"
                       "0.100  look: begins\n"
                       "0.150  dive_cancel()\n"
                       "0.150  called back\n"
                       "0.155  dive_cancel()\n"
                       "0.160  look: ends with -ECANCELED\n"
                       "0.160  ascend: is told -ECANCELED\n"
                       "0.260  ascend: ends\n"
                       "0.260  told: -ECANCELED\n");
}
END_TEST

START_TEST(called_when_no_dive_is_under_way)
{
    struct plan plan = plan_of_a_good_dive();
    struct dive_test test;

    plan.calls_ms[0] = 450;
    dive_begin(&test, &plan, on_told, &test.told);
    run_loop();
    test.called_back = 0;
    test.plan.ascend.begun = 0;
    test.told = (struct told){.calls = 0};
    expect_trace_in_order("0.000  descend: begins\n"
                          "0.100  descend: ends\n"
                          "0.100  look: begins\n"
                          "0.300  look: ends\n"
                          "0.300  ascend: is told 0\n"
                          "0.400  ascend: ends\n"
                          "0.400  told: 0\n"
                          "0.450  dive_cancel()\n");
    expect_start(test.dive, 0, on_told, &test.told, 0, " after dive_cancel() without a dive");
    test.told.may_come = true;
    run_loop();
    expect_trace_in_order("0.450  descend: begins\n"
                          "0.550  descend: ends\n"
                          "0.550  look: begins\n"
                          "0.750  look: ends\n"
                          "0.750  ascend: is told 0\n"
                          "0.850  ascend: ends\n"
                          "0.850  told: 0\n");
    dive_end(&test);
}
END_TEST

START_TEST(called_twice_and_whatever_fails)
{
    static const int calls[][CALLS] = {{50, 55}, {50, 140}, {150, 155}, {150, 200}, {350, 370}};

    for (size_t k = 0; k < sizeof(calls) / sizeof(calls[0]); k++)
        run_dives(calls[k], 0, 3);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("18_scope_cleanup");

    behaviour(s, "[1] the diver ascends if and only if he is down, and on_left comes when he is up",
              "an exit is a step that takes time: it is owed as soon as enter has succeeded, and "
              "awaited before anybody is told of the first error, whichever it is (3.3.3, "
              "\"Cleanup\")",
              a_good_dive, the_look_fails, the_descent_fails, whatever_fails);
    behaviour(s, "[1] called back, he ascends once, and on_left is told -ECANCELED when he is up",
              "to cancel is to ask: the step that is under way ends in its own way, is awaited, "
              "and what is owed by then is done (3.3.3, \"Cleanup\")",
              called_back_from_the_look, called_back_from_the_descent, called_back_and_yet_down,
              called_back_at_the_end_of_the_look, called_back_and_whatever_fails);
    behaviour(s, "[1] who asks again, or during the ascent, neither repeats it nor cuts it short",
              "a cleanup that has begun is not interrupted and not begun again; a request that "
              "comes late is told in the end (3.3.3, \"Cleanup\")",
              called_during_the_ascent, called_back_and_called_during_the_ascent,
              called_twice_before_the_look_has_ended, called_when_no_dive_is_under_way,
              called_twice_and_whatever_fails);
    behaviour(s, "[1] when the air is over it is the same, with -ETIMEDOUT; no timer is left",
              "a timeout is a cancellation with another reason; its timer goes as soon as it has "
              "nothing to say any more (3.3.3, \"Cleanup\")",
              the_air_is_over_during_the_look, the_air_would_be_over_during_the_ascent,
              no_timer_is_left, freed_when_the_loop_does_not_run, no_memory,
              air_and_calls_and_whatever_fails);
    behaviour(
        s, "[1] a diver makes one dive at a time, and each dive knows nothing of any other",
        "what a scope has to remember is in its own struct, from its begin to on_left; a call "
        "that returns an error has changed nothing of it (3.3.3, \"Resource management\")",
        a_dive_at_a_time, refused_while_there_is_air, refused_when_called_back, freed_by_on_left,
        begun_again_by_on_left, begun_again_after_a_refusal, two_divers_at_once);
    return s;
}
