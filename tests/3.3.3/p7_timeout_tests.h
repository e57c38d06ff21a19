/* p7_timeout_tests.h: bodies with a limit, for check_p7_context_manager.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P7_TIMEOUT_TESTS_H
#define P7_TIMEOUT_TESTS_H

#include "p7_stack_tests.h"

/* A body of 200 ms with a limit. */
struct limited {
    struct timeout_scope *timeout;
    struct watch watch;
    struct worker worker;
    struct scope *scope;
    struct told told;
};

static inline struct timeout_scope *timeout_made(int ms)
{
    struct timeout_scope *timeout = timeout_scope_new(test_base(), ms);

    expect_made(timeout, "timeout_scope_new()");
    return timeout;
}

static inline struct limited limited_to(int ms, const char *name)
{
    return (struct limited){.timeout = timeout_made(ms), .worker = worker_named(name)};
}

static inline void limited_begin(struct limited *l)
{
    const struct manager manager =
        watched(&l->watch, "timeout_scope", timeout_scope_manager(l->timeout));
    const struct body body = body_of(&l->worker);

    l->watch.no_value = true;
    expect_run(scope_run(&manager, &body, on_told, &l->told, &l->scope), 0,
               l->told.calls == 0 ? "a timeout_scope"
                                  : "a timeout_scope that has been entered and exited before",
               "TODO(7)");
    l->told.calls = 0;
    l->told.may_come = true;
}

static inline void limited_free(struct limited *l)
{
    timeout_scope_free(l->timeout);
    worker_free(&l->worker);
}

/* Runs it; in the end nothing may be left in the loop. */
static inline void expect_limited(struct limited *l, const char *expected, int ends_at)
{
    limited_begin(l);
    run_loop();
    expect_trace_in_order(expected);
    if (now_ms() != ends_at)
        fail_test("a timeout_scope is left at %.3f\nexpected  nothing is left of it in the loop\n"
                  "got       the loop has ended at %.3f: a timer was left in it",
                  ends_at / 1000.0, now_ms() / 1000.0);
    limited_free(l);
}

START_TEST(the_body_is_asked_to_end_in_time)
{
    struct limited l = limited_to(150, "body");

    expect_limited(&l,
                   "0.000  body: begins\n"
                   "0.150  body: is asked to end\n"
                   "0.160  body: ends with -ECANCELED\n"
                   "0.160  told: -ETIMEDOUT\n",
                   160);
}
END_TEST

START_TEST(a_body_that_ends_early_leaves_no_timer)
{
    for (int k = 0; k < 4; k++) {
        static const int errors[] = {0, -EIO, -ECANCELED, 0},
                         limits[] = {5000, 5000, 5000, 1 << 30};
        const int begun = now_ms();
        struct limited l = limited_to(limits[k], "body");
        char text[200];

        l.worker.step.err = errors[k];
        snprintf(text, sizeof(text),
                 "%d.%03d  body: begins\n%d.%03d  body: ends%s%s\n%d.%03d  told: %s\n",
                 begun / 1000, begun % 1000, (begun + 200) / 1000, (begun + 200) % 1000,
                 errors[k] != 0 ? " with " : "", errors[k] != 0 ? result_text(errors[k]) : "",
                 (begun + 200) / 1000, (begun + 200) % 1000, result_text(errors[k]));
        expect_limited(&l, text, begun + 200);
    }
}
END_TEST

/* It has come to its end, or fails on the way: that is no timeout. */
START_TEST(a_body_that_was_asked_ends_as_it_likes)
{
    struct limited l = limited_to(150, "body");

    l.worker.step.stubborn = true;
    expect_limited(&l,
                   "0.000  body: begins\n"
                   "0.150  body: is asked to end\n"
                   "0.200  body: ends\n"
                   "0.200  told: 0\n",
                   200);
    l = limited_to(150, "body");
    l.worker.step.asked_err = -EIO;
    expect_limited(&l,
                   "0.200  body: begins\n"
                   "0.350  body: is asked to end\n"
                   "0.360  body: ends with -EIO\n"
                   "0.360  told: -EIO\n",
                   360);
}
END_TEST

/* ---- what is inside is exited first ---- */

/* The body of a timeout's scope is a scope. */
struct around {
    struct timeout_scope *timeout;
    struct single inner;
    struct scope *scope;
    struct told told;
};

