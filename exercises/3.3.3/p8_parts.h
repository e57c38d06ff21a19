/* p8_parts.h: what the iterators are made of that you write, and how they are made and freed.
 * Given.
 *
 * Each struct begins with its struct aiter, so that a pointer to one is a pointer to the other. The
 * functions that they call are yours; p8_async_iterator.h says what they do.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P8_PARTS_H
#define P8_PARTS_H

#include <errno.h>
#include <event2/bufferevent.h>
#include <stdbool.h>
#include <stdlib.h>

#include "p8_slot.h"

/* ---- range ---- */

struct range {
    struct aiter aiter;
    struct slot slot;
    int value, stop; /* the next number, and where it ends */
    int delay_ms;
};

/* Yours. */
static int range_next(struct aiter *it, next_cb cb, void *arg);
static void range_close(struct aiter *it, struct aiter_closing *closing);
static void range_look(struct aiter *it);

static inline void range_free(struct aiter *it)
{
    struct range *range = (struct range *)it;

    slot_free(&range->slot);
    free(range);
}

struct aiter *aiter_range(struct event_base *base, int start, int stop, int delay_ms)
{
    static const struct aiter_ops ops = {range_next, range_close, range_free};
    struct range *range = calloc(1, sizeof(*range));

    if (range == NULL || !slot_init(&range->slot, base, range_look, &range->aiter)) {
        free(range);
        return NULL;
    }
    range->aiter.ops = &ops;
    range->value = start;
    range->stop = stop;
    range->delay_ms = delay_ms;
    return &range->aiter;
}

/* ---- take ---- */

struct take {
    struct aiter aiter;
    struct slot slot;   /* cb: who asked the take, whoever answers */
    struct aiter *from; /* owned */
    int left;           /* so many items at the most */
};

/* Yours. */
static int take_next(struct aiter *it, next_cb cb, void *arg);
static void take_close(struct aiter *it, struct aiter_closing *closing);
static void take_look(struct aiter *it);

static inline void take_free(struct aiter *it)
{
    struct take *take = (struct take *)it;

    slot_free(&take->slot);
    aiter_free(take->from);
    free(take);
}

struct aiter *aiter_take(struct event_base *base, struct aiter *from, int n)
{
    static const struct aiter_ops ops = {take_next, take_close, take_free};
    struct take *take = from != NULL ? calloc(1, sizeof(*take)) : NULL;

    if (take == NULL || !slot_init(&take->slot, base, take_look, &take->aiter)) {
        aiter_free(from);
        free(take);
        return NULL;
    }
    take->aiter.ops = &ops;
    take->from = from;
    take->left = n;
    return &take->aiter;
}

/* ---- lines ---- */

struct lines {
    struct aiter aiter;
    struct slot slot;
    struct bufferevent *stream; /* owned; reads only while a line is missing */
    size_t max_line;
    int input; /* ITER_ITEM: more may come. Anything else: that is what is behind the last line */
};

/* Yours. lines_look() is also called when there is more to look at: bytes, or another `input`. */
static void lines_look(struct aiter *it);
static void lines_close(struct aiter *it, struct aiter_closing *closing);

static inline int lines_next(struct aiter *it, next_cb cb, void *arg)
{
    return slot_next(&((struct lines *)it)->slot, 0, cb, arg);
}

static inline void on_lines_readable(struct bufferevent *stream, void *arg)
{
    struct lines *lines = arg;

    (void)stream;
    if (lines->slot.cb != NULL && lines->slot.state == ITER_ITEM)
        lines_look(&lines->aiter);
}

static inline void on_lines_event(struct bufferevent *stream, short what, void *arg)
{
    struct lines *lines = arg;
    const int error = EVUTIL_SOCKET_ERROR();

    if (what & BEV_EVENT_EOF)
        lines->input = ITER_END;
    else if (what & BEV_EVENT_TIMEOUT)
        lines->input = -ETIMEDOUT;
    else
        lines->input = error != 0 ? -error : -EIO;
    on_lines_readable(stream, lines);
}

static inline void lines_free(struct aiter *it)
{
    struct lines *lines = (struct lines *)it;

    slot_free(&lines->slot);
    bufferevent_free(lines->stream);
    free(lines);
}

struct aiter *aiter_lines(struct bufferevent *stream, size_t max_line)
{
    static const struct aiter_ops ops = {lines_next, lines_close, lines_free};
    struct lines *lines = stream != NULL ? calloc(1, sizeof(*lines)) : NULL;

    if (lines == NULL ||
        !slot_init(&lines->slot, bufferevent_get_base(stream), lines_look, &lines->aiter)) {
        if (stream != NULL)
            bufferevent_free(stream);
        free(lines);
        return NULL;
    }
    lines->aiter.ops = &ops;
    lines->stream = stream;
    lines->max_line = max_line;
    lines->input = ITER_ITEM;
    bufferevent_setcb(stream, on_lines_readable, NULL, on_lines_event, lines);
    (void)bufferevent_disable(stream, EV_READ); /* cannot fail: it is a socket */
    return &lines->aiter;
}

/* ---- merge ---- */

