/* belt.h: a fast producer and a slow consumer, for the suite of 24_backpressure
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BELT_H
#define BELT_H

#include "bay.h"

enum { PARCELS = 5 };

/* A producer that is fast, and a consumer that takes a second for each item. */
struct belt {
    struct queue *queue;
    struct driver lorries[PARCELS];
    struct driver fork_lift;
    struct event *pause;
    int put, got; /* crates: the one that is brought now, and those that are asked for */
    int most_kg;  /* in the bay */
};

static inline void look(struct belt *belt)
{
    if (queue_kg(belt->queue) > belt->most_kg)
        belt->most_kg = queue_kg(belt->queue);
}

static inline void put_next(struct driver *driver)
{
    struct belt *belt = driver->arg;

    look(belt);
    if (++belt->put < PARCELS)
        put(&belt->lorries[belt->put]);
}

static inline void then_pause(struct driver *driver)
{
    struct belt *belt = driver->arg;

    look(belt);
    ck_assert_int_eq(event_add(belt->pause, &(struct timeval){1, 0}), 0);
}

static inline void on_paused(evutil_socket_t fd, short what, void *arg)
{
    struct belt *belt = arg;

    (void)fd;
    (void)what;
    look(belt);
    if (belt->got++ < PARCELS)
        get(&belt->fork_lift);
    look(belt);
}

static inline void belt_open(struct belt *belt)
{
    static const char *const NAMES[PARCELS] = {"0", "1", "2", "3", "4"};

    *belt = (struct belt){.queue = bay_open(2)};
    for (int k = 0; k < PARCELS; k++) {
        belt->lorries[k] = lorry(belt->queue, NAMES[k], 1);
        belt->lorries[k].then = put_next;
        belt->lorries[k].arg = belt;
    }
    belt->fork_lift = fork_lift(belt->queue, "Fin");
    belt->fork_lift.then = then_pause;
    belt->fork_lift.arg = belt;
    belt->pause = evtimer_new(test_base(), on_paused, belt);
    ck_assert_ptr_nonnull(belt->pause);
    ck_assert_int_eq(event_add(belt->pause, &(struct timeval){1, 0}), 0);
    put(&belt->lorries[0]);
}

#endif
