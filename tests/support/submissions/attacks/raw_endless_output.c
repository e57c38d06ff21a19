/* raw_endless_output.c: prints without an end, past the C library
 *
 * Outcome: failed
 * Says: output without an end
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
    for (;;)
        syscall(SYS_write, STDERR_FILENO, "ok 1 - passed\n", 14);
    return 0;
}
