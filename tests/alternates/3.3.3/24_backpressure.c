/* 24_backpressure.c: another right solution: what has been freed is given on at once, by whoever
 * frees it, and a timer of 0 tells all who are over by then
 *
 * SPDX-License-Identifier: MIT
 */
#include "24_backpressure.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>

TAILQ_HEAD(line, call);
TAILQ_HEAD(crate_list, crate);

struct queue {
    struct crate_list crates;
    struct line takers, bringers, over;
    int free_kg, room;
    struct event *timer; /* calls on_timer(); owned */
    bool *freed;         /* set by queue_free(), while on_timer() runs */
};

static void tell_later(struct queue *q, struct call *call, int err)
{
    if (call->line != NULL)
        TAILQ_REMOVE(call->line, call, next);
    call->line = NULL;
    call->err = err;
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

/* There is room for it, or a taker who makes it unnecessary. */
static void bring_in(struct queue *q, struct crate *crate)
{
    TAILQ_INSERT_TAIL(&q->crates, crate, next);
    q->free_kg -= crate->kg;
}

static struct crate *carry_out(struct queue *q)
{
    struct crate *crate = TAILQ_FIRST(&q->crates);

    if (crate != NULL) {
        TAILQ_REMOVE(&q->crates, crate, next);
        q->free_kg += crate->kg;
    }
    return crate;
}

static void let_bringers_in(struct queue *q)
{
    struct call *call;

    while ((call = TAILQ_FIRST(&q->bringers)) != NULL && call->item->kg <= q->free_kg) {
        bring_in(q, call->item);
        tell_later(q, call, 0);
    }
}

/* If somebody waits for a crate, the bay is empty. */
static void hand_to_taker(struct queue *q)
{
    struct call *call = TAILQ_FIRST(&q->takers);

    if (call != NULL) {
        call->item = carry_out(q);
        tell_later(q, call, 0);
    }
}

int queue_try_put(struct queue *q, struct crate *crate)
{
    if (crate->kg > q->room)
        return -EMSGSIZE;
    if (TAILQ_FIRST(&q->bringers) != NULL || crate->kg > q->free_kg)
        return -EAGAIN;
    bring_in(q, crate);
    hand_to_taker(q);
    return 0;
}

int queue_put(struct queue *q, struct call *call, struct crate *crate, done_cb cb, void *arg)
{
    if (crate->kg > q->room)
        return -EMSGSIZE;
    *call = (struct call){.item = crate, .cb = cb, .arg = arg};
    if (TAILQ_FIRST(&q->bringers) == NULL && crate->kg <= q->free_kg) {
        bring_in(q, crate);
        tell_later(q, call, 0);
        hand_to_taker(q);
        return 0;
    }
    call->line = &q->bringers;
    TAILQ_INSERT_TAIL(&q->bringers, call, next);
    return 0;
}

struct crate *queue_try_get(struct queue *q)
{
    struct crate *crate = carry_out(q);

    let_bringers_in(q);
    return crate;
}

void queue_get(struct queue *q, struct call *call, done_cb cb, void *arg)
{
    *call = (struct call){.cb = cb, .arg = arg, .item = carry_out(q)};
    if (call->item != NULL) {
        tell_later(q, call, 0);
        let_bringers_in(q);
        return;
    }
    call->line = &q->takers;
    TAILQ_INSERT_TAIL(&q->takers, call, next);
}

int queue_kg(const struct queue *q)
{
    return q->room - q->free_kg;
}

int queue_cancel(struct queue *q, struct call *call)
{
    if (call->line == NULL)
        return -EALREADY;
    tell_later(q, call, -ECANCELED);
    let_bringers_in(q);
    return 0;
}

struct queue *queue_new(struct event_base *base, int room)
{
    struct queue *q = calloc(1, sizeof(*q));

    if (q == NULL)
        return NULL;
    q->room = q->free_kg = room;
    TAILQ_INIT(&q->crates);
    TAILQ_INIT(&q->takers);
    TAILQ_INIT(&q->bringers);
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
