/* override_write.c: its own write()
 *
 * Outcome: cheating
 * Says: defines write\(\) itself
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <unistd.h>

ssize_t write(int fd, const void *bytes, size_t n)
{
    (void)fd;
    (void)bytes;
    return (ssize_t)n;
}

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)base;
    (void)done;
    (void)arg;
    return 0;
}
