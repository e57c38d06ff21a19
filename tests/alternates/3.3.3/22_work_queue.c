/* 22_work_queue.c: another right solution: each function decides for itself whom it serves, and a
 * timer of 0 tells all who are over by then
 *
 * SPDX-License-Identifier: MIT
 */
#include "22_work_queue.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>

TAILQ_HEAD(line, call);
TAILQ_HEAD(order_list, order);

struct queue {
    struct order_list orders;
    size_t unfinished, in_queue; /* orders; in_queue of the unfinished ones are nobody's */
    struct line waiting, joining, over;
    struct event *timer; /* calls on_timer(); owned */
    bool *freed;         /* set by queue_free(), while on_timer() runs */
};

static void tell_later(struct queue *q, struct call *call, int err)
{
    call->err = err;
    call->line = NULL;
    TAILQ_INSERT_TAIL(&q->over, call, next);
    /* Without memory for a timer, within this turn. */
    if (event_add(q->timer, &(struct timeval){0}) != 0)
        event_active(q->timer, EV_TIMEOUT, 0);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct queue *q = arg;
    struct call *call, *last = TAILQ_LAST(&q->over, line);
    bool freed = false, was_last;

    (void)fd;
    (void)what;
    q->freed = &freed;
    do {
        call = TAILQ_FIRST(&q->over);
        TAILQ_REMOVE(&q->over, call, next);
        was_last = call == last;
        call->cb(call->err, call->arg);
    } while (!freed && !was_last);
    if (!freed)
        q->freed = NULL;
}

/* To the first who waits; else into the queue, in front or behind. */
static void hand_over(struct queue *q, struct order *order, bool in_front)
{
    struct call *call = TAILQ_FIRST(&q->waiting);

    if (call != NULL) {
        TAILQ_REMOVE(&q->waiting, call, next);
        call->item = order;
        tell_later(q, call, 0);
        return;
    }
    q->in_queue++;
    if (in_front)
        TAILQ_INSERT_HEAD(&q->orders, order, next);
    else
        TAILQ_INSERT_TAIL(&q->orders, order, next);
}

void queue_put(struct queue *q, struct order *order)
{
    q->unfinished++;
    hand_over(q, order, false);
}

struct order *queue_try_get(struct queue *q)
{
    struct order *order = TAILQ_FIRST(&q->orders);

    if (order == NULL)
        return NULL;
    TAILQ_REMOVE(&q->orders, order, next);
    q->in_queue--;
    return order;
}

static void call_wait(struct call *call, struct line *line, done_cb cb, void *arg)
{
    *call = (struct call){.cb = cb, .arg = arg, .line = line};
    TAILQ_INSERT_TAIL(line, call, next);
}

void queue_get(struct queue *q, struct call *call, done_cb cb, void *arg)
{
    struct order *order = queue_try_get(q);

    call_wait(call, &q->waiting, cb, arg);
    if (order != NULL) /* then nobody else waits */
        hand_over(q, order, true);
}

void queue_join(struct queue *q, struct call *call, done_cb cb, void *arg)
{
    call_wait(call, &q->joining, cb, arg);
    if (q->unfinished == 0) {
        TAILQ_REMOVE(&q->joining, call, next);
        tell_later(q, call, 0);
    }
}

int queue_task_done(struct queue *q)
{
    struct call *call;

    if (q->unfinished == q->in_queue)
        return -EINVAL;
    if (--q->unfinished > 0)
        return 0;
    while ((call = TAILQ_FIRST(&q->joining)) != NULL) {
        TAILQ_REMOVE(&q->joining, call, next);
        tell_later(q, call, 0);
    }
    return 0;
}

int queue_put_back(struct queue *q, struct order *order)
{
    if (q->unfinished == q->in_queue)
        return -EINVAL;
    hand_over(q, order, true);
    return 0;
}

int queue_cancel(struct queue *q, struct call *call)
{
    if (call->line == NULL)
        return -EALREADY;
    TAILQ_REMOVE(call->line, call, next);
    tell_later(q, call, -ECANCELED);
    return 0;
}

struct queue *queue_new(struct event_base *base)
{
    struct queue *q = calloc(1, sizeof(*q));

    if (q == NULL)
        return NULL;
    TAILQ_INIT(&q->orders);
    TAILQ_INIT(&q->waiting);
    TAILQ_INIT(&q->joining);
    TAILQ_INIT(&q->over);
    q->timer = evtimer_new(base, on_timer, q);
    if (q->timer == NULL) {
        free(q);
        return NULL;
    }
    return q;
}

void queue_free(struct queue *q)
{
    if (q == NULL)
        return;
    if (q->freed != NULL)
        *q->freed = true;
    event_free(q->timer);
    free(q);
}
