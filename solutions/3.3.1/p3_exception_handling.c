/* p3_exception_handling.c: what takes the place of exceptions, where the language has none
 *
 * p3_exception_handling.h is the contract, and says what each line is in Python. calls.h has what
 * is given of it: error objects, and how a call starts and ends. coro.h is the runtime.
 *
 *   1. The frame of a call begins with its struct call: t->frame is the call.
 *   2. After each wait read t->wake, also in the functions here that are coroutines themselves.
 *   3. An error has one owner: the call, the group, the link before it, or who took it.
 *   4. A call that ends is still looked at by its owner; only call_free() makes it go away.
 *
 * main() shows a group, attempts and an error that nobody looks at, beside asyncio's lines.
 *
 * SPDX-License-Identifier: MIT
 */
#include "p3_exception_handling.h"

#include <stdint.h>
#include <stdlib.h>

#include "calls.h"
#include "p3_demo.h"

/* ---- 1: errors travel ---- */

/* Puts an error behind those in *list, the first one into *spare. */
static void add_error(struct aerr **list, struct aerr **spare, int code, const char *where,
                      struct aerr *cause)
{
    struct aerr *error = *spare != NULL ? *spare : aerr_new(code, where);
    *spare = NULL;
    if (error != NULL)
        *error = (struct aerr){.code = code, .where = where, .cause = cause};
    aerr_append(list, error != NULL ? error : cause);
}

/* Whether the wait that c has come from was ended by call_throw(). */
static bool was_thrown(const struct call *c)
{
    return c->thrown != 0 && c->task->wake == c->thrown;
}

int call_fail(struct call *c, int code, const char *where, struct aerr *cause)
{
    if (cause == NULL && was_thrown(c))
        cause = aerr_new(c->thrown, c->thrown_where);
    c->thrown = 0;
    add_error(&c->error, &c->spare, code, where, cause);
    return code;
}

static void group_call_ended(struct group *g, struct call *c);

void call_ended(struct call *c, int result)
{
    if (result < 0 && c->error == NULL) {
        const char *where = c->task->name;
        if (was_thrown(c) && c->thrown == result) {
            where = c->thrown_where;
            c->thrown = 0; /* it is the error, and not its cause */
        }
        (void)call_fail(c, result, where, NULL);
    }
    c->thrown = 0; /* a cleanup that fails does not do so because of it */
    while (c->exits != NULL) {
        struct call_exit *e = c->exits;
        c->exits = e->next; /* first, so that nothing can run it again */
        int code = e->cleanup(e->arg);
        if (code < 0)
            (void)call_fail(c, code, e->name, NULL);
    }
    c->result = c->error != NULL ? c->error->code : result;
    if (c->group != NULL)
        group_call_ended(c->group, c); /* takes the error, so this comes last */
}

int call_result(const struct call *c)
{
    return c->result;
}

static bool has_ended(const struct call *c)
{
    return c->result != -EINPROGRESS;
}

const struct aerr *call_error(struct call *c)
{
    if (!has_ended(c))
        return NULL; /* whoever asks is told nothing, so nobody has asked */
    c->retrieved = true;
    return c->error;
}

struct aerr *call_take(struct call *c)
{
    if (!has_ended(c))
        return NULL;
    struct aerr *error = c->error;
    c->error = NULL;
    return error;
}

/* ---- 2: cleanups ---- */

void call_on_exit_named(struct call *c, struct call_exit *e, int (*cleanup)(void *arg), void *arg,
                        const char *name)
{
    *e = (struct call_exit){cleanup, arg, name, c->exits};
    c->exits = e;
}

/* ---- 3: nothing is lost in silence ---- */

static void report(struct calls *calls, struct aerr **error)
{
    *error = aerr_drop_cancelled(*error);
    if (*error != NULL)
        calls->on_unhandled(*error, calls->arg);
}

void call_free(struct call *c)
{
    if (c == NULL)
        return;
    if (!task_done(c->task))
        call_ended(c, -ECANCELED);
    if (!c->retrieved)
        report(c->calls, &c->error);
    call_release(c);
}

/* ---- 4: errors of event callbacks ---- */

bool call_throw(struct call *c, int code, const char *where)
{
    if (!task_wake(c->task, code))
        return false;
    c->thrown = code;
    c->thrown_where = where;
    return true;
}

/* ---- 5: groups ---- */

struct group {
    struct calls *calls;
    struct call *first, **end;  /* all its calls, in the order of their start, and where to add */
    int running;                /* so many have not ended */
    struct task *parent;        /* in GROUP_WAIT; NULL if nobody is */
    struct aerr *error, *spare; /* owned, as in struct call */
    bool retrieved;
    bool stopped;   /* nothing new starts */
    bool cancelled; /* the block was, not only its calls */
};

struct group *group_new(struct calls *calls)
{
    struct group *g = calloc(1, sizeof(*g));
    if (g == NULL)
        return NULL;
    g->spare = aerr_new(0, NULL);
    if (g->spare == NULL) {
        free(g);
        return NULL;
    }
    g->calls = calls;
    g->end = &g->first;
    return g;
}

int group_spawn_named(struct group *g, void *frame, task_fn fn, void (*release)(void *frame),
                      const char *name)
{
    if (g->stopped) {
        if (frame != NULL)
            release(frame);
        return -ECANCELED;
    }
    struct call *c = call_start_named(g->calls, frame, fn, release, name);
    if (c == NULL)
        return -ENOMEM;
    c->group = g;
    *g->end = c;
    g->end = &c->next;
    g->running++;
    return 0;
}

