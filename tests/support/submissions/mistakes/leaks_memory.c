/* leaks_memory.c: forgets to free its job
 *
 * Outcome: failed
 * Points: 3
 * Says: memory is left over.*24 bytes, allocated in victim_start.*1 other behaviour, too
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

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
    puts("end");
    event_free(job->timer);
    job->done(job->arg);
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
