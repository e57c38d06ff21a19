/* override_clock_gettime.c: its own clock
 *
 * Outcome: cheating
 * Says: defines clock_gettime\(\) itself
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <time.h>

int clock_gettime(clockid_t id, struct timespec *now)
{
    (void)id;
    now->tv_sec = 500;
    now->tv_nsec = 0;
    return 0;
}

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)base;
    (void)done;
    (void)arg;
    return 0;
}
