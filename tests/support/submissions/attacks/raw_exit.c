/* raw_exit.c: the system call, past the C library
 *
 * Outcome: crashed
 * Says: ended with exit status 0 before the test did
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
    syscall(SYS_exit_group, 0);
    return 0;
}
