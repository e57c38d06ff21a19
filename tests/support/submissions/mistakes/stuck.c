/* stuck.c: waits for ever in a call that the clock does not know
 *
 * Outcome: timeout
 * Says: nothing came for 2 seconds of real time: the program waits in a call that does not return, in on_timer \(.*:\d+\)
 * Wall: 2
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

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct job *job = arg;

    (void)fd;
    (void)what;
    pthread_barrier_t nobody_comes;

    pthread_barrier_init(&nobody_comes, NULL, 2);
    pthread_barrier_wait(&nobody_comes);
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
