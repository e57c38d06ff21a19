/* p8_async_iterator.c: asynchronous iterators that can be put together
 *
 * p8_async_iterator.h says what each function does. Given: p8_slot.h and p8_parts.h, what yours are
 * made of; p8_adaptors.h and p8_collect.h, iterators and a sink that are written already; p8_feed.h
 * and p8_program.h, the program.
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
#include "p8_parts.h"
#include "p8_program.h"
#include "p8_slot.h"

/* ---- the slot ---- */

static int slot_next(struct slot *slot, int ms, next_cb cb, void *arg)
{
    const struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    if (slot->cb != NULL)
        return -EBUSY; /* one next at a time */
    if (event_add(slot->turn, &wait) != 0)
        return -ENOMEM;
    slot->cb = cb;
    slot->arg = arg;
    return 0;
}

static void slot_answer(struct slot *slot, int got, void *item)
{
    next_cb cb = slot->cb;

    slot->cb = NULL; /* before the call, which may ask for the next item, or free the iterator */
    if (got != ITER_ITEM)
        slot->state = got; /* for ever */
    cb(got, item, slot->arg);
}

static void slot_close(struct slot *slot)
{
    slot->state = -ECANCELED;
    if (slot->cb != NULL)
        slot_now(slot->turn); /* as event_add(), but it cannot fail */
}

static void slot_closed(struct slot *slot)
{
    if (!TAILQ_EMPTY(&slot->closers))
        slot_now(slot->told); /* behind `turn`, if that has been called for */
}

static void slot_tell(struct slot *slot)
{
    struct aiter_closing *closing = TAILQ_FIRST(&slot->closers);

    TAILQ_REMOVE(&slot->closers, closing, line);
    slot_closed(slot);
    closing->cb(closing->arg); /* the last use of `slot` and `closing`: they may be freed */
}

/* ---- range ---- */

static int range_next(struct aiter *it, next_cb cb, void *arg)
{
    struct range *range = (struct range *)it;
    const bool sleeps = range->slot.state == ITER_ITEM && range->value < range->stop;

    return slot_next(&range->slot, sleeps ? range->delay_ms : 0, cb, arg);
}

static void range_look(struct aiter *it)
{
    struct range *range = (struct range *)it;

    if (range->value < range->stop) {
        int value = range->value++; /* a copy: the range may be freed in the call */

        slot_answer(&range->slot, ITER_ITEM, &value);
    } else {
        slot_answer(&range->slot, ITER_END, NULL);
    }
}

static void range_close(struct aiter *it, struct aiter_closing *closing)
{
    struct range *range = (struct range *)it;

    slot_close(&range->slot);
    slot_add_closer(&range->slot, closing);
    slot_closed(&range->slot);
}

/* ---- for_each ---- */

static void on_loop_closed(void *arg)
{
    struct for_each *loop = arg;

    loop->cb(loop->result, loop->arg); /* the last use of `loop` */
}

/* However it ends: the iterator is closed, and then the caller told. */
static void loop_end(struct for_each *loop, int result)
{
    loop->result = result;
    aiter_close(loop->it, &loop->closing, on_loop_closed, loop);
}

static void on_loop_item(int got, void *item, void *arg)
{
    struct for_each *loop = arg;

    if (got == ITER_ITEM)
        loop->body(loop, item, loop->arg);
    else
        loop_end(loop, got);
}

int aiter_for_each(struct for_each *loop, struct aiter *it, body_fn body, for_each_cb cb, void *arg)
{
    *loop = (struct for_each){.it = it, .body = body, .cb = cb, .arg = arg};
    return aiter_next(it, on_loop_item, loop);
}

void body_done(struct for_each *loop, int result)
{
    if (result == ITER_ITEM) {
        result = aiter_next(loop->it, on_loop_item, loop);
        if (result == 0)
            return; /* the loop calls the body again: it does not stand on itself */
    }
    loop_end(loop, result);
}

/* ---- take ---- */

static void on_taken(int got, void *item, void *arg)
{
    struct take *take = arg;

    if (got == ITER_ITEM)
        take->left--;
    slot_answer(&take->slot, got, item);
}

