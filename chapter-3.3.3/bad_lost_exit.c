/* bad_lost_exit.c: WRONG on purpose: a step that fails leaves without the exit that is owed
 *
 * asyncio twin, with the same mistake:
 *     async def visit():
 *         server = await connect()
 *         if not await server.open("notes"): return     # and who calls server.disconnect()?
 * Run: ./bad_lost_exit
 * Ends when three visits have been made: no event is pending then.
 * Notice: the way back is written once, at the end of the way in, and each `return` in between
 * misses it. Nothing complains: the third visit fails, for a reason that is not in it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

enum { VISITS = 3, MOST_CONNECTIONS = 1 };

static const struct timeval DELAY = {.tv_usec = 100 * 1000};

struct program {
    struct event_base *base;    /* owned */
    struct event *connected;    /* calls on_connected(); owned */
    struct event *opened;       /* calls on_opened(); owned */
    struct event *disconnected; /* calls on_disconnected(); owned */
    int visits;                 /* begun so far */
    int connections;            /* open at present */
    int failed;                 /* calls of event_add() */
};

static void visit_begin(struct program *program)
{
    if (program->visits == VISITS)
        return;
    program->visits++;
    if (program->connections == MOST_CONNECTIONS)
        printf("visit %d: too many connections\n", program->visits);
    else
        program->failed += event_add(program->connected, &DELAY) != 0;
}

static void on_connected(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    program->connections++;
    printf("visit %d: connected\n", program->visits);
    program->failed += event_add(program->opened, &DELAY) != 0;
}

static void on_opened(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;
    const int file_exists = program->visits == 1; /* what the server has answered */

    (void)fd;
    (void)what;
    if (!file_exists) {
        printf("visit %d: no such file\n", program->visits);
        visit_begin(program);
        return; /* WRONG: connected, and never disconnected */
    }
    printf("visit %d: file open\n", program->visits);
    program->failed += event_add(program->disconnected, &DELAY) != 0;
}

static void on_disconnected(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;
    (void)what;
    program->connections--;
    printf("visit %d: disconnected\n", program->visits);
    visit_begin(program);
}

static int program_open(struct program *program)
{
    program->base = event_base_new();
    if (program->base == NULL)
        return -1;
    program->connected = evtimer_new(program->base, on_connected, program);
    program->opened = evtimer_new(program->base, on_opened, program);
    program->disconnected = evtimer_new(program->base, on_disconnected, program);
    return program->connected != NULL && program->opened != NULL && program->disconnected != NULL
               ? 0
               : -1;
}

static void program_close(struct program *program)
{
    if (program->disconnected != NULL)
        event_free(program->disconnected);
    if (program->opened != NULL)
        event_free(program->opened);
    if (program->connected != NULL)
        event_free(program->connected);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(void)
{
    struct program program = {0};
    int status = EXIT_FAILURE;

    if (program_open(&program) != 0) {
        fprintf(stderr, "bad_lost_exit: set-up: out of memory\n");
        goto cleanup;
    }
    visit_begin(&program);
    if (event_base_dispatch(program.base) != 1 || program.failed > 0) {
        fprintf(stderr, "bad_lost_exit: event loop: it ended before its work did\n");
        goto cleanup;
    }
    printf("server: %d connection is open\n", program.connections);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "bad_lost_exit: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    return status;
}
