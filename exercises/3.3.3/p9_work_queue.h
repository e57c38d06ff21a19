/* p9_work_queue.h: write a work queue: jobs in, a few workers, and nothing is lost
 *
 * Whoever has a job puts it into the queue, and waits while the queue is full. A few jobs at a time
 * are handed to the handler, which does them and says how each one ended. One that failed is tried
 * again later; one that has failed too often is a dead letter. asyncio has the middle of it:
 *     https://docs.python.org/3.11/library/asyncio-queue.html
 *
 *     queue = asyncio.PriorityQueue(capacity)   # wq_new()
 *     await queue.put((-priority, job))         # wq_put(), which wq_cancel() may end
 *     queue.put_nowait((-priority, job))        # wq_try_put()
 *     job = await queue.get()                   # the queue calls run(job, arg)
 *     queue.task_done()                         # wq_done()
 *     await queue.join()                        # wq_join()
 *     loop.call_at(when, ...)                   # wq_schedule_at()
 *     await asyncio.wait_for(job, timeout)      # job_timeout_ms
 *
 * What holds for all of it
 *   - A function that takes a callback returns at once: 0, or a negative errno. After an error
 *     nothing is changed, and its callback is never called. After 0 it is called once, by the loop,
 *     never before the function has returned.
 *   - run(), cancel() and ended() of the handler are called by the loop, too, and never from inside
 *     one of the functions here. Each function may be called in each callback, wq_free() too.
 *   - Only wq_new() and wq_stats() need memory of their own. Jobs and calls are the caller's: the
 *     queue links them into lists, and they have to stay where they are until they are his again.
 *     If there is no memory for the queue's timer, the queue looks again in each turn of the loop.
 *   - The loop is woken when there is something to do, and not to look whether there is: a queue
 *     that has nothing to do, or is paused, takes part in no turn of the loop. It does not keep the
 *     loop running, either. With callbacks that go on for ever, timers and descriptors are served
 *     all the same.
 *   - Times are in milliseconds, of the clock that wq_now() tells.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P9_WORK_QUEUE_H
#define P9_WORK_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct event_base;
struct json_object;
struct wq;
struct wq_line;
struct wq_list;

/* ---- what the caller lends to the queue ---- */

/* Tells whoever waits how it has ended: 0, or a negative errno. */
typedef void (*wq_cb)(int err, void *arg);

/* One call that waits. All of it is the queue's from the call until cb is called. */
struct wq_call {
    wq_cb cb;
    void *arg;
    int err;                   /* what cb will be told */
    struct wq_job *job;        /* whose call it is; NULL: nobody's, as of wq_join() */
    struct wq_line *line;      /* where it stands; NULL: nowhere */
    TAILQ_ENTRY(wq_call) next; /* the one behind it */
};

enum wq_state { WQ_IDLE, WQ_SCHEDULED, WQ_WAITING, WQ_QUEUED, WQ_RUNNING, WQ_RETRYING, WQ_DEAD };

/* A job: a member of a struct of the caller's, which knows what there is to do. Set it to 0 before
 * it is used for the first time. It is the queue's from wq_put() (or a wq_try_put(),
 * wq_schedule_at() or wq_schedule_every() that returned 0) until ended() is called for it, or its
 * put fails; a dead one until wq_dead_take(), a scheduled one as said there. Then it may be freed,
 * or put again, in the callback already. */
struct wq_job {
    int attempts; /* that have begun since it was accepted. To be read by all, as is `err`: */
    int err;      /* how the last one that is over has ended; 0: none is */
    /* The queue's: */
    struct wq *queue;
    enum wq_state state;
    int priority;
    bool timed_out;           /* the time of this attempt is over */
    int64_t due;              /* when its attempt begins, or has to be over, as its state is */
    int64_t period;           /* 0: it is put once */
    int64_t next_due;         /* of a periodic one: when it is put next */
    struct wq_call put;       /* waits for a slot */
    struct wq_call end;       /* tells ended() */
    struct wq_list *list;     /* where it stands; NULL: nowhere */
    TAILQ_ENTRY(wq_job) next; /* the one behind it */
};

/* Does the jobs. */
struct wq_handler {
    /* Begins the job. When that is over, now or later, wq_done() is called, once for each run(). */
    void (*run)(struct wq_job *job, void *arg);
    /* The attempt is to be broken off: its time is over, or the queue is shut down NOW. Called at
     * most once for each run(). Its end is wq_done() as always, now or later; until then the job
     * counts as running, and its worker is not free. NULL: there is no way to break it off. */
    void (*cancel)(struct wq_job *job, void *arg);
    /* A job that was accepted is over, and the caller's again (see wq_job). `err`: 0, it is done;
     * -ECANCELED, the queue was shut down NOW before it was done; else what its last attempt ended
     * with: it is one of the dead letters. NULL: nobody needs to know. */
    void (*ended)(struct wq_job *job, int err, void *arg);
    void *arg; /* for the three; borrowed */
};

