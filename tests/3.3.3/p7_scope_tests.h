/* p7_scope_tests.h: one scope, and one inside another, for check_p7_context_manager.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P7_SCOPE_TESTS_H
#define P7_SCOPE_TESTS_H

#include "p7_ways.h"

static const enum way GOES_WELL[] = {WELL};
static const enum way ENTERS[] = {WELL, FAILS, REFUSES, CANCELS};
static const enum way BODIES[] = {WELL, FAILS, REFUSES, CANCELS};

/* A scope of the test, alone. */
struct single {
    struct actor actor;
    struct worker body;
    struct scope *scope;
    struct told told;
};

static inline struct single single_named(const char *manager, const char *body)
{
    return (struct single){.actor = actor_named(manager), .body = worker_named(body)};
}

static inline void single_run(struct single *single, int expected)
{
    static struct manager manager;
    static struct body body;

    manager = manager_of(&single->actor);
    body = body_of(&single->body);
    single->body.value = &single->actor;
    EXPECT(scope_run(&manager, &body, on_told, &single->told, &single->scope), expected, "TODO(1)");
    not_copied(&manager, &body);
    single->told.may_come = expected == 0;
    if (expected == 0 && single->actor.in != single->scope)
        fail_test("scope_run() has given another handle than enter's `in`");
    if (expected != 0 && single->scope != NULL)
        fail_test("scope_run() returns %s\nexpected  the handle is NULL\ngot       another one",
                  result_text(expected));
}

static inline void single_free(struct single *single)
{
    actor_free(&single->actor);
    worker_free(&single->body);
}

/* ---- enter fails ---- */

START_TEST(a_scope_that_is_not_entered)
{
    struct single s = single_named("A", "body");

    s.actor.enter.err = -EIO;
    single_run(&s, 0);
    run_loop();
    expect_trace_in_order("0.000  A.enter: begins\n"
                          "0.100  A.enter: ends with -EIO\n"
                          "0.100  told: -EIO\n");
    single_free(&s);
}
END_TEST

START_TEST(a_scope_that_cannot_be_begun)
{
    struct single s = single_named("A", "body");

    s.actor.enter.refuses = -EMFILE;
    s.scope = (struct scope *)&s; /* to be made NULL */
    single_run(&s, -EMFILE);
    run_loop();
    expect_trace_in_order("0.000  A.enter: returns -EMFILE at once\n");
    single_free(&s);
}
END_TEST

START_TEST(the_inner_one_is_not_entered)
{
    struct plan plan = plan_of(NESTED);

    plan.b.enter.err = -EIO;
    expect_play(&plan, "0.000  A.enter: begins\n"
                       "0.100  A.enter: ends\n"
                       "0.100  B.enter: begins\n"
                       "0.200  B.enter: ends with -EIO\n"
                       "0.200  A.exit: is told -EIO\n"
                       "0.300  A.exit: ends\n"
                       "0.300  told: -EIO\n");
}
END_TEST

START_TEST(whichever_enter_fails_and_how)
{
    static const struct ways ways = {{ENTERS, ENTERS, BODIES, GOES_WELL, GOES_WELL},
                                     {4, 4, 4, 1, 1}};

    run_plays(plan_of(NESTED), &ways);
}
END_TEST

struct again {
    struct single single;
    struct told next;
};

/* The same manager and body once more, without a handle. */
static inline void on_left_again(int err, void *arg)
{
    struct again *again = arg;
    struct single *s = &again->single;
    const struct manager manager = manager_of(&s->actor);
    const struct body body = body_of(&s->body);

    on_told(err, &s->told);
    s->body.step.err = 0;
    EXPECT(scope_run(&manager, &body, on_told, &again->next, NULL), 0, "TODO(1)");
    again->next.may_come = true;
}

START_TEST(cb_may_begin_the_next_one)
{
    struct again again = {single_named("A", "body"), .next = {.who = "told of the next one"}};
    struct single *s = &again.single;
    const struct manager manager = manager_of(&s->actor);
    const struct body body = body_of(&s->body);

    s->body.step.err = -EIO;
    EXPECT(scope_run(&manager, &body, on_left_again, &again, NULL), 0, "TODO(1)");
    s->told.may_come = true;
    run_loop();
    expect_trace_in_order("0.000  A.enter: begins\n"
                          "0.100  A.enter: ends\n"
                          "0.100  body: begins\n"
                          "0.300  body: ends with -EIO\n"
                          "0.300  A.exit: is told -EIO\n"
                          "0.400  A.exit: ends\n"
                          "0.400  told: -EIO\n"
                          "0.400  A.enter: begins\n"
                          "0.500  A.enter: ends\n"
                          "0.500  body: begins\n"
                          "0.700  body: ends\n"
                          "0.700  A.exit: is told 0\n"
                          "0.800  A.exit: ends\n"
                          "0.800  told of the next one: 0\n");
    single_free(s);
}
END_TEST

