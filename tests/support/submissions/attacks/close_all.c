/* close_all.c: closes all descriptors, the verdict too
 *
 * Outcome: failed|crashed
 * Says: the grader's|not open|before the test
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <unistd.h>

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)base;
    (void)done;
    (void)arg;
    for (int fd = 0; fd < 1024; fd++)
        close(fd);
    return 0;
}
