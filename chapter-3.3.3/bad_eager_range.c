/* bad_eager_range.c: numbers that are produced whether anybody wants them or not
 *
 * asyncio twin (the same mistake: the values are made in a task of their own, into a list):
 *     async def produce(values):
 *         for i in range(8): await asyncio.sleep(0.1); values.append(i)
 * Run: ./bad_eager_range
 * Ends when the producer has produced its last number.
 * Notice: the consumer has two numbers at 0.26 s, and stops. The producer does not.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { NUMBERS = 8, WANTED = 2 };
static const struct timeval EFFORT = {.tv_usec = 100 * 1000}, WORK = {.tv_usec = 130 * 1000};

struct program {
    struct event *effort; /* the producer's timer; owned */
    struct event *worked; /* the consumer's; owned */
    int numbers[NUMBERS]; /* produced, and perhaps never used */
    int produced, used;   /* so many */
};

static void on_effort(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;
    (void)what;
    printf("produce %d\n", program->produced);
    program->numbers[program->produced] = program->produced;
    program->produced++;
    if (program->produced < NUMBERS)
        (void)event_add(program->effort, &EFFORT); /* WRONG: nobody has asked */
}

static void on_worked(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;
    (void)what;
    printf("use %d\n", program->numbers[program->used++]);
    if (program->used < WANTED)
        (void)event_add(program->worked, &WORK);
}

int main(void)
{
    struct program program = {0};
    int status = EXIT_FAILURE;
    struct event_base *base = event_base_new();

    if (base != NULL) {
        program.effort = evtimer_new(base, on_effort, &program);
        program.worked = evtimer_new(base, on_worked, &program);
    }
    if (program.effort == NULL || program.worked == NULL ||
        event_add(program.effort, &EFFORT) != 0 || event_add(program.worked, &WORK) != 0) {
        fprintf(stderr, "bad_eager_range: set-up: out of memory\n");
        goto cleanup;
    }
    if (event_base_dispatch(base) != 1) {
        fprintf(stderr, "bad_eager_range: event loop: it ended before its work did\n");
        goto cleanup;
    }
    printf("%d produced, %d used\n", program.produced, program.used);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "bad_eager_range: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    if (program.effort != NULL)
        event_free(program.effort);
    if (program.worked != NULL)
        event_free(program.worked);
    if (base != NULL)
        event_base_free(base);
    return status;
}
