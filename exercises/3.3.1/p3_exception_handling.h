/* p3_exception_handling.h: what takes the place of exceptions, where the language has none
 *
 * C reports a failure by a number. A number does not say where it came from, what led to it, or
 * what else went wrong on the way, and nobody notices when it is dropped. Here you write, on
 * coro.h, the discipline that does: errors that travel from call to call with their causes,
 * cleanups that run exactly once, groups of calls of which none is left behind, attempts that are
 * repeated, and a report of each error that nobody has looked at.
 *
 *     here                             | in Python
 *     ---------------------------------+-----------------------------------------------------------
 *     call_fail(c, -EIO, "load", e)    | raise OSError(...) from e                       (PEP 3134)
 *     call_on_exit(c, ...)             | try: ... finally:      contextlib.AsyncExitStack.callback
 *     call_error(c), call_take(c)      | except OSError as e:              asyncio.Task.exception()
 *     calls_new(base, on_unhandled)    | loop.set_exception_handler()
 *     call_throw(c, -EPIPE, "on_eof")  | future.set_exception(BrokenPipeError(...))
 *     struct group, GROUP_WAIT         | async with asyncio.TaskGroup() as g:            (PEP 654)
 *     retry_start(calls, &r)           | tenacity.AsyncRetrying
 *
 * https://docs.python.org/3/library/asyncio-task.html says it for asyncio, in "Task Groups" and
 * "Task Cancellation".
 *
 * Times are in milliseconds. A code is a negative errno, but not -EINPROGRESS. -ECANCELED is no
 * failure but the answer to a request, as CancelledError is for TaskGroup: it is passed on, and
 * nobody reports it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P3_EXCEPTION_HANDLING_H
#define P3_EXCEPTION_HANDLING_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>

#include "coro.h"

/* ---- errors: given ---- */

/* An error, with all that belongs to it. One link is one allocation; who owns a link owns the links
 * that it leads to. */
struct aerr {
    int code;            /* a negative errno */
    const char *where;   /* who failed: a string literal, borrowed */
    struct aerr *cause;  /* what led to it; NULL if nothing did */
    struct aerr *beside; /* the next thing that failed as well: a cleanup, a sibling; or NULL */
};

/* A link without cause and beside; NULL without memory. */
struct aerr *aerr_new(int code, const char *where);

/* Puts `more` behind the last link that stands beside *list; *list may be NULL, and `more` too. */
void aerr_append(struct aerr **list, struct aerr *more);

/* Takes the cancellations out of an error, and returns what is left; NULL if it was nothing else.
 * What led to a cancellation and what failed beside it stays: a cleanup, most of the time. */
struct aerr *aerr_drop_cancelled(struct aerr *error);

void aerr_free(struct aerr *error); /* all its links; NULL is allowed */

/* One line for each link: "load: Input/output error", what led to it indented below it. */
void aerr_print(const struct aerr *error, FILE *out);

/* ---- all calls of one loop: given ---- */

typedef void (*unhandled_fn)(const struct aerr *error, void *arg);

struct calls {
    struct sched *sched;       /* owned; NULL once they are closed */
    unhandled_fn on_unhandled; /* gets each error that nobody has asked for; borrows it */
    void *arg;
};

/* The calls that will run on `base`. on_unhandled may be NULL: then aerr_print() tells stderr. NULL
 * without memory. */
struct calls *calls_new(struct event_base *base, unhandled_fn on_unhandled, void *arg);

/* Ends all that still runs, with -ECANCELED; bodies are not resumed, cleanups run. Nothing can be
 * started any more. Calls and groups are still their owners' to free. */
void calls_close(struct calls *calls);

/* Closes them and frees what calls_new() made. The last thing: no call and no group may be left.
 * NULL is allowed. */
void calls_free(struct calls *calls);

/* ---- a call: a coroutine that may fail ---- */

/* A cleanup that is to run: a member of the frame, filled in by call_on_exit(). */
struct call_exit {
    int (*cleanup)(void *arg); /* 0 or more, or the code of its own failure */
    void *arg;
    const char *name;       /* the cleanup's name: where it failed */
    struct call_exit *next; /* the one that was registered before it */
};

/* The first member of the frame of each such coroutine, which comes from malloc() or calloc(). Only
 * `task` is for everybody's use. */
struct call {
    struct task *task;   /* owned: TASK_AWAIT(t, c->task), task_cancel(c->task) */
    struct calls *calls; /* borrowed */
    void (*release)(void *frame);
    int result; /* -EINPROGRESS until it has ended */

    struct aerr *spare;      /* owned: memory for its first error, so that failing cannot fail */
    struct aerr *error;      /* owned: why it failed; NULL if it did not, or if it was taken */
    bool retrieved;          /* somebody has asked for the error */
    struct call_exit *exits; /* still to run, the one registered last first; borrowed */
    int thrown;              /* what call_throw() was given last; 0: nothing */
    const char *thrown_where;
    struct group *group; /* that owns it; NULL if none does */
    struct call *next;   /* its neighbour in that group */
};

