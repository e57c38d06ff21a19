/* fork_bomb.c: processes without an end
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
    for (int i = 0; i < 10000; i++)
        syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    return 0;
}
