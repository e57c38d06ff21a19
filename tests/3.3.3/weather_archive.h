/* weather_archive.h: an archive of temperatures, and who asks for them, for the suite of
 * 20_async_range
 *
 * Both write the timeline: "fetch 4 from 10" when the archive is asked, "cancel" when a fetch is
 * given up; "day: 21" and "told: ITER_END" when a next is answered. Day k has 2k + 1 degrees, as
 * far as an int goes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef WEATHER_ARCHIVE_H
#define WEATHER_ARCHIVE_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "20_async_range.h"
#include "result_text.h"
#include "suite.h"

enum { FETCH_MS = 100, ALL_DAYS = 1 << 30 };

/* What the asker does when he is told. */
enum asker_habit { RESTS, ASKS_AGAIN, CLOSES, FREES };

struct asker {
    struct days *days; /* owned; NULL: freed */
    enum asker_habit habit;
    bool asking; /* in days_next() or days_close() */
    int asked, told;
    int got; /* what he was told last */

    struct archive archive; /* this one, with `fetch` and what follows */
    struct event *reply;    /* owned */
    int first, n;           /* what the fetch under way wants */
    page_cb cb;             /* NULL: none is under way */
    void *arg;
    int fetches;
    int strays;            /* calls of cancel() for no fetch */
    int most_days;         /* of a page */
    bool exact;            /* a page has memory of its own, as long as it is */
    int end_of_days;       /* the archive has none from this one on */
    int refuse_at, refuse; /* the so-many-th fetch (1: the first) returns this */
    int fail_at, fail;     /* brings this */
};

/* Days are compared by a number that is no address and no accident. */
static inline int temperature_of(int day)
{
    return (int)(2u * (unsigned)day + 1u);
}

static inline int archive_fetch(void *obj, int first, int n, page_cb cb, void *arg)
{
    static const struct timeval delay = {.tv_usec = FETCH_MS * 1000};
    struct asker *a = obj;

    trace("fetch %d from %d", n, first);
    if (a->cb != NULL)
        fail_test("archive.fetch() was called while another fetch is under way\n"
                  "expected  one fetch at a time\ngot       a second one, from day %d on",
                  first);
    if (n < 1 || n > PAGE)
        fail_test("archive.fetch() was asked for a number of days\nexpected  1 to %d\ngot       %d",
                  PAGE, n);
    if (++a->fetches == a->refuse_at)
        return a->refuse;
    a->first = first;
    a->n = n;
    a->cb = cb;
    a->arg = arg;
    ck_assert_int_eq(event_add(a->reply, &delay), 0);
    return 0;
}

static inline void archive_cancel(void *obj)
{
    struct asker *a = obj;

    if (a->cb == NULL) { /* told by expect_no_stray_cancel() */
        a->strays++;
        return;
    }
    trace("cancel");
    a->cb = NULL;
    ck_assert_int_eq(event_del(a->reply), 0);
}

/* The page is gone when the call returns. */
static inline void on_reply(evutil_socket_t fd, short what, void *arg)
{
    struct asker *a = arg;
    page_cb cb = a->cb;
    int whole[PAGE], *page = whole, n = 0;

    (void)fd;
    (void)what;
    a->cb = NULL;
    while (n < a->n && n < a->most_days && a->first + n < a->end_of_days)
        n++;
    if (a->exact && n > 0) {
        page = malloc((size_t)n * sizeof(*page));
        ck_assert_ptr_nonnull(page);
    }
    for (int k = 0; k < n; k++)
        page[k] = temperature_of(a->first + k);
    if (a->fetches == a->fail_at)
        cb(a->fail, NULL, a->arg);
    else
        cb(n, n > 0 ? page : NULL, a->arg);
    if (page != whole)
        free(page);
    memset(whole, 0x55, sizeof(whole));
}

static inline void asker_open(struct asker *a, int start, int stop)
{
    memset(a, 0, sizeof(*a));
    a->archive = (struct archive){archive_fetch, archive_cancel, a};
    a->most_days = PAGE;
    a->end_of_days = ALL_DAYS;
    a->reply = evtimer_new(test_base(), on_reply, a);
    ck_assert_ptr_nonnull(a->reply);
    a->days = days_new(test_base(), &a->archive, start, stop);
}

static inline void asker_close(struct asker *a)
{
    days_free(a->days);
    a->days = NULL;
    if (a->cb != NULL)
        fail_test("the iterator is freed, and its fetch is still under way\n"
                  "expected  archive.cancel() called\ngot       no call");
    event_free(a->reply);
}

/* A page that has come, or an answer of 0 or an error, ends its fetch. */
static inline void expect_no_stray_cancel(const struct asker *a, const char *when)
{
    if (a->strays > 0)
        fail_test("%s: archive.cancel()\nexpected  no call: no fetch is under way\n"
                  "got       a call",
                  when);
}

static inline void ask(struct asker *a);

static inline void on_day(int got, void *item, void *arg)
{
    struct asker *a = arg;

    if (a->asking)
        fail_test("cb was called inside days_next() or days_close()\n"
                  "expected  a call by the loop, later\n"
                  "got       a call before the caller goes on");
    if (++a->told > a->asked)
        fail_test("answers, after days_next() was called %d times\nexpected  %d\ngot       %d, the "
                  "last with %s",
                  a->asked, a->asked, a->told, result_text(got));
    if ((got == ITER_ITEM) != (item != NULL))
        fail_test("cb was called with got = %s\nexpected  %s\ngot       %s", result_text(got),
                  got == ITER_ITEM ? "an item" : "no item", item != NULL ? "an item" : "NULL");
    a->got = got;
    if (a->habit == FREES) {
        days_free(a->days);
        a->days = NULL;
    }
    if (got == ITER_ITEM)
        trace("day: %d", *(int *)item);
    else
        trace("told: %s", got == ITER_END ? "ITER_END" : result_text(got));
    if (a->habit == ASKS_AGAIN && got == ITER_ITEM)
        ask(a);
    else if (a->habit == CLOSES)
        days_close(a->days);
}

/* Asks; what is refused is a line of the timeline. */
static inline void ask(struct asker *a)
{
    a->asked++;
    a->asking = true;
    const int error = days_next(a->days, on_day, a);
    a->asking = false;
    if (error != 0) {
        a->asked--;
        trace("refused: %s", result_text(error));
    }
}

/* Asks `n` times, each time when the answer is there. */
static inline void ask_times(struct asker *a, int n)
{
    a->habit = RESTS;
    for (int k = 0; k < n; k++) {
        ask(a);
        run_loop();
    }
}

static inline void ask_for_all(struct asker *a)
{
    a->habit = ASKS_AGAIN;
    ask(a);
    run_loop();
}

static inline void close_days(struct asker *a)
{
    a->asking = true;
    days_close(a->days);
    a->asking = false;
}

#endif
