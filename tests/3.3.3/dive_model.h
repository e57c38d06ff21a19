/* dive_model.h: a diver of the test, and what a dive must be, for check_18_scope_cleanup.c
 *
 * The descent takes 100 ms, the look 200, the ascent 100. The model goes through the same dive
 * without waiting, and notes the timeline that must come of it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef DIVE_MODEL_H
#define DIVE_MODEL_H

#include <stdarg.h>
#include <stdio.h>

#include "18_scope_cleanup.h"
#include "scope_steps.h"

enum { CALLS = 2, OBEYS_MS = 10, LONG_AIR_MS = 5000 };

/* A dive as the test wants it. */
struct plan {
    const char *who;                   /* begins the lines of the timeline; NULL: nothing does */
    struct step descend, look, ascend; /* err and refuses are the test's to fill in */
    int calls_ms[CALLS];               /* when dive_cancel() is called; 0: not at all; ascending */
    int air_ms;
    bool stubborn;   /* who is called back ends as he would have anyway, and when */
    bool to_the_end; /* the timeline says when the loop has no event any more */
};

static const char *plan_who(const struct plan *plan)
{
    return plan->who != NULL ? plan->who : "";
}

/* ---- the diver ---- */

struct dive_test {
    struct plan plan;
    struct dive *dive;
    struct told told;
    struct event *calls[CALLS];
    int called_back;
    const char *refused; /* when a dive_start() is called that must do nothing; else NULL */
};

static int test_descend(void *obj, done_cb cb, void *arg)
{
    struct dive_test *test = obj;

    if (test->refused != NULL)
        fail_test("dive_start()%s\nexpected  returns -EBUSY, and does nothing\n"
                  "got       begins to descend",
                  test->refused);
    return step_begin(&test->plan.descend, cb, arg);
}

static int test_look(void *obj, done_cb cb, void *arg)
{
    struct dive_test *test = obj;

    return step_begin(&test->plan.look, cb, arg);
}

static int test_ascend(void *obj, int err, done_cb cb, void *arg)
{
    struct dive_test *test = obj;

    if (test->plan.ascend.begun > 0)
        fail_test("the ascent is begun once more\nexpected  one ascent in a dive");
    trace("%sascend: is told %s", plan_who(&test->plan), result_text(err));
    return step_begin(&test->plan.ascend, cb, arg);
}

static void test_call_back(void *obj)
{
    struct dive_test *test = obj;
    struct plan *plan = &test->plan;
    struct step *step = plan->descend.under_way ? &plan->descend : &plan->look;
    const struct timeval soon = {.tv_usec = OBEYS_MS * 1000};

    if (test->called_back++ > 0)
        fail_test("call_back() is called once more\nexpected  once in a dive, however often "
                  "somebody asks");
    if (plan->ascend.under_way)
        fail_test("call_back() is called during the ascent\nexpected  the ascent is not cut short");
    if (!step->under_way)
        fail_test("call_back() is called when %s\nexpected  only during the descent or the look",
                  plan->descend.begun == 0 ? "dive_start() has returned an error"
                  : test->told.calls > 0   ? "on_left was called already"
                                           : "neither the descent nor the look is under way");
    trace("%scalled back", plan_who(plan));
    if (plan->stubborn)
        return;
    step->err = -ECANCELED;
    ck_assert_int_eq(event_add(step->event, &soon), 0);
}

static const struct dive_ops TEST_DIVER = {test_descend, test_look, test_ascend, test_call_back};

static void on_call(evutil_socket_t fd, short what, void *arg)
{
    struct dive_test *test = arg;

    (void)fd;
    (void)what;
    trace("%sdive_cancel()", plan_who(&test->plan));
    dive_cancel(test->dive);
}

/* ---- one dive of the test ---- */

static struct plan plan_of_a_good_dive(void)
{
    return (struct plan){.descend = {.name = "descend", .ms = 100},
                         .look = {.name = "look", .ms = 200},
                         .ascend = {.name = "ascend", .ms = 100, .quiet = true}};
}

