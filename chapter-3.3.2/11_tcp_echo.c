/* 11_tcp_echo.c: a server that sends each line back, and two clients who talk to it
 *
 * asyncio twin of the server, which asyncio.start_server(echo, "127.0.0.1", 0) runs:
 *     async def echo(reader, writer):
 *         while line := await reader.readline():  # the last one may lack its newline
 *             writer.write(line)
 *             await writer.drain()                # waits while the client does not read
 *         writer.close()                          # when all is sent
 * Run: ./11_tcp_echo, both clients in this process; or ./11_tcp_echo --port 7777, and then, in
 * another terminal, nc 127.0.0.1 7777 (port 0: any that is free; it prints which).
 * Ends when both clients have seen the end of their connections; with --port, at Ctrl-C.
 * Notice: what one client sends in two pieces comes back as one line, and what the other sends in
 * one piece as two. "bye" has no newline: it is a line when A says that it sends no more; A still
 * reads, and gets it. A real program would also close who is silent for minutes
 * (bufferevent_set_timeouts()) and limit how many may be connected.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

enum { LINE_MOST = 1024, OUTPUT_MOST = 64 * 1024, CLIENTS = 2 };
static const struct timeval ACCEPT_PAUSE = {.tv_usec = 100 * 1000};

/* What the clients do, a step each 100 ms. */
static const struct timeval STEP = {.tv_usec = 100 * 1000};
static const struct step {
    int client;
    const char *text; /* what it sends; NULL: it sends no more */
} STEPS[] = {{0, "hel"}, {1, "one\ntwo\n"}, {0, "lo\n"}, {0, "bye"}, {0, NULL}, {1, NULL}};
enum { STEPS_N = sizeof(STEPS) / sizeof(STEPS[0]) };

/* One client, seen from the server. In the server's list until connection_free(). */
struct connection {
    struct bufferevent *stream;      /* has the socket, and closes it; owned */
    bool ending;                     /* it is freed as soon as all is sent */
    LIST_ENTRY(connection) siblings; /* the list's links */
};

struct server {
    struct event_base *base;         /* borrowed */
    struct evconnlistener *listener; /* owned */
    struct event *resume;            /* runs on_resume() after a pause in accepting; owned */
    LIST_HEAD(, connection) connections;
};

/* One client, seen from itself: a plain socket. */
struct client {
    struct program *program; /* borrowed */
    const char *name;        /* a literal */
    evutil_socket_t fd;      /* owned; -1: none */
    struct event *readable;  /* runs on_answer(); owned */
};

struct program {
    struct event_base *base; /* owned, as is all below */
    struct server server;
    struct client clients[CLIENTS]; /* not with --port */
    struct event *drive;            /* runs on_step(), or with --port on_interrupt() */
    int steps;                      /* taken so far */
    int ends;                       /* clients that have seen the end */
    bool failed;
};

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((unsigned short)port),
                                .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
}

/* ---- the server: one connection ---- */

/* Frees, unlinks and closes: the one place that does. What is not sent yet is lost. The socket is
 * closed by the loop, at its next turn. */
static void connection_free(struct connection *c)
{
    LIST_REMOVE(c, siblings);
    bufferevent_free(c->stream);
    free(c);
}

/* Reads no more, and frees `c` when all is sent: now, or in on_drained(). */
static void connection_finish(struct connection *c)
{
    c->ending = true;
    (void)bufferevent_disable(c->stream, EV_READ); /* cannot fail for a socket */
    if (evbuffer_get_length(bufferevent_get_output(c->stream)) == 0)
        connection_free(c);
}

/* Tells why, and reads no more of what the client sends. */
static void connection_refuse(struct connection *c)
{
    (void)evbuffer_add_printf(bufferevent_get_output(c->stream),
                              "line too long, or no memory for it\n"); /* fails: it just closes */
    connection_finish(c);
}

/* Bytes have come: a piece of a line, or many lines. What is no whole line yet stays in `input`. */
static void on_readable(struct bufferevent *stream, void *arg)
{
    struct connection *c = arg;
    struct evbuffer *input = bufferevent_get_input(stream);
    struct evbuffer *output = bufferevent_get_output(stream);
    size_t n;
    char *line;

    while ((line = evbuffer_readln(input, &n, EVBUFFER_EOL_LF)) != NULL) {
        bool sent = n <= LINE_MOST && evbuffer_add(output, line, n) == 0 &&
                    evbuffer_add(output, "\n", 1) == 0;

        free(line);
        if (!sent) {
            connection_refuse(c);
            return;
        }
    }
    if (evbuffer_get_length(input) > LINE_MOST)
        connection_refuse(c);
    else if (evbuffer_get_length(output) > OUTPUT_MOST) /* the client does not read: */
        (void)bufferevent_disable(stream, EV_READ);     /* nor do we, until on_drained() */
}

