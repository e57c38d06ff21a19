/* prints_bytes.c: prints bytes that are no text
 *
 * Outcome: failed
 * Says: \\xe9t\\x80: é
 * Points: 2
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
    puts("\xe9t\x80: \xc3\xa9");
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
