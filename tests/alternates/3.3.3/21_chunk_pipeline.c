/* 21_chunk_pipeline.c: another right solution: a stage knows itself whether somebody waits
 *
 * Each stage has a slot that is emptied, as the tape has, and refuses a second next.
 *
 * SPDX-License-Identifier: MIT
 */
#include "21_chunk_pipeline.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

static const struct timeval AT_ONCE = {0};

/* An iterator over chunks, of whatever kind: the first member of each. */
struct chunks {
    int (*next)(struct chunks *chunks, next_cb cb, void *arg);
    void (*close)(struct chunks *chunks);
    void (*free)(struct chunks *chunks);
};

/* ---- the tape ---- */

struct tape {
    struct chunks chunks;
    struct event *turn; /* has the loop call on_turn(); owned */
    next_cb cb;         /* who waits for a chunk; NULL: nobody */
    void *arg;          /* for cb; borrowed */
    int state;          /* ITER_ITEM: it goes on. Anything else: each next brings that */
    read_fn read;
    void *obj;          /* for read; borrowed */
    struct chunk chunk; /* the only one */
};

/* chunks_next() of a tape. */
static int tape_next(struct chunks *chunks, next_cb cb, void *arg)
{
    struct tape *tape = (struct tape *)chunks;
    int error = tape->cb != NULL ? -EBUSY : 0;

    if (error == 0 && event_add(tape->turn, &AT_ONCE) != 0)
        error = -ENOMEM;
    if (error == 0) {
        tape->cb = cb;
        tape->arg = arg;
    }
    return error;
}

/* Answers the next that waits. */
static void tape_answer(struct tape *tape, int got, struct chunk *chunk)
{
    next_cb cb = tape->cb;

    tape->cb = NULL; /* before the call, which may ask for the next chunk, or free the tape */
    if (got != ITER_ITEM)
        tape->state = got; /* for ever */
    cb(got, chunk, tape->arg);
}

/* Reads a chunk, if somebody waits for it. */
static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct tape *tape = arg;
    int n = 0;

    (void)fd;
    (void)what;
    if (tape->cb == NULL)
        return;
    if (tape->state == ITER_ITEM)
        n = tape->read(tape->obj, tape->chunk.samples, CHUNK);
    if (n > 0) {
        tape->chunk.n = (size_t)n;
        tape_answer(tape, ITER_ITEM, &tape->chunk);
    } else {
        tape_answer(tape, tape->state != ITER_ITEM ? tape->state : n, NULL);
    }
}

/* ---- a stage, and the sum ---- */

struct stage {
    struct chunks chunks;
    struct chunks *from; /* the source; owned */
    change_fn change;
    next_cb cb; /* who waits for a chunk; NULL: nobody */
    void *arg;  /* for cb; borrowed */
};

/* The source tells what its next has brought. It is called by the loop. */
static int stage_next(struct chunks *chunks, next_cb cb, void *arg);

static void on_chunk(int got, void *item, void *arg)
{
    struct stage *stage = arg;
    struct chunk *chunk = item;
    next_cb cb = stage->cb;

    stage->cb = NULL;
    if (got == ITER_ITEM)
        chunk->n = stage->change(chunk->samples, chunk->n);
    if (got == ITER_ITEM && chunk->n == 0) {
        chunk = NULL;
        got = stage_next(&stage->chunks, cb, stage->arg);
        if (got == 0)
            return;
    }
    cb(got, chunk, stage->arg);
}

/* chunks_next() of a stage. */
static int stage_next(struct chunks *chunks, next_cb cb, void *arg)
{
    struct stage *stage = (struct stage *)chunks;
    int error;

    if (stage->cb != NULL)
        return -EBUSY;
    stage->cb = cb;
    stage->arg = arg;
    error = chunks_next(stage->from, on_chunk, stage);
    if (error != 0)
        stage->cb = NULL;
    return error;
}

/* What a next of the sum has brought. It is called by the loop. */
static void on_summand(int got, void *item, void *arg)
{
    struct sum *s = arg;
    const struct chunk *chunk = item;
    const done_cb on_done = s->on_done;
    void *const done_arg = s->arg;

    if (got != ITER_ITEM) {
        chunks_close(s->from);
        on_done(got, done_arg);
        return;
    }
    for (const int *k = chunk->samples; k < chunk->samples + chunk->n; k++)
        s->total += *k;
    s->n += (long long)chunk->n;
    got = chunks_next(s->from, on_summand, s);
    if (got != 0) /* an error */
        on_summand(got, NULL, s);
}

/* ---- asking, closing, new and free ---- */

int sum_run(struct sum *s, struct chunks *from, done_cb on_done, void *arg)
{
    *s = (struct sum){.from = from, .on_done = on_done, .arg = arg};
    return chunks_next(from, on_summand, s);
}

int chunks_next(struct chunks *c, next_cb cb, void *arg)
{
    return c->next(c, cb, arg);
}

void chunks_close(struct chunks *c)
{
    c->close(c);
}

void chunks_free(struct chunks *c)
{
    if (c != NULL)
        c->free(c);
}

static void tape_close(struct chunks *chunks)
{
    struct tape *tape = (struct tape *)chunks;

    tape->state = -ECANCELED;
    if (tape->cb != NULL)
        event_active(tape->turn, EV_TIMEOUT, 0); /* as event_add(), but it cannot fail */
}

static void tape_free(struct chunks *chunks)
{
    event_free(((struct tape *)chunks)->turn);
    free(chunks);
}

struct chunks *tape_new(struct event_base *base, read_fn read, void *obj)
{
    struct tape *tape = calloc(1, sizeof(*tape));

    if (tape == NULL)
        return NULL;
    tape->chunks = (struct chunks){tape_next, tape_close, tape_free};
    tape->state = ITER_ITEM;
    tape->read = read;
    tape->obj = obj;
    tape->turn = evtimer_new(base, on_turn, tape);
    if (tape->turn == NULL) {
        free(tape);
        return NULL;
    }
    return &tape->chunks;
}

static void stage_close(struct chunks *chunks)
{
    chunks_close(((struct stage *)chunks)->from);
}

static void stage_free(struct chunks *chunks)
{
    chunks_free(((struct stage *)chunks)->from);
    free(chunks);
}

struct chunks *stage_new(struct chunks *from, change_fn change)
{
    struct stage *stage = calloc(1, sizeof(*stage));

    if (stage == NULL)
        return NULL;
    stage->chunks = (struct chunks){stage_next, stage_close, stage_free};
    stage->from = from;
    stage->change = change;
    return &stage->chunks;
}
