/* count_up.c: two instances of one coroutine, each with a frame of its own
 *
 * asyncio twin:
 *     async def count_up(name, n):
 *         for i in range(n): print(f"{name}: {i}"); await asyncio.sleep(0.5)
 *         print(name, "done")
 *     sequential: await count_up("A", 2); await count_up("B", 2)
 *     concurrent: await asyncio.gather(count_up("A", 3), count_up("B", 3)); print("gather")
 * Run: ./count_up [sequential|concurrent]     (without a word: concurrent)
 * Ends when both instances are done: no timer is left then.
 * Notice: `i` must live from one wake-up to the next, so it is no local of any function here: it
 * is in the frame, a frame for each instance. A real program would make frames on demand.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INSTANCES = 2, SEQUENTIAL_COUNT = 2, CONCURRENT_COUNT = 3, EXIT_USAGE = 2 };
static const struct timeval HALF_SECOND = {.tv_usec = 500 * 1000};

struct program;

/* The frame of one count_up(): its parameters, its local `i`, and what it waits for. */
struct counter {
    const char *name;        /* printed with every number; borrowed */
    int n;                   /* how many numbers to print */
    int i;                   /* the next number */
    struct event *pause;     /* resumes this instance; owned */
    struct program *program; /* whom to tell when it is done; borrowed */
};

struct program {
    struct event_base *base;           /* owned */
    const struct timeval *half_second; /* the queue of all half-second pauses; the base owns it */
    struct counter counters[INSTANCES];
    int running;     /* counters that are not done */
    bool sequential; /* B begins when A is done, not with it */
    bool failed;     /* a timer could not be armed */
};

/* Has the loop make a counter's first step. Called before the loop runs, it prints nothing. */
static void counter_start(struct counter *counter)
{
    event_active(counter->pause, EV_TIMEOUT, 0);
}

/* The line behind the `await` of whoever waits for this counter. */
static void on_counter_done(struct program *program)
{
    program->running--;
    if (program->sequential && program->running > 0)
        counter_start(&program->counters[INSTANCES - program->running]);
    else if (!program->sequential && program->running == 0)
        puts("gather");
}

/* One step of the coroutine: from one `await` to the next. */
static void on_counter_resumed(evutil_socket_t fd, short what, void *arg)
{
    struct counter *counter = arg;

    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    if (counter->i == counter->n) {
        printf("%s done\n", counter->name);
        on_counter_done(counter->program);
        return;
    }
    printf("%s: %d\n", counter->name, counter->i);
    counter->i++;
    if (event_add(counter->pause, counter->program->half_second) != 0)
        counter->program->failed = true;
}

/* Makes both frames and starts A, and B with it unless they run one after the other. */
static int program_open(struct program *program)
{
    static const char *const NAMES[INSTANCES] = {"A", "B"};

    program->base = event_base_new();
    if (program->base == NULL)
        return -1;
    /* Plain timers that end together fire in any order. A common timeout is a queue. */
    program->half_second = event_base_init_common_timeout(program->base, &HALF_SECOND);
    if (program->half_second == NULL)
        return -1;
    for (int k = 0; k < INSTANCES; k++) {
        struct counter *counter = &program->counters[k];

        counter->name = NAMES[k];
        counter->n = program->sequential ? SEQUENTIAL_COUNT : CONCURRENT_COUNT;
        counter->program = program;
        counter->pause = evtimer_new(program->base, on_counter_resumed, counter);
        if (counter->pause == NULL)
            return -1;
        if (k == 0 || !program->sequential)
            counter_start(counter);
    }
    program->running = INSTANCES;
    return 0;
}

static void program_close(struct program *program)
{
    for (int k = 0; k < INSTANCES; k++) {
        if (program->counters[k].pause != NULL)
            event_free(program->counters[k].pause);
    }
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(int argc, char **argv)
{
    const char *order = argc > 1 ? argv[1] : "concurrent";
    struct program program = {.sequential = strcmp(order, "sequential") == 0};
    int status = EXIT_FAILURE;

    if (argc > 2 || (!program.sequential && strcmp(order, "concurrent") != 0)) {
        fprintf(stderr, "usage: count_up [sequential|concurrent]\n");
        return EXIT_USAGE;
    }
    if (program_open(&program) != 0) {
        fprintf(stderr, "count_up: set-up: out of memory\n");
        goto cleanup;
    }
    if (event_base_dispatch(program.base) != 1 || program.failed) {
        fprintf(stderr, "count_up: event loop: it ended before its work did\n");
        goto cleanup;
    }
    /* stdout remembers a write that failed: one look here serves every line above. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "count_up: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    return status;
}
