/* p6_close_tests.h: how connections end, for the suite of p6_websocket_server
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P6_CLOSE_TESTS_H
#define P6_CLOSE_TESTS_H

#include "p6_hall.h"

/* ---- the client closes ---- */

/* The client sends a Close frame, and rubbish behind it. */
static void client_closes(int code, const char *reason, const char *told, const char *sent)
{
    struct hall h;
    struct bytes b = {NULL, 0};
    char did[128];

    hall_open(&h, &DEFAULTS);
    struct peer *p = client_enter(&h, "/");
    h.told = (struct words){.n = 0};
    close_add(&b, code, reason);
    text_add(&b, FIN | WS_PING, "behind the close");
    text_add(&b, FIN | WS_TEXT, "this too");
    client_sends_all(p, &b);
    snprintf(did, sizeof(did), "closes with %d and \"%.20s\"", code, reason);
    expect_both(&h, p, did, "", sent); /* the server closes first; it waits for the client */
    peer_close(p, now_ms());
    run_loop_for(MOMENT);
    expect_told(&h, did, told);
    run_loop_for(DEFAULTS.close_ms);
    expect_told(&h, did, "");
    hall_close(&h);
    expect_told(&h, did, "");
}

START_TEST(codes_that_are_answered)
{
    static const int CODES[] = {1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999};

    for (size_t k = 0; k < sizeof(CODES) / sizeof(CODES[0]); k++) {
        char told[64], sent[64];

        snprintf(told, sizeof(told), "closed %d", CODES[k]);
        snprintf(sent, sizeof(sent), "101; close %d; end", CODES[k]);
        client_closes(CODES[k], "", told, sent);
    }
    client_closes(1000, "bye", "closed 1000 \"bye\"", "101; close 1000; end");
    client_closes(4000, "a reason", "closed 4000 \"a reason\"", "101; close 4000; end");
    client_closes(0, "", "closed 1005", "101; close; end");
}
END_TEST

START_TEST(codes_that_nobody_may_send)
{
    static const int CODES[] = {1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535};

    for (size_t k = 0; k < sizeof(CODES) / sizeof(CODES[0]); k++)
        client_closes(CODES[k], "", "closed 1002", "101; close 1002; end");
    client_closes(1000, "\xff", "closed 1007", "101; close 1007; end");
    client_closes(1000, "cut off: \xe2\x82", "closed 1007", "101; close 1007; end");
}
END_TEST

START_TEST(a_close_of_one_byte)
{
    struct bytes b = {NULL, 0};

    frame_add(&b, FIN | WS_CLOSE, "\x03", 1);
    one_client(&b, false, "sends a Close frame with 1 byte", "", "101; close 1002; end");
}
END_TEST

START_TEST(longest_reason)
{
    char reason[WS_REASON_MOST + 1], told[200];

    memset(reason, 'r', WS_REASON_MOST);
    reason[WS_REASON_MOST] = '\0';
    snprintf(told, sizeof(told), "closed 1000 \"%s\"", reason);
    client_closes(1000, reason, told, "101; close 1000; end");
}
END_TEST

/* It has said all, and half-closes. What is queued for it still comes, however slowly. */
START_TEST(all_is_sent_before_the_end)
{
    struct hall h;
    struct bytes b = {NULL, 0};

    hall_open(&h, &DEFAULTS);
    h.echo = true;
    struct peer *p = client_enter(&h, "/");
    faults.max_write = 700;
    faults.eagain_every = 3;
    long_frame_add(&b, FIN | WS_BINARY, 60000);
    close_add(&b, 1000, "");
    client_sends(p, b.at, b.n);
    free(b.at);
    peer_shutdown(p, now_ms());
    run_loop_for(50);
    expect_both(&h, p, "sends 60,000 bytes to an echo, closes, and sends no more",
                "open /; binary of 60000 bytes; closed 1000",
                "101; binary of 60000 bytes; close 1000; end");
    hall_close(&h);
}
END_TEST

/* ---- the connection breaks off ---- */

static void breaks_off(void (*how)(struct peer *p, int at_ms), const char *did)
{
    struct hall h;
    struct bytes b = {NULL, 0};

    hall_open(&h, &DEFAULTS);
    struct peer *p = client_enter(&h, "/"), *other = client_enter(&h, "/other");
    text_add(&b, WS_TEXT, "the first half");
    client_sends_all(p, &b);
    how(p, now_ms());
    run_loop_for(MOMENT);
    expect_told(&h, did, "open /; open /other; closed 1006");
    expect_connections(&h, "when one of two has broken off", 1);
    text_add(&b, FIN | WS_TEXT, "still here");
    client_sends_all(other, &b);
    expect_told(&h, "sends a text, when another one has broken off", "text \"still here\"");
    hall_close(&h);
    expect_told(&h, "is open when the server is freed", "closed 1006");
}

START_TEST(a_client_vanishes)
{
    breaks_off(peer_close, "closes its socket without a Close frame");
    breaks_off(peer_reset, "is reset");
    breaks_off(peer_shutdown, "sends no more, without a Close frame");
}
END_TEST

/* ---- the server closes ---- */

static void close_when_hello_comes(struct hall *h, struct ws_conn *c)
{
    h->inside = true;
    h->result = ws_close(c, 4001, "enough");
    h->inside = false;
    h->during_message = NULL; /* once */
}

/* A client whose "Hello" has led to ws_close(). */
static struct peer *enter_and_be_closed(struct hall *h)
{
    struct bytes b = {NULL, 0};

