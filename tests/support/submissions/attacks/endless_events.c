/* endless_events.c: makes itself active for ever: the loop turns, time does not
 *
 * Outcome: timeout|failed
 * Says: endless loop|never let time move
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

struct event *self;

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    event_active(self, EV_TIMEOUT, 0);
}

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)done;
    (void)arg;
    self = evtimer_new(base, on_timer, NULL);
    event_active(self, EV_TIMEOUT, 0);
    return 0;
}
