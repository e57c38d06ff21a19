/* endless_loop.c: never returns
 *
 * Outcome: timeout
 * Says: endless loop.*in victim_start
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)base;
    (void)done;
    (void)arg;
    for (volatile int i = 0;; i = 1)
        continue;
    return 0;
}
