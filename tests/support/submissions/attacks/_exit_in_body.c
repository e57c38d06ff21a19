/* _exit_in_body.c: _exit(0) in the function under test
 *
 * Outcome: failed
 * Says: _exit\(0\) was called in victim_start
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
    _exit(0);
    return 0;
}