/* Given. Starts `fn` with this frame, on the next turn, and returns the struct call in it. The call
 * is the caller's, to be freed by call_free(). The frame belongs to the call from here on:
 * `release` frees it with all that it owns; a plain free() will do if that is nothing. Without
 * memory, and when the calls are closed, it is released at once and NULL returned. A frame of NULL
 * gives NULL. */
#define call_start(calls, frame, fn, release)                                                      \
    call_start_named((calls), (frame), (fn), (release), #fn)
struct call *call_start_named(struct calls *calls, void *frame, task_fn fn,
                              void (*release)(void *frame), const char *name);

/* ---- yours, 1: errors travel ---- */

/* Notes that c, which has not ended, fails: `code` from `where`, because of `cause`, which it takes
 * over and which may be NULL. Returns the code, so that one line does it:
 *
 *     TASK_RETURN(t, call_fail(c, -EIO, "load", call_take(f->child)));
 *
 * The first error of a call stays the first: a later one is put beside it, behind what stands there
 * already. The first one needs no memory (c->spare). A later one may; without it, its cause stands
 * there in its place. */
int call_fail(struct call *c, int code, const char *where, struct aerr *cause);

/* Yours, called for you: once for each call, when its coroutine has returned `result`, or with
 * -ECANCELED when it was cancelled before it began, or ends half-way by call_free() or
 * calls_close(). Who awaits c goes on later.
 * A negative result without a call_fail() becomes an error of that code, with the task's name as
 * `where`. An error is not undone by what is returned later: c->result is the code of the first
 * error; without any, `result`. */
void call_ended(struct call *c, int result);

/* What came of it: -EINPROGRESS before its end, 0 or more if it went well, or the code of its first
 * error. To be read after TASK_AWAIT(t, c->task), where t->wake only tells of a cancellation. Does
 * not count as asking for the error: the number alone is too easily dropped. */
int call_result(const struct call *c);

/* Why it failed; NULL if it did not. Whoever asks is told: it is no longer unhandled. The error
 * stays with c. As long as call_result() is -EINPROGRESS: NULL, also if c has noted a failure
 * already; nobody was told, so it does not count as asking. */
const struct aerr *call_error(struct call *c);

/* The same, but the error moves to the caller. A second time gives NULL; call_result() stays. */
struct aerr *call_take(struct call *c);

/* ---- yours, 2: cleanups ---- */

/* When c ends, whichever way (call_ended() says which there are), cleanup(arg) runs: once, and
 * those registered last run first, before anybody who awaits c goes on. A cleanup that fails does
 * not keep the others from running: its error is noted as by call_fail(), without a cause. So it
 * stands beside what c failed of already, or is the error and the result of a call that was well
 * until then. `e` lives in the frame; no memory is needed. A cleanup does not wait: what has to
 * wait is written in the body. It may register another one, which runs next: so each is taken off
 * before it is called. */
#define call_on_exit(c, e, cleanup, arg) call_on_exit_named((c), (e), (cleanup), (arg), #cleanup)
void call_on_exit_named(struct call *c, struct call_exit *e, int (*cleanup)(void *arg), void *arg,
                        const char *name);

/* ---- yours, 3: nothing is lost in silence ---- */

/* Frees c with its task, its frame and its error; not c itself while it runs. One that still waits
 * ends, and its cleanups run. If it failed and nobody has asked for the error, on_unhandled gets
 * it, once, without its cancellations: nothing at all, if it was only cancelled. NULL is allowed.
 */
void call_free(struct call *c);

/* ---- yours, 4: errors of event callbacks ---- */

/* Makes the TASK_SUSPEND that c is in fail: c goes on next turn with t->wake == code. For event
 * callbacks, which cannot return an error to anybody; the loop and all other calls go on.
 * {code, where} is the cause of the first call_fail() of the body behind that wait (it may be left
 * out without memory), unless that has a cause of its own, which it keeps; and it is the error
 * itself if c just returns t->wake. A cleanup does not fail because of it. If c goes on to another
 * wait, it has dealt with it: t->wake says so, but for a wait that ends with the same code.
 * False, and no effect, if c is not in TASK_SUSPEND: it has not come to it yet, was woken, thrown
 * into or cancelled before, or has ended. */
bool call_throw(struct call *c, int code, const char *where);

/* ---- yours, 5: groups ---- */

/* Calls that belong to one block of a coroutine, their parent:
 *
 *     f->group = group_new(calls);                    | try:
 *     group_spawn(f->group, a, count_up, free);       |     async with TaskGroup() as g:
 *     group_spawn(f->group, b, load, free);           |         g.create_task(count_up())
 *     TASK_SLEEP(t, 100);                             |         g.create_task(load())
 *     if (t->wake != 0)                               |         await asyncio.sleep(.1)
 *         group_fail(f->group, t->wake, "body", NULL);|
 *     GROUP_WAIT(t, f->group);                        |
 *     if (t->wake != 0)                               |
 *         TASK_RETURN(t, t->wake);                    |
 *     e = group_take(f->group);                       | except* OSError as e:
 *
 * The first failure stops the group: no new call starts, all others are cancelled at once, in any
 * order, and not a second time, for they may be cleaning up. Unlike asyncio's, it does not cancel
 * the block itself, which learns of it in GROUP_WAIT.
 *   It fails when a call of it does, or by group_fail(). Errors stand beside each other, in the
 * order in which they came; those of a call are moved to the group. A call that ended cancelled has
 * not failed; but what failed beside that (aerr_drop_cancelled()) counts. */
struct group;

struct group *group_new(struct calls *calls); /* NULL without memory */

/* call_start() for a call that belongs to g: g cancels it, and frees it in group_free(), so that
 * its frame, with results, can be read until then. 0; -ENOMEM if it could not be started;
 * -ECANCELED if the group is stopped, its GROUP_WAIT is over, or it is being freed. Not 0: the
 * frame, unless NULL, was released, and g goes on as before. A call of g may use it, too. */
#define group_spawn(g, frame, fn, release) group_spawn_named((g), (frame), (fn), (release), #fn)
int group_spawn_named(struct group *g, void *frame, task_fn fn, void (*release)(void *frame),
                      const char *name);

/* The block itself fails, or is cancelled, with the code -ECANCELED: then the cause alone, if there
 * is one, is an error of the group (aerr_drop_cancelled()). What is said of memory at call_fail()
 * holds here: the first error of the block needs none. */
void group_fail(struct group *g, int code, const char *where, struct aerr *cause);

/* Waits in the task t, the parent, until all calls of g have ended, their cleanups with waits
 * included. A wake-up with an error, as by task_cancel(t), is a group_fail() of that code, from
 * the task's name; the wait goes on. Afterwards t->wake is -ECANCELED if the block was cancelled,
 * here or before, once or more, whatever has failed besides; otherwise 0. Nothing to wait for:
 * goes straight on. */
#define GROUP_WAIT(t, g)                                                                           \
    do {                                                                                           \
        (t)->wake = 0;                                                                             \
        while (group_wait((g), (t)))                                                               \
            TASK_SUSPEND(t);                                                                       \
    } while (0)

/* For GROUP_WAIT: true if t is to be suspended; somebody will wake it. False: the wait is over. */
bool group_wait(struct group *g, struct task *t);

/* As call_error() and call_take(), for all that has failed so far, at any time. An error that comes
 * later has not been asked for: unless somebody asks again, all errors that are still with g are
 * reported then, also those that were only looked at before. */
const struct aerr *group_error(struct group *g);
struct aerr *group_take(struct group *g);

/* Frees g with its calls; those that still run end, as by call_free(), and their cleanups may fail,
 * or try a group_spawn(), when other calls of g are gone already. Errors that nobody has asked for
 * are reported, as one. NULL is allowed. */
void group_free(struct group *g);

/* ---- yours, 6: another attempt ---- */

struct retry {
    int attempts;                           /* at the most */
    int base_ms, max_ms;                    /* see below; 0 or more */
    int (*jitter)(int delay_ms, void *arg); /* what to add, may be negative; NULL: nothing */
    bool (*retryable)(int code, void *arg); /* is it worth another attempt? NULL: always */
    struct call *(*attempt)(void *arg);     /* starts one and hands it over; NULL: no memory */
    void *arg;                              /* of the three */
};

/* A call that makes an attempt, and another one after each failure, until one goes well: its result
 * is the result. It fails with the code of the last attempt, from "retry", and with that one's
 * error as the cause, when there were enough of them, or when the code is not retryable; of the
 * attempts before nothing is reported. An attempt that ended cancelled is never followed by another
 * one: its call_result() is -ECANCELED, whatever its task has returned, or its task has returned
 * -ECANCELED (t->wake of TASK_AWAIT), whatever it had failed of before.
 * After failure k, counted from 0, it waits base_ms * 2^k, at most max_ms; jitter() is given that
 * and the sum is kept between 0 and max_ms.
 * Cancelled in a pause it ends at once, with -ECANCELED. Cancelled during an attempt, the attempt
 * is cancelled and awaited; what came of it came of the retry.
 * Fewer attempts than 1: fails with -EINVAL. attempt() returned NULL: fails with -ENOMEM.
 * *r is copied. NULL without memory. */
struct call *retry_start(struct calls *calls, const struct retry *r);

#endif
