/* locks_over_wait.c: a worker waits for ever with a mutex locked, and another one for that
 *
 * Outcome: failed
 * Says: meanwhile a thread waits for the lock that was taken in worker_main \(.*:\d+\)
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
    int timer_came;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t other = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;

static void *worker_main(void *arg)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_lock(&other);
    pthread_cond_wait(&never, &other);
    pthread_mutex_unlock(&lock);
    return arg;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct job *job = arg;

    (void)fd;
    (void)what;
    pthread_t worker;

    if (job->timer_came) {
        event_free(job->timer);
        free(job);
        return;
    }
    pthread_create(&worker, NULL, worker_main, NULL);
    pthread_create(&worker, NULL, worker_main, NULL);
    event_add(job->timer, &(struct timeval){1, 0});
    job->timer_came = 1;
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
