/* vthreads.c: worker threads on virtual time, see vthreads.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "vthreads.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "real.h"
#include "vclock.h"

/* A thread that waits: on a condition variable, for virtual time, or for data. */
struct waiter {
    struct waiter *next;
    pthread_cond_t *cond;                /* what it waits on; NULL: a read */
    struct pollfd fds[VTHREADS_MAX_FDS]; /* of a read, or of poll() */
    int n_fds;
    int64_t deadline; /* virtual, or VCLOCK_NEVER */
    bool worker;      /* not the loop thread */
    pthread_t thread; /* which one */
    bool woken;       /* counts as busy again */
};

static struct {
    pthread_mutex_t lock; /* guards all below; taken last, never held while waiting */
    int busy;             /* workers that run */
    atomic_int left;      /* threads that were started and not joined */
    bool loop_waits;      /* the loop thread is on a condition variable: nobody turns the clock */
    struct waiter *waiters;
} threads = {.lock = PTHREAD_MUTEX_INITIALIZER};

REAL_FUNCTION(int, pthread_create,
              (pthread_t *, const pthread_attr_t *, void *(*)(void *), void *));
REAL_FUNCTION(int, pthread_join, (pthread_t, void **));
REAL_FUNCTION(int, pthread_cond_wait, (pthread_cond_t *, pthread_mutex_t *));
REAL_FUNCTION(int, pthread_cond_timedwait,
              (pthread_cond_t *, pthread_mutex_t *, const struct timespec *));
REAL_FUNCTION(int, pthread_cond_signal, (pthread_cond_t *));
REAL_FUNCTION(int, pthread_cond_broadcast, (pthread_cond_t *));
REAL_FUNCTION(int, clock_gettime, (clockid_t, struct timespec *));
REAL_FUNCTION(int, poll, (struct pollfd *, nfds_t, int));

/* --- the list of waiters; callers hold the lock --- */

static void waiter_add(struct waiter *w)
{
    struct waiter **end = &threads.waiters;

    while (*end)
        end = &(*end)->next;
    w->worker = !vclock_on_loop_thread();
    w->thread = pthread_self();
    *end = w;
    if (w->worker)
        threads.busy--;
}

static void waiter_wake(struct waiter *w)
{
    w->woken = true;
    if (w->worker)
        threads.busy++;
}

static void waiter_remove(struct waiter *w)
{
    struct waiter **at = &threads.waiters;

    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    if (!w->woken) { /* it woke without a signal: it takes one that was meant for another */
        for (struct waiter *o = threads.waiters; w->cond && o; o = o->next) {
            if (o->cond == w->cond && o->woken && o->worker == w->worker) {
                o->woken = false;
                return;
            }
        }
        waiter_wake(w);
    }
}

/* --- asked by the clock --- */

static bool has_data(const struct waiter *w)
{
    struct pollfd fds[VTHREADS_MAX_FDS];

    memcpy(fds, w->fds, sizeof fds);
    return REAL(poll)(fds, (nfds_t)w->n_fds, 0) > 0;
}

bool vthreads_busy(void)
{
    bool posted = vthreads_semaphore_posted(); /* first: whoever has taken a post is busy by now */

    pthread_mutex_lock(&threads.lock);
    bool busy = threads.busy > 0;
    for (struct waiter *w = threads.waiters; w && !busy; w = w->next)
        busy = w->worker && !w->woken && !w->cond && has_data(w);
    pthread_mutex_unlock(&threads.lock);
    return busy || posted;
}

int64_t vthreads_next_deadline(void)
{
    int64_t next = VCLOCK_NEVER;

    pthread_mutex_lock(&threads.lock);
    for (struct waiter *w = threads.waiters; w; w = w->next)
        if (!w->woken && w->deadline < next)
            next = w->deadline;
    pthread_mutex_unlock(&threads.lock);
    return next;
}

void vthreads_wake_due(int64_t now)
{
    pthread_mutex_lock(&threads.lock);
    for (struct waiter *w = threads.waiters; w; w = w->next) {
        if (w->woken || w->deadline > now)
            continue;
        waiter_wake(w);
        if (w->cond)
            REAL(pthread_cond_broadcast)(w->cond);
    }
    pthread_mutex_unlock(&threads.lock);
}

