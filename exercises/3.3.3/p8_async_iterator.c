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

/* TODO(1): a next is answered once, by the loop, and later; a close is told when all is closed,
 * behind the next that waited. With it a range: each number takes its time, and is there when it
 * is asked for. See p8_slot.h, and 3.3.3 "Stream processing" and "Lazy evaluation". */

static int slot_next(struct slot *slot, int ms, next_cb cb, void *arg)
{
    (void)slot;
    (void)ms;
    (void)cb;
    (void)arg;
    return -ENOSYS;
}

static void slot_answer(struct slot *slot, int got, void *item)
{
    (void)slot;
    (void)got;
    (void)item;
}

static void slot_close(struct slot *slot)
{
    (void)slot;
}

static void slot_closed(struct slot *slot)
{
    (void)slot;
}

static void slot_tell(struct slot *slot)
{
    (void)slot;
}

/* ---- range ---- */

static int range_next(struct aiter *it, next_cb cb, void *arg)
{
    (void)it;
    (void)cb;
    (void)arg;
    return -ENOSYS;
}

static void range_look(struct aiter *it)
{
    (void)it;
}

static void range_close(struct aiter *it, struct aiter_closing *closing)
{
    (void)it;
    (void)closing;
}

/* ---- for_each ---- */

/* TODO(2): the body is called for one item after the other; and whichever way it ends, the iterator
 * is closed once, and then the caller is told. See 3.3.3 "Lazy evaluation". */

int aiter_for_each(struct for_each *loop, struct aiter *it, body_fn body, for_each_cb cb, void *arg)
{
    (void)loop;
    (void)it;
    (void)body;
    (void)cb;
    (void)arg;
    return -ENOSYS;
}

void body_done(struct for_each *loop, int result)
{
    (void)loop;
    (void)result;
}

/* ---- take ---- */

/* TODO(3): the source is asked for what is wanted, and for nothing more. See 3.3.3 "Lazy
 * evaluation" and "Memory efficiency". */

static int take_next(struct aiter *it, next_cb cb, void *arg)
{
    (void)it;
    (void)cb;
    (void)arg;
    return -ENOSYS;
}

static void take_look(struct aiter *it)
{
    (void)it;
}

static void take_close(struct aiter *it, struct aiter_closing *closing)
{
    (void)it;
    (void)closing;
}

/* ---- lines ---- */

/* TODO(4): a line is told when all of it is there, and nothing is read that nobody waits for. See
 * 3.3.3 "Stream processing". */

static void lines_look(struct aiter *it)
{
    (void)it;
}

static void lines_close(struct aiter *it, struct aiter_closing *closing)
{
    (void)it;
    (void)closing;
}

/* ---- merge ---- */

/* TODO(5): whichever source is first, its item is told, and no other one is lost, nor left behind
 * for ever; one that fails ends them all. See 3.3.3 "Stream processing". */

static void merge_look(struct aiter *it)
{
    (void)it;
}

static void merge_close(struct aiter *it, struct aiter_closing *closing)
{
    (void)it;
    (void)closing;
}

/* ---- buffered ---- */

/* TODO(6): while the one who asks is busy, the source is not; but it is ahead by so many items at
 * the most, and all comes in order. See 3.3.3 "Memory efficiency". */

static void buffered_look(struct aiter *it)
{
    (void)it;
}

static void buffered_close(struct aiter *it, struct aiter_closing *closing)
{
    (void)it;
    (void)closing;
}

int main(int argc, char **argv)
{
    return p8_program(argc, argv);
}
