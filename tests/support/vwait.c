/* vwait.c: see vwait.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "vwait.h"

#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "real.h"
#include "vclock.h"
#include "vthreads.h"

/* Of real time: a jump of the clock does not end a real wait. */
static const int slice_ms = 1;

REAL_FUNCTION(int, poll, (struct pollfd *, nfds_t, int));
REAL_FUNCTION(int, sem_wait, (sem_t *));
REAL_FUNCTION(int, sem_trywait, (sem_t *));

static atomic_long sleeps;

void vwait_count_sleep(void)
{
    sleeps++;
}

EXPORT long vwait_sleeps(void)
{
    return sleeps;
}

EXPORT void vwait_settle(void)
{
    while (vthreads_busy())
        (void)REAL(poll)(NULL, 0, slice_ms);
}

void vwait_note_patience(int real_ms, int fd)
{
    const int patience_ms = 3000;

    if (real_ms == patience_ms && vclock_hooks.stands_still)
        vclock_hooks.stands_still(fd);
}

/* The loop thread has found nothing ready. Moves time on, to `deadline` at the most; while somebody
 * is busy, gives a little real time instead. Returns what real poll() tells of `fds` then. */
static int let_time_pass(struct pollfd *fds, nfds_t n, int64_t deadline, int *real_ms)
{
    bool busy = vthreads_busy(); /* first: who is busy may be about to have a deadline */
    int64_t next = vthreads_next_deadline();

    if (deadline < next)
        next = deadline;
    if (!busy && next != VCLOCK_NEVER) {
        vclock_advance_to(next);
        return REAL(poll)(fds, n, 0);
    }
    vwait_note_patience(++*real_ms, n > 0 ? fds[0].fd : -1);
    return REAL(poll)(fds, n, slice_ms); /* for workers, or for other programs */
}

void vwait_step(int *real_ms)
{
    (void)let_time_pass(NULL, 0, VCLOCK_NEVER, real_ms);
}

/* --- descriptors --- */

static int poll_on_loop(struct pollfd *fds, nfds_t n, int64_t deadline)
{
    int real_ms = 0, ready = 0;

    while (ready == 0 && vclock_now() < deadline)
        ready = let_time_pass(fds, n, deadline, &real_ms);
    return ready;
}

static int poll_on_worker(struct pollfd *fds, nfds_t n, int64_t deadline)
{
    int ready;

    vthreads_wait_begin_for(fds, n, deadline);
    do
        ready = REAL(poll)(fds, n, deadline == VCLOCK_NEVER ? -1 : slice_ms);
    while (ready == 0 && vclock_now() < deadline);
    int error = errno;
    vthreads_wait_end();
    errno = error;
    return ready != 0 ? ready : REAL(poll)(fds, n, 0); /* what the jump made ready */
}

void vwait_sleep_loop(int64_t deadline)
{
    (void)poll_on_loop(NULL, 0, deadline);
}

EXPORT int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    if (!vclock_is_on() || timeout == 0)
        return REAL(poll)(fds, n, timeout);
    int ready = REAL(poll)(fds, n, 0);
    if (ready != 0)
        return ready;
    int64_t deadline = timeout < 0 ? VCLOCK_NEVER : vclock_now() + timeout * INT64_C(1000000);
    if (!vclock_on_loop_thread())
        return poll_on_worker(fds, n, deadline);
    if (vclock_hooks.blocked)
        vclock_hooks.blocked("poll", n > 0 ? fds[0].fd : -1);
    return poll_on_loop(fds, n, deadline);
}

/* --- semaphores --- */

static bool is_posted(sem_t *sem)
{
    int value = 0;

    return sem_getvalue(sem, &value) != 0 || value > 0;
}

/* Does not sleep in the semaphore, but looks at it every now and then: whoever takes a post has to
 * be busy before, or it would be gone with nobody busy. */
static int wait_on_worker(sem_t *sem)
{
    do {
        vthreads_wait_begin_semaphore(sem);
        while (!is_posted(sem))
            (void)REAL(poll)(NULL, 0, slice_ms);
        vthreads_wait_end();
    } while (REAL(sem_trywait)(sem) != 0);
    return 0;
}

EXPORT int sem_wait(sem_t *sem)
{
    int real_ms = 0;

    if (!vclock_is_on())
        return REAL(sem_wait)(sem);
    if (REAL(sem_trywait)(sem) == 0)
        return 0;
    if (!vclock_on_loop_thread())
        return wait_on_worker(sem);
    if (vclock_hooks.blocked)
        vclock_hooks.blocked("sem_wait", -1);
    while (REAL(sem_trywait)(sem) != 0)
        vwait_step(&real_ms);
    return 0;
}
