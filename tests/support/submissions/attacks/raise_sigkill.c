/* raise_sigkill.c: dies, so that nothing can be said against it
 *
 * Outcome: crashed
 * Says: signal 9
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <signal.h>

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)base;
    (void)done;
    (void)arg;
    raise(SIGKILL);
    return 0;
}
