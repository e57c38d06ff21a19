/* p9_work_queue.c: the same with one list of all jobs, which is looked through each time
 *
 * No list for each state, and no counter that goes up and down: the state of a job says where it
 * is, and q->n is counted afresh. What is next is searched for. The tokens that were taken are
 * counted from the moment at which the bucket was full.
 *
 * SPDX-License-Identifier: MIT
 */
#include "p9_work_queue.h"

#include <errno.h>
#include <limits.h>

#include "p9_program.h"
#include "p9_queue.h"

/* Of a job that runs: whether it was asked to end, noted in its put, which is over. */
enum asked { NOT_ASKED, TO_BE_ASKED, WAS_ASKED };

/* The one list. */
static struct wq_list *all(struct wq *q)
{
    return &q->schedule;
}

/* At the end of the list, in this state. */
static void job_become(struct wq *q, struct wq_job *job, enum wq_state state)
{
    job_move(job, all(q));
    job->queue = q;
    job->state = state;
}

/* It stands nowhere. */
static void job_leave(struct wq_job *job)
{
    job_move(job, NULL);
    job->state = WQ_IDLE;
}

static int count(struct wq *q, enum wq_state state)
{
    const struct wq_job *job;
    int n = 0;

    TAILQ_FOREACH (job, all(q), next)
        n += job->state == state;
    return n;
}

static bool is_full(struct wq *q)
{
    return count(q, WQ_QUEUED) >= q->options.capacity;
}

/* ---- tokens: how many were taken since the bucket was full, at `since` ---- */

/* `level` says how many are left of those with which it was full. */
static int64_t taken(const struct wq *q)
{
    return q->options.burst - q->level / 1000;
}

/* When there is a token. */
static int64_t token_due(struct wq *q, int64_t now)
{
    const int64_t rate = q->options.rate_per_s;

    if (rate == 0)
        return now;
    if (now > q->since + (taken(q) * 1000 + rate - 1) / rate) {
        q->since = now;
        q->level += taken(q) * 1000;
    }
    while (taken(q) >= rate && now - q->since >= 1000) {
        q->since += 1000;
        q->level += rate * 1000;
    }
    const int64_t lacking = taken(q) - q->options.burst + 1; /* from `since` on */
    return lacking <= 0 ? now : q->since + (lacking * 1000 + rate - 1) / rate;
}

/* ---- what is next ---- */

static struct wq_job *next_to_run(struct wq *q)
{
    struct wq_job *job, *best = NULL;

    if (q->paused || count(q, WQ_RUNNING) >= q->options.workers)
        return NULL;
    TAILQ_FOREACH (job, all(q), next)
        if (job->state == WQ_QUEUED && (best == NULL || job->priority > best->priority))
            best = job;
    return best;
}

static struct wq_job *next_to_ask(struct wq *q)
{
    struct wq_job *job;

    TAILQ_FOREACH (job, all(q), next)
        if (job->state == WQ_RUNNING && job->put.err == TO_BE_ASKED)
            return job;
    return NULL;
}

/* The one that is due first. */
static struct wq_job *next_due(struct wq *q)
{
    struct wq_job *job, *best = NULL;

    TAILQ_FOREACH (job, all(q), next) {
        const bool timed = job->state == WQ_SCHEDULED || job->state == WQ_RETRYING ||
                           (job->state == WQ_RUNNING && job->put.err == NOT_ASKED);

        if (timed && job->due < WQ_NEVER && (best == NULL || job->due < best->due))
            best = job;
    }
    return best;
}

static int64_t queue_due(struct wq *q)
{
    const int64_t due = next_due(q) != NULL ? next_due(q)->due : WQ_NEVER;
    const int64_t token = next_to_run(q) != NULL ? token_due(q, wq_now(q)) : WQ_NEVER;

    return !TAILQ_EMPTY(&q->over) || next_to_ask(q) != NULL ? 0 : token < due ? token : due;
}

