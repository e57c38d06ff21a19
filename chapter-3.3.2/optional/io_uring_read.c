/* io_uring_read.c: the kernel reads a file, and an eventfd tells the loop
 *
 * asyncio twin: none; it has no io_uring.
 * Run: ./io_uring_read (it makes a file in /tmp, and removes it). It is built where liburing is
 * installed. Kernels and containers may refuse io_uring: then it says so.
 * Ends when all parts of the file have been read.
 * Notice: there is no worker thread of ours. The kernel takes requests from one ring, and puts
 * completions into another. It counts the eventfd up, which is an ordinary descriptor for the loop.
 * The count is a hint: one call may find several completions, or none. So the ring is emptied at
 * each call. The parts may be read in any order.
 * A real program would ask again for what a short read has left, and fall back to a worker where
 * the kernel refuses.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <event2/event.h>
#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const char TEXT[] = "Dear diary,";
enum { PARTS = 3, PART = 4 }; /* bytes */

struct part {
    char bytes[PART]; /* the kernel's, until the completion has come */
    int n;            /* how many were read, or a negative errno */
};

struct program {
    struct event_base *base; /* owned, as is all below */
    struct io_uring ring;
    bool has_ring;
    int wake;               /* the eventfd, or -1 */
    struct event *readable; /* runs on_completions() */
    int fd;                 /* the file, or -1 */
    struct part parts[PARTS];
    int left; /* parts that have not come */
};

/* The kernel has finished something: takes all that there is. */
static void on_completions(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;
    struct io_uring_cqe *cqe;
    uint64_t count;

    (void)what;
    (void)!read(fd, &count, sizeof(count)); /* back to 0; the count itself is of no use */
    while (io_uring_peek_cqe(&program->ring, &cqe) == 0) {
        struct part *part = io_uring_cqe_get_data(cqe);

        part->n = cqe->res;
        io_uring_cqe_seen(&program->ring, cqe); /* from here on the kernel may reuse `cqe` */
        program->left--;
    }
    if (program->left == 0)
        (void)event_del(program->readable); /* the last event: the loop ends */
}

/* Asks for all parts with one system call. */
static int submit_reads(struct program *program)
{
    for (int k = 0; k < PARTS; k++) {
        struct io_uring_sqe *sqe = io_uring_get_sqe(&program->ring);

        if (sqe == NULL)
            return -1;
        io_uring_prep_read(sqe, program->fd, program->parts[k].bytes, PART, (uint64_t)k * PART);
        io_uring_sqe_set_data(sqe, &program->parts[k]);
    }
    program->left = PARTS;
    return io_uring_submit(&program->ring) == PARTS ? 0 : -1;
}

static int ring_open(struct program *program)
{
    int error = -io_uring_queue_init(PARTS, &program->ring, 0);

    if (error != 0) {
        fprintf(stderr, "io_uring_read: io_uring: %s\n", strerror(error));
        return -1;
    }
    program->has_ring = true;
    program->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (program->wake < 0 || io_uring_register_eventfd(&program->ring, program->wake) != 0)
        return -1;
    program->readable =
        event_new(program->base, program->wake, EV_READ | EV_PERSIST, on_completions, program);
    return program->readable != NULL ? event_add(program->readable, NULL) : -1;
}

static int program_open(struct program *program)
{
    const ssize_t n = sizeof(TEXT) - 1;
    char path[] = "/tmp/diary-XXXXXX";

    program->base = event_base_new();
    program->fd = mkstemp(path);
    if (program->base == NULL || program->fd < 0 || unlink(path) != 0 ||
        write(program->fd, TEXT, (size_t)n) != n || ring_open(program) != 0)
        return -1;
    return submit_reads(program);
}

/* Takes a half-opened program, too. The ring goes first: the kernel writes into `parts`. */
static void program_close(struct program *program)
{
    if (program->has_ring)
        io_uring_queue_exit(&program->ring);
    if (program->readable != NULL)
        event_free(program->readable);
    if (program->wake >= 0)
        (void)close(program->wake);
    if (program->fd >= 0)
        (void)close(program->fd);
    if (program->base != NULL)
        event_base_free(program->base);
}

/* False if a part could not be read. */
static bool print_parts(const struct program *program)
{
    bool read = true;

    for (int k = 0; k < PARTS; k++) {
        const struct part *part = &program->parts[k];

        if (part->n < 0)
            printf("at %d: %s\n", k * PART, strerror(-part->n));
        else
            printf("at %d: %d bytes: %.*s\n", k * PART, part->n, part->n, part->bytes);
        read = read && part->n >= 0;
    }
    return read;
}

int main(void)
{
    struct program program = {.fd = -1, .wake = -1};
    int status = EXIT_FAILURE;

    if (program_open(&program) != 0)
        fprintf(stderr, "io_uring_read: set-up: it has failed\n");
    else if (event_base_dispatch(program.base) != 1) /* 1: no event is left */
        fprintf(stderr, "io_uring_read: event loop: it ended before its work did\n");
    else if (!print_parts(&program))
        fprintf(stderr, "io_uring_read: a part could not be read\n");
    else if (fflush(stdout) != 0 || ferror(stdout))
        fprintf(stderr, "io_uring_read: stdout: cannot write\n");
    else
        status = EXIT_SUCCESS;
    program_close(&program);
    return status;
}
