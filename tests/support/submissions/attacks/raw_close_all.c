/* raw_close_all.c: closes all descriptors, past the C library
 *
 * Outcome: failed|crashed
 * Says: before the test|missing|left|event base
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
    for (int fd = 0; fd < 1024; fd++)
        syscall(SYS_close, fd);
    return 0;
}
