/* prints_for_ever.c: repeats itself, with lines that say so
 *
 * Outcome: failed
 * Says: 0\.000  begin\n.*again, from the start\n +\.\.\.\n.*again, from the start
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
    puts("begin");
    for (;;)
        puts("again, from the start");
    return 0;
}
