/* 22_work_queue.c: a work queue on one event of libevent
 *
 * 22_work_queue.h says what the queue promises. Whoever calls stands at the end of a line, and so
 * do those who are to be told. Given are the lines, and the way in and out of them. Yours is who is
 * served, and when.
 *
 * See an evening of the kitchen: ./workbook run 22_work_queue --virtual
 *
 * SPDX-License-Identifier: MIT
 */
#include "22_work_queue.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOLD_IN_A_ROW = 16 };

/* First come, first served. */
TAILQ_HEAD(line, call);
TAILQ_HEAD(order_list, order);

struct queue {
    struct order_list orders; /* those that nobody has; borrowed */
    size_t in_work;           /* orders that are a cook's, and not yet done or put back */
    struct line getters;      /* those who wait for an order */
    struct line joiners;      /* those who wait for the end of all work */
    struct line over;         /* those who are to be told */
    struct event *tell;       /* calls on_tell(); active as long as somebody is to be told; owned */
    unsigned told;            /* how many, so far */
};

/* ---- given: the orders ---- */

/* Takes the first order out of the queue, for a cook. NULL if there is none. */
static struct order *order_take(struct queue *q)
{
    struct order *order = TAILQ_FIRST(&q->orders);

    if (order != NULL) {
        TAILQ_REMOVE(&q->orders, order, next);
        q->in_work++;
    }
    return order;
}

/* ---- yours: who is served, and when ---- */

/* A call is over. The loop tells its caller, who is perhaps in the middle of something now. */
static void call_end(struct queue *q, struct call *call, int err)
{
    TAILQ_REMOVE(call->line, call, next);
    TAILQ_INSERT_TAIL(&q->over, call, next);
    call->line = &q->over;
    call->err = err;
    event_active(q->tell, EV_TIMEOUT, 0);
}

/* Serves the first in line, as long as there is what it waits for. None is overtaken. */
static void queue_settle(struct queue *q)
{
    struct call *call;

    while ((call = TAILQ_FIRST(&q->getters)) != NULL && !TAILQ_EMPTY(&q->orders)) {
        call->item = order_take(q);
        call_end(q, call, 0);
    }
    /* An empty queue is not enough: the cooks may still be at work. */
    while ((call = TAILQ_FIRST(&q->joiners)) != NULL && TAILQ_EMPTY(&q->orders) && q->in_work == 0)
        call_end(q, call, 0);
}

/* An order is not in work any more: it is done, or comes back, in front of the others. Returns as
 * queue_task_done() and queue_put_back() do; `back` is NULL if the order is done. */
static int work_end(struct queue *q, struct order *back)
{
    if (q->in_work == 0)
        return -EINVAL;
    q->in_work--;
    if (back != NULL)
        TAILQ_INSERT_HEAD(&q->orders, back, next);
    queue_settle(q); /* perhaps it was the last work, or somebody waits for the order */
    return 0;
}

int queue_cancel(struct queue *q, struct call *call)
{
    if (call->line == &q->over)
        return -EALREADY; /* an order may be on its way, and would be lost */
    call_end(q, call, -ECANCELED);
    return 0;
}

/* ---- given: the way in ---- */

/* Stands at the end of the line, even if it is empty: then it is served at once, but not told. */
static void call_begin(struct queue *q, struct call *call, struct line *line, done_cb cb, void *arg)
{
    call->item = NULL;
    call->cb = cb;
    call->arg = arg;
    call->line = line;
    TAILQ_INSERT_TAIL(line, call, next);
    queue_settle(q);
}

void queue_put(struct queue *q, struct order *order)
{
    TAILQ_INSERT_TAIL(&q->orders, order, next);
    queue_settle(q);
}

void queue_get(struct queue *q, struct call *call, done_cb cb, void *arg)
{
    call_begin(q, call, &q->getters, cb, arg);
}

struct order *queue_try_get(struct queue *q)
{
    return order_take(q); /* if somebody waited, there would be no order here */
}

int queue_task_done(struct queue *q)
{
    return work_end(q, NULL);
}

int queue_put_back(struct queue *q, struct order *order)
{
    return work_end(q, order);
}

void queue_join(struct queue *q, struct call *call, done_cb cb, void *arg)
{
    call_begin(q, call, &q->joiners, cb, arg);
}

/* ---- given: the way out, new, free ---- */

/* Tells one. Now and then the loop looks at its timers and descriptors before the next one comes: a
 * put and a get that go on for ever starve nobody. */
static void on_tell(evutil_socket_t fd, short what, void *arg)
{
    struct queue *q = arg;
    struct call *call = TAILQ_FIRST(&q->over);

    (void)fd;   /* it has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    TAILQ_REMOVE(&q->over, call, next);
    if (!TAILQ_EMPTY(&q->over))
        event_active(q->tell, EV_TIMEOUT, 0);
    if (++q->told % TOLD_IN_A_ROW == 0)
        (void)event_base_loopcontinue(event_get_base(q->tell)); /* cannot fail */
    call->cb(call->err, call->arg); /* the last: here the call is begun again, or the queue freed */
}

