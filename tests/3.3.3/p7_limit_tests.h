/* p7_limit_tests.h: a timeout in a stack, for check_p7_context_manager.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P7_LIMIT_TESTS_H
#define P7_LIMIT_TESTS_H

#include "p7_timeout_tests.h"

struct stacked {
    struct exit_stack *stack;
    struct timeout_scope *timeout;
    struct actor a;
    struct worker worker;
    bool calling; /* exit_stack_enter() has not returned yet */
    int entered;
    struct told told;
    done_cb cb;
    void *arg;
};

static inline void on_stacked_entered(int err, void *value, void *arg)
{
    struct stacked *st = arg;
    const struct manager a = manager_of(&st->a);

    (void)value;
    if (err == 0)
        err = st->entered++ == 0 ? exit_stack_enter(st->stack, &a, on_stacked_entered, st)
                                 : worker_begin(&st->worker, NULL, st->cb, st->arg);
    if (err != 0)
        st->cb(err, st->arg);
}

static inline int stacked_begin(void *obj, void *value, done_cb cb, void *arg)
{
    struct stacked *st = obj;
    const struct manager timeout = timeout_scope_manager(st->timeout);

    (void)value;
    st->cb = cb;
    st->arg = arg;
    st->calling = true;
    const int err = exit_stack_enter(st->stack, &timeout, on_stacked_entered, st);
    st->calling = false;
    return err;
}

static inline void stacked_cancel(void *obj)
{
    struct stacked *st = obj;

    if (st->calling)
        fail_test("the enter of a timeout_scope has its scope interrupted before it has returned\n"
                  "expected  the loop does that, later, also at 0 ms");
    if (st->entered < 2)
        exit_stack_cancel(st->stack);
    else
        step_ask(&st->worker.step);
}

static inline void stacked_run(int limit_ms, int body_err, const char *expected)
{
    struct stacked st = {.stack = stack_made(),
                         .timeout = timeout_made(limit_ms),
                         .a = actor_named("A"),
                         .worker = worker_named("body")};
    const struct manager manager = exit_stack_manager(st.stack);
    const struct body body = {stacked_begin, stacked_cancel, &st};

    st.worker.step.err = body_err;
    EXPECT(scope_run(&manager, &body, on_told, &st.told, NULL), 0, "TODO(1)");
    st.told.may_come = true;
    run_loop();
    expect_trace_in_order(expected);
    exit_stack_free(st.stack);
    timeout_scope_free(st.timeout);
    actor_free(&st.a);
    worker_free(&st.worker);
}

START_TEST(a_limit_in_a_stack)
{
    stacked_run(50, 0,
                "0.000  A.enter: begins\n"
                "0.050  A.enter: is asked to end\n"
                "0.060  A.enter: ends with -ECANCELED\n"
                "0.060  told: -ETIMEDOUT\n");
    stacked_run(150, 0,
                "0.060  A.enter: begins\n"
                "0.160  A.enter: ends\n"
                "0.160  body: begins\n"
                "0.210  body: is asked to end\n"
                "0.220  body: ends with -ECANCELED\n"
                "0.220  A.exit: is told -ECANCELED\n"
                "0.320  A.exit: ends\n"
                "0.320  told: -ETIMEDOUT\n");
}
END_TEST

/* 0 ms: before or after A.enter is begun, but not from inside the call. */
START_TEST(a_limit_in_a_stack_that_is_over_at_once)
{
    struct stacked st = {.stack = stack_made(),
                         .timeout = timeout_made(0),
                         .a = actor_named("A"),
                         .worker = worker_named("body")};
    const struct manager manager = exit_stack_manager(st.stack);
    const struct body body = {stacked_begin, stacked_cancel, &st};

    st.told.quiet = true;
    EXPECT(scope_run(&manager, &body, on_told, &st.told, NULL), 0, "TODO(1)");
    st.told.may_come = true;
    run_loop();
    expect_told(&st.told, -ETIMEDOUT, "a limit of 0 ms in a stack");
    exit_stack_free(st.stack);
    timeout_scope_free(st.timeout);
    actor_free(&st.a);
    worker_free(&st.worker);
}
END_TEST

/* The time is over during A.exit: that is no reason any more. */
START_TEST(the_exits_are_not_limited)
{
    stacked_run(350, 0,
                "0.000  A.enter: begins\n"
                "0.100  A.enter: ends\n"
                "0.100  body: begins\n"
                "0.300  body: ends\n"
                "0.300  A.exit: is told 0\n"
                "0.400  A.exit: ends\n"
                "0.400  told: 0\n");
    stacked_run(350, -ECANCELED,
                "0.400  A.enter: begins\n"
                "0.500  A.enter: ends\n"
                "0.500  body: begins\n"
                "0.700  body: ends with -ECANCELED\n"
                "0.700  A.exit: is told -ECANCELED\n"
                "0.800  A.exit: ends\n"
                "0.800  told: -ECANCELED\n");
}
END_TEST

static inline void free_timeout(void *timeout)
{
    timeout_scope_free(timeout);
}

/* After a body that goes well, and after one that was asked to end. */
START_TEST(a_timeout_freed_by_cb)
{
    for (int ms = 150; ms <= 250; ms += 100) {
        struct last last = {.free = free_timeout, .object = timeout_made(ms)};
        const struct manager manager = timeout_scope_manager(last.object);
        struct worker worker = worker_named("body");
        const struct body body = body_of(&worker);

        EXPECT(scope_run(&manager, &body, on_last_told, &last, NULL), 0, "TODO(7)");
        last.told.may_come = true;
        run_loop();
        expect_told(&last.told, ms == 150 ? -ETIMEDOUT : 0, "a timeout_scope that is freed by cb");
        worker_free(&worker);
    }
}
END_TEST

START_TEST(without_a_scope_there_is_nobody_to_interrupt)
{
    struct exit_stack *stack = stack_made();
    struct timeout_scope *timeout = timeout_made(100);
    const struct manager manager = timeout_scope_manager(timeout);

    EXPECT(exit_stack_enter(stack, &manager, on_never_entered, NULL), -EINVAL, "TODO(7)");
    run_loop();
    if (now_ms() != 0)
        fail_test(
            "enter of a timeout_scope has returned -EINVAL\nexpected  no timer is in the loop");
    exit_stack_free(stack);
    timeout_scope_free(timeout);
}
END_TEST

#endif
