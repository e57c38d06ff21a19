/* locks.c: see locks.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "locks.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "faults.h"
#include "lock_table.h"
#include "real.h"
#include "vclock.h"
#include "verdict.h"
#include "vthreads.h"
#include "where.h"

/* See locks_hold_wakers(). */
static struct {
    int hold_ms;     /* 0: not at all */
    atomic_int held; /* now */
} wakers;

REAL_FUNCTION(int, pthread_mutex_lock, (pthread_mutex_t *));
REAL_FUNCTION(int, pthread_mutex_trylock, (pthread_mutex_t *));
REAL_FUNCTION(int, pthread_mutex_timedlock, (pthread_mutex_t *, const struct timespec *));
REAL_FUNCTION(int, pthread_mutex_unlock, (pthread_mutex_t *));
REAL_FUNCTION(int, pthread_mutex_init, (pthread_mutex_t *, const pthread_mutexattr_t *));
REAL_FUNCTION(int, pthread_mutexattr_settype, (pthread_mutexattr_t *, int));
REAL_FUNCTION(int, clock_gettime, (clockid_t, struct timespec *));
REAL_FUNCTION(int, poll, (struct pollfd *, nfds_t, int));

/* --- who holds what --- */

/* A normal mutex, used by the learner's code in a test. */
static bool is_watched(const pthread_mutex_t *mutex, const void *caller)
{
    const int kinds = 3;
    int kind = mutex->__data.__kind & kinds;

    return vclock_is_on() && (kind == PTHREAD_MUTEX_NORMAL || kind == PTHREAD_MUTEX_ADAPTIVE_NP) &&
           where_is_learner(caller);
}

void locks_clear(void)
{
    lock_table_clear();
    wakers.hold_ms = 0;
}

void locks_check_loop(void)
{
    const pthread_mutex_t *mutex = lock_find_mine();

    if (mutex)
        verdict_end(
            VERDICT_BROKEN,
            "at %.3f the loop's thread has left its callbacks, and still holds the lock that "
            "was taken %s: whoever else wants it waits for ever. Each way out of a function "
            "that locks needs its unlock",
            (double)vclock_now() / 1e9, lock_place(mutex));
}

void locks_check_end(void)
{
    const pthread_mutex_t *mutex = lock_find_mine();

    if (mutex)
        verdict_end(
            VERDICT_BROKEN,
            "at %.3f a thread has ended, and still holds the lock that was taken %s: whoever "
            "else wants it waits for ever. Each way out of a function that locks needs its "
            "unlock",
            (double)vclock_now() / 1e9, lock_place(mutex));
}

const char *locks_wanted(void)
{
    const pthread_mutex_t *mutex = lock_find_wanted();

    return mutex && !vthreads_busy() ? lock_place(mutex) : NULL;
}

void locks_check_wait(const char *call, const pthread_mutex_t *mutex, const void *caller)
{
    char place[256];

    if (!is_watched(mutex, caller))
        return;
    if (vthreads_holder(mutex) != gettid())
        verdict_end(VERDICT_BROKEN,
                    "%s() was called %s, by a thread that does not hold the lock: the wait lets go "
                    "of the lock and takes it again, so it has to be taken before",
                    call, where_called(place, sizeof place));
    lock_note_gone(mutex); /* as good as unlocked, although the real one comes a little later */
}

void locks_note_waited(pthread_mutex_t *mutex, const void *caller)
{
    if (is_watched(mutex, caller))
        lock_note_locked(mutex);
}

/* --- waiting for a lock --- */

/* `waited_ms` of real time have gone by. */
static void check_hope(pthread_mutex_t *mutex, int waited_ms)
{
    const int patience_ms = 2000;
    char place[256];
    const pthread_mutex_t *mine = lock_find_circle(mutex);
    bool was_locked = lock_is_known(mutex);
    bool for_ever = waited_ms >= patience_ms || (vclock_on_loop_thread() && !vthreads_busy());

    if (mine)
        verdict_end(
            VERDICT_BROKEN,
            "at %.3f two threads wait for each other: one waits %s, and holds the lock that "
            "it took %s; the other waits for that one, and holds the lock that it took %s. "
            "Take locks in the same order everywhere",
            (double)vclock_now() / 1e9, where_called(place, sizeof place), lock_place(mine),
            lock_place(mutex));
    if (for_ever && was_locked &&
        lock_is_known(mutex)) /* twice: it may have been let go meanwhile */
        verdict_end(
            VERDICT_BROKEN,
            "at %.3f pthread_mutex_lock(), called %s, waits for ever: the lock was taken %s "
            "by a thread that waits itself, or has ended. Hold a lock for short work only, "
            "and unlock it on each way out",
            (double)vclock_now() / 1e9, where_called(place, sizeof place), lock_place(mutex));
}

