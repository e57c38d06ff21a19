/* p7_stage.h: managers and bodies of the test, for check_p7_context_manager.c
 *
 * Each step takes its time, notes in the timeline when it is begun and when it has ended, and fails
 * the test if it is begun when it must not be. All state is the test's own.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P7_STAGE_H
#define P7_STAGE_H

#include <errno.h>
#include <string.h>

#include "p7_context_manager.h"
#include "result_text.h"
#include "suite.h"

enum { OBEYS_MS = 10 };

/* What an exit tells; valid until the eighth call from now. */
static inline const char *end_text(int result)
{
    static char texts[8][40];
    static int next;
    char *text = texts[next++ % 8];

    if (result <= 0)
        return result_text(result);
    if (result == SCOPE_SUPPRESS)
        return "SCOPE_SUPPRESS";
    snprintf(text, sizeof(texts[0]), "SCOPE_INSTEAD(%s)", result_text(1 - result));
    return text;
}

/* `call` is the text of a call, of which the name is shown. */
static inline void expect_result(const char *call, int got, int expected, const char *todo)
{
    const int name = (int)strcspn(call, "(");

    if (got == expected)
        return;
    if (got == -ENOSYS)
        fail_test("%.*s()\nexpected  returns %s\ngot       returns -ENOSYS: is it written yet? %s",
                  name, call, result_text(expected), todo);
    fail_test("%.*s()\nexpected  returns %s\ngot       returns %s", name, call,
              result_text(expected), result_text(got));
}

/* `got` is what scope_run() of something has returned. */
static inline void expect_run(int got, int expected, const char *what, const char *todo)
{
    if (got != expected)
        fail_test("scope_run() of %s\nexpected  returns %s\ngot       returns %s%s%s", what,
                  result_text(expected), result_text(got),
                  got == -ENOSYS ? ": is it written yet? " : "", got == -ENOSYS ? todo : "");
}

#define EXPECT(call, expected, todo) expect_result(#call, (call), (expected), (todo))

static inline void expect_made(const void *object, const char *call)
{
    if (object == NULL)
        fail_test("%s returned NULL", call);
}

/* ---- whom to tell in the end ---- */

struct told {
    int calls;
    int err;
    bool may_come;   /* the call that began it all has returned 0 */
    bool quiet;      /* not noted in the timeline */
    const char *who; /* "told" */
};

static inline void on_told(int err, void *arg)
{
    struct told *told = arg;
    const char *who = told->who != NULL ? told->who : "told";

    if (!told->may_come)
        fail_test("cb was called before the call that began it all has returned 0\n"
                  "expected  the loop calls it, later");
    told->calls++;
    told->err = err;
    if (!told->quiet) /* a second one is seen in the timeline, with what has led to it */
        trace(told->calls == 1 ? "%s: %s" : "%s once more: %s", who, end_text(err));
}

static inline void expect_told(const struct told *told, int err, const char *what)
{
    if (told->calls != 1)
        fail_test("%s\nexpected  cb(%s), once\ngot       %d calls", what, result_text(err),
                  told->calls);
    if (told->err != err)
        fail_test("%s\nexpected  cb(%s)\ngot       cb(%s)", what, result_text(err),
                  end_text(told->err));
}

/* One that frees something. */
struct last {
    struct told told; /* first */
    void (*free)(void *object);
    void *object;
};

static inline void on_last_told(int err, void *arg)
{
    struct last *last = arg;

    last->free(last->object);
    on_told(err, &last->told);
}

/* ---- a step ---- */

struct step {
    char name[16];
    int ms;        /* it takes so long */
    int err;       /* how it ends */
    int refuses;   /* not 0: the call returns this, and nobody will call back */
    bool stubborn; /* asked to end, it ends as it would have; otherwise soon, */
    int asked_err; /* with this; 0: with -ECANCELED */
    int begun, asks;
    bool under_way, asked;
    struct event *event; /* calls on_step_over() */
    void (*ended)(struct step *step);
};

static inline void on_step_over(evutil_socket_t fd, short what, void *arg)
{
    struct step *step = arg;

    (void)fd;
    (void)what;
    step->under_way = false;
    if (step->err == 0)
        trace("%s: ends", step->name);
    else
        trace("%s: ends with %s", step->name, end_text(step->err));
    step->ended(step);
}

static inline int step_begin(struct step *step, void (*ended)(struct step *step))
{
    const struct timeval delay = {.tv_sec = step->ms / 1000, .tv_usec = step->ms % 1000 * 1000};

    if (step->under_way)
        fail_test("\"%s\" is begun once more, while it is under way", step->name);
    if (step->refuses != 0) {
        trace("%s: returns %s at once", step->name, end_text(step->refuses));
        return step->refuses;
    }
    if (step->event == NULL)
        step->event = evtimer_new(test_base(), on_step_over, step);
    ck_assert_ptr_nonnull(step->event);
    step->begun++;
    step->under_way = true;
    step->asked = false;
    step->ended = ended;
    ck_assert_int_eq(event_add(step->event, &delay), 0);
    return 0;
}

static inline void step_ask(struct step *step)
{
    const struct timeval soon = {.tv_usec = OBEYS_MS * 1000};

    if (!step->under_way)
        fail_test("\"%s\" is asked to end\nexpected  who is asked is under way", step->name);
    step->asks++;
    if (step->asked)
        return;
    step->asked = true;
    trace("%s: is asked to end", step->name);
    if (step->stubborn)
        return;
    step->err = step->asked_err != 0 ? step->asked_err : -ECANCELED;
    ck_assert_int_eq(event_add(step->event, &soon), 0);
}

