/* raw_kill_parent.c: ends the grader, past the C library
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
    syscall(SYS_kill, getppid(), SIGKILL);
    syscall(SYS_kill, 0, SIGKILL);
    syscall(SYS_kill, -1, SIGKILL);
    syscall(SYS_tgkill, getppid(), getppid(), SIGKILL);
    syscall(SYS_tkill, getppid(), SIGKILL);
    return 0;
}
