/* polls_for_ever.c: a timer of 10 ms that looks for ever whether there is something to do
 *
 * Outcome: timeout
 * Says: woken again and again, \d{5,} times until \d+\.\d+
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

struct event *self;

static const struct timeval soon = {0, 10000};

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    event_add(self, &soon);
}

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)done;
    (void)arg;
    self = evtimer_new(base, on_timer, NULL);
    event_add(self, &soon);
    return 0;
}
