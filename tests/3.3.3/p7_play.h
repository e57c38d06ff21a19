/* p7_play.h: one manager inside another, in three forms, and what must come of it
 *
 * A and B are entered, the body runs, B and A are exited: as a scope in the body of another; on a
 * stack; on a stack that is a scope's manager. The model goes through the same without waiting, and
 * notes the timeline: A.enter takes from 0 to 100 ms, B.enter to 200, the body to 400, B.exit to
 * 500, A.exit to 600.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P7_PLAY_H
#define P7_PLAY_H

#include <stdarg.h>
#include <stdio.h>

#include "p7_stage.h"

enum form { NESTED, STACK, STACK_SCOPE };
enum { REQUESTS = 2 };

/* The first line of its timeline. */
static const char *const FORMS[] = {"A's body is B's scope", "A and B on a stack",
                                    "A and B on a stack that is a scope's manager"};

struct plan {
    enum form form;
    struct actor a, b;
    struct worker body;
    int request_ms[REQUESTS]; /* when somebody asks for the end; 0: not at all; ascending */
    bool interrupt;           /* by scope_interrupt(); not for a STACK */
};

static inline struct plan plan_of(enum form form)
{
    return (struct plan){
        .form = form, .a = actor_named("A"), .b = actor_named("B"), .body = worker_named("body")};
}

/* ---- the play ---- */

struct play {
    struct plan plan;
    struct told told;
    struct scope *scope; /* the outermost, until it is left */
    struct scope *inner;
    struct exit_stack *stack;
    struct event *requests[REQUESTS];
    done_cb cb; /* of the body of a STACK_SCOPE */
    void *arg;
};

static inline void on_play_told(int err, void *arg)
{
    struct play *play = arg;

    play->scope = NULL;
    on_told(err, &play->told);
}

/* The body of A's scope is B's. */
static inline int inner_begin(void *obj, void *value, done_cb cb, void *arg)
{
    struct play *play = obj;
    const struct manager b = manager_of(&play->plan.b);
    const struct body body = body_of(&play->plan.body);

    if (value != &play->plan.a)
        fail_test("the body of A's scope is begun with another value than A's");
    if (play->plan.a.in != play->scope)
        fail_test("A.enter was given another `in` than the scope that it is entered for");
    return scope_run(&b, &body, cb, arg, &play->inner);
}

static inline void inner_cancel(void *obj)
{
    struct play *play = obj;

    scope_cancel(play->inner);
}

/* Of a stack: what has come of A, B, the body. */
static inline void play_end(struct play *play, int err)
{
    if (play->plan.form == STACK_SCOPE) {
        play->cb(err, play->arg);
        return;
    }
    EXPECT(exit_stack_close(play->stack, err, on_play_told, play), 0, "TODO(4)");
    play->told.may_come = true;
}

static inline void on_play_body(int err, void *arg)
{
    play_end(arg, err);
}

static inline void on_play_entered(int err, void *value, void *arg)
{
    struct play *play = arg;
    const bool b = play->plan.b.enter.begun > 0;
    struct manager next = manager_of(&play->plan.b);

    if (value != (err != 0 ? NULL : b ? &play->plan.b : &play->plan.a))
        fail_test("exit_stack_enter() tells %s with another value than %s", result_text(err),
                  err != 0 ? "NULL" : "enter has told");
    if (err == 0)
        err = b ? worker_begin(&play->plan.body, value, on_play_body, play)
                : exit_stack_enter(play->stack, &next, on_play_entered, play);
    next = (struct manager){.obj = NULL}; /* it was copied */
    if (err != 0)
        play_end(play, err);
}

static inline int play_begin(void *obj, void *value, done_cb cb, void *arg)
{
    struct play *play = obj;
    const struct manager a = manager_of(&play->plan.a);

    if (value != play->stack)
        fail_test("the body of the stack's scope is begun with another value than the stack");
    play->cb = cb;
    play->arg = arg;
    return exit_stack_enter(play->stack, &a, on_play_entered, play);
}

