/* p6_closing_tests.h: what comes while a connection closes, for the suite of p6_websocket_server
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P6_CLOSING_TESTS_H
#define P6_CLOSING_TESTS_H

#include "p6_close_tests.h"
#include "p6_queue_tests.h" /* bytes_in_use(), fill_queue() */

/* ---- the client has closed ---- */

/* Its Close frame is cut once, at each place; the first piece is all that comes for a while. */
START_TEST(a_close_in_pieces)
{
    const size_t n = 6 + 5;

    for (size_t cut = 1; cut < n; cut++) {
        struct hall h;
        struct bytes b = {NULL, 0};
        char did[80];

        hall_open(&h, &DEFAULTS);
        struct peer *p = client_enter(&h, "/");
        close_add(&b, 1000, "bye");
        client_sends(p, b.at, cut);
        snprintf(did, sizeof(did), "sends %zu bytes of a Close frame of %zu", cut, n);
        expect_both(&h, p, did, "open /", "101");
        client_sends(p, b.at + cut, n - cut);
        free(b.at);
        snprintf(did, sizeof(did), "sends a Close frame in two pieces, of %zu and %zu bytes", cut,
                 n - cut);
        expect_sent(p, did, "101; close 1000; end");
        hall_close(&h);
        expect_told(&h, did, "closed 1000 \"bye\"");
    }
}
END_TEST

START_TEST(a_close_inside_of_a_message)
{
    struct bytes b = {NULL, 0};

    text_add(&b, WS_TEXT, "a message that never ends");
    close_add(&b, 1001, "");
    one_client(&b, false, "closes between two fragments of a text, which is allowed", "",
               "101; close 1001; end");
}
END_TEST

/* It has said all, and its socket stays open; whatever it sends, it may not stay for ever. */
static void closes_and_stays(const char *does, int byte0, const char *payload, size_t n)
{
    struct hall h;
    struct bytes b = {NULL, 0};
    char did[128];

    hall_open(&h, &DEFAULTS);
    struct peer *p = client_enter(&h, "/");
    h.told = (struct words){.n = 0};
    close_add(&b, 1000, "bye");
    client_sends_all(p, &b);
    for (int k = 1; byte0 != 0 && k < 20; k++) {
        frame_add(&b, byte0, payload, n);
        peer_send(p, now_ms() + 1000 * k, b.at, b.n);
        free(b.at);
        b = (struct bytes){NULL, 0};
    }
    snprintf(did, sizeof(did), "closes, keeps its socket open%s", does);
    run_loop_for(DEFAULTS.close_ms - 10);
    expect_both(&h, p, did, "", "101; close 1000; end");
    expect_connections(&h, "close_ms - 10 after a client has closed, that keeps its socket", 1);
    run_loop_for(20);
    if (ws_server_connections(h.server) != 0)
        fail_test("at %.3f, a client %s\nexpected  it is dropped close_ms (%d) after its Close\n"
                  "got       it is still there",
                  now_ms() / 1e3, did, DEFAULTS.close_ms);
    expect_told(&h, did, "closed 1000 \"bye\"");
    hall_close(&h);
}

START_TEST(who_closes_and_stays)
{
    static const char MUCH[20000] = "";

    closes_and_stays(", and is silent", 0, "", 0);
    closes_and_stays(", and sends a text each second", FIN | WS_TEXT, "more", 4);
    closes_and_stays(", and sends 20,000 bytes each second", FIN | WS_BINARY, MUCH, sizeof(MUCH));
    closes_and_stays(", and sends opcode 3 each second", FIN | 0x3, "more", 4);
    closes_and_stays(", and sends a Close frame each second", FIN | WS_CLOSE, "\x03\xe9", 2);
}
END_TEST

/* ---- the server has closed ---- */

/* The client sends `b` in the place of an answer; on_close has to get what ws_close() got. */
static void answers_with(struct bytes *b, const char *what)
{
    struct hall h;
    struct peer *p = enter_and_be_closed(&h);
    char did[128];

    snprintf(did, sizeof(did), "was closed by ws_close(), and sends %s", what);
    client_sends_all(p, b);
    expect_both(&h, p, did, "", "101; close 4001; end");
    peer_close(p, now_ms());
    run_loop_for(MOMENT);
    expect_told(&h, did, "closed 4001 \"enough\"");
    hall_close(&h);
}

