/* exit_in_atexit.c: ends with status 0 whatever the test found
 *
 * Outcome: failed
 * Says: missing
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <stdlib.h>
#include <unistd.h>

static void at_end(void)
{
    _exit(0);
}

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)base;
    (void)done;
    (void)arg;
    atexit(at_end);
    return 0;
}
