/* p3_exception_handling.c: the same contract, with arrays instead of lists, and states
 *
 * An error is made by malloc(), and the spare link is only for when that fails. A group is an array
 * of calls with a state; who has ended is looked up, not counted. A retry keeps the next pause
 * instead of the number of failures, and a judge that says what follows an attempt.
 *
 * SPDX-License-Identifier: MIT
 */
#include "p3_exception_handling.h"

#include <stdlib.h>

#include "calls.h"

/* ---- errors ---- */

/* A link for the first error is always there; for the others it may be NULL. */
static struct aerr *link_new(struct aerr **spare, bool first, int code, const char *where)
{
    struct aerr *made = aerr_new(code, where);
    if (made != NULL || !first)
        return made;
    made = *spare;
    *spare = NULL;
    made->code = code;
    made->where = where;
    return made;
}

int call_fail(struct call *c, int code, const char *where, struct aerr *cause)
{
    struct aerr *made = link_new(&c->spare, c->error == NULL, code, where);
    if (c->thrown != c->task->wake)
        c->thrown = 0;
    if (cause == NULL && c->thrown != 0)
        cause = aerr_new(c->thrown, c->thrown_where);
    c->thrown = 0;
    if (made != NULL)
        made->cause = cause;
    aerr_append(&c->error, made != NULL ? made : cause);
    return code;
}

int call_result(const struct call *c)
{
    return c->result;
}

static bool has_ended(const struct call *c)
{
    return call_result(c) != -EINPROGRESS;
}

const struct aerr *call_error(struct call *c)
{
    c->retrieved = has_ended(c) && c->error != NULL;
    return c->retrieved ? c->error : NULL;
}

struct aerr *call_take(struct call *c)
{
    struct aerr *taken = has_ended(c) ? c->error : NULL;
    if (taken != NULL)
        c->error = NULL;
    return taken;
}

bool call_throw(struct call *c, int code, const char *where)
{
    if (c->task->state != TASK_SUSPENDED)
        return false;
    c->thrown = code;
    c->thrown_where = where;
    return task_wake(c->task, code);
}

/* ---- the end of a call ---- */

void call_on_exit_named(struct call *c, struct call_exit *e, int (*cleanup)(void *arg), void *arg,
                        const char *name)
{
    e->cleanup = cleanup;
    e->arg = arg;
    e->name = name;
    e->next = c->exits;
    c->exits = e;
}

static void run_exits(struct call *c)
{
    for (struct call_exit *e; (e = c->exits) != NULL;) {
        c->exits = e->next;
        int code = e->cleanup(e->arg);
        if (code < 0)
            call_fail(c, code, e->name, NULL);
    }
}

/* What was thrown and is returned as it is needs no link of its own. */
static void fail_plainly(struct call *c, int result)
{
    bool as_thrown = c->thrown == result && c->task->wake == result;
    const char *where = as_thrown ? c->thrown_where : c->task->name;
    if (as_thrown)
        c->thrown = 0;
    call_fail(c, result, where, NULL);
}

static void group_look(struct group *g);

void call_ended(struct call *c, int result)
{
    if (result < 0 && c->error == NULL)
        fail_plainly(c, result);
    c->thrown = 0;
    run_exits(c);
    c->result = result;
    if (c->error != NULL)
        c->result = c->error->code;
    if (c->group != NULL)
        group_look(c->group);
}

/* Hands over what is left of an error that nobody has asked for; the error is consumed. */
static void report(struct calls *calls, bool retrieved, struct aerr *error)
{
    if (!retrieved)
        error = aerr_drop_cancelled(error);
    if (!retrieved && error != NULL)
        calls->on_unhandled(error, calls->arg);
    aerr_free(error);
}

void call_free(struct call *c)
{
    if (c == NULL)
        return;
    if (!task_done(c->task))
        call_ended(c, -ECANCELED);
    report(c->calls, c->retrieved, call_take(c));
    call_release(c);
}

/* ---- groups ---- */

struct group {
    struct calls *calls;
    enum { OPEN, STOPPED, FREED } state;
    struct call **members; /* owned, each of them too; in the order of their start */
    int n, room;
    bool cancelled, retrieved;
    struct task *waits;
    struct aerr *error, *spare;
};

struct group *group_new(struct calls *calls)
{
    struct group *g = calloc(1, sizeof(*g));
    struct aerr *spare = aerr_new(0, NULL);
    if (g == NULL || spare == NULL) {
        free(g);
        free(spare);
        return NULL;
    }
    g->calls = calls;
    g->spare = spare;
    return g;
}

static int make_room(struct group *g)
{
    if (g->n < g->room)
        return 0;
    int room = g->room > 0 ? 2 * g->room : 4;
    struct call **members = realloc(g->members, (size_t)room * sizeof(*members));
    if (members == NULL)
        return -ENOMEM;
    g->members = members;
    g->room = room;
    return 0;
}

