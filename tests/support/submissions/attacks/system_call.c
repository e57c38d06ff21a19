/* system_call.c: a shell does the work
 *
 * Outcome: failed|cheating
 * Says: missing|process
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <stdlib.h>

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)base;
    (void)done;
    (void)arg;
    (void)!system("sleep 60 &");
    return 0;
}