/* ---- the queue ---- */

enum { WQ_PRIORITIES = 8 };

struct wq_options {
    int capacity;       /* jobs that may wait in the queue, 1 or more; see wq_put() */
    int workers;        /* jobs that may run at a time, 1 or more */
    int max_attempts;   /* of a job, 1 or more */
    int backoff_ms;     /* from a failure to the next attempt, 0 or more; it doubles each time */
    int job_timeout_ms; /* of one attempt; 0: none */
    int rate_per_s;     /* attempts that may begin in a second, in the long run; 0: any number */
    int burst;          /* attempts that may begin at once after a rest; see wq_new() */
    struct wq_handler handler; /* run() must be there */
};

/* An empty queue, or NULL if an option is not allowed, or without memory. The options are copied.
 * The caller owns it, and frees it before the base.
 *
 * With a rate it has a bucket with `burst` tokens, full in the beginning. The begin of an attempt
 * takes one, rate_per_s come in a second, and what does not go in is lost. But no part of a token
 * is lost because the clock has only milliseconds: at 3 a second, who waits for them begins after
 * 334 ms, 667, 1000, 1334 and so on. (So what the last millisecond has brought, but less than a
 * token, may go in on top of a full one.) `burst` has to be 1 or more, and rate_per_s / 1000 or
 * more: no more than that begin in a millisecond. */
struct wq *wq_new(struct event_base *base, const struct wq_options *options);

/* Frees a queue, also NULL, in whatever state it is. Nothing of it is called any more, cancel()
 * neither, and all jobs and calls are the caller's again: a handler that is still busy must not
 * call wq_done() then, and who uses a job again sets it to 0 before. To end a queue in order, see
 * wq_shutdown(). */
void wq_free(struct wq *q);

/* ---- jobs come in ---- */

/* Puts a job behind those of its priority, 0 to WQ_PRIORITIES - 1. Higher ones go out first,
 * always: as long as there are any, no lower one does. Within a priority they go out as they came
 * in.
 *
 * A job takes one of `capacity` slots from the moment at which it is accepted until run() is called
 * for it. While all are taken, it waits: who has waited longest gets the next slot, whatever the
 * priority, at the moment at which it is free, although he is told later. Nobody who comes in
 * between can take it. Returns 0 if cb is going to be called (NULL: nobody is told): with 0 when
 * the job is accepted, and before it is run; -ECANCELED after wq_cancel(); -ESHUTDOWN if the queue
 * is shut down before there was a slot. Or returns -EINVAL for another priority, -EBUSY for a job
 * that is the queue's already, -ESHUTDOWN: any of those that apply. */
int wq_put(struct wq *q, struct wq_job *job, int priority, wq_cb cb, void *arg);

/* Puts it now, without a cb: 0, an error as above, or -EAGAIN if wq_put() would have to wait. */
int wq_try_put(struct wq *q, struct wq_job *job, int priority);

/* Ends a call that still waits: its cb is called with -ECANCELED. A put is `&job->put`; the call of
 * a join or a shutdown is that itself. Returns 0, or -EALREADY if the call does not wait (any
 * more): its job is accepted, or it is over, told or not, or was never begun (and is 0). Then it
 * stays as it is. What was accepted is never taken back, nor does a shutdown stop because nobody
 * waits for it any more. Not for the puts of scheduled jobs. */
int wq_cancel(struct wq *q, struct wq_call *call);

/* ---- jobs that come by themselves ---- */

/* Milliseconds of a clock that is never set back. */
int64_t wq_now(const struct wq *q);

/* Puts the job by itself, with nobody told, when wq_now() is at_ms; at once, if that is over. From
 * then on it is as if by wq_put(): it waits for a slot if it must. Returns 0, or -EINVAL, -EBUSY,
 * -ESHUTDOWN as wq_put() does. */
int wq_schedule_at(struct wq *q, struct wq_job *job, int priority, int64_t at_ms);

/* Puts it at first_ms, first_ms + period_ms, first_ms + 2 * period_ms and so on: not a period after
 * something has happened, so that it never drifts. If it is still the last one's turn (waiting,
 * queued, running, retrying), or the loop was busy elsewhere, times are missed: then the job is put
 * once as soon as that is over, however many they were, and next at the first time that is still to
 * come. ended() is called for each time; the job stays the queue's, also if it failed for good: it
 * is counted as dead, but is no dead letter, and comes again. After a shutdown none comes again:
 * its last turn ends as that of any other. -EINVAL also if first_ms is less than 0, or period_ms
 * less than 1. */
