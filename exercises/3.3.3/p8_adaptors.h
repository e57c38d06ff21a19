/* p8_adaptors.h: map, filter, chain, timeout and ticker, and copies of items. Given. With it comes
 * p8_collect.h, a sink.
 *
 * Read map and filter first: they have no slot, because the source answers for them. chain and
 * timeout answer themselves at times, as yours do.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P8_ADAPTORS_H
#define P8_ADAPTORS_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "p8_collect.h"
#include "p8_slot.h"

/* ---- copies ---- */

void *aiter_copy_int(const void *item)
{
    int *copy = malloc(sizeof(*copy));

    if (copy != NULL)
        *copy = *(const int *)item;
    return copy;
}

/* The text lies behind the struct. */
void *aiter_copy_line(const void *item)
{
    const struct aiter_line *line = item;
    struct aiter_line *copy = malloc(sizeof(*copy) + line->n + 1);

    if (copy == NULL)
        return NULL;
    copy->text = memcpy(copy + 1, line->text, line->n + 1);
    copy->n = line->n;
    return copy;
}

/* ---- map and filter ---- */

struct map {
    struct aiter aiter;
    struct aiter *from;     /* owned */
    aiter_change_fn change; /* NULL: it is a filter */
    aiter_wanted_fn wanted;
    void *obj;  /* for the one of them; borrowed */
    next_cb cb; /* who asked; the source knows whether they wait */
    void *arg;  /* for cb; borrowed */
};

static inline void on_mapped(int got, void *item, void *arg)
{
    struct map *map = arg;

    if (got == ITER_ITEM && map->change != NULL) {
        item = map->change(item, map->obj);
    } else if (got == ITER_ITEM && !map->wanted(item, map->obj)) {
        got = aiter_next(map->from, on_mapped, map);
        if (got == 0)
            return; /* who waits goes on waiting */
        item = NULL;
    }
    map->cb(got, item, map->arg); /* the last use of `map`: it may be freed */
}

static inline int map_next(struct aiter *it, next_cb cb, void *arg)
{
    struct map *map = (struct map *)it;
    const int error = aiter_next(map->from, on_mapped, map);

    if (error == 0) { /* otherwise another next may wait, and its cb is needed */
        map->cb = cb;
        map->arg = arg;
    }
    return error;
}

static inline void map_close(struct aiter *it, struct aiter_closing *closing)
{
    struct aiter *from = ((struct map *)it)->from;

    from->ops->close(from, closing);
}

static inline void map_free(struct aiter *it)
{
    aiter_free(((struct map *)it)->from);
    free(it);
}

static inline struct aiter *map_new(struct aiter *from, struct map some)
{
    static const struct aiter_ops ops = {map_next, map_close, map_free};
    struct map *map = from != NULL ? malloc(sizeof(*map)) : NULL;

    if (map == NULL) {
        aiter_free(from);
        return NULL;
    }
    *map = some;
    map->aiter.ops = &ops;
    map->from = from;
    return &map->aiter;
}

struct aiter *aiter_map(struct aiter *from, aiter_change_fn change, void *arg)
{
    return map_new(from, (struct map){.change = change, .obj = arg});
}

struct aiter *aiter_filter(struct aiter *from, aiter_wanted_fn wanted, void *arg)
{
    return map_new(from, (struct map){.wanted = wanted, .obj = arg});
}

/* ---- chain ---- */

struct chain {
    struct aiter aiter;
    struct slot slot;           /* cb: who asked the chain, whoever answers */
    struct aiter *from[2];      /* owned */
    int at;                     /* which of them is asked */
    int closed;                 /* so many of them are closed */
    bool began;                 /* to close them */
    struct aiter_closing below; /* of the one that is being closed */
};

static inline void on_chained(int got, void *item, void *arg)
{
    struct chain *chain = arg;

    if (got == ITER_END && chain->at == 0) {
        got = aiter_next(chain->from[++chain->at], on_chained, chain);
        if (got == 0)
            return;
    }
    slot_answer(&chain->slot, got, item);
}

/* Not called: `turn` is needed only to tell what stays. */
static inline void chain_look(struct aiter *it)
{
    (void)it;
}

static inline int chain_next(struct aiter *it, next_cb cb, void *arg)
{
    struct chain *chain = (struct chain *)it;
    int error;

    if (chain->slot.cb != NULL)
        return -EBUSY;
    if (chain->slot.state != ITER_ITEM)
        return slot_next(&chain->slot, 0, cb, arg);
    error = aiter_next(chain->from[chain->at], on_chained, chain);
    if (error == 0) {
        chain->slot.cb = cb;
        chain->slot.arg = arg;
    }
    return error;
}

/* One of the two is closed: the other one's turn, or all is closed. */
static inline void on_chain_closed(void *arg)
{
    struct chain *chain = arg;

    if (++chain->closed < 2)
        aiter_close(chain->from[chain->closed], &chain->below, on_chain_closed, chain);
    else
        slot_closed(&chain->slot);
}

/* Who waits for an item of `from` is told by it; who waits for `turn`, by that. */
static inline void chain_close(struct aiter *it, struct aiter_closing *closing)
{
    struct chain *chain = (struct chain *)it;

    if (evtimer_pending(chain->slot.turn, NULL))
        slot_close(&chain->slot);
    chain->slot.state = -ECANCELED;
    slot_add_closer(&chain->slot, closing);
    if (!chain->began)
        aiter_close(chain->from[0], &chain->below, on_chain_closed, chain);
    else if (chain->closed == 2)
        slot_closed(&chain->slot);
    chain->began = true;
}

