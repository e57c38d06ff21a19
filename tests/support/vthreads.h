/* vthreads.h: worker threads on virtual time
 *
 * Virtual time may jump only when no thread is doing anything. This part counts
 * the busy worker threads: it stands in front of pthread_create,
 * pthread_join and the condition variables, and io.c tells it when a worker
 * waits in a read. A thread that is signalled counts as busy from the moment of
 * the signal, not from when the scheduler runs it, so a jump cannot slip in
 * between and the result does not depend on the machine.
 *
 * A thread that waits for virtual time (sleep, pthread_cond_timedwait) is idle
 * and has a deadline; jumps stop at the nearest one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VTHREADS_H
#define VTHREADS_H

#include <stdbool.h>
#include <stdint.h>

/* True while a worker runs, or waits in a read that has something to read. */
bool vthreads_busy(void);

/* On the loop thread: waits in real time until no worker is busy. For suites. */
void vthreads_settle(void);

/* The nearest deadline of a waiting thread, or VCLOCK_NEVER. */
int64_t vthreads_next_deadline(void);

/* Wakes the threads whose deadline is not after `now`. */
void vthreads_wake_due(int64_t now);

/* On a worker: waits until virtual time reaches `deadline`. */
void vthreads_sleep_until(int64_t deadline);

/* On the loop thread: lets the workers run, and moves time on, until `deadline`. */
void vthreads_loop_sleep_until(int64_t deadline);

/* A worker is about to wait for data on `fd` (-1: for something unknown), and is back. */
void vthreads_wait_begin(int fd);
void vthreads_wait_end(void);

/* The same for several descriptors, VTHREADS_MAX_FDS at the most, and a deadline. */
enum { VTHREADS_MAX_FDS = 8 };
struct pollfd;
void vthreads_wait_begin_for(const struct pollfd *fds, int n, int64_t deadline);

/* On a worker: poll(). */
int vthreads_poll(struct pollfd *fds, unsigned long n, int timeout_ms);

/* True while a worker waits for a semaphore that has been posted. */
bool vthreads_semaphore_posted(void);

/* Threads that were started on virtual time and have not been joined. For suites, too. */
int vthreads_left(void);

/* How often a worker has slept (usleep() and the like) since the process began. For suites, too. */
long vthreads_sleeps(void);
void vthreads_count_sleep(void);

#endif