int wq_schedule_every(struct wq *q, struct wq_job *job, int priority, int64_t first_ms,
                      int64_t period_ms);

/* The job is not put any more. 0: it waited for its time, and is the caller's again. -EALREADY: it
 * is not scheduled, or its time has come, for the last time: it goes on as any job that was put. */
int wq_unschedule(struct wq *q, struct wq_job *job);

/* ---- jobs are done ---- */

/* The attempt that run() has begun is over: 0, the job is done; else a negative errno, whichever:
 * the attempt has failed. Before its last attempt it is tried again, backoff_ms later, then twice
 * that after the second failure, and so on, at most INT_MAX ms. Meanwhile it takes no worker and no
 * slot; then it comes behind those of its priority, without waiting for a slot: it has been
 * accepted once. After its last attempt it is a dead letter. If its time was over, an error counts
 * as -ETIMEDOUT; after a shutdown NOW, as -ECANCELED, and it is not tried again. An attempt that
 * ends with 0 is done, however late. Its time is over when the loop finds it so: one that ends
 * before that, as it held up the loop itself, has ended in time.
 *
 * Returns 0, or -EALREADY if no attempt of the job is running: that is counted ("refused"), and
 * nothing else is changed. (One wq_done() too many cannot be told from that of the next attempt,
 * once that is running.) */
int wq_done(struct wq *q, struct wq_job *job, int err);

/* Waits until each job that was accepted is over, also those that come meanwhile; one that waits
 * for its next attempt is not over. Scheduled jobs do not count before their time. Then cb is
 * called with 0, behind each ended() of theirs. Always returns 0; if nothing is under way, cb is
 * called in the next turn of the loop. */
int wq_join(struct wq *q, struct wq_call *call, wq_cb cb, void *arg);

/* No attempt begins any more, until wq_resume(). All else goes on: jobs are accepted, attempts end,
 * times pass. After a shutdown as well: its end waits for wq_resume() then. */
void wq_pause(struct wq *q);
void wq_resume(struct wq *q);

/* ---- the end ---- */

enum wq_shutdown { WQ_GRACEFUL, WQ_NOW };

/* From now on nothing is accepted: put and schedule return -ESHUTDOWN, waiting puts end with it,
 * and scheduled jobs are the caller's again; those that wait for a slot, when cb is called.
 * GRACEFUL: what was accepted is done, with all its attempts; a paused queue goes on. NOW: what
 * waits in the queue, or for its next attempt, ends with -ECANCELED; of what runs, cancel() is
 * called, and its end is waited for. When everything is over, cb is called with 0, behind each
 * ended(). May be called again: GRACEFUL, then NOW, hurries it; NOW, then GRACEFUL, slows nothing
 * down. Each call is told. Always returns 0. */
int wq_shutdown(struct wq *q, enum wq_shutdown how, struct wq_call *call, wq_cb cb, void *arg);

/* ---- what has become of them ---- */

/* The dead letters: jobs whose last attempt failed, in that order; attempts and err are theirs.
 * Each is one from its ended() on (from right before it), until it is taken. Take: it is the
 * caller's again. NULL: there is none (any more). */
struct wq_job *wq_dead_first(const struct wq *q);
struct wq_job *wq_dead_next(const struct wq_job *job);
struct wq_job *wq_dead_take(struct wq *q);

/* An object of numbers, the caller's (json_object_put()), or NULL without memory.
 * Now:
 *   "scheduled"  jobs that wait for their time
 *   "waiting"    puts that wait for a slot, those of scheduled jobs too
 *   "queued"     accepted jobs that wait for a worker
 *   "running"    attempts that have begun and not ended
 *   "retrying"   jobs that wait until backoff_ms are over
 * Since wq_new():
 *   "put"        jobs that were accepted; each time of a periodic one counts
 *   "done"       jobs that were done
 *   "failed"     attempts that failed: the sum of the next two
 *   "retried"    of those, by a job that is tried again
 *   "dead"       of those, by a job that is not
 *   "timed_out"  attempts whose time was over, however they ended; from a shutdown NOW on, none
 *   "cancelled"  jobs that ended with -ECANCELED because of a shutdown NOW
 *   "missed"     times of periodic jobs that were left out
 *   "refused"    calls of wq_done() that returned -EALREADY
 * So put == queued + running + retrying + done + dead + cancelled. */
struct json_object *wq_stats(const struct wq *q);

#endif
