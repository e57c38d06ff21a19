/* touches_from_thread.c: a worker thread arms a timer of the loop's
 *
 * Outcome: failed
 * Says: event_add\(\) was called in work .*on a thread that is not the loop's.*event_active
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* A job on its way: what its callbacks need. */
struct job {
    pthread_t thread;
    struct event *timer;
    void (*done)(void *arg);
    void *arg;
};

static void *work(void *arg)
{
    struct job *job = arg;
    struct timeval soon = {0, 1000};

    event_add(job->timer, &soon);
    return NULL;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct job *job = arg;

    (void)fd;
    (void)what;
    puts("end");
    pthread_join(job->thread, NULL);
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