/* One of the sources. */
struct input {
    struct merge *merge;
    struct aiter *from;           /* owned */
    bool asked, ended;            /* a next of it waits; it has told ITER_END */
    void *kept;                   /* its item, if it came when nobody waited; owned */
    struct aiter_closing closing; /* of `from` */
    TAILQ_ENTRY(input) line;      /* of those with `kept` */
};

TAILQ_HEAD(inputs, input);

struct merge {
    struct aiter aiter;
    struct slot slot;
    aiter_copy_fn copy;
    struct inputs kept; /* those that keep an item, in the order in which they came */
    int result;         /* ITER_ITEM: it goes on. Anything else: told when nothing is kept */
    bool closing;       /* all sources have been told to close */
    int running, open;  /* so many have not ended yet; so many are not closed yet */
    int n;
    struct input inputs[];
};

/* Yours. */
static void merge_look(struct aiter *it);
static void merge_close(struct aiter *it, struct aiter_closing *closing);

static inline int merge_next(struct aiter *it, next_cb cb, void *arg)
{
    return slot_next(&((struct merge *)it)->slot, 0, cb, arg);
}

static inline void merge_free(struct aiter *it)
{
    struct merge *merge = (struct merge *)it;

    slot_free(&merge->slot);
    for (int i = 0; i < merge->n; i++) {
        aiter_free(merge->inputs[i].from);
        free(merge->inputs[i].kept);
    }
    free(merge);
}

struct aiter *aiter_merge(struct event_base *base, struct aiter *const from[], int n,
                          aiter_copy_fn copy)
{
    static const struct aiter_ops ops = {merge_next, merge_close, merge_free};
    struct merge *merge = calloc(1, sizeof(*merge) + (size_t)n * sizeof(merge->inputs[0]));
    bool good = merge != NULL && slot_init(&merge->slot, base, merge_look, &merge->aiter);

    for (int i = 0; i < n; i++)
        good = good && from[i] != NULL;
    for (int i = 0; i < n; i++) {
        if (good)
            merge->inputs[i] = (struct input){.merge = merge, .from = from[i]};
        else
            aiter_free(from[i]);
    }
    if (!good) {
        if (merge != NULL)
            slot_free(&merge->slot);
        free(merge);
        return NULL;
    }
    merge->aiter.ops = &ops;
    merge->copy = copy;
    TAILQ_INIT(&merge->kept);
    merge->result = n > 0 ? ITER_ITEM : ITER_END;
    merge->running = merge->open = n;
    merge->n = n;
    return &merge->aiter;
}

/* ---- buffered ---- */

/* An item that nobody has asked for yet. */
struct kept {
    void *item; /* a copy; owned */
    TAILQ_ENTRY(kept) line;
};

TAILQ_HEAD(kept_items, kept);

struct buffered {
    struct aiter aiter;
    struct slot slot;
    struct aiter *from; /* owned */
    aiter_copy_fn copy;
    struct kept_items kept; /* in the order in which they came; owned */
    int n, room;            /* so many are kept; so many may be */
    int result;             /* ITER_ITEM: it goes on. Anything else: told when nothing is kept */
    bool asked;             /* a next of `from` waits */
};

/* Yours. */
static void buffered_look(struct aiter *it);
static void buffered_close(struct aiter *it, struct aiter_closing *closing);

static inline int buffered_next(struct aiter *it, next_cb cb, void *arg)
{
    return slot_next(&((struct buffered *)it)->slot, 0, cb, arg);
}

/* Takes the first of the items that are kept, for the caller to free(); NULL if there is none. */
static inline void *buffered_take(struct buffered *buffered)
{
    struct kept *kept = TAILQ_FIRST(&buffered->kept);
    void *item = kept != NULL ? kept->item : NULL;

    if (kept != NULL) {
        TAILQ_REMOVE(&buffered->kept, kept, line);
        buffered->n--;
        free(kept);
    }
    return item;
}

/* Keeps a copy of an item, behind the others. False without memory. */
static inline bool buffered_keep(struct buffered *buffered, const void *item)
{
    struct kept *kept = malloc(sizeof(*kept));

    if (kept == NULL)
        return false;
    kept->item = buffered->copy(item);
    if (kept->item == NULL) {
        free(kept);
        return false;
    }
    TAILQ_INSERT_TAIL(&buffered->kept, kept, line);
    buffered->n++;
    return true;
}

static inline void buffered_free(struct aiter *it)
{
    struct buffered *buffered = (struct buffered *)it;

    slot_free(&buffered->slot);
    while (buffered->n > 0)
        free(buffered_take(buffered));
    aiter_free(buffered->from);
    free(buffered);
}

struct aiter *aiter_buffered(struct event_base *base, struct aiter *from, int n, aiter_copy_fn copy)
{
    static const struct aiter_ops ops = {buffered_next, buffered_close, buffered_free};
    struct buffered *buffered = from != NULL ? calloc(1, sizeof(*buffered)) : NULL;

    if (buffered == NULL || !slot_init(&buffered->slot, base, buffered_look, &buffered->aiter)) {
        aiter_free(from);
        free(buffered);
        return NULL;
    }
    buffered->aiter.ops = &ops;
    buffered->from = from;
    buffered->copy = copy;
    TAILQ_INIT(&buffered->kept);
    buffered->room = n > 0 ? n : 1;
    buffered->result = ITER_ITEM;
    return &buffered->aiter;
}

#endif
