/* vthreads.h: worker threads on virtual time
 *
 * Virtual time may jump only when no thread is doing anything. This part knows
 * which worker threads are: it stands in front of the condition variables;
 * thread_calls.c tells it who begins and ends; vwait.c, io.c, preload_io.c and
 * locks.c tell it who waits for a descriptor, a semaphore or a lock. A thread
 * that is signalled counts as busy from the moment of the signal, one that waits
 * for a descriptor from when that is ready: not from when the scheduler runs it,
 * so a jump cannot slip in between and the result does not depend on the machine.
 *
 * A thread that waits for virtual time (sleep, pthread_cond_timedwait) is idle
 * and has a deadline; jumps stop at the nearest one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VTHREADS_H
#define VTHREADS_H

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Around a wait of `caller` on a condition variable, and on a worker that is about to end; each may
 * be NULL. */
struct vthreads_hooks {
    void (*waits)(const char *call, const pthread_mutex_t *mutex, const void *caller);
    void (*waited)(pthread_mutex_t *mutex, const void *caller);
    void (*ends)(void);
};
extern struct vthreads_hooks vthreads_hooks;

/* True while a worker runs, or waits for what is there already. */
bool vthreads_busy(void);

/* The nearest deadline of a waiting thread, or VCLOCK_NEVER. */
int64_t vthreads_next_deadline(void);

/* Wakes the threads whose deadline is not after `now`. */
void vthreads_wake_due(int64_t now);

/* On a worker: waits until virtual time reaches `deadline`. */
void vthreads_sleep_until(int64_t deadline);

/* A worker is about to wait until `fd` is ready for `events`, as poll() names them (-1: for
 * something unknown), and is back. */
void vthreads_wait_begin(int fd, short events);
void vthreads_wait_end(void);

/* The same for several descriptors, and up to a virtual time. `fds` are read until
 * vthreads_wait_end(). */
void vthreads_wait_begin_for(const struct pollfd *fds, nfds_t n, int64_t deadline);

/* The same for a post of `sem`, which is taken after vthreads_wait_end(), and for a mutex. */
void vthreads_wait_begin_semaphore(sem_t *sem);
void vthreads_wait_begin_mutex(const pthread_mutex_t *mutex);

/* The thread that holds `mutex`, as glibc notes it there; 0: none. */
pid_t vthreads_holder(const pthread_mutex_t *mutex);

/* False for a thread that runs, or has ended and is still on its way out. */
bool vthreads_is_waiting(pthread_t thread);

/* Threads that were started on virtual time and have not been joined. For suites, too. */
int vthreads_left(void);

/* So many more workers run; below 0: so many fewer. */
void vthreads_note_running(int n);

#endif
