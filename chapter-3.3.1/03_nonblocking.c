/* 03_nonblocking.c: a read that finds nothing returns at once, and the loop goes on
 *
 * asyncio twin, beside a task that prints "tick" each 100 ms:
 *     sock.setblocking(False)
 *     try: sock.recv(64)
 *     except BlockingIOError: print("read: EAGAIN")
 *     data = await loop.sock_recv(sock, 64); print(f"read: got {len(data)} bytes")
 * Run: ./03_nonblocking
 * Ends at the fourth tick, which removes the ticker: no event is left then.
 * Notice: at 0 s there is nothing to read, and at 0.1 s there is a tick all the same. The reader
 * does not wait for its bytes: it asks to be called when there are some, and returns.
 * A real program would read on after the first bytes, with an event that stays (EV_PERSIST).
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TICKS = 4, ROOM = 64 };
static const struct timeval TICK = {.tv_usec = 100 * 1000};
static const struct timeval SEND_AFTER = {.tv_usec = 350 * 1000};

struct program {
    struct event_base *base;   /* owned */
    evutil_socket_t receiving; /* this end is read, without waiting; owned */
    evutil_socket_t sending;   /* the other end, the peer's; owned */
    struct event *readable;    /* runs on_readable() when there is something to read; owned */
    struct event *send;        /* runs on_send(); owned */
    struct event *ticker;      /* runs on_tick() each 100 ms; owned */
    int ticks;                 /* so far */
    bool failed;
};

/* Notes that something went wrong, and stops the loop: `main` reports it. */
static void program_fail(struct program *program)
{
    program->failed = true;
    (void)event_base_loopexit(program->base, NULL); /* if even that fails, `failed` still tells */
}

/* Tries to read. Called first when the loop begins, then when there is something to read. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;
    char bytes[ROOM];
    ssize_t n = read(fd, bytes, sizeof(bytes));

    (void)what; /* the outcome of the read tells more */
    if (n > 0) {
        printf("read: got %zd bytes\n", n);
    } else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        puts(errno == EAGAIN ? "read: EAGAIN" : "read: EINTR");
        if (event_add(program->readable, NULL) != 0) /* does not wait: it asks for a call */
            program_fail(program);
    } else { /* 0: the other end is closed; or an error */
        program_fail(program);
    }
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    puts("tick");
    if (++program->ticks == TICKS)
        (void)event_del(program->ticker); /* cannot fail: the event is a good one */
}

/* The peer: it sends its bytes late. */
static void on_send(evutil_socket_t fd, short what, void *arg)
{
    static const char HELLO[] = {'h', 'e', 'l', 'l', 'o'};
    struct program *program = arg;

    (void)fd;
    (void)what;
    if (write(program->sending, HELLO, sizeof(HELLO)) != (ssize_t)sizeof(HELLO))
        program_fail(program);
}

static int program_open(struct program *program)
{
    evutil_socket_t ends[2];

    program->base = event_base_new();
    if (program->base == NULL || evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return -1;
    program->receiving = ends[0];
    program->sending = ends[1];
    if (evutil_make_socket_nonblocking(program->receiving) != 0)
        return -1;
    program->readable = event_new(program->base, ends[0], EV_READ, on_readable, program);
    program->send = evtimer_new(program->base, on_send, program);
    program->ticker = event_new(program->base, -1, EV_PERSIST, on_tick, program);
    if (program->readable == NULL || program->send == NULL || program->ticker == NULL)
        return -1;
    if (event_add(program->send, &SEND_AFTER) != 0 || event_add(program->ticker, &TICK) != 0)
        return -1;
    event_active(program->readable, EV_READ, 0); /* the first try comes before any waiting */
    return 0;
}

/* Takes a half-opened program, too. The events go before the descriptors that they watch. */
static void program_close(struct program *program)
{
    struct event *events[] = {program->readable, program->send, program->ticker};

    for (int k = 0; k < 3; k++) {
        if (events[k] != NULL)
            event_free(events[k]);
    }
    if (program->receiving >= 0)
        (void)evutil_closesocket(program->receiving); /* nothing is lost if a close fails here */
    if (program->sending >= 0)
        (void)evutil_closesocket(program->sending);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(void)
{
    struct program program = {.receiving = -1, .sending = -1};
    int status = EXIT_FAILURE;

    if (program_open(&program) != 0) {
        fprintf(stderr, "03_nonblocking: set-up: no memory, or no descriptor left\n");
        goto cleanup;
    }
    if (event_base_dispatch(program.base) != 1 || program.failed) {
        fprintf(stderr, "03_nonblocking: event loop: it ended before its work did\n");
        goto cleanup;
    }
    /* stdout remembers a write that failed: one look here serves every line above. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "03_nonblocking: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    return status;
}
