/* kill_parent.c: ends the grader
 *
 * Outcome: cheating
 * Says: kill\(\d+, 9\) was called in victim_start
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <signal.h>
#include <unistd.h>

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)base;
    (void)done;
    (void)arg;
    kill(getppid(), SIGKILL);
    return 0;
}
