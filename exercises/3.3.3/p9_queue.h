/* p9_queue.h: what a work queue is made of: lists of jobs, lines of calls, and two events. Given.
 *
 *     putters --> ready[priority] --> running --> to_cancel --> cancelled    jobs, in lists
 *        ^             ^                 |            |             |
 *     schedule      retries <------------+------------+-------------+---> over --> dead, or away
 *
 *     putters, joiners, closers --> over --> told                            calls, in lines
 *
 * It is the idiom of 3.3.3 "Work queue": each function changes one thing, and then calls
 * queue_settle(), which serves whoever can be served, and sees to it that the loop is woken when
 * there is more to do. All that is called back is called by the loop, one thing after the other, in
 * queue_step(). The job of a put is its `call->job`. The end of a job is a call as well, which
 * nobody has begun: job_end() has it told to on_end().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P9_QUEUE_H
#define P9_QUEUE_H

#include <event2/event.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "p9_work_queue.h"

#define WQ_NEVER INT64_MAX

enum { STEPS_IN_A_TURN = 64 };

/* First come, first served. */
TAILQ_HEAD(wq_line, wq_call);
TAILQ_HEAD(wq_list, wq_job);

struct wq_counts {
    int scheduled, queued, running, retrying; /* jobs, now */
    int64_t put, done, failed, retried, dead, timed_out, cancelled, missed, refused;
};

struct wq {
    struct event_base *base; /* borrowed */
    struct wq_options options;
    struct wq_list ready[WQ_PRIORITIES]; /* accepted; wait for a worker */
    struct wq_list schedule, retries;    /* wait for their time; that with the earliest is first */
    struct wq_list running;              /* from the one that was begun first on */
    struct wq_list to_cancel, cancelled; /* running, too: cancel() is to be called, or was */
    struct wq_list dead;
    struct wq_line putters, joiners, closers; /* who waits: for a slot, a join, a shutdown */
    struct wq_line over;                      /* who is to be told */
    struct wq_counts n;
    bool paused;
    bool closed, now;           /* it is shut down; it is shut down NOW */
    int64_t level;              /* thousandths of a token that were in the bucket ... */
    int64_t since;              /* ... at this time */
    struct event *turn, *timer; /* both call on_turn(): now, or at timer_at; owned */
    int64_t timer_at;           /* WQ_NEVER: the timer is off */
    bool awake;                 /* the event `turn` is active */
    bool *freed;                /* while on_turn() runs: to be set by wq_free(); else NULL */
};

/* ---- yours ---- */

/* When there is something to do; 0: now; WQ_NEVER: not before somebody calls one of the functions. */
static int64_t queue_due(struct wq *q);

/* Serves whoever can be served, and calls queue_wake(), the last of all. */
static void queue_settle(struct wq *q);

/* What is due by now, is done: what waits for its time goes on. Settles. */
static void queue_tick(struct wq *q);

/* Calls back one of those that are to be called: somebody who is to be told, else a cancel(), else
 * a run(). The callback is the last thing in it, as it may free the queue. False if there is
 * nothing to call. */
static bool queue_step(struct wq *q);

/* A wq_cb, with the job for `arg`: the job is over, and this the last that the queue has to do. */
static void on_end(int err, void *arg);

/* ---- jobs and calls ---- */

/* Moves a job to the end of a list, or out of all (NULL). */
static inline void job_move(struct wq_job *job, struct wq_list *list)
{
    if (job->list != NULL)
        TAILQ_REMOVE(job->list, job, next);
    job->list = list;
    if (list != NULL)
        TAILQ_INSERT_TAIL(list, job, next);
}

/* Moves it to its place in a list that is sorted by `due`, behind those of the same time. */
static inline void job_move_by_due(struct wq_job *job, struct wq_list *list, int64_t due)
{
    struct wq_job *before = TAILQ_LAST(list, wq_list);

    job_move(job, NULL);
    job->due = due;
    while (before != NULL && before->due > due)
        before = TAILQ_PREV(before, wq_list, next);
    job->list = list;
    if (before != NULL)
        TAILQ_INSERT_AFTER(list, before, job, next);
    else
        TAILQ_INSERT_HEAD(list, job, next);
}

