/* seismograph.h: a tape, stages, and who asks them, for the suite of 21_chunk_pipeline
 *
 * Sample k of the tape is k. The tape and the stages see where their samples stand, how much of the
 * heap is in use, and how deep the stack is. A stage is told apart by its function only, so what
 * all of them see is kept in one place.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SEISMOGRAPH_H
#define SEISMOGRAPH_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "21_chunk_pipeline.h"
#include "result_text.h"
#include "suite.h"
#include "vclock.h"

/* What stands behind a tape. */
#define NO_STAGE    ((change_fn[]){NULL})
#define STAGES(...) ((change_fn[]){__VA_ARGS__, NULL})

enum { NOT_TOLD = 1, HEAP_MOST = 64 * 1024, STACK_MOST = 16 * 1024 };

struct seismograph {
    int length;            /* samples on the tape */
    int portion;           /* that a read gives at the most */
    int fail_at, fail;     /* the so-many-th read (1: the first) returns this */
    bool traced;           /* reads and changes go to the timeline */
    bool watched;          /* memory, stack, and where the samples stand */
    int reads, position;   /* so far */
    const int *place;      /* where the tape was to put its samples */
    size_t heap;           /* in use when it began */
    uintptr_t stack;       /* where the first read stood */
    struct chunks *tape;   /* borrowed */
    struct chunks *chunks; /* the pipeline's end; owned */
};

/* What `change` has no argument for. */
static struct seismograph *seen;

extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

/* 0 in a build without the sanitizer, which is the one that counts. */
static inline size_t heap_in_use(void)
{
    return __sanitizer_get_current_allocated_bytes ? __sanitizer_get_current_allocated_bytes() : 0;
}

/* Called by the tape and by each stage. */
static inline void look_around(const int *samples, const char *who);

/* Called by each stage. */
static inline void look_at_chunk(const int *samples, size_t n)
{
    if (n > (size_t)seen->portion)
        fail_test("a stage is to change a chunk\n"
                  "expected  of %d samples at the most: a read has brought no more\n"
                  "got       of %zu",
                  seen->portion, n);
    look_around(samples, "a stage");
}

static inline void look_around(const int *samples, const char *who)
{
    const uintptr_t stack = (uintptr_t)__builtin_frame_address(0);
    const size_t heap = heap_in_use();

    if (!seen->watched)
        return;
    if (seen->stack == 0)
        seen->stack = stack;
    if (seen->stack > stack && seen->stack - stack > STACK_MOST)
        fail_test("the stack at read %d, beside that at read 1\nexpected  as deep\n"
                  "got       %zu bytes deeper: a callback asks, and is called again before it has "
                  "returned",
                  seen->reads, (size_t)(seen->stack - stack));
    if (heap > seen->heap + HEAP_MOST)
        fail_test("memory in use at read %d\nexpected  that of one chunk, %zu bytes, and a little\n"
                  "got       %zu bytes",
                  seen->reads, sizeof(struct chunk), heap - seen->heap);
    if (samples != seen->place)
        fail_test("%s gets its samples\nexpected  where the tape has put them\n"
                  "got       in another place: they have been copied",
                  who);
}

static inline int read_tape(void *obj, int *samples, int most)
{
    struct seismograph *s = obj;
    int n = 0;

    s->place = samples;
    s->reads++;
    look_around(samples, "the tape");
    if (s->traced)
        trace("read");
    if (s->reads == s->fail_at)
        return s->fail;
    for (; n < most && n < s->portion && s->position < s->length; n++)
        samples[n] = s->position++;
    return n;
}

static inline size_t add_one(int *samples, size_t n)
{
    look_at_chunk(samples, n);
    if (seen->traced)
        trace("add one to %zu", n);
    for (size_t k = 0; k < n; k++)
        samples[k] = (int)((unsigned)samples[k] + 1); /* it wraps */
    return n;
}

static inline size_t double_each(int *samples, size_t n)
{
    look_at_chunk(samples, n);
    if (seen->traced)
        trace("double %zu", n);
    for (size_t k = 0; k < n; k++)
        samples[k] = (int)((unsigned)samples[k] * 2);
    return n;
}

static inline size_t negate(int *samples, size_t n)
{
    look_at_chunk(samples, n);
    for (size_t k = 0; k < n; k++)
        samples[k] = (int)(0 - (unsigned)samples[k]);
    return n;
}

static inline size_t raise_to_int_max(int *samples, size_t n)
{
    look_at_chunk(samples, n);
    for (size_t k = 0; k < n; k++)
        samples[k] = INT_MAX;
    return n;
}

/* What comes of that is small, also if all of it is added up in an int. */
static inline size_t keep_last_digit(int *samples, size_t n)
{
    look_at_chunk(samples, n);
    for (size_t k = 0; k < n; k++)
        samples[k] %= 10;
    return n;
}

