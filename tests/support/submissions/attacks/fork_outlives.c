/* fork_outlives.c: a child that outlives the test
 *
 * Outcome: cheating
 * Says: fork\(\) was called in victim_start
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <unistd.h>

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)base;
    (void)done;
    (void)arg;
    if (fork() == 0)
        for (;;)
            pause();
    return 0;
}
