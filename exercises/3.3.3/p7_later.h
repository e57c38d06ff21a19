/* p7_later.h: a callback that is called by the loop, soon, and not from in here. Given.
 *
 * All memory is taken in later_open(), so that what has begun can be told without any. One callback
 * at a time. You may do without this file: the tests know p7_context_manager.h only.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P7_LATER_H
#define P7_LATER_H

#include <errno.h>
#include <stddef.h>

#include "p7_context_manager.h"

struct later {
    struct event *event; /* calls on_later(); owned */
    enter_cb enter;      /* one of these two is to be called, with what follows; */
    done_cb done;        /* the other one is NULL */
    int result;
    void *value;
    void *arg;
};

/* The last use of `later`: what it calls may free it, or have the next callback called. */
static inline void on_later(evutil_socket_t fd, short what, void *arg)
{
    struct later *later = arg;

    (void)fd;
    (void)what;
    if (later->enter != NULL)
        later->enter(later->result, later->value, later->arg);
    else
        later->done(later->result, later->arg);
}

/* 0 or -ENOMEM. */
static inline int later_open(struct later *later, struct event_base *base)
{
    *later = (struct later){.event = event_new(base, -1, 0, on_later, later)};
    return later->event != NULL ? 0 : -ENOMEM;
}

/* What was to be called is not called any more. Also for one that could not be opened. */
static inline void later_close(struct later *later)
{
    if (later->event != NULL)
        event_free(later->event);
}

/* Whether one is still to be called. */
static inline bool later_pending(const struct later *later)
{
    return event_pending(later->event, EV_TIMEOUT, NULL) != 0;
}

static inline void later_tell_enter(struct later *later, int err, void *value, enter_cb cb,
                                    void *arg)
{
    later->enter = cb;
    later->done = NULL;
    later->result = err;
    later->value = value;
    later->arg = arg;
    event_active(later->event, EV_TIMEOUT, 0);
}

static inline void later_tell_done(struct later *later, int result, done_cb cb, void *arg)
{
    later->enter = NULL;
    later->done = cb;
    later->result = result;
    later->value = NULL;
    later->arg = arg;
    event_active(later->event, EV_TIMEOUT, 0);
}

#endif
