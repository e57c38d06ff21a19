/* p8_async_iterator.c: another way. Each iterator has one event; what it is called for is seen
 * then: an answer, and somebody who waits for a close, take turns. Whoever has sources closes them
 * with nodes of its own, and counts. A merge numbers what it keeps, a buffer keeps it in a ring.
 * Of what is given it uses p8_adaptors.h, whose slots are written in terms of the loop, too.
 *
 * SPDX-License-Identifier: MIT
 */
#include "p8_async_iterator.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>

#include "p8_adaptors.h"
#include "p8_program.h"
#include "p8_slot.h"

/* ---- the slot of what is given ---- */

static int slot_next(struct slot *slot, int ms, next_cb cb, void *arg)
{
    struct timeval wait = {ms / 1000, ms % 1000 * 1000L};

    if (slot->cb == NULL && event_add(slot->turn, &wait) == 0) {
        slot->arg = arg;
        slot->cb = cb;
        return 0;
    }
    return slot->cb != NULL ? -EBUSY : -ENOMEM;
}

static void slot_answer(struct slot *slot, int got, void *item)
{
    const struct slot old = *slot;

    slot->cb = NULL;
    slot->state = got == ITER_ITEM ? old.state : got;
    old.cb(got, item, old.arg);
}

static void slot_close(struct slot *slot)
{
    slot->state = -ECANCELED;
    if (slot->cb != NULL)
        slot_now(slot->turn);
}

static void slot_closed(struct slot *slot)
{
    if (TAILQ_FIRST(&slot->closers) != NULL)
        slot_now(slot->told);
}

static void slot_tell(struct slot *slot)
{
    struct aiter_closing *first = TAILQ_FIRST(&slot->closers);

    TAILQ_REMOVE(&slot->closers, first, line);
    slot_closed(slot);
    first->cb(first->arg);
}

/* ---- an iterator of this file ---- */

struct own;

/* What it has from a source. */
struct below {
    struct own *own;
    struct aiter *from; /* owned */
    struct aiter_closing closing;
    bool asked, ended;
    void *kept; /* of a merge: a copy, and its number */
    long long number;
};

struct own {
    struct aiter aiter;
    struct event *turn;
    next_cb cb;
    void *arg;
    int end;    /* what each next is told, or ITER_ITEM */
    int behind; /* of merge and buffer: what is told when nothing is kept, or ITER_ITEM */
    bool closing, answered; /* the sources; the last turn was one of an answer */
    int open;               /* sources that are to be closed yet */
    struct closers closers;
    void (*look)(struct own *own);
    struct below *below;
    int n;
    int a, b, ms;               /* of a range; a: of a take */
    struct bufferevent *stream; /* of lines */
    size_t max_line;
    aiter_copy_fn copy; /* of merge and buffer */
    long long number;
    void **ring; /* of a buffer: of so many places, so many from `first` on are in use */
    int places, first, kept, room;
};

static void own_answer(struct own *own, int got, void *item)
{
    next_cb cb = own->cb;

    own->cb = NULL;
    if (got != ITER_ITEM)
        own->end = got;
    cb(got, item, own->arg);
}

static void on_own_turn(evutil_socket_t fd, short what, void *arg)
{
    struct own *own = arg;
    struct aiter_closing *first = TAILQ_FIRST(&own->closers);
    const bool closed = first != NULL && own->closing && own->open == 0;

    (void)fd;
    (void)what;
    if (own->cb != NULL && !(closed && own->answered)) {
        own->answered = true;
        if (closed)
            event_active(own->turn, EV_TIMEOUT, 0);
        if (own->end != ITER_ITEM)
            own_answer(own, own->end, NULL);
        else
            own->look(own);
    } else if (closed) {
        own->answered = false;
        TAILQ_REMOVE(&own->closers, first, line);
        if (own->cb != NULL || TAILQ_FIRST(&own->closers) != NULL)
            event_active(own->turn, EV_TIMEOUT, 0);
        first->cb(first->arg);
    }
}

static int own_wait(struct own *own, int ms, next_cb cb, void *arg)
{
    const struct timeval wait = {ms / 1000, ms % 1000 * 1000L};

    if (own->cb != NULL)
        return -EBUSY;
    if (event_add(own->turn, &wait) != 0)
        return -ENOMEM;
    own->cb = cb;
    own->arg = arg;
    return 0;
}

static int own_next(struct aiter *it, next_cb cb, void *arg)
{
    return own_wait((struct own *)it, 0, cb, arg);
}

