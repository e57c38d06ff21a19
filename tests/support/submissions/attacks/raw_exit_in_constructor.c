/* raw_exit_in_constructor.c: ends before main, past the C library
 *
 * Outcome: crashed
 * Says: ended with exit status 0
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "victim.h"

#include <sys/syscall.h>
#include <unistd.h>

__attribute__((constructor)) static void before_main(void)
{
    syscall(SYS_exit_group, 0);
}

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)base;
    (void)done;
    (void)arg;
    return 0;
}