static inline int around_begin(void *obj, void *value, done_cb cb, void *arg)
{
    struct around *around = obj;
    const struct manager manager = manager_of(&around->inner.actor);
    const struct body body = body_of(&around->inner.body);

    (void)value;
    return scope_run(&manager, &body, cb, arg, &around->inner.scope);
}

static inline void around_cancel(void *obj)
{
    struct around *around = obj;

    scope_cancel(around->inner.scope);
}

/* Cancelled from outside at this time; 0: not at all. */
static inline void around_run(int limit_ms, int cancel_ms, bool stubborn, const char *expected)
{
    struct around around = {.timeout = timeout_made(limit_ms), .inner = single_named("A", "body")};
    const struct manager manager = timeout_scope_manager(around.timeout);
    const struct body body = {around_begin, around_cancel, &around};

    around.inner.body.step.stubborn = stubborn;
    EXPECT(scope_run(&manager, &body, on_told, &around.told, &around.scope), 0, "TODO(7)");
    around.told.may_come = true;
    if (cancel_ms > 0) {
        run_loop_for(cancel_ms);
        trace("cancelled");
        scope_cancel(around.scope);
    }
    run_loop();
    expect_trace_in_order(expected);
    timeout_scope_free(around.timeout);
    single_free(&around.inner);
}

START_TEST(what_is_inside_is_exited_first)
{
    around_run(150, 0, false,
               "0.000  A.enter: begins\n"
               "0.100  A.enter: ends\n"
               "0.100  body: begins\n"
               "0.150  body: is asked to end\n"
               "0.160  body: ends with -ECANCELED\n"
               "0.160  A.exit: is told -ECANCELED\n"
               "0.260  A.exit: ends\n"
               "0.260  told: -ETIMEDOUT\n");
}
END_TEST

/* Somebody else wants it, too: before the time is over, and after it. */
START_TEST(the_wish_of_somebody_else_stays_what_it_is)
{
    around_run(150, 120, false,
               "0.000  A.enter: begins\n"
               "0.100  A.enter: ends\n"
               "0.100  body: begins\n"
               "0.120  cancelled\n"
               "0.120  body: is asked to end\n"
               "0.130  body: ends with -ECANCELED\n"
               "0.130  A.exit: is told -ECANCELED\n"
               "0.230  A.exit: ends\n"
               "0.230  told: -ECANCELED\n");
    around_run(150, 155, false,
               "0.230  A.enter: begins\n"
               "0.330  A.enter: ends\n"
               "0.330  body: begins\n"
               "0.380  body: is asked to end\n"
               "0.385  cancelled\n"
               "0.390  body: ends with -ECANCELED\n"
               "0.390  A.exit: is told -ECANCELED\n"
               "0.490  A.exit: ends\n"
               "0.490  told: -ECANCELED\n");
}
END_TEST

/* What was in the first run is forgotten in the second one. */
START_TEST(a_timeout_is_used_again)
{
    struct limited l = limited_to(250, "body");
    const struct manager manager = timeout_scope_manager(l.timeout);

    l.worker.step.ms = 300;
    limited_begin(&l);
    expect_busy(&manager, l.scope, "a timeout_scope that is about to be entered");
    run_loop_for(100);
    expect_busy(&manager, l.scope, "a timeout_scope that is inside");
    run_loop();
    l.worker.step.ms = 200;
    l.worker.step.err = -ECANCELED;
    limited_begin(&l);
    run_loop();
    l.worker.step.ms = 300;
    limited_begin(&l);
    run_loop();
    expect_trace_in_order("0.000  body: begins\n"
                          "0.250  body: is asked to end\n"
                          "0.260  body: ends with -ECANCELED\n"
                          "0.260  told: -ETIMEDOUT\n"
                          "0.260  body: begins\n"
                          "0.460  body: ends with -ECANCELED\n"
                          "0.460  told: -ECANCELED\n"
                          "0.460  body: begins\n"
                          "0.710  body: is asked to end\n"
                          "0.720  body: ends with -ECANCELED\n"
                          "0.720  told: -ETIMEDOUT\n");
    limited_free(&l);
}
END_TEST

