/* 19_async_lines.c: another right solution: the lines are copied out of the buffer by hand
 *
 * The solution takes them with evbuffer_readln(), and answers in three places.
 *
 * SPDX-License-Identifier: MIT
 */
#include "19_async_lines.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdlib.h>
#include <unistd.h>

static const struct timeval AT_ONCE = {0};

struct entries {
    struct event *turn;     /* has the loop call on_turn(); owned, as is all down to fd */
    struct event *readable; /* has the loop call on_readable() when there is something to read */
    struct evbuffer *bytes; /* read, and not taken yet */
    int fd;                 /* the line; -1: none */
    int input;              /* ITER_ITEM: there may be more to read. Anything else: there is not */
    next_cb cb;             /* who waits for an entry; NULL: nobody */
    void *arg;              /* for cb; borrowed */
    int state;              /* ITER_ITEM: it goes on. Anything else: each next brings that */
};

/* ---- asking, and being answered ---- */

int entries_next(struct entries *e, next_cb cb, void *arg)
{
    if (e->cb != NULL)
        return -EBUSY; /* one next at a time */
    if (event_add(e->turn, &AT_ONCE) != 0)
        return -ENOMEM;
    e->cb = cb;
    e->arg = arg;
    return 0;
}

/* Answers the next that waits. For callbacks of the loop only. */
static void entries_answer(struct entries *e, int got, char *entry)
{
    next_cb cb = e->cb;

    e->cb = NULL; /* before the call, which may ask for the next entry, or free the iterator */
    if (got != ITER_ITEM)
        e->state = got; /* for ever */
    cb(got, entry, e->arg);
}

/* Takes the next entry out of e->bytes: returns it, for the caller to free(); NULL if none is
 * there, or not all of it. Lines that are no entries are taken out on the way. */
static char *entries_take(struct entries *e)
{
    for (;;) {
        const size_t all = evbuffer_get_length(e->bytes);
        size_t ending = 0;
        struct evbuffer_ptr end = evbuffer_search_eol(e->bytes, NULL, &ending, EVBUFFER_EOL_CRLF);
        char *line;

        if (end.pos < 0 && (all == 0 || e->input != ITER_END))
            return NULL;
        size_t n = end.pos < 0 ? all : (size_t)end.pos;
        line = calloc(1, n + 1);
        if (line == NULL) {
            e->input = -ENOMEM;
            return NULL;
        }
        (void)evbuffer_copyout(e->bytes, line, n);
        (void)evbuffer_drain(e->bytes, n + ending);
        if (end.pos < 0 && line[n - 1] == '\r') /* half of the end that is missing */
            line[--n] = '\0';
        if (n > 0 && *line != '#')
            return line;
        free(line);
    }
}

/* Called by the loop: somebody may wait, and something may have changed for them. */
static void entries_look(struct entries *e)
{
    int got = e->state;
    char *entry = NULL;

    if (e->cb == NULL)
        return;
    if (got == ITER_ITEM) {
        entry = entries_take(e);
        if (entry == NULL)
            got = e->input;
        if (entry == NULL && got == ITER_ITEM) { /* there may be one later */
            if (event_add(e->readable, NULL) == 0)
                return;
            got = -ENOMEM;
        }
    }
    entries_answer(e, got, entry);
    free(entry);
}

void entries_close(struct entries *e)
{
    e->state = -ECANCELED;
    if (event_pending(e->readable, EV_READ, NULL)) {
        (void)event_del(e->readable);
        event_active(e->turn, EV_TIMEOUT, 0);
    } /* otherwise nobody waits, or the loop is going to answer in its next turn */
}

/* ---- reading, new and free ---- */

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    entries_look(arg);
}

/* Reads a portion. The event is not pending any more: it is added for one call. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct entries *e = arg;
    int n = evbuffer_read(e->bytes, fd, -1);

    (void)what;
    if (n == 0)
        e->input = ITER_END;
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
        e->input = -errno;
    entries_look(e);
}

struct entries *entries_new(struct event_base *base, int fd)
{
    struct entries *e = calloc(1, sizeof(*e));

    if (e == NULL)
        return NULL;
    e->fd = -1; /* not ours yet */
    e->input = ITER_ITEM;
    e->state = ITER_ITEM;
    e->turn = evtimer_new(base, on_turn, e);
    e->readable = event_new(base, fd, EV_READ, on_readable, e);
    e->bytes = evbuffer_new();
    if (e->turn == NULL || e->readable == NULL || e->bytes == NULL) {
        entries_free(e);
        return NULL;
    }
    e->fd = fd;
    return e;
}

void entries_free(struct entries *e)
{
    if (e == NULL)
        return;
    if (e->turn != NULL)
        event_free(e->turn);
    if (e->readable != NULL)
        event_free(e->readable);
    if (e->bytes != NULL)
        evbuffer_free(e->bytes);
    if (e->fd >= 0)
        (void)close(e->fd); /* it was only read */
    free(e);
}
