/* p9_work_queue.c: write a work queue: jobs in, a few workers, and nothing is lost
 *
 * p9_work_queue.h says what each function does. Given: p9_queue.h, of which a queue is made, with
 * wq_new(), wq_free(), wq_stats() and the dead letters; and p9_program.h, with p9_input.h and
 * p9_process.h: a program that runs commands with it.
 *
 * See it run commands: ./workbook run p9_work_queue
 *
 * SPDX-License-Identifier: MIT
 */
#include "p9_work_queue.h"

#include <errno.h>
#include <limits.h>

#include "p9_program.h"
#include "p9_queue.h"

/* ---- who is served, and what is called back ---- */

/* Brings the bucket up to the present. It holds thousandths of a token, since rate_per_s of them
 * come in each millisecond: so nothing is ever rounded. A part of a token is kept beyond `burst`,
 * if it came in within a millisecond: else who waits for a token that comes after 333.3 ms, and is
 * served after 334, would lose the rest each time. */
static void bucket_fill(struct wq *q, int64_t now)
{
    const int rate = q->options.rate_per_s;
    const int64_t most = (int64_t)q->options.burst * 1000 + (rate < 1000 ? rate : 1000) - 1;

    if (now - q->since > (most - q->level) / rate)
        q->level = most;
    else
        q->level += (now - q->since) * rate;
    q->since = now;
}

/* When the next attempt may begin; 0: now, WQ_NEVER: not before something has changed. */
static int64_t begin_due(struct wq *q)
{
    const int rate = q->options.rate_per_s;

    if (q->paused || q->n.running >= q->options.workers || q->n.queued == 0)
        return WQ_NEVER;
    if (rate == 0)
        return 0;
    bucket_fill(q, wq_now(q));
    return q->level >= 1000 ? 0 : q->since + (1000 - q->level + rate - 1) / rate;
}

static int64_t queue_due(struct wq *q)
{
    const struct wq_list *const lists[] = {&q->schedule, &q->retries, &q->running};
    int64_t due;

    if (!TAILQ_EMPTY(&q->over) || !TAILQ_EMPTY(&q->to_cancel))
        return 0;
    due = begin_due(q);
    for (size_t k = 0; k < sizeof(lists) / sizeof(lists[0]); k++)
        if (list_due(lists[k]) < due)
            due = list_due(lists[k]);
    return due;
}

/* It waits for a worker, behind those of its priority. */
static void job_get_ready(struct wq *q, struct wq_job *job)
{
    job->state = WQ_QUEUED;
    job_move(job, &q->ready[job->priority]);
    q->n.queued++;
}

static void job_accept(struct wq *q, struct wq_job *job)
{
    job->attempts = job->err = 0;
    job->queue = q;
    q->n.put++;
    job_get_ready(q, job);
}

static void queue_settle(struct wq *q)
{
    struct wq_call *call;

    while ((call = TAILQ_FIRST(&q->putters)) != NULL && q->n.queued < q->options.capacity) {
        job_accept(q, call->job);
        call_end(q, call, 0);
    }
    /* An empty queue is not enough: some may be running, or wait for their next attempt. */
    if (q->n.queued + q->n.running + q->n.retrying == 0) {
        while ((call = TAILQ_FIRST(&q->joiners)) != NULL)
            call_end(q, call, 0);
        while ((call = TAILQ_FIRST(&q->closers)) != NULL)
            call_end(q, call, 0);
    }
    queue_wake(q);
}

static void job_begin(struct wq *q, struct wq_job *job)
{
    const int timeout = q->options.job_timeout_ms;

    q->level -= q->options.rate_per_s > 0 ? 1000 : 0;
    q->n.queued--;
    q->n.running++;
    job->attempts++;
    job->state = WQ_RUNNING;
    job->timed_out = false;
    job->due = WQ_NEVER;
    if (timeout > 0) /* the bucket, if there is one, was brought up to the present just now */
        job->due = (q->options.rate_per_s > 0 ? q->since : wq_now(q)) + timeout;
    job_move(job, &q->running); /* all have the same time: the first one is due first */
    queue_settle(q);            /* a slot is free */
    q->options.handler.run(job, q->options.handler.arg);
}

