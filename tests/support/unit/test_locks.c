/* test_locks.c: tests of locks.h: who holds which lock
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "locks.h"

#include <dlfcn.h>
#include <event2/event.h>
#include <event2/thread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"
#include "vclock.h"
#include "verdict.h"
#include "vthreads.h"
#include "where.h"

static char told[1024]; /* the verdict; "": none */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* In place of the supervisor; the thread that was caught ends. */
static void catch (const char *message)
{
    snprintf(told, sizeof told, "%s", message);
    pthread_exit(NULL);
}

/* What `thread` is told when it runs with `arg`; this program stands for the learner's module. */
static const char *told_to(void *(*thread)(void *), void *arg)
{
    pthread_t id;

    told[0] = '\0';
    where_set_module(dlopen(NULL, RTLD_NOW));
    verdict_redirect(catch);
    vthreads_hooks.waits = locks_check_wait;
    vthreads_hooks.waited = locks_note_waited;
    locks_clear();
    ck_assert_int_eq(pthread_create(&id, NULL, thread, arg), 0);
    ck_assert_int_eq(pthread_join(id, NULL), 0);
    return told;
}

static void *lock_and_unlock(void *arg)
{
    for (int i = 0; i < 3; i++) {
        pthread_mutex_lock(&lock);
        pthread_mutex_unlock(&lock);
    }
    return arg;
}

static void *unlock(void *arg)
{
    pthread_mutex_unlock(&lock);
    return arg;
}

static void *lock_twice(void *arg)
{
    pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER;

    pthread_mutex_lock(&own);
    pthread_mutex_lock(&own);
    return arg;
}

static void *lock_a_recursive_one(void *arg)
{
    pthread_mutex_t own = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

    pthread_mutex_lock(&own);
    pthread_mutex_lock(&own);
    pthread_mutex_unlock(&own);
    pthread_mutex_unlock(&own);
    return arg;
}

START_TEST(pairs_of_lock_and_unlock)
{
    ck_assert_str_eq(told_to(lock_and_unlock, NULL), "");
    ck_assert_str_eq(told_to(lock_a_recursive_one, NULL), "");
    ck_assert_ptr_nonnull(
        strstr(told_to(unlock, NULL), "pthread_mutex_unlock() was called @call{"));
    ck_assert_ptr_nonnull(strstr(told_to(lock_twice, NULL), "holds this lock already"));
}
END_TEST

static void *wait_with_the_lock(void *cond)
{
    struct timespec soon;

    clock_gettime(CLOCK_MONOTONIC, &soon);
    soon.tv_nsec += 1000000;
    pthread_mutex_lock(&lock);
    (void)pthread_cond_timedwait(cond, &lock, &soon);
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void *wait_without_it(void *cond)
{
    pthread_cond_wait(cond, &lock);
    return NULL;
}

START_TEST(a_wait_lets_go_and_takes_again)
{
    pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

    ck_assert_str_eq(told_to(wait_with_the_lock, &cond), "");
    ck_assert_ptr_nonnull(
        strstr(told_to(wait_without_it, &cond), "pthread_cond_wait() was called"));
}
END_TEST

/* Another thread holds the lock for a little real time, then lets go. */
static void *hold_a_little(void *held)
{
    pthread_mutex_lock(&lock);
    *(atomic_bool *)held = true;
    for (volatile int i = 0; i < 20000000; i++)
        continue;
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void *look_and_lock(void *arg)
{
    pthread_t holder;
    atomic_bool held = false;

    pthread_create(&holder, NULL, hold_a_little, &held);
    while (!held)
        continue;
    lock_and_unlock(NULL);
    pthread_join(holder, NULL);
    return arg;
}

START_TEST(a_lock_is_waited_for)
{
    ck_assert_str_eq(told_to(look_and_lock, NULL), "");
}
END_TEST

/* Sleeps with the lock held; who waits for it, on it or for a signal, is idle meanwhile. */
static void *signal_and_sleep(void *cond)
{
    pthread_mutex_lock(&lock);
    pthread_cond_signal(cond);
    usleep(100000);
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void *lock_and_look(void *ended_at)
{
    usleep(50000);
    pthread_mutex_lock(&lock);
    *(int64_t *)ended_at = vclock_now();
    pthread_mutex_unlock(&lock);
    return NULL;
}

struct sleeper {
    pthread_cond_t cond;
    int64_t ended_at;
};

static void *wait_for_signal(void *arg)
{
    struct sleeper *s = arg;

    pthread_mutex_lock(&lock);
    pthread_cond_wait(&s->cond, &lock);
    s->ended_at = vclock_now();
    pthread_mutex_unlock(&lock);
    return NULL;
}

START_TEST(who_waits_for_a_sleepers_lock_is_idle)
{
    const int64_t ms = 1000000;
    struct sleeper s = {.cond = PTHREAD_COND_INITIALIZER};
    int64_t ended_at = 0;
    pthread_t threads[3];
    struct event_base *base = event_base_new();

    where_set_module(dlopen(NULL, RTLD_NOW));
    locks_clear();
    ck_assert_int_eq(pthread_create(&threads[0], NULL, wait_for_signal, &s), 0);
    while (vthreads_busy())
        continue;
    ck_assert_int_eq(pthread_create(&threads[1], NULL, signal_and_sleep, &s.cond), 0);
    ck_assert_int_eq(pthread_create(&threads[2], NULL, lock_and_look, &ended_at), 0);
    event_base_loopexit(base, &(struct timeval){1, 0});
    event_base_dispatch(base);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_int_eq(s.ended_at, 100 * ms);
    ck_assert_int_eq(ended_at, 100 * ms);
    event_base_free(base);
}
END_TEST

static atomic_int was_held; /* when on_woken() ran: was the waker? */

static void on_woken(evutil_socket_t fd, short what, void *takes_lock)
{
    (void)fd;
    (void)what;
    if (takes_lock != NULL)
        pthread_mutex_lock(&lock);
    was_held = locks_waker_is_held();
    if (takes_lock != NULL)
        pthread_mutex_unlock(&lock);
}

static void *wake_under_the_lock(void *ev)
{
    pthread_mutex_lock(&lock);
    event_active(ev, EV_TIMEOUT, 0);
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void wake(void *takes_lock)
{
    pthread_t waker;

    where_set_module(dlopen(NULL, RTLD_NOW));
    ck_assert_int_eq(evthread_use_pthreads(), 0);
    struct event_base *base = event_base_new();
    struct event *ev = event_new(base, -1, 0, on_woken, takes_lock);
    locks_clear();
    locks_hold_wakers(500);
    event_base_loopexit(base, &(struct timeval){1, 0});
    ck_assert_int_eq(pthread_create(&waker, NULL, wake_under_the_lock, ev), 0);
    event_base_dispatch(base);
    pthread_join(waker, NULL);
    event_free(ev);
    event_base_free(base);
}

START_TEST(who_wakes_is_held_until_the_lock_is_wanted)
{
    static bool yes;

    wake(&yes);
    ck_assert_int_eq(was_held, false);
    wake(NULL);
    ck_assert_int_eq(was_held, true);
}
END_TEST

Suite *locks_suite(void)
{
    return UNIT_SUITE("locks", pairs_of_lock_and_unlock, a_wait_lets_go_and_takes_again,
                      a_lock_is_waited_for, who_waits_for_a_sleepers_lock_is_idle,
                      who_wakes_is_held_until_the_lock_is_wanted);
}
