/* exit_in_body.c: exit(0), which Check alone takes for a pass
 *
 * Outcome: failed
 * Says: exit\(0\) was called in victim_start
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
    exit(0);
    return 0;
}
