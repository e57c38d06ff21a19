/* endless_timers.c: a timer of 0 ms that arms itself for ever
 *
 * Outcome: failed|timeout
 * Says: endless loop|never let time move
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

struct event *self;

static const struct timeval at_once;

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    event_add(self, &at_once);
}

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)done;
    (void)arg;
    self = evtimer_new(base, on_timer, NULL);
    event_add(self, &at_once);
    return 0;
}