static int take_next(struct aiter *it, next_cb cb, void *arg)
{
    struct take *take = (struct take *)it;
    int error;

    if (take->slot.cb != NULL)
        return -EBUSY;
    if (take->slot.state != ITER_ITEM || take->left <= 0)
        return slot_next(&take->slot, 0, cb, arg); /* the source is not needed for that */
    error = aiter_next(take->from, on_taken, take);
    if (error == 0) { /* otherwise nobody waits */
        take->slot.cb = cb;
        take->slot.arg = arg;
    }
    return error;
}

/* Who waits for an item is answered in on_taken(); this is for who waits for the end. */
static void take_look(struct aiter *it)
{
    slot_answer(&((struct take *)it)->slot, ITER_END, NULL);
}

static void take_close(struct aiter *it, struct aiter_closing *closing)
{
    struct take *take = (struct take *)it;

    if (evtimer_pending(take->slot.turn, NULL))
        slot_close(&take->slot);
    take->slot.state = -ECANCELED; /* who waits for an item of the source is told by that */
    take->from->ops->close(take->from, closing);
}

/* ---- lines ---- */

/* The next line, if all of it is there: *n bytes, for the caller to free(), or NULL without memory.
 * Otherwise NULL, and *there is false. */
static char *lines_take(struct lines *lines, size_t *n, bool *there)
{
    struct evbuffer *input = bufferevent_get_input(lines->stream);
    const size_t all = evbuffer_get_length(input);
    char *text = NULL;

    *there = true;
    if (evbuffer_search_eol(input, NULL, NULL, EVBUFFER_EOL_CRLF).pos >= 0)
        return evbuffer_readln(input, n, EVBUFFER_EOL_CRLF); /* a "\r" waits for its "\n" */
    *there = lines->input == ITER_END && all > 0;            /* the end ends the last one, too */
    if (*there)
        text = calloc(1, all + 1);
    if (text != NULL)
        *n = (size_t)evbuffer_remove(input, text, all);
    return text;
}

static void lines_look(struct aiter *it)
{
    struct lines *lines = (struct lines *)it;
    struct aiter_line line = {0};
    bool there;
    char *text = lines_take(lines, &line.n, &there);
    const size_t rest = evbuffer_get_length(bufferevent_get_input(lines->stream));

    line.text = text;
    (void)bufferevent_disable(lines->stream, EV_READ); /* until a line is missing again */
    if (there ? line.n > lines->max_line : rest > 1 && rest - 1 > lines->max_line)
        slot_answer(&lines->slot, -EMSGSIZE, NULL); /* that one byte may be a "\r" */
    else if (there)                                 /* the last use of `lines` */
        slot_answer(&lines->slot, text != NULL ? ITER_ITEM : -ENOMEM, text != NULL ? &line : NULL);
    else if (lines->input != ITER_ITEM)
        slot_answer(&lines->slot, lines->input, NULL);
    else if (bufferevent_enable(lines->stream, EV_READ) != 0)
        slot_answer(&lines->slot, -ENOMEM, NULL);
    free(text);
}

static void lines_close(struct aiter *it, struct aiter_closing *closing)
{
    struct lines *lines = (struct lines *)it;

    (void)bufferevent_disable(lines->stream, EV_READ); /* cannot fail: it is a socket */
    slot_close(&lines->slot);
    slot_add_closer(&lines->slot, closing);
    slot_closed(&lines->slot);
}

/* ---- merge ---- */

static void on_input_closed(void *arg)
{
    struct merge *merge = arg;

    if (--merge->open == 0)
        slot_closed(&merge->slot);
}

static void merge_close_inputs(struct merge *merge)
{
    for (int i = 0; i < merge->n && !merge->closing; i++)
        aiter_close(merge->inputs[i].from, &merge->inputs[i].closing, on_input_closed, merge);
    merge->closing = true;
}

/* A source has told its end (ITER_END), or an error. */
static void merge_lose(struct merge *merge, int got)
{
    if (got != ITER_END)
        merge_close_inputs(merge);
    if (got != ITER_END || --merge->running == 0)
        merge->result = got;
}

