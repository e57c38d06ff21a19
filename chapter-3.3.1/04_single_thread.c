/* 04_single_thread.c: one thread runs all callbacks, so a long one makes everybody wait
 *
 * asyncio twin (the ticker's three ticks are due at 0.1, 0.2 and 0.3):
 *     async def compute_all(pieces):
 *         for n in range(pieces):
 *             compute(0.300 / pieces)     # no await in it: nobody else runs
 *             await asyncio.sleep(0)      # the others have their turn
 *     await asyncio.gather(compute_all(1), ticker())     # hog; with 30: pieces
 * Run: ./04_single_thread [hog|pieces|priority]     (without a word: pieces)
 * Ends when the computation is done and three ticks are printed: no event is left then.
 * Notice: nothing is printed between a "begins" and its "ends". A tick waits for the piece that
 * runs, and for the next one if that is queued already; a ticker with priority goes before it.
 * A real program would hand a computation that cannot be cut to another thread.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COMPUTE_MS = 300, PIECES = 30, TICKS = 3, EXIT_USAGE = 2 };
enum { FIRST, MIDDLE, PRIORITIES }; /* FIRST is served first; a new event has the MIDDLE one */
static const struct timeval TICK = {.tv_usec = 100 * 1000};
static const struct timeval NEXT_TURN = {0};

struct program {
    struct event_base *base; /* owned */
    struct event *piece;     /* runs on_piece(); owned */
    struct event *ticker;    /* runs on_tick(); owned */
    int pieces;              /* into which the computation is cut */
    int done;                /* pieces that are computed */
    int ticks;               /* printed */
    bool failed;             /* the next piece could not be ordered */
    pthread_t thread;        /* that runs the loop */
    int running;             /* callbacks that have begun and not returned */
    int callbacks;           /* that have begun; */
    int elsewhere;           /* of these, on another thread; */
    int inside;              /* before another one had returned */
};

/* Each callback begins with this, to see whether it is alone. */
static void callback_begin(struct program *program)
{
    program->callbacks++;
    program->elsewhere += !pthread_equal(pthread_self(), program->thread);
    program->inside += program->running > 0;
    program->running++;
}

/* Stands for a computation: it sleeps, since on virtual time a real one would take no time. For the
 * loop it is all the same: its thread is not there. */
static void compute(int ms)
{
    (void)usleep((useconds_t)ms * 1000); /* woken early by a signal, it has computed less */
}

static void on_piece(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;
    /* Of the pieces, only the first and the last are printed. */
    const bool printed = program->done == 0 || program->done == program->pieces - 1;

    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    callback_begin(program);
    if (printed)
        printf("piece %d: begins\n", program->done + 1);
    compute(COMPUTE_MS / program->pieces);
    program->done++;
    if (printed)
        printf("piece %d: ends\n", program->done);
    if (program->done < program->pieces) /* event_active() would shut out timers and sockets */
        program->failed = event_add(program->piece, &NEXT_TURN) != 0;
    else /* else the loop would count its next sleep from the time at which this turn began */
        program->failed = event_base_update_cache_time(program->base) != 0;
    program->running--;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;
    (void)what;
    callback_begin(program);
    program->ticks++;
    printf("tick %d: due at 0.%d00\n", program->ticks, program->ticks);
    if (program->ticks == TICKS)
        (void)event_del(program->ticker); /* cannot fail: the event is a good one */
    program->running--;
}

static int program_open(struct program *program, bool ticker_first)
{
    program->base = event_base_new();
    if (program->base == NULL || event_base_priority_init(program->base, PRIORITIES) != 0)
        return -1;
    program->piece = evtimer_new(program->base, on_piece, program);
    program->ticker = event_new(program->base, -1, EV_PERSIST, on_tick, program);
    if (program->piece == NULL || program->ticker == NULL ||
        (ticker_first && event_priority_set(program->ticker, FIRST) != 0))
        return -1;
    event_active(program->piece, EV_TIMEOUT, 0);
    return event_add(program->ticker, &TICK);
}

static void program_close(struct program *program)
{
    if (program->ticker != NULL)
        event_free(program->ticker);
    if (program->piece != NULL)
        event_free(program->piece);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "pieces";
    const bool hog = strcmp(way, "hog") == 0;
    const bool ticker_first = strcmp(way, "priority") == 0;
    struct program program = {.pieces = hog ? 1 : PIECES, .thread = pthread_self()};
    int status = EXIT_FAILURE;

    if (argc > 2 || (!hog && !ticker_first && strcmp(way, "pieces") != 0)) {
        fprintf(stderr, "usage: 04_single_thread [hog|pieces|priority]\n");
        return EXIT_USAGE;
    }
    if (program_open(&program, ticker_first) != 0) {
        fprintf(stderr, "04_single_thread: set-up: out of memory\n");
        goto cleanup;
    }
    if (event_base_dispatch(program.base) != 1 || program.failed) {
        fprintf(stderr, "04_single_thread: event loop: it ended before its work did\n");
        goto cleanup;
    }
    printf("%d callbacks: %d on another thread, %d inside another\n", program.callbacks,
           program.elsewhere, program.inside);
    /* stdout remembers a write that failed: one look here serves every line above. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "04_single_thread: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    return status;
}