static bool queue_step(struct wq *q)
{
    struct wq_job *job = TAILQ_FIRST(&q->to_cancel);

    if (!TAILQ_EMPTY(&q->over)) {
        call_tell(q);
    } else if (job != NULL) {
        job_move(job, &q->cancelled);
        q->options.handler.cancel(job, q->options.handler.arg);
    } else if (begin_due(q) == 0) {
        job_begin(q, ready_first(q));
    } else {
        return false;
    }
    return true;
}

/* Why a job cannot be put or scheduled; 0: it can. */
static int job_refused(const struct wq *q, const struct wq_job *job, int priority)
{
    if (priority < 0 || priority >= WQ_PRIORITIES)
        return -EINVAL;
    if (!job_is_free(job))
        return -EBUSY;
    return q->closed ? -ESHUTDOWN : 0;
}

int wq_put(struct wq *q, struct wq_job *job, int priority, wq_cb cb, void *arg)
{
    int err = job_refused(q, job, priority);

    if (err != 0)
        return err;
    job->state = WQ_WAITING;
    job->priority = priority;
    job->period = 0;
    call_begin(&job->put, &q->putters, job, cb, arg);
    queue_settle(q);
    return 0;
}

int wq_try_put(struct wq *q, struct wq_job *job, int priority)
{
    int err = job_refused(q, job, priority);

    if (err != 0)
        return err;
    if (q->n.queued >= q->options.capacity) /* if anybody waited, it would be full */
        return -EAGAIN;
    job->priority = priority;
    job->period = 0;
    job_accept(q, job);
    queue_settle(q);
    return 0;
}

/* It is to be tried again: after backoff_ms, and twice as long each time. */
static void job_retry(struct wq *q, struct wq_job *job)
{
    int64_t delay = q->options.backoff_ms;

    for (int k = 1; k < job->attempts && delay < INT_MAX; k++)
        delay *= 2;
    job->state = WQ_RETRYING;
    job_move_by_due(job, &q->retries, wq_now(q) + (delay < INT_MAX ? delay : INT_MAX));
    q->n.retrying++;
}

int wq_done(struct wq *q, struct wq_job *job, int err)
{
    if (job->state != WQ_RUNNING) {
        q->n.refused++;
        return -EALREADY;
    }
    q->n.running--;
    if (err != 0)
        err = q->now ? -ECANCELED : job->timed_out ? -ETIMEDOUT : err;
    job->err = err;
    if (err == 0) {
        q->n.done++;
        job_end(q, job, 0, WQ_IDLE);
    } else if (q->now) {
        q->n.cancelled++;
        job_end(q, job, err, WQ_IDLE);
    } else {
        q->n.failed++;
        if (job->attempts < q->options.max_attempts) {
            q->n.retried++;
            job_retry(q, job);
        } else {
            q->n.dead++;
            job_end(q, job, err, WQ_DEAD);
        }
    }
    queue_settle(q);
    return 0;
}

static void schedule_add(struct wq *q, struct wq_job *job, int64_t due)
{
    job->queue = q;
    job->state = WQ_SCHEDULED;
    job_move_by_due(job, &q->schedule, due);
    q->n.scheduled++;
}

static void on_end(int err, void *arg)
{
    struct wq_job *job = arg;
    struct wq *q = job->queue;

    if (job->period > 0 && !q->closed)
        schedule_add(q, job, job->next_due);
    else if (job->state == WQ_DEAD)
        job_move(job, &q->dead);
    queue_settle(q);
    if (q->options.handler.ended != NULL)
        q->options.handler.ended(job, err, q->options.handler.arg);
}

void wq_pause(struct wq *q)
{
    q->paused = true;
    queue_settle(q);
}

void wq_resume(struct wq *q)
{
    q->paused = false;
    queue_settle(q);
}

/* ---- who waits ---- */

int wq_cancel(struct wq *q, struct wq_call *call)
{
    if (call->line == NULL || call->line == &q->over)
        return -EALREADY;
    if (call->job != NULL)
        call->job->state = WQ_IDLE;
    call_end(q, call, -ECANCELED);
    queue_settle(q);
    return 0;
}

