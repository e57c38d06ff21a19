/* blocking_recv.c: receives on a blocking socket
 *
 * Outcome: failed
 * Says: recv\(\) on descriptor \d+ would wait
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
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
    char byte;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0)
        (void)!recv(fds[0], &byte, 1, 0);
    close(fds[0]);
    close(fds[1]);
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
