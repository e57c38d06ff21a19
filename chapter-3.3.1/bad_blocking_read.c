/* bad_blocking_read.c: WRONG on purpose: a callback that does not return before it has its bytes
 *
 * asyncio twin, beside a task that prints "tick" each 100 ms:
 *     while True:
 *         try: data = sock.recv(64); break
 *         except BlockingIOError: time.sleep(0.020)
 * Run: ./bad_blocking_read
 * Ends with the first tick after the bytes have come.
 * Notice: that tick is the first of all. Those of 0.1, 0.2 and 0.3 s are missing, since the loop's
 * thread is in on_readable(). The sender has to be another thread: as a timer of the same loop it
 * would never be called, and the callback would wait for ever. On a blocking descriptor this
 * `while` is in the kernel, inside read(). Right: return at EAGAIN, see 03_nonblocking.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 64 };
static const struct timeval TICK = {.tv_usec = 100 * 1000};
static const struct timespec SEND_AFTER = {.tv_nsec = 350 * 1000 * 1000};
static const struct timespec PAUSE = {.tv_nsec = 20 * 1000 * 1000};

struct program {
    struct event_base *base;   /* owned */
    evutil_socket_t receiving; /* this end is read; owned */
    evutil_socket_t sending;   /* the other end: the sender writes to it; owned */
    struct event *readable;    /* runs on_readable() once, when the loop begins; owned */
    struct event *ticker;      /* runs on_tick() each 100 ms; owned */
    bool finished;             /* the read is over, */
    bool failed;               /* and brought nothing */
};

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;
    char bytes[ROOM];
    ssize_t n;

    (void)what;
    puts("read: begin");
    while ((n = read(fd, bytes, sizeof(bytes))) < 0 && errno == EAGAIN)
        (void)nanosleep(&PAUSE, NULL); /* WRONG: it does not return to the loop */
    printf("read: got %zd bytes\n", n);
    program->finished = true;
    program->failed = n <= 0;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    puts("tick");
    if (program->finished)
        (void)event_del(program->ticker); /* cannot fail: the event is a good one */
}

/* The sender, a thread of its own: it may sleep. If it cannot send, it closes: the reader ends. */
static void *send_late(void *arg)
{
    static const char HELLO[] = {'h', 'e', 'l', 'l', 'o'};
    struct program *program = arg;

    (void)nanosleep(&SEND_AFTER, NULL); /* cut short by a signal, it sends early: no harm */
    if (write(program->sending, HELLO, sizeof(HELLO)) != (ssize_t)sizeof(HELLO))
        (void)shutdown(program->sending, SHUT_RDWR);
    return NULL;
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
    program->ticker = event_new(program->base, -1, EV_PERSIST, on_tick, program);
    if (program->readable == NULL || program->ticker == NULL)
        return -1;
    event_active(program->readable, EV_READ, 0);
    return event_add(program->ticker, &TICK);
}

/* Takes a half-opened program, too. The events go before the descriptors that they watch. */
static void program_close(struct program *program)
{
    if (program->readable != NULL)
        event_free(program->readable);
    if (program->ticker != NULL)
        event_free(program->ticker);
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
    pthread_t sender;
    int status = EXIT_FAILURE;

    if (program_open(&program) != 0 || pthread_create(&sender, NULL, send_late, &program) != 0) {
        fprintf(stderr, "bad_blocking_read: set-up: no memory, or no descriptor left\n");
        goto cleanup;
    }
    if (event_base_dispatch(program.base) == 1 && !program.failed)
        status = EXIT_SUCCESS;
    else
        fprintf(stderr, "bad_blocking_read: event loop: it ended before its work did\n");
    (void)pthread_join(sender, NULL); /* cannot fail; it has sent by now */
    /* stdout remembers a write that failed: one look here serves every line above. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "bad_blocking_read: stdout: cannot write\n");
        status = EXIT_FAILURE;
    }

cleanup:
    program_close(&program);
    return status;
}