static void on_below_closed(void *arg)
{
    struct own *own = arg;

    if (--own->open == 0)
        event_active(own->turn, EV_TIMEOUT, 0);
}

static void own_close_below(struct own *own)
{
    if (own->closing)
        return;
    own->closing = true;
    for (struct below *b = own->below; b < own->below + own->n; b++)
        aiter_close(b->from, &b->closing, on_below_closed, own);
}

static void own_close(struct aiter *it, struct aiter_closing *closing)
{
    struct own *own = (struct own *)it;

    if (own->stream != NULL)
        (void)bufferevent_disable(own->stream, EV_READ);
    own->end = -ECANCELED;
    own->answered = false; /* who waits comes first */
    TAILQ_INSERT_TAIL(&own->closers, closing, line);
    own_close_below(own);
    event_active(own->turn, EV_TIMEOUT, 0);
}

static void own_free(struct aiter *it)
{
    struct own *own = (struct own *)it;

    for (int i = 0; i < own->n; i++) {
        aiter_free(own->below[i].from);
        free(own->below[i].kept);
    }
    while (own->kept-- > 0)
        free(own->ring[(own->first + own->kept) % own->places]);
    if (own->stream != NULL)
        bufferevent_free(own->stream);
    if (own->turn != NULL)
        event_free(own->turn);
    free(own->ring);
    free(own->below);
    free(own);
}

/* Owns the sources, whatever comes of it. */
static struct own *own_new(struct event_base *base, const struct aiter_ops *ops,
                           struct aiter *const from[], int n, void (*look)(struct own *own))
{
    struct own *own = calloc(1, sizeof(*own));
    struct below *below = calloc((size_t)n + 1, sizeof(*below));
    bool good = own != NULL && below != NULL;

    for (int i = 0; i < n; i++)
        good = good && from[i] != NULL;
    if (good)
        own->turn = evtimer_new(base, on_own_turn, own);
    if (!good || own->turn == NULL) {
        for (int i = 0; i < n; i++)
            aiter_free(from[i]);
        free(below);
        free(own);
        return NULL;
    }
    for (int i = 0; i < n; i++)
        below[i] = (struct below){.own = own, .from = from[i]};
    own->aiter.ops = ops;
    own->end = own->behind = ITER_ITEM;
    own->open = own->n = n;
    own->below = below;
    own->look = look;
    TAILQ_INIT(&own->closers);
    return own;
}

/* ---- range and take ---- */

static void range_look(struct own *own)
{
    int value = own->a;

    if (value >= own->b) {
        own_answer(own, ITER_END, NULL);
        return;
    }
    own->a++;
    own_answer(own, ITER_ITEM, &value);
}

static int range_next(struct aiter *it, next_cb cb, void *arg)
{
    struct own *own = (struct own *)it;

    return own_wait(own, own->end == ITER_ITEM && own->a < own->b ? own->ms : 0, cb, arg);
}

struct aiter *aiter_range(struct event_base *base, int start, int stop, int delay_ms)
{
    static const struct aiter_ops ops = {range_next, own_close, own_free};
    struct own *own = own_new(base, &ops, NULL, 0, range_look);

    if (own == NULL)
        return NULL;
    own->a = start;
    own->b = stop;
    own->ms = delay_ms;
    return &own->aiter;
}

static void take_look(struct own *own)
{
    if (own->a <= 0)
        own_answer(own, ITER_END, NULL);
}

static void on_taken(int got, void *item, void *arg)
{
    struct own *own = arg;

    if (own->end != ITER_ITEM)
        return; /* closed: its own turn tells that */
    own->a -= got == ITER_ITEM;
    own_answer(own, got, item);
}

static int take_next(struct aiter *it, next_cb cb, void *arg)
{
    struct own *own = (struct own *)it;
    int error;

    if (own->cb != NULL || own->end != ITER_ITEM || own->a <= 0)
        return own_next(it, cb, arg);
    error = aiter_next(own->below->from, on_taken, own);
    own->cb = error == 0 ? cb : NULL;
    own->arg = arg;
    return error;
}

struct aiter *aiter_take(struct event_base *base, struct aiter *from, int n)
{
    static const struct aiter_ops ops = {take_next, own_close, own_free};
    struct own *own = own_new(base, &ops, &from, 1, take_look);

    if (own == NULL)
        return NULL;
    own->a = n;
    return &own->aiter;
}

/* ---- lines ---- */