/* The first of the highest priority; NULL if none waits for a worker. */
static inline struct wq_job *ready_first(const struct wq *q)
{
    for (int k = WQ_PRIORITIES - 1; k >= 0; k--)
        if (!TAILQ_EMPTY(&q->ready[k]))
            return TAILQ_FIRST(&q->ready[k]);
    return NULL;
}

/* When the first one is due; WQ_NEVER if there is none. */
static inline int64_t list_due(const struct wq_list *list)
{
    return TAILQ_EMPTY(list) ? WQ_NEVER : TAILQ_FIRST(list)->due;
}

/* It is the caller's: it stands nowhere, and nobody is to be told of it any more. */
static inline bool job_is_free(const struct wq_job *job)
{
    return job->state == WQ_IDLE && job->put.line == NULL && job->end.line == NULL;
}

/* A call stands at the end of a line. `job`: whose put it is, or NULL. */
static inline void call_begin(struct wq_call *call, struct wq_line *line, struct wq_job *job,
                              wq_cb cb, void *arg)
{
    *call = (struct wq_call){.cb = cb, .arg = arg, .job = job, .line = line};
    TAILQ_INSERT_TAIL(line, call, next);
}

/* A call is over: it is to be told `err`. Settle some time after it. */
static inline void call_end(struct wq *q, struct wq_call *call, int err)
{
    if (call->line != NULL)
        TAILQ_REMOVE(call->line, call, next);
    TAILQ_INSERT_TAIL(&q->over, call, next);
    call->line = &q->over;
    call->err = err;
}

/* The job is over: the loop will call on_end(err, job). `state`: WQ_IDLE or WQ_DEAD. Settle some
 * time after it. */
static inline void job_end(struct wq *q, struct wq_job *job, int err, enum wq_state state)
{
    job->state = state;
    job_move(job, NULL);
    job->end = (struct wq_call){.cb = on_end, .arg = job};
    call_end(q, &job->end, err);
}

/* The first one of those that are to be told is told. The queue may be freed by it. */
static inline void call_tell(struct wq *q)
{
    struct wq_call *call = TAILQ_FIRST(&q->over);

    TAILQ_REMOVE(&q->over, call, next);
    call->line = NULL;
    if (call->cb != NULL)
        call->cb(call->err, call->arg);
}

/* ---- time, and the loop ---- */

int64_t wq_now(const struct wq *q)
{
    struct timeval now;

    (void)event_gettime_monotonic(q->base, &now); /* cannot fail */
    return (int64_t)now.tv_sec * 1000 + now.tv_usec / 1000;
}

static inline void turn_now(struct wq *q)
{
    if (!q->awake)
        event_active(q->turn, EV_TIMEOUT, 0);
    q->awake = true;
}

/* Sets the timer, or without memory for it has the loop come round again: then all is looked at. */
static inline void timer_set(struct wq *q, int64_t at)
{
    if (at == q->timer_at)
        return;
    (void)event_del(q->timer); /* cannot fail */
    q->timer_at = WQ_NEVER;
    if (at == WQ_NEVER)
        return;
    /* libevent adds the delay to the time at which this turn of the loop began. */
    (void)event_base_update_cache_time(q->base);
    const int64_t now = wq_now(q), delay = at > now ? at - now : 0;
    if (event_add(q->timer, &(struct timeval){delay / 1000, delay % 1000 * 1000}) == 0) {
        q->timer_at = at;
        return;
    }
    turn_now(q);
    (void)event_base_loopcontinue(q->base); /* not before all others had their turn */
}

/* Has the loop call on_turn() when there is something to do: see queue_due(). */
static inline void queue_wake(struct wq *q)
{
    if (q->freed != NULL)
        return; /* on_turn() settles when it has done all that there is */
    const int64_t due = queue_due(q);
    if (due == 0 || (due != WQ_NEVER && due <= wq_now(q)))
        turn_now(q);
    else
        timer_set(q, due);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct wq *q = arg;
    bool freed = false;
    int steps = 0;

    (void)fd;
    (void)what;
    q->awake = false;
    if (evtimer_pending(q->timer, NULL) == 0)
        q->timer_at = WQ_NEVER;
    q->freed = &freed;
    queue_tick(q);
    while (steps < STEPS_IN_A_TURN && queue_step(q)) {
        if (freed)
            return;
        steps++;
    }
    q->freed = NULL;
    /* The callbacks may have taken their time: without this, libevent waits as if it were earlier.
     */
    (void)event_base_update_cache_time(q->base);
    queue_settle(q);
    if (q->awake) /* there is more to do, but timers and descriptors come first */
        (void)event_base_loopcontinue(q->base);
}

