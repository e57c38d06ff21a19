/* 24_backpressure.h: a bounded queue: lorries bring crates to a loading bay, fork lifts take them away
 *
 * The bay has room for so many kilograms. As long as there is room, a lorry puts its crate down and
 * drives off. If not, it waits, and while it waits it brings nothing more: that is the backpressure.
 * So whoever brings is as fast as whoever takes away, and the bay never holds more than it can,
 * however many lorries come.
 *
 * The asyncio twin is asyncio.Queue(maxsize), but that counts items, and this one weighs them, as
 * a program does that must not hold more than so many bytes.
 *
 *     await queue.put(crate)                    # queue_put(), which queue_cancel() may end
 *     queue.put_nowait(crate)                   # queue_try_put()
 *     crate = await queue.get()                 # queue_get(), the same
 *     crate = queue.get_nowait()                # queue_try_get()
 *
 * What the queue promises
 *   - The crates leave in the order in which they came. Together they never weigh more than there is
 *     room for.
 *   - First come, first served. As long as the first lorry in line has to wait, all others wait,
 *     too, and queue_try_put() fails, even if there is room for a smaller crate: else the big one
 *     would never get in.
 *   - A place or a crate goes straight to whoever has waited longest, when it becomes free. It is
 *     his from then on, although he is told later; nobody who comes in between can take it. One
 *     crate that is taken away may make room for several others.
 *   - queue_put() and queue_get() return at once. If they do not return an error, the loop calls
 *     cb(err, arg), once, and never before they have returned. If queue_put() returns an error, cb
 *     is never called. Calls that end one after the other are told in that order.
 *   - Each function may be called from a cb, queue_free() too.
 *   - Nothing here allocates memory, but queue_new(). A crate and a call are the caller's memory;
 *     the queue links them into lists. A crate must stay where it is until somebody has got it, a
 *     call until its cb is called.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BACKPRESSURE_H
#define BACKPRESSURE_H

#include <sys/queue.h>

struct event_base;
struct queue; /* of the crates in one bay */

/* Tells whoever waits how it has ended: 0, or a negative errno. */
typedef void (*done_cb)(int err, void *arg);

struct crate {
    const char *name;        /* for people; the queue does not look at it */
    int kg;                  /* at least 1 */
    TAILQ_ENTRY(crate) next; /* the queue's: the one behind it */
};

/* One call of queue_put() or queue_get(). All of it is the queue's until cb is called. Then it may
 * be used for another call, in cb already. */
struct call {
    struct crate *item; /* what is put, or what was got; NULL after a queue_get() that failed */
    done_cb cb;
    void *arg;              /* for it; borrowed */
    int err;                /* what cb will be told */
    struct line *line;      /* where it stands */
    TAILQ_ENTRY(call) next; /* the one behind it */
};

/* An empty queue with room for so many kilograms, at least 1. NULL without memory. The caller owns
 * it, and frees it before the base. */
struct queue *queue_new(struct event_base *base, int room);

/* Puts a crate behind all others, when there is room for it and its turn has come. Returns 0, or
 * -EMSGSIZE for a crate that is too heavy for the empty bay. */
int queue_put(struct queue *q, struct call *call, struct crate *crate, done_cb cb, void *arg);

/* Puts it now, without a cb. Returns 0, -EMSGSIZE as queue_put() does, or -EAGAIN if queue_put()
 * would have to wait: then the crate is not put. */
int queue_try_put(struct queue *q, struct crate *crate);

/* Gets the first crate: call->item, when cb is called with 0. */
void queue_get(struct queue *q, struct call *call, done_cb cb, void *arg);

/* The first crate, at once, without a cb; NULL if queue_get() would have to wait for one. */
struct crate *queue_try_get(struct queue *q);

/* How many kilograms are in the bay now. A crate that somebody has got is not. */
int queue_kg(const struct queue *q);

/* Ends a call that still waits: its cb is called with -ECANCELED, by the loop, and its crate is not
 * put. Who stands behind it is served if that is possible now. Returns 0, or -EALREADY if the call
 * is over, told or not: then it stays as it is. Only for calls that have been begun once. */
int queue_cancel(struct queue *q, struct call *call);

/* Frees a queue, also NULL. No cb is called any more; the calls that were under way, and the crates
 * that were in the bay, are the caller's again. */
void queue_free(struct queue *q);

#endif