static void queue_settle(struct wq *q)
{
    struct wq_call *call;

    while ((call = TAILQ_FIRST(&q->putters)) != NULL && !is_full(q)) {
        call->job->attempts = call->job->err = 0;
        q->n.put++;
        job_become(q, call->job, WQ_QUEUED);
        call_end(q, call, 0);
    }
    q->n.scheduled = count(q, WQ_SCHEDULED);
    q->n.queued = count(q, WQ_QUEUED);
    q->n.running = count(q, WQ_RUNNING);
    q->n.retrying = count(q, WQ_RETRYING);
    if (q->n.queued + q->n.running + q->n.retrying == 0)
        while ((call = TAILQ_FIRST(&q->joiners)) != NULL)
            call_end(q, call, 0);
    queue_wake(q);
}

/* It is to be asked to end, if there is a way to. */
static void job_ask(struct wq *q, struct wq_job *job)
{
    if (job->put.err == NOT_ASKED)
        job->put.err = q->options.handler.cancel != NULL ? TO_BE_ASKED : WAS_ASKED;
}

/* Its time is over, or has come. */
static void job_is_due(struct wq *q, struct wq_job *job, int64_t now)
{
    if (job->state == WQ_RUNNING) {
        job->timed_out = true;
        q->n.timed_out++;
        job_ask(q, job);
        return;
    }
    if (job->state == WQ_RETRYING) {
        job_become(q, job, WQ_QUEUED);
        return;
    }
    for (job->next_due = job->due; job->period > 0 && job->next_due <= now;) {
        q->n.missed += job->next_due != job->due;
        job->next_due =
            job->period < WQ_NEVER - job->next_due ? job->next_due + job->period : WQ_NEVER;
    }
    job_become(q, job, WQ_WAITING);
    call_begin(&job->put, &q->putters, job, NULL, NULL);
}

static void queue_tick(struct wq *q)
{
    const int64_t now = wq_now(q);
    struct wq_job *job;

    while ((job = next_due(q)) != NULL && job->due <= now)
        job_is_due(q, job, now);
    queue_settle(q);
}

static bool queue_step(struct wq *q)
{
    const int64_t now = wq_now(q);
    const int timeout = q->options.job_timeout_ms;
    struct wq_job *job;

    if (!TAILQ_EMPTY(&q->over))
        return call_tell(q), true;
    if ((job = next_to_ask(q)) != NULL) {
        job->put.err = WAS_ASKED;
        return q->options.handler.cancel(job, q->options.handler.arg), true;
    }
    if ((job = next_to_run(q)) == NULL || token_due(q, now) > now)
        return false;
    q->level -= 1000;
    job->attempts++;
    job->timed_out = false;
    job->put.err = NOT_ASKED;
    job->due = timeout > 0 ? now + timeout : WQ_NEVER;
    job_become(q, job, WQ_RUNNING);
    queue_settle(q);
    q->options.handler.run(job, q->options.handler.arg);
    return true;
}

/* ---- jobs come ---- */

static int job_add(struct wq *q, struct wq_job *job, int priority, enum wq_state state)
{
    if (priority < 0 || priority >= WQ_PRIORITIES)
        return -EINVAL;
    if (!job_is_free(job))
        return -EBUSY;
    if (q->closed)
        return -ESHUTDOWN;
    if (state == WQ_QUEUED && is_full(q))
        return -EAGAIN;
    job->priority = priority;
    job->period = 0;
    job_become(q, job, WQ_WAITING);
    return 0;
}

int wq_put(struct wq *q, struct wq_job *job, int priority, wq_cb cb, void *arg)
{
    const int err = job_add(q, job, priority, WQ_WAITING);

    if (err == 0) {
        call_begin(&job->put, &q->putters, job, cb, arg);
        queue_settle(q);
    }
    return err;
}

int wq_try_put(struct wq *q, struct wq_job *job, int priority)
{
    const int err = job_add(q, job, priority, WQ_QUEUED);

    if (err == 0) {
        call_begin(&job->put, &q->putters, job, NULL, NULL); /* there is a slot for it */
        queue_settle(q);
    }
    return err;
}

