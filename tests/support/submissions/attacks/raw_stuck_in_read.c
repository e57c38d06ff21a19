/* raw_stuck_in_read.c: waits for a byte that never comes, past the C library
 *
 * Outcome: timeout
 * Says: does not return
 * Wall: 2
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "victim.h"

#include <sys/syscall.h>
#include <unistd.h>

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)base;
    (void)done;
    (void)arg;
    int fds[2];
    char byte;

    if (pipe(fds) == 0)
        syscall(SYS_read, fds[0], &byte, 1);
    return 0;
}
