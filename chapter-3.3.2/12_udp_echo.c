/* 12_udp_echo.c: a server that sends each datagram back, and two clients who talk to it
 *
 * asyncio twin of the server:
 *     class Echo(asyncio.DatagramProtocol):
 *         def connection_made(self, transport): self.transport = transport
 *         def datagram_received(self, data, sender): self.transport.sendto(data, sender)
 *     await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
 * Run: ./12_udp_echo, both clients in this process; or ./12_udp_echo --port 7777, and then, in
 * another terminal, nc -u 127.0.0.1 7777 (port 0: any that is free; it prints which).
 * Ends 100 ms after the last datagram, since with UDP nobody is told of an end; with --port, at
 * Ctrl-C.
 * Notice: there is one socket, and no connection: each datagram brings the address of its sender.
 * Each recvmsg() takes one whole datagram; one of no bytes is a datagram, too, and no end; of one
 * that is too long the rest is lost. A real program would serve many at one call of recvmmsg() and
 * sendmmsg(). It must live with what UDP does: datagrams are lost, come twice, or out of order.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { ROOM = 16, BUDGET = 8, CLIENTS = 2, MOST_TEXTS = 3 };

/* What the clients send, a step each 100 ms. */
static const struct timeval STEP = {.tv_usec = 100 * 1000};
static const struct step {
    int client;
    const char *texts[MOST_TEXTS]; /* a datagram each; NULL: no more */
} STEPS[] = {{0, {"one", "two", "three"}},
             {1, {"hello"}},
             {0, {"", "after it"}},
             {1, {"much too long a text"}}};
enum { STEPS_N = sizeof(STEPS) / sizeof(STEPS[0]) };

/* What recvmsg() gives. */
struct datagram {
    char bytes[ROOM];
    ssize_t n; /* 0 is a length like any other; -1: there is none, see errno */
    bool cut;  /* it was longer than ROOM: the rest is lost */
    struct sockaddr_storage sender;
    socklen_t sender_length;
};

struct client {
    struct program *program; /* borrowed */
    const char *name;        /* a literal */
    evutil_socket_t fd;      /* owned; -1: none */
    struct event *readable;  /* runs on_answer(); owned */
};

struct program {
    struct event_base *base;        /* owned, as is all below */
    evutil_socket_t fd;             /* the server's socket, or -1 */
    struct event *readable;         /* runs on_readable() */
    struct client clients[CLIENTS]; /* not with --port */
    struct event *drive;            /* runs on_step(), or with --port on_interrupt() */
    int steps;                      /* taken so far */
    bool failed;
};

/* Stops the loop; `main` reports a failure. */
static void program_stop(struct program *program, bool failed)
{
    program->failed = program->failed || failed;
    if (event_base_loopexit(program->base, NULL) != 0)
        program->failed = true;
}

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((unsigned short)port),
                                .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
}

/* ---- the server ---- */

/* Takes the next datagram off the socket. recvfrom() would do, but for `cut`. */
static void datagram_receive(evutil_socket_t fd, struct datagram *d)
{
    struct iovec room = {.iov_base = d->bytes, .iov_len = sizeof(d->bytes)};
    struct msghdr message = {.msg_name = &d->sender,
                             .msg_namelen = sizeof(d->sender),
                             .msg_iov = &room,
                             .msg_iovlen = 1};

    d->n = recvmsg(fd, &message, 0);
    d->cut = (message.msg_flags & MSG_TRUNC) != 0;
    d->sender_length = message.msg_namelen;
}

/* Sends it back. To wait until there is room to send would hold up all: the answer is lost instead,
 * as it may be on its way, too. */
static void datagram_echo(evutil_socket_t fd, const struct datagram *d)
{
    if (d->cut)
        printf("server: a datagram is longer than %d bytes\n", ROOM);
    else if (sendto(fd, d->bytes, (size_t)d->n, 0, (const struct sockaddr *)&d->sender,
                    d->sender_length) < 0)
        printf("server: an answer is lost: %s\n", strerror(errno));
}

/* There is a datagram, perhaps more: takes them, but not so many that others wait for long. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct datagram d;
    int taken = 0;

    (void)what;
    (void)arg;
    while (taken < BUDGET) {
        datagram_receive(fd, &d);
        if (d.n < 0)
            break;
        taken++;
        datagram_echo(fd, &d);
    }
    if (taken < BUDGET && errno != EAGAIN && errno != EINTR)
        fprintf(stderr, "12_udp_echo: recvmsg: %s\n", strerror(errno)); /* and it goes on */
    printf("server: taken in one call: %d\n", taken);
}

