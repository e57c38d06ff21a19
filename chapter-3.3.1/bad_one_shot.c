/* bad_one_shot.c: WRONG on purpose: an event without EV_PERSIST is called once
 *
 * asyncio twin: none. loop.add_reader() stays until loop.remove_reader(); its libevent twin is
 * EV_READ | EV_PERSIST.
 * Run: ./bad_one_shot
 * Ends when the writer has sent three messages.
 * Notice: the reader should get three. After the first call it is no longer pending, so the loop
 * does not even ask the kernel about its descriptor. Nothing fails: the bytes wait in the socket.
 * With one message the program is right, so a short test does not find the mistake.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MESSAGES = 3 };
static const struct timeval PAUSE = {.tv_usec = 100 * 1000};

struct program {
    evutil_socket_t ends[2]; /* of a socket pair: [0] is read, [1] is written; owned */
    struct event *writer;    /* sends one message a call; persistent; owned */
    struct event *reader;    /* owned */
    int sent;                /* messages so far */
    bool failed;             /* a read or a write went wrong */
};

static void on_pause_over(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    if (write(program->ends[1], "m", 1) != 1)
        program->failed = true;
    program->sent++;
    printf("writer: sent %d\n", program->sent);
    if (program->sent == MESSAGES)
        (void)event_del(program->writer); /* cannot fail: the event is a good one */
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;
    char message;

    (void)what; /* without a timeout this can only be EV_READ */
    if (read(fd, &message, 1) != 1)
        program->failed = true;
    puts("reader: got one");
}

static int program_open(struct program *p, struct event_base *base)
{
    if (evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, p->ends) != 0 ||
        evutil_make_socket_nonblocking(p->ends[0]) != 0)
        return -1;
    p->writer = event_new(base, -1, EV_PERSIST, on_pause_over, p);
    p->reader = event_new(base, p->ends[0], EV_READ, on_readable, p); /* WRONG: no EV_PERSIST */
    if (p->writer == NULL || p->reader == NULL || event_add(p->writer, &PAUSE) != 0)
        return -1;
    return event_add(p->reader, NULL);
}

static void program_close(struct program *p)
{
    if (p->reader != NULL)
        event_free(p->reader);
    if (p->writer != NULL)
        event_free(p->writer);
    for (int k = 0; k < 2; k++) {
        if (p->ends[k] >= 0)
            (void)evutil_closesocket(p->ends[k]); /* what is unread is lost: that is the mistake */
    }
}

int main(void)
{
    struct program program = {.ends = {-1, -1}};
    int status = EXIT_FAILURE;
    struct event_base *base = event_base_new();

    if (base == NULL || program_open(&program, base) != 0) {
        fprintf(stderr, "bad_one_shot: set-up: no memory, or no descriptors\n");
        goto cleanup;
    }
    if (event_base_dispatch(base) != 1 || program.failed) {
        fprintf(stderr, "bad_one_shot: event loop: it ended before its work did\n");
        goto cleanup;
    }
    /* stdout remembers a write that failed: one look here serves every line above. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "bad_one_shot: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    if (base != NULL)
        event_base_free(base);
    return status;
}
