/* p8_async_iterator.h: asynchronous iterators that can be put together
 *
 * A *source* makes items: numbers, lines, ticks. An *adaptor* is an iterator over the items of
 * another one, or of several: some of them, changed, merged. A *sink* uses them up. What can be put
 * together in one line:
 *
 *     async with aclosing(take(merge(lines(a), lines(b)), 10)) as it:
 *         async for line in it:
 *             await write(line)
 *
 *     struct aiter *both[] = {aiter_lines(a, 4096), aiter_lines(b, 4096)};
 *     struct aiter *it = aiter_take(base, aiter_merge(base, both, 2, aiter_copy_line), 10);
 *     ... aiter_for_each(&loop, it, on_line, on_end, NULL);
 *
 * The pages that this mirrors:
 *     https://docs.python.org/3.11/reference/compound_stmts.html#the-async-for-statement
 *     https://docs.python.org/3.11/library/contextlib.html#contextlib.aclosing
 *
 * What holds for each iterator:
 *   - Nothing is done that nobody has asked for. `buffered` and `merge` are ahead by what they say.
 *   - One next waits at a time. A second one is refused with -EBUSY, and the first one goes on
 *     waiting, for its own callback.
 *   - The loop answers, later, and once. Between two answers timers and sockets have their turn.
 *   - ITER_END and errors stay: each next from then on is told the same again.
 *   - The end closes nothing. A close goes down to all sources, also to those that have ended.
 *   - A closed iterator tells each next -ECANCELED, whatever it has told before: also the one that
 *     waits, also if its item was there.
 *   - Memory and stack do not grow with the number of items.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P8_ASYNC_ITERATOR_H
#define P8_ASYNC_ITERATOR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct bufferevent;
struct event_base;

enum { ITER_END = 0, ITER_ITEM = 1 };

/* ---- every iterator ---- */

/* Told, by the loop, what a next has brought. ITER_ITEM: `item`, of the type that its source or
 * adaptor says, is good until the call returns. ITER_END, or a negative errno: NULL. In the call
 * the iterator may be asked for the next item, be closed, or be freed. */
typedef void (*next_cb)(int got, void *item, void *arg);

/* Told, by the loop, that all is closed. In the call the iterator may be freed. */
typedef void (*close_cb)(void *arg);

/* Somebody who waits for a close. The memory is theirs, so that a close needs none; it must stay
 * until cb is called, or the iterator is freed. aiter_close() fills it in. */
struct aiter_closing {
    close_cb cb;
    void *arg;
    TAILQ_ENTRY(aiter_closing) line;
};

/* The first member of each iterator. You may write one of your own. */
struct aiter {
    const struct aiter_ops *ops;
};

/* As the three functions below. */
struct aiter_ops {
    int (*next)(struct aiter *it, next_cb cb, void *arg);
    void (*close)(struct aiter *it, struct aiter_closing *closing);
    void (*free)(struct aiter *it);
};

/* Asks for the next item. 0: cb(got, item, arg) will be called. -EBUSY: another next waits.
 * -ENOMEM: there was not enough memory. Then nothing has changed, and cb is never called.
 *
 *     item = await anext(it)
 */
static inline int aiter_next(struct aiter *it, next_cb cb, void *arg)
{
    return it->ops->next(it, cb, arg);
}

/* No item is wanted any more. It cannot fail, whatever state the iterator is in. cb(arg) is called
 * once: when the next that waits has been told -ECANCELED, and all sources below are closed. It may
 * be called again: then each is told, with a `closing` and a cb of its own. cb is not NULL.
 *
 *     await it.aclose()
 */
static inline void aiter_close(struct aiter *it, struct aiter_closing *closing, close_cb cb,
                               void *arg)
{
    closing->cb = cb;
    closing->arg = arg;
    it->ops->close(it, closing);
}

/* Frees an iterator, also NULL, at any moment, and the iterators that it has its items from. Nobody
 * who waits is told. */
static inline void aiter_free(struct aiter *it)
{
    if (it != NULL)
        it->ops->free(it);
}

/* What holds for each function that makes an iterator:
 *   - It gives NULL without memory.
 *   - What it is made of (`from`, a bufferevent) belongs to it, and is freed with it; also if it
 *     gives NULL: then it has been freed already.
 *   - If one of those is NULL, it gives NULL. So calls can stand in one another, and only the
 *     result has to be looked at. */

/* ---- sources ---- */

/* The numbers start, start + 1, ... up to, and not including, stop: none if start >= stop. Each
 * takes `delay_ms`, 0 or more, from the next that asks for it, as event_add() counts: from the
 * loop's time, which stands still in a callback. The end takes no time. Item: int *.
 *
 *     for value in range(start, stop): await asyncio.sleep(delay_ms / 1000); yield value
 */
struct aiter *aiter_range(struct event_base *base, int start, int stop, int delay_ms);

struct aiter_line {
    const char *text; /* any bytes, and '\0' behind them */
    size_t n;         /* bytes, without the '\0' */
};

/* The lines that come from a connected bufferevent. A line ends with "\n" or "\r\n", which do not
 * belong to it; the last one may have no end, and then a "\r" belongs to it. It may be empty. One
 * of more than max_line bytes is an error, -EMSGSIZE, also before its end has come; so is one that
 * there is no memory for, -ENOMEM. If reading fails, the lines that were complete come first, then
 * the error, a negative errno; what was not complete is lost. While nobody waits for a line,
 * nothing is read. p8_feed.h makes such a stream of a file, a FIFO or a terminal: it reads them in
 * chunks, which come through a socket. Item: struct aiter_line *. */
