/* bad_inline_answer.c: an iterator that answers inside the call that asks
 *
 * No asyncio twin: `await` cannot call back whoever is still asking.
 * Run: ./bad_inline_answer
 * Ends when both runs are over: the last item has been handed out, and no event is left.
 * Notice: the same consumer counts the same items twice. With an answer from inside next() its
 * callback is called from its own callback, 10000 deep. And what it notes behind next(), that it
 * waits for an answer, is noted when the answer has come already.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { ITEMS = 10000 };
enum { ITER_END = 0, ITER_ITEM = 1 };
static const struct timeval AT_ONCE = {0};

typedef void (*next_cb)(int got, void *item, void *arg);

/* Numbers, and whoever asks for them. */
struct numbers {
    struct event *turn; /* has the loop answer; owned */
    next_cb cb;         /* who waits for an item; NULL: nobody */
    void *arg;          /* for cb; borrowed */
    int last;           /* the number handed out last */
};

static void numbers_answer(struct numbers *numbers)
{
    next_cb cb = numbers->cb;

    numbers->cb = NULL;
    if (numbers->last == ITEMS) {
        cb(ITER_END, NULL, numbers->arg);
        return;
    }
    numbers->last++;
    cb(ITER_ITEM, &numbers->last, numbers->arg);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    numbers_answer(arg);
}

static int next_later(struct numbers *numbers, next_cb cb, void *arg)
{
    if (event_add(numbers->turn, &AT_ONCE) != 0)
        return -ENOMEM;
    numbers->cb = cb;
    numbers->arg = arg;
    return 0;
}

static int next_inline(struct numbers *numbers, next_cb cb, void *arg)
{
    numbers->cb = cb;
    numbers->arg = arg;
    numbers_answer(numbers); /* WRONG: the number is there, but the caller is not ready for it */
    return 0;
}

struct consumer {
    struct numbers *numbers; /* borrowed */
    int (*next)(struct numbers *numbers, next_cb cb, void *arg);
    int items;
    int depth, deepest; /* calls of on_number() that are on the stack: now, and at the most */
    bool waiting;       /* has asked, and has no answer yet */
};

static void on_number(int got, void *item, void *arg)
{
    struct consumer *consumer = arg;

    (void)item;
    consumer->waiting = false;
    if (got != ITER_ITEM)
        return;
    consumer->items++;
    consumer->depth++;
    if (consumer->depth > consumer->deepest)
        consumer->deepest = consumer->depth;
    if (consumer->next(consumer->numbers, on_number, consumer) == 0)
        consumer->waiting = true;
    consumer->depth--;
}

/* Has the consumer take all numbers, in one of the two ways. */
static int run_consumer(const char *name,
                        int (*next)(struct numbers *numbers, next_cb cb, void *arg))
{
    struct numbers numbers = {0};
    struct consumer consumer = {.numbers = &numbers, .next = next};
    int result = -1;
    struct event_base *base = event_base_new();

    if (base != NULL)
        numbers.turn = evtimer_new(base, on_turn, &numbers);
    if (numbers.turn == NULL || next(&numbers, on_number, &consumer) != 0)
        goto cleanup;
    if (event_base_dispatch(base) != 1)
        goto cleanup;
    printf("%s: %d items, depth %d, %s\n", name, consumer.items, consumer.deepest,
           consumer.waiting ? "still waiting" : "done");
    result = 0;

cleanup:
    if (numbers.turn != NULL)
        event_free(numbers.turn);
    if (base != NULL)
        event_base_free(base);
    return result;
}

int main(void)
{
    if (run_consumer("later", next_later) != 0 || run_consumer("inline", next_inline) != 0) {
        fprintf(stderr, "bad_inline_answer: set-up: out of memory\n");
        return EXIT_FAILURE;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "bad_inline_answer: stdout: cannot write\n");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
