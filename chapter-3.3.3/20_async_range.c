/* 20_async_range.c: a lazy iterator: a number is produced when it is asked for, and not before
 *
 * asyncio twin:
 *     async def numbers(stop):
 *         try:
 *             for i in range(stop):
 *                 print("produce", i)
 *                 yield i
 *                 await asyncio.sleep(0.1)
 *         finally:
 *             print("gen cleanup")
 * Run: ./20_async_range [all]
 * Ends when the consumer has closed the iterator: no event is pending then.
 * Notice: the range has a billion numbers. The consumer wants two, two are produced, and closing
 * costs nothing. With `all` the range has three: the fourth next brings the end, and so does the
 * fifth. A real producer would ask a database for each number, or a sensor.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 1000 * 1000 * 1000, FEW = 3, WANTED = 2 };
static const struct timeval AT_ONCE = {0}, EFFORT = {.tv_usec = 100 * 1000};

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

/* ---- async def numbers(stop) ---- */

struct numbers {
    struct iter it;
    struct event *ready; /* the effort for another number has been made; owned */
    int i, stop;         /* the next number; the first that is none */
    bool over;           /* cleaned up */
};

/* The `finally`: once, at the end or when it is closed. */
static void numbers_clean_up(struct numbers *numbers)
{
    if (numbers->over)
        return;
    numbers->over = true;
    puts("gen cleanup");
}

static void numbers_produce(struct numbers *numbers)
{
    int value;

    if (numbers->i == numbers->stop) {
        numbers_clean_up(numbers);
        iter_answer(&numbers->it, ITER_END, NULL);
        return;
    }
    value = numbers->i++;
    printf("produce %d\n", value);
    iter_answer(&numbers->it, ITER_ITEM, &value);
}

/* Somebody has asked: only now the work for the next number begins. */
static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct numbers *numbers = arg;

    (void)fd;
    (void)what;
    if (numbers->it.state != ITER_ITEM)
        iter_answer(&numbers->it, numbers->it.state, NULL);
    else if (numbers->i == 0)
        numbers_produce(numbers); /* there is no `sleep` before the first one */
    else if (event_add(numbers->ready, &EFFORT) != 0)
        iter_answer(&numbers->it, -ENOMEM, NULL);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    numbers_produce(arg);
}

/* await numbers.aclose() */
static void numbers_close(struct numbers *numbers)
{
    (void)event_del(numbers->ready); /* cannot fail: the event is a good one */
    numbers_clean_up(numbers);
    iter_close(&numbers->it);
}

/* ---- the consumer ---- */

struct program {
    struct event_base *base; /* owned, as are the events of the next */
    struct numbers numbers;
    int ends;  /* how often the end came */
    bool all;  /* the consumer wants all numbers, and more than that */
    bool done; /* it has what it wants */
};

static void on_number(int got, void *item, void *arg);

static void program_ask(struct program *program)
{
    if (iter_next(&program->numbers.it, on_number, program) != 0)
        puts("out of memory"); /* and the loop ends, because nothing is pending */
}

static void on_number(int got, void *item, void *arg)
{
    struct program *program = arg;

    if (got == ITER_ITEM) {
        printf("use %d\n", *(int *)item);
        if (program->all || *(int *)item < WANTED - 1) {
            program_ask(program);
            return;
        }
    } else {
        puts(got == ITER_END ? "end" : strerror(-got));
        if (got == ITER_END && ++program->ends < 2) {
            program_ask(program);
            return;
        }
    }
    numbers_close(&program->numbers); /* on each way out of the loop */
    program->done = true;
    puts("after aclosing");
}

static int program_open(struct program *program)
{
    program->base = event_base_new();
    if (program->base == NULL)
        return -1;
    program->numbers.stop = program->all ? FEW : MANY;
    program->numbers.it.state = ITER_ITEM;
    program->numbers.it.turn = evtimer_new(program->base, on_turn, &program->numbers);
    program->numbers.ready = evtimer_new(program->base, on_ready, &program->numbers);
    if (program->numbers.it.turn == NULL || program->numbers.ready == NULL)
        return -1;
    program_ask(program);
    return 0;
}

static void program_close(struct program *program)
{
    if (program->numbers.it.turn != NULL)
        event_free(program->numbers.it.turn);
    if (program->numbers.ready != NULL)
        event_free(program->numbers.ready);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(int argc, char **argv)
{
    struct program program = {.all = argc == 2 && strcmp(argv[1], "all") == 0};
    int status = EXIT_FAILURE;

    if (argc > 2 || (argc == 2 && !program.all)) {
        fprintf(stderr, "usage: 20_async_range [all]\n");
        return EXIT_FAILURE;
    }
    if (program_open(&program) != 0) {
        fprintf(stderr, "20_async_range: set-up: out of memory\n");
        goto cleanup;
    }
    if (event_base_dispatch(program.base) != 1 || !program.done) {
        fprintf(stderr, "20_async_range: event loop: it ended before its work did\n");
        goto cleanup;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "20_async_range: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    return status;
}