START_TEST(two_limits_at_once)
{
    struct limited a = limited_to(150, "a"), b = limited_to(50, "b");

    a.told.who = "told of A";
    b.told.who = "told of B";
    b.worker.step.ms = 40;
    limited_begin(&a);
    limited_begin(&b);
    run_loop();
    expect_trace_in_order("0.000  a: begins\n"
                          "0.000  b: begins\n"
                          "0.040  b: ends\n"
                          "0.040  told of B: 0\n"
                          "0.150  a: is asked to end\n"
                          "0.160  a: ends with -ECANCELED\n"
                          "0.160  told of A: -ETIMEDOUT\n");
    limited_free(&a);
    limited_free(&b);
}
END_TEST

START_TEST(a_limit_of_some_seconds)
{
    struct limited l = limited_to(3500, "body");

    l.worker.step.ms = 2250;
    limited_begin(&l);
    run_loop();
    l.worker.step.ms = 4000;
    limited_begin(&l);
    run_loop();
    expect_trace_in_order("0.000  body: begins\n"
                          "2.250  body: ends\n"
                          "2.250  told: 0\n"
                          "2.250  body: begins\n"
                          "5.750  body: is asked to end\n"
                          "5.760  body: ends with -ECANCELED\n"
                          "5.760  told: -ETIMEDOUT\n");
    limited_free(&l);
}
END_TEST

/* Nothing is left of a time that is over before anything has begun, or that never comes. */
START_TEST(no_time_at_all_and_very_much)
{
    static const int limits[] = {0, -1, -2147483647 - 1, 2147483647};

    for (int k = 0; k < 4; k++) {
        struct limited l = limited_to(limits[k], "body");
        const int begun = now_ms(), takes = k < 3 ? OBEYS_MS : 200;
        char what[40];

        l.told.quiet = true;
        limited_begin(&l);
        run_loop();
        snprintf(what, sizeof(what), "a limit of %d ms", limits[k]);
        expect_told(&l.told, k < 3 ? -ETIMEDOUT : 0, what);
        if (k < 3 ? now_ms() - begun > takes : now_ms() - begun != takes)
            fail_test("%s\nexpected  the body takes %s%d ms\ngot       %d ms", what,
                      k < 3 ? "at most " : "", takes, now_ms() - begun);
        limited_free(&l);
    }
}
END_TEST

/* ---- memory ---- */

static inline void timeout_without_memory(void *unused)
{
    struct timeout_scope *timeout = timeout_scope_new(test_base(), 100);
    struct worker worker = worker_named("body");
    struct told told = {.quiet = true, .may_come = true};
    const int begun = now_ms();
    const struct body body = body_of(&worker);

    (void)unused;
    if (timeout == NULL)
        return;
    const struct manager manager = timeout_scope_manager(timeout);
    const int err = scope_run(&manager, &body, on_told, &told, NULL);
    run_loop();
    if (err != 0 && (err != -ENOMEM || worker.step.begun > 0))
        fail_test("no memory for a timer\nexpected  enter returns -ENOMEM\ngot       returns %s%s",
                  result_text(err), worker.step.begun > 0 ? ", and the body is begun" : "");
    if (err != 0 && now_ms() > begun)
        fail_test("no memory for a timeout_scope\nexpected  no timer is left in the loop");
    if (err != 0) { /* and nothing is in the way of the next one */
        expect_run(scope_run(&manager, &body, on_told, &told, NULL), 0,
                   "a timeout_scope that could not be entered before, for want of memory", "");
        run_loop();
    }
    expect_told(&told, -ETIMEDOUT,
                err != 0 ? "a timeout_scope that could not be entered before, for want of memory"
                         : "a timeout_scope of which enter has returned 0, when memory was short");
    worker_free(&worker);
    timeout_scope_free(timeout);
}

START_TEST(no_memory_for_a_timeout)
{
    each_allocation_fails(timeout_without_memory, NULL);
}
END_TEST

START_TEST(a_timeout_freed_when_the_loop_does_not_run)
{
    for (int ms = 5; ms < 30; ms += 10) {
        struct limited l = limited_to(10, "body");

        l.worker.step.stubborn = true;
        limited_begin(&l);
        run_loop_for(ms);
        scope_free(l.scope);
        limited_free(&l);
    }
    timeout_scope_free(NULL);
}
END_TEST

#endif
