/* bridge_last_tests.h: tests of 09_http_server: clients that leave, and the end of the bridge
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BRIDGE_LAST_TESTS_H
#define BRIDGE_LAST_TESTS_H

#include "ship_client.h"

/* ---- a client that leaves ---- */

/* A ship asks at 0.100, and at 0.300 its client goes away in the manner of `leave`. */
static void leave_while_waiting(void (*leave)(struct peer *p, int at_ms), bool hears)
{
    struct bridge *b = open_bridge();
    const int before = count_descriptors();
    struct client c;

    client_open(&c, b);
    client_send(&c, 100, "POST", "/ships", JSON_TYPE, ADA);
    leave(c.peer, 300);
    run_loop_for(3000);
    if (hears)
        (void)expect_reply(&c, 201, ADA);
    else
        ck_assert_int_eq(c.replies, 0);
    client_close(&c);
    run_loop_for(10);
    if (count_descriptors() > before)
        fail_test("a client sends POST /ships at 0.100, leaves at 0.300, and the ship passes at "
                  "2.100\nexpected  its connection is closed at 3.000: the request was answered\n"
                  "got       the bridge still has the connection");
    expect_ships(b, "[" ADA "]");
    free_bridge(b);
}

START_TEST(it_closes)
{
    leave_while_waiting(peer_close, false);
}
END_TEST

START_TEST(it_resets)
{
    leave_while_waiting(peer_reset, false);
}
END_TEST

/* "I have said all" is not "I do not listen". */
START_TEST(it_sends_no_more)
{
    leave_while_waiting(peer_shutdown, true);
}
END_TEST

START_TEST(two_of_three_leave)
{
    struct bridge *b = open_bridge();
    struct client c[3];

    for (int k = 0; k < 3; k++) {
        client_open(&c[k], b);
        client_send(&c[k], 100 + 100 * k, "POST", "/ships", JSON_TYPE, k == 1 ? BOB : ADA);
    }
    peer_close(c[0].peer, 1000);
    peer_reset(c[2].peer, 1000);
    run_loop_for(3000);
    (void)expect_reply(&c[1], 201, BOB);
    expect_ships(b, "[" ADA "," BOB "," ADA "]");
    for (int k = 0; k < 3; k++)
        client_close(&c[k]);
    free_bridge(b);
}
END_TEST

/* A client that is gone without a word cannot be told from one that is silent. */
START_TEST(it_is_silent)
{
    const int silence = 1000 * SILENCE_SECONDS;
    struct bridge *b = open_bridge();
    struct client c;

    client_open(&c, b);
    client_send(&c, 100, "GET", "/ships", "", NULL);
    client_send(&c, silence - 1000, "GET", "/ships", "", NULL);
    snprintf(c.requested[1], sizeof(c.requested[1]),
             "GET /ships at 29.000, when its client has been silent since 0.100");
    run_loop_for(silence);
    (void)expect_reply(&c, 200, "[]");
    (void)expect_reply(&c, 200, "[]");
    run_loop_for(silence - 2000);
    if (peer_saw_end(c.peer))
        fail_test("a client has asked at 29.000, and is silent from then on\n"
                  "expected  its connection is open until 59.000: SILENCE_SECONDS is 30\n"
                  "got       it is closed at 58.000");
    run_loop_for(2000);
    if (!peer_saw_end(c.peer))
        fail_test("a client has asked at 29.000, and is silent from then on\n"
                  "expected  its connection is closed at 59.000: SILENCE_SECONDS is 30\n"
                  "got       it is open at 60.000");
    client_close(&c);
    free_bridge(b);
}
END_TEST

/* ---- stop and free ---- */

START_TEST(stopped_while_a_ship_waits)
{
    struct bridge *b = open_bridge(), *next;
    struct client c;
    int port = bridge_port(b);

    client_open(&c, b);
    client_send(&c, 100, "POST", "/ships", JSON_TYPE, ADA);
    run_loop_for(500);
    bridge_stop(b);
    bridge_stop(b);
    next = bridge_open(test_base(), port); /* the port is free */
    if (next == NULL || bridge_port(next) != port)
        fail_test("bridge_open() with port %d, after bridge_stop() of the bridge that had it\n"
                  "expected  a bridge on port %d\ngot       %s",
                  port, port, next == NULL ? "NULL" : "one on another port");
    run_loop_for(2000);
    (void)expect_reply(&c, 201, ADA);
    expect_ships(next, "[]");
    client_close(&c);
    free_bridge(b);
    free_bridge(next);
}
END_TEST

/* At each of these moments: before the first turn of the loop, while ships wait, and right after
 * one has passed. */
START_TEST(freed_at_any_moment)
{
    for (int ms = 0; ms <= 2400; ms += 300) {
        struct bridge *b = open_bridge();
        struct client c[3];

        for (int k = 0; k < 3; k++) {
            client_open(&c[k], b);
            client_send(&c[k], now_ms() + 250 * k, "POST", "/ships", JSON_TYPE, ADA);
        }
        if (ms > 0)
            run_loop_for(ms);
        free_bridge(b);
        run_loop_for(3000);
        for (int k = 0; k < 3; k++)
            client_close(&c[k]);
    }
    free_bridge(NULL);
}
END_TEST

START_TEST(a_port_that_is_taken)
{
    struct bridge *b = open_bridge();
    struct bridge *other = bridge_open(test_base(), 0);

    if (other == NULL || bridge_port(other) == bridge_port(b))
        fail_test("a second bridge_open() with port 0, while the first bridge is on port %d\n"
                  "expected  a bridge on another port\ngot       %s",
                  bridge_port(b), other == NULL ? "NULL" : "one on the same port");
    if (bridge_open(test_base(), bridge_port(b)) != NULL)
        fail_test("bridge_open() on the port of another bridge\nexpected  NULL\n"
                  "got       a bridge");
    expect_ships(b, "[]");
    expect_ships(other, "[]");
    free_bridge(other);
    free_bridge(b);
}
END_TEST

static int told_503; /* how many ships were told that there is no memory */

/* A ship waits, or is told that there is no memory. */
static void ask_once(void *unused)
{
    struct bridge *b = bridge_open(test_base(), 0);
    struct client c;
    struct reply r;
    char *what = c.requested[0];

    (void)unused;
    if (b == NULL)
        return;
    client_open(&c, b);
    client_send(&c, now_ms(), "POST", "/ships", JSON_TYPE, ADA);
    run_loop_for(RAISE_MS + AT_ONCE_MS);
    snprintf(what, sizeof(c.requested[0]),
             "one of the calls that need memory got none; then POST /ships " ADA);
    r = client_take(&c, false, "201, or an error");
    /* Without memory for the parser a good body looks bad: 400. Without memory for the headers of a
     * reply it cannot be sent as it should be: 500, in whatever words. */
    if (r.status != 201 && r.status != 503 && r.status != 400 && r.status != 500)
        fail_test("%s\nexpected  NULL from bridge_open(); or 201, or 503\ngot       %d %s", what,
                  r.status, shown(r.text));
    if (r.status != 500) {
        compare_reply(what, &r, r.status, r.status == 201 ? ADA : ANY_ERROR);
        expect_json_type(what, &r);
    }
    told_503 += r.status == 503;
    client_close(&c);
    free_bridge(b);
}

START_TEST(no_memory)
{
    told_503 = 0;
    each_allocation_fails(ask_once, NULL);
    if (told_503 == 0)
        fail_test("each of the calls that need memory got none in turn: what a ship is told that "
                  "cannot wait\nexpected  503\ngot       400 or 500, each time");
}
END_TEST

#endif
