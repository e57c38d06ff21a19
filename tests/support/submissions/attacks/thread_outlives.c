/* thread_outlives.c: a thread that spins on
 *
 * Outcome: failed|timeout
 * Says: missing|endless loop
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <pthread.h>

static void *spin(void *arg)
{
    (void)arg;
    for (volatile int turning = 1; turning;)
        continue;
    return NULL;
}

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)base;
    (void)done;
    (void)arg;
    pthread_t thread;

    pthread_create(&thread, NULL, spin, NULL);
    return 0;
}
