/* vwait.c: more ways for a worker to wait on virtual time, see vthreads.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stddef.h>

#include "real.h"
#include "vclock.h"
#include "vthreads.h"

REAL_FUNCTION(int, poll, (struct pollfd *, nfds_t, int));
REAL_FUNCTION(int, sem_wait, (sem_t *));
REAL_FUNCTION(int, sem_trywait, (sem_t *));

static atomic_long sleeps;

EXPORT long vthreads_sleeps(void)
{
    return sleeps;
}

void vthreads_count_sleep(void)
{
    sleeps++;
}

EXPORT void vthreads_settle(void)
{
    const int slice_ms = 1;

    while (vthreads_busy())
        (void)REAL(poll)(NULL, 0, slice_ms);
}

void vthreads_wait_begin(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    vthreads_wait_begin_for(&p, fd >= 0 ? 1 : 0, VCLOCK_NEVER);
}

int vthreads_poll(struct pollfd *fds, unsigned long n, int timeout_ms)
{
    const int slice_ms = 1;
    int64_t deadline = timeout_ms < 0 ? VCLOCK_NEVER : vclock_now() + timeout_ms * INT64_C(1000000);
    int ready = REAL(poll)(fds, n, 0);

    if (ready != 0 || timeout_ms == 0 || n > VTHREADS_MAX_FDS)
        return ready != 0 || timeout_ms == 0 ? ready : REAL(poll)(fds, n, timeout_ms);
    vthreads_wait_begin_for(fds, (int)n, deadline);
    do
        ready = REAL(poll)(fds, n, deadline == VCLOCK_NEVER ? -1 : slice_ms);
    while (ready == 0 && vclock_now() < deadline);
    int error = errno;
    vthreads_wait_end();
    errno = error;
    return ready;
}

/* What workers wait for; NULL: a free place. */
static sem_t *_Atomic waited_for[16];

bool vthreads_semaphore_posted(void)
{
    const size_t n = sizeof waited_for / sizeof waited_for[0];
    int value = 0;

    for (size_t i = 0; i < n && value == 0; i++) {
        sem_t *sem = waited_for[i];
        if (sem != NULL && sem_getvalue(sem, &value) != 0)
            value = 0;
    }
    return value > 0;
}

static size_t take_place(sem_t *sem)
{
    size_t i = 0;

    for (sem_t *nobody = NULL; !atomic_compare_exchange_strong(&waited_for[i], &nobody, sem);
         nobody = NULL)
        i = (i + 1) % (sizeof waited_for / sizeof waited_for[0]);
    return i;
}

/* A worker that waits for a semaphore is idle, until somebody posts it: therefore it does not sleep
 * in it, but looks at it every now and then. */
EXPORT int sem_wait(sem_t *sem)
{
    const int slice_ms = 1;

    if (!vclock_is_on() || vclock_on_loop_thread()) {
        if (vclock_is_on() && REAL(sem_trywait)(sem) == 0)
            return 0;
        if (vclock_is_on() && vclock_hooks.blocked)
            vclock_hooks.blocked("sem_wait", -1);
        return REAL(sem_wait)(sem);
    }
    if (REAL(sem_trywait)(sem) == 0)
        return 0;
    size_t place = take_place(sem);
    vthreads_wait_begin(-1);
    for (;;) {
        int value = 0;
        if (sem_getvalue(sem, &value) != 0 || value <= 0) {
            (void)REAL(poll)(NULL, 0, slice_ms);
            continue;
        }
        vthreads_wait_end(); /* busy again, before the post is taken */
        if (REAL(sem_trywait)(sem) == 0)
            break;
        vthreads_wait_begin(-1);
    }
    waited_for[place] = NULL;
    return 0;
}
