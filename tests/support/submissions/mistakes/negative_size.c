/* negative_size.c: a negative number becomes a size
 *
 * Outcome: failed
 * Says: [0-9]{15,} bytes were asked for, in victim_start .*has a negative number become a size
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <stdlib.h>

struct item {
    char text[8];
};

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    volatile int n = -1;
    struct item *items = calloc((size_t)n, sizeof(*items));

    (void)base;
    (void)done;
    (void)arg;
    free(items);
    return -1;
}
