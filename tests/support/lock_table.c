/* lock_table.c: see lock_table.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "lock_table.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "real.h"
#include "vthreads.h"
#include "where.h"

enum { MAX_LOCKS = 64, MAX_WAITING = 16 };

/* Mutexes that the learner's code has locked, and threads that wait for one. More than there is
 * room for are not told of. */
static struct {
    pthread_mutex_t guard; /* of all below; taken last */
    struct {
        pthread_mutex_t *mutex; /* NULL: free */
        char place[160];        /* where it was locked */
    } locked[MAX_LOCKS];
    atomic_int n_locked; /* may be read without the guard */
    struct {
        pid_t thread; /* 0: free */
        pthread_mutex_t *mutex;
    } waiting[MAX_WAITING];
} table = {.guard = PTHREAD_MUTEX_INITIALIZER};

REAL_FUNCTION(int, pthread_mutex_lock, (pthread_mutex_t *));
REAL_FUNCTION(int, pthread_mutex_unlock, (pthread_mutex_t *));

static void guard_lock(void)
{
    REAL(pthread_mutex_lock)(&table.guard);
}

static void guard_unlock(void)
{
    REAL(pthread_mutex_unlock)(&table.guard);
}

void lock_table_clear(void)
{
    guard_lock();
    memset(table.locked, 0, sizeof table.locked);
    memset(table.waiting, 0, sizeof table.waiting);
    table.n_locked = 0;
    guard_unlock();
}

/* --- locked --- */

/* Of the table; -1 if it is not there. The caller holds the guard. */
static int find(const pthread_mutex_t *mutex)
{
    for (int i = 0; i < MAX_LOCKS; i++)
        if (table.locked[i].mutex == mutex)
            return i;
    return -1;
}

void lock_note_locked(pthread_mutex_t *mutex)
{
    char place[sizeof table.locked[0].place];

    where_called(place, sizeof place);
    guard_lock();
    int i = find(mutex);
    if (i < 0)
        i = find(NULL);
    if (i >= 0) {
        table.n_locked += table.locked[i].mutex == NULL;
        table.locked[i].mutex = mutex;
        memcpy(table.locked[i].place, place, sizeof place);
    }
    guard_unlock();
}

void lock_note_gone(const pthread_mutex_t *mutex)
{
    guard_lock();
    int i = find(mutex);
    if (i >= 0) {
        table.locked[i].mutex = NULL;
        table.n_locked--;
    }
    guard_unlock();
}

bool lock_is_known(const pthread_mutex_t *mutex)
{
    guard_lock();
    bool found = find(mutex) >= 0;
    guard_unlock();
    return found;
}

const char *lock_place(const pthread_mutex_t *mutex)
{
    static _Thread_local char place[sizeof table.locked[0].place];

    guard_lock();
    int i = find(mutex);
    snprintf(place, sizeof place, "%s", i >= 0 ? table.locked[i].place : "somewhere");
    guard_unlock();
    return place;
}

const pthread_mutex_t *lock_find_mine(void)
{
    const pthread_mutex_t *found = NULL;

    if (table.n_locked == 0) /* asked in each turn of the loop */
        return NULL;
    pid_t me = gettid();
    guard_lock();
    for (int i = 0; i < MAX_LOCKS && found == NULL; i++)
        if (table.locked[i].mutex && vthreads_holder(table.locked[i].mutex) == me)
            found = table.locked[i].mutex;
    guard_unlock();
    return found;
}

/* --- waiting --- */

static void set_waiting(pid_t was, pid_t is, pthread_mutex_t *mutex)
{
    guard_lock();
    for (int i = 0; i < MAX_WAITING; i++) {
        if (table.waiting[i].thread != was)
            continue;
        table.waiting[i].thread = is;
        table.waiting[i].mutex = mutex;
        break;
    }
    guard_unlock();
}

void lock_wait_begin(pthread_mutex_t *mutex)
{
    set_waiting(0, gettid(), mutex);
}

void lock_wait_end(void)
{
    set_waiting(gettid(), 0, NULL);
}

const pthread_mutex_t *lock_find_wanted(void)
{
    const pthread_mutex_t *found = NULL;

    guard_lock();
    for (int i = 0; i < MAX_WAITING && found == NULL; i++)
        if (table.waiting[i].thread != 0 && vthreads_holder(table.waiting[i].mutex) != 0)
            found = table.waiting[i].mutex;
    guard_unlock();
    return found;
}

bool lock_mine_is_wanted(void)
{
    pid_t me = gettid();
    bool found = false;

    guard_lock();
    for (int i = 0; i < MAX_WAITING && !found; i++)
        found = table.waiting[i].thread != 0 && vthreads_holder(table.waiting[i].mutex) == me;
    guard_unlock();
    return found;
}

/* What `thread` waits for, or NULL. The caller holds the guard. */
static const pthread_mutex_t *waits_for(pid_t thread)
{
    for (int i = 0; i < MAX_WAITING; i++)
        if (table.waiting[i].thread == thread)
            return table.waiting[i].mutex;
    return NULL;
}

const pthread_mutex_t *lock_find_circle(const pthread_mutex_t *mutex)
{
    pid_t me = gettid();

    guard_lock();
    for (int i = 0; i < MAX_WAITING && mutex; i++) {
        pid_t holder = vthreads_holder(mutex);
        if (holder == me && i > 0)
            break;
        mutex = holder != 0 && holder != me ? waits_for(holder) : NULL;
    }
    if (mutex && vthreads_holder(mutex) != me)
        mutex = NULL;
    guard_unlock();
    return mutex;
}
