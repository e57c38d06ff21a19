/* exit_in_constructor.c: exit(0) before main
 *
 * Outcome: cheating
 * Says: while the program was loaded
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <stdlib.h>

__attribute__((constructor)) static void before_main(void)
{
    exit(0);
}

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)base;
    (void)done;
    (void)arg;
    return 0;
}
