/* timer_guest.h: a timer that is due while callback follows callback
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TIMER_GUEST_H
#define TIMER_GUEST_H

#include <stdbool.h>

#include "suite.h"
#include "vclock.h"

struct guest {
    bool served;
    int looks; /* how often it was not */
};

static inline void on_guest(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    *(bool *)arg = true;
}

/* A timer is asked for, and is due from now on. */
static inline void guest_come(struct guest *guest)
{
    const struct timeval soon = {.tv_usec = 1000};

    ck_assert_int_eq(event_base_once(test_base(), -1, EV_TIMEOUT, on_guest, &guest->served, &soon),
                     0);
    vclock_advance_to((now_ms() + 2) * INT64_C(1000000));
}

/* Called by a cb, before the next call is begun. The guest comes with the first one. Fails the test
 * if it is called again and again, and the timer was never served. */
static inline bool guest_is_served(struct guest *guest)
{
    enum { MOST_LOOKS = 200 };

    if (guest->looks++ == 0)
        guest_come(guest);
    if (!guest->served && guest->looks > MOST_LOOKS)
        fail_test("a put and a get go on for ever, and a timer is due\n"
                  "expected  the timer is served meanwhile\n"
                  "got       no call of it, while a cb was called %d times",
                  MOST_LOOKS);
    return guest->served;
}

#endif
