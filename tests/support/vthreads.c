/* vthreads.c: worker threads on virtual time, see vthreads.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "vthreads.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "real.h"
#include "vclock.h"

/* A thread that waits: on a condition variable, for virtual time, or for what makes it ready. */
struct waiter {
    struct waiter *next;
    pthread_cond_t *cond;
    const pthread_mutex_t *mutex; /* that of the condition variable, or what it waits for itself */
    const struct pollfd *fds;     /* their `revents` are another thread's */
    nfds_t n_fds;
    sem_t *sem;
    int64_t deadline; /* virtual, or VCLOCK_NEVER */
    bool worker;      /* not the loop thread */
    pthread_t thread; /* which one */
    pid_t thread_id;
    bool woken; /* counts as busy again */
};

static struct {
    pthread_mutex_t lock; /* guards all below; taken last, never held while waiting */
    int busy;             /* workers that run */
    bool loop_waits;      /* the loop thread is on a condition variable: nobody turns the clock */
    struct waiter *waiters;
} threads = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct vthreads_hooks vthreads_hooks;

REAL_FUNCTION(int, pthread_mutex_lock, (pthread_mutex_t *));
REAL_FUNCTION(int, pthread_mutex_unlock, (pthread_mutex_t *));
REAL_FUNCTION(int, pthread_cond_wait, (pthread_cond_t *, pthread_mutex_t *));
REAL_FUNCTION(int, pthread_cond_timedwait,
              (pthread_cond_t *, pthread_mutex_t *, const struct timespec *));
REAL_FUNCTION(int, pthread_cond_signal, (pthread_cond_t *));
REAL_FUNCTION(int, pthread_cond_broadcast, (pthread_cond_t *));
REAL_FUNCTION(int, clock_gettime, (clockid_t, struct timespec *));
REAL_FUNCTION(int, poll, (struct pollfd *, nfds_t, int));

/* Not those of locks.c, which call functions of this file. */
static void list_lock(void)
{
    REAL(pthread_mutex_lock)(&threads.lock);
}

static void list_unlock(void)
{
    REAL(pthread_mutex_unlock)(&threads.lock);
}

/* --- the list of waiters; callers hold the lock --- */