static inline void play_cancel(void *obj)
{
    struct play *play = obj;

    if (play->plan.body.step.under_way)
        step_ask(&play->plan.body.step);
    else
        exit_stack_cancel(play->stack);
}

static inline void on_play_request(evutil_socket_t fd, short what, void *arg)
{
    struct play *play = arg;

    (void)fd;
    (void)what;
    trace(play->plan.interrupt ? "interrupted" : "cancelled");
    if (play->plan.form == STACK)
        play_cancel(play);
    else if (play->scope != NULL && play->plan.interrupt)
        (void)scope_interrupt(play->scope);
    else if (play->scope != NULL)
        scope_cancel(play->scope);
}

static inline void play_start(struct play *play, const struct plan *plan)
{
    *play = (struct play){.plan = *plan};
    plan = &play->plan;
    trace("%s", FORMS[plan->form]);
    for (int k = 0; k < REQUESTS && plan->request_ms[k] > 0; k++) {
        const struct timeval delay = {.tv_usec = plan->request_ms[k] * 1000};

        play->requests[k] = evtimer_new(test_base(), on_play_request, play);
        ck_assert_ptr_nonnull(play->requests[k]);
        ck_assert_int_eq(event_add(play->requests[k], &delay), 0);
    }
    if (plan->form != NESTED) {
        play->stack = exit_stack_new(test_base());
        expect_made(play->stack, "exit_stack_new()");
    }
    const struct manager a = manager_of(&play->plan.a);
    const struct body nested = {inner_begin, inner_cancel, play};
    const struct body body = {play_begin, play_cancel, play};
    if (plan->form == NESTED) {
        EXPECT(scope_run(&a, &nested, on_play_told, play, &play->scope), plan->a.enter.refuses,
               "TODO(1)");
    } else if (plan->form == STACK_SCOPE) {
        const struct manager stack = exit_stack_manager(play->stack);
        EXPECT(scope_run(&stack, &body, on_play_told, play, &play->scope), 0, "TODO(1)");
    } else {
        const int err = exit_stack_enter(play->stack, &a, on_play_entered, play);
        expect_result("exit_stack_enter()", err, plan->a.enter.refuses, "TODO(4)");
        if (err != 0)
            play_end(play, err);
    }
    play->told.may_come = plan->form != NESTED || plan->a.enter.refuses == 0;
}

/* Also of one that has not ended, if the loop does not run any more. */
static inline void play_free(struct play *play)
{
    if (play->scope != NULL) {
        if (play->plan.b.enter.under_way || play->plan.body.step.under_way ||
            play->plan.b.exit.under_way)
            scope_free(play->inner);
        scope_free(play->scope);
    }
    exit_stack_free(play->stack);
    actor_free(&play->plan.a);
    actor_free(&play->plan.b);
    worker_free(&play->plan.body);
    for (int k = 0; k < REQUESTS; k++)
        if (play->requests[k] != NULL)
            event_free(play->requests[k]);
}

/* Runs it, and compares the timeline, but for its first line. */
static inline void expect_play(const struct plan *plan, const char *expected)
{
    struct play play;
    char text[2304];

    snprintf(text, sizeof(text), "%d.%03d  %s\n%s", now_ms() / 1000, now_ms() % 1000,
             FORMS[plan->form], expected);
    play_start(&play, plan);
    run_loop();
    expect_trace_in_order(text);
    play_free(&play);
}

/* ---- the same without waiting ---- */

enum phase { ENTER, BODY, EXIT };

struct model {
    const struct plan *plan;
    char text[2048];
    size_t used;
    int start_ms, ms; /* virtual time; the start, and since then */
    int requests;     /* so many are past */
    bool late;        /* one came during an enter, or an exit */
    int err;
};

