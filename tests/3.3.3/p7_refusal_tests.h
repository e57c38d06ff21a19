/* p7_refusal_tests.h: a call that is refused has changed nothing, for check_p7_context_manager.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P7_REFUSAL_TESTS_H
#define P7_REFUSAL_TESTS_H

#include "p7_limit_tests.h"

/* ---- a stack ---- */

static inline void refused_cancel(void *obj)
{
    (void)obj;
    fail_test("exit_stack_cancel() asks a manager of which exit_stack_enter() has returned -EBUSY\n"
              "expected  the one that is being entered is asked: who is refused changes nothing");
}

static inline void refuses_all(struct exit_stack *stack, const char *when)
{
    static struct actor refused; /* a wrong solution remembers it */
    const struct manager manager = {actor_enter, actor_exit, refused_cancel, &refused};

    refused = actor_named("refused");
    const int got[] = {exit_stack_enter(stack, &manager, on_never_entered, NULL),
                       exit_stack_push(stack, actor_exit, &refused),
                       exit_stack_close(stack, -EXDEV, on_never_exited, NULL)};
    static const char *const calls[] = {"exit_stack_enter()", "exit_stack_push()",
                                        "exit_stack_close()"};

    for (int k = 0; k < 3; k++)
        if (got[k] != -EBUSY)
            fail_test("%s while %s\nexpected  returns -EBUSY: one thing at a time\ngot       "
                      "returns %s",
                      calls[k], when, result_text(got[k]));
}

/* Neither whom to tell, nor the error. */
START_TEST(a_busy_stack_refuses)
{
    struct plan plan = plan_of(STACK);
    struct play play;

    plan.body.step.err = -EIO;
    play_start(&play, &plan);
    refuses_all(play.stack, "something is being entered");
    run_loop_for(450);
    refuses_all(play.stack, "the stack closes");
    run_loop();
    expect_trace_in_order("0.000  A and B on a stack\n"
                          "0.000  A.enter: begins\n"
                          "0.100  A.enter: ends\n"
                          "0.100  B.enter: begins\n"
                          "0.200  B.enter: ends\n"
                          "0.200  body: begins\n"
                          "0.400  body: ends with -EIO\n"
                          "0.400  B.exit: is told -EIO\n"
                          "0.500  B.exit: ends\n"
                          "0.500  A.exit: is told -EIO\n"
                          "0.600  A.exit: ends\n"
                          "0.600  told: -EIO\n");
    play_free(&play);
}
END_TEST

/* Between scope_run() and its body, too, it waits for a callback. */
START_TEST(a_stack_that_is_being_entered_refuses)
{
    struct plan plan = plan_of(STACK_SCOPE);
    struct play play;

    play_start(&play, &plan);
    refuses_all(play.stack, "the stack is being entered as a manager");
    play.told.quiet = true;
    run_loop();
    expect_told(&play.told, 0, "a stack that is a scope's manager, after calls that it refused");
    play_free(&play);
}
END_TEST

/* Neither that somebody has asked, nor who is to be asked. */
START_TEST(a_refused_call_takes_no_request_back)
{
    struct exit_stack *stack = stack_made();
    struct actor a = actor_named("A");
    const struct manager manager = manager_of(&a);
    struct entered entered = {.calls = 0};
    struct told told = {.calls = 0};

    a.enter.stubborn = true;
    EXPECT(exit_stack_enter(stack, &manager, on_entered_noted, &entered), 0, "TODO(4)");
    refuses_all(stack, "something is being entered");
    exit_stack_cancel(stack);
    refuses_all(stack, "something is being entered that was asked to end");
    run_loop();
    if (entered.calls != 1 || entered.err != -ECANCELED)
        fail_test("exit_stack_cancel() during an enter, and then calls that return -EBUSY\n"
                  "expected  they change nothing: cb(-ECANCELED), once\n"
                  "got       %d calls, the last one with %s",
                  entered.calls, result_text(entered.err));
    close_stack(stack, 0, &told);
    exit_stack_cancel(stack);
    refuses_all(stack, "the stack is about to close");
    run_loop_for(50);
    refuses_all(stack, "the stack closes");
    run_loop();
    expect_trace_in_order("0.000  A.enter: begins\n"
                          "0.000  A.enter: is asked to end\n"
                          "0.100  A.enter: ends\n"
                          "0.100  A.exit: is told -ECANCELED\n"
                          "0.200  A.exit: ends\n"
                          "0.200  told: -ECANCELED\n");
    exit_stack_free(stack);
    actor_free(&a);
}
END_TEST

/* ---- a timeout ---- */

/* Neither whom to interrupt, nor that it has done so. */
START_TEST(a_timeout_that_is_refused_goes_on)
{
    struct limited l = limited_to(150, "body");
    struct single other = single_named("B", "other");
    const struct manager manager = timeout_scope_manager(l.timeout);

    l.told.who = "told of the body";
    other.told.who = "told of the other";
    single_run(&other, 0);
    limited_begin(&l);
    run_loop_for(120);
    expect_busy(&manager, other.scope, "a timeout_scope that is inside");
    trace("its enter, once more: -EBUSY");
    run_loop_for(35);
    expect_busy(&manager, other.scope, "a timeout_scope that has asked its body to end");
    trace("its enter, once more: -EBUSY");
    run_loop();
    expect_trace_in_order("0.000  B.enter: begins\n"
                          "0.000  body: begins\n"
                          "0.100  B.enter: ends\n"
                          "0.100  other: begins\n"
                          "0.120  its enter, once more: -EBUSY\n"
                          "0.150  body: is asked to end\n"
                          "0.155  its enter, once more: -EBUSY\n"
                          "0.160  body: ends with -ECANCELED\n"
                          "0.160  told of the body: -ETIMEDOUT\n"
                          "0.300  other: ends\n"
                          "0.300  B.exit: is told 0\n"
                          "0.400  B.exit: ends\n"
                          "0.400  told of the other: 0\n");
    limited_free(&l);
    single_free(&other);
}
END_TEST

#endif
