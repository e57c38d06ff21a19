/* bad_wake_without_locks.c: WRONG on purpose: a thread wakes a loop that has no locks
 *
 * asyncio twin: loop.call_soon() from another thread, where call_soon_threadsafe() is needed.
 * Run: ./bad_wake_without_locks
 * Ends when the loop has been told that the worker is done.
 * Notice: the worker is done at 240 ms, and the loop is told at 1 s, when a tick wakes it. Without
 * the tick it would never be told. event_active() notes the event, but has no way to wake another
 * thread; and both threads change the list of active events at the same time, unprotected. Right:
 * evthread_use_pthreads(), before event_base_new().
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct timespec WORK = {.tv_nsec = 240 * 1000 * 1000};
static const struct timeval TICK = {.tv_sec = 1};

struct program {
    struct event_base *base; /* owned, as is all below */
    struct event *tick;      /* runs on_tick() each second */
    struct event *done;      /* runs on_done() */
    pthread_t worker;        /* runs worker_main(); joined */
    bool has_worker;
    bool told;
};

static void *worker_main(void *arg)
{
    struct program *program = arg;

    (void)nanosleep(&WORK, NULL); /* a file is read, say */
    puts("worker: done");
    event_active(program->done, EV_TIMEOUT, 0);
    return NULL;
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;
    (void)what;
    puts("loop: the worker is done");
    program->told = event_base_loopexit(program->base, NULL) == 0;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    puts("tick");
}

static int program_open(struct program *program)
{
    program->base = event_base_new(); /* WRONG: without evthread_use_pthreads() before it */
    if (program->base == NULL)
        return -1;
    program->done = event_new(program->base, -1, 0, on_done, program);
    program->tick = event_new(program->base, -1, EV_PERSIST, on_tick, NULL);
    if (program->done == NULL || program->tick == NULL || event_add(program->tick, &TICK) != 0)
        return -1;
    program->has_worker = pthread_create(&program->worker, NULL, worker_main, program) == 0;
    return program->has_worker ? 0 : -1;
}

/* Takes a half-opened program, too. */
static void program_close(struct program *program)
{
    if (program->has_worker)
        (void)pthread_join(program->worker, NULL);
    if (program->done != NULL)
        event_free(program->done);
    if (program->tick != NULL)
        event_free(program->tick);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(void)
{
    struct program program = {0};
    int status = EXIT_FAILURE;

    if (program_open(&program) != 0)
        fprintf(stderr, "bad_wake_without_locks: set-up: no memory, or no thread\n");
    else if (event_base_dispatch(program.base) != 0 || !program.told)
        fprintf(stderr, "bad_wake_without_locks: event loop: it ended before its work did\n");
    else if (fflush(stdout) != 0 || ferror(stdout))
        fprintf(stderr, "bad_wake_without_locks: stdout: cannot write\n");
    else
        status = EXIT_SUCCESS;
    program_close(&program);
    return status;
}
