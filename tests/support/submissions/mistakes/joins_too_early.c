/* joins_too_early.c: waits in a callback for a thread that still works
 *
 * Outcome: failed
 * Says: pthread_join\(\) would wait on the loop's thread, in on_timer
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A job on its way: what its callbacks need. */
struct job {
    pthread_t thread;
    struct event *timer;
    void (*done)(void *arg);
    void *arg;
};

static void *work(void *arg)
{
    usleep(900000);
    return arg;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct job *job = arg;

    (void)fd;
    (void)what;
    pthread_join(job->thread, NULL);
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
    return pthread_create(&job->thread, NULL, work, job);
}