/* ---- new, free, dead letters ---- */

static inline bool options_are_allowed(const struct wq_options *o)
{
    return o->capacity >= 1 && o->workers >= 1 && o->max_attempts >= 1 && o->backoff_ms >= 0 &&
           o->job_timeout_ms >= 0 && o->rate_per_s >= 0 && o->handler.run != NULL &&
           (o->rate_per_s == 0 || (o->burst >= 1 && o->burst >= o->rate_per_s / 1000));
}

struct wq *wq_new(struct event_base *base, const struct wq_options *options)
{
    struct wq *q = options_are_allowed(options) ? calloc(1, sizeof(*q)) : NULL;

    if (q == NULL)
        return NULL;
    q->base = base;
    q->options = *options;
    for (int k = 0; k < WQ_PRIORITIES; k++)
        TAILQ_INIT(&q->ready[k]);
    struct wq_list *lists[] = {&q->schedule,  &q->retries,   &q->running,
                               &q->to_cancel, &q->cancelled, &q->dead};
    for (size_t k = 0; k < sizeof(lists) / sizeof(lists[0]); k++)
        TAILQ_INIT(lists[k]);
    struct wq_line *lines[] = {&q->putters, &q->joiners, &q->closers, &q->over};
    for (size_t k = 0; k < sizeof(lines) / sizeof(lines[0]); k++)
        TAILQ_INIT(lines[k]);
    q->level = (int64_t)options->burst * 1000; /* full */
    q->since = wq_now(q);
    q->timer_at = WQ_NEVER;
    q->turn = event_new(base, -1, 0, on_turn, q);
    q->timer = evtimer_new(base, on_turn, q);
    if (q->turn == NULL || q->timer == NULL) {
        wq_free(q);
        return NULL;
    }
    return q;
}

void wq_free(struct wq *q)
{
    if (q == NULL)
        return;
    if (q->freed != NULL)
        *q->freed = true;
    if (q->turn != NULL)
        event_free(q->turn);
    if (q->timer != NULL)
        event_free(q->timer);
    free(q);
}

struct wq_job *wq_dead_first(const struct wq *q)
{
    return TAILQ_FIRST(&q->dead);
}

struct wq_job *wq_dead_next(const struct wq_job *job)
{
    return TAILQ_NEXT(job, next);
}

struct wq_job *wq_dead_take(struct wq *q)
{
    struct wq_job *job = TAILQ_FIRST(&q->dead);

    if (job != NULL) {
        job_move(job, NULL);
        job->state = WQ_IDLE;
    }
    return job;
}

/* ---- what has become of them ---- */

struct json_object *wq_stats(const struct wq *q)
{
    const struct wq_counts *n = &q->n;
    struct json_object *root = json_object_new_object();
    const struct wq_call *call;
    int waiting = 0;

    TAILQ_FOREACH (call, &q->putters, next)
        waiting++;
    const struct {
        const char *name;
        int64_t value;
    } members[] = {
        {"scheduled", n->scheduled}, {"waiting", waiting},        {"queued", n->queued},
        {"running", n->running},     {"retrying", n->retrying},   {"put", n->put},
        {"done", n->done},           {"failed", n->failed},       {"retried", n->retried},
        {"dead", n->dead},           {"timed_out", n->timed_out}, {"cancelled", n->cancelled},
        {"missed", n->missed},       {"refused", n->refused}};
    for (size_t k = 0; root != NULL && k < sizeof(members) / sizeof(members[0]); k++) {
        struct json_object *value = json_object_new_int64(members[k].value);

        if (value == NULL || json_object_object_add(root, members[k].name, value) != 0) {
            json_object_put(value);
            json_object_put(root);
            return NULL;
        }
    }
    return root;
}

#endif