/* --- waiting --- */

static bool is_woken(const struct waiter *w)
{
    pthread_mutex_lock(&threads.lock);
    bool woken = w->woken;
    pthread_mutex_unlock(&threads.lock);
    return woken;
}

/* Called when a thread has begun to wait. If that was the last one, and the loop thread itself
 * waits, nobody else is there to move time on. */
static void turn_clock(void)
{
    pthread_mutex_lock(&threads.lock);
    bool stuck = threads.loop_waits && threads.busy == 0;
    pthread_mutex_unlock(&threads.lock);
    if (!stuck || vthreads_busy())
        return;
    int64_t next = vthreads_next_deadline();
    if (next != VCLOCK_NEVER)
        vclock_advance_to(next);
    else if (vclock_on_loop_thread() && vclock_hooks.deadlock)
        vclock_hooks.deadlock();
}

/* A jump of the clock wakes waiters without holding their mutex, so a wake-up can come just
 * before the wait: therefore the wait is cut in slices of real time. */
static int wait_a_little(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
    const long slice_ns = 5000000;
    struct timespec until;

    REAL(clock_gettime)(CLOCK_MONOTONIC, &until);
    until.tv_nsec += slice_ns;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    return pthread_cond_clockwait(cond, mutex, CLOCK_MONOTONIC, &until);
}

/* Waits on `cond` until signalled or until the deadline has come, whichever is first. */
static int wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t deadline)
{
    struct waiter self = {.cond = cond, .deadline = deadline};
    int result = 0;

    pthread_mutex_lock(&threads.lock);
    waiter_add(&self);
    threads.loop_waits = threads.loop_waits || !self.worker;
    pthread_mutex_unlock(&threads.lock);
    turn_clock();
    while (!is_woken(&self) && (result = wait_a_little(cond, mutex)) == ETIMEDOUT)
        continue;
    pthread_mutex_lock(&threads.lock);
    threads.loop_waits = threads.loop_waits && self.worker;
    waiter_remove(&self);
    pthread_mutex_unlock(&threads.lock);
    if ((result == 0 || result == ETIMEDOUT) && vclock_now() < deadline)
        return 0;
    return result == 0 ? ETIMEDOUT : result;
}

void vthreads_sleep_until(int64_t deadline)
{
    pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

    pthread_mutex_lock(&mutex);
    while (vclock_now() < deadline)
        (void)wait_until(&cond, &mutex, deadline); /* the loop's condition is the result */
    pthread_mutex_unlock(&mutex);
}

void vthreads_loop_sleep_until(int64_t deadline)
{
    while (vclock_now() < deadline) {
        if (vthreads_busy()) {
            (void)REAL(poll)(NULL, 0, 1); /* real time for the workers */
            continue;
        }
        int64_t next = vthreads_next_deadline();
        vclock_advance_to(next < deadline ? next : deadline);
    }
}

static _Thread_local struct waiter reading;

void vthreads_wait_begin_for(const struct pollfd *fds, int n, int64_t deadline)
{
    reading = (struct waiter){.n_fds = n, .deadline = deadline};
    memcpy(reading.fds, fds, (size_t)n * sizeof *fds);
    pthread_mutex_lock(&threads.lock);
    waiter_add(&reading);
    pthread_mutex_unlock(&threads.lock);
    turn_clock();
}

void vthreads_wait_end(void)
{
    pthread_mutex_lock(&threads.lock);
    waiter_remove(&reading);
    pthread_mutex_unlock(&threads.lock);
}

/* --- in front of libc --- */

struct start {
    void *(*body)(void *);
    void *arg;
};

static void thread_ended(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&threads.lock);
    threads.busy--;
    pthread_mutex_unlock(&threads.lock);
}

static void *thread_main(void *arg)
{
    struct start start = *(struct start *)arg;
    void *result = NULL;

    free(arg);
    pthread_cleanup_push(thread_ended, NULL);
    result = start.body(start.arg);
    pthread_cleanup_pop(1);
    return result;
}

