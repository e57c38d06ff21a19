/* calls.h: what is given of p3_exception_handling: error objects, and how a call starts and goes
 *
 * To be included by p3_exception_handling.c alone: it holds functions.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CALLS_H
#define CALLS_H

#include <stdlib.h>
#include <string.h>

#include "p3_exception_handling.h"

/* ---- errors ---- */

struct aerr *aerr_new(int code, const char *where)
{
    struct aerr *error = malloc(sizeof(*error));
    if (error != NULL)
        *error = (struct aerr){.code = code, .where = where};
    return error;
}

void aerr_append(struct aerr **list, struct aerr *more)
{
    while (*list != NULL)
        list = &(*list)->beside;
    *list = more;
}

struct aerr *aerr_drop_cancelled(struct aerr *error)
{
    struct aerr *kept = NULL;
    while (error != NULL) {
        struct aerr *next = error->beside;
        error->beside = NULL;
        if (error->code == -ECANCELED) {
            struct aerr *cause = aerr_drop_cancelled(error->cause);
            free(error);
            error = cause;
        }
        aerr_append(&kept, error);
        error = next;
    }
    return kept;
}

void aerr_free(struct aerr *error)
{
    while (error != NULL) {
        struct aerr *next = error->beside;
        aerr_free(error->cause);
        free(error);
        error = next;
    }
}

static void aerr_print_indented(const struct aerr *error, int depth, FILE *out)
{
    for (const struct aerr *e = error; e != NULL; e = e->beside) {
        const char *word = e != error ? "beside " : depth > 0 ? "because " : "";
        fprintf(out, "%*s%s%s: %s\n", 2 * depth, "", word, e->where, strerror(-e->code));
        aerr_print_indented(e->cause, depth + 1, out);
    }
}

void aerr_print(const struct aerr *error, FILE *out)
{
    aerr_print_indented(error, 0, out);
}

/* ---- all calls of one loop ---- */

static void on_unhandled_default(const struct aerr *error, void *arg)
{
    (void)arg;
    fprintf(stderr, "this error was never looked at:\n");
    aerr_print(error, stderr);
}

struct calls *calls_new(struct event_base *base, unhandled_fn on_unhandled, void *arg)
{
    struct calls *calls = malloc(sizeof(*calls));
    if (calls == NULL)
        return NULL;
    calls->sched = sched_new(base);
    calls->on_unhandled = on_unhandled != NULL ? on_unhandled : on_unhandled_default;
    calls->arg = arg;
    if (calls->sched == NULL) {
        free(calls);
        return NULL;
    }
    return calls;
}

void calls_close(struct calls *calls)
{
    sched_free(calls->sched); /* calls on_call_done() for each task that has not ended */
    calls->sched = NULL;
}

void calls_free(struct calls *calls)
{
    if (calls == NULL)
        return;
    calls_close(calls);
    free(calls);
}

/* ---- from the start of a call to its end ---- */

static void on_call_done(struct task *t)
{
    call_ended(t->frame, t->result);
}

struct call *call_start_named(struct calls *calls, void *frame, task_fn fn,
                              void (*release)(void *frame), const char *name)
{
    struct call *c = frame;
    if (c == NULL)
        return NULL;
    *c = (struct call){.calls = calls, .release = release, .result = -EINPROGRESS};
    c->spare = aerr_new(0, NULL);
    if (c->spare != NULL && calls->sched != NULL)
        c->task = task_spawn_named(calls->sched, fn, frame, name);
    if (c->task == NULL) {
        free(c->spare);
        release(frame);
        return NULL;
    }
    c->task->on_done = on_call_done;
    return c;
}

/* The last part of call_free(). */
static inline void call_release(struct call *c)
{
    void (*release)(void *frame) = c->release;
    task_free(c->task);
    aerr_free(c->error);
    free(c->spare);
    release(c);
}

#endif
