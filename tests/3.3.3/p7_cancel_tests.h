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

    trace("exit_stack_cancel(), while it is idle");
    exit_stack_cancel(stack);
    EXPECT(exit_stack_enter(stack, &manager, on_entered_noted, &entered), 0, "TODO(4)");
    run_loop();
    trace("exit_stack_cancel(), while it is idle");
    exit_stack_cancel(stack);
    if (entered.calls != 1 || entered.err != 0)
        fail_test("exit_stack_cancel(), and then exit_stack_enter()\nexpected  cb(0), once\n"
                  "got       %d calls, the last one with %s",
                  entered.calls, result_text(entered.err));
    close_stack(stack, 0, &told);
    run_loop();
    trace("exit_stack_cancel(), while it is idle");
    exit_stack_cancel(stack);
    expect_trace_in_order("0.000  exit_stack_cancel(), while it is idle\n"
                          "0.000  A.enter: begins\n"
                          "0.100  A.enter: ends\n"
                          "0.100  exit_stack_cancel(), while it is idle\n"
                          "0.100  A.exit: is told 0\n"
                          "0.200  A.exit: ends\n"
                          "0.200  told: 0\n"
                          "0.200  exit_stack_cancel(), while it is idle\n");
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

/* Neither the next enter nor the next close knows of an enter that has ended as it was asked to. */
START_TEST(a_stack_is_used_again_after_a_cancelled_enter)
{
    static const char *const cases[] = {"the one that is cancelled", "the next one",
                                        "one more that is cancelled"};
    struct exit_stack *stack = stack_made();
    struct told told = {.quiet = true};

    for (int k = 0; k < 3; k++) {
        struct actor a = actor_named("A");
        struct entered entered = {.calls = 0};
        const struct manager manager = manager_of(&a);

        EXPECT(exit_stack_enter(stack, &manager, on_entered_noted, &entered), 0, "TODO(4)");
        if (k != 1)
            exit_stack_cancel(stack);
        run_loop();
        if (entered.calls != 1 || entered.err != (k != 1 ? -ECANCELED : 0))
            fail_test(
                "a stack enters one, is cancelled, enters the next one, and then one more: %s\n"
                "expected  cb(%s), once\ngot       %d calls, the last one with %s",
                cases[k], k != 1 ? "-ECANCELED" : "0", entered.calls, result_text(entered.err));
        if (k > 0) {
            told = (struct told){.quiet = true};
            close_stack(stack, 0, &told);
            run_loop();
            expect_told(&told, 0,
                        k == 1 ? "exit_stack_close(0) after an enter that went well"
                               : "exit_stack_close(0) after an enter that was cancelled: the "
                                 "request was for that one");
        }
        actor_free(&a);
    }
    exit_stack_free(stack);
}
END_TEST

static inline void expect_asks(int got, const char *what)
{
    if (got != 2)
        fail_test("%s\nexpected  each request is passed on: cancel() is called twice, for a scope "
                  "inside may be in its exit by then\ngot       %d calls",
                  what, got);
}

START_TEST(each_request_is_passed_on)
{
    struct exit_stack *stack = stack_made();
    struct actor a = actor_named("A");
    const struct manager manager = manager_of(&a);
    struct entered entered = {.calls = 0};

    for (int ms = 50; ms <= 150; ms += 100) {
        struct single s = single_named("A", "body");

        s.told.quiet = true;
        s.body.step.ms = 500;
        single_run(&s, 0);
        run_loop_for(ms);
        scope_cancel(s.scope);
        scope_cancel(s.scope);
        run_loop();
        expect_asks(ms == 50 ? s.actor.enter.asks : s.body.step.asks,
                    ms == 50 ? "scope_cancel(), twice, during enter"
                             : "scope_cancel(), twice, during the body");
        single_free(&s);
    }
    EXPECT(exit_stack_enter(stack, &manager, on_entered_noted, &entered), 0, "TODO(4)");
    exit_stack_cancel(stack);
    exit_stack_cancel(stack);
    run_loop();
    expect_asks(a.enter.asks, "exit_stack_cancel(), twice, during an enter");
    exit_stack_free(stack);
    actor_free(&a);
}
END_TEST

static inline void cancel_without_memory(void *unused)
{
    struct exit_stack *stack = exit_stack_new(test_base());
    struct single s = single_named("A", "body");
    struct actor b = actor_named("B");
    const struct manager managers[] = {manager_of(&s.actor), manager_of(&b)};
    const struct body body = body_of(&s.body);
    struct entered entered = {.calls = 0};

    (void)unused;
    s.told.quiet = s.told.may_come = true;
    const int err = scope_run(&managers[0], &body, on_told, &s.told, &s.scope);
    const int stack_err =
        stack != NULL ? exit_stack_enter(stack, &managers[1], on_entered_noted, &entered) : -ENOMEM;
    run_loop_for(50);
    if (err == 0)
        scope_cancel(s.scope);
    if (stack_err == 0)
        exit_stack_cancel(stack);
    run_loop();
    if (err == 0)
        expect_told(&s.told, -ECANCELED, "scope_cancel() needs no memory");
    if (stack_err == 0 && entered.err != -ECANCELED)
        fail_test("exit_stack_cancel() needs no memory\nexpected  cb(-ECANCELED)\ngot       cb(%s)",
                  result_text(entered.err));
    exit_stack_free(stack);
    single_free(&s);
    actor_free(&b);
}

START_TEST(to_ask_needs_no_memory)
{
    each_allocation_fails(cancel_without_memory, NULL);
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
