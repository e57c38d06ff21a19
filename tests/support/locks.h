/* locks.h: what goes wrong with mutexes, told at once
 *
 * A mutex that is unlocked by a thread that does not hold it, locked twice by
 * one thread, kept by the loop's thread when its callbacks have returned, or
 * waited for in a circle: without this, the program stands still and nobody
 * knows why, or all goes well this time. The functions in front of libc's are
 * in locks.c. Only calls by the learner's code are looked at; recursive and
 * error-checking mutexes are left alone, as are the locks of libevent.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LOCKS_H
#define LOCKS_H

#include <pthread.h>
#include <stdbool.h>

/* Nothing is locked; called before every test. */
void locks_clear(void);

/* Ends the behaviour if the calling thread, the loop's, holds a lock of the learner's. Called when
 * the loop looks for events. */
void locks_check_loop(void);

/* The same for a thread that is about to end. */
void locks_check_end(void);

/* Where a lock was taken that somebody waits for while nobody is about to let go of one, in words;
 * NULL if there is none. */
const char *locks_wanted(void);

/* Ends the behaviour if the learner's code waits on a condition variable without `mutex`. */
void locks_check_wait(const char *call, const pthread_mutex_t *mutex, const void *caller);

/* It has waited, and holds the mutex again. */
void locks_note_waited(pthread_mutex_t *mutex, const void *caller);

/* --- for suites --- */

/* From here to the end of the test, a worker that wakes the loop while it holds a lock goes on when
 * the loop's thread waits for that lock, or after so much real time: what the loop does without the
 * lock is done in this time. */
void locks_hold_wakers(int real_ms);

/* True while a worker is held so: it holds a lock, and nobody else has come to want that. */
bool locks_waker_is_held(void);

/* --- for the function in front of event_active() --- */

/* Before and behind it; the second only where the first is true. */
bool locks_wake_begin(const void *caller);
void locks_wake_end(void);

#endif
