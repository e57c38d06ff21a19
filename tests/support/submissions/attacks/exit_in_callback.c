/* exit_in_callback.c: exit(0) from a callback of the loop
 *
 * Outcome: failed
 * Says: exit\(0\) was called in on_timer
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <stdlib.h>

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    exit(0);
}

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)done;
    (void)arg;
    event_base_once(base, -1, EV_TIMEOUT, on_timer, NULL, NULL);
    return 0;
}