/* The loop has ended: nothing may be under way. */
static inline void step_free(struct step *step)
{
    if (step->event != NULL)
        event_free(step->event);
}

/* ---- a manager ---- */

struct actor {
    struct step enter, exit; /* first: see the two functions below */
    bool inside;             /* entered, and its exit was not begun */
    enter_cb entered;
    done_cb exited;
    void *arg;
    struct scope *in;
};

static inline void on_actor_entered(struct step *step)
{
    struct actor *actor = (struct actor *)step;

    actor->inside = step->err == 0;
    actor->entered(step->err, step->err == 0 ? actor : NULL, actor->arg);
}

static inline int actor_enter(void *obj, struct scope *in, enter_cb cb, void *arg)
{
    struct actor *actor = obj;

    if (actor->inside || actor->exit.under_way)
        fail_test("\"%s\" is begun, but that one was not exited yet", actor->enter.name);
    actor->in = in;
    actor->entered = cb;
    actor->arg = arg;
    const int err = step_begin(&actor->enter, on_actor_entered);
    if (err == 0)
        trace("%s: begins", actor->enter.name);
    return err;
}

static inline void on_actor_exited(struct step *step)
{
    struct actor *actor = (struct actor *)((char *)step - offsetof(struct actor, exit));

    actor->exited(step->err, actor->arg);
}

static inline int actor_exit(void *obj, int err, done_cb cb, void *arg)
{
    struct actor *actor = obj;

    trace("%s: is told %s", actor->exit.name, end_text(err));
    if (!actor->inside)
        fail_test(
            "\"%s\" is begun, told %s\nexpected  it is begun if and only if enter has told 0, "
            "and once\ngot       %s",
            actor->exit.name, end_text(err),
            actor->exit.begun > 0    ? "it was begun before"
            : actor->enter.under_way ? "enter is still under way"
            : actor->enter.begun > 0 ? "enter has failed"
                                     : "it was never entered");
    actor->inside = false;
    actor->exited = cb;
    actor->arg = arg;
    return step_begin(&actor->exit, on_actor_exited);
}

static inline void actor_cancel(void *obj)
{
    struct actor *actor = obj;

    if (actor->exit.under_way)
        fail_test("a manager's cancel() is called while \"%s\" is under way\n"
                  "expected  an exit is never asked to end",
                  actor->exit.name);
    step_ask(&actor->enter);
}

static inline struct manager manager_of(struct actor *actor)
{
    return (struct manager){actor_enter, actor_exit, actor_cancel, actor};
}

static inline struct actor actor_named(const char *name)
{
    struct actor actor = {.enter = {.ms = 100}, .exit = {.ms = 100}};

    snprintf(actor.enter.name, sizeof(actor.enter.name), "%s.enter", name);
    snprintf(actor.exit.name, sizeof(actor.exit.name), "%s.exit", name);
    return actor;
}

static inline void actor_free(struct actor *actor)
{
    step_free(&actor->enter);
    step_free(&actor->exit);
}

/* ---- a body ---- */

struct worker {
    struct step step; /* first */
    void *value;      /* it expects this one; NULL: any */
    done_cb cb;
    void *arg;
};

static inline void on_worker_ended(struct step *step)
{
    struct worker *worker = (struct worker *)step;

    worker->cb(step->err, worker->arg);
}

static inline int worker_begin(void *obj, void *value, done_cb cb, void *arg)
{
    struct worker *worker = obj;

    if (worker->value != NULL && value != worker->value)
        fail_test("\"%s\" is begun with another value than the one that enter has told",
                  worker->step.name);
    worker->cb = cb;
    worker->arg = arg;
    const int err = step_begin(&worker->step, on_worker_ended);
    if (err == 0)
        trace("%s: begins", worker->step.name);
    return err;
}

static inline void worker_cancel(void *obj)
{
    struct worker *worker = obj;

    step_ask(&worker->step);
}

static inline struct body body_of(struct worker *worker)
{
    return (struct body){worker_begin, worker_cancel, worker};
}

/* ---- what scope_run() has been given, when it has returned ---- */

static inline int not_copied_exit(void *obj, int err, done_cb cb, void *arg)
{
    (void)obj;
    (void)err;
    (void)cb;
    (void)arg;
    fail_test("scope_run() keeps the pointer `manager`\nexpected  the manager is copied: it is "
              "another one when scope_run() has returned");
    return 0;
}

static inline int not_copied_begin(void *obj, void *value, done_cb cb, void *arg)
{
    (void)obj;
    (void)value;
    (void)cb;
    (void)arg;
    fail_test(
        "scope_run() keeps the pointer `body`\nexpected  the body is copied: it is another one "
        "when scope_run() has returned");
    return 0;
}

static inline void not_copied(struct manager *manager, struct body *body)
{
    *manager = (struct manager){.exit = not_copied_exit};
    *body = (struct body){.begin = not_copied_begin};
}

static inline struct worker worker_named(const char *name)
{
    struct worker worker = {.step = {.ms = 200}};

    snprintf(worker.step.name, sizeof(worker.step.name), "%s", name);
    return worker;
}

static inline void worker_free(struct worker *worker)
{
    step_free(&worker->step);
}

#endif
