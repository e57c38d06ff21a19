/* bad_edge_triggered.c: WRONG on purpose: an edge-triggered event, and one datagram taken per call
 *
 * asyncio twin: none. loop.add_reader() is level-triggered, and a DatagramProtocol is called for
 * one datagram at each turn of the loop until there is none.
 * Run: ./bad_edge_triggered
 * Ends after the last step of the client.
 * Notice: three datagrams come at 0.1 s, and only the first is taken. EV_ET asks for a call when
 * something *comes*, not while something is there: "two" has to wait until "four" comes, and "four"
 * for ever. Right: leave EV_ET out, or take datagrams until there are none (EAGAIN), at each call.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { ROOM = 16, MOST_TEXTS = 3 };
static const struct timeval STEP = {.tv_usec = 100 * 1000};

/* What the client sends, a step each 100 ms: a datagram each. */
static const char *const STEPS[][MOST_TEXTS] = {{"one", "two", "three"}, {"four"}};
enum { STEPS_N = sizeof(STEPS) / sizeof(STEPS[0]) };

struct program {
    struct event_base *base; /* owned, as is all below */
    evutil_socket_t ends[2]; /* a pair of datagram sockets: the server's, and the client's; or -1 */
    struct event *readable;  /* runs on_readable() */
    struct event *driver;    /* runs on_step() */
    int steps;               /* taken so far */
    bool failed;
};

/* The client; after the last step the server is not called any more, and the loop ends. */
static void on_step(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;
    const int step = program->steps++;

    (void)fd;
    (void)what;
    if (step == STEPS_N) {
        (void)event_del(program->driver); /* cannot fail: these events are good ones */
        (void)event_del(program->readable);
        return;
    }
    for (int k = 0; k < MOST_TEXTS && STEPS[step][k] != NULL; k++) {
        const size_t n = strlen(STEPS[step][k]);

        printf("client: sends \"%s\"\n", STEPS[step][k]);
        if (send(program->ends[1], STEPS[step][k], n, 0) != (ssize_t)n)
            program->failed = true;
    }
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;
    char bytes[ROOM];
    ssize_t n = recv(fd, bytes, sizeof(bytes), 0); /* WRONG: with EV_ET the others stay */

    (void)what;
    if (n >= 0)
        printf("server: gets \"%.*s\"\n", (int)n, bytes);
    else if (errno != EAGAIN && errno != EINTR)
        program->failed = true;
}

static int program_open(struct program *program)
{
    program->base = event_base_new();
    if (program->base == NULL || evutil_socketpair(AF_UNIX, SOCK_DGRAM, 0, program->ends) != 0 ||
        evutil_make_socket_nonblocking(program->ends[0]) != 0)
        return -1;
    program->readable = event_new(program->base, program->ends[0], EV_READ | EV_PERSIST | EV_ET,
                                  on_readable, program);
    program->driver = event_new(program->base, -1, EV_PERSIST, on_step, program);
    if (program->readable == NULL || program->driver == NULL)
        return -1;
    return event_add(program->readable, NULL) == 0 ? event_add(program->driver, &STEP) : -1;
}

/* Takes a half-opened program, too. The events go before the descriptors that they watch. */
static void program_close(struct program *program)
{
    if (program->readable != NULL)
        event_free(program->readable);
    if (program->driver != NULL)
        event_free(program->driver);
    for (int k = 0; k < 2; k++) {
        if (program->ends[k] >= 0)
            (void)evutil_closesocket(program->ends[k]);
    }
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(void)
{
    struct program program = {.ends = {-1, -1}};
    int status = EXIT_FAILURE;

    if (program_open(&program) != 0)
        fprintf(stderr, "bad_edge_triggered: set-up: no memory, or no descriptor left\n");
    else if (event_base_dispatch(program.base) != 1 || program.failed)
        fprintf(stderr, "bad_edge_triggered: event loop: it ended before its work did\n");
    else if (fflush(stdout) != 0 || ferror(stdout))
        fprintf(stderr, "bad_edge_triggered: stdout: cannot write\n");
    else
        status = EXIT_SUCCESS;
    program_close(&program);
    return status;
}
