/* 21_chunk_pipeline.h: the tape of a seismograph goes through a pipeline, a chunk at a time
 *
 * A tape has the samples of months, more than the memory. Each iterator here hands out chunks of
 * them: the tape reads one, a stage changes it, a sum adds it up.
 *
 *     tape <-asks-- stage <-asks-- stage <-asks-- sum
 *        --chunk-->    --chunk-->     --chunk-->
 *
 *     async def stage(chunks, change):
 *         async for chunk in chunks:
 *             if changed := change(chunk):    # a stage hands out no empty chunk
 *                 yield changed
 *
 *     async for chunk in stage(stage(tape(), ...), ...):
 *         total += sum(chunk)
 *
 * All that holds for each of them:
 *   - A next brings a chunk of 1 to CHUNK samples; ITER_END; or a negative errno. END and errors of
 *     the tape are brought again by each next from then on, and nothing is read for them.
 *   - Two nexts do not wait at a time: the second one is refused with -EBUSY, and the first one
 *     goes on waiting, also if the two have been asked with different callbacks.
 *   - The loop answers, later, and once. Between two chunks timers and sockets have their turn.
 * And of memory:
 *   - There is one chunk in the whole pipeline, the tape's. It is read for who asks, and goes
 *     through all stages before another is read. A stage changes it in its place, and keeps none.
 *   - However many chunks there are, heap and stack stay as they are.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHUNK_PIPELINE_H
#define CHUNK_PIPELINE_H

#include <stddef.h>

struct chunks;
struct event_base;

enum { ITER_END = 0, ITER_ITEM = 1, CHUNK = 4096 };

struct chunk {
    size_t n; /* samples */
    int samples[CHUNK];
};

/* Told, by the loop, what a next has brought. ITER_ITEM: `item` is a `struct chunk *`, which may be
 * changed, and is the tape's again when the call returns. ITER_END, or a negative errno: NULL. In
 * the call the iterator may be asked for the next chunk, or be closed. */
typedef void (*next_cb)(int got, void *item, void *arg);

/* Any iterator over chunks. 0: the loop will call cb(got, item, arg), once, and not before this has
 * returned. -EBUSY: another next waits. -ENOMEM: no memory. Then cb is never called. */
int chunks_next(struct chunks *c, next_cb cb, void *arg);

/* No chunk is wanted any more. A next that waits is told -ECANCELED, by the loop, and so is each
 * next from here on. Of a stage: its source is closed, down to the tape. To close again is no
 * harm. */
void chunks_close(struct chunks *c);

/* Frees an iterator, also NULL, at any moment, but not inside `change`; of a stage also its source.
 * A next that waits is not told any more. */
void chunks_free(struct chunks *c);

/* Puts up to `most` samples there: returns how many; 0 at the end; a negative errno if it failed.
 * It may be fewer than `most`. It does not block. */
typedef int (*read_fn)(void *obj, int *samples, int most);

/* An iterator over the chunks of a tape, each what one call of `read` brings. `obj` is borrowed.
 * NULL without memory. */
struct chunks *tape_new(struct event_base *base, read_fn read, void *obj);

/* Changes `n` samples in their place. Returns how many are left, in front: n, fewer, or none. */
typedef size_t (*change_fn)(int *samples, size_t n);

/* An iterator over the chunks of `from`, changed. Chunks of which nothing is left are not handed
 * out. If the source cannot be asked for another one then, who waits is told why. `from` is the
 * stage's from here on. NULL without memory: then `from` is still the caller's. */
struct chunks *stage_new(struct chunks *from, change_fn change);

/* Tells how something has ended: 0, or a negative errno. */
typedef void (*done_cb)(int err, void *arg);

/* Adds up all samples. The caller owns it, until on_done is called; the members are filled in by
 * sum_run(). */
struct sum {
    struct chunks *from; /* borrowed */
    done_cb on_done;     /* whom to tell in the end */
    void *arg;           /* for it; borrowed */
    long long n, total;  /* samples so far, and their sum */
};

/* Takes all chunks out of `from`. 0: on_done(0, arg) is called once by the loop, at the end; or
 * with a negative errno, if a next brings that, or is refused with it; -ECANCELED: somebody has
 * closed `from`. Otherwise a negative errno: nothing was begun. However it ends, `from` has been
 * closed when on_done is called. In the call `from` and the sum may be freed. */
int sum_run(struct sum *s, struct chunks *from, done_cb on_done, void *arg);

#endif