/* All that was written is sent. */
static void on_drained(struct bufferevent *stream, void *arg)
{
    struct connection *c = arg;

    if (c->ending || bufferevent_enable(stream, EV_READ) != 0)
        connection_free(c);
}

/* The client sends no more (EOF), or the connection is broken (ERROR). */
static void on_event(struct bufferevent *stream, short what, void *arg)
{
    struct connection *c = arg;

    /* With an end, what has been read before it is still in `input`: here it is moved out. */
    if ((what & BEV_EVENT_EOF) &&
        bufferevent_write_buffer(stream, bufferevent_get_input(stream)) == 0)
        connection_finish(c);
    else
        connection_free(c);
}

/* ---- the server: accepting ---- */

/* `fd` is ours from here on, and non-blocking. */
static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
                      int length, void *arg)
{
    struct server *server = arg;
    struct connection *c = calloc(1, sizeof(*c));

    (void)listener;
    (void)address;
    (void)length;
    if (c != NULL)
        c->stream = bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (c == NULL || c->stream == NULL) {
        (void)evutil_closesocket(fd);
        free(c);
        return;
    }
    LIST_INSERT_HEAD(&server->connections, c, siblings);
    bufferevent_setcb(c->stream, on_readable, on_drained, on_event, c);
    if (bufferevent_enable(c->stream, EV_READ) != 0) /* a new one writes only */
        connection_free(c);
}

/* No descriptor is left, perhaps. The client stays in the queue, and the listener ready for ever:
 * without a pause the loop would do nothing else. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
    struct server *server = arg;

    fprintf(stderr, "11_tcp_echo: accept: %s\n",
            evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
    (void)evconnlistener_disable(listener); /* cannot fail: the listener is a good one */
    if (event_add(server->resume, &ACCEPT_PAUSE) != 0)
        (void)event_base_loopexit(server->base, NULL); /* it would not accept any more */
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
    struct server *server = arg;

    (void)fd;
    (void)what;
    if (evconnlistener_enable(server->listener) != 0)
        on_accept_error(server->listener, server);
}

/* Listens on 127.0.0.1. Returns the port, or -1; then server_close() frees what there is. */
static int server_open(struct server *server, struct event_base *base, int port)
{
    struct sockaddr_in address = loopback(port);
    socklen_t length = sizeof(address);

    server->base = base;
    server->resume = evtimer_new(base, on_resume, server);
    server->listener =
        evconnlistener_new_bind(base, on_accept, server, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE,
                                -1, (struct sockaddr *)&address, sizeof(address));
    if (server->resume == NULL || server->listener == NULL)
        return -1;
    evconnlistener_set_error_cb(server->listener, on_accept_error);
    const evutil_socket_t fd = evconnlistener_get_fd(server->listener);
    return getsockname(fd, (struct sockaddr *)&address, &length) == 0 ? ntohs(address.sin_port)
                                                                      : -1;
}

static void server_close(struct server *server)
{
    while (!LIST_EMPTY(&server->connections))
        connection_free(LIST_FIRST(&server->connections));
    if (server->listener != NULL)
        evconnlistener_free(server->listener);
    if (server->resume != NULL)
        event_free(server->resume);
}

/* ---- the clients ---- */

/* Stops the loop; `main` reports a failure. */
static void program_stop(struct program *program, bool failed)
{
    program->failed = program->failed || failed;
    if (event_base_loopexit(program->base, NULL) != 0)
        program->failed = true;
}

/* Prints a line of the timeline; a newline among the bytes as \n. */
static void client_say(const struct client *client, const char *verb, const char *bytes, size_t n)
{
    printf("%s: %s \"", client->name, verb);
    for (size_t k = 0; k < n; k++)
        printf(bytes[k] == '\n' ? "\\n" : "%c", bytes[k]);
    puts("\"");
}

static void on_step(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;
    const struct step *step = &STEPS[program->steps++];
    const struct client *client = &program->clients[step->client];
    const size_t n = step->text != NULL ? strlen(step->text) : 0;
    bool done;

    (void)fd;
    (void)what;
    if (step->text != NULL) {
        client_say(client, "sends", step->text, n);
        done = send(client->fd, step->text, n, 0) == (ssize_t)n;
    } else {
        printf("%s: sends no more\n", client->name);
        done = shutdown(client->fd, SHUT_WR) == 0; /* half of the connection; it reads on */
    }
    if (!done || (program->steps < STEPS_N && event_add(program->drive, &STEP) != 0))
        program_stop(program, true);
}

