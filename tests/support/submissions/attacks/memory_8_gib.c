/* memory_8_gib.c: takes and touches 8 GiB
 *
 * Outcome: failed|crashed
 * Says: memory ran out|NULL pointer|signal 11
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <stdlib.h>

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)base;
    (void)done;
    (void)arg;
    for (int i = 0; i < 8192; i++) {
        volatile char *block = malloc(1 << 20);
        for (int at = 0; at < 1 << 20; at += 4096)
            block[at] = 1;
    }
    return 0;
}
