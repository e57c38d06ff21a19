/* bad_unbounded_queue.c: WRONG on purpose: nobody tells the producer that it is too fast
 *
 * asyncio twin, as wrong:
 *     queue = asyncio.Queue()                           # without a limit
 *     async def produce():
 *         for i in range(300): queue.put_nowait(i); await asyncio.sleep(0.01)
 *     async def consume():
 *         while True: await queue.get(); await asyncio.sleep(0.1)
 * Run: ./bad_unbounded_queue
 * Ends when the last item is consumed.
 * Notice: the producer makes ten items while the consumer deals with one, and the queue takes them
 * all. What it takes is memory, and time: each item waits longer than the one before. A slow moment
 * is over when the queue is empty again, and that is long after the producer has stopped. Right: a
 * limit, and a put that waits: 24_backpressure.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

enum { ITEMS = 300, PUT_MS = 10, WORK_MS = 100, FIRST_WORK_MS = 105, REPORT_EVERY = 10 };

struct program {
    struct event_base *base; /* owned, as is all below */
    struct event *put;       /* calls on_put(), each 10 ms */
    struct event *worked;    /* calls on_worked(): the consumer is ready for an item */
    int produced, consumed;  /* items; those in between wait. Item k was put at k * PUT_MS. */
    int failed;              /* calls of event_add() */
};

static int event_add_ms(struct event *event, int ms)
{
    return event_add(event, &(struct timeval){ms / 1000, ms % 1000 * 1000});
}

static void on_put(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;            /* a timer has no descriptor, */
    (void)what;          /* and only one thing can happen to it */
    program->produced++; /* WRONG: however many wait */
    if (program->produced == ITEMS)
        puts("producer: stops");
    else
        program->failed += event_add_ms(program->put, PUT_MS) != 0;
}

static void on_worked(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;
    (void)what;
    program->consumed++;
    if (program->consumed % (REPORT_EVERY * (program->produced < ITEMS ? 1 : 10)) == 0)
        printf("consumer: gets item %d; waiting: %d\n", program->consumed,
               program->produced - program->consumed);
    if (program->consumed < ITEMS)
        program->failed += event_add_ms(program->worked, WORK_MS) != 0;
}

static int program_open(struct program *program)
{
    program->base = event_base_new();
    if (program->base == NULL)
        return -1;
    program->put = evtimer_new(program->base, on_put, program);
    program->worked = evtimer_new(program->base, on_worked, program);
    if (program->put == NULL || program->worked == NULL || event_add_ms(program->put, PUT_MS) != 0)
        return -1;
    return event_add_ms(program->worked, FIRST_WORK_MS);
}

/* Takes a half-opened program, too. */
static void program_close(struct program *program)
{
    if (program->worked != NULL)
        event_free(program->worked);
    if (program->put != NULL)
        event_free(program->put);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(void)
{
    struct program program = {0};
    int status = EXIT_FAILURE;

    if (program_open(&program) != 0)
        fprintf(stderr, "bad_unbounded_queue: set-up: out of memory\n");
    else if (event_base_dispatch(program.base) != 1 || program.failed > 0)
        fprintf(stderr, "bad_unbounded_queue: event loop: it ended before its work did\n");
    else if (fflush(stdout) != 0 || ferror(stdout))
        fprintf(stderr, "bad_unbounded_queue: stdout: cannot write\n");
    else
        status = EXIT_SUCCESS;
    program_close(&program);
    return status;
}
