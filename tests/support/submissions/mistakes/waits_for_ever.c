/* waits_for_ever.c: adds an event that nothing can fire
 *
 * Outcome: failed
 * Says: would sleep for ever.*read of descriptor \d+ for on_timer
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

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
    static int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
        return -1;
    event_free(job->timer);
    job->timer = event_new(base, fds[0], EV_READ, on_timer, job);
    event_add(job->timer, NULL);
    puts("begin");
    return 0;
}
