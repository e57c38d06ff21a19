/* 21_chunk_pipeline.c: 1 MiB goes through a pipeline, and never more than 16 KiB of it is in memory
 *
 * asyncio twin, with asynchronous generators:
 *     async def stage(chunks, change):
 *         async for chunk in chunks:
 *             if changed := change(chunk):
 *                 yield changed
 *     async for chunk in stage(stage(read(), double), keep_small): total += sum(chunk)
 * Run: ./21_chunk_pipeline
 * Ends when the sum has got the end: no next is pending then.
 * Notice: the sum asks the filter, the filter the map, the map the disk; the chunk comes back the
 * same way, always in the same 16 KiB. A stage has no event and no memory of its own.
 * The disk is a timer here. A real program reads in a thread, as 13_file_read_write does.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 1024 * 1024, CHUNK = 16 * 1024, LIMIT = 128 };
static const struct timeval AT_ONCE = {0}, READ_TIME = {.tv_usec = 10 * 1000};

enum { ITER_END = 0, ITER_ITEM = 1 };

/* Told what a next has brought: ITER_ITEM, and an item that is the iterator's and good until the
 * call returns; ITER_END; or a negative errno. The loop calls it, later and once, if iter_next() has
 * returned 0, and never if that has returned an error. */
typedef void (*next_cb)(int got, void *item, void *arg);

/* What every iterator has. */
struct iter {
    struct event *turn; /* has the loop answer; owned */
    next_cb cb;         /* who waits for an item; NULL: nobody */
    void *arg;          /* for cb; borrowed */
    int state;          /* ITER_ITEM: it goes on. Anything else: each next brings that */
};

/* iterator: explained in 3.3.3 */
static int iter_next(struct iter *it, next_cb cb, void *arg)
{
    if (it->cb != NULL)
        return -EBUSY; /* one next at a time */
    if (event_add(it->turn, &AT_ONCE) != 0)
        return -ENOMEM;
    it->cb = cb;
    it->arg = arg;
    return 0;
}
static void iter_answer(struct iter *it, int got, void *item)
{
    next_cb cb = it->cb;

    it->cb = NULL; /* before the call, which may ask for the next item, or free the iterator */
    if (got != ITER_ITEM)
        it->state = got; /* for ever */
    cb(got, item, it->arg);
}
static void iter_close(struct iter *it)
{
    it->state = -ECANCELED;
    if (it->cb != NULL)
        event_active(it->turn, EV_TIMEOUT, 0); /* as event_add(), but it cannot fail */
}
/* end of iterator */

struct chunk {
    size_t n; /* bytes; never 0 */
    unsigned char bytes[CHUNK];
};

/* An iterator over chunks, of whatever kind: the first member of each. */
struct chunks {
    int (*next)(struct chunks *chunks, next_cb cb, void *arg); /* the item is a struct chunk */
    void (*close)(struct chunks *chunks);
};

/* ---- the source: it has the only chunk ---- */

struct disk {
    struct chunks chunks;
    struct iter it;
    struct event *spun; /* the bytes of a read have come; owned */
    size_t position;    /* of the next read */
    int reads;
    struct chunk chunk;
};

static int disk_next(struct chunks *chunks, next_cb cb, void *arg)
{
    return iter_next(&((struct disk *)chunks)->it, cb, arg);
}

static void disk_close(struct chunks *chunks)
{
    struct disk *disk = (struct disk *)chunks;

    (void)event_del(disk->spun); /* cannot fail: the event is a good one */
    iter_close(&disk->it);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct disk *disk = arg;

    (void)fd;
    (void)what;
    if (disk->it.state != ITER_ITEM)
        iter_answer(&disk->it, disk->it.state, NULL);
    else if (disk->position == SIZE)
        iter_answer(&disk->it, ITER_END, NULL);
    else if (event_add(disk->spun, &READ_TIME) != 0)
        iter_answer(&disk->it, -ENOMEM, NULL);
}

static void on_spun(evutil_socket_t fd, short what, void *arg)
{
    struct disk *disk = arg;

    (void)fd;
    (void)what;
    for (disk->chunk.n = 0; disk->chunk.n < CHUNK; disk->chunk.n++)
        disk->chunk.bytes[disk->chunk.n] = (unsigned char)disk->position++;
    disk->reads++;
    iter_answer(&disk->it, ITER_ITEM, &disk->chunk); /* it is the consumer's until it returns */
}

/* ---- a stage: changes each chunk in its place ---- */

