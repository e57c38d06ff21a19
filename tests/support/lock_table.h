/* lock_table.h: who holds which mutex, and who waits for one
 *
 * Only for locks.c, which stands in front of the calls. Who holds a mutex stands
 * in the mutex itself: glibc keeps it there, also over a wait on a condition
 * variable. The table adds where it was locked, and which threads wait.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LOCK_TABLE_H
#define LOCK_TABLE_H

#include <pthread.h>
#include <stdbool.h>

/* Nothing is locked, and nobody waits. */
void lock_table_clear(void);

/* The learner's code has just locked `mutex`; it unlocks it, or made a new one there. */
void lock_note_locked(pthread_mutex_t *mutex);
void lock_note_gone(const pthread_mutex_t *mutex);

/* False also while its holder is on the way into, or out of, a wait on a condition variable. */
bool lock_is_known(const pthread_mutex_t *mutex);

/* Where `mutex` was locked. Valid until the next call on this thread. */
const char *lock_place(const pthread_mutex_t *mutex);

/* A mutex of the table that the calling thread holds; NULL if none. */
const pthread_mutex_t *lock_find_mine(void);

/* The calling thread begins to wait for `mutex`, or has ended that. */
void lock_wait_begin(pthread_mutex_t *mutex);
void lock_wait_end(void);

/* A mutex that somebody waits for, and its holder has not let go of; NULL if there is none. */
const pthread_mutex_t *lock_find_wanted(void);

/* Does somebody wait for a mutex that the calling thread holds? */
bool lock_mine_is_wanted(void);

/* The lock of mine that the holder of `mutex` waits for, or the holder of what that one waits for,
 * and so on; NULL if none of them does. */
const pthread_mutex_t *lock_find_circle(const pthread_mutex_t *mutex);

#endif