START_TEST(answers_of_all_kinds)
{
    struct bytes b = {NULL, 0};

    close_add(&b, 4001, "");
    answers_with(&b, "a Close frame with its code");
    close_add(&b, 0, "");
    answers_with(&b, "an empty Close frame");
    close_add(&b, 1000, "another reason");
    answers_with(&b, "a Close frame with a code and a reason of its own");
    close_add(&b, 999, "");
    answers_with(&b, "a Close frame with 999, a code that nobody may send");
    frame_add(&b, FIN | WS_CLOSE, "\x03", 1);
    answers_with(&b, "a Close frame with 1 byte");
    close_add(&b, 1000, "\xff");
    answers_with(&b, "a Close frame whose reason is no UTF-8");
    text_add(&b, WS_TEXT, "half");
    text_add(&b, FIN | WS_TEXT, "no continuation");
    text_add(&b, FIN | WS_TEXT, "\xff");
    text_add(&b, FIN | WS_CONTINUATION, "of what?");
    close_add(&b, 1000, "");
    answers_with(&b, "messages that are thrown away, right or wrong, and then a Close frame");
}
END_TEST

/* It is what nobody may send, in whatever state: no second Close frame, and no waiting. */
START_TEST(wrong_frames_in_place_of_an_answer)
{
    const unsigned char mask[4] = {1, 2, 3, 4};
    struct bytes b = {NULL, 0};

    text_add(&b, FIN | 0x40 | WS_TEXT, "bad");
    answers_with(&b, "a frame with RSV1");
    text_add(&b, FIN | 0x3, "bad");
    answers_with(&b, "opcode 3");
    bytes_add(&b, "\x81\x05Hello", 7);
    answers_with(&b, "a frame without mask");
    text_add(&b, WS_PING, "a");
    answers_with(&b, "a ping without FIN");
    header_add(&b, FIN | WS_BINARY, true, 125, 2, mask);
    answers_with(&b, "the length 125 in 2 bytes");
    long_frame_add(&b, FIN | WS_PING, 126);
    answers_with(&b, "a ping of 126 bytes");
    long_frame_add(&b, FIN | WS_CLOSE, 4096);
    answers_with(&b, "a Close frame of 4096 bytes");
}
END_TEST

START_TEST(an_answer_in_pieces)
{
    struct hall h;
    struct bytes b = {NULL, 0};
    struct peer *p = enter_and_be_closed(&h);

    text_add(&b, FIN | WS_PONG, "this is no answer");
    close_add(&b, 4001, "enough");
    for (size_t k = 0; k < b.n; k++) {
        expect_both(&h, p, "has sent a pong, and not yet all of its answer", "", "101; close 4001");
        client_sends(p, b.at + k, 1);
    }
    free(b.at);
    expect_sent(p, "sends its answer byte by byte", "101; close 4001; end");
    hall_close(&h);
    expect_told(&h, "has sent its answer byte by byte", "closed 4001 \"enough\"");
}
END_TEST

/* What is thrown away needs no memory. */
START_TEST(data_while_closing_takes_no_memory)
{
    enum { MUCH = 800 * 1000 };
    struct hall h;
    struct bytes b = {NULL, 0};
    struct peer *p = enter_and_be_closed(&h);

    long_frame_add(&b, WS_BINARY, MUCH);
    peer_send(p, now_ms(), b.at, b.n - 1);
    free(b.at);
    const size_t before = bytes_in_use();
    run_loop_for(10);
    const size_t after = bytes_in_use();
    if (after > before + MUCH / 4)
        fail_test("a client sends %d bytes of a message after ws_close()\n"
                  "expected  they are thrown away\ngot       %zu bytes of memory for them",
                  MUCH, after - before);
    hall_close(&h);
}
END_TEST

/* What is queued goes out first, however much it is. */
START_TEST(a_close_behind_a_queue)
{
    struct hall h;

    open_with_small_queue(&h);
    struct peer *p = client_enter(&h, "/");
    all_sockets_are_full();
    fill_queue(&h, h.conns[0], false);
    expect_returned("ws_close() with nine texts in the queue", ws_close(h.conns[0], 4001, NULL), 0);
    faults_clear();
    run_loop_for(10);
    expect_sent(p, "is sent nine texts, and then ws_close() is called",
                "101; " NINE_TEXTS "; close 4001");
    hall_close(&h);
}
END_TEST

#endif