int wq_join(struct wq *q, struct wq_call *call, wq_cb cb, void *arg)
{
    call_begin(call, &q->joiners, NULL, cb, arg);
    queue_settle(q);
    return 0;
}

/* ---- what has its time ---- */

static void schedule_remove(struct wq *q, struct wq_job *job)
{
    q->n.scheduled--;
    job->state = WQ_IDLE;
    job_move(job, NULL);
}

/* Its time has come: it stands in the line for a slot. The times that are over since are missed. */
static void schedule_put(struct wq *q, struct wq_job *job, int64_t now)
{
    if (job->period > 0) {
        const int64_t missed = (now - job->due) / job->period;

        q->n.missed += missed;
        job->next_due =
            job->period < WQ_NEVER - now ? job->due + (missed + 1) * job->period : WQ_NEVER;
    }
    schedule_remove(q, job);
    job->state = WQ_WAITING;
    call_begin(&job->put, &q->putters, job, NULL, NULL);
}

/* The attempt is to be broken off. It runs on until wq_done() is called. */
static void job_break(struct wq *q, struct wq_job *job)
{
    job_move(job, q->options.handler.cancel != NULL ? &q->to_cancel : &q->cancelled);
}

static void queue_tick(struct wq *q)
{
    const int64_t now = wq_now(q);

    while (list_due(&q->retries) <= now) {
        q->n.retrying--;
        job_get_ready(q, TAILQ_FIRST(&q->retries));
    }
    while (list_due(&q->schedule) <= now)
        schedule_put(q, TAILQ_FIRST(&q->schedule), now);
    while (list_due(&q->running) <= now) {
        TAILQ_FIRST(&q->running)->timed_out = true;
        q->n.timed_out++;
        job_break(q, TAILQ_FIRST(&q->running));
    }
    queue_settle(q);
}

static int schedule(struct wq *q, struct wq_job *job, int priority, int64_t due, int64_t period)
{
    int err = job_refused(q, job, priority);

    if (err != 0)
        return err;
    job->priority = priority;
    job->period = period;
    schedule_add(q, job, due);
    queue_settle(q);
    return 0;
}

int wq_schedule_at(struct wq *q, struct wq_job *job, int priority, int64_t at_ms)
{
    return schedule(q, job, priority, at_ms, 0);
}

int wq_schedule_every(struct wq *q, struct wq_job *job, int priority, int64_t first_ms,
                      int64_t period_ms)
{
    if (first_ms < 0 || period_ms < 1)
        return -EINVAL;
    return schedule(q, job, priority, first_ms, period_ms);
}

int wq_unschedule(struct wq *q, struct wq_job *job)
{
    job->period = 0;
    if (job->state != WQ_SCHEDULED)
        return -EALREADY;
    schedule_remove(q, job);
    queue_settle(q);
    return 0;
}

/* ---- the end ---- */

/* What is not running ends; what is, is to be broken off. */
static void queue_drop(struct wq *q)
{
    struct wq_job *job;

    q->now = true;
    while ((job = ready_first(q)) != NULL || (job = TAILQ_FIRST(&q->retries)) != NULL) {
        q->n.queued -= job->state == WQ_QUEUED;
        q->n.retrying -= job->state == WQ_RETRYING;
        q->n.cancelled++;
        job_end(q, job, -ECANCELED, WQ_IDLE);
    }
    while ((job = TAILQ_FIRST(&q->running)) != NULL)
        job_break(q, job);
}

int wq_shutdown(struct wq *q, enum wq_shutdown how, struct wq_call *call, wq_cb cb, void *arg)
{
    struct wq_call *put;

    q->closed = true;
    q->paused = false;
    while ((put = TAILQ_FIRST(&q->putters)) != NULL) {
        put->job->state = WQ_IDLE;
        call_end(q, put, -ESHUTDOWN);
    }
    while (!TAILQ_EMPTY(&q->schedule))
        schedule_remove(q, TAILQ_FIRST(&q->schedule));
    if (how == WQ_NOW)
        queue_drop(q);
    call_begin(call, &q->closers, NULL, cb, arg);
    queue_settle(q);
    return 0;
}

int main(int argc, char **argv)
{
    return p9_program(argc, argv);
}