struct aiter *aiter_lines(struct bufferevent *stream, size_t max_line);

/* Given. A tick each `ms`, 1 or more, counted from the first next. Who asks late is told at once of
 * the last tick that is due; those before are left out, and the ones that follow are in time.
 * Item: int64_t *, the number of the tick, from 1. */
struct aiter *aiter_ticker(struct event_base *base, int ms);

/* ---- adaptors ---- */

/* Makes a copy of an item, which free() frees. NULL without memory. */
typedef void *(*aiter_copy_fn)(const void *item);

void *aiter_copy_int(const void *item);  /* given: int * */
void *aiter_copy_line(const void *item); /* given: struct aiter_line *, with its text */

/* The first n items; none if n <= 0. When they are taken, ITER_END is told without asking `from`,
 * which has been asked n times, and is not closed by that. */
struct aiter *aiter_take(struct event_base *base, struct aiter *from, int n);

/* The items of all n (0 or more), in the order in which they come. All are asked when somebody
 * waits, and those that have been answered are asked again by a further next; so nobody is
 * overtaken twice by the same one, and of each source one item at the most is kept, as a copy.
 * ITER_END: all have ended. If one has failed, or cannot be asked, all are closed at once; the
 * items that came before it are told first, then its error. Who closes the merge closes all of
 * them at once, too. The array is not kept. */
struct aiter *aiter_merge(struct event_base *base, struct aiter *const from[], int n,
                          aiter_copy_fn copy);

/* Works ahead: from the first next on `from` is asked again and again, until n items (n < 1 counts
 * as 1) are kept, as copies, that nobody has asked for yet; and then each time one of them is
 * taken. The end, or an error, comes in its place, behind the items that came before it; so does
 * the reason if `from` cannot be asked, or an item not be copied (-ENOMEM). After it `from` is not
 * asked again. */
struct aiter *aiter_buffered(struct event_base *base, struct aiter *from, int n,
                             aiter_copy_fn copy);

/* Given. What `change` returns for each item: the same, changed, or another one, which is good
 * until `change` is called again. Not NULL. */
typedef void *(*aiter_change_fn)(void *item, void *arg);
struct aiter *aiter_map(struct aiter *from, aiter_change_fn change, void *arg);

/* Given. The items for which `wanted` does not return 0. If `from` cannot be asked for another one,
 * who waits is told why, and may ask again. */
typedef int (*aiter_wanted_fn)(const void *item, void *arg);
struct aiter *aiter_filter(struct aiter *from, aiter_wanted_fn wanted, void *arg);

/* Given. The items of `first`, and when it has ended those of `second`. */
struct aiter *aiter_chain(struct event_base *base, struct aiter *first, struct aiter *second);

/* Given. The items of `from`; a next that has waited for `ms` is told -ETIMEDOUT, and so is each
 * from then on. `from` is closed then. */
struct aiter *aiter_timeout(struct event_base *base, struct aiter *from, int ms);

/* ---- sinks ---- */

struct for_each;

/* What is done with an item, which is good until the call returns. When it is done, now or later,
 * the body calls body_done(), once for each item. */
typedef void (*body_fn)(struct for_each *loop, void *item, void *arg);

/* 0: the iterator has ended, or the body wanted no more. A negative errno: of the iterator, or of
 * the body. In the call all may be freed. */
typedef void (*for_each_cb)(int result, void *arg);

/* The caller owns it until cb is called, or `it` is freed; the functions below fill it in. */
struct for_each {
    struct aiter *it; /* borrowed */
    body_fn body;
    for_each_cb cb;
    void *arg;                    /* for body and cb; borrowed */
    struct aiter_closing closing; /* of `it`, when it is over */
    int result;                   /* for cb */
};

/* Has the body called for each item of `it`, for the next one when it is done with the one before.
 * However it ends, `it` is closed then, and cb(result, arg) called when that is done. 0; or as
 * aiter_next(): then nothing has begun, `it` is not closed, and cb is never called. Who closes `it`
 * ends it: with -ECANCELED, when a body that is at work is done.
 *
 *     async with aclosing(it):
 *         async for item in it:
 *             await body(item)
 */
int aiter_for_each(struct for_each *loop, struct aiter *it, body_fn body, for_each_cb cb,
                   void *arg);

/* The body is done with its item. `result` is ITER_ITEM: the next one is wanted; ITER_END: no more
 * (break); a negative errno: the body has failed. */
void body_done(struct for_each *loop, int result);

/* The caller owns it, as a struct for_each. `n` is for the caller: so many items are there. */
struct collect {
    struct for_each loop; /* first: the body finds its list by that */
    void **items;         /* borrowed */
    int n, max;
    aiter_copy_fn copy;
};

/* Given. Copies of the first items of `it`, `max` at the most, in items[0] to items[list->n - 1],
 * an array of the caller's; he frees the copies, whatever the result is, also if `it` is freed
 * meanwhile. For no item more than `max` is `it` asked; then it is closed, and cb(result, arg) is
 * called: 0, or why there are not more. max <= 0: it is closed at once. Returns as
 * aiter_for_each().
 *
 *     async with aclosing(it):
 *         items = [copy(item) async for item in islice(it, max)]
 */
int aiter_collect(struct collect *list, struct aiter *it, void **items, int max, aiter_copy_fn copy,
                  for_each_cb cb, void *arg);

#endif