/* when: " during the ascent", or "". */
static void expect_start(struct dive *d, int air_ms, done_cb on_left, void *arg, int expected,
                         const char *when)
{
    const int got = dive_start(d, air_ms, on_left, arg);

    if (got != expected)
        fail_test("dive_start()%s\nexpected  returns %s\ngot       returns %s", when,
                  result_text(expected), result_text(got));
}

/* All but dive_start(). */
static void dive_prepare(struct dive_test *test, const struct plan *plan)
{
    *test = (struct dive_test){.plan = *plan, .told.who = plan->who};
    test->dive = dive_new(test_base(), &TEST_DIVER, test);
    ck_assert_ptr_nonnull(test->dive);
    for (int k = 0; k < CALLS; k++) {
        const struct timeval delay = {.tv_usec = plan->calls_ms[k] * 1000};

        if (plan->calls_ms[k] == 0)
            continue;
        test->calls[k] = evtimer_new(test_base(), on_call, test);
        ck_assert_int_eq(event_add(test->calls[k], &delay), 0);
    }
}

static void dive_begin(struct dive_test *test, const struct plan *plan, done_cb on_left, void *arg)
{
    dive_prepare(test, plan);
    expect_start(test->dive, plan->air_ms, on_left, arg, plan->descend.refuses, "");
    test->told.may_come = plan->descend.refuses == 0;
}

static void dive_end(struct dive_test *test)
{
    dive_free(test->dive);
    steps_free(&test->plan.descend, 1);
    steps_free(&test->plan.look, 1);
    steps_free(&test->plan.ascend, 1);
    for (int k = 0; k < CALLS; k++)
        if (test->calls[k] != NULL)
            event_free(test->calls[k]);
}

/* Runs the dive of a plan, and compares the timeline. */
static void expect_dive(const struct plan *plan, const char *expected)
{
    struct dive_test test;

    dive_begin(&test, plan, on_told, &test.told);
    run_loop();
    expect_trace_in_order(expected);
    dive_end(&test);
}

/* ---- the same without waiting ---- */

struct model {
    const struct plan *plan;
    char text[2048];
    size_t used;
    int start_ms, ms; /* virtual time; the start, and since then */
    int last_ms;      /* of the last call */
    int calls;        /* of the plan's, so many are past */
    bool air_counts;
    int err; /* the first error so far */
};

static void model_line(struct model *m, int ms, const char *format, ...)
{
    va_list args;

    m->used += (size_t)snprintf(m->text + m->used, sizeof(m->text) - m->used, "%d.%03d  ",
                                (m->start_ms + ms) / 1000, (m->start_ms + ms) % 1000);
    va_start(args, format);
    m->used += (size_t)vsnprintf(m->text + m->used, sizeof(m->text) - m->used, format, args);
    va_end(args);
    m->used += (size_t)snprintf(m->text + m->used, sizeof(m->text) - m->used, "\n");
    ck_assert_uint_lt(m->used, sizeof(m->text));
}

/* When the next one wants the dive to end early, before `until`; -1: nobody. *reason: why. */
static int model_next_request(struct model *m, int until, int *reason)
{
    const struct plan *plan = m->plan;
    int call = m->calls < CALLS ? plan->calls_ms[m->calls] : 0;

    if (m->air_counts && plan->air_ms > 0 && plan->air_ms < until &&
        (call == 0 || plan->air_ms < call)) {
        m->air_counts = false;
        *reason = -ETIMEDOUT;
        return plan->air_ms;
    }
    if (call == 0 || call >= until)
        return -1;
    m->calls++;
    *reason = -ECANCELED;
    model_line(m, call, "dive_cancel()");
    m->last_ms = call;
    return call;
}

