/* libevent_calls.c: what stands in front of libevent where the learner's code calls it
 *
 * Two things that the real functions may do and hardly ever do on a test machine: fail for want of
 * memory, in each_allocation_fails(), and change errno although they succeed. libevent's calls of
 * itself, and those of a suite, are left alone: libevent does not survive failures everywhere.
 * And one that the caller may not do: call from another thread than the loop's, see affinity.h.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>

#include "affinity.h"
#include "alloc.h"
#include "real.h"
#include "where.h"

REAL_FUNCTION(struct event *, event_new,
              (struct event_base *, evutil_socket_t, short, event_callback_fn, void *));
REAL_FUNCTION(int, event_add, (struct event *, const struct timeval *));
REAL_FUNCTION(int, event_del, (struct event *));
REAL_FUNCTION(int, event_base_once,
              (struct event_base *, evutil_socket_t, short, event_callback_fn, void *,
               const struct timeval *));

#define FAILS_NOW(size) (CALLED_BY_LEARNER() && alloc_fails_now(size))

/* A call that went well leaves any value in errno; this one no errno of a read or a write. */
static void spoil_errno(int result)
{
    if (result == 0)
        errno = ENOTTY;
}

EXPORT struct event *event_new(struct event_base *base, evutil_socket_t fd, short what,
                               event_callback_fn callback, void *arg)
{
    ON_LOOP_THREAD("event_new");
    return FAILS_NOW(sizeof(struct event)) ? NULL : REAL(event_new)(base, fd, what, callback, arg);
}

EXPORT int event_add(struct event *ev, const struct timeval *timeout)
{
    ON_LOOP_THREAD("event_add");
    if (FAILS_NOW(sizeof(void *)))
        return -1;
    int result = REAL(event_add)(ev, timeout);
    if (CALLED_BY_LEARNER())
        spoil_errno(result);
    return result;
}

/* Of coro.h's scheduler, which is given: see CORO_EVENT_ADD. */
EXPORT int sched_event_add(struct event *ev, const struct timeval *timeout);

int sched_event_add(struct event *ev, const struct timeval *timeout)
{
    return REAL(event_add)(ev, timeout);
}

EXPORT int event_del(struct event *ev)
{
    ON_LOOP_THREAD("event_del");
    int result = REAL(event_del)(ev);
    if (CALLED_BY_LEARNER())
        spoil_errno(result);
    return result;
}

EXPORT int event_base_once(struct event_base *base, evutil_socket_t fd, short what,
                           event_callback_fn callback, void *arg, const struct timeval *timeout)
{
    WITH_LOCKS("event_base_once", base);
    if (FAILS_NOW(sizeof(struct event)))
        return -1;
    return REAL(event_base_once)(base, fd, what, callback, arg, timeout);
}
