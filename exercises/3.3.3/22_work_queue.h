/* 22_work_queue.h: a work queue: the orders of a restaurant, and the cooks who share them
 *
 * The waiters put orders into the queue. A cook gets one, cooks, says that it is done, and gets the
 * next. Whoever wants to close the kitchen joins the queue: that ends when all orders are done, and
 * not before. A cook who cannot make an order puts it back: the fish is out, or the pan is burnt.
 *
 * The asyncio twin is asyncio.Queue(), without a limit. Only put_back() is not in it.
 *
 *     async def cook(queue):
 *         while True:
 *             order = await queue.get()         # queue_get(), which queue_cancel() may end
 *             await prepare(order)
 *             queue.task_done()                 # queue_task_done()
 *
 *     queue.put_nowait(order)                   # queue_put()
 *     await queue.join()                        # queue_join()
 *
 * What the queue promises
 *   - First come, first served: the order that was put first goes to the cook who has waited
 *     longest. An order goes straight from the queue to a cook who waits, when it is put: it is his
 *     from then on, although he is told later. Nobody who comes in between can take it.
 *   - queue_get() and queue_join() return at once. The loop calls cb(err, arg), once, and never
 *     before they have returned, even if there is nothing to wait for. Calls that end one after
 *     the other are told in that order.
 *   - An order is in work from the moment at which it is a cook's, until queue_task_done() or
 *     queue_put_back() is called for it. The queue counts them; it does not know which is whose.
 *   - Each function may be called from a cb, queue_free() too.
 *   - Nothing here allocates memory, but queue_new(). An order and a call are the caller's memory;
 *     the queue links them into lists. An order must stay where it is until a cook has it, a call
 *     until its cb is called.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef WORK_QUEUE_H
#define WORK_QUEUE_H

#include <stddef.h>
#include <sys/queue.h>

struct event_base;
struct queue; /* of the orders of one kitchen */

/* Tells whoever waits how it has ended: 0, or a negative errno. */
typedef void (*done_cb)(int err, void *arg);

struct order {
    const char *dish;        /* for people; the queue does not look at it */
    TAILQ_ENTRY(order) next; /* the queue's: the one behind it */
};

/* One call of queue_get() or queue_join(). All of it is the queue's until cb is called. Then it may
 * be used for another call, in cb already. */
struct call {
    struct order *item; /* after queue_get(): what was got; NULL if err is not 0 */
    done_cb cb;
    void *arg;              /* for it; borrowed */
    int err;                /* what cb will be told */
    struct line *line;      /* where it stands */
    TAILQ_ENTRY(call) next; /* the one behind it */
};

/* An empty queue on this base, or NULL without memory. The caller owns it, and frees it before the
 * base. */
struct queue *queue_new(struct event_base *base);

/* Puts an order behind all others. Never waits, since a restaurant takes any number of orders. */
void queue_put(struct queue *q, struct order *order);

/* Gets the first order: call->item, when cb is called with 0. */
void queue_get(struct queue *q, struct call *call, done_cb cb, void *arg);

/* The first order, at once, without a cb; NULL if queue_get() would have to wait for one. */
struct order *queue_try_get(struct queue *q);

/* An order that is in work is done. Returns 0, or -EINVAL if none is in work: then nothing is
 * changed. */
int queue_task_done(struct queue *q);

/* An order that is in work is not done: it goes back in front of all that wait in the queue, or
 * straight to the cook who has waited longest. Returns as queue_task_done() does. */
int queue_put_back(struct queue *q, struct order *order);

/* Waits until no order is in the queue and none in work, also of those that are put meanwhile.
 * Then cb is called with 0. */
void queue_join(struct queue *q, struct call *call, done_cb cb, void *arg);

/* Ends a call that still waits: its cb is called with -ECANCELED, by the loop. Returns 0, or
 * -EALREADY if there is nothing to cancel: it is over, told or not. Then it stays as it is; a cook
 * who has got an order and is not told yet will be told of the order. Only for calls that have been
 * begun once. */
int queue_cancel(struct queue *q, struct call *call);

/* Frees a queue, also NULL. No cb is called any more, and the calls that were under way are the
 * caller's again. */
void queue_free(struct queue *q);

#endif
