/* 20_async_range.c: another right solution: what a page has brought is a queue
 *
 * A page that has come has the loop call on_turn(), which answers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "20_async_range.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
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
    int fetched;                   /* so many temperatures of it are left; the first is the next */
    int first, stop;               /* the first day that is not fetched yet; the end of the range */
    bool fetching;                 /* a fetch is under way */
};

/* ---- asking and answering ---- */

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

/* Answers the next that waits. For callbacks of the loop only. */
static void days_answer(struct days *d, int got, int *item)
{
    next_cb cb = d->cb;

    d->cb = NULL; /* before the call, which may ask for the next item, or free the iterator */
    if (got != ITER_ITEM)
        d->state = got; /* for ever */
    cb(got, item, d->arg);
}

static void on_page(int n, const int *temperatures, void *arg);

/* A next waits, and no fetch is under way: it is answered, or the page that it needs is fetched. */
static void days_look(struct days *d)
{
    int error, n = 0;

    if (d->state != ITER_ITEM) {
        days_answer(d, d->state, NULL);
        return;
    }
    if (d->fetched > 0) {
        const int temperature = d->page[0];

        memmove(d->page, d->page + 1, (size_t)--d->fetched * sizeof(d->page[0]));
        days_answer(d, ITER_ITEM, (int[]){temperature});
        return;
    }
    while (n < PAGE && (long long)d->first + n < d->stop)
        n++;
    error = n > 0 ? d->archive->fetch(d->archive->obj, d->first, n, on_page, d) : 0;
    d->fetching = n > 0 && error == 0;
    if (!d->fetching)
        days_answer(d, error, NULL); /* 0 is ITER_END */
}

/* The archive tells what a fetch has brought. The next for which it was waits still. */
static void on_page(int n, const int *temperatures, void *arg)
{
    struct days *d = arg;

    d->fetching = false;
    for (d->fetched = 0; d->fetched < n; d->fetched++)
        d->page[d->fetched] = temperatures[d->fetched];
    if (n > 0)
        d->first += n;
    else
        d->state = n;
    event_active(d->turn, EV_TIMEOUT, 0);
}

void days_close(struct days *d)
{
    d->state = -ECANCELED;
    if (d->fetching)
        d->archive->cancel(d->archive->obj);
    d->fetching = false;
    if (d->cb != NULL)
        event_active(d->turn, EV_TIMEOUT, 0); /* as event_add(), but it cannot fail */
}

/* ---- new and free ---- */

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct days *d = arg;

    (void)fd;
    (void)what;
    if (d->cb != NULL)
        days_look(d);
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