/* The next line, for the caller to free(); *got says what it is, ITER_ITEM if it is none yet. */
static char *lines_cut(struct own *own, size_t *n, int *got)
{
    struct evbuffer *in = bufferevent_get_input(own->stream);
    const size_t all = evbuffer_get_length(in);
    const struct evbuffer_ptr newline = evbuffer_search(in, "\n", 1, NULL);
    size_t skip = newline.pos >= 0 ? 1 : 0;
    char *text = NULL, before = '\0';

    *n = newline.pos >= 0 ? (size_t)newline.pos : all;
    *got = own->behind;
    if (skip == 0 && (own->behind != ITER_END || all == 0)) {
        if (own->behind == ITER_ITEM && all > own->max_line && all - 1 > own->max_line)
            *got = -EMSGSIZE;
        return NULL;
    }
    *got = -ENOMEM;
    text = *n < SIZE_MAX - 2 ? malloc(*n + 1) : NULL;
    if (text == NULL)
        return NULL;
    (void)evbuffer_remove(in, text, *n);
    (void)evbuffer_drain(in, skip);
    before = *n > 0 ? text[*n - 1] : '\0';
    *n -= skip == 1 && before == '\r';
    text[*n] = '\0';
    *got = *n > own->max_line ? -EMSGSIZE : ITER_ITEM;
    return text;
}

static void lines_look(struct own *own)
{
    struct aiter_line line;
    int got;
    char *text = lines_cut(own, &line.n, &got);

    line.text = text;
    if (text == NULL && got == ITER_ITEM && bufferevent_enable(own->stream, EV_READ) == 0)
        return;
    (void)bufferevent_disable(own->stream, EV_READ);
    if (text == NULL && got == ITER_ITEM)
        got = -ENOMEM;
    own_answer(own, got, got == ITER_ITEM ? &line : NULL);
    free(text);
}

static void on_bytes(struct bufferevent *stream, void *arg)
{
    struct own *own = arg;

    (void)stream;
    if (own->cb != NULL && own->end == ITER_ITEM)
        lines_look(own);
}

static void on_stream_event(struct bufferevent *stream, short what, void *arg)
{
    struct own *own = arg;
    const int error = EVUTIL_SOCKET_ERROR();

    own->behind = what & BEV_EVENT_EOF ? ITER_END : error > 0 ? -error : -EIO;
    on_bytes(stream, own);
}

struct aiter *aiter_lines(struct bufferevent *stream, size_t max_line)
{
    static const struct aiter_ops ops = {own_next, own_close, own_free};
    struct own *own = NULL;

    if (stream != NULL)
        own = own_new(bufferevent_get_base(stream), &ops, NULL, 0, lines_look);
    if (own == NULL) {
        if (stream != NULL)
            bufferevent_free(stream);
        return NULL;
    }
    own->stream = stream;
    own->max_line = max_line;
    bufferevent_setcb(stream, on_bytes, NULL, on_stream_event, own);
    (void)bufferevent_disable(stream, EV_READ);
    return &own->aiter;
}

/* ---- merge ---- */

/* The one whose item has been kept for the longest time. */
static struct below *merge_oldest(struct own *own)
{
    struct below *oldest = NULL;

    for (struct below *b = own->below; b < own->below + own->n; b++)
        if (b->kept != NULL && (oldest == NULL || b->number < oldest->number))
            oldest = b;
    return oldest;
}

static void merge_fail(struct own *own, int error)
{
    own->behind = error;
    own_close_below(own);
}

static void on_merged(int got, void *item, void *arg)
{
    struct below *b = arg;
    struct own *own = b->own;

    b->asked = false;
    if (own->end != ITER_ITEM || own->behind != ITER_ITEM)
        return;
    b->ended = got == ITER_END;
    if (got == ITER_ITEM && own->cb != NULL && merge_oldest(own) == NULL) {
        own_answer(own, got, item);
        return;
    }
    if (got == ITER_ITEM) {
        b->kept = own->copy(item);
        b->number = own->number++;
        got = b->kept != NULL ? ITER_ITEM : -ENOMEM;
    }
    if (got < 0)
        merge_fail(own, got);
    for (int i = 0; got == ITER_END && i <= own->n; i++) {
        if (i == own->n)
            own->behind = ITER_END;
        else if (!own->below[i].ended)
            break;
    }
    if (own->cb != NULL && own->behind != ITER_ITEM && merge_oldest(own) == NULL)
        own_answer(own, own->behind, NULL);
}

