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

int call_fail(struct call *c, int code, const char *where, struct aerr *cause)
{
    /* TODO(1): c has this error, with its cause: as its first one, for which memory is there, or
     * beside those it has. TODO(4): without a cause, what was thrown into the wait that c has come
     * from is the cause. See 3.3.1 "async and await". */
    (void)c;
    (void)code;
    (void)where;
    aerr_free(cause);
    return -ENOSYS;
}

void call_ended(struct call *c, int result)
{
    /* TODO(1): c has its result, and an error if that is negative. TODO(2): its cleanups have run,
     * before the result is settled. TODO(4): an error that was thrown and returned is the error.
     * TODO(5): its group knows. See 3.3.1 "async and await". */
    (void)c;
    (void)result;
}

int call_result(const struct call *c)
{
    /* TODO(1): what came of c. */
    (void)c;
    return -ENOSYS;
}

const struct aerr *call_error(struct call *c)
{
    /* TODO(1): why c failed; somebody has asked. */
    (void)c;
    return NULL;
}

struct aerr *call_take(struct call *c)
{
    /* TODO(1): why c failed, now the caller's. */
    (void)c;
    return NULL;
}

/* ---- 2: cleanups ---- */

void call_on_exit_named(struct call *c, struct call_exit *e, int (*cleanup)(void *arg), void *arg,
                        const char *name)
{
    /* TODO(2): when c ends, cleanup(arg) will run before those that were registered earlier. See
     * 3.3.1 "Coroutines". */
    (void)c;
    (void)e;
    (void)cleanup;
    (void)arg;
    (void)name;
}

/* ---- 3: nothing is lost in silence ---- */

void call_free(struct call *c)
{
    if (c == NULL)
        return;
    if (!task_done(c->task))
        call_ended(c, -ECANCELED);
    /* TODO(3): on_unhandled has got the error that nobody has asked for, if c failed of anything
     * but a cancellation. See 3.3.1 "async and await". */
    call_release(c);
}

/* ---- 4: errors of event callbacks ---- */

bool call_throw(struct call *c, int code, const char *where)
{
    /* TODO(4): the TASK_SUSPEND that c is in has failed, and c knows of what. See 3.3.1 "Event
     * handling". */
    (void)c;
    (void)code;
    (void)where;
    return false;
}

/* ---- 5: groups ---- */

/* TODO(5): what a group has to know of its calls, of the task that waits for them, and of what has
 * gone wrong. See 3.3.1 "Task scheduling". */
struct group {
    struct calls *calls;
};

struct group *group_new(struct calls *calls)
{
    /* TODO(5): a group without calls. */
    (void)calls;
    return NULL;
}

int group_spawn_named(struct group *g, void *frame, task_fn fn, void (*release)(void *frame),
                      const char *name)
{
    /* TODO(5): a call that belongs to g is started; or the frame is released. */
    (void)g;
    (void)fn;
    (void)name;
    if (frame != NULL)
        release(frame);
    return -ENOMEM;
}

void group_fail(struct group *g, int code, const char *where, struct aerr *cause)
{
    /* TODO(5): g has this error and is stopped. */
    (void)g;
    (void)code;
    (void)where;
    aerr_free(cause);
}

bool group_wait(struct group *g, struct task *t)
{
    /* TODO(5): t is to be suspended, and will be woken; or all calls of g have ended and t->wake
     * says whether the block was cancelled. */
    (void)g;
    (void)t;
    return false;
}

const struct aerr *group_error(struct group *g)
{
    /* TODO(5): all that has failed; somebody has asked. */
    (void)g;
    return NULL;
}

struct aerr *group_take(struct group *g)
{
    /* TODO(5): all that has failed, now the caller's. */
    (void)g;
    return NULL;
}

void group_free(struct group *g)
{
    /* TODO(5): the calls of g and all that it owns are freed, what nobody has asked for was
     * reported. */
    free(g);
}

/* ---- 6: another attempt ---- */

/* TODO(6): the frame of a call that makes attempts, what it releases, how long it pauses, and its
 * coroutine. See 3.3.1 "Suspension points and resumption". */

struct call *retry_start(struct calls *calls, const struct retry *r)
{
    /* TODO(6): attempts as *r says are made, by a call of their own. */
    (void)calls;
    (void)r;
    return NULL;
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