int wq_cancel(struct wq *q, struct wq_call *call)
{
    if (call->line != &q->putters && call->line != &q->joiners)
        return -EALREADY;
    if (call->job != NULL)
        job_leave(call->job);
    call_end(q, call, -ECANCELED);
    queue_settle(q);
    return 0;
}

int wq_schedule_at(struct wq *q, struct wq_job *job, int priority, int64_t at_ms)
{
    const int err = job_add(q, job, priority, WQ_SCHEDULED);

    if (err == 0) {
        job->state = WQ_SCHEDULED;
        job->due = at_ms;
        queue_settle(q);
    }
    return err;
}

int wq_schedule_every(struct wq *q, struct wq_job *job, int priority, int64_t first_ms,
                      int64_t period_ms)
{
    int err = first_ms < 0 || period_ms < 1 ? -EINVAL : 0;

    if (err == 0)
        err = wq_schedule_at(q, job, priority, first_ms);
    if (err == 0)
        job->period = period_ms;
    return err;
}

int wq_unschedule(struct wq *q, struct wq_job *job)
{
    job->period = 0;
    if (job->state != WQ_SCHEDULED)
        return -EALREADY;
    job_leave(job);
    queue_settle(q);
    return 0;
}

/* ---- jobs end ---- */

static void on_end(int err, void *arg)
{
    struct wq_job *job = arg;
    struct wq *q = job->queue;

    if (job->period > 0 && !q->closed) {
        job->due = job->next_due;
        job_become(q, job, WQ_SCHEDULED);
    } else if (job->state == WQ_DEAD) {
        job_move(job, &q->dead);
    }
    queue_settle(q);
    if (q->options.handler.ended != NULL)
        q->options.handler.ended(job, err, q->options.handler.arg);
}

static int64_t delay_after(const struct wq *q, int attempts)
{
    const int64_t first = q->options.backoff_ms;
    const bool far = attempts > 31 || first << (attempts - 1) > INT_MAX;
    return !far ? first << (attempts - 1) : first > 0 ? INT_MAX : 0;
}

int wq_done(struct wq *q, struct wq_job *job, int err)
{
    if (job->state != WQ_RUNNING) {
        q->n.refused++;
        return -EALREADY;
    }
    if (err != 0 && q->now)
        err = -ECANCELED;
    else if (err != 0 && job->timed_out)
        err = -ETIMEDOUT;
    job->err = err;
    if (err == 0 || q->now) {
        *(err == 0 ? &q->n.done : &q->n.cancelled) += 1;
        job_end(q, job, err, WQ_IDLE);
    } else if (q->n.failed++, job->attempts < q->options.max_attempts) {
        q->n.retried++;
        job->due = wq_now(q) + delay_after(q, job->attempts);
        job_become(q, job, WQ_RETRYING);
    } else {
        q->n.dead++;
        job_end(q, job, err, WQ_DEAD);
    }
    queue_settle(q);
    return 0;
}

/* ---- the queue as a whole ---- */

/* Also for a shutdown: nothing more comes in behind it. */
int wq_join(struct wq *q, struct wq_call *call, wq_cb cb, void *arg)
{
    call_begin(call, &q->joiners, NULL, cb, arg);
    queue_settle(q);
    return 0;
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

int wq_shutdown(struct wq *q, enum wq_shutdown how, struct wq_call *call, wq_cb cb, void *arg)
{
    struct wq_job *job, *next;

    q->closed = true;
    q->paused = false;
    q->now = q->now || how == WQ_NOW;
    for (job = TAILQ_FIRST(all(q)); job != NULL; job = next) {
        next = TAILQ_NEXT(job, next);
        if (job->state == WQ_SCHEDULED || job->state == WQ_WAITING) {
            if (job->state == WQ_WAITING)
                call_end(q, &job->put, -ESHUTDOWN);
            job_leave(job);
        } else if (q->now && job->state == WQ_RUNNING) {
            job_ask(q, job);
        } else if (q->now) {
            q->n.cancelled++;
            job_end(q, job, -ECANCELED, WQ_IDLE);
        }
    }
    return wq_join(q, call, cb, arg);
}

int main(int argc, char **argv)
{
    return p9_program(argc, argv);
}