/* Keeps what 1000 divides; so of most small chunks nothing is left. */
static inline size_t keep_thousands(int *samples, size_t n)
{
    size_t kept = 0;

    look_at_chunk(samples, n);
    if (n == 0)
        fail_test("a stage is to change a chunk\nexpected  of 1 to %d samples\ngot       of none",
                  CHUNK);
    for (size_t k = 0; k < n; k++)
        if (samples[k] % 1000 == 0)
            samples[kept++] = samples[k];
    if (seen->traced)
        trace("keep %zu of %zu", kept, n);
    return kept;
}

static inline size_t keep_nothing(int *samples, size_t n)
{
    look_at_chunk(samples, n);
    if (seen->traced)
        trace("keep 0 of %zu", n);
    return 0;
}

/* A pipeline behind a tape of `length` samples, `portion` of them in a chunk. The functions end
 * with NULL. */
static inline void seismograph_open(struct seismograph *s, int length, int portion,
                                    const change_fn *changes)
{
    *s = (struct seismograph){.length = length, .portion = portion};
    seen = s;
    vclock_livelock_limit(3 * 1000 * 1000);
    (void)test_base();
    s->heap = heap_in_use();
    s->chunks = s->tape = tape_new(test_base(), read_tape, s);
    for (; s->chunks != NULL && *changes != NULL; changes++) {
        struct chunks *stage = stage_new(s->chunks, *changes);

        if (stage == NULL)
            chunks_free(s->chunks);
        s->chunks = stage;
    }
}

static inline void seismograph_close(struct seismograph *s)
{
    chunks_free(s->chunks);
    s->chunks = NULL;
}

/* ---- who runs a sum ---- */

struct runner {
    struct sum sum;
    struct seismograph *s;
    bool starting; /* in sum_run() */
    bool frees;    /* the pipeline, when it is told */
    bool patient;  /* does not mind to be told again */
    int told, result;
};

static inline void on_done(int err, void *arg)
{
    struct runner *r = arg;

    if (r->starting)
        fail_test("on_done was called inside sum_run() or chunks_close()\n"
                  "expected  a call by the loop, later\n"
                  "got       a call before the caller goes on");
    r->result = err;
    if (++r->told > 1 && !r->patient)
        fail_test(
            "on_done was called again\nexpected  1 call\ngot       %d calls, the last with %s",
            r->told, result_text(err));
    if (r->frees)
        seismograph_close(r->s);
}

static inline void runner_start(struct runner *r, struct seismograph *s)
{
    *r = (struct runner){.s = s, .starting = true, .result = NOT_TOLD};
    const int error = sum_run(&r->sum, s->chunks, on_done, r);
    r->starting = false;
    if (error != 0)
        fail_test("sum_run()\nexpected  0\ngot       %s", result_text(error));
}

static inline void expect_sum(const struct runner *r, const char *what, int result, long long n,
                              long long total)
{
    if (r->result != result)
        fail_test("%s: on_done\nexpected  %s\ngot       %s", what, result_text(result),
                  r->result == NOT_TOLD ? "no call" : result_text(r->result));
    if (r->sum.n != n || r->sum.total != total)
        fail_test("%s: the sum\nexpected  %lld samples, %lld\ngot       %lld samples, %lld", what,
                  n, total, r->sum.n, r->sum.total);
}

/* ---- who asks for one chunk ---- */

struct asker {
    const char *name; /* in the timeline */
    next_cb cb;       /* NULL: on_item */
    int told, got, error;
    bool item; /* there was one */
};

static inline void asker_told(struct asker *a, next_cb by, int got, void *item)
{
    const struct chunk *chunk = item;

    a->told++;
    a->got = got;
    a->item = item != NULL;
    if (a->cb != by)
        trace("%s: the other one's callback is called, with the arg of %s", a->name, a->name);
    else if (got == ITER_ITEM && item != NULL)
        trace("%s: %zu samples, the first is %d", a->name, chunk->n, chunk->samples[0]);
    else
        trace("%s: %s", a->name,
              item != NULL      ? "an item, and no ITER_ITEM"
              : got == ITER_END ? "ITER_END"
                                : result_text(got));
}

static inline void on_item(int got, void *item, void *arg)
{
    asker_told(arg, NULL, got, item);
}

static inline void on_item_too(int got, void *item, void *arg)
{
    asker_told(arg, on_item_too, got, item);
}

/* What is refused is a line of the timeline. */
static inline void ask_from(struct asker *a, struct chunks *chunks)
{
    a->error = chunks_next(chunks, a->cb != NULL ? a->cb : on_item, a);
    if (a->error != 0)
        trace("%s is refused: %s", a->name, result_text(a->error));
}

/* Asks the pipeline. */
static inline void ask(struct asker *a, struct seismograph *s)
{
    ask_from(a, s->chunks);
}

/* ---- stages that give somebody else the tape ---- */

static struct asker rival = {.name = "rival"};

/* Who asks the tape next is refused. */
static inline size_t rival_asks(int *samples, size_t n)
{
    look_at_chunk(samples, n);
    ask_from(&rival, seen->tape);
    return n;
}

static inline size_t rival_asks_and_nothing_is_left(int *samples, size_t n)
{
    (void)rival_asks(samples, n);
    return 0;
}

#endif
