/* 20_async_range.c: the temperatures of a range of days, fetched in pages, when they are asked for
 *
 * 20_async_range.h says what lazy means. Given are next, new and free. Yours is how a next is
 * answered, when a page is fetched, what becomes of a page, and the close. In main() somebody
 * looks for the first day of frost: ./workbook run 20_async_range --virtual
 *
 * SPDX-License-Identifier: MIT
 */
#include "20_async_range.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct timeval AT_ONCE = {0};

struct days {
    const struct archive *archive; /* borrowed */
    struct event *turn;            /* has the loop call on_turn(); owned */
    next_cb cb;                    /* who waits for an item; NULL: nobody */
    void *arg;                     /* for cb; borrowed */
    int state;                     /* ITER_ITEM: it goes on. Anything else: each next brings that */
    int page[PAGE];                /* the page that was fetched last */
    int fetched, handed_out;       /* of it: so many temperatures */
    int first, stop;               /* the first day that is not fetched yet; the end of the range */
    bool fetching;                 /* a fetch is under way */
};

/* ---- given: asking ---- */

int days_next(struct days *d, next_cb cb, void *arg)
{
    if (d->cb != NULL)
        return -EBUSY; /* one next at a time */
    if (event_add(d->turn, &AT_ONCE) != 0)
        return -ENOMEM;
    d->cb = cb;
    d->arg = arg;
    return 0;
}

/* ---- yours ---- */

/* Answers the next that waits. For callbacks of the loop only. */
static void days_answer(struct days *d, int got, int *item)
{
    /* TODO(1): the one who waits has been told what the next has brought; nobody waits any more, so
     * that in the call the next item can be asked for; and what is no item is brought again by each
     * later next. See 3.3.3 "Stream processing". */
    (void)d;
    (void)got;
    (void)item;
}

static void on_page(int n, const int *temperatures, void *arg);

/* A next waits, and no fetch is under way: it is answered, or the page that it needs is fetched. */
static void days_look(struct days *d)
{
    /* TODO(2): the next is answered, if that can be done without the archive; otherwise the page
     * that it needs is being fetched. See 3.3.3 "Lazy evaluation". */
    (void)d;
    (void)days_answer;
    (void)on_page;
}

/* The archive tells what a fetch has brought. The next for which it was waits still. */
static void on_page(int n, const int *temperatures, void *arg)
{
    struct days *d = arg;

    /* TODO(3): what came is kept: temperatures, or what ends the range; and the next that waits is
     * looked after. See 3.3.3 "Lazy evaluation". */
    (void)d;
    (void)n;
    (void)temperatures;
}

void days_close(struct days *d)
{
    /* TODO(4): each next from here on brings -ECANCELED, one that waits in the loop's next turn;
     * and nothing is fetched for it any more. See 3.3.3 "Stream processing". */
    (void)d;
}

/* ---- given: new, free, and main with an archive ---- */

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    days_look(arg);
}

struct days *days_new(struct event_base *base, const struct archive *archive, int start, int stop)
{
    struct days *d = calloc(1, sizeof(*d));

    if (d == NULL)
        return NULL;
    d->archive = archive;
    d->state = ITER_ITEM;
    d->first = start;
    d->stop = stop;
    d->turn = evtimer_new(base, on_turn, d);
    if (d->turn == NULL) {
        free(d);
        return NULL;
    }
    return d;
}

void days_free(struct days *d)
{
    if (d == NULL)
        return;
    if (d->fetching)
        d->archive->cancel(d->archive->obj);
    event_free(d->turn);
    free(d);
}

enum { FETCH_MS = 100, START = 300, STOP = 365 };

struct winter {
    struct event *reply; /* the archive's; owned */
    int first, n;        /* what it was asked for */
    page_cb cb;          /* whom to tell */
    void *arg;           /* for it; borrowed */
    struct days *days;   /* owned */
    int day;             /* the one that is asked for */
    int fetches;
    int got; /* how it ended: ITER_ITEM if there is frost */
};

static int winter_fetch(void *obj, int first, int n, page_cb cb, void *arg)
{
    static const struct timeval delay = {.tv_usec = FETCH_MS * 1000};
    struct winter *winter = obj;

    printf("archive: fetch %d days from %d on\n", n, first);
    winter->fetches++;
    winter->first = first;
    winter->n = n;
    winter->cb = cb;
    winter->arg = arg;
    return event_add(winter->reply, &delay) == 0 ? 0 : -ENOMEM;
}

static void winter_cancel(void *obj)
{
    struct winter *winter = obj;

    (void)event_del(winter->reply); /* cannot fail: the event is a good one */
}

static void on_reply(evutil_socket_t fd, short what, void *arg)
{
    struct winter *winter = arg;
    int page[PAGE];

    (void)fd;
    (void)what;
    for (int k = 0; k < winter->n; k++)
        page[k] = (306 - (winter->first + k)) / 2; /* a degree colder each second day */
    winter->cb(winter->n, page, winter->arg);
}

static void on_day(int got, void *item, void *arg)
{
    struct winter *winter = arg;

    winter->got = got;
    if (got != ITER_ITEM)
        return;
    printf("day %d: %d degrees\n", winter->day, *(int *)item);
    if (*(int *)item < 0) {
        days_close(winter->days); /* who has what he wants closes */
        return;
    }
    winter->day++;
    winter->got = days_next(winter->days, on_day, winter);
}

int main(void)
{
    struct winter winter = {.day = START, .got = ITER_END};
    const struct archive archive = {winter_fetch, winter_cancel, &winter};
    struct event_base *base = event_base_new();
    int status = EXIT_FAILURE;

    if (base != NULL) {
        winter.reply = evtimer_new(base, on_reply, &winter);
        winter.days = days_new(base, &archive, START, STOP);
    }
    if (winter.reply == NULL || winter.days == NULL || days_next(winter.days, on_day, &winter) != 0)
        fprintf(stderr, "20_async_range: set-up: out of memory\n");
    else if (event_base_dispatch(base) != 1)
        fprintf(stderr, "20_async_range: event loop: it has failed\n");
    else if (winter.fetches == 0)
        fprintf(stderr, "20_async_range: nothing is fetched before TODO(2): start with TODO(1)\n");
    else if (winter.got != ITER_ITEM || winter.fetches != 3)
        fprintf(stderr, "20_async_range: no frost is found: TODO(2), TODO(3)\n");
    else
        status = EXIT_SUCCESS;
    days_free(winter.days);
    if (winter.reply != NULL)
        event_free(winter.reply);
    if (base != NULL)
        event_base_free(base);
    return status;
}
