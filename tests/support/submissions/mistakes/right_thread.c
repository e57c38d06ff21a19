/* right_thread.c: a control: a worker thread does what it may
 *
 * Outcome: passed
 * Says: ^\n$
 * Points: 5
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <event2/buffer.h>
#include <event2/thread.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A job on its way: what its callbacks need. */
struct job {
    pthread_t thread;
    struct event *over; /* by the worker, or by its time limit */
    struct evbuffer *words;
    void (*done)(void *arg);
    void *arg;
};

__attribute__((constructor)) static void begin(void)
{
    evthread_use_pthreads();
}

static void *work(void *arg)
{
    struct job *job = arg;

    usleep(500000);
    job->words = evbuffer_new(); /* nobody else has it yet */
    evbuffer_add_printf(job->words, "%s", "end");
    event_active(job->over, EV_READ, 0);
    return NULL;
}

static void on_over(evutil_socket_t fd, short what, void *arg)
{
    struct job *job = arg;
    char words[4] = "";

    (void)fd;
    (void)what;
    pthread_join(job->thread, NULL);
    evbuffer_remove(job->words, words, sizeof words - 1);
    puts(words);
    evbuffer_free(job->words);
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
    job->done = done;
    job->arg = arg;
    job->over = evtimer_new(base, on_over, job);
    event_add(job->over, &limit);
    puts("begin");
    return pthread_create(&job->thread, NULL, work, job);
}
