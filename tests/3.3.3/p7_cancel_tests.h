/* p7_cancel_tests.h: requests at any moment, once and twice, for check_p7_context_manager.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P7_CANCEL_TESTS_H
#define P7_CANCEL_TESTS_H

#include "p7_stack_tests.h"

START_TEST(cancelled_during_an_enter)
{
    for (enum form form = NESTED; form <= STACK_SCOPE; form++) {
        struct plan plan = plan_of(form);

        plan.request_ms[0] = 150;
        run_play(&plan);
    }
}
END_TEST

START_TEST(cancelled_during_an_enter_that_succeeds_all_the_same)
{
    struct plan plan = stubborn_plan_of(STACK);

    plan.request_ms[0] = 150;
    expect_play(&plan, "0.000  A.enter: begins\n"
                       "0.100  A.enter: ends\n"
                       "0.100  B.enter: begins\n"
                       "0.150  cancelled\n"
                       "0.150  B.enter: is asked to end\n"
                       "0.200  B.enter: ends\n"
                       "0.200  B.exit: is told -ECANCELED\n"
                       "0.300  B.exit: ends\n"
                       "0.300  A.exit: is told -ECANCELED\n"
                       "0.400  A.exit: ends\n"
                       "0.400  told: -ECANCELED\n");
}
END_TEST

START_TEST(cancelled_during_an_exit)
{
    struct plan plan = plan_of(NESTED);

    plan.request_ms[0] = 450;
    expect_play(&plan, "0.000  A.enter: begins\n"
                       "0.100  A.enter: ends\n"
                       "0.100  B.enter: begins\n"
                       "0.200  B.enter: ends\n"
                       "0.200  body: begins\n"
                       "0.400  body: ends\n"
                       "0.400  B.exit: is told 0\n"
                       "0.450  cancelled\n"
                       "0.500  B.exit: ends\n"
                       "0.500  A.exit: is told -ECANCELED\n"
                       "0.600  A.exit: ends\n"
                       "0.600  told: -ECANCELED\n");
}
END_TEST

/* The exit suppresses what it was told, and not what came since. */
START_TEST(a_late_request_is_not_suppressed)
{
    struct plan plan = plan_of(NESTED);

    plan.request_ms[0] = 550;
    plan.body.step.err = -EIO;
    plan.a.exit.err = SCOPE_SUPPRESS;
    expect_play(&plan, "0.000  A.enter: begins\n"
                       "0.100  A.enter: ends\n"
                       "0.100  B.enter: begins\n"
                       "0.200  B.enter: ends\n"
                       "0.200  body: begins\n"
                       "0.400  body: ends with -EIO\n"
                       "0.400  B.exit: is told -EIO\n"
                       "0.500  B.exit: ends\n"
                       "0.500  A.exit: is told -EIO\n"
                       "0.550  cancelled\n"
                       "0.600  A.exit: ends with SCOPE_SUPPRESS\n"
                       "0.600  told: -ECANCELED\n");
}
END_TEST

/* The first request is suppressed by B, the second one came later. */
START_TEST(cancelled_twice_and_suppressed_once)
{
    struct plan plan = plan_of(NESTED);

    plan.request_ms[0] = 250;
    plan.request_ms[1] = 300;
    plan.b.exit.err = SCOPE_SUPPRESS;
    expect_play(&plan, "0.000  A.enter: begins\n"
                       "0.100  A.enter: ends\n"
                       "0.100  B.enter: begins\n"
                       "0.200  B.enter: ends\n"
                       "0.200  body: begins\n"
                       "0.250  cancelled\n"
                       "0.250  body: is asked to end\n"
                       "0.260  body: ends with -ECANCELED\n"
                       "0.260  B.exit: is told -ECANCELED\n"
                       "0.300  cancelled\n"
                       "0.360  B.exit: ends with SCOPE_SUPPRESS\n"
                       "0.360  A.exit: is told -ECANCELED\n"
                       "0.460  A.exit: ends\n"
                       "0.460  told: -ECANCELED\n");
}
END_TEST

/* No request falls on the moment at which a step ends, obedient or stubborn. */
START_TEST(at_any_moment_whatever_happens)
{
    static const enum way exits[] = {WELL, SUPPRESSES, FAILS};
    static const struct ways ways = {{GOES_WELL, GOES_WELL, BODIES, exits, exits}, {1, 1, 2, 3, 3}};
    static const int requests[][REQUESTS] = {
        {50},       {150},      {250},      {450},      {550},      {50, 55},   {50, 155},
        {150, 155}, {150, 210}, {250, 255}, {250, 310}, {250, 410}, {450, 470}, {450, 550}};

    for (size_t k = 0; k < sizeof(requests) / sizeof(requests[0]); k++)
        for (int how = 0; how < 10; how++) {
            const enum form form = (enum form)(how / 2 % 3);
            struct plan plan = how % 2 ? stubborn_plan_of(form) : plan_of(form);
            plan.interrupt = how >= 6;
            if (plan.interrupt)
                plan.form = how < 8 ? NESTED : STACK_SCOPE;
            memcpy(plan.request_ms, requests[k], sizeof(plan.request_ms));
            run_plays(plan, &ways);
        }
}
END_TEST