static void on_answer(evutil_socket_t fd, short what, void *arg)
{
    struct client *client = arg;
    char bytes[64];
    ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

    (void)what;
    if (n > 0) {
        client_say(client, "gets", bytes, (size_t)n);
    } else if (n == 0) {
        printf("%s: the end\n", client->name);
        (void)event_del(client->readable); /* cannot fail: the event is a good one */
        if (++client->program->ends == CLIENTS)
            program_stop(client->program, false);
    } else if (errno != EAGAIN && errno != EINTR) {
        program_stop(client->program, true);
    }
}

/* To connect may take long; to a port of this machine it does not, so here it may block. */
static int client_open(struct client *client, struct program *program, const char *name, int port)
{
    struct sockaddr_in to = loopback(port);

    client->program = program;
    client->name = name;
    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&to, sizeof(to)) != 0 ||
        evutil_make_socket_nonblocking(client->fd) != 0)
        return -1;
    client->readable =
        event_new(program->base, client->fd, EV_READ | EV_PERSIST, on_answer, client);
    return client->readable != NULL ? event_add(client->readable, NULL) : -1;
}

/* ---- the program ---- */

/* Ctrl-C. */
static void on_interrupt(evutil_socket_t signal_number, short what, void *arg)
{
    (void)signal_number;
    (void)what;
    program_stop(arg, false);
}

/* `port` is -1 for a run with the two clients. */
static int program_open(struct program *program, int port)
{
    program->base = event_base_new();
    if (program->base == NULL)
        return -1;
    int bound = server_open(&program->server, program->base, port < 0 ? 0 : port);
    if (bound < 0)
        return -1;
    if (port >= 0) {
        printf("listening on 127.0.0.1, port %d\n", bound);
        program->drive = evsignal_new(program->base, SIGINT, on_interrupt, program);
        return program->drive != NULL ? event_add(program->drive, NULL) : -1;
    }
    program->drive = evtimer_new(program->base, on_step, program);
    if (program->drive == NULL || client_open(&program->clients[0], program, "A", bound) != 0 ||
        client_open(&program->clients[1], program, "B", bound) != 0)
        return -1;
    return event_add(program->drive, &STEP);
}

/* Takes a half-opened program, too. The bufferevents go before the base, which closes sockets. */
static void program_close(struct program *program)
{
    for (int k = 0; k < CLIENTS; k++) {
        if (program->clients[k].readable != NULL)
            event_free(program->clients[k].readable);
        if (program->clients[k].fd >= 0)
            (void)evutil_closesocket(program->clients[k].fd); /* nothing unsent is in it */
    }
    server_close(&program->server);
    if (program->drive != NULL)
        event_free(program->drive);
    if (program->base != NULL)
        event_base_free(program->base);
}

/* The port in "--port N", -1 without arguments, -2 for anything else. */
static int read_arguments(int argc, char **argv)
{
    char *end;
    long port;

    if (argc == 1)
        return -1;
    if (argc != 3 || strcmp(argv[1], "--port") != 0)
        return -2;
    port = strtol(argv[2], &end, 10);
    return end != argv[2] && *end == '\0' && port >= 0 && port <= 65535 ? (int)port : -2;
}

int main(int argc, char **argv)
{
    struct program program = {.clients = {{.fd = -1}, {.fd = -1}}};
    int port = read_arguments(argc, argv);
    int status = EXIT_FAILURE;

    if (port == -2) {
        fprintf(stderr, "usage: 11_tcp_echo [--port N]\n");
        return EXIT_FAILURE;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0); /* who reads the port from a pipe waits for it */
    (void)signal(SIGPIPE, SIG_IGN);         /* to write to who has gone is an error, not death */
    if (program_open(&program, port) != 0) {
        fprintf(stderr, "11_tcp_echo: set-up: %s\n", strerror(errno));
        goto cleanup;
    }
    if (event_base_dispatch(program.base) != 0 || program.failed) {
        fprintf(stderr, "11_tcp_echo: event loop: it ended before its work did\n");
    } else if (fflush(stdout) != 0 || ferror(stdout)) { /* it remembers a write that failed */
        fprintf(stderr, "11_tcp_echo: stdout: cannot write\n");
    } else {
        status = EXIT_SUCCESS;
    }

cleanup:
    program_close(&program);
    return status;
}