/* Returns how the step ends. */
static int model_step(struct model *m, const struct step *step)
{
    const bool ascent = step == &m->plan->ascend;
    int end = m->ms + step->ms, err = step->err, reason, ms;

    if (ascent)
        model_line(m, m->ms, "ascend: is told %s", result_text(m->err));
    if (step->refuses != 0) {
        model_line(m, m->ms, "%s: returns %s at once", step->name, result_text(step->refuses));
        return step->refuses;
    }
    if (!ascent)
        model_line(m, m->ms, "%s: begins", step->name);
    while ((ms = model_next_request(m, end, &reason)) >= 0) {
        if (m->err != 0)
            continue;
        m->err = reason;
        if (ascent)
            continue;
        model_line(m, ms, "called back");
        if (!m->plan->stubborn) {
            end = ms + OBEYS_MS;
            err = -ECANCELED;
        }
    }
    m->ms = end;
    if (err == 0)
        model_line(m, m->ms, "%s: ends", step->name);
    else
        model_line(m, m->ms, "%s: ends with %s", step->name, result_text(err));
    return err;
}

static void model_note(struct model *m, int err)
{
    if (m->err == 0)
        m->err = err;
}

static void model_steps(struct model *m)
{
    int ignored;
    int err = model_step(m, &m->plan->descend);

    if (m->plan->descend.refuses != 0) {
        while (model_next_request(m, 100 * 1000, &ignored) >= 0)
            continue;
        return;
    }
    if (err != 0) {
        model_note(m, err);
    } else {
        if (m->err == 0)
            model_note(m, model_step(m, &m->plan->look));
        m->air_counts = false;
        model_note(m, model_step(m, &m->plan->ascend));
    }
    m->air_counts = false;
    model_line(m, m->ms, "told: %s", result_text(m->err));
    while (model_next_request(m, 100 * 1000, &ignored) >= 0)
        continue; /* too late: without effect */
}

static void model_dive(struct model *m)
{
    model_steps(m);
    if (m->plan->to_the_end)
        model_line(m, m->ms > m->last_ms ? m->ms : m->last_ms, "loop: no event is left");
}

/* The dive of this plan, and what it must be. */
static void run_dive(const struct plan *plan)
{
    struct model m = {.plan = plan, .start_ms = now_ms(), .air_counts = plan->descend.refuses == 0};
    struct dive_test test;

    model_dive(&m);
    dive_begin(&test, plan, on_told, &test.told);
    run_loop();
    if (plan->to_the_end)
        trace("loop: no event is left");
    expect_trace_in_order(m.text);
    dive_end(&test);
}

/* What fails in the turn-th dive: three different errors. None of them means another thing than the
 * others, also not if a step ends with it without having been called back. */
static int error_of(int turn, int which)
{
    static const int errors[] = {EIO, ECANCELED, EPIPE, ETIMEDOUT, ENOSPC};

    return -errors[(turn + which) % 5];
}

/* Lets a step go well (0), fail later (1), or fail at once (2). */
static void step_fails(struct step *step, int how, int err)
{
    if (how == 1)
        step->err = err;
    else if (how == 2)
        step->refuses = err;
}

/* All dives without a request. */
static void run_dives_alone(void)
{
    for (int k = 0; k < 27 * 5; k++) {
        struct plan plan = plan_of_a_good_dive();

        step_fails(&plan.ascend, k % 3, error_of(k / 27, 0));
        step_fails(&plan.look, k / 3 % 3, error_of(k / 27, 1));
        step_fails(&plan.descend, k / 9 % 3, error_of(k / 27, 2));
        run_dive(&plan);
    }
}

/* All dives with these requests: descent and look go well or fail later, the ascent does in one of
 * so many ways; who is called back obeys, or is stubborn. */
static void run_dives(const int calls_ms[CALLS], int air_ms, int ways_up)
{
    for (int k = 0; k < 8 * ways_up; k++) {
        struct plan plan = plan_of_a_good_dive();

        step_fails(&plan.descend, k & 1, -EIO);
        step_fails(&plan.look, k >> 1 & 1, -ENOSPC);
        plan.stubborn = k >> 2 & 1;
        step_fails(&plan.ascend, k / 8, -EPIPE);
        plan.calls_ms[0] = calls_ms[0];
        plan.calls_ms[1] = calls_ms[1];
        plan.air_ms = air_ms;
        run_dive(&plan);
    }
}

#endif