/* exit_stack_close() has returned, and no exit is begun yet. */
START_TEST(cancelled_before_the_first_exit)
{
    struct exit_stack *stack = stack_made();
    struct actor a = pushed_named("A");
    struct told told = {.calls = 0};

    push(stack, &a);
    close_stack(stack, 0, &told);
    exit_stack_cancel(stack);
    run_loop();
    expect_trace_in_order("0.000  A.exit: is told -ECANCELED\n"
                          "0.100  A.exit: ends\n"
                          "0.100  told: -ECANCELED\n");
    exit_stack_free(stack);
    actor_free(&a);
}
END_TEST

START_TEST(an_enter_that_cannot_be_asked)
{
    struct exit_stack *stack = stack_made();
    struct actor a = actor_named("A");
    struct entered entered = {.calls = 0};
    struct manager manager = manager_of(&a);
    struct told told = {.calls = 0};

    manager.cancel = NULL;
    EXPECT(exit_stack_enter(stack, &manager, on_entered_noted, &entered), 0, "TODO(4)");
    exit_stack_cancel(stack);
    run_loop();
    if (entered.calls != 1 || entered.err != -ECANCELED)
        fail_test("exit_stack_cancel() during an enter that has no cancel()\n"
                  "expected  cb(-ECANCELED), once\ngot       %d calls, the last one with %s",
                  entered.calls, result_text(entered.err));
    close_stack(stack, -ECANCELED, &told);
    run_loop();
    expect_trace_in_order("0.000  A.enter: begins\n"
                          "0.100  A.enter: ends\n"
                          "0.100  A.exit: is told -ECANCELED\n"
                          "0.200  A.exit: ends\n"
                          "0.200  told: -ECANCELED\n");
    exit_stack_free(stack);
    actor_free(&a);
}
END_TEST

/* Between two things: nothing is under way, and the next one knows nothing of it. */
START_TEST(an_idle_stack_is_not_cancelled)
{
    struct exit_stack *stack = stack_made();
    struct actor a = actor_named("A");
    struct entered entered = {.calls = 0};
    const struct manager manager = manager_of(&a);
    struct told told = {.calls = 0};

    exit_stack_cancel(stack);
    EXPECT(exit_stack_enter(stack, &manager, on_entered_noted, &entered), 0, "TODO(4)");
    run_loop();
    exit_stack_cancel(stack);
    if (entered.calls != 1 || entered.err != 0)
        fail_test("exit_stack_cancel(), and then exit_stack_enter()\nexpected  cb(0), once\n"
                  "got       %d calls, the last one with %s",
                  entered.calls, result_text(entered.err));
    close_stack(stack, 0, &told);
    run_loop();
    exit_stack_cancel(stack);
    expect_trace_in_order("0.000  A.enter: begins\n"
                          "0.100  A.enter: ends\n"
                          "0.100  A.exit: is told 0\n"
                          "0.200  A.exit: ends\n"
                          "0.200  told: 0\n");
    exit_stack_free(stack);
    actor_free(&a);
}
END_TEST

static inline void on_closed_cancel(int err, void *arg)
{
    struct closed_again *again = arg;

    exit_stack_cancel(again->stack); /* too late */
    on_closed_again(err, again);
}

/* After a cancellation, and in the callback. */
START_TEST(what_comes_after_it_knows_nothing_of_it)
{
    struct actor a = pushed_named("A");
    struct closed_again again = {.stack = stack_made(), .actor = &a};

    push(again.stack, &a);
    EXPECT(exit_stack_close(again.stack, 0, on_closed_cancel, &again), 0, "TODO(4)");
    run_loop_for(50);
    exit_stack_cancel(again.stack);
    exit_stack_cancel(again.stack);
    run_loop();
    expect_trace_in_order("0.000  A.exit: is told 0\n"
                          "0.100  A.exit: ends\n"
                          "0.100  told: -ECANCELED; and once more\n"
                          "0.100  A.exit: is told 0\n"
                          "0.200  A.exit: ends\n"
                          "0.200  told: 0\n");
    exit_stack_free(again.stack);
    actor_free(&a);
}
END_TEST

/* A manager that fails with an error of its own when it is asked. */
START_TEST(who_is_asked_may_end_with_another_error)
{
    for (enum form form = NESTED; form <= STACK_SCOPE; form++)
        for (int ms = 150; ms <= 250; ms += 100) {
            struct plan plan = plan_of(form);
            struct play play;

            plan.b.enter.asked_err = plan.body.step.asked_err = -EIO;
            plan.request_ms[0] = ms;
            play_start(&play, &plan);
            play.told.quiet = true;
            run_loop();
            expect_told(&play.told, -EIO,
                        ms == 150 ? "an enter that was asked to end has ended with -EIO"
                                  : "a body that was asked to end has ended with -EIO");
            play_free(&play);
        }
}
END_TEST

#endif