int group_spawn_named(struct group *g, void *frame, task_fn fn, void (*release)(void *frame),
                      const char *name)
{
    int code = g->state != OPEN ? -ECANCELED : make_room(g);
    if (code != 0) {
        if (frame != NULL)
            release(frame);
        return code;
    }
    struct call *c = call_start_named(g->calls, frame, fn, release, name);
    if (c == NULL)
        return -ENOMEM;
    c->group = g;
    g->members[g->n++] = c;
    return 0;
}

static bool is_over(const struct group *g)
{
    for (int i = 0; i < g->n; i++)
        if (!has_ended(g->members[i]))
            return false;
    return true;
}

static void stop(struct group *g)
{
    if (g->state != OPEN)
        return;
    g->state = STOPPED;
    for (int i = 0; i < g->n; i++)
        if (!has_ended(g->members[i]))
            task_cancel(g->members[i]->task);
}

static void group_look(struct group *g)
{
    for (int i = 0; i < g->n; i++) {
        struct aerr *failed = NULL;
        if (has_ended(g->members[i]))
            failed = aerr_drop_cancelled(call_take(g->members[i]));
        if (failed == NULL)
            continue;
        aerr_append(&g->error, failed);
        g->retrieved = false;
        stop(g);
    }
    if (g->waits != NULL && g->state != FREED && is_over(g))
        task_wake(g->waits, 0);
}

void group_fail(struct group *g, int code, const char *where, struct aerr *cause)
{
    struct aerr *made =
        code != -ECANCELED ? link_new(&g->spare, g->spare != NULL, code, where) : NULL;
    if (made != NULL)
        made->cause = cause;
    else
        made = aerr_drop_cancelled(cause);
    if (made != NULL)
        g->retrieved = false;
    aerr_append(&g->error, made);
    g->cancelled = g->cancelled || code == -ECANCELED;
    stop(g);
}

bool group_wait(struct group *g, struct task *t)
{
    if (t->wake < 0)
        group_fail(g, t->wake, t->name, NULL);
    g->waits = t;
    if (!is_over(g))
        return true;
    g->waits = NULL;
    g->state = STOPPED;
    t->wake = g->cancelled ? -ECANCELED : 0;
    return false;
}

const struct aerr *group_error(struct group *g)
{
    g->retrieved = true;
    return g->error;
}

struct aerr *group_take(struct group *g)
{
    struct aerr *taken = g->error;
    g->error = NULL;
    return taken;
}

void group_free(struct group *g)
{
    if (g == NULL)
        return;
    g->state = FREED;
    for (; g->n > 0; g->n--) /* the last one is still looked at while it ends */
        call_free(g->members[g->n - 1]);
    report(g->calls, g->retrieved, group_take(g));
    free(g->spare);
    free(g->members);
    free(g);
}

/* ---- attempts ---- */

struct attempts {
    struct call call;
    struct retry plan;
    struct call *now; /* owned */
    int left;
    int pause; /* the next one, without jitter */
};

enum verdict { DONE, FAILED, AGAIN };

static enum verdict judge(struct attempts *f, bool cancelled)
{
    int code = call_result(f->now);
    if (code >= 0)
        return DONE;
    if (cancelled || code == -ECANCELED || --f->left == 0)
        return FAILED;
    if (f->plan.retryable != NULL && !f->plan.retryable(code, f->plan.arg))
        return FAILED;
    return AGAIN;
}

static int next_pause(struct attempts *f)
{
    const int most = f->plan.max_ms;
    int plain = f->pause < most ? f->pause : most;
    int extra = f->plan.jitter != NULL ? f->plan.jitter(plain, f->plan.arg) : 0;

    f->pause = plain > most / 2 ? most : 2 * plain;
    if (extra > most - plain)
        return most;
    return plain + extra > 0 ? plain + extra : 0;
}

static void make_attempts(struct task *t)
{
    struct attempts *f = t->frame;
    enum verdict verdict;

    TASK_BEGIN(t);
    if (f->left < 1)
        TASK_RETURN(t, call_fail(&f->call, -EINVAL, "retry", NULL));
    do {
        f->now = f->plan.attempt(f->plan.arg);
        if (f->now == NULL)
            TASK_RETURN(t, call_fail(&f->call, -ENOMEM, "retry", NULL));
        TASK_AWAIT(t, f->now->task);
        verdict = judge(f, t->wake != 0);
        if (verdict == DONE)
            TASK_RETURN(t, call_result(f->now));
        if (verdict == FAILED)
            TASK_RETURN(t, call_fail(&f->call, call_result(f->now), "retry", call_take(f->now)));
        aerr_free(call_take(f->now));
        call_free(f->now);
        f->now = NULL;
        TASK_SLEEP(t, next_pause(f));
    } while (t->wake == 0);
    TASK_RETURN(t, t->wake);
    TASK_END(t);
}

static void attempts_release(void *frame)
{
    call_free(((struct attempts *)frame)->now);
    free(frame);
}

struct call *retry_start(struct calls *calls, const struct retry *r)
{
    struct attempts *f = calloc(1, sizeof(*f));
    if (f != NULL) {
        f->plan = *r;
        f->left = r->attempts;
        f->pause = r->base_ms;
    }
    return call_start(calls, f, make_attempts, attempts_release);
}
