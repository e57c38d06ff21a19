/* test_vclock.c: tests of vclock.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"
#include "vclock.h"

#define MS INT64_C(1000000)

static long long monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Real time, whatever the interposed functions say. */
static long long real_ms(void)
{
    struct timespec now;

    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void note_time(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    *(int64_t *)arg = vclock_now();
}

START_TEST(timers_fire_exactly)
{
    const int wait_ms[] = {5, 250, 999, 1800000, 1}; /* Check cannot count more than 71 minutes */
    int64_t fired[5] = {0};
    struct event_base *base = event_base_new();

    for (int i = 0; i < 5; i++) {
        struct timeval tv = {wait_ms[i] / 1000, wait_ms[i] % 1000 * 1000};
        event_base_once(base, -1, EV_TIMEOUT, note_time, &fired[i], &tv);
    }
    ck_assert_int_eq(event_base_dispatch(base), 1);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(fired[i], wait_ms[i] * MS);
    event_base_free(base);
}
END_TEST

START_TEST(precise_timers_fire_exactly)
{
    struct event_config *config = event_config_new();
    struct timeval tv = {7, 0};
    int64_t fired = 0;

    event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
    struct event_base *base = event_base_new_with_config(config);
    event_base_once(base, -1, EV_TIMEOUT, note_time, &fired, &tv);
    ck_assert_int_eq(event_base_dispatch(base), 1);
    ck_assert_int_eq(fired, 7000 * MS);
    event_base_free(base);
    event_config_free(config);
}
END_TEST

START_TEST(all_clocks_move_together)
{
    struct timespec mono[2], real[2];
    struct timeval tv[2];
    time_t t[2];

    for (int i = 0; i < 2; i++) {
        clock_gettime(CLOCK_MONOTONIC_COARSE, &mono[i]);
        clock_gettime(CLOCK_REALTIME, &real[i]);
        gettimeofday(&tv[i], NULL);
        t[i] = time(NULL);
        if (i == 0)
            sleep(5);
    }
    ck_assert_int_eq(mono[1].tv_sec - mono[0].tv_sec, 5);
    ck_assert_int_eq(real[1].tv_sec - real[0].tv_sec, 5);
    ck_assert_int_eq(tv[1].tv_sec - tv[0].tv_sec, 5);
    ck_assert_int_eq(t[1] - t[0], 5);
    ck_assert_int_eq(real[1].tv_sec, t[1]);
}
END_TEST

START_TEST(every_way_to_sleep_counts)
{
    struct timespec second = {1, 0}, until;
    struct timeval tv = {1, 0};

    sleep(1);
    usleep(1000000);
    nanosleep(&second, NULL);
    clock_nanosleep(CLOCK_MONOTONIC, 0, &second, NULL);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    select(0, NULL, NULL, NULL, &tv);
    poll(NULL, 0, 1000);
    ck_assert_int_eq(vclock_now(), 7000 * MS);
}
END_TEST

static int sleeps;

static void count_sleep(const char *call, int64_t ns)
{
    sleeps += ns == 2000 * MS && call[0] == 's';
}

START_TEST(a_sleep_is_reported)
{
    vclock_hooks.slept = count_sleep;
    sleep(2);
    ck_assert_int_eq(sleeps, 1);
}
END_TEST

START_TEST(off_is_real)
{
    vclock_stop();
    long long before = real_ms();
    long long difference = llabs(monotonic_ms() - before);
    vclock_start(); /* Check measures how long a test took: both ends on one clock */
    ck_assert_int_le(difference, 1000);
}
END_TEST

/* Smoke: the promise is 50 ms; the limit here only catches real sleeping. */
START_TEST(a_thousand_seconds_are_nothing)
{
    struct event_base *base = event_base_new();
    int64_t fired;
    long long start = real_ms();

    for (int i = 0; i < 1000; i++) {
        event_base_once(base, -1, EV_TIMEOUT, note_time, &fired, &(struct timeval){1, 0});
        event_base_dispatch(base);
    }
    ck_assert_int_eq(vclock_now(), 1000 * 1000 * MS);
    ck_assert_int_lt(real_ms() - start, 500000 / 1000);
    event_base_free(base);
}
END_TEST

static struct event_base *stuck_base;
static int deadlocks;

static void on_deadlock(void)
{
    deadlocks++;
    event_base_loopbreak(stuck_base);
    raise(SIGALRM); /* wakes the real wait that follows */
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

START_TEST(a_loop_that_would_sleep_for_ever_is_told)
{
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    stuck_base = event_base_new();
    struct event *never = event_new(stuck_base, fds[0], EV_READ, on_signal, NULL);
    struct event *alarm = evsignal_new(stuck_base, SIGALRM, on_signal, NULL);
    event_add(never, NULL);
    event_add(alarm, NULL);
    vclock_hooks.deadlock = on_deadlock;
    event_base_dispatch(stuck_base);
    ck_assert_int_eq(deadlocks, 1);
    event_free(never);
    event_free(alarm);
    event_base_free(stuck_base);
}
END_TEST

static struct event *again;
static long livelocks;

static void rearm(evutil_socket_t fd, short what, void *arg)
{
    static const struct timeval at_once;

    (void)fd;
    (void)what;
    (void)arg;
    if (livelocks == 0)
        event_add(again, &at_once);
}

static void on_livelock(long wakeups)
{
    livelocks = wakeups;
}

START_TEST(a_loop_that_time_cannot_leave_is_told)
{
    struct event_base *base = event_base_new();

    again = evtimer_new(base, rearm, NULL);
    vclock_livelock_limit(1000);
    vclock_hooks.livelock = on_livelock;
    rearm(-1, 0, NULL);
    event_base_dispatch(base);
    ck_assert_int_eq(livelocks, 1000);
    ck_assert_int_eq(vclock_now(), 0);
    event_free(again);
    event_base_free(base);
}
END_TEST

/* Three readable pairs; returns the order in which epoll_wait gives them, as one number. */
static int order_with(unsigned seed)
{
    int epfd = epoll_create1(0), order = 0, fds[3][2];
    struct epoll_event events[3];

    for (int i = 0; i < 3; i++) {
        struct epoll_event ev = {.events = EPOLLIN, .data.u32 = (unsigned)i + 1};
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds[i]), 0);
        ck_assert_int_eq(epoll_ctl(epfd, EPOLL_CTL_ADD, fds[i][0], &ev), 0);
        ck_assert_int_eq(write(fds[i][1], "x", 1), 1);
    }
    vclock_shuffle(seed);
    ck_assert_int_eq(epoll_wait(epfd, events, 3, -1), 3);
    for (int i = 0; i < 3; i++) {
        order = order * 10 + (int)events[i].data.u32;
        close(fds[i][0]);
        close(fds[i][1]);
    }
    close(epfd);
    return order;
}

