/* 19_async_lines.c: the entries of a lighthouse's log, one by one, as they come over a line
 *
 * 19_async_lines.h says what a next brings, and when. Given are the reading from the line, the way
 * an answer is given, and what makes and frees the iterator. Yours are next and close, how an entry
 * is taken out of the bytes, and what becomes of a next that waits. In main() a keeper, a task of
 * coro.h, reads the log: ./workbook run 19_async_lines --virtual
 *
 * SPDX-License-Identifier: MIT
 */
#include "19_async_lines.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coro.h"

static const struct timeval AT_ONCE = {0};

struct entries {
    struct event *turn;     /* has the loop call on_turn(), once; owned, as is all down to fd */
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

/* Given. Answers the next that waits. For callbacks of the loop only. */
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
    char *line;

    while ((line = evbuffer_readln(e->bytes, NULL, EVBUFFER_EOL_CRLF)) != NULL) {
        if (line[0] != '\0' && line[0] != '#')
            return line;
        free(line);
    }
    if (e->input == ITER_END && evbuffer_get_length(e->bytes) > 0) {
        if (evbuffer_add(e->bytes, "\n", 1) == 0) /* the end of the stream ends its last line */
            return entries_take(e);
        e->input = -ENOMEM; /* or it would be taken for the end */
    }
    return NULL;
}

/* Called by the loop, when something may have changed for the one who waits. While somebody waits,
 * one of two events is pending: turn or readable, never both. While nobody does, none is. */
static void entries_look(struct entries *e)
{
    char *entry = NULL;

    if (e->state == ITER_ITEM)
        entry = entries_take(e);
    if (entry != NULL) {
        entries_answer(e, ITER_ITEM, entry); /* the last use of `e`: it may be freed */
        free(entry);
    } else if (e->state != ITER_ITEM || e->input != ITER_ITEM) {
        entries_answer(e, e->state != ITER_ITEM ? e->state : e->input, NULL);
    } else if (event_add(e->readable, NULL) != 0) { /* once: what comes then is looked at first */
        entries_answer(e, -ENOMEM, NULL);
    }
}

void entries_close(struct entries *e)
{
    e->state = -ECANCELED;
    (void)event_del(e->readable); /* cannot fail: the event is a good one */
    if (e->cb != NULL)
        event_active(e->turn, EV_TIMEOUT, 0); /* as event_add(), but it cannot fail */
}

/* ---- given: reading, new and free ---- */

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

/* ---- given: main, with a lighthouse and a keeper ---- */

struct harbour {
    struct sched *sched; /* owned, as is all below */
    struct entries *log;
    struct event *lamp; /* the lighthouse writes */
    struct task *keeper;
    int lighthouse; /* its end of the line; -1: closed */
    int written;    /* pieces */
    int got;        /* what the last next has brought */
    char entry[64]; /* and the entry */
    int entries;    /* so many */
};

/* The answer to the keeper's next. The entry is gone when this returns: the keeper gets a copy. */
static void on_entry(int got, void *item, void *arg)
{
    struct task *t = arg;
    struct harbour *harbour = t->frame;

    harbour->got = got;
    if (got == ITER_ITEM)
        (void)snprintf(harbour->entry, sizeof(harbour->entry), "%s", (const char *)item);
    (void)task_wake(t, 0); /* it is suspended: an answer never comes before next has returned */
}

/* async for entry in log: ... */
static void read_log(struct task *t)
{
    struct harbour *harbour = t->frame;

    TASK_BEGIN(t);
    while ((harbour->got = entries_next(harbour->log, on_entry, t)) == 0) {
        TASK_SUSPEND(t);
        if (harbour->got != ITER_ITEM)
            break;
        printf("keeper: %s\n", harbour->entry);
        harbour->entries++;
        TASK_SLEEP(t, 50); /* it takes a while to write it down */
    }
    printf("keeper: no more, result %d\n", harbour->got);
    TASK_END(t);
}

static void on_lamp(evutil_socket_t fd, short what, void *arg)
{
    static const char *const PIECES[] = {"fog\r\n# tested the lamp\n\nsail", " to the nor", "th"};
    struct harbour *harbour = arg;

    (void)fd;
    (void)what;
    if (harbour->written < 3) {
        const char *piece = PIECES[harbour->written++];
        if (write(harbour->lighthouse, piece, strlen(piece)) == (ssize_t)strlen(piece))
            return;
    }
    (void)close(harbour->lighthouse);
    harbour->lighthouse = -1;
    (void)event_del(harbour->lamp); /* cannot fail: the event is a good one */
}

static int harbour_open(struct harbour *harbour, struct event_base *base)
{
    static const struct timeval PAUSE = {.tv_usec = 100 * 1000};
    evutil_socket_t ends[2];

    if (evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return -1;
    harbour->lighthouse = ends[0];
    if (evutil_make_socket_nonblocking(ends[1]) == 0)
        harbour->log = entries_new(base, ends[1]);
    if (harbour->log == NULL) {
        (void)close(ends[1]);
        return -1;
    }
    harbour->sched = sched_new(base);
    harbour->lamp = event_new(base, -1, EV_PERSIST, on_lamp, harbour);
    if (harbour->sched == NULL || harbour->lamp == NULL)
        return -1;
    harbour->keeper = task_spawn(harbour->sched, read_log, harbour);
    return harbour->keeper != NULL ? event_add(harbour->lamp, &PAUSE) : -1;
}

static void harbour_close(struct harbour *harbour)
{
    entries_free(harbour->log);
    if (harbour->sched != NULL) {
        task_free(harbour->keeper);
        sched_free(harbour->sched);
    }
    if (harbour->lamp != NULL)
        event_free(harbour->lamp);
    if (harbour->lighthouse >= 0)
        (void)close(harbour->lighthouse);
}

int main(void)
{
    struct harbour harbour = {.lighthouse = -1};
    struct event_base *base = event_base_new();
    int status = EXIT_FAILURE;

    if (base == NULL || harbour_open(&harbour, base) != 0)
        fprintf(stderr, "19_async_lines: set-up: no memory, or no descriptor left\n");
    else if (event_base_dispatch(base) != 1)
        fprintf(stderr, "19_async_lines: event loop: it has failed\n");
    else if (harbour.got == -ENOSYS)
        fprintf(stderr, "19_async_lines: nobody can ask for an entry: start with TODO(1)\n");
    else if (!task_done(harbour.keeper) || harbour.entries != 2)
        fprintf(stderr, "19_async_lines: the keeper has %d of 2 entries: TODO(2), TODO(3)\n",
                harbour.entries);
    else
        status = EXIT_SUCCESS;
    harbour_close(&harbour);
    if (base != NULL)
        event_base_free(base);
    return status;
}
