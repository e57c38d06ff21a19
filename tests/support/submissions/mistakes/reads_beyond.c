/* reads_beyond.c: reads more than there is room for
 *
 * Outcome: crashed|failed
 * Says: memory beside an allocated block was used in on_timer \(.*:\d+\)
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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
    int fds[2];
    char *room = malloc(10);

    if (pipe(fds) == 0 && write(fds[1], "0123456789", 11) == 11 && room != NULL)
        for (int k = 0; k < 11; k += 10) /* one byte a read in the second behaviour */
            (void)!read(fds[0], room + k, 11);
    close(fds[0]);
    close(fds[1]);
    free(room);
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