START_TEST(seeds_permute_ready_events)
{
    int seen[322] = {0}, different = 0;

    ck_assert_int_eq(order_with(0), 123);
    for (unsigned seed = 1; seed <= 40; seed++) {
        int order = order_with(seed);
        ck_assert_int_eq(order, order_with(seed));
        different += !seen[order]++;
    }
    ck_assert_int_eq(different, 6);
}
END_TEST

START_TEST(another_process_is_waited_for)
{
    int fds[2];
    char byte = 0;
    struct epoll_event ev = {.events = EPOLLIN}, ready;
    int epfd = epoll_create1(0);

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    ck_assert_int_eq(epoll_ctl(epfd, EPOLL_CTL_ADD, fds[0], &ev), 0);
    pid_t pid = fork();
    if (pid == 0) { /* answers a byte, some real time later */
        vclock_stop();
        poll(NULL, 0, 20);
        _exit(write(fds[1], "y", 1) == 1 ? 0 : 1);
    }
    vclock_expect_outside(10000); /* it ends the wait long before */
    ck_assert_int_eq(epoll_wait(epfd, &ready, 1, 500), 1);
    ck_assert_int_eq(read(fds[0], &byte, 1), 1);
    ck_assert_int_eq(byte, 'y');
    ck_assert_int_eq(vclock_now(), 0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    vclock_expect_outside(1);
    ck_assert_int_eq(epoll_wait(epfd, &ready, 1, 500), 0);
    ck_assert_int_eq(vclock_now(), 500 * MS);
    close(fds[0]);
    close(fds[1]);
    close(epfd);
}
END_TEST

Suite *vclock_suite(void)
{
    return UNIT_SUITE(
        "vclock", timers_fire_exactly, precise_timers_fire_exactly, all_clocks_move_together,
        every_way_to_sleep_counts, a_sleep_is_reported, off_is_real, a_thousand_seconds_are_nothing,
        a_loop_that_would_sleep_for_ever_is_told, a_loop_that_time_cannot_leave_is_told,
        seeds_permute_ready_events, another_process_is_waited_for);
}
