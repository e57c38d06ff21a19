/* internal_event.h: events of the harness in the loop of a test
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef INTERNAL_EVENT_H
#define INTERNAL_EVENT_H

#include <event2/event.h>
#include <event2/event_struct.h>

/* Marks an event that was assigned and not yet added as libevent's own: it does not keep the loop
 * alive, and the ledger does not count it. */
static inline void event_make_internal(struct event *ev)
{
    ev->ev_evcallback.evcb_flags |= EVLIST_INTERNAL;
}

#endif
