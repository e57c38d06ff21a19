/* bad_file_in_callback.c: WRONG on purpose: a callback that reads a file itself
 *
 * asyncio twin: open(path).read() in a coroutine; asyncio does not notice it either.
 * Run: ./bad_file_in_callback (it makes a file in /tmp, and removes it)
 * Ends after 550 ms.
 * Notice: the descriptor is non-blocking, and pread() waits all the same. No tick comes while it
 * does. Right: let another thread read, as in 13_file_read_write.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const struct timespec DISK = {.tv_nsec = 240 * 1000 * 1000}; /* an operation takes so long */
static const struct timeval TICK = {.tv_usec = 100 * 1000};
static const struct timeval READ_AT = {.tv_usec = 150 * 1000};
static const struct timeval END_AT = {.tv_usec = 550 * 1000};

struct program {
    struct event_base *base; /* owned, as is all below */
    struct event *tick;      /* runs on_tick() each 100 ms */
    struct event *read;      /* runs on_read_time(), once */
    int fd;                  /* the file, or -1 */
    bool failed;
};

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    puts("tick");
}

/* What the kernel does where a disk is slow: O_NONBLOCK has no meaning for a regular file. */
static ssize_t disk_pread(int fd, void *bytes, size_t n, off_t at)
{
    (void)nanosleep(&DISK, NULL);
    return pread(fd, bytes, n, at);
}

static void on_read_time(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;
    char bytes[64];

    (void)fd;
    (void)what;
    puts("read: begin");
    ssize_t n = disk_pread(program->fd, bytes, sizeof(bytes), 0); /* WRONG: on the loop's thread */
    printf("read: got %zd bytes\n", n);
    program->failed = n < 0;
}

static int program_open(struct program *program)
{
    char path[] = "/tmp/diary-XXXXXX";

    program->base = event_base_new();
    program->fd = mkstemp(path);
    if (program->base == NULL || program->fd < 0 || unlink(path) != 0 ||
        fcntl(program->fd, F_SETFL, O_NONBLOCK) != 0 || write(program->fd, "Dear diary,", 11) != 11)
        return -1;
    program->tick = event_new(program->base, -1, EV_PERSIST, on_tick, NULL);
    program->read = evtimer_new(program->base, on_read_time, program);
    if (program->tick == NULL || program->read == NULL || event_add(program->tick, &TICK) != 0 ||
        event_add(program->read, &READ_AT) != 0)
        return -1;
    return event_base_loopexit(program->base, &END_AT);
}

/* Takes a half-opened program, too. */
static void program_close(struct program *program)
{
    if (program->tick != NULL)
        event_free(program->tick);
    if (program->read != NULL)
        event_free(program->read);
    if (program->fd >= 0)
        (void)close(program->fd);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(void)
{
    struct program program = {.fd = -1};
    int status = EXIT_FAILURE;

    if (program_open(&program) != 0)
        fprintf(stderr, "bad_file_in_callback: set-up: no memory, or no file in /tmp\n");
    else if (event_base_dispatch(program.base) != 0 || program.failed)
        fprintf(stderr, "bad_file_in_callback: event loop: it ended before its work did\n");
    else if (fflush(stdout) != 0 || ferror(stdout))
        fprintf(stderr, "bad_file_in_callback: stdout: cannot write\n");
    else
        status = EXIT_SUCCESS;
    program_close(&program);
    return status;
}
