/* locks_for_long.c: waits for a mutex that a sleeping worker holds
 *
 * Outcome: failed
 * Says: pthread_mutex_lock\(\), called in on_timer \(.*:\d+\), waits for ever: the lock was taken in worker_main
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A job on its way: what its callbacks need. */
struct job {
    struct event *timer;
    void (*done)(void *arg);
    void *arg;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool locked;

static void *worker_main(void *arg)
{
    pthread_mutex_lock(&lock);
    locked = 1;
    usleep(100000);
    pthread_mutex_unlock(&lock);
    return arg;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct job *job = arg;

    (void)fd;
    (void)what;
    pthread_t worker;

    pthread_create(&worker, NULL, worker_main, NULL);
    while (!locked)
        continue;
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
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
