/* vclock.h: virtual time
 *
 * While it is on, clocks stand still as long as anything runs. When the event
 * loop would sleep in epoll_wait, time jumps to the moment at which the sleep
 * would have ended: an hour costs microseconds, and every stamp is exact.
 * A sleep() or usleep() jumps as well, on the thread that calls it.
 *
 * Rules
 *   - The thread that calls vclock_start() is the loop thread. Other threads
 *     take part through vthreads.h: time jumps only when all of them wait.
 *   - Descriptors are polled before every jump, so what is ready comes first.
 *   - A loop that nothing can wake any more calls `vclock_hooks.deadlock`.
 *   - A loop that is woken over and over while time stands still calls
 *     `vclock_hooks.livelock`; one that would sleep for centuries, `too_far`.
 *   - What is under way between two sockets of this process arrives before time jumps:
 *     inflight.h.
 *   - Where another process may wake the loop, vclock_expect_outside() says how
 *     long to wait for it in real time before each jump.
 *   - A base with EVENT_BASE_FLAG_PRECISE_TIMER works: timerfd_create() answers
 *     ENOSYS, and libevent falls back to epoll_wait's timeout.
 *
 * Covered: clock_gettime, gettimeofday, time, epoll_wait, epoll_pwait, select,
 * sleep, usleep, nanosleep, clock_nanosleep; in vwait.c poll and sem_wait.
 * CPU-time clocks stay real.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VCLOCK_H
#define VCLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define VCLOCK_NEVER INT64_MAX

struct vclock_hooks {
    void (*deadlock)(void);                      /* the loop would sleep for ever */
    void (*livelock)(long wakeups);              /* woken so often at one moment */
    void (*too_far)(int64_t ns);                 /* it would sleep until a time in centuries */
    void (*looks)(void);                         /* the loop looks for events */
    void (*slept)(const char *call, int64_t ns); /* a sleep on the loop thread */
    void (*blocked)(const char *call, int fd);   /* poll, select on the loop thread */
    bool (*thread_refused)(const void *caller);  /* pthread_create() is to fail: NULL: never */
    void (*stands_still)(int fd);                /* for seconds of real time: it waits for data on
                                                  * `fd`, or for a worker: -1 */
};
extern struct vclock_hooks vclock_hooks;

/* Time is virtual from here on, and 0. */
void vclock_start(void);

/* Time is real again. */
void vclock_stop(void);

bool vclock_is_on(void);

/* True on the thread that called vclock_start(). */
bool vclock_on_loop_thread(void);

/* Nanoseconds of virtual time since vclock_start(). */
int64_t vclock_now(void);

/* Moves time on to `ns`, and wakes the threads whose sleep is over. Never moves it back. */
void vclock_advance_to(int64_t ns);

/* Another process may wake the loop: wait `real_ms` for it before each jump. 0: nobody can. */
void vclock_expect_outside(int real_ms);

/* Ready events come in an order drawn with `seed`; 0 leaves the kernel's order. */
void vclock_shuffle(unsigned seed);

/* How often time has moved since vclock_start(). */
long vclock_moments(void);

/* Wake-ups at one moment that count as a livelock; 0 restores the default. */
void vclock_livelock_limit(long wakeups);

#endif
