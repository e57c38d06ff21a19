/* p8_slot.h: the idiom of 3.3.3 "Stream processing", with a close that tells when it is done.
 * Given.
 *
 * Each iterator that gives answers of its own has a slot. It has two events, and calls for neither
 * while nobody waits. (A source may answer before `turn` comes: then that comes for nothing.)
 *
 *     next  --> slot_next() ---- turn, by a timer ---> the iterator's look() --> slot_answer()
 *     close --> slot_close() --- turn, at once ------> slot_answer(), if somebody waits
 *               slot_closed() -- told, at once ------> slot_tell(), for each who waits for that
 *
 * What slot_now() was called for comes in the order of these calls: so who waits for an item is
 * told before those who wait for the close.
 *
 * You may do without this file and p8_parts.h, and lay everything out in another way: the tests
 * know p8_async_iterator.h only. What p8_adaptors.h gives needs slots; without it that is yours,
 * too.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P8_SLOT_H
#define P8_SLOT_H

#include <event2/event.h>
#include <stdbool.h>

#include "p8_async_iterator.h"

TAILQ_HEAD(closers, aiter_closing);

/* Somebody waits for an item, and the iterator is not at its end, nor closed: answers the next with
 * slot_answer(), if that can be done now. */
typedef void (*look_fn)(struct aiter *it);

struct slot {
    struct event *turn;     /* has the loop call look(), or tell `state`; owned */
    struct event *told;     /* has it call slot_tell(); owned */
    next_cb cb;             /* who waits for an item; NULL: nobody */
    void *arg;              /* for cb; borrowed */
    int state;              /* ITER_ITEM: it goes on. Anything else: each next is told that */
    struct closers closers; /* who waits for the close, in the order of their calls */
    look_fn look;
    struct aiter *it; /* whose slot this is; for look */
};

/* Yours. A next: cb is noted, and `turn` comes in `ms`. 0, -EBUSY or -ENOMEM, as of
 * aiter_next(). */
static int slot_next(struct slot *slot, int ms, next_cb cb, void *arg);

/* Yours. Answers the next that waits: there is one, its cb is not NULL; for callbacks of the loop
 * only. It is the last use of the iterator: it may be freed in the call. What is no item stays, as
 * the slot's state. */
static void slot_answer(struct slot *slot, int got, void *item);

/* Yours. From now on each next is told -ECANCELED, also the one that waits: `turn` comes at
 * once. */
static void slot_close(struct slot *slot);

/* Yours. All is closed: the loop is to tell those in `closers`, and nothing if there are none. */
static void slot_closed(struct slot *slot);

/* Yours. Tells the first of `closers`, and has the loop call it again for the others: the iterator
 * may be freed in the call. Called by the loop, and there is one. */
static void slot_tell(struct slot *slot);

/* Somebody gets into the line of those who are told by slot_closed(). */
static inline void slot_add_closer(struct slot *slot, struct aiter_closing *closing)
{
    TAILQ_INSERT_TAIL(&slot->closers, closing, line);
}

static inline void on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct slot *slot = arg;

    (void)fd;
    (void)what;
    if (slot->cb == NULL)
        return; /* answered meanwhile: that which it waited for was quicker */
    if (slot->state != ITER_ITEM)
        slot_answer(slot, slot->state, NULL);
    else
        slot->look(slot->it);
}

static inline void on_told(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    slot_tell(arg);
}

/* Has the loop call an event at once, behind those that this was called for before; once more has
 * no effect until it has come. Needs no memory, and cannot fail. */
static inline void slot_now(struct event *event)
{
    if (event_pending(event, EV_READ, NULL))
        return;             /* it is in the line */
    (void)event_del(event); /* if its time came now, the loop would put it at the end of the line */
    event_active(event, EV_READ, 0);
}

static inline void slot_free(struct slot *slot)
{
    if (slot->turn != NULL)
        event_free(slot->turn);
    if (slot->told != NULL)
        event_free(slot->told);
    slot->turn = slot->told = NULL;
}

/* False without memory: then nothing is left behind. */
static inline bool slot_init(struct slot *slot, struct event_base *base, look_fn look,
                             struct aiter *it)
{
    *slot = (struct slot){.state = ITER_ITEM, .look = look, .it = it};
    TAILQ_INIT(&slot->closers);
    slot->turn = evtimer_new(base, on_turn, slot);
    slot->told = evtimer_new(base, on_told, slot);
    if (slot->turn != NULL && slot->told != NULL)
        return true;
    slot_free(slot);
    return false;
}

#endif
