/* ends_with_lock.c: a worker ends with a mutex locked
 *
 * Outcome: failed
 * Says: a thread has ended, and still holds the lock that was taken in worker_main \(.*:\d+\)
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* A job on its way: what its callbacks need. */
struct job {
    struct event *timer;
    void (*done)(void *arg);
    void *arg;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *worker_main(void *arg)
{
    pthread_mutex_lock(&lock);
    return arg;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct job *job = arg;

    (void)fd;
    (void)what;
    pthread_t worker;

    pthread_create(&worker, NULL, worker_main, NULL);
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
