/* raw_fork_setsid.c: a child in a session of its own, past the C library
 *
 * Outcome: failed
 * Says: missing
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "victim.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)base;
    (void)done;
    (void)arg;
    syscall(SYS_setsid);
    if (syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) == 0)
        for (;;)
            pause();
    return 0;
}
