/* locks_crosswise.c: two threads take two mutexes, each in another order
 *
 * Outcome: failed
 * Says: two threads wait for each other: one waits in .*, and holds the lock that it took in .* in the same order
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* A job on its way: what its callbacks need. */
struct job {
    struct event *timer;
    void (*done)(void *arg);
    void *arg;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, other = PTHREAD_MUTEX_INITIALIZER;
static atomic_int locked;

static void take_both(pthread_mutex_t *first, pthread_mutex_t *second)
{
    pthread_mutex_lock(first);
    locked++;
    while (locked < 2)
        continue;
    pthread_mutex_lock(second);
    pthread_mutex_unlock(second);
    pthread_mutex_unlock(first);
}

static void *worker_main(void *arg)
{
    take_both(&other, &lock);
    return arg;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct job *job = arg;

    (void)fd;
    (void)what;
    pthread_t worker;

    pthread_create(&worker, NULL, worker_main, NULL);
    take_both(&lock, &other);
    pthread_join(worker, NULL);
    puts("end");
    event_free(job->timer);
    job->done(job->arg);
    free(job);
}

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    struct job *job = calloc(1, sizeof *job);
    struct timeval wait = {0, 500000};

    if (job == NULL)
        return -1;
    job->done = done;
    job->arg = arg;
    job->timer = evtimer_new(base, on_timer, job);
    event_add(job->timer, &wait);
    puts("begin");
    return 0;
}