/* Without memory for a scope nothing is entered. */
static inline void scope_without_memory(void *unused)
{
    struct single s = single_named("A", "body");
    const struct manager manager = manager_of(&s.actor);
    const struct body body = body_of(&s.body);
    s.scope = (struct scope *)&s; /* to be made NULL */
    const int err = scope_run(&manager, &body, on_told, &s.told, &s.scope);

    (void)unused;
    s.told.may_come = err == 0;
    s.told.quiet = true;
    if (err != 0 && (err != -ENOMEM || s.actor.enter.begun > 0 || s.scope != NULL))
        fail_test("no memory for a scope\nexpected  scope_run() returns -ENOMEM, without a handle, "
                  "and nothing is begun\ngot       it returns %s%s%s",
                  result_text(err), s.actor.enter.begun > 0 ? ", and enter is begun" : "",
                  s.scope != NULL ? ", and there is a handle" : "");
    run_loop();
    if (err == 0)
        expect_told(&s.told, 0, "a scope where no memory is missing");
    single_free(&s);
}

START_TEST(no_memory_for_a_scope)
{
    each_allocation_fails(scope_without_memory, NULL);
}
END_TEST

/* ---- exit runs once ---- */

START_TEST(a_body_that_fails)
{
    struct plan plan = plan_of(NESTED);

    plan.body.step.err = -EIO;
    expect_play(&plan, "0.000  A.enter: begins\n"
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
}
END_TEST

START_TEST(a_body_that_is_cancelled)
{
    struct plan plan = plan_of(NESTED);

    plan.request_ms[0] = 250;
    expect_play(&plan, "0.000  A.enter: begins\n"
                       "0.100  A.enter: ends\n"
                       "0.100  B.enter: begins\n"
                       "0.200  B.enter: ends\n"
                       "0.200  body: begins\n"
                       "0.250  cancelled\n"
                       "0.250  body: is asked to end\n"
                       "0.260  body: ends with -ECANCELED\n"
                       "0.260  B.exit: is told -ECANCELED\n"
                       "0.360  B.exit: ends\n"
                       "0.360  A.exit: is told -ECANCELED\n"
                       "0.460  A.exit: ends\n"
                       "0.460  told: -ECANCELED\n");
}
END_TEST

/* As a timeout does it. */
START_TEST(a_body_that_is_interrupted)
{
    struct plan plan = plan_of(NESTED);

    plan.request_ms[0] = 250;
    plan.interrupt = true;
    expect_play(&plan, "0.000  A.enter: begins\n"
                       "0.100  A.enter: ends\n"
                       "0.100  B.enter: begins\n"
                       "0.200  B.enter: ends\n"
                       "0.200  body: begins\n"
                       "0.250  interrupted\n"
                       "0.250  body: is asked to end\n"
                       "0.260  body: ends with -ECANCELED\n"
                       "0.260  B.exit: is told -ECANCELED\n"
                       "0.360  B.exit: ends\n"
                       "0.360  A.exit: is told -ECANCELED\n"
                       "0.460  A.exit: ends\n"
                       "0.460  told: -ECANCELED\n");
}
END_TEST

static inline struct plan stubborn_plan_of(enum form form)
{
    struct plan plan = plan_of(form);

    plan.a.enter.stubborn = plan.b.enter.stubborn = plan.body.step.stubborn = true;
    return plan;
}

START_TEST(however_it_ends_it_is_exited_once)
{
    static const struct ways ways = {{GOES_WELL, GOES_WELL, BODIES, GOES_WELL, GOES_WELL},
                                     {1, 1, 4, 1, 1}};
    static const int requests[] = {0, 50, 150, 250};

    for (int k = 0; k < 4; k++)
        for (int interrupt = 0; interrupt < 2; interrupt++)
            for (int stubborn = 0; stubborn < 2; stubborn++) {
                struct plan plan = stubborn ? stubborn_plan_of(NESTED) : plan_of(NESTED);
                plan.request_ms[0] = requests[k];
                plan.interrupt = interrupt;
                run_plays(plan, &ways);
            }
}
END_TEST

/* Neither knows of the other: one is cancelled, the other one fails. */
START_TEST(two_scopes_at_once)
{
    struct single a = single_named("A", "a"), b = single_named("B", "b");

    a.told.who = "told of A";
    b.told.who = "told of B";
    b.actor.enter.ms = 150;
    b.body.step.err = -EIO;
    single_run(&a, 0);
    single_run(&b, 0);
    run_loop_for(200);
    if (scope_cancelled(a.scope) || scope_cancelled(b.scope))
        fail_test(
            "scope_cancelled() before anybody has cancelled\nexpected  false\ngot       true");
    scope_cancel(a.scope);
    if (!scope_cancelled(a.scope) || scope_cancelled(b.scope))
        fail_test("scope_cancelled() after scope_cancel() of one of two scopes\n"
                  "expected  true of that one alone\ngot       %s",
                  scope_cancelled(a.scope) ? "true of both" : "false of it");
    run_loop();
    expect_trace_in_order("0.000  A.enter: begins\n"
                          "0.000  B.enter: begins\n"
                          "0.100  A.enter: ends\n"
                          "0.100  a: begins\n"
                          "0.150  B.enter: ends\n"
                          "0.150  b: begins\n"
                          "0.200  a: is asked to end\n"
                          "0.210  a: ends with -ECANCELED\n"
                          "0.210  A.exit: is told -ECANCELED\n"
                          "0.310  A.exit: ends\n"
                          "0.310  told of A: -ECANCELED\n"
                          "0.350  b: ends with -EIO\n"
                          "0.350  B.exit: is told -EIO\n"
                          "0.450  B.exit: ends\n"
                          "0.450  told of B: -EIO\n");
    single_free(&a);
    single_free(&b);
}
END_TEST

/* During enter, body, exit: from then on, and not before. An interruption is none; it is one also
 * if nobody can be asked. */
START_TEST(it_is_known_whether_somebody_has_cancelled)
{
    static const char *const steps[] = {"enter", "the body", "exit"};

    for (int k = 0; k < 9; k++) {
        struct single s = single_named("A", "body");
        struct manager manager = manager_of(&s.actor);
        struct body body = body_of(&s.body);

        s.actor.enter.stubborn = s.body.step.stubborn = true;
        s.told.quiet = true;
        if (k >= 6) {
            manager.cancel = NULL;
            body.cancel = NULL;
        }
        EXPECT(scope_run(&manager, &body, on_told, &s.told, &s.scope), 0, "TODO(1)");
        s.told.may_come = true;
        run_loop_for(50 + k % 3 * 150);
        if (scope_cancelled(s.scope))
            fail_test("scope_cancelled() before anybody has cancelled\nexpected  false\n"
                      "got       true");
        if (k < 3)
            scope_cancel(s.scope);
        else if (scope_interrupt(s.scope) != (k % 3 < 2))
            fail_test("scope_interrupt() during %s%s\nexpected  returns %s", steps[k % 3],
                      k >= 6 && k < 8 ? ", which has no cancel()" : "",
                      k % 3 < 2 ? "true" : "false");
        if (scope_cancelled(s.scope) != (k < 3))
            fail_test("scope_cancelled() after %s during %s\nexpected  %s",
                      k < 3 ? "scope_cancel()" : "scope_interrupt()", steps[k % 3],
                      k < 3 ? "true" : "false");
        run_loop();
        single_free(&s);
    }
}
END_TEST

/* Without a cancel() there is nobody to ask: the step is awaited. */
START_TEST(who_cannot_be_asked_is_awaited)
{
    for (int ms = 50; ms <= 150; ms += 100) {
        struct single s = single_named("A", "body");
        struct manager manager = manager_of(&s.actor);
        struct body body = body_of(&s.body);

        manager.cancel = NULL;
        body.cancel = NULL;
        s.told.quiet = true;
        EXPECT(scope_run(&manager, &body, on_told, &s.told, &s.scope), 0, "TODO(1)");
        s.told.may_come = true;
        run_loop_for(ms);
        scope_cancel(s.scope);
        run_loop();
        expect_told(&s.told, ms == 50 ? -ECANCELED : 0,
                    ms == 50 ? "cancelled during an enter that has no cancel()"
                             : "cancelled during a body that has no cancel()");
        single_free(&s);
    }
    expect_trace_in_order("0.000  A.enter: begins\n"
                          "0.100  A.enter: ends\n"
                          "0.100  A.exit: is told -ECANCELED\n"
                          "0.200  A.exit: ends\n"
                          "0.200  A.enter: begins\n"
                          "0.300  A.enter: ends\n"
                          "0.300  body: begins\n"
                          "0.500  body: ends\n"
                          "0.500  A.exit: is told 0\n"
                          "0.600  A.exit: ends\n");
}
END_TEST

START_TEST(freed_when_the_loop_does_not_run)
{
    for (int ms = 0; ms < 600; ms += 50) {
        struct plan plan = plan_of(NESTED);
        struct play play;

        play_start(&play, &plan);
        run_loop_for(ms);
        play_free(&play);
    }
    scope_free(NULL);
}
END_TEST

#endif
