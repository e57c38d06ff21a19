/* print_shop_turns.h: how many steps a turn makes, for check_06_task_scheduling.c
 *
 * Two measures. A guest comes to the loop while tasks go on and on, and notes how many steps have
 * been made before it is served. A ticker is a timer of 0 that arms itself again: it counts how
 * often the loop has gone round.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PRINT_SHOP_TURNS_H
#define PRINT_SHOP_TURNS_H

#include <stdbool.h>
#include <unistd.h>

#include "print_shop.h"

/* ---- a guest ---- */

/* How tasks go on and on. */
enum manner { YIELDS, SPAWNS_AND_ENDS, SPAWNS_AND_YIELDS };

/* All tasks of such a test. The first step makes the guest's event ready; they go on until its
 * callback has been called, or MANY steps have been made. */
struct crowd {
    struct runner *runner;
    enum manner manner;
    struct event *guest;
    int write_fd;  /* >= 0: a byte written to it makes the guest ready; else it is a timer */
    int steps;     /* of all tasks */
    int served_at; /* steps made when the guest was called; -1: it has not been */
};

static enum step_end step_crowd(void *arg)
{
    const struct timeval at_once = {.tv_sec = 0};
    struct crowd *crowd = arg;

    if (crowd->steps++ == 0) {
        if (crowd->write_fd >= 0)
            ck_assert_int_eq(write(crowd->write_fd, "x", 1), 1);
        ck_assert_int_eq(event_add(crowd->guest, crowd->write_fd >= 0 ? NULL : &at_once), 0);
    }
    if (crowd->served_at >= 0 || crowd->steps >= MANY)
        return STEP_DONE;
    if (crowd->manner != YIELDS)
        ck_assert_int_eq(runner_spawn(crowd->runner, step_crowd, crowd), 0);
    return crowd->manner == SPAWNS_AND_ENDS ? STEP_DONE : STEP_AGAIN;
}

static void on_guest(evutil_socket_t fd, short what, void *arg)
{
    struct crowd *crowd = arg;

    (void)fd;
    (void)what;
    crowd->served_at = crowd->steps;
}

static void crowd_expect_served(struct crowd *crowd, const char *guest)
{
    static const char *const manners[] = {"a task yields again and again",
                                          "each task spawns the next one and ends",
                                          "each task spawns the next one and yields"};
    /* libevent promises no order between a turn and a timer that are due together, so that two
     * turns may come first, behind the one in which the guest has become ready. Their steps: */
    const int most = crowd->manner == SPAWNS_AND_YIELDS ? 1 + 2 + 4 : 1 + 1 + 1;

    if (crowd->served_at > most)
        fail_test("%s; meanwhile %s is ready\n"
                  "expected  its callback comes after %d steps at the latest\n"
                  "got       its callback comes after %d steps",
                  manners[crowd->manner], guest, most, crowd->served_at);
}

static void expect_guest_served(enum manner manner, bool by_descriptor)
{
    struct shop shop = shop_open();
    struct crowd crowd = {.runner = shop.runner, .manner = manner, .write_fd = -1, .served_at = -1};
    int fds[2] = {-1, -1};
    int err;

    if (by_descriptor)
        ck_assert_int_eq(pipe(fds), 0);
    crowd.write_fd = fds[1];
    crowd.guest = event_new(test_base(), fds[0], by_descriptor ? EV_READ : 0, on_guest, &crowd);
    err = runner_spawn(shop.runner, step_crowd, &crowd);
    if (err != 0)
        fail_test("runner_spawn()\nexpected  returns 0\ngot       returns %s", result_text(err));
    if (crowd.steps == 0)
        expect_turn_ordered("");
    run_loop();
    if (crowd.steps == 0)
        fail_without_a_step();
    crowd_expect_served(&crowd, by_descriptor ? "a descriptor" : "a timer");
    expect_waiting(shop.runner, 0, "when the loop has ended");
    event_free(crowd.guest);
    runner_free(shop.runner);
    if (by_descriptor) {
        close(fds[0]);
        close(fds[1]);
    }
}

/* ---- a ticker ---- */

struct ticker {
    struct event *timer;
    int rounds, most; /* the loop has gone round so often; then it is stopped */
};

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    const struct timeval at_once = {.tv_sec = 0};
    struct ticker *ticker = arg;

    (void)fd;
    (void)what;
    if (++ticker->rounds < ticker->most)
        ck_assert_int_eq(event_add(ticker->timer, &at_once), 0);
    else
        ck_assert_int_eq(event_base_loopbreak(test_base()), 0);
}

/* Has the loop go round `rounds` times, which is a turn each, or one more, or one less. */
static void run_rounds(int rounds)
{
    const struct timeval at_once = {.tv_sec = 0};
    struct ticker ticker = {.most = rounds};

    ticker.timer = evtimer_new(test_base(), on_tick, &ticker);
    ck_assert_int_eq(event_add(ticker.timer, &at_once), 0);
    run_loop();
    event_free(ticker.timer);
}

#endif