/* Once: a call that is cleaning up would take a second request for a new one. */
static void group_stop(struct group *g)
{
    if (g->stopped)
        return;
    g->stopped = true;
    for (struct call *c = g->first; c != NULL; c = c->next)
        task_cancel(c->task);
}

static void group_add_errors(struct group *g, struct aerr *errors)
{
    if (errors == NULL)
        return;
    aerr_append(&g->error, errors);
    g->retrieved = false;
    group_stop(g);
}

static void group_call_ended(struct group *g, struct call *c)
{
    group_add_errors(g, aerr_drop_cancelled(call_take(c)));
    if (--g->running == 0 && g->parent != NULL)
        (void)task_wake(g->parent, 0); /* not asleep: it was cancelled, and looks again anyway */
}

void group_fail(struct group *g, int code, const char *where, struct aerr *cause)
{
    struct aerr *error = NULL;
    add_error(&error, &g->spare, code, where, cause);
    if (code == -ECANCELED)
        g->cancelled = true;
    group_add_errors(g, aerr_drop_cancelled(error));
    group_stop(g); /* also if nothing was left of the error */
}

bool group_wait(struct group *g, struct task *t)
{
    if (t->wake != 0)
        group_fail(g, t->wake, t->name, NULL);
    g->parent = g->running > 0 ? t : NULL;
    if (g->parent != NULL)
        return true;
    g->stopped = true;
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
    struct aerr *error = g->error;
    g->error = NULL;
    return error;
}

void group_free(struct group *g)
{
    if (g == NULL)
        return;
    g->stopped = true;
    g->parent = NULL; /* its task may be gone already: the group is freed with the parent's frame */
    for (struct call *c; (c = g->first) != NULL;) {
        g->first = c->next;
        call_free(c);
    }
    if (!g->retrieved)
        report(g->calls, &g->error);
    aerr_free(g->error);
    free(g->spare);
    free(g);
}

/* ---- 6: another attempt ---- */

struct retrying {
    struct call call;
    struct retry how;
    struct call *attempt; /* owned; the one that runs, or was the last */
    int k;                /* failures so far */
};

static void retrying_release(void *frame)
{
    struct retrying *f = frame;
    call_free(f->attempt);
    free(f);
}

static int pause_ms(const struct retry *how, int k)
{
    int64_t ms = how->base_ms;
    for (int i = 0; i < k && ms > 0 && ms < how->max_ms; i++)
        ms *= 2;
    if (ms > how->max_ms)
        ms = how->max_ms;
    if (how->jitter != NULL)
        ms += how->jitter((int)ms, how->arg);
    if (ms > how->max_ms)
        ms = how->max_ms;
    return ms > 0 ? (int)ms : 0;
}

static bool is_worth_another(const struct retrying *f, int code)
{
    return code != -ECANCELED && f->k + 1 < f->how.attempts &&
           (f->how.retryable == NULL || f->how.retryable(code, f->how.arg));
}

static void retry(struct task *t)
{
    struct retrying *f = t->frame;
    int code;

    TASK_BEGIN(t);
    if (f->how.attempts < 1)
        TASK_RETURN(t, call_fail(&f->call, -EINVAL, "retry", NULL));
    for (;; f->k++) {
        f->attempt = f->how.attempt(f->how.arg);
        if (f->attempt == NULL)
            TASK_RETURN(t, call_fail(&f->call, -ENOMEM, "retry", NULL));
        TASK_AWAIT(t, f->attempt->task);
        code = call_result(f->attempt);
        if (code >= 0)
            TASK_RETURN(t, code);
        if (t->wake != 0 || !is_worth_another(f, code)) /* cancelled, or enough */
            TASK_RETURN(t, call_fail(&f->call, code, "retry", call_take(f->attempt)));
        (void)call_error(f->attempt); /* looked at: the answer is the next attempt */
        call_free(f->attempt);
        f->attempt = NULL;
        TASK_SLEEP(t, pause_ms(&f->how, f->k));
        if (t->wake != 0)
            TASK_RETURN(t, t->wake);
    }
    TASK_END(t);
}

struct call *retry_start(struct calls *calls, const struct retry *r)
{
    struct retrying *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return NULL;
    f->how = *r;
    return call_start(calls, f, retry, retrying_release);
}

/* ---- given: a program that runs the calls of p3_demo.h ---- */

static void on_unhandled(const struct aerr *error, void *arg)
{
    (void)arg;
    printf("nobody asked why this one failed:\n");
    aerr_print(error, stdout);
}

/* Whether the two are there; if not, says what is to be written. */
static bool is_written(const struct call *alone, const struct call *shown)
{
    if (call_result(alone) == -ENOSYS)
        fprintf(stderr, "p3_exception_handling: call_result() is not written yet: "
                        "start with TODO(1)\n");
    else if (call_result(shown) == -ENOSYS)
        fprintf(stderr, "p3_exception_handling: groups are not written yet: TODO(5), "
                        "or attempts: TODO(6)\n");
    return call_result(alone) == -ENODATA && call_result(shown) == 0;
}

int main(void)
{
    int status = EXIT_FAILURE;
    struct event_base *base = event_base_new();
    struct calls *calls = base != NULL ? calls_new(base, on_unhandled, NULL) : NULL;

    if (calls != NULL) {
        struct call *shown = call_start(calls, calloc(1, sizeof(struct demo)), demo, demo_release);
        struct call *alone = call_start(calls, calloc(1, sizeof(struct load)), load, load_release);
        if (shown != NULL && alone != NULL && event_base_dispatch(base) == 1 &&
            is_written(alone, shown)) /* 1: nothing was left to wait for */
            status = EXIT_SUCCESS;
        call_free(alone);
        call_free(shown);
    }
    calls_free(calls);
    if (base != NULL)
        event_base_free(base);
    return status;
}