struct queue *queue_new(struct event_base *base)
{
    struct queue *q = calloc(1, sizeof(*q));

    if (q == NULL)
        return NULL;
    TAILQ_INIT(&q->orders);
    TAILQ_INIT(&q->getters);
    TAILQ_INIT(&q->joiners);
    TAILQ_INIT(&q->over);
    q->tell = event_new(base, -1, 0, on_tell, q);
    if (q->tell == NULL) {
        free(q);
        return NULL;
    }
    return q;
}

void queue_free(struct queue *q)
{
    if (q == NULL)
        return;
    event_free(q->tell);
    free(q);
}

/* ---- given: an evening of the kitchen ---- */

enum { COOKS = 2, ORDERS = 4 };

struct kitchen {
    struct queue *queue;
    struct cook {
        const char *name;
        struct kitchen *kitchen;
        struct call get;      /* its one call */
        struct event *cooked; /* calls on_cooked(); owned */
    } cooks[COOKS];
    struct order orders[ORDERS];
    struct call close; /* joins the queue */
    int cooked;        /* orders */
    int err;           /* the first one */
};

/* A dish takes 10 ms a letter. */
static void on_got(int err, void *arg)
{
    struct cook *cook = arg;

    if (err != 0) {
        printf("%s: goes home\n", cook->name);
        return;
    }
    printf("%s: begins %s\n", cook->name, cook->get.item->dish);
    const struct timeval time = {.tv_usec = 10 * 1000 * (int)strlen(cook->get.item->dish)};
    if (event_add(cook->cooked, &time) != 0)
        cook->kitchen->err = -ENOMEM;
}

static void on_cooked(evutil_socket_t fd, short what, void *arg)
{
    struct cook *cook = arg;
    struct kitchen *kitchen = cook->kitchen;

    (void)fd;
    (void)what;
    printf("%s: ends %s\n", cook->name, cook->get.item->dish);
    kitchen->cooked++;
    if (kitchen->err == 0)
        kitchen->err = queue_task_done(kitchen->queue);
    queue_get(kitchen->queue, &cook->get, on_got, cook);
}

static void on_joined(int err, void *arg)
{
    struct kitchen *kitchen = arg;

    if (err == 0)
        puts("kitchen: closes");
    for (int k = 0; k < COOKS; k++)
        if (kitchen->err == 0)
            kitchen->err = queue_cancel(kitchen->queue, &kitchen->cooks[k].get); /* it waits */
}

static int kitchen_open(struct kitchen *kitchen, struct event_base *base)
{
    static const char *const NAMES[COOKS] = {"Ann", "Bob"};
    static const char *const DISHES[ORDERS] = {"bouillabaisse", "soup", "omelette", "pie"};

    kitchen->queue = queue_new(base);
    for (int k = 0; k < COOKS; k++) {
        struct cook *cook = &kitchen->cooks[k];

        cook->name = NAMES[k];
        cook->kitchen = kitchen;
        cook->cooked = evtimer_new(base, on_cooked, cook);
        if (kitchen->queue == NULL || cook->cooked == NULL)
            return -ENOMEM;
        queue_get(kitchen->queue, &cook->get, on_got, cook);
    }
    for (int k = 0; k < ORDERS; k++) {
        kitchen->orders[k].dish = DISHES[k];
        queue_put(kitchen->queue, &kitchen->orders[k]);
    }
    queue_join(kitchen->queue, &kitchen->close, on_joined, kitchen);
    return 0;
}

int main(void)
{
    struct kitchen kitchen = {0};
    int status = EXIT_FAILURE;
    struct event_base *base = event_base_new();

    if (base == NULL || kitchen_open(&kitchen, base) != 0) {
        fprintf(stderr, "22_work_queue: set-up: out of memory\n");
        goto cleanup;
    }
    if (event_base_dispatch(base) == 1 && kitchen.err == 0 && kitchen.cooked == ORDERS)
        status = EXIT_SUCCESS;
    else if (kitchen.cooked == 0)
        fprintf(stderr, "22_work_queue: no cook has got an order: start with TODO(1)\n");
    else
        fprintf(stderr, "22_work_queue: %d orders of %d are cooked%s\n", kitchen.cooked, ORDERS,
                kitchen.err == -ENOSYS ? "; TODO(3) or TODO(4) is not written yet" : "");

cleanup:
    for (int k = 0; k < COOKS; k++)
        if (kitchen.cooks[k].cooked != NULL)
            event_free(kitchen.cooks[k].cooked);
    queue_free(kitchen.queue);
    if (base != NULL)
        event_base_free(base);
    return status;
}