static void real_time_in(int ms, struct timespec *ts)
{
    REAL(clock_gettime)(CLOCK_REALTIME, ts);
    ts->tv_nsec += ms * 1000000L;
    ts->tv_sec += ts->tv_nsec / 1000000000;
    ts->tv_nsec %= 1000000000;
}

/* As long as another thread has the mutex, a worker that waits for it is idle. */
static int wait_for(pthread_mutex_t *mutex)
{
    const int slice_ms = 5;
    bool worker = !vclock_on_loop_thread();
    int error = ETIMEDOUT;

    lock_wait_begin(mutex);
    for (int waited_ms = 0; error == ETIMEDOUT; waited_ms += slice_ms) {
        struct timespec until;
        real_time_in(slice_ms, &until); /* pthread_mutex_clocklock() is unknown to TSan */
        if (worker)
            vthreads_wait_begin_mutex(mutex);
        error = REAL(pthread_mutex_timedlock)(mutex, &until);
        if (worker)
            vthreads_wait_end();
        if (error == ETIMEDOUT)
            check_hope(mutex, waited_ms);
    }
    lock_wait_end();
    return error;
}

/* --- a worker that wakes the loop --- */

EXPORT void locks_hold_wakers(int real_ms)
{
    wakers.hold_ms = real_ms;
}

bool locks_wake_begin(const void *caller)
{
    if (wakers.hold_ms == 0 || vclock_on_loop_thread() || !where_is_learner(caller) ||
        !lock_find_mine())
        return false;
    wakers.held++;
    return true;
}

void locks_wake_end(void)
{
    for (int ms = 0; ms < wakers.hold_ms && !lock_mine_is_wanted(); ms++)
        (void)REAL(poll)(NULL, 0, 1);
    wakers.held--;
}

EXPORT bool locks_waker_is_held(void)
{
    return wakers.held > 0;
}

/* --- in front of libc --- */

EXPORT int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    char place[256];

    if (!is_watched(mutex, __builtin_return_address(0)))
        return REAL(pthread_mutex_lock)(mutex);
    if (vthreads_holder(mutex) == gettid())
        verdict_end(
            VERDICT_BROKEN,
            "at %.3f pthread_mutex_lock() was called %s, by the thread that holds this lock "
            "already: it took it %s. It would wait for itself for ever",
            (double)vclock_now() / 1e9, where_called(place, sizeof place), lock_place(mutex));
    int error = REAL(pthread_mutex_trylock)(mutex);
    if (error == EBUSY)
        error = wait_for(mutex);
    if (error == 0)
        lock_note_locked(mutex);
    return error;
}

EXPORT int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    int error = REAL(pthread_mutex_trylock)(mutex);

    if (error == 0 && is_watched(mutex, __builtin_return_address(0)))
        lock_note_locked(mutex);
    return error;
}

EXPORT int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex,
                                   const struct timespec *restrict until)
{
    int error = REAL(pthread_mutex_timedlock)(mutex, until);

    if (error == 0 && is_watched(mutex, __builtin_return_address(0)))
        lock_note_locked(mutex);
    return error;
}

EXPORT int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    char place[256];

    if (is_watched(mutex, __builtin_return_address(0))) {
        if (vthreads_holder(mutex) != gettid())
            verdict_end(VERDICT_BROKEN,
                        "at %.3f pthread_mutex_unlock() was called %s, by a thread that does not "
                        "hold this lock: lock and unlock come in pairs, on one thread",
                        (double)vclock_now() / 1e9, where_called(place, sizeof place));
        lock_note_gone(mutex);
    }
    return REAL(pthread_mutex_unlock)(mutex);
}

/* evthread_use_pthreads() asks for recursive mutexes, and fails if there are none. */
EXPORT int pthread_mutexattr_settype(pthread_mutexattr_t *attributes, int type)
{
    if (!faults.no_locks)
        return REAL(pthread_mutexattr_settype)(attributes, type);
    faults.no_locks = false;
    return EINVAL;
}

/* A new mutex where another one was. */
EXPORT int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    if (vclock_is_on())
        lock_note_gone(mutex);
    return REAL(pthread_mutex_init)(mutex, attributes);
}
