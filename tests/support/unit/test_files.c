/* test_files.c: tests of fifo_peer.h, of faults of files, and of more ways for a worker to wait
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "alloc.h"
#include "faults.h"
#include "fifo_peer.h"
#include "suite.h"
#include "unit.h"
#include "vclock.h"
#include "vthreads.h"

#define MS INT64_C(1000000)

/* A thread that does one thing, notes when it was done, and wakes the loop. */
struct worker {
    void (*wait)(struct worker *w);
    pthread_t thread;
    sem_t sem;
    int fd;      /* what it waits for */
    int done_fd; /* an eventfd */
    int64_t done_at;
    int result, error;
};

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    uint64_t one = 1;

    w->wait(w);
    w->error = errno;
    w->done_at = vclock_now();
    (void)!write(w->done_fd, &one, sizeof one);
    return NULL;
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    event_base_loopexit(arg, NULL);
}

/* Runs the loop until the worker is done, and joins it. */
static void run_worker(struct worker *w, void (*wait)(struct worker *w))
{
    w->wait = wait;
    w->done_fd = eventfd(0, EFD_NONBLOCK);
    ck_assert_int_eq(pthread_create(&w->thread, NULL, worker_main, w), 0);
    ck_assert_int_eq(vthreads_left(), 1);
    struct event *done = event_new(test_base(), w->done_fd, EV_READ, on_done, test_base());
    event_add(done, NULL);
    run_loop();
    ck_assert_int_eq(pthread_join(w->thread, NULL), 0);
    ck_assert_int_eq(vthreads_left(), 0);
    event_free(done);
    close(w->done_fd);
}

static void do_poll(struct worker *w)
{
    struct pollfd p = {.fd = w->fd, .events = POLLIN};
    w->result = poll(&p, 1, -1);
}

static void do_poll_for_50_ms(struct worker *w)
{
    struct pollfd p = {.fd = w->fd, .events = POLLIN};
    w->result = poll(&p, 1, 50);
}

static void do_read(struct worker *w)
{
    char bytes[64];
    w->result = (int)read(w->fd, bytes, sizeof bytes);
}

static void do_sem_wait(struct worker *w)
{
    w->result = sem_wait(&w->sem);
}

static void on_write(evutil_socket_t fd, short what, void *arg)
{
    const uint64_t one = 1;
    (void)fd;
    (void)what;
    io_raw_write(*(int *)arg, &one, sizeof one);
}

static void on_post(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    sem_post(arg);
}