struct stage {
    struct chunks chunks;
    struct chunks *from;                              /* whom it asks; borrowed */
    size_t (*change)(unsigned char *bytes, size_t n); /* returns how many are left, in front */
    next_cb cb;                                       /* who asked it */
    void *arg;                                        /* for cb; borrowed */
};

/* The source answers, and so the loop. */
static void on_chunk(int got, void *item, void *arg)
{
    struct stage *stage = arg;
    struct chunk *chunk = item;

    if (got == ITER_ITEM) {
        chunk->n = stage->change(chunk->bytes, chunk->n);
        if (chunk->n == 0) { /* nothing is left for who asked: they wait for the next one */
            got = stage->from->next(stage->from, on_chunk, stage);
            if (got == 0)
                return;
            chunk = NULL;
        }
    }
    stage->cb(got, chunk, stage->arg); /* the last use of `stage`: it may be freed */
}

static int stage_next(struct chunks *chunks, next_cb cb, void *arg)
{
    struct stage *stage = (struct stage *)chunks;
    int error = stage->from->next(stage->from, on_chunk, stage);

    if (error == 0) { /* otherwise somebody else may wait, and goes on waiting */
        stage->cb = cb;
        stage->arg = arg;
    }
    return error;
}

static void stage_close(struct chunks *chunks)
{
    struct stage *stage = (struct stage *)chunks;

    stage->from->close(stage->from);
}

static size_t double_each(unsigned char *bytes, size_t n)
{
    for (size_t k = 0; k < n; k++)
        bytes[k] = (unsigned char)(2 * bytes[k]);
    return n;
}

static size_t keep_small(unsigned char *bytes, size_t n)
{
    size_t kept = 0;

    for (size_t k = 0; k < n; k++) {
        if (bytes[k] < LIMIT)
            bytes[kept++] = bytes[k]; /* never behind k */
    }
    return kept;
}

/* ---- the sum: asks again as long as there is more ---- */

struct program {
    struct event_base *base; /* owned, as are the disk's events */
    struct disk disk;
    struct stage doubled, small;
    long long kept, total; /* bytes that came, and what they add up to */
    bool done;
};

static void on_summand(int got, void *item, void *arg)
{
    struct program *program = arg;
    const struct chunk *chunk = item;
    struct chunks *chunks = &program->small.chunks;

    if (got == ITER_ITEM) {
        for (size_t k = 0; k < chunk->n; k++)
            program->total += chunk->bytes[k];
        program->kept += (long long)chunk->n;
        if (program->disk.reads % 16 == 0)
            printf("sum: %lld of %d bytes, %lld\n", program->kept, SIZE, program->total);
        got = chunks->next(chunks, on_summand, program);
        if (got == 0)
            return;
    }
    puts(got == ITER_END ? "sum: end" : "sum: out of memory");
    chunks->close(chunks);
    program->done = got == ITER_END;
}

static int program_open(struct program *program)
{
    struct disk *disk = &program->disk;

    program->base = event_base_new();
    if (program->base == NULL)
        return -1;
    disk->chunks = (struct chunks){disk_next, disk_close};
    disk->it.state = ITER_ITEM;
    disk->it.turn = evtimer_new(program->base, on_turn, disk);
    disk->spun = evtimer_new(program->base, on_spun, disk);
    if (disk->it.turn == NULL || disk->spun == NULL)
        return -1;
    program->doubled.chunks = (struct chunks){stage_next, stage_close};
    program->doubled.from = &disk->chunks;
    program->doubled.change = double_each;
    program->small.chunks = program->doubled.chunks;
    program->small.from = &program->doubled.chunks;
    program->small.change = keep_small;
    return stage_next(&program->small.chunks, on_summand, program);
}

static void program_close(struct program *program)
{
    if (program->disk.it.turn != NULL)
        event_free(program->disk.it.turn);
    if (program->disk.spun != NULL)
        event_free(program->disk.spun);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(void)
{
    static struct program program; /* 16 KiB are much for a stack */
    int status = EXIT_FAILURE;

    if (program_open(&program) != 0) {
        fprintf(stderr, "21_chunk_pipeline: set-up: out of memory\n");
        goto cleanup;
    }
    if (event_base_dispatch(program.base) != 1 || !program.done) {
        fprintf(stderr, "21_chunk_pipeline: event loop: it ended before its work did\n");
        goto cleanup;
    }
    printf("memory: %zu bytes, for %d reads\n", sizeof(program.disk.chunk.bytes),
           program.disk.reads);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "21_chunk_pipeline: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    return status;
}
