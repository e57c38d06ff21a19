/* async_range.c: AsyncRange, an asynchronous iterator over numbers, and `async for` in a coroutine
 *
 * asyncio twin:
 *     async def main():
 *         async for i in AsyncRange(0, 3):      # delay=0.1
 *             print("i =", i)
 *         print("end")
 * Run: ./async_range [start stop]
 * Ends when the coroutine does: the range is freed then, and no event is left.
 * Notice: each number comes 0.1 s after it was asked for, and the end comes at once. range_next() is
 * called in one place only, the head of the loop: it is the hidden `await` of `async for`.
 * A real program would do something in the body that waits, too.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { DELAY_MS = 100 };
static const struct timeval AT_ONCE = {0};

/* coroutine macros: explained in 3.3.1 */
/* A coroutine is a void function that works on a frame: a struct, zero at first, that has a member
 * `int resume_at`. Each call resumes it behind the CO_SUSPEND by which it was left last. What must
 * outlive a suspension belongs in the frame. One CO_SUSPEND a line, and none inside a switch. */
#define CO_BEGIN(frame)                                                                            \
    switch ((frame)->resume_at) {                                                                  \
    case 0:
#define CO_SUSPEND(frame)                                                                          \
    do {                                                                                           \
        (frame)->resume_at = __LINE__;                                                             \
        return;                                                                                    \
    case __LINE__:;                                                                                \
    } while (0)
#define CO_END(frame)                                                                              \
    (frame)->resume_at = -1;                                                                       \
    }
#define CO_FINISHED(frame) ((frame)->resume_at < 0)
/* end of coroutine macros */

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

/* ---- class AsyncRange ---- */

struct async_range {
    struct iter it;
    struct event *slept; /* the delay of a number is over; owned */
    int current, stop;   /* the next number; the first that is none */
    struct timeval delay;
};

/* __anext__(), up to its `await` */
static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct async_range *range = arg;

    (void)fd;
    (void)what;
    if (range->it.state != ITER_ITEM)
        iter_answer(&range->it, range->it.state, NULL);
    else if (range->current >= range->stop)
        iter_answer(&range->it, ITER_END, NULL); /* raise StopAsyncIteration */
    else if (event_add(range->slept, &range->delay) != 0)
        iter_answer(&range->it, -ENOMEM, NULL);
}

/* __anext__(), behind its `await` */
static void on_slept(evutil_socket_t fd, short what, void *arg)
{
    struct async_range *range = arg;
    int value = range->current++;

    (void)fd;
    (void)what;
    iter_answer(&range->it, ITER_ITEM, &value);
}

static int range_open(struct async_range *range, struct event_base *base, int start, int stop,
                      int delay_ms)
{
    range->it.state = ITER_ITEM;
    range->current = start;
    range->stop = stop;
    range->delay = (struct timeval){.tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000};
    range->it.turn = evtimer_new(base, on_turn, range);
    range->slept = evtimer_new(base, on_slept, range);
    return range->it.turn != NULL && range->slept != NULL ? 0 : -1;
}

static void range_close(struct async_range *range)
{
    (void)event_del(range->slept); /* cannot fail: the event is a good one */
    iter_close(&range->it);
}

static void range_free(struct async_range *range)
{
    if (range->it.turn != NULL)
        event_free(range->it.turn);
    if (range->slept != NULL)
        event_free(range->slept);
}

/* ---- async def main() ---- */

struct program {
    int resume_at;            /* for the macros */
    struct event_base *base;  /* owned, as is the next */
    struct async_range range; /* the iterator of `async for` */
    int got, i;               /* what the last next has brought, and the number */
    bool done;
};

static void on_number(int got, void *item, void *arg);

/* Comes back behind each CO_SUSPEND with the answer in program->got. */
static void program_resume(struct program *program)
{
    CO_BEGIN(program);
    while ((program->got = iter_next(&program->range.it, on_number, program)) == 0) {
        CO_SUSPEND(program);
        if (program->got != ITER_ITEM)
            break;
        printf("i = %d\n", program->i);
    }
    puts(program->got == ITER_END ? "end" : "out of memory");
    range_close(&program->range);
    program->done = program->got == ITER_END;
    CO_END(program);
}

/* The answer: what the coroutine will need of it goes into the frame. */
static void on_number(int got, void *item, void *arg)
{
    struct program *program = arg;

    program->got = got;
    if (got == ITER_ITEM)
        program->i = *(int *)item;
    program_resume(program);
}

static void program_close(struct program *program)
{
    range_free(&program->range);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(int argc, char **argv)
{
    struct program program = {0};
    const int start = argc == 3 ? atoi(argv[1]) : 0, stop = argc == 3 ? atoi(argv[2]) : 3;
    int status = EXIT_FAILURE;

    if (argc != 1 && argc != 3) {
        fprintf(stderr, "usage: async_range [start stop]\n");
        return EXIT_FAILURE;
    }
    program.base = event_base_new();
    if (program.base == NULL ||
        range_open(&program.range, program.base, start, stop, DELAY_MS) != 0) {
        fprintf(stderr, "async_range: set-up: out of memory\n");
        goto cleanup;
    }
    program_resume(&program);
    if (event_base_dispatch(program.base) != 1 || !program.done) {
        fprintf(stderr, "async_range: event loop: it ended before its work did\n");
        goto cleanup;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "async_range: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    return status;
}
