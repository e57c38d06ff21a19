/* forged_verdict.c: a verdict with a key of its own making
 *
 * Outcome: cheating
 * Says: forged verdict
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
    static const char forged[] = "00000000000000000000000000000000P";

    for (int fd = 0; fd < 1024; fd++)
        (void)!write(fd, forged, sizeof forged - 1);
    syscall(SYS_exit_group, 0);
    return 0;
}