static inline void chain_free(struct aiter *it)
{
    struct chain *chain = (struct chain *)it;

    slot_free(&chain->slot);
    aiter_free(chain->from[0]);
    aiter_free(chain->from[1]);
    free(chain);
}

struct aiter *aiter_chain(struct event_base *base, struct aiter *first, struct aiter *second)
{
    static const struct aiter_ops ops = {chain_next, chain_close, chain_free};
    struct chain *chain = first != NULL && second != NULL ? calloc(1, sizeof(*chain)) : NULL;

    if (chain == NULL || !slot_init(&chain->slot, base, chain_look, &chain->aiter)) {
        aiter_free(first);
        aiter_free(second);
        free(chain);
        return NULL;
    }
    chain->aiter.ops = &ops;
    chain->from[0] = first;
    chain->from[1] = second;
    return &chain->aiter;
}

/* ---- timeout ---- */

struct timeout {
    struct aiter aiter;
    struct slot slot;           /* `turn` comes when the time is up */
    struct aiter *from;         /* owned */
    struct aiter_closing below; /* of `from`, if it was too late */
    int ms;
};

static inline void on_in_time(int got, void *item, void *arg)
{
    struct timeout *timeout = arg;

    if (timeout->slot.state != ITER_ITEM)
        return;                          /* too late: it is closed, and `turn` tells that */
    (void)event_del(timeout->slot.turn); /* cannot fail: the event is a good one */
    slot_answer(&timeout->slot, got, item);
}

static inline void on_closed_late(void *arg)
{
    (void)arg; /* nobody waits for that */
}

static inline void timeout_look(struct aiter *it)
{
    struct timeout *timeout = (struct timeout *)it;

    aiter_close(timeout->from, &timeout->below, on_closed_late, timeout);
    slot_answer(&timeout->slot, -ETIMEDOUT, NULL);
}

static inline int timeout_next(struct aiter *it, next_cb cb, void *arg)
{
    struct timeout *timeout = (struct timeout *)it;
    const bool goes_on = timeout->slot.state == ITER_ITEM;
    int error = slot_next(&timeout->slot, goes_on ? timeout->ms : 0, cb, arg);

    if (error == 0 && goes_on) {
        error = aiter_next(timeout->from, on_in_time, timeout);
        if (error != 0) { /* as if it had not been asked */
            (void)event_del(timeout->slot.turn);
            timeout->slot.cb = NULL;
        }
    }
    return error;
}

static inline void timeout_close(struct aiter *it, struct aiter_closing *closing)
{
    struct timeout *timeout = (struct timeout *)it;

    slot_close(&timeout->slot);
    timeout->from->ops->close(timeout->from, closing);
}

static inline void timeout_free(struct aiter *it)
{
    struct timeout *timeout = (struct timeout *)it;

    slot_free(&timeout->slot);
    aiter_free(timeout->from);
    free(timeout);
}

struct aiter *aiter_timeout(struct event_base *base, struct aiter *from, int ms)
{
    static const struct aiter_ops ops = {timeout_next, timeout_close, timeout_free};
    struct timeout *timeout = from != NULL ? calloc(1, sizeof(*timeout)) : NULL;

    if (timeout == NULL || !slot_init(&timeout->slot, base, timeout_look, &timeout->aiter)) {
        aiter_free(from);
        free(timeout);
        return NULL;
    }
    timeout->aiter.ops = &ops;
    timeout->from = from;
    timeout->ms = ms;
    return &timeout->aiter;
}

/* ---- ticker ---- */

struct ticker {
    struct aiter aiter;
    struct slot slot;
    int ms;
    int64_t start;  /* when the first next came, in ms; -1: not yet */
    int64_t number; /* of the tick that is waited for, or was told last */
};

static inline int64_t ticker_now(const struct ticker *ticker)
{
    struct timespec now;

    (void)event_base_update_cache_time(
        event_get_base(ticker->slot.turn));     /* `turn` counts from it */
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail: there is such a clock */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline int ticker_next(struct aiter *it, next_cb cb, void *arg)
{
    struct ticker *ticker = (struct ticker *)it;
    const int64_t now = ticker_now(ticker), start = ticker->start < 0 ? now : ticker->start;
    int64_t number = (now - start) / ticker->ms, wait = 0; /* the last one that is due */
    int error;

    if (number <= ticker->number && ticker->slot.state == ITER_ITEM) {
        number = ticker->number + 1;
        wait = start + number * ticker->ms - now;
    }
    error = slot_next(&ticker->slot, (int)wait, cb, arg);
    if (error == 0) {
        ticker->start = start;
        ticker->number = number;
    }
    return error;
}

static inline void ticker_look(struct aiter *it)
{
    struct ticker *ticker = (struct ticker *)it;
    int64_t number = ticker->number; /* a copy: it may be freed in the call */

    slot_answer(&ticker->slot, ITER_ITEM, &number);
}

static inline void ticker_close(struct aiter *it, struct aiter_closing *closing)
{
    struct ticker *ticker = (struct ticker *)it;

    slot_close(&ticker->slot);
    slot_add_closer(&ticker->slot, closing);
    slot_closed(&ticker->slot);
}

static inline void ticker_free(struct aiter *it)
{
    slot_free(&((struct ticker *)it)->slot);
    free(it);
}

struct aiter *aiter_ticker(struct event_base *base, int ms)
{
    static const struct aiter_ops ops = {ticker_next, ticker_close, ticker_free};
    struct ticker *ticker = calloc(1, sizeof(*ticker));

    if (ticker == NULL || !slot_init(&ticker->slot, base, ticker_look, &ticker->aiter)) {
        free(ticker);
        return NULL;
    }
    ticker->aiter.ops = &ops;
    ticker->ms = ms;
    ticker->start = -1;
    return &ticker->aiter;
}

#endif
