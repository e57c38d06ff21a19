/* p4_turn_tests.h: two things that happen in one turn of the loop, for check_p4_http_client.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P4_TURN_TESTS_H
#define P4_TURN_TESTS_H

#include <unistd.h>

#include "p4_asker.h"
#include "vclock.h"

/* ---- two calls ---- */

static void cancel_other(struct asker *a, void *arg)
{
    struct asker *other = arg;

    http_client_cancel(a->call); /* NULL */
    http_client_cancel(other->call);
}

/* Both have their outcome in the same turn; the callback that comes first cancels the other. */
static void try_both(const char *what, const struct step *script, int error, int status)
{
    struct asker askers[2] = {{.then = cancel_other}, {.then = cancel_other}};
    struct listener *l = listener_open(script);
    const char *both = "two are told in the same turn of the loop: callbacks";
    int first;

    askers[0].arg = &askers[1];
    askers[1].arg = &askers[0];
    open_client();
    ask(&askers[0], l);
    ask(&askers[1], l);
    run_loop_for(EVER_MS);
    expect_number(both, 2, askers[0].told + askers[1].told);
    first = askers[0].error == -ECANCELED ? 1 : 0;
    expect_outcome(&askers[first], what, error, status, 100);
    expect_outcome(&askers[1 - first],
                   "the other one, which the first one's callback has cancelled, although its\n"
                   "outcome was known and only not told yet",
                   -ECANCELED, 0, 100);
    expect_text("the other one: its body", "", askers[1 - first].body);
    close_client();
    listener_free(l);
}

START_TEST(cancelled_in_a_callback)
{
    static const struct step answers[] = {AWAIT_REQUEST, AFTER(100), SEND(OK_JSON("{}", 2)), STAY},
                             closes[] = {AWAIT_REQUEST, AFTER(100), CLOSE};

    try_both("two are answered in the same turn of the loop", answers, 0, 200);
    try_both("two connections end in the same turn of the loop", closes, -ECONNRESET, 0);
}
END_TEST

/* ---- a call and its time, its answer ---- */

static int wake_up[2]; /* a pipe */

static void on_wake_up(evutil_socket_t fd, short what, void *arg)
{
    struct asker *a = arg;

    (void)fd;
    (void)what;
    http_client_cancel(a->call);
}

/* Called by the server: the call is cancelled in the loop's next turn. */
static void wake(void *arg)
{
    (void)arg;
    ck_assert_int_eq(write(wake_up[1], "x", 1), 1);
}

/* Called by the server: so long something else keeps the loop from running. */
static void keep_busy(void *arg)
{
    (void)arg;
    vclock_advance_to(((int64_t)now_ms() + 200) * 1000000);
}

static void try_wake_up(const char *what, const struct step *script, int after_ms)
{
    struct asker a = {0};
    struct listener *l = listener_open(script);
    struct event *event;

    ck_assert_int_eq(pipe(wake_up), 0);
    event = event_new(test_base(), wake_up[0], EV_READ, on_wake_up, &a);
    ck_assert(event != NULL && event_add(event, NULL) == 0);
    open_client();
    ask(&a, l);
    run_loop_for(EVER_MS);
    expect_outcome(&a, what, -ECANCELED, 0, after_ms);
    expect_text("a call that was cancelled: its body", "", a.body);
    event_free(event);
    close(wake_up[0]);
    close(wake_up[1]);
    close_client();
    listener_free(l);
}

START_TEST(cancelled_in_the_turn_of_its_end)
{
    static const struct step answers[] = {AWAIT_REQUEST, AFTER(100), CALL(wake, NULL),
                                          SEND(OK_JSON("{}", 2)), STAY},
                             moves[] = {AWAIT_REQUEST, AFTER(100), CALL(wake, NULL),
                                        SEND("HTTP/1.1 302 -\r\nLocation: /\r\n"
                                             "Content-Length: 0\r\n\r\n"),
                                        STAY},
                             late[] = {AWAIT_REQUEST, AFTER(TOTAL_MS - 100), CALL(wake, NULL),
                                       CALL(keep_busy, NULL), STAY};

    try_wake_up("cancelled, and the whole answer comes in the same turn of the loop", answers, 100);
    try_wake_up("cancelled, and a redirect comes in the same turn of the loop", moves, 100);
    try_wake_up("cancelled, and its time is over in the same turn of the loop: what was there "
                "first counts",
                late, TOTAL_MS + 100);
}
END_TEST

START_TEST(redirected_as_its_time_ends)
{
    static const struct step late[] = {
        AWAIT_REQUEST,
        AFTER(TOTAL_MS - 100),
        SEND("HTTP/1.1 302 -\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
        CALL(keep_busy, NULL),
        AWAIT_REQUEST,
        STAY};

    try_script("a redirect comes, and total_ms are over in the same turn of the loop: it is not\n"
               "followed without a time limit",
               late, -ETIMEDOUT, 0, TOTAL_MS + 100);
}
END_TEST

#endif