EXPORT int vthreads_left(void)
{
    return threads.left;
}

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*body)(void *),
                          void *arg)
{
    if (!vclock_is_on())
        return REAL(pthread_create)(thread, attr, body, arg);
    if (vclock_hooks.thread_refused && vclock_hooks.thread_refused(__builtin_return_address(0)))
        return EAGAIN;
    struct start *start = malloc(sizeof *start);
    if (start == NULL)
        return EAGAIN;
    *start = (struct start){body, arg};
    pthread_mutex_lock(&threads.lock);
    threads.busy++;
    pthread_mutex_unlock(&threads.lock);
    int error = REAL(pthread_create)(thread, attr, thread_main, start);
    if (error) {
        thread_ended(NULL);
        free(start);
        return error;
    }
    threads.left++;
    return 0;
}

/* False for a thread that runs, or has ended and is still on its way out. */
static bool is_waiting(pthread_t thread)
{
    bool waiting = false;

    pthread_mutex_lock(&threads.lock);
    for (struct waiter *w = threads.waiters; w && !waiting; w = w->next)
        waiting = !w->woken && pthread_equal(w->thread, thread) != 0;
    pthread_mutex_unlock(&threads.lock);
    return waiting;
}

EXPORT int pthread_join(pthread_t thread, void **result)
{
    if (!vclock_is_on())
        return REAL(pthread_join)(thread, result);
    if (!vclock_on_loop_thread()) {
        vthreads_wait_begin(-1);
        int error = REAL(pthread_join)(thread, result);
        vthreads_wait_end();
        threads.left -= error == 0;
        return error;
    }
    bool told = false;
    int error;
    while ((error = pthread_tryjoin_np(thread, result)) == EBUSY) {
        if (vthreads_busy() || !is_waiting(thread)) { /* it may be about to end */
            (void)REAL(poll)(NULL, 0, 1);
            continue;
        }
        if (!told && vclock_hooks.blocked)
            vclock_hooks.blocked("pthread_join", -1);
        told = true;
        int64_t next = vthreads_next_deadline();
        if (next == VCLOCK_NEVER)
            (void)REAL(poll)(NULL, 0, 1);
        else
            vclock_advance_to(next);
    }
    threads.left -= error == 0;
    return error;
}

EXPORT int pthread_cond_wait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex)
{
    if (!vclock_is_on())
        return REAL(pthread_cond_wait)(cond, mutex);
    if (vclock_on_loop_thread() && vclock_hooks.blocked)
        vclock_hooks.blocked("pthread_cond_wait", -1);
    return wait_until(cond, mutex, VCLOCK_NEVER);
}

EXPORT int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
                                  const struct timespec *restrict until)
{
    struct timespec now;

    if (!vclock_is_on())
        return REAL(pthread_cond_timedwait)(cond, mutex, until);
    /* A condition variable does not tell its clock; virtual monotonic time is far below this. */
    clock_gettime(until->tv_sec < 1000000000 ? CLOCK_MONOTONIC : CLOCK_REALTIME, &now);
    int64_t left = (until->tv_sec - now.tv_sec) * INT64_C(1000000000) + until->tv_nsec;
    left -= now.tv_nsec;
    if (left <= 0)
        return ETIMEDOUT;
    if (vclock_on_loop_thread() && vclock_hooks.blocked)
        vclock_hooks.blocked("pthread_cond_timedwait", -1);
    return wait_until(cond, mutex, vclock_now() + left);
}

/* Marks waiters of `cond` as busy before the real signal can wake them. */
static void wake_waiters(pthread_cond_t *cond, bool all)
{
    pthread_mutex_lock(&threads.lock);
    for (struct waiter *w = threads.waiters; w; w = w->next) {
        if (w->cond != cond || w->woken)
            continue;
        waiter_wake(w);
        if (!all)
            break;
    }
    pthread_mutex_unlock(&threads.lock);
}

EXPORT int pthread_cond_signal(pthread_cond_t *cond)
{
    if (vclock_is_on())
        wake_waiters(cond, false);
    return REAL(pthread_cond_signal)(cond);
}

EXPORT int pthread_cond_broadcast(pthread_cond_t *cond)
{
    if (vclock_is_on())
        wake_waiters(cond, true);
    return REAL(pthread_cond_broadcast)(cond);
}
