/* wakes_without_locks.c: a worker thread wakes a loop that libevent gave no locks
 *
 * Outcome: failed
 * Says: event_active\(\) was called in work .*cannot wake the loop.*evthread_use_pthreads\(\) comes
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <event2/thread.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A job on its way: what its callbacks need. */
struct job {
    pthread_t thread;
    struct event *over; /* by the worker, or by its time limit */
    void (*done)(void *arg);
    void *arg;
};

static void *work(void *arg)
{
    struct job *job = arg;

    usleep(500000);
    event_active(job->over, EV_READ, 0);
    return NULL;
}

static void on_over(evutil_socket_t fd, short what, void *arg)
{
    struct job *job = arg;

    (void)fd;
    (void)what;
    puts("end");
    pthread_join(job->thread, NULL);
    event_free(job->over);
    job->done(job->arg);
    free(job);
}

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    struct job *job = calloc(1, sizeof *job);
    struct timeval limit = {3, 0};

    if (job == NULL)
        return -1;
    evthread_use_pthreads(); /* too late: the base is there */
    job->done = done;
    job->arg = arg;
    job->over = evtimer_new(base, on_over, job);
    event_add(job->over, &limit);
    puts("begin");
    return pthread_create(&job->thread, NULL, work, job);
}
