/* 21_chunk_pipeline.c: the tape of a seismograph goes through a pipeline, a chunk at a time
 *
 * 21_chunk_pipeline.h says who asks whom, and what of the memory. Given are the answers of the
 * tape, and what makes, closes and frees. Yours is how the tape is asked, what a stage does with a
 * chunk, how a stage is asked, and what the sum does with a chunk. In main() the loud ones of a
 * million samples are added up: ./workbook run 21_chunk_pipeline
 *
 * SPDX-License-Identifier: MIT
 */
#include "21_chunk_pipeline.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
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

/* Yours: chunks_next() of a tape. */
static int tape_next(struct chunks *chunks, next_cb cb, void *arg)
{
    struct tape *tape = (struct tape *)chunks;

    /* TODO(1): who asks is noted, and the loop is going to call on_turn() in its next turn; or who
     * asks is told why not. See 3.3.3 "Stream processing". */
    (void)tape;
    (void)cb;
    (void)arg;
    (void)AT_ONCE;
    return -ENOSYS;
}

/* Given. Answers the next that waits. */
static void tape_answer(struct tape *tape, int got, struct chunk *chunk)
{
    next_cb cb = tape->cb;

    tape->cb = NULL; /* before the call, which may ask for the next chunk, or free the tape */
    if (got != ITER_ITEM)
        tape->state = got; /* for ever */
    cb(got, chunk, tape->arg);
}

/* Given. Somebody waits: reads a chunk for them. */
static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct tape *tape = arg;
    int n = 0;

    (void)fd;
    (void)what;
    if (tape->state == ITER_ITEM)
        n = tape->read(tape->obj, tape->chunk.samples, CHUNK);
    if (n > 0) {
        tape->chunk.n = (size_t)n;
        tape_answer(tape, ITER_ITEM, &tape->chunk);
    } else {
        tape_answer(tape, tape->state != ITER_ITEM ? tape->state : n, NULL);
    }
}

/* ---- yours: a stage, and the sum ---- */

struct stage {
    struct chunks chunks;
    struct chunks *from; /* the source; owned */
    change_fn change;
    next_cb cb; /* who asked the stage; the source knows whether they wait */
    void *arg;  /* for cb; borrowed */
};

/* The source tells what its next has brought. It is called by the loop. */
static void on_chunk(int got, void *item, void *arg)
{
    struct stage *stage = arg;
    struct chunk *chunk = item;

    /* TODO(2): who asked the stage has been told what has come, changed; or goes on waiting,
     * because nothing of it is left. See 3.3.3 "Memory efficiency". */
    (void)got;
    (void)stage;
    (void)chunk;
}

/* chunks_next() of a stage. */
static int stage_next(struct chunks *chunks, next_cb cb, void *arg)
{
    struct stage *stage = (struct stage *)chunks;

    /* TODO(3): the source has been asked for a chunk, and the stage knows who wants it; or who asks
     * is told why not, and nothing has changed. See 3.3.3 "Memory efficiency". */
    (void)stage;
    (void)cb;
    (void)arg;
    (void)on_chunk;
    return -ENOSYS;
}

/* What a next of the sum has brought. It is called by the loop. */
static void on_summand(int got, void *item, void *arg)
{
    struct sum *s = arg;
    const struct chunk *chunk = item;

    /* TODO(4): a chunk is added up, and the next one asked for; when there is none, the source is
     * closed, and whoever runs the sum is told. See 3.3.3 "Memory efficiency". */
    (void)got;
    (void)s;
    (void)chunk;
}

/* ---- given: asking, closing, new and free ---- */

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

/* ---- given: main, with a tape ---- */

enum { SAMPLES = 1000 * 1000, OFFSET = 500, LOUD = 400 };

/* `obj` counts the samples that are read. */
static int read_samples(void *obj, int *samples, int most)
{
    int *read = obj, n = 0;

    for (; n < most && *read < SAMPLES; n++)
        samples[n] = (int)((*read)++ * 7919LL % 1000);
    return n;
}

static size_t remove_offset(int *samples, size_t n)
{
    for (size_t k = 0; k < n; k++)
        samples[k] -= OFFSET;
    return n;
}

static size_t keep_loud(int *samples, size_t n)
{
    size_t kept = 0;

    for (size_t k = 0; k < n; k++) {
        if (samples[k] >= LOUD)
            samples[kept++] = samples[k]; /* never behind k */
    }
    return kept;
}

static void on_done(int err, void *arg)
{
    bool *done = arg;

    *done = err == 0;
}

/* The pipeline; NULL without memory. */
static struct chunks *pipeline_new(struct event_base *base, int *read)
{
    struct chunks *tape = tape_new(base, read_samples, read);
    struct chunks *level = tape != NULL ? stage_new(tape, remove_offset) : NULL;
    struct chunks *loud = level != NULL ? stage_new(level, keep_loud) : NULL;

    if (loud == NULL)
        chunks_free(level != NULL ? level : tape);
    return loud;
}

int main(void)
{
    int read = 0, error = -ENOMEM, status = EXIT_FAILURE;
    bool done = false;
    struct sum sum = {0};
    struct event_base *base = event_base_new();
    struct chunks *loud = base != NULL ? pipeline_new(base, &read) : NULL;

    if (loud != NULL)
        error = sum_run(&sum, loud, on_done, &done);
    if (error == -ENOSYS)
        fprintf(stderr,
                "21_chunk_pipeline: no stage can be asked before TODO(3): start with TODO(1)\n");
    else if (error != 0)
        fprintf(stderr, "21_chunk_pipeline: set-up: out of memory\n");
    else if (event_base_dispatch(base) != 1 || !done)
        fprintf(stderr, "21_chunk_pipeline: %d samples read, no sum: TODO(2) to TODO(4)\n", read);
    else
        status = EXIT_SUCCESS;
    if (done)
        printf("%lld loud samples of %d, %lld\n", sum.n, read, sum.total);
    chunks_free(loud);
    if (base != NULL)
        event_base_free(base);
    return status;
}
