/* bad_whole_file.c: WRONG on purpose: a server that reads a file whole, and sends it then
 *
 * asyncio twin, where it is as wrong:
 *     writer.write(file.read())
 *     await writer.drain()     # too late: all of it is queued by then
 * Run: ./bad_whole_file
 * Ends when the client has seen the end.
 * Notice: the client gets everything, and the numbers of the last line. All of the file is queued
 * at once, beside a copy of it that read() needed: for each client twice the length of the file.
 * Right: 14_file_stream.c, which queues the next chunk when there is room.
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
#include <sys/socket.h>
#include <unistd.h>

enum { FILE_SIZE = 1024 * 1024 };

struct program {
    struct event_base *base;    /* owned, as is all below */
    struct bufferevent *server; /* the server's end of the connection; NULL when it is closed */
    struct bufferevent *client; /* the other end */
    int file;                   /* -1: none */
    size_t most_queued;         /* bytes in the server's output buffer */
    size_t taken;               /* bytes that the client has got */
    bool failed;
};

/* Sends the file. */
static void server_begin(struct program *program)
{
    char *all = malloc(FILE_SIZE); /* WRONG: as long as the file */
    ssize_t n = all != NULL ? read(program->file, all, FILE_SIZE) : -1;

    if (n != FILE_SIZE || bufferevent_write(program->server, all, FILE_SIZE) != 0) /* a copy */
        program->failed = true;
    free(all);
    program->most_queued = evbuffer_get_length(bufferevent_get_output(program->server));
}

/* All is sent. */
static void on_drained(struct bufferevent *stream, void *arg)
{
    struct program *program = arg;

    bufferevent_free(stream);
    program->server = NULL;
}

static void on_bytes(struct bufferevent *stream, void *arg)
{
    struct program *program = arg;
    struct evbuffer *input = bufferevent_get_input(stream);

    program->taken += evbuffer_get_length(input);
    if (evbuffer_drain(input, evbuffer_get_length(input)) != 0)
        program->failed = true;
}

/* The client sees the end, or a broken connection. */
static void on_client_event(struct bufferevent *stream, short what, void *arg)
{
    struct program *program = arg;

    (void)bufferevent_disable(stream, EV_READ); /* then no event is left, and the loop ends */
    printf("client: %s after %zu bytes\n", what & BEV_EVENT_EOF ? "the end" : "an error",
           program->taken);
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
    char name[] = "/tmp/bad_whole_file.XXXXXX";
    evutil_socket_t ends[2];

    program->file = mkstemp(name);
    if (program->file < 0 || unlink(name) != 0 || ftruncate(program->file, FILE_SIZE) != 0)
        return -1;
    program->base = event_base_new();
    if (program->base == NULL || evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return -1;
    program->server = end_open(program->base, ends[0]);
    program->client = end_open(program->base, ends[1]);
    if (program->server == NULL || program->client == NULL)
        return -1;
    bufferevent_setcb(program->server, NULL, on_drained, NULL, program);
    bufferevent_setcb(program->client, on_bytes, NULL, on_client_event, program);
    return bufferevent_enable(program->client, EV_READ);
}

/* Takes a half-opened program, too. */
static void program_close(struct program *program)
{
    if (program->server != NULL)
        bufferevent_free(program->server);
    if (program->client != NULL)
        bufferevent_free(program->client);
    if (program->file >= 0)
        (void)close(program->file); /* it was only read */
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(void)
{
    struct program program = {.file = -1};
    int status = EXIT_FAILURE;

    (void)signal(SIGPIPE, SIG_IGN);
    if (program_open(&program) != 0) {
        fprintf(stderr, "bad_whole_file: set-up: no memory, or no descriptor left\n");
        goto cleanup;
    }
    server_begin(&program);
    if (event_base_dispatch(program.base) != 1 || program.failed)
        fprintf(stderr, "bad_whole_file: the file was not sent whole\n");
    else if (printf("server: 1 read, %zu bytes queued at the most\n", program.most_queued) < 0 ||
             fflush(stdout) != 0)
        fprintf(stderr, "bad_whole_file: stdout: cannot write\n");
    else
        status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    return status;
}