static void on_input(int got, void *item, void *arg)
{
    struct input *input = arg;
    struct merge *merge = input->merge;

    input->asked = false;
    if (merge->slot.state != ITER_ITEM || merge->result != ITER_ITEM)
        return; /* it is closed, or another one has failed: nobody wants that */
    if (got == ITER_ITEM && merge->slot.cb != NULL && TAILQ_EMPTY(&merge->kept)) {
        slot_answer(&merge->slot, got, item);
        return;
    }
    if (got == ITER_ITEM) {
        input->kept = merge->copy(item);
        if (input->kept != NULL)
            TAILQ_INSERT_TAIL(&merge->kept, input, line);
        else
            merge_lose(merge, -ENOMEM);
    } else {
        input->ended = true;
        merge_lose(merge, got);
    }
    if (merge->result != ITER_ITEM && merge->slot.cb != NULL && TAILQ_EMPTY(&merge->kept))
        slot_answer(&merge->slot, merge->result, NULL);
}

/* Asks each source that is at rest, and of which nothing is kept. */
static void merge_ask(struct merge *merge)
{
    for (int i = 0; i < merge->n && merge->result == ITER_ITEM; i++) {
        struct input *input = &merge->inputs[i];
        int error = 0;

        if (!input->asked && !input->ended && input->kept == NULL) {
            error = aiter_next(input->from, on_input, input);
            input->asked = error == 0;
        }
        if (error != 0)
            merge_lose(merge, error);
    }
}

static void merge_look(struct aiter *it)
{
    struct merge *merge = (struct merge *)it;
    struct input *input = TAILQ_FIRST(&merge->kept);

    merge_ask(merge);
    if (input != NULL) {
        void *item = input->kept;

        TAILQ_REMOVE(&merge->kept, input, line);
        input->kept = NULL;
        slot_answer(&merge->slot, ITER_ITEM, item); /* the last use of `merge` */
        free(item);
    } else if (merge->result != ITER_ITEM) {
        slot_answer(&merge->slot, merge->result, NULL);
    }
}

static void merge_close(struct aiter *it, struct aiter_closing *closing)
{
    struct merge *merge = (struct merge *)it;

    slot_close(&merge->slot);
    slot_add_closer(&merge->slot, closing);
    merge_close_inputs(merge);
    if (merge->open == 0)
        slot_closed(&merge->slot);
}

/* ---- buffered ---- */

static void on_ahead(int got, void *item, void *arg);

/* Asks the source for one more item, if that may be. */
static void buffered_ask(struct buffered *buffered)
{
    int error;

    if (buffered->asked || buffered->result != ITER_ITEM || buffered->n >= buffered->room)
        return;
    error = aiter_next(buffered->from, on_ahead, buffered);
    buffered->asked = error == 0;
    if (error != 0)
        buffered->result = error; /* told in its place, behind what is kept */
}

static void on_ahead(int got, void *item, void *arg)
{
    struct buffered *buffered = arg;
    const bool waits = buffered->slot.cb != NULL && buffered->n == 0;

    buffered->asked = false;
    if (buffered->slot.state != ITER_ITEM)
        return; /* it is closed */
    if (got != ITER_ITEM)
        buffered->result = got;
    else if (!waits && !buffered_keep(buffered, item))
        buffered->result = -ENOMEM;
    buffered_ask(buffered);
    if (waits && got == ITER_ITEM)
        slot_answer(&buffered->slot, ITER_ITEM, item);
    else if (waits)
        slot_answer(&buffered->slot, buffered->result, NULL);
}

static void buffered_look(struct aiter *it)
{
    struct buffered *buffered = (struct buffered *)it;
    void *item = buffered_take(buffered);

    buffered_ask(buffered);
    if (item != NULL)
        slot_answer(&buffered->slot, ITER_ITEM, item); /* the last use of `buffered` */
    else if (buffered->result != ITER_ITEM)
        slot_answer(&buffered->slot, buffered->result, NULL);
    free(item);
}

static void buffered_close(struct aiter *it, struct aiter_closing *closing)
{
    struct buffered *buffered = (struct buffered *)it;

    slot_close(&buffered->slot);
    buffered->from->ops->close(buffered->from, closing);
}

int main(int argc, char **argv)
{
    return p8_program(argc, argv);
}
