/* bad_file_closed.c: WRONG on purpose: a server closes a file that libevent has yet to send
 *
 * asyncio twin, where it is right, since sendfile() is awaited before the file is closed:
 *     with open("menu", "rb") as file:
 *         await loop.sendfile(writer.transport, file)
 * Run: ./bad_file_closed
 * Ends when the client has seen the end.
 * Notice: the client gets another file than the one that was queued. evbuffer_add_file() takes the
 * descriptor over, and keeps its number; nothing has been read yet when it returns. close() makes
 * the number free, and the next file that anybody opens has it. At the end libevent closes the
 * number once more, which is by then that file's. Without another file it would be an error, EBADF,
 * at the first byte. Right: leave the descriptor to libevent, or hand over a dup() of it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char MENU[] = "today: soup, fish", WAGES[] = "Ada 4000 Bob 3000";

struct program {
    struct event_base *base;    /* owned, as is all below */
    struct bufferevent *server; /* the server's end of the connection; NULL when it is closed */
    struct bufferevent *client; /* the other end */
    int wages;                  /* another file that the server has open; -1: none */
};

/* A file with `text` in it, which nobody else can open. -1 if there is none to be had. */
static int open_file(const char *text)
{
    char name[] = "/tmp/bad_file_closed.XXXXXX";
    int fd = mkstemp(name);

    if (fd >= 0 && (unlink(name) != 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

/* Sends the menu. Then the server needs another file. */
static int server_begin(struct program *program)
{
    struct evbuffer *output = bufferevent_get_output(program->server);
    int menu = open_file(MENU);

    if (menu < 0)
        return -1;
    if (evbuffer_add_file(output, menu, 0, (off_t)strlen(MENU)) != 0) {
        (void)close(menu);
        return -1;
    }
    puts("server: queues the menu");
    (void)close(menu); /* WRONG: it is libevent's, and has not been sent */
    program->wages = open_file(WAGES);
    printf("server: opens the wages%s\n", program->wages == menu ? ", with the same number" : "");
    return program->wages < 0 ? -1 : 0;
}

/* All is sent, as it seems. With the rest of the buffer libevent closes its descriptor. */
static void on_drained(struct bufferevent *stream, void *arg)
{
    struct program *program = arg;

    puts("server: all is sent");
    bufferevent_free(stream);
    program->server = NULL;
}

/* The connection is broken, or the file cannot be sent. */
static void on_server_event(struct bufferevent *stream, short what, void *arg)
{
    (void)what;
    printf("server: %s\n", evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
    on_drained(stream, arg);
}

/* The client sees the end, or a broken connection. */
static void on_client_event(struct bufferevent *stream, short what, void *arg)
{
    struct evbuffer *input = bufferevent_get_input(stream);

    (void)arg;
    (void)what;
    (void)bufferevent_disable(stream, EV_READ); /* then no event is left, and the loop ends */
    printf("client: gets \"%.*s\"\n", (int)evbuffer_get_length(input),
           (const char *)evbuffer_pullup(input, -1));
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
    if (program->server == NULL || program->client == NULL)
        return -1;
    bufferevent_setcb(program->server, NULL, on_drained, on_server_event, program);
    bufferevent_setcb(program->client, NULL, NULL, on_client_event, program);
    if (bufferevent_enable(program->client, EV_READ) != 0)
        return -1;
    return server_begin(program);
}

/* Takes a half-opened program, too. */
static void program_close(struct program *program)
{
    if (program->server != NULL)
        bufferevent_free(program->server);
    if (program->client != NULL)
        bufferevent_free(program->client);
    if (program->wages >= 0 && close(program->wages) != 0)
        printf("server: the wages: close: %s\n", strerror(errno)); /* libevent has closed it */
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(void)
{
    struct program program = {.wages = -1};
    int status = EXIT_FAILURE;

    (void)signal(SIGPIPE, SIG_IGN);
    if (program_open(&program) != 0)
        fprintf(stderr, "bad_file_closed: set-up: no memory, or no descriptor left\n");
    else if (event_base_dispatch(program.base) != 1)
        fprintf(stderr, "bad_file_closed: event loop: it ended before its work did\n");
    else
        status = EXIT_SUCCESS;
    program_close(&program);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "bad_file_closed: stdout: cannot write\n");
        status = EXIT_FAILURE;
    }
    return status;
}