__attribute__((format(printf, 3, 4))) static inline void model_line(struct model *m, int ms,
                                                                    const char *format, ...)
{
    va_list args;
    const int at = m->start_ms + ms;

    m->used += (size_t)snprintf(m->text + m->used, sizeof(m->text) - m->used, "%d.%03d  ",
                                at / 1000, at % 1000);
    va_start(args, format);
    m->used += (size_t)vsnprintf(m->text + m->used, sizeof(m->text) - m->used, format, args);
    va_end(args);
    m->used += (size_t)snprintf(m->text + m->used, sizeof(m->text) - m->used, "\n");
    ck_assert_uint_lt(m->used, sizeof(m->text));
}

/* When the next request comes, if that is before `until`; otherwise -1. */
static inline int model_request(struct model *m, int until)
{
    const int ms = m->requests < REQUESTS ? m->plan->request_ms[m->requests] : 0;

    if (ms == 0 || ms >= until)
        return -1;
    m->requests++;
    model_line(m, ms, m->plan->interrupt ? "interrupted" : "cancelled");
    return ms;
}

/* Returns how it ends. */
static inline int model_step(struct model *m, const struct step *step, enum phase phase)
{
    const bool shielded = phase == EXIT && m->plan->interrupt &&
                          (step == &m->plan->a.exit || m->plan->form == STACK_SCOPE);
    int end = m->ms + step->ms, err = step->err, ms;
    bool asked = false;

    if (phase == EXIT)
        model_line(m, m->ms, "%s: is told %s", step->name, end_text(m->err));
    if (step->refuses != 0) {
        model_line(m, m->ms, "%s: returns %s at once", step->name, end_text(step->refuses));
        return step->refuses;
    }
    if (phase != EXIT)
        model_line(m, m->ms, "%s: begins", step->name);
    while ((ms = model_request(m, end)) >= 0) {
        m->late = m->late || (phase != BODY && !shielded);
        if (phase == EXIT || asked)
            continue;
        asked = true;
        model_line(m, ms, "%s: is asked to end", step->name);
        if (!step->stubborn) {
            end = ms + OBEYS_MS;
            err = -ECANCELED;
        }
    }
    m->ms = end;
    if (err == 0)
        model_line(m, m->ms, "%s: ends", step->name);
    else
        model_line(m, m->ms, "%s: ends with %s", step->name, end_text(err));
    return err;
}

static inline void model_late(struct model *m)
{
    if (m->late && m->err == 0)
        m->err = -ECANCELED;
    m->late = false;
}

/* Returns whether it was entered. */
static inline bool model_enter(struct model *m, const struct actor *actor)
{
    const int err = model_step(m, &actor->enter, ENTER);

    m->err = err;
    if (err == 0)
        model_late(m);
    m->late = false;
    return err == 0;
}

static inline void model_exit(struct model *m, const struct actor *actor)
{
    const int result = model_step(m, &actor->exit, EXIT);

    if (result <= 0)
        m->err = m->err != 0 ? m->err : result;
    else if (m->err != 0)
        m->err = 1 - result;
    if (m->plan->form != STACK_SCOPE) /* there it is the stack that is the exit under way */
        model_late(m);
}

static inline void model_play(struct model *m)
{
    const struct plan *plan = m->plan;
    const bool a = model_enter(m, &plan->a);
    const bool b = m->err == 0 && model_enter(m, &plan->b);

    if (m->err == 0)
        m->err = model_step(m, &plan->body.step, BODY);
    if (b)
        model_exit(m, &plan->b);
    if (a)
        model_exit(m, &plan->a);
    model_late(m);
    if (plan->form != NESTED || plan->a.enter.refuses == 0)
        model_line(m, m->ms, "told: %s", end_text(m->err));
    while (model_request(m, 100 * 1000) >= 0)
        continue; /* too late: without effect */
}

/* This play, and what it must be. */
static inline void run_play(const struct plan *plan)
{
    struct model m = {.plan = plan, .start_ms = now_ms()};

    model_play(&m);
    expect_play(plan, m.text);
}

#endif
