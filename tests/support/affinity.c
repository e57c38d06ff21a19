/* affinity.c: see affinity.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "affinity.h"

#include <pthread.h>
#include <stddef.h>

#include "vclock.h"
#include "verdict.h"
#include "where.h"

#define MAX_BASES   16
#define MAX_BUFFERS 64

/* Bases that were made while libevent had no locks: no other thread can wake them. The oldest is
 * forgotten where there are more. */
static struct {
    pthread_mutex_t lock; /* guards all below */
    bool locks_given;
    const struct event_base *without_locks[MAX_BASES];
    int next;
} bases = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Buffers that this thread has made. One that another thread frees stays in the list: that is
 * noticed too late, but nobody is accused wrongly. */
static _Thread_local struct {
    const struct evbuffer *made[MAX_BUFFERS];
    int next;
} buffers;

/* Time is virtual in a test only. Most calls are right, and pass here at little cost. */
static bool is_elsewhere(const void *caller)
{
    return vclock_is_on() && !vclock_on_loop_thread() && where_is_learner(caller);
}

void affinity_check(const char *call, const void *caller)
{
    char place[256];

    if (!is_elsewhere(caller))
        return;
    verdict_end(VERDICT_BROKEN,
                "%s() was called %s, on a thread that is not the loop's. Events, buffers and "
                "connections belong to the loop's thread: leave the result where the loop finds "
                "it, and wake the loop, by event_active() or a write to an eventfd",
                call, where_called(place, sizeof place));
}

/* --- waking the loop --- */

void affinity_locks(bool given)
{
    pthread_mutex_lock(&bases.lock);
    bases.locks_given = given;
    pthread_mutex_unlock(&bases.lock);
}

void affinity_base_made(const struct event_base *base)
{
    pthread_mutex_lock(&bases.lock);
    if (!bases.locks_given) {
        bases.without_locks[bases.next] = base;
        bases.next = (bases.next + 1) % MAX_BASES;
    }
    pthread_mutex_unlock(&bases.lock);
}

void affinity_base_gone(const struct event_base *base)
{
    pthread_mutex_lock(&bases.lock);
    for (int i = 0; i < MAX_BASES; i++)
        if (bases.without_locks[i] == base)
            bases.without_locks[i] = NULL;
    pthread_mutex_unlock(&bases.lock);
}

static bool is_without_locks(const struct event_base *base)
{
    bool found = false;

    pthread_mutex_lock(&bases.lock);
    for (int i = 0; base != NULL && i < MAX_BASES; i++)
        found = found || bases.without_locks[i] == base;
    pthread_mutex_unlock(&bases.lock);
    return found;
}

void affinity_check_locks(const char *call, const struct event_base *base, const void *caller)
{
    char place[256];

    if (!is_elsewhere(caller) || !is_without_locks(base))
        return;
    verdict_end(VERDICT_BROKEN,
                "%s() was called %s, on a thread that is not the loop's, and cannot wake the loop: "
                "libevent had no locks when the base was made. A sleeping loop would notice when "
                "something else wakes it. evthread_use_pthreads() comes before event_base_new()",
                call, where_called(place, sizeof place));
}

/* --- buffers --- */

void affinity_own(const struct evbuffer *buffer)
{
    buffers.made[buffers.next] = buffer;
    buffers.next = (buffers.next + 1) % MAX_BUFFERS;
}

void affinity_disown(const struct evbuffer *buffer)
{
    for (int i = 0; i < MAX_BUFFERS; i++)
        if (buffers.made[i] == buffer)
            buffers.made[i] = NULL;
}

void affinity_check_buffer(const char *call, const struct evbuffer *buffer, const void *caller)
{
    if (!is_elsewhere(caller))
        return;
    for (int i = 0; i < MAX_BUFFERS; i++)
        if (buffers.made[i] == buffer)
            return;
    affinity_check(call, caller);
}