START_TEST(a_worker_that_polls_is_idle)
{
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    struct worker w = {.fd = fds[0]};
    event_base_once(test_base(), -1, EV_TIMEOUT, on_write, &fds[1], &(struct timeval){0, 100000});
    run_worker(&w, do_poll);
    ck_assert_int_eq(w.result, 1);
    ck_assert_int_eq(w.done_at, 100 * MS);
    char bytes[8];
    ck_assert_int_eq(read(fds[0], bytes, sizeof bytes), sizeof bytes);
    run_worker(&w, do_poll_for_50_ms);
    ck_assert_int_eq(w.result, 0);
    ck_assert_int_eq(w.done_at, 150 * MS);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

START_TEST(a_worker_that_reads_an_eventfd_is_idle)
{
    struct worker w = {.fd = eventfd(0, 0)};

    event_base_once(test_base(), -1, EV_TIMEOUT, on_write, &w.fd, &(struct timeval){0, 100000});
    run_worker(&w, do_read);
    ck_assert_int_eq(w.result, sizeof(uint64_t));
    ck_assert_int_eq(w.done_at, 100 * MS);
    close(w.fd);
}
END_TEST

START_TEST(a_worker_that_waits_for_a_semaphore_is_idle)
{
    struct worker w = {.fd = -1};

    sem_init(&w.sem, 0, 0);
    event_base_once(test_base(), -1, EV_TIMEOUT, on_post, &w.sem, &(struct timeval){0, 100000});
    run_worker(&w, do_sem_wait);
    ck_assert_int_eq(w.result, 0);
    ck_assert_int_eq(w.done_at, 100 * MS);
    sem_destroy(&w.sem);
}
END_TEST

/* ---- FIFOs ---- */

static char seen[256]; /* "100 hello;" for each read */

static void on_fifo(evutil_socket_t fd, short what, void *arg)
{
    char bytes[64], note[128];
    ssize_t n = read(fd, bytes, sizeof bytes);

    (void)what;
    snprintf(note, sizeof note, "%d %.*s;", now_ms(), n > 0 ? (int)n : 3, n > 0 ? bytes : "end");
    strncat(seen, note, sizeof seen - strlen(seen) - 1);
    if (n <= 0)
        event_del(*(struct event **)arg);
}

START_TEST(the_peer_of_a_fifo_writes_at_its_times)
{
    char path[64];
    struct event *reader;

    snprintf(path, sizeof path, "/tmp/unit-fifo-%d", (int)getpid());
    struct fifo_peer *p = fifo_peer_new(path);
    int fd = open(path, O_RDONLY | O_NONBLOCK);
    reader = event_new(test_base(), fd, EV_READ | EV_PERSIST, on_fifo, &reader);
    event_add(reader, NULL);
    fifo_peer_open(p, 50);
    fifo_peer_send(p, 100, "hel", 3);
    fifo_peer_send(p, 200, "lo", 2);
    fifo_peer_close(p, 300);
    run_loop();
    ck_assert_str_eq(seen, "100 hel;200 lo;300 end;");
    event_free(reader);
    close(fd);
    fifo_peer_free(p);
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

/* ---- files ---- */

static void do_write(struct worker *w)
{
    w->result = (int)pwrite(w->fd, "0123456789", 10, 0);
}

static void do_fsync(struct worker *w)
{
    w->result = fsync(w->fd);
}

static int temporary_file(void)
{
    char path[] = "/tmp/unit-file-XXXXXX";
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    unlink(path);
    return fd;
}

START_TEST(a_slow_disk)
{
    struct worker w = {.fd = temporary_file()};

    faults.file_ms = 30;
    run_worker(&w, do_write);
    ck_assert_int_eq(w.result, 10);
    ck_assert_int_eq(w.done_at, 30 * MS);
    run_worker(&w, do_fsync);
    ck_assert_int_eq(w.done_at, 60 * MS);
    close(w.fd);
}
END_TEST

START_TEST(a_full_disk)
{
    struct worker w = {.fd = temporary_file()};

    faults.enospc_after = 14;
    run_worker(&w, do_write);
    ck_assert_int_eq(w.result, 10);
    run_worker(&w, do_write);
    ck_assert_int_eq(w.result, 4);
    run_worker(&w, do_write);
    ck_assert_int_eq(w.result, -1);
    ck_assert_int_eq(w.error, ENOSPC);
    close(w.fd);
}
END_TEST

START_TEST(a_call_that_fails)
{
    struct worker w = {.fd = temporary_file()};

    faults.fail_call = "write";
    faults.fail_at = 2;
    faults.fail_errno = EIO;
    run_worker(&w, do_write);
    ck_assert_int_eq(w.result, 10);
    run_worker(&w, do_write);
    ck_assert_int_eq(w.result, -1);
    ck_assert_int_eq(w.error, EIO);
    run_worker(&w, do_write);
    ck_assert_int_eq(w.result, 10);
    faults_clear();
    faults.files = true;
    faults.eintr_every = 1;
    run_worker(&w, do_fsync);
    ck_assert_int_eq(w.error, EINTR);
    close(w.fd);
}
END_TEST

static int calls;

static void count_call(const char *call, const char *path)
{
    calls += strcmp(call, "pwrite") == 0 && path == NULL;
}

START_TEST(a_suite_sees_the_calls)
{
    struct worker w = {.fd = temporary_file()};

    faults.on_file_call = count_call;
    run_worker(&w, do_write);
    run_worker(&w, do_fsync);
    ck_assert_int_eq(calls, 1);
    close(w.fd);
}
END_TEST

START_TEST(the_most_memory_is_known)
{
    const size_t size = 1000000;

    alloc_watch();
    void *volatile block = malloc(size); /* volatile: or clang sees that nobody needs it */
    ck_assert_ptr_nonnull(block);
    alloc_watch_now();
    free(block);
    ck_assert_uint_ge(alloc_most(), size);
    alloc_watch();
    alloc_watch_now();
    ck_assert_uint_lt(alloc_most(), size);
}
END_TEST

Suite *files_suite(void)
{
    return UNIT_SUITE("files", a_worker_that_polls_is_idle, a_worker_that_reads_an_eventfd_is_idle,
                      a_worker_that_waits_for_a_semaphore_is_idle,
                      the_peer_of_a_fifo_writes_at_its_times, a_slow_disk, a_full_disk,
                      a_call_that_fails, a_suite_sees_the_calls, the_most_memory_is_known);
}
