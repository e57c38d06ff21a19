/* porter_night.h: a night at the hotel's door, for the suite of 05_event_dispatch
 *
 * A night is a porter and a plan: what others do, each at its time; it stands in parentheses in the
 * timeline. SIGUSR1 is ignored before the porter comes, so that one who does not wait for it is not
 * deadly.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PORTER_NIGHT_H
#define PORTER_NIGHT_H

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "05_event_dispatch.h"
#include "suite.h"

enum { MOST_PLANS = 6 };
enum deed { RING, KNOCK, ASK_FOR_REPORT, PULL_CORD, CUT_WIRE, STOP, FREE };

/* What somebody does at a time. */
struct plan {
    struct night *night;
    enum deed deed;
    struct event *event; /* owned */
};

/* A night at the hotel's door. */
struct night {
    struct porter *porter;
    int wire[2]; /* a socket pair: the bell, and the button at its other end, or -1; owned */
    struct plan plans[MOST_PLANS];
    int n_plans;
};

/* A base, and a porter who watches it. */
static void night_begin(struct night *night)
{
    struct event_base *base = test_base();

    memset(night, 0, sizeof(*night));
    ck_assert_int_eq(event_base_priority_init(base, PORTER_PRIORITIES), 0);
    ck_assert(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
    ck_assert_int_eq(evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, night->wire), 0);
    ck_assert_int_eq(evutil_make_socket_nonblocking(night->wire[0]), 0);
    night->porter = porter_new(base, night->wire[0]);
    if (night->porter == NULL)
        fail_test("porter_new() returned NULL for a bell that can be watched:\n"
                  "it is not written yet, TODO(1), or one of its events was not made or added");
}

static void night_end(struct night *night)
{
    porter_free(night->porter);
    for (int k = 0; k < night->n_plans; k++)
        event_free(night->plans[k].event);
    close(night->wire[0]);
    if (night->wire[1] >= 0)
        close(night->wire[1]);
}

static void night_do(struct night *night, enum deed deed)
{
    switch (deed) {
    case RING:
        trace("(a ring)");
        ck_assert_int_eq(write(night->wire[1], "r", 1), 1);
        break;
    case KNOCK:
        trace("(a knock)");
        porter_knock(night->porter);
        break;
    case ASK_FOR_REPORT:
        trace("(SIGUSR1)");
        raise(SIGUSR1);
        break;
    case PULL_CORD:
        trace("(the cord is pulled)");
        porter_alarm(night->porter);
        break;
    case CUT_WIRE:
        trace("(the wire is cut)");
        close(night->wire[1]);
        night->wire[1] = -1;
        break;
    case STOP:
        trace("(porter_stop)");
        if (porter_stop(night->porter) != 0)
            fail_test("porter_stop() must tell the loop to end\nexpected  returns 0\n"
                      "got       returns -1");
        break;
    case FREE:
        trace("(porter_free)");
        porter_free(night->porter);
        night->porter = NULL;
        break;
    }
}

static void on_plan(evutil_socket_t fd, short what, void *arg)
{
    const struct plan *plan = arg;

    (void)fd;
    (void)what;
    night_do(plan->night, plan->deed);
}

/* Has `deed` done at `at_ms`. With ALARM_PRIORITY it comes before what is routine and ready then;
 * with ROUTINE_PRIORITY and the present time, before what is made active after this call. */
static void night_plan(struct night *night, int at_ms, int priority, enum deed deed)
{
    const int wait_ms = at_ms - now_ms();
    const struct timeval wait = {wait_ms / 1000, wait_ms % 1000 * 1000};
    struct plan *plan = &night->plans[night->n_plans++];

    ck_assert_int_le(night->n_plans, MOST_PLANS);
    *plan = (struct plan){night, deed, event_new(test_base(), -1, 0, on_plan, plan)};
    ck_assert_ptr_nonnull(plan->event);
    ck_assert_int_eq(event_priority_set(plan->event, priority), 0);
    if (wait_ms == 0)
        event_active(plan->event, EV_TIMEOUT, 0);
    else
        ck_assert_int_eq(event_add(plan->event, &wait), 0);
}

static bool is_ignored(int signal_number)
{
    struct sigaction now;

    ck_assert_int_eq(sigaction(signal_number, NULL, &now), 0);
    return now.sa_handler == SIG_IGN;
}

static void run_and_note_the_end(int ms)
{
    run_loop_for(ms);
    trace("the loop has ended");
}

/* That a porter who is gone has put SIGUSR1 back. The events that he has left in the loop are
 * found, and named, at the end of each test. */
static void expect_signal_put_back(void)
{
    if (!is_ignored(SIGUSR1))
        fail_test("porter_free() must put SIGUSR1 back\nexpected  ignored, as before "
                  "porter_new()\ngot       still handled by the loop");
}

#endif
