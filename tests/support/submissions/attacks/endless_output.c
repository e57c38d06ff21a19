/* endless_output.c: prints without an end
 *
 * Outcome: failed
 * Says: more than 5000 lines
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <stdio.h>

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)base;
    (void)done;
    (void)arg;
    for (;;)
        puts("ok 1 - passed");
    return 0;
}
