/* stuck_in_read.c: waits for a byte that never comes
 *
 * Outcome: failed
 * Says: would wait on the loop
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
    int fds[2];
    char byte;

    if (pipe(fds) == 0)
        (void)!read(fds[0], &byte, 1);
    return 0;
}
