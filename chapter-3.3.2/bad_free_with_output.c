/* bad_free_with_output.c: WRONG on purpose: a server that answers and frees the bufferevent
 *
 * asyncio twin of the server, where it is right, since close() sends first what was written:
 *     await reader.readline()
 *     writer.write(b"bye\n")
 *     writer.close()
 * Run: ./bad_free_with_output
 * Ends when the client has seen the end.
 * Notice: the client gets no byte. bufferevent_write() only puts the answer into a buffer, which
 * the loop sends when on_readable() has returned; bufferevent_free() throws the buffer away.
 * bufferevent_flush() does not help: for a socket it does nothing. Right: stop reading, and free in
 * the write callback, which comes when the buffer is empty: connection_finish() of 11_tcp_echo.c.
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
static const char QUIT[] = "quit\n", BYE[] = "bye\n";

struct program {
    struct event_base *base;    /* owned, as is all below */
    struct bufferevent *server; /* the server's end of the connection; NULL when it is closed */
    struct bufferevent *client; /* the other end */
    struct event *sender;       /* runs on_pause_over(), once */
    bool failed;
};

/* The client sends its line. */
static void on_pause_over(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;
    (void)what;
    puts("client: sends \"quit\"");
    if (bufferevent_write(program->client, QUIT, strlen(QUIT)) != 0)
        program->failed = true;
}

/* The line has come whole: it is five bytes, and this is no network. */
static void on_readable(struct bufferevent *stream, void *arg)
{
    struct program *program = arg;

    puts("server: answers \"bye\"");
    if (bufferevent_write(stream, BYE, strlen(BYE)) != 0)
        program->failed = true;
    bufferevent_free(stream); /* WRONG: the answer has not been sent yet */
    program->server = NULL;
}

/* The client sees the end, or a broken connection. */
static void on_client_event(struct bufferevent *stream, short what, void *arg)
{
    (void)arg;
    (void)bufferevent_disable(stream, EV_READ); /* then no event is left, and the loop ends */
    printf("client: %s after %zu bytes\n", what & BEV_EVENT_EOF ? "the end" : "an error",
           evbuffer_get_length(bufferevent_get_input(stream)));
}

/* One end of a connection. NULL without memory; the caller owns what is returned. */
static struct bufferevent *end_open(struct event_base *base, evutil_socket_t fd)
{
    struct bufferevent *stream = NULL;

    if (evutil_make_socket_nonblocking(fd) == 0)
        stream = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (stream == NULL)
        (void)evutil_closesocket(fd);
    return stream;
}

static int program_open(struct program *program)
{
    evutil_socket_t ends[2];

    program->base = event_base_new();
    if (program->base == NULL || evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return -1;
    program->server = end_open(program->base, ends[0]);
    program->client = end_open(program->base, ends[1]);
    program->sender = evtimer_new(program->base, on_pause_over, program);
    if (program->server == NULL || program->client == NULL || program->sender == NULL)
        return -1;
    bufferevent_setcb(program->server, on_readable, NULL, NULL, program);
    bufferevent_setcb(program->client, NULL, NULL, on_client_event, program);
    if (bufferevent_enable(program->server, EV_READ) != 0 ||
        bufferevent_enable(program->client, EV_READ) != 0)
        return -1;
    return event_add(program->sender, &PAUSE);
}

/* Takes a half-opened program, too. */
static void program_close(struct program *program)
{
    if (program->sender != NULL)
        event_free(program->sender);
    if (program->server != NULL)
        bufferevent_free(program->server);
    if (program->client != NULL)
        bufferevent_free(program->client);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(void)
{
    struct program program = {0};
    int status = EXIT_FAILURE;

    (void)signal(SIGPIPE, SIG_IGN);
    if (program_open(&program) != 0)
        fprintf(stderr, "bad_free_with_output: set-up: no memory, or no descriptor left\n");
    else if (event_base_dispatch(program.base) != 1 || program.failed)
        fprintf(stderr, "bad_free_with_output: event loop: it ended before its work did\n");
    else if (fflush(stdout) != 0 || ferror(stdout))
        fprintf(stderr, "bad_free_with_output: stdout: cannot write\n");
    else
        status = EXIT_SUCCESS;
    program_close(&program);
    return status;
}
