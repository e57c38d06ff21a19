/* thread_calls.c: in front of pthread_create() and pthread_join(), see vthreads.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "real.h"
#include "vclock.h"
#include "vthreads.h"
#include "vwait.h"

static atomic_int left; /* threads that were started and not joined */

REAL_FUNCTION(int, pthread_create,
              (pthread_t *, const pthread_attr_t *, void *(*)(void *), void *));
REAL_FUNCTION(int, pthread_join, (pthread_t, void **));
REAL_FUNCTION(int, poll, (struct pollfd *, nfds_t, int));

EXPORT int vthreads_left(void)
{
    return left;
}

/* --- the beginning --- */

struct start {
    void *(*body)(void *);
    void *arg;
};

static void on_end(void *unused)
{
    (void)unused;
    if (vthreads_hooks.ends)
        vthreads_hooks.ends();
    vthreads_note_running(-1);
}

static void *thread_main(void *arg)
{
    struct start start = *(struct start *)arg;
    void *result = NULL;

    free(arg);
    pthread_cleanup_push(on_end, NULL);
    result = start.body(start.arg);
    pthread_cleanup_pop(1);
    return result;
}

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*body)(void *),
                          void *arg)
{
    if (!vclock_is_on())
        return REAL(pthread_create)(thread, attr, body, arg);
    if (vclock_hooks.thread_refused && vclock_hooks.thread_refused(__builtin_return_address(0)))
        return EAGAIN;
    struct start *start = malloc(sizeof *start);
    if (start == NULL)
        return EAGAIN;
    *start = (struct start){body, arg};
    vthreads_note_running(1); /* from here on, or time could jump before the thread begins */
    int error = REAL(pthread_create)(thread, attr, thread_main, start);
    if (error) {
        vthreads_note_running(-1);
        free(start);
        return error;
    }
    left++;
    return 0;
}

/* --- the end --- */

static int join_on_worker(pthread_t thread, void **result)
{
    vthreads_wait_begin(-1, 0);
    int error = REAL(pthread_join)(thread, result);
    vthreads_wait_end();
    return error;
}

static int join_on_loop(pthread_t thread, void **result)
{
    const int slice_ms = 1;
    bool told = false;
    int real_ms = 0, error;

    while ((error = pthread_tryjoin_np(thread, result)) == EBUSY) {
        if (vthreads_busy() || !vthreads_is_waiting(thread)) { /* it may be about to end */
            vwait_note_patience(++real_ms, -1);
            (void)REAL(poll)(NULL, 0, slice_ms);
            continue;
        }
        if (!told && vclock_hooks.blocked)
            vclock_hooks.blocked("pthread_join", -1);
        told = true;
        vwait_step(&real_ms);
    }
    return error;
}

EXPORT int pthread_join(pthread_t thread, void **result)
{
    if (!vclock_is_on())
        return REAL(pthread_join)(thread, result);
    bool on_loop = vclock_on_loop_thread();
    int error = on_loop ? join_on_loop(thread, result) : join_on_worker(thread, result);
    if (error == 0)
        left--;
    return error;
}