static void waiter_add(struct waiter *w)
{
    struct waiter **end = &threads.waiters;

    while (*end)
        end = &(*end)->next;
    w->worker = !vclock_on_loop_thread();
    w->thread = pthread_self();
    w->thread_id = gettid();
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

__attribute__((no_sanitize("address"))) pid_t vthreads_holder(const pthread_mutex_t *mutex)
{
    return __atomic_load_n(&mutex->__data.__owner, __ATOMIC_RELAXED);
}

/* Has somebody else the mutex that it needs to go on, and keeps it? Not who waits on a condition
 * variable of that mutex, and has it for a moment before that, or to look whether it was woken. */
static bool is_barred(const struct waiter *w)
{
    pid_t holder = w->mutex ? vthreads_holder(w->mutex) : 0;

    for (const struct waiter *o = threads.waiters; o && holder != 0; o = o->next)
        if (o->thread_id == holder && o->cond && o->mutex == w->mutex && !o->woken)
            return false;
    return holder != 0 && holder != w->thread_id;
}

/* Not for condition variables: there a signal wakes. */
static bool is_ready(const struct waiter *w)
{
    int value = 0;

    for (nfds_t i = 0; i < w->n_fds; i++) {
        struct pollfd p = {.fd = w->fds[i].fd, .events = w->fds[i].events};
        if (REAL(poll)(&p, 1, 0) > 0)
            return true;
    }
    if (w->sem)
        return sem_getvalue(w->sem, &value) == 0 && value > 0;
    return w->mutex && !is_barred(w);
}

bool vthreads_busy(void)
{
    list_lock();
    int busy = threads.busy;
    for (struct waiter *w = threads.waiters; w; w = w->next) {
        if (w->worker && w->woken)
            busy -= is_barred(w);
        else if (w->worker && !w->cond)
            busy += is_ready(w);
    }
    list_unlock();
    return busy > 0;
}

int64_t vthreads_next_deadline(void)
{
    int64_t next = VCLOCK_NEVER;

    list_lock();
    for (struct waiter *w = threads.waiters; w; w = w->next)
        if (!w->woken && w->deadline < next)
            next = w->deadline;
    list_unlock();
    return next;
}

void vthreads_wake_due(int64_t now)
{
    list_lock();
    for (struct waiter *w = threads.waiters; w; w = w->next) {
        if (w->woken || w->deadline > now)
            continue;
        waiter_wake(w);
        if (w->cond)
            REAL(pthread_cond_broadcast)(w->cond);
    }
    list_unlock();
}

bool vthreads_is_waiting(pthread_t thread)
{
    bool waiting = false;

    list_lock();
    for (struct waiter *w = threads.waiters; w && !waiting; w = w->next)
        waiting = !w->woken && pthread_equal(w->thread, thread) != 0;
    list_unlock();
    return waiting;
}

/* --- waiting --- */

static bool is_woken(const struct waiter *w)
{
    list_lock();
    bool woken = w->woken;
    list_unlock();
    return woken;
}

/* Called when a thread has begun to wait, or ends. If that was the last one, and the loop thread itself
 * waits, nobody else is there to move time on. */
static void turn_clock(void)
{
    list_lock();
    bool loop_waits = threads.loop_waits;
    list_unlock();
    if (!loop_waits || vthreads_busy())
        return;
    int64_t next = vthreads_next_deadline();
    if (next != VCLOCK_NEVER)
        vclock_advance_to(next);
    else if (vclock_on_loop_thread() && vclock_hooks.deadlock)
        vclock_hooks.deadlock();
}

void vthreads_note_running(int n)
{
    list_lock();
    threads.busy += n;
    list_unlock();
    if (n < 0)
        turn_clock();
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
    struct waiter self = {.cond = cond, .mutex = mutex, .deadline = deadline};
    int result = 0;

    list_lock();
    waiter_add(&self);
    threads.loop_waits = threads.loop_waits || !self.worker;
    list_unlock();
    turn_clock();
    while (!is_woken(&self) && (result = wait_a_little(cond, mutex)) == ETIMEDOUT)
        continue;
    list_lock();
    threads.loop_waits = threads.loop_waits && self.worker;
    waiter_remove(&self);
    list_unlock();
    if ((result == 0 || result == ETIMEDOUT) && vclock_now() < deadline)
        return 0;
    return result == 0 ? ETIMEDOUT : result;
}

void vthreads_sleep_until(int64_t deadline)
{
    pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

    REAL(pthread_mutex_lock)(&mutex);
    while (vclock_now() < deadline)
        (void)wait_until(&cond, &mutex, deadline); /* the loop's condition is the result */
    REAL(pthread_mutex_unlock)(&mutex);
}

static _Thread_local struct waiter waiting;

static void begin(struct waiter w)
{
    waiting = w;
    list_lock();
    waiter_add(&waiting);
    list_unlock();
    turn_clock();
}

void vthreads_wait_begin(int fd, short events)
{
    static _Thread_local struct pollfd p;

    p = (struct pollfd){.fd = fd, .events = events};
    vthreads_wait_begin_for(&p, 1, VCLOCK_NEVER);
}

void vthreads_wait_begin_for(const struct pollfd *fds, nfds_t n, int64_t deadline)
{
    begin((struct waiter){.fds = fds, .n_fds = n, .deadline = deadline});
}

void vthreads_wait_begin_semaphore(sem_t *sem)
{
    begin((struct waiter){.sem = sem, .deadline = VCLOCK_NEVER});
}

void vthreads_wait_begin_mutex(const pthread_mutex_t *mutex)
{
    begin((struct waiter){.mutex = mutex, .deadline = VCLOCK_NEVER});
}

void vthreads_wait_end(void)
{
    list_lock();
    waiter_remove(&waiting);
    list_unlock();
}

/* --- condition variables, in front of libc --- */

/* The body that the waits share. */
static int wait_for(const char *call, pthread_cond_t *cond, pthread_mutex_t *mutex,
                    int64_t deadline, const void *caller)
{
    if (vthreads_hooks.waits)
        vthreads_hooks.waits(call, mutex, caller);
    int result = wait_until(cond, mutex, deadline);
    if (vthreads_hooks.waited)
        vthreads_hooks.waited(mutex, caller);
    return result;
}

EXPORT int pthread_cond_wait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex)
{
    if (!vclock_is_on())
        return REAL(pthread_cond_wait)(cond, mutex);
    if (vclock_on_loop_thread() && vclock_hooks.blocked)
        vclock_hooks.blocked("pthread_cond_wait", -1);
    return wait_for("pthread_cond_wait", cond, mutex, VCLOCK_NEVER, __builtin_return_address(0));
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
    return wait_for("pthread_cond_timedwait", cond, mutex, vclock_now() + left,
                    __builtin_return_address(0));
}

/* Marks waiters of `cond` as busy before the real signal can wake them. */
static void wake_waiters(pthread_cond_t *cond, bool all)
{
    list_lock();
    for (struct waiter *w = threads.waiters; w; w = w->next) {
        if (w->cond != cond || w->woken)
            continue;
        waiter_wake(w);
        if (!all)
            break;
    }
    list_unlock();
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
