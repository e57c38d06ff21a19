/* waits_for_a_post.c: the loop's thread waits for a semaphore
 *
 * Outcome: failed
 * Says: sem_wait\(\) would wait on the loop's thread, in on_timer \(.*:\d+\): while it waits, no event is served. Let the other thread wake the loop
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <semaphore.h>
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
    sem_t nobody_posts;

    sem_init(&nobody_posts, 0, 0);
    sem_wait(&nobody_posts);
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
