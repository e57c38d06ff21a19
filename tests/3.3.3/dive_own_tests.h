/* dive_own_tests.h: one dive at a time, the next one, and two divers, for check_18_scope_cleanup.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef DIVE_OWN_TESTS_H
#define DIVE_OWN_TESTS_H

#include "dive_model.h"

/* ---- refused while a dive is under way ---- */

/* Another dive, with so much air, is refused. */
static void expect_busy(struct dive_test *test, int air_ms, const char *when)
{
    static struct told other = {.refused = true};

    test->refused = when;
    expect_start(test->dive, air_ms, on_told, &other, -EBUSY, when);
    test->refused = NULL;
    trace("refused: dive_start()");
}

START_TEST(a_dive_at_a_time)
{
    const struct plan plan = plan_of_a_good_dive();
    struct dive_test test;

    dive_begin(&test, &plan, on_told, &test.told);
    expect_busy(&test, 10, " right behind one that has returned 0");
    run_loop_for(50);
    expect_busy(&test, 10, " during the descent");
    run_loop_for(100);
    expect_busy(&test, 10, " during the look");
    run_loop_for(200);
    expect_busy(&test, 10, " during the ascent");
    run_loop();
    expect_trace_in_order("0.000  descend: begins\n"
                          "0.000  refused: dive_start()\n"
                          "0.050  refused: dive_start()\n"
                          "0.100  descend: ends\n"
                          "0.100  look: begins\n"
                          "0.150  refused: dive_start()\n"
                          "0.300  look: ends\n"
                          "0.300  ascend: is told 0\n"
                          "0.350  refused: dive_start()\n"
                          "0.400  ascend: ends\n"
                          "0.400  told: 0\n");
    dive_end(&test);
}
END_TEST

/* The air of the dive under way goes on, whatever air the other one was to have. */
START_TEST(refused_while_there_is_air)
{
    for (int k = 0; k < 2; k++) {
        struct plan plan = plan_of_a_good_dive();
        struct model m = {.plan = &plan, .start_ms = now_ms(), .air_counts = true};
        struct dive_test test;

        plan.air_ms = 250;
        model_line(&m, 0, "refused: dive_start()");
        model_dive(&m);
        dive_begin(&test, &plan, on_told, &test.told);
        expect_busy(&test, k == 0 ? 0 : LONG_AIR_MS, " right behind one that has returned 0");
        run_loop();
        expect_trace(m.text);
        dive_end(&test);
    }
}
END_TEST

/* The error of the dive under way stays: nobody is called back twice. */
START_TEST(refused_when_called_back)
{
    struct plan plan = plan_of_a_good_dive();
    struct dive_test test;

    plan.calls_ms[0] = 150;
    plan.calls_ms[1] = 170;
    plan.stubborn = true;
    dive_begin(&test, &plan, on_told, &test.told);
    run_loop_for(160);
    expect_busy(&test, 0, " when he was called back");
    run_loop();
    expect_trace_in_order("0.000  descend: begins\n"
                          "0.100  descend: ends\n"
                          "0.100  look: begins\n"
                          "0.150  dive_cancel()\n"
                          "0.150  called back\n"
                          "0.160  refused: dive_start()\n"
                          "0.170  dive_cancel()\n"
                          "0.300  look: ends\n"
                          "0.300  ascend: is told -ECANCELED\n"
                          "0.400  ascend: ends\n"
                          "0.400  told: -ECANCELED\n");
    dive_end(&test);
}
END_TEST

/* ---- the next dive ---- */

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

/* The second dive is a good one, which knows nothing of the first. */
static void on_left_again(int err, void *arg)
{
    struct dive_test *test = arg;

    trace("told: %s", result_text(err));
    if (test->told.calls++ > 0)
        return;
    test->plan.descend.err = test->plan.look.err = test->plan.ascend.err = 0;
    test->plan.ascend.begun = 0;
    test->called_back = 0;
    dive_cancel(test->dive); /* too late */
    expect_start(test->dive, 0, on_left_again, test, 0, " in on_left");
}

/* The first dive fails, is ended early, or goes well. */
static struct plan plan_of_a_first_dive(int k)
{
    static const int look_errors[] = {-EIO, 0, 0, 0, 0, 0};
    static const int calls_ms[] = {0, 150, 50, 350, 0, 0};
    static const int air_ms[] = {0, 0, LONG_AIR_MS, 0, 250, LONG_AIR_MS};
    struct plan plan = plan_of_a_good_dive();

    plan.look.err = look_errors[k];
    plan.calls_ms[0] = calls_ms[k];
    plan.air_ms = air_ms[k];
    return plan;
}

START_TEST(begun_again_by_on_left)
{
    for (int k = 0; k < 6; k++) {
        const struct plan plan = plan_of_a_first_dive(k), good = plan_of_a_good_dive();
        struct model first = {.plan = &plan, .start_ms = now_ms(), .air_counts = true};
        struct model second = {.plan = &good};
        struct dive_test test;
        char text[2 * sizeof(first.text)];

        model_dive(&first);
        second.start_ms = first.start_ms + first.ms;
        model_dive(&second);
        snprintf(text, sizeof(text), "%s%s", first.text, second.text);
        dive_begin(&test, &plan, on_left_again, &test);
        run_loop();
        expect_trace_in_order(text);
        dive_end(&test);
    }
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
    expect_start(test.dive, 0, on_told, &test.told, 0, " after one that returned -ENOMEM");
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

/* ---- two divers ---- */

/* A diver whose lines in the timeline say who he is. He is called back after so many ms. */
static void diver_begins(struct dive_test *test, const char *const names[4], int call_ms,
                         const char *when)
{
    struct plan plan = plan_of_a_good_dive();

    plan.who = names[0];
    plan.descend.name = names[1];
    plan.look.name = names[2];
    plan.ascend.name = names[3];
    plan.calls_ms[0] = call_ms;
    dive_prepare(test, &plan);
    expect_start(test->dive, LONG_AIR_MS, on_told, &test->told, 0, when);
    test->told.may_come = true;
}

START_TEST(two_divers_at_once)
{
    static const char *const names[2][4] = {{"A: ", "A: descend", "A: look", "A: ascend"},
                                            {"B: ", "B: descend", "B: look", "B: ascend"}};
    struct dive_test a, b;

    diver_begins(&a, names[0], 150, "");
    run_loop_for(30);
    diver_begins(&b, names[1], 140, " of another diver");
    run_loop();
    expect_trace_in_order("0.000  A: descend: begins\n"
                          "0.030  B: descend: begins\n"
                          "0.100  A: descend: ends\n"
                          "0.100  A: look: begins\n"
                          "0.130  B: descend: ends\n"
                          "0.130  B: look: begins\n"
                          "0.150  A: dive_cancel()\n"
                          "0.150  A: called back\n"
                          "0.160  A: look: ends with -ECANCELED\n"
                          "0.160  A: ascend: is told -ECANCELED\n"
                          "0.170  B: dive_cancel()\n"
                          "0.170  B: called back\n"
                          "0.180  B: look: ends with -ECANCELED\n"
                          "0.180  B: ascend: is told -ECANCELED\n"
                          "0.260  A: ascend: ends\n"
                          "0.260  A: told: -ECANCELED\n"
                          "0.280  B: ascend: ends\n"
                          "0.280  B: told: -ECANCELED\n");
    dive_end(&a);
    dive_end(&b);
}
END_TEST

#endif
