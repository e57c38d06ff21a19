/* p6_ping_tests.h: pings and pongs, for the suite of p6_websocket_server
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P6_PING_TESTS_H
#define P6_PING_TESTS_H

#include "p6_hall.h"

/* ---- pings and pongs ---- */

START_TEST(pings_are_answered)
{
    struct bytes b = {NULL, 0};

    text_add(&b, FIN | WS_PING, "");
    text_add(&b, FIN | WS_PING, "one");
    long_frame_add(&b, FIN | WS_PING, 125);
    frame_add(&b, FIN | WS_PING, "\xff\x00\x01", 3);
    one_client(&b, false, "sends four pings", "",
               "101; pong \"\"; pong \"one\"; pong of 125 bytes; pong \"\\xff\\x00\\x01\"");
}
END_TEST

START_TEST(pongs_are_ignored)
{
    struct bytes b = {NULL, 0};

    text_add(&b, FIN | WS_PONG, "");
    text_add(&b, FIN | WS_PONG, "nobody asked");
    text_add(&b, FIN | WS_TEXT, "well");
    one_client(&b, true, "sends two pongs and a text", "text \"well\"", "101; text \"well\"");
}
END_TEST

/* Pings after 300 ms, a look 200 ms later. */
static struct peer *enter_with_pings(struct hall *h)
{
    struct ws_options o = DEFAULTS;

    o.ping_ms = 300;
    o.pong_timeout_ms = 200;
    hall_open(h, &o);
    return client_enter(h, "/");
}

START_TEST(who_is_silent_is_gone)
{
    struct hall h;
    struct peer *p = enter_with_pings(&h);

    run_loop_for(290);
    expect_sent(p, "is silent, and ping_ms is 300", "101");
    run_loop_for(20);
    expect_sent(p, "is silent, and ping_ms is 300", "101; ping \"\"");
    run_loop_for(180);
    expect_told(&h, "is silent for pong_timeout_ms - 10", "open /");
    run_loop_for(20);
    expect_both(&h, p, "is silent, ping_ms is 300, pong_timeout_ms 200", "closed 1006",
                "101; ping \"\"; close 1011; end");
    expect_connections(&h, "when the only client is gone", 0);
    hall_close(&h);
}
END_TEST

/* `byte0`: with what the client shows that it is there, some time after each ping. */
static void shows_life(int byte0, const char *did, const char *told)
{
    struct hall h;
    struct bytes b = {NULL, 0};
    struct peer *p = enter_with_pings(&h);
    const int opened = now_ms();

    for (int round = 0; round < 3; round++) {
        frame_add(&b, byte0, "", 0);
        peer_send(p, opened + 500 * round + 400, b.at, b.n);
        free(b.at);
        b = (struct bytes){NULL, 0};
    }
    run_loop_for(500 + 500 + 290);
    expect_sent(p, did, "101; ping \"\"; ping \"\"");
    run_loop_for(500 - 290 + 290);
    expect_both(&h, p, did, told, "101; ping \"\"; ping \"\"; ping \"\"");
    run_loop_for(20);
    expect_sent(p, did, "101; ping \"\"; ping \"\"; ping \"\"; ping \"\"");
    hall_close(&h);
}

START_TEST(who_answers_stays)
{
    shows_life(FIN | WS_PONG, "answers each ping (ping_ms is 300, pong_timeout_ms 200)", "open /");
}
END_TEST

START_TEST(who_sends_something_else_stays)
{
    shows_life(FIN | WS_TEXT, "answers no ping, but sends a text after each one",
               "open /; text \"\"; text \"\"; text \"\"");
}
END_TEST

/* A sign of life before the ping says nothing of what comes after it. */
START_TEST(a_sign_before_the_ping_is_none)
{
    struct hall h;
    struct bytes b = {NULL, 0};
    struct peer *p = enter_with_pings(&h);

    run_loop_for(200);
    text_add(&b, FIN | WS_PONG, "too early");
    client_sends_all(p, &b);
    run_loop_for(310);
    expect_told(&h, "sends a pong before the ping, and nothing behind it", "open /; closed 1006");
    hall_close(&h);
}
END_TEST

START_TEST(no_pings_at_all)
{
    struct ws_options o = DEFAULTS;
    struct hall h;

    o.ping_ms = 0;
    hall_open(&h, &o);
    struct peer *p = client_enter(&h, "/");
    run_loop_for(3600 * 1000);
    expect_both(&h, p, "is silent for an hour, and ping_ms is 0", "open /", "101");
    hall_close(&h);
}
END_TEST

/* Cut once, at each place; the first piece is all that comes for a while. */
START_TEST(control_frames_in_pieces)
{
    static const int CONTROL[] = {WS_PING, WS_PONG};
    const size_t n = 6 + 5;

    for (size_t k = 0; k < 2 * (n - 1); k++) {
        const bool is_ping = CONTROL[k % 2] == WS_PING;
        const size_t cut = 1 + k / 2;
        struct hall h;
        struct bytes b = {NULL, 0};
        char did[100];

        hall_open(&h, &DEFAULTS);
        struct peer *p = client_enter(&h, "/");
        text_add(&b, FIN | CONTROL[k % 2], "a sea");
        client_sends(p, b.at, cut);
        snprintf(did, sizeof(did), "sends %zu bytes of a %s of %zu", cut, is_ping ? "ping" : "pong",
                 n);
        expect_both(&h, p, did, "open /", "101");
        text_add(&b, FIN | WS_TEXT, "well");
        client_sends(p, b.at + cut, b.n - cut);
        free(b.at);
        snprintf(did, sizeof(did), "sends a %s in two pieces, of %zu and %zu bytes, and a text",
                 is_ping ? "ping" : "pong", cut, n - cut);
        expect_both(&h, p, did, "text \"well\"", is_ping ? "101; pong \"a sea\"" : "101");
        hall_close(&h);
    }
}
END_TEST

/* One byte after each ping, of a fragment that is not complete for long: it is there. */
START_TEST(who_sends_slowly_stays)
{
    struct hall h;
    struct bytes b = {NULL, 0};
    struct peer *p = enter_with_pings(&h);

    text_add(&b, WS_TEXT, "the first fragment");
    client_sends(p, b.at, b.n);
    free(b.at);
    b = (struct bytes){NULL, 0};
    text_add(&b, FIN | WS_CONTINUATION, "the second");
    for (int round = 0; round < 3; round++)
        peer_send(p, now_ms() + 500 * round + 400, b.at + round, 1);
    free(b.at);
    run_loop_for(1500 + 310);
    expect_both(&h, p, "sends a fragment, then one byte of the next one after each ping", "open /",
                "101; ping \"\"; ping \"\"; ping \"\"; ping \"\"");
    hall_close(&h);
}
END_TEST

START_TEST(a_long_wait_for_a_pong)
{
    struct ws_options o = DEFAULTS;
    struct hall h;

    o.ping_ms = 300;
    o.pong_timeout_ms = 15000; /* more than any other time */
    hall_open(&h, &o);
    struct peer *p = client_enter(&h, "/");
    run_loop_for(300 + 15000 - 10);
    expect_both(&h, p, "is silent, ping_ms is 300, pong_timeout_ms 15000", "open /",
                "101; ping \"\"");
    run_loop_for(20);
    expect_both(&h, p, "is silent, ping_ms is 300, pong_timeout_ms 15000", "closed 1006",
                "101; ping \"\"; close 1011; end");
    hall_close(&h);
}
END_TEST

#endif