/* Binds a socket to 127.0.0.1. Returns the port, or -1; program_close() frees in either case. */
static int server_open(struct program *program, int port)
{
    struct sockaddr_in address = loopback(port);
    socklen_t length = sizeof(address);

    program->fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (program->fd < 0 || evutil_make_socket_nonblocking(program->fd) != 0 ||
        bind(program->fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        getsockname(program->fd, (struct sockaddr *)&address, &length) != 0)
        return -1;
    program->readable =
        event_new(program->base, program->fd, EV_READ | EV_PERSIST, on_readable, NULL);
    if (program->readable == NULL || event_add(program->readable, NULL) != 0)
        return -1;
    return ntohs(address.sin_port);
}

/* ---- the clients ---- */

static void on_step(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;
    (void)what;
    if (program->steps == STEPS_N) { /* whatever has not come by now is not waited for */
        program_stop(program, false);
        return;
    }
    const struct step *step = &STEPS[program->steps++];
    const struct client *client = &program->clients[step->client];
    for (int k = 0; k < MOST_TEXTS && step->texts[k] != NULL; k++) {
        const size_t n = strlen(step->texts[k]);

        printf("%s: sends \"%s\"\n", client->name, step->texts[k]);
        if (send(client->fd, step->texts[k], n, 0) != (ssize_t)n)
            program_stop(program, true);
    }
    if (event_add(program->drive, &STEP) != 0)
        program_stop(program, true);
}

static void on_answer(evutil_socket_t fd, short what, void *arg)
{
    const struct client *client = arg;
    char bytes[ROOM];
    ssize_t n;

    (void)what;
    while ((n = recv(fd, bytes, sizeof(bytes), 0)) >= 0) /* the server alone sends here: no flood */
        printf("%s: gets \"%.*s\"\n", client->name, (int)n, bytes);
    if (errno != EAGAIN && errno != EINTR)
        program_stop(client->program, true);
}

/* To connect sends nothing: it notes the address that send() sends to and recv() takes from. */
static int client_open(struct client *client, struct program *program, const char *name, int port)
{
    struct sockaddr_in to = loopback(port);

    client->program = program;
    client->name = name;
    client->fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (client->fd < 0 || evutil_make_socket_nonblocking(client->fd) != 0 ||
        connect(client->fd, (struct sockaddr *)&to, sizeof(to)) != 0)
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
    int bound = server_open(program, port < 0 ? 0 : port);
    if (bound < 0)
        return -1;
    if (port >= 0) {
        printf("receiving on 127.0.0.1, port %d\n", bound);
        program->drive = evsignal_new(program->base, SIGINT, on_interrupt, program);
        return program->drive != NULL ? event_add(program->drive, NULL) : -1;
    }
    program->drive = evtimer_new(program->base, on_step, program);
    if (program->drive == NULL || client_open(&program->clients[0], program, "A", bound) != 0 ||
        client_open(&program->clients[1], program, "B", bound) != 0)
        return -1;
    return event_add(program->drive, &STEP);
}

/* Frees the event of a socket, then closes it; there may be neither. */
static void socket_close(struct event *readable, evutil_socket_t fd)
{
    if (readable != NULL)
        event_free(readable);
    if (fd >= 0)
        (void)evutil_closesocket(fd); /* nothing is lost if a close fails here */
}

/* Takes a half-opened program, too. */
static void program_close(struct program *program)
{
    for (int k = 0; k < CLIENTS; k++)
        socket_close(program->clients[k].readable, program->clients[k].fd);
    socket_close(program->readable, program->fd);
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
    struct program program = {.fd = -1, .clients = {{.fd = -1}, {.fd = -1}}};
    int port = read_arguments(argc, argv);
    int status = EXIT_FAILURE;

    if (port == -2) {
        fprintf(stderr, "usage: 12_udp_echo [--port N]\n");
        return EXIT_FAILURE;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0); /* who reads the port from a pipe waits for it */
    (void)signal(SIGPIPE, SIG_IGN);         /* of stdout; with datagrams there is none */
    if (program_open(&program, port) != 0) {
        fprintf(stderr, "12_udp_echo: set-up: %s\n", strerror(errno));
        goto cleanup;
    }
    if (event_base_dispatch(program.base) != 0 || program.failed) {
        fprintf(stderr, "12_udp_echo: event loop: it ended before its work did\n");
    } else if (fflush(stdout) != 0 || ferror(stdout)) { /* it remembers a write that failed */
        fprintf(stderr, "12_udp_echo: stdout: cannot write\n");
    } else {
        status = EXIT_SUCCESS;
    }

cleanup:
    program_close(&program);
    return status;
}
