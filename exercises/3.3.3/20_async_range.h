/* 20_async_range.h: the temperatures of a range of days, fetched in pages, when they are asked for
 *
 * An archive has a temperature for each day. It is far away: a fetch takes its time, brings a page
 * of PAGE days at the most, and has to be paid. `struct days` is an asynchronous iterator over the
 * temperatures of the days start, start + 1, and so on, up to, and not including, stop. Its asyncio
 * twin:
 *
 *     async def days(archive, start, stop):
 *         while start < stop:
 *             page = await archive.fetch(start, min(PAGE, stop - start))
 *             if not page:                    # the archive has no more days
 *                 return
 *             for temperature in page:
 *                 yield temperature
 *             start += len(page)
 *
 * Lazy means:
 *   - A page is fetched while a next waits that needs it. Nothing is fetched before, nor ahead,
 *     nor twice, nor from `stop` on.
 *   - Temperatures that are fetched are handed out without another fetch: to each next one.
 * And as with each iterator:
 *   - Two nexts do not wait at a time: the second one is refused with -EBUSY.
 *   - ITER_END, and a negative errno, are brought again by each next from then on, without a fetch.
 *   - The loop answers, later, and once.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ASYNC_RANGE_H
#define ASYNC_RANGE_H

struct days;
struct event_base;

enum { ITER_END = 0, ITER_ITEM = 1, PAGE = 4 };

/* Told by the archive what a fetch has brought. n > 0: so many temperatures, which may be fewer
 * than were wanted; the others are to be fetched again. There are n of them and no more; they are
 * the archive's, and good until the call returns. 0: the archive has none from that day on. A
 * negative errno: it has failed. With each of these the fetch is over. */
typedef void (*page_cb)(int n, const int *temperatures, void *arg);

struct archive {
    /* Asks for `n` days, from `first` on: 1 to PAGE of them. 0: cb is called once, later, by the
     * loop. Otherwise a negative errno, and cb is never called. One fetch at a time. */
    int (*fetch)(void *obj, int first, int n, page_cb cb, void *arg);

    /* Gives up the fetch that is under way: its cb is not called any more. If none is, it is not
     * called. */
    void (*cancel)(void *obj);

    void *obj; /* for the two; borrowed */
};

/* Told, by the loop, what a next has brought. ITER_ITEM: `item` is an `int *`, the temperature; it
 * is good until the call returns, also if the iterator is freed in it. ITER_END, or a negative
 * errno: NULL. In the call the iterator may be asked for the next item, be closed, or be freed. */
typedef void (*next_cb)(int got, void *item, void *arg);

/* An iterator over the days start to stop - 1, whatever two numbers they are: if start >= stop,
 * there are none. The archive is borrowed. NULL without memory. */
struct days *days_new(struct event_base *base, const struct archive *archive, int start, int stop);

/* Asks for the next temperature. 0: the loop will call cb(got, item, arg), once, and not before
 * this has returned. -EBUSY: another next waits. -ENOMEM: no memory. Then cb is never called. */
int days_next(struct days *d, next_cb cb, void *arg);

/* No item is wanted any more. A fetch that is under way is given up. A next that waits is told
 * -ECANCELED, by the loop, and so is each next from here on, whatever there was before. Closing
 * needs no memory, and to close again is no harm. */
void days_close(struct days *d);

/* Frees an iterator, also NULL, at any moment. A fetch that is under way is given up, and a next
 * that waits is not told any more. */
void days_free(struct days *d);

#endif
