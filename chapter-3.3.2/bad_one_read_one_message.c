/* bad_one_read_one_message.c: WRONG on purpose: a server that takes each read for a message
 *
 * asyncio twin of the mistake:
 *     while data := await reader.read(100):   # right: line = await reader.readline()
 *         print(f"server: a message: {data}")
 * Run: ./bad_one_read_one_message
 * Ends when the client closes.
 * Notice: the client sends three lines. The server sees three messages, too, and not one of them
 * is a line: TCP carries bytes, and knows nothing of messages. On one machine, with short lines and
 * pauses between them, it may work for a long time. Right: keep the bytes until a line is whole,
 * and look for the next one in what is left, see on_readable() of 11_tcp_echo.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const struct timeval PAUSE = {.tv_usec = 100 * 1000};

/* Three lines, as the network may deliver them. */
static const char *const PIECES[] = {"hel", "lo\n", "one\ntwo\n"};
enum { PIECES_N = sizeof(PIECES) / sizeof(PIECES[0]), ROOM = 100 };

struct program {
    struct event_base *base;    /* owned, as is all below */
    struct bufferevent *stream; /* the server's end of the connection */
    evutil_socket_t client;     /* the other end, or -1 */
    struct event *sender;       /* runs on_pause_over() */
    int sent;                   /* pieces */
    bool failed;
};

/* Prints a line of the timeline; a newline among the bytes as \n. */
static void say(const char *what, const char *bytes, size_t n)
{
    printf("%s \"", what);
    for (size_t k = 0; k < n; k++)
        printf(bytes[k] == '\n' ? "\\n" : "%c", bytes[k]);
    puts("\"");
}

/* The client: a piece each 100 ms, then the end. */
static void on_pause_over(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;
    (void)what;
    if (program->sent == PIECES_N) {
        (void)event_del(program->sender); /* cannot fail: the event is a good one */
        (void)evutil_closesocket(program->client);
        program->client = -1;
        return;
    }
    const char *piece = PIECES[program->sent++];
    say("client: sends", piece, strlen(piece));
    if (send(program->client, piece, strlen(piece), 0) != (ssize_t)strlen(piece))
        program->failed = true;
}

static void on_readable(struct bufferevent *stream, void *arg)
{
    char message[ROOM];
    size_t n = bufferevent_read(stream, message, sizeof(message)); /* WRONG: not one message */

    (void)arg;
    say("server: a message:", message, n);
}

/* The end, or a broken connection. */
static void on_event(struct bufferevent *stream, short what, void *arg)
{
    struct program *program = arg;

    (void)bufferevent_disable(stream, EV_READ); /* then no event is left, and the loop ends */
    if (what & BEV_EVENT_EOF)
        puts("server: the end");
    else
        program->failed = true;
}

static int program_open(struct program *program)
{
    evutil_socket_t ends[2];

    program->base = event_base_new();
    if (program->base == NULL || evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return -1;
    program->client = ends[1];
    program->stream = bufferevent_socket_new(program->base, ends[0], BEV_OPT_CLOSE_ON_FREE);
    if (program->stream == NULL) {
        (void)evutil_closesocket(ends[0]);
        return -1;
    }
    program->sender = event_new(program->base, -1, EV_PERSIST, on_pause_over, program);
    if (program->sender == NULL || evutil_make_socket_nonblocking(ends[0]) != 0)
        return -1;
    bufferevent_setcb(program->stream, on_readable, NULL, on_event, program);
    return bufferevent_enable(program->stream, EV_READ) == 0 ? event_add(program->sender, &PAUSE)
                                                             : -1;
}

/* Takes a half-opened program, too. */
static void program_close(struct program *program)
{
    if (program->sender != NULL)
        event_free(program->sender);
    if (program->stream != NULL)
        bufferevent_free(program->stream);
    if (program->client >= 0)
        (void)evutil_closesocket(program->client);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(void)
{
    struct program program = {.client = -1};
    int status = EXIT_FAILURE;

    (void)signal(SIGPIPE, SIG_IGN);
    if (program_open(&program) != 0)
        fprintf(stderr, "bad_one_read_one_message: set-up: no memory, or no descriptor left\n");
    else if (event_base_dispatch(program.base) != 1 || program.failed)
        fprintf(stderr, "bad_one_read_one_message: event loop: it ended before its work did\n");
    else if (fflush(stdout) != 0 || ferror(stdout))
        fprintf(stderr, "bad_one_read_one_message: stdout: cannot write\n");
    else
        status = EXIT_SUCCESS;
    program_close(&program);
    return status;
}
