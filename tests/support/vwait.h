/* vwait.h: waiting on virtual time
 *
 * vwait.c stands in front of poll() and sem_wait(). It matters who waits: a
 * worker's wait lets time go on, and vthreads.c is told of it; the loop thread
 * moves time itself. Here is what else waits in one of these ways.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VWAIT_H
#define VWAIT_H

#include <stdint.h>

/* On the loop thread: lets the workers run, and moves time on, until `deadline`. */
void vwait_sleep_loop(int64_t deadline);

/* On the loop thread, which has nothing to do: moves time on to the next deadline or, while somebody
 * is busy, gives a little real time, of which *real_ms is the sum. */
void vwait_step(int *real_ms);

/* Time has stood still for `real_ms` on the loop thread: after seconds, vclock_hooks.stands_still
 * is told, once. `fd` is what it waits for, or -1: a worker. */
void vwait_note_patience(int real_ms, int fd);

/* A worker sleeps (usleep() and the like); how often one has since the process began. For suites,
 * too. */
void vwait_count_sleep(void);
long vwait_sleeps(void);

/* On the loop thread: waits in real time until no worker is busy. For suites. */
void vwait_settle(void);

#endif