    hall_open(h, &DEFAULTS);
    h->during_message = close_when_hello_comes;
    struct peer *p = client_enter(h, "/");
    text_add(&b, FIN | WS_TEXT, "Hello");
    text_add(&b, FIN | WS_TEXT, "too late");
    client_sends_all(p, &b);
    expect_returned("ws_close(c, 4001, \"enough\")", h->result, 0);
    expect_both(h, p, "sends two texts; at the first one ws_close() is called",
                "open /; text \"Hello\"", "101; close 4001");
    size_t n;
    const char *received = peer_received(p, &n);
    if (n < 6 || memcmp(received + n - 6, "enough", 6) != 0)
        fail_test("ws_close(c, 4001, \"enough\")\nexpected  the reason in the Close frame\n"
                  "got       none, or another one");
    return p;
}

START_TEST(the_client_answers)
{
    struct hall h;
    struct bytes b = {NULL, 0};
    struct peer *p = enter_and_be_closed(&h);

    text_add(&b, FIN | WS_PING, "not answered");
    text_add(&b, WS_TEXT, "the first fragment");
    close_add(&b, 4001, "");
    peer_send(p, now_ms() + 500, b.at, b.n);
    free(b.at);
    run_loop_for(490);
    expect_both(&h, p, "has not answered yet", "", "101; close 4001");
    run_loop_for(20);
    expect_sent(p, "has answered the server's close", "101; close 4001; end");
    peer_close(p, now_ms());
    run_loop_for(MOMENT);
    expect_told(&h, "has answered and closed", "closed 4001 \"enough\"");
    hall_close(&h);
}
END_TEST

START_TEST(the_client_never_answers)
{
    struct hall h;
    struct bytes b = {NULL, 0};
    struct peer *p = enter_and_be_closed(&h);

    text_add(&b, FIN | WS_BINARY, "I go on and on");
    for (int k = 1; k < 10; k++)
        peer_send(p, now_ms() + 1000 * k, b.at, b.n);
    free(b.at);
    run_loop_for(DEFAULTS.close_ms - 10);
    expect_both(&h, p, "has not answered for close_ms - 10", "", "101; close 4001");
    run_loop_for(20);
    expect_both(&h, p, "has not answered for close_ms", "closed 1006", "101; close 4001; end");
    hall_close(&h);
}
END_TEST

START_TEST(the_client_leaves_without_an_answer)
{
    struct hall h;
    struct peer *p = enter_and_be_closed(&h);

    peer_close(p, now_ms() + 100);
    run_loop_for(200);
    expect_told(&h, "leaves, and has not answered the server's close", "closed 1006");
    hall_close(&h);
}
END_TEST

/* It answers with what nobody may send; or has said all, and its socket stays open. */
START_TEST(the_client_does_not_close_its_socket)
{
    struct hall h;
    struct bytes b = {NULL, 0};
    struct peer *p = enter_and_be_closed(&h);

    close_add(&b, 999, "");
    client_sends_all(p, &b);
    expect_sent(p, "answers the server's close with the code 999", "101; close 4001; end");
    run_loop_for(DEFAULTS.close_ms - 10);
    expect_connections(&h, "while a client may still close its socket", 1);
    run_loop_for(20);
    expect_told(&h, "does not close its socket for close_ms", "closed 4001 \"enough\"");
    expect_connections(&h, "when close_ms is over", 0);
    hall_close(&h);
}
END_TEST

static void close_wrongly(struct hall *h, struct ws_conn *c)
{
    static const int CODES[] = {0, 999, 1004, 1005, 1006, 1015, 2999, 5000};
    char reason[WS_REASON_MOST + 2], call[32];

    (void)h;
    for (size_t k = 0; k < sizeof(CODES) / sizeof(CODES[0]); k++) {
        snprintf(call, sizeof(call), "ws_close(c, %d, NULL)", CODES[k]);
        expect_returned(call, ws_close(c, CODES[k], NULL), -EINVAL);
    }
    memset(reason, 'r', sizeof(reason));
    reason[WS_REASON_MOST + 1] = '\0';
    expect_returned("ws_close() with a reason of 124 bytes", ws_close(c, 1000, reason), -EINVAL);
    expect_returned("ws_close(c, 1000, \"\\xff\")", ws_close(c, 1000, "\xff"), -EINVAL);
    reason[WS_REASON_MOST] = '\0';
    expect_returned("ws_close() with a reason of 123 bytes", ws_close(c, 1000, reason), 0);
    expect_returned("the second ws_close()", ws_close(c, 1000, NULL), -ENOTCONN);
    expect_returned("ws_send() after ws_close()", ws_send(c, WS_TEXT, "a", 1), -ENOTCONN);
}

static void send_when_closed(struct hall *h, struct ws_conn *c)
{
    (void)h;
    expect_returned("ws_send() in on_close", ws_send(c, WS_TEXT, "a", 1), -ENOTCONN);
    expect_returned("ws_close() in on_close", ws_close(c, 1000, NULL), -ENOTCONN);
}

START_TEST(what_ws_close_returns)
{
    struct hall h;
    struct bytes b = {NULL, 0};

    hall_open(&h, &DEFAULTS);
    h.during_message = close_wrongly;
    h.during_close = send_when_closed;
    struct peer *p = client_enter(&h, "/");
    text_add(&b, FIN | WS_TEXT, "Hello");
    client_sends_all(p, &b);
    expect_sent(p, "is closed by ws_close()", "101; close 1000");
    hall_close(&h);
}
END_TEST

#endif
