/* test_vthreads.c: tests of vthreads.h: worker threads on virtual time
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <event2/event.h>
#include <event2/thread.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"
#include "vclock.h"
#include "vwait.h"

#define MS INT64_C(1000000)

/* A worker that waits for a job, works on it for virtual time, and tells the loop. */
struct worker {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool job, stop;
    int work_ms;
    int done_fd; /* eventfd: readable when a job is done */
};

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    uint64_t one = 1;

    pthread_mutex_lock(&w->lock);
    while (!w->stop) {
        if (!w->job) {
            pthread_cond_wait(&w->wake, &w->lock);
            continue;
        }
        w->job = false;
        pthread_mutex_unlock(&w->lock);
        for (volatile int i = 0; i < 200000; i++) /* some real work: time must not jump over it */
            continue;
        usleep((unsigned)w->work_ms * 1000);
        (void)!write(w->done_fd, &one, sizeof one);
        pthread_mutex_lock(&w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

static void worker_start(struct worker *w, int work_ms)
{
    *w = (struct worker){.work_ms = work_ms, .done_fd = eventfd(0, EFD_NONBLOCK)};
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    ck_assert_int_eq(pthread_create(&w->thread, NULL, worker_main, w), 0);
}

static void worker_signal(struct worker *w, bool job)
{
    pthread_mutex_lock(&w->lock);
    w->job = job;
    w->stop = !job;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

static void worker_stop(struct worker *w)
{
    worker_signal(w, false);
    ck_assert_int_eq(pthread_join(w->thread, NULL), 0);
    close(w->done_fd);
}

static void give_job(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    worker_signal(arg, true);
}

static int64_t done_at[4];
static int n_done;

static void on_done(evutil_socket_t fd, short what, void *arg)
{
    uint64_t count;

    (void)what;
    (void)arg;
    ck_assert_int_eq(read(fd, &count, sizeof count), sizeof count);
    done_at[n_done++] = vclock_now();
}

START_TEST(time_waits_for_a_busy_worker)
{
    struct event_base *base = event_base_new();
    struct worker w;

    worker_start(&w, 300);
    for (int i = 0; i < 3; i++) /* jobs at 0, 1000, 2000 */
        event_base_once(base, -1, EV_TIMEOUT, give_job, &w, &(struct timeval){i, 0});
    struct event *done = event_new(base, w.done_fd, EV_READ | EV_PERSIST, on_done, NULL);
    event_add(done, NULL);
    event_base_loopexit(base, &(struct timeval){10, 0});
    event_base_dispatch(base);
    ck_assert_int_eq(n_done, 3);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(done_at[i], (i * 1000 + 300) * MS);
    event_free(done);
    worker_stop(&w);
    event_base_free(base);
}
END_TEST

START_TEST(two_workers_sleep_side_by_side)
{
    struct event_base *base = event_base_new();
    struct worker a, b;

    worker_start(&a, 700);
    worker_start(&b, 400);
    worker_signal(&a, true);
    worker_signal(&b, true);
    struct event *done_a = event_new(base, a.done_fd, EV_READ | EV_PERSIST, on_done, NULL);
    struct event *done_b = event_new(base, b.done_fd, EV_READ | EV_PERSIST, on_done, NULL);
    event_add(done_a, NULL);
    event_add(done_b, NULL);
    event_base_loopexit(base, &(struct timeval){2, 0});
    event_base_dispatch(base);
    ck_assert_int_eq(n_done, 2);
    ck_assert_int_eq(done_at[0], 400 * MS);
    ck_assert_int_eq(done_at[1], 700 * MS);
    event_free(done_a);
    event_free(done_b);
    worker_stop(&a);
    worker_stop(&b);
    event_base_free(base);
}
END_TEST

static void *sleep_and_write(void *arg)
{
    usleep(500000);
    return write(*(int *)arg, "x", 1) == 1 ? arg : NULL;
}

static void *read_a_byte(void *arg)
{
    char byte;

    return read(*(int *)arg, &byte, 1) == 1 ? arg : NULL;
}

START_TEST(a_worker_that_reads_a_pipe_is_idle)
{
    int fds[2];
    pthread_t reader, writer;
    void *result;
    struct event_base *base = event_base_new();

    ck_assert_int_eq(pipe(fds), 0);
    pthread_create(&reader, NULL, read_a_byte, &fds[0]);
    pthread_create(&writer, NULL, sleep_and_write, &fds[1]);
    event_base_loopexit(base, &(struct timeval){2, 0});
    event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY);
    ck_assert_int_eq(vclock_now(), 2000 * MS);
    pthread_join(writer, &result);
    ck_assert_ptr_nonnull(result);
    pthread_join(reader, &result);
    ck_assert_ptr_nonnull(result);
    close(fds[0]);
    close(fds[1]);
    event_base_free(base);
}
END_TEST

START_TEST(join_lets_sleepers_sleep)
{
    int fds[2];
    pthread_t writer;

    ck_assert_int_eq(pipe(fds), 0);
    pthread_create(&writer, NULL, sleep_and_write, &fds[1]);
    ck_assert_int_eq(pthread_join(writer, NULL), 0);
    ck_assert_int_eq(vclock_now(), 500 * MS);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

static struct timespec in_seconds(int seconds)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += seconds;
    return until;
}

START_TEST(a_timed_wait_ends_on_virtual_time)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t never = PTHREAD_COND_INITIALIZER;
    struct timespec until = in_seconds(3);
    int result = 0;

    pthread_mutex_lock(&lock);
    while (result == 0)
        result = pthread_cond_timedwait(&never, &lock, &until);
    pthread_mutex_unlock(&lock);
    ck_assert_int_eq(result, ETIMEDOUT);
    ck_assert_int_eq(vclock_now(), 3000 * MS);
}
END_TEST

/* Two workers of one lock: the second wakes the first, and then waits itself, up to a second. */
struct pair {
    pthread_mutex_t lock;
    pthread_cond_t first, never;
    bool woken;
    int64_t first_at; /* when the first one went on */
};

static void *first_main(void *arg)
{
    struct pair *pair = arg;

    pthread_mutex_lock(&pair->lock);
    while (!pair->woken)
        pthread_cond_wait(&pair->first, &pair->lock);
    pair->first_at = vclock_now();
    pthread_mutex_unlock(&pair->lock);
    return NULL;
}

static void *second_main(void *arg)
{
    struct pair *pair = arg;
    struct timespec until = in_seconds(1);
    int result = 0;

    pthread_mutex_lock(&pair->lock);
    pair->woken = true;
    pthread_cond_signal(&pair->first);
    while (result == 0) /* who waits holds the lock until the first one may have it */
        result = pthread_cond_timedwait(&pair->never, &pair->lock, &until);
    pthread_mutex_unlock(&pair->lock);
    return NULL;
}

START_TEST(who_was_woken_goes_on_before_time_does)
{
    struct pair pair = {.lock = PTHREAD_MUTEX_INITIALIZER,
                        .first = PTHREAD_COND_INITIALIZER,
                        .never = PTHREAD_COND_INITIALIZER};
    struct timespec until = in_seconds(3);
    pthread_t first, second;
    int result = 0;

    pthread_create(&first, NULL, first_main, &pair);
    vwait_settle();
    pthread_create(&second, NULL, second_main, &pair);
    pthread_mutex_lock(&pair.lock); /* the loop's thread waits, too: the others turn the clock */
    while (result == 0)
        result = pthread_cond_timedwait(&pair.never, &pair.lock, &until);
    pthread_mutex_unlock(&pair.lock);
    pthread_join(first, NULL);
    pthread_join(second, NULL);
    ck_assert_int_eq(pair.first_at, 0);
    ck_assert_int_eq(vclock_now(), 3000 * MS);
}
END_TEST

/* A worker that poll()s one descriptor, with a time limit. */
struct poller {
    int fd, timeout_ms, result;
    int64_t back_at;
};

static void *poller_main(void *arg)
{
    struct poller *p = arg;
    struct pollfd fds[2] = {{.fd = -1}, {.fd = p->fd, .events = POLLIN}};

    p->result = poll(fds, 2, p->timeout_ms);
    p->back_at = vclock_now();
    return NULL;
}

static void write_to(evutil_socket_t fd, short what, void *arg)
{
    const uint64_t one = 1;

    (void)fd;
    (void)what;
    ck_assert_int_eq(write(*(int *)arg, &one, sizeof one), sizeof one);
}

START_TEST(time_passes_while_a_worker_polls)
{
    struct event_base *base = event_base_new();
    struct poller limited = {.fd = eventfd(0, 0), .timeout_ms = 300, .result = -1};
    struct poller endless = {.fd = eventfd(0, 0), .timeout_ms = -1, .result = -1};
    pthread_t threads[2];

    ck_assert_int_eq(pthread_create(&threads[0], NULL, poller_main, &limited), 0);
    ck_assert_int_eq(pthread_create(&threads[1], NULL, poller_main, &endless), 0);
    event_base_once(base, -1, EV_TIMEOUT, write_to, &endless.fd, &(struct timeval){0, 700000});
    event_base_loopexit(base, &(struct timeval){1, 0});
    event_base_dispatch(base);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_int_eq(limited.result, 0);
    ck_assert_int_eq(limited.back_at, 300 * MS);
    ck_assert_int_eq(endless.result, 1);
    ck_assert_int_eq(endless.back_at, 700 * MS);
    close(limited.fd);
    close(endless.fd);
    event_base_free(base);
}
END_TEST

static void *write_later(void *fd)
{
    const uint64_t one = 1;

    usleep(400000);
    (void)!write(*(int *)fd, &one, sizeof one);
    return NULL;
}

static int stood_still; /* how often that was told */

static void on_stand_still(int fd)
{
    (void)fd;
    stood_still++;
}

START_TEST(the_loop_thread_polls_for_a_worker)
{
    struct pollfd p = {.fd = eventfd(0, 0), .events = POLLIN};
    pthread_t thread;

    vclock_hooks.stands_still = on_stand_still;
    ck_assert_int_eq(poll(&p, 1, 100), 0);
    ck_assert_int_eq(vclock_now(), 100 * MS);
    ck_assert_int_eq(pthread_create(&thread, NULL, write_later, &p.fd), 0);
    ck_assert_int_eq(poll(&p, 1, -1), 1);
    ck_assert_int_eq(vclock_now(), 500 * MS);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(stood_still, 0);
    close(p.fd);
}
END_TEST

Suite *vthreads_suite(void)
{
    return UNIT_SUITE("vthreads", time_waits_for_a_busy_worker, two_workers_sleep_side_by_side,
                      a_worker_that_reads_a_pipe_is_idle, join_lets_sleepers_sleep,
                      a_timed_wait_ends_on_virtual_time, who_was_woken_goes_on_before_time_does,
                      time_passes_while_a_worker_polls, the_loop_thread_polls_for_a_worker);
}