static void merge_look(struct own *own)
{
    struct below *oldest = merge_oldest(own);
    void *item = oldest != NULL ? oldest->kept : NULL;

    if (oldest != NULL)
        oldest->kept = NULL;
    for (struct below *b = own->below; b < own->below + own->n; b++) {
        int error = 0;

        if (b->asked || b->ended || b->kept != NULL || own->behind != ITER_ITEM)
            continue;
        b->asked = true;
        error = aiter_next(b->from, on_merged, b);
        if (error != 0)
            merge_fail(own, error);
    }
    if (item != NULL)
        own_answer(own, ITER_ITEM, item);
    else if (own->behind != ITER_ITEM)
        own_answer(own, own->behind, NULL);
    free(item);
}

struct aiter *aiter_merge(struct event_base *base, struct aiter *const from[], int n,
                          aiter_copy_fn copy)
{
    static const struct aiter_ops ops = {own_next, own_close, own_free};
    struct own *own = own_new(base, &ops, from, n, merge_look);

    if (own == NULL)
        return NULL;
    own->copy = copy;
    if (n == 0)
        own->behind = ITER_END;
    return &own->aiter;
}

/* ---- buffered ---- */

static bool ring_put(struct own *own, const void *item)
{
    if (own->kept == own->places) {
        const int places = 2 * own->places + 1;
        void **ring = malloc((size_t)places * sizeof(*ring));

        if (ring == NULL)
            return false;
        for (int i = 0; i < own->kept; i++)
            ring[i] = own->ring[(own->first + i) % own->places];
        free(own->ring);
        own->ring = ring;
        own->places = places;
        own->first = 0;
    }
    void *copy = own->copy(item);
    own->ring[(own->first + own->kept) % own->places] = copy;
    own->kept += copy != NULL;
    return copy != NULL;
}

static void on_buffered(int got, void *item, void *arg);

static void buffer_fill(struct own *own)
{
    int error = 0;

    if (!own->below->asked && own->behind == ITER_ITEM && own->kept < own->room) {
        error = aiter_next(own->below->from, on_buffered, own);
        own->below->asked = error == 0;
    }
    if (error != 0)
        own->behind = error;
}

static void on_buffered(int got, void *item, void *arg)
{
    struct own *own = arg;
    const bool at_once = own->cb != NULL && own->kept == 0;

    own->below->asked = false;
    if (own->end != ITER_ITEM)
        return;
    if (got != ITER_ITEM)
        own->behind = got;
    else if (!at_once && !ring_put(own, item))
        own->behind = -ENOMEM;
    buffer_fill(own);
    if (at_once)
        own_answer(own, got == ITER_ITEM ? got : own->behind, item);
}

static void buffer_look(struct own *own)
{
    void *item = NULL;

    if (own->kept > 0) {
        item = own->ring[own->first];
        own->first = (own->first + 1) % own->places;
        own->kept--;
    }
    buffer_fill(own);
    if (item != NULL || own->behind != ITER_ITEM)
        own_answer(own, item != NULL ? ITER_ITEM : own->behind, item);
    free(item);
}

struct aiter *aiter_buffered(struct event_base *base, struct aiter *from, int n, aiter_copy_fn copy)
{
    static const struct aiter_ops ops = {own_next, own_close, own_free};
    struct own *own = own_new(base, &ops, &from, 1, buffer_look);

    if (own == NULL)
        return NULL;
    own->copy = copy;
    own->room = n < 1 ? 1 : n;
    return &own->aiter;
}

/* ---- for_each ---- */

static void on_loop_item(int got, void *item, void *arg);

static void on_loop_closed(void *arg)
{
    struct for_each *loop = arg;

    loop->cb(loop->result, loop->arg);
}

void body_done(struct for_each *loop, int result)
{
    const int got = result != ITER_ITEM ? result : aiter_next(loop->it, on_loop_item, loop);

    if (result == ITER_ITEM && got == 0)
        return;
    loop->result = got;
    aiter_close(loop->it, &loop->closing, on_loop_closed, loop);
}

static void on_loop_item(int got, void *item, void *arg)
{
    struct for_each *loop = arg;

    if (got != ITER_ITEM)
        body_done(loop, got);
    else
        loop->body(loop, item, loop->arg);
}

int aiter_for_each(struct for_each *loop, struct aiter *it, body_fn body, for_each_cb cb, void *arg)
{
    loop->it = it;
    loop->body = body;
    loop->cb = cb;
    loop->arg = arg;
    return aiter_next(it, on_loop_item, loop);
}

int main(int argc, char **argv)
{
    return p8_program(argc, argv);
}
