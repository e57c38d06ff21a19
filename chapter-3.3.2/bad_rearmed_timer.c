/* bad_rearmed_timer.c: WRONG on purpose: each piece that is added puts the flush off
 *
 * asyncio twin, as wrong:
 *     def add(self, data):
 *         self.pending += data
 *         self.deadline.cancel()
 *         self.deadline = loop.call_later(0.2, self.flush)
 * Run: ./bad_rearmed_timer
 * Ends when nothing has been added for 200 ms.
 * Notice: "200 ms" was meant for how long a byte waits. event_add() of a pending timer moves it: as
 * long as a piece comes each 150 ms, nothing is flushed before the batch is full. Right: log_add()
 * of 15_buffering.c, which adds the timer for the first byte of a batch only. A timer that moves is
 * right for something else: to act when nothing has happened for a while.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { FULL = 64, PIECES = 9, PIECE_SIZE = 10 };
static const struct timeval PATIENCE = {.tv_usec = 200 * 1000};
static const struct timeval PAUSE = {.tv_usec = 150 * 1000};

struct program {
    struct event_base *base; /* owned, as is all below */
    struct evbuffer *batch;  /* what is not flushed yet */
    struct event *deadline;  /* runs on_deadline() */
    struct event *clock;     /* runs on_piece() */
    int pieces;              /* added so far */
    bool failed;
};

/* Here nothing is sent. */
static void batch_flush(struct program *program)
{
    size_t n = evbuffer_get_length(program->batch);

    printf("flush: %zu\n", n);
    (void)event_del(program->deadline); /* cannot fail: the event is a good one */
    if (evbuffer_drain(program->batch, n) != 0)
        program->failed = true;
}

static void batch_add(struct program *program, const char *bytes, size_t n)
{
    printf("add: %zu\n", n);
    if (evbuffer_add(program->batch, bytes, n) != 0 ||
        event_add(program->deadline, &PATIENCE) != 0) /* WRONG: moves what was pending */
        program->failed = true;
    if (evbuffer_get_length(program->batch) >= FULL)
        batch_flush(program);
}

static void on_piece(evutil_socket_t fd, short what, void *arg)
{
    static const char PIECE[PIECE_SIZE];
    struct program *program = arg;

    (void)fd;
    (void)what;
    batch_add(program, PIECE, sizeof(PIECE));
    if (++program->pieces < PIECES && event_add(program->clock, &PAUSE) != 0)
        program->failed = true;
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    batch_flush(arg);
}

static int program_open(struct program *program)
{
    program->base = event_base_new();
    program->batch = evbuffer_new();
    if (program->base == NULL || program->batch == NULL)
        return -1;
    program->deadline = evtimer_new(program->base, on_deadline, program);
    program->clock = evtimer_new(program->base, on_piece, program);
    if (program->deadline == NULL || program->clock == NULL)
        return -1;
    return event_add(program->clock, &(struct timeval){0});
}

/* Takes a half-opened program, too. */
static void program_close(struct program *program)
{
    if (program->clock != NULL)
        event_free(program->clock);
    if (program->deadline != NULL)
        event_free(program->deadline);
    if (program->batch != NULL)
        evbuffer_free(program->batch);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(void)
{
    struct program program = {0};
    int status = EXIT_FAILURE;

    if (program_open(&program) != 0)
        fprintf(stderr, "bad_rearmed_timer: set-up: no memory\n");
    else if (event_base_dispatch(program.base) != 1 || program.failed)
        fprintf(stderr, "bad_rearmed_timer: event loop: it ended before its work did\n");
    else if (fflush(stdout) != 0 || ferror(stdout))
        fprintf(stderr, "bad_rearmed_timer: stdout: cannot write\n");
    else
        status = EXIT_SUCCESS;
    program_close(&program);
    return status;
}
