/* p6_rule_tests.h: what nobody may send, for the suite of p6_websocket_server
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P6_RULE_TESTS_H
#define P6_RULE_TESTS_H

#include "p6_hall.h"

/* Sends `bad` behind a good message, and a good message behind it. `told` and `sent` are what the
 * bad part leads to, "closed 1002" and "close 1002". */
static void refused_with(struct bytes *bad, const char *what, int code)
{
    struct bytes b = {NULL, 0};
    struct words told = {.n = 0}, sent = {.n = 0};
    char did[128];
    struct hall h;

    hall_open(&h, &DEFAULTS);
    struct peer *p = client_enter(&h, "/");
    text_add(&b, FIN | WS_TEXT, "good");
    bytes_add(&b, bad->at, bad->n);
    client_sends(p, b.at, b.n);
    snprintf(did, sizeof(did), "sends \"good\", then %s", what);
    say(&sent, "101; close %d; end", code);
    expect_sent(p, did, sent.text);
    free(b.at);
    free(bad->at);
    *bad = (struct bytes){NULL, 0};
    text_add(bad, FIN | WS_TEXT, "this is too late");
    close_add(bad, code, "");
    client_sends_all(p, bad);
    expect_told(&h, did, "open /; text \"good\"");
    peer_close(p, now_ms());
    run_loop_for(MOMENT);
    say(&told, "closed %d", code);
    expect_told(&h, "was refused, and has closed", told.text);
    expect_connections(&h, "when a client that was refused has closed", 0);
    hall_close(&h);
}

/* ---- 1002 ---- */

START_TEST(bits_and_opcodes)
{
    static const struct {
        int byte0;
        const char *what;
    } BAD[] = {
        {FIN | 0x40 | WS_TEXT, "a frame with RSV1"},
        {FIN | 0x20 | WS_TEXT, "a frame with RSV2"},
        {FIN | 0x10 | WS_BINARY, "a frame with RSV3"},
        {FIN | 0x40 | WS_PING, "a ping with RSV1"},
        {FIN | 0x3, "opcode 3"},
        {FIN | 0x7, "opcode 7"},
        {FIN | 0xb, "opcode 11"},
        {FIN | 0xf, "opcode 15"},
        {0x3, "opcode 3 without FIN"},
    };
    struct bytes b = {NULL, 0};

    for (size_t k = 0; k < sizeof(BAD) / sizeof(BAD[0]); k++) {
        text_add(&b, BAD[k].byte0, "bad");
        refused_with(&b, BAD[k].what, 1002);
        frame_add(&b, BAD[k].byte0, "", 0);
        refused_with(&b, BAD[k].what, 1002);
    }
}
END_TEST

START_TEST(frames_without_mask)
{
    struct bytes b = {NULL, 0};

    bytes_add(&b, "\x81\x05Hello", 7);
    refused_with(&b, "a frame without mask", 1002);
    bytes_add(&b, "\x89\x00", 2);
    refused_with(&b, "a ping without mask", 1002);
    bytes_add(&b, "\x88\x02\x03\xe8", 4);
    refused_with(&b, "a close without mask", 1002);
}
END_TEST

START_TEST(control_frames)
{
    static const int CONTROL[] = {WS_CLOSE, WS_PING, WS_PONG};
    struct bytes b = {NULL, 0};

    for (int k = 0; k < 3; k++) {
        text_add(&b, CONTROL[k], "a");
        refused_with(&b, "a control frame without FIN", 1002);
        long_frame_add(&b, FIN | CONTROL[k], 126);
        refused_with(&b, "a control frame of 126 bytes", 1002);
    }
    bytes_add(&b, "\x89\xfe\x00\x7e", 4);
    refused_with(&b, "the first 4 bytes of a ping of 126 bytes", 1002);
}
END_TEST

START_TEST(lengths_that_are_wrong)
{
    static const struct {
        int extra;
        uint64_t length;
        const char *what;
    } BAD[] = {
        {2, 0, "the length 0 in 2 bytes"},
        {2, 125, "the length 125 in 2 bytes"},
        {8, 0, "the length 0 in 8 bytes"},
        {8, 65535, "the length 65535 in 8 bytes"},
        {8, UINT64_C(1) << 63, "a length whose highest bit is set"},
        {8, UINT64_MAX, "the length 2^64 - 1"},
    };
    const unsigned char mask[4] = {1, 2, 3, 4};
    struct bytes b = {NULL, 0};

    for (size_t k = 0; k < sizeof(BAD) / sizeof(BAD[0]); k++) {
        header_add(&b, FIN | WS_BINARY, true, BAD[k].length, BAD[k].extra, mask);
        refused_with(&b, BAD[k].what, 1002);
    }
}
END_TEST

START_TEST(fragments_of_nothing)
{
    struct bytes b = {NULL, 0};

    text_add(&b, FIN | WS_CONTINUATION, "of what?");
    refused_with(&b, "a continuation of nothing", 1002);
    text_add(&b, WS_CONTINUATION, "");
    refused_with(&b, "a continuation of nothing, without FIN", 1002);
    text_add(&b, WS_TEXT, "one");
    text_add(&b, FIN | WS_TEXT, "two");
    refused_with(&b, "a text inside a text", 1002);
    text_add(&b, WS_BINARY, "");
    text_add(&b, WS_BINARY, "");
    refused_with(&b, "a binary inside a binary", 1002);
}
END_TEST

START_TEST(refused_in_pieces)
{
    struct bytes b = {NULL, 0};

    faults.max_read = 1;
    text_add(&b, FIN | 0x40 | WS_TEXT, "bad");
    refused_with(&b, "a frame with RSV1, byte by byte", 1002);
    long_frame_add(&b, FIN | WS_PING, 126);
    refused_with(&b, "a ping of 126 bytes, byte by byte", 1002);
}
END_TEST

/* The client neither answers nor closes. */
START_TEST(refused_and_stays)
{
    struct bytes b = {NULL, 0};
    struct hall h;

    hall_open(&h, &DEFAULTS);
    struct peer *p = client_enter(&h, "/");
    text_add(&b, FIN | 0x3, "bad");
    client_sends_all(p, &b);
    for (int k = 0; k < 9; k++) {
        text_add(&b, FIN | (k % 2 == 0 ? WS_PING : 0x3), "still there?");
        client_sends_all(p, &b);
        run_loop_for(1000);
    }
    expect_both(&h, p, "is refused, and goes on for 9 s", "open /", "101; close 1002; end");
    run_loop_for(DEFAULTS.close_ms - 9000);
    expect_told(&h, "is refused, and goes on for more than close_ms", "closed 1002");
    expect_connections(&h, "when close_ms is over", 0);
    hall_close(&h);
}
END_TEST

/* ---- 1007 ---- */

/* Cut at each place: into two fragments, and into two pieces of one frame. */
START_TEST(texts_that_are_right)
{
    static const char TEXT[] = "a\xc2\xa2\xe2\x82\xac\xed\x95\x9c\xf0\x90\x8d\x88\xf4\x8f\xbf\xbf";
    const size_t n = sizeof(TEXT) - 1;
    struct bytes b = {NULL, 0};
    struct words told = {.n = 0};
    struct hall h;

    hall_open(&h, &DEFAULTS);
    struct peer *p = client_enter(&h, "/");
    h.told = (struct words){.n = 0};
    say_frame(&told, WS_TEXT, (const unsigned char *)TEXT, n);
    for (size_t cut = 0; cut <= n; cut++) {
        frame_add(&b, WS_TEXT, TEXT, cut);
        frame_add(&b, FIN | WS_CONTINUATION, TEXT + cut, n - cut);
        client_sends_all(p, &b);
        expect_told(&h, "sends a text whose fragments end inside of a character", told.text);
        frame_add(&b, FIN | WS_TEXT, TEXT, n);
        client_sends(p, b.at, 6 + cut);
        client_sends(p, b.at + 6 + cut, n - cut);
        free(b.at);
        b = (struct bytes){NULL, 0};
        expect_told(&h, "sends a text in two pieces, cut inside of a character", told.text);
    }
    hall_close(&h);
}
END_TEST

static const struct {
    size_t enough; /* bytes by which one can tell */
    const char *bytes, *what;
} NO_UTF8[] = {
    {3, "ab\x80", "61 62 80: no character begins with 80"},
    {1, "\xc1\x81", "c1 81: too long a form"},
    {2, "\xe0\x9f\xbf", "e0 9f bf: too long a form"},
    {2, "\xed\xa0\x80", "ed a0 80: half of a surrogate pair"},
    {2, "\xf4\x90\x80\x80", "f4 90 80 80: above U+10FFFF"},
    {1, "\xf8\x88\x80\x80\x80", "f8: no character begins with it"},
    {3,
     "\xe2\x82"
     "a",
     "e2 82 61: a character that does not go on"},
};
enum { NO_UTF8_COUNT = sizeof(NO_UTF8) / sizeof(NO_UTF8[0]) };

START_TEST(texts_that_are_wrong)
{
    struct bytes b = {NULL, 0};

    for (int k = 0; k < NO_UTF8_COUNT; k++) {
        text_add(&b, FIN | WS_TEXT, NO_UTF8[k].bytes);
        refused_with(&b, NO_UTF8[k].what, 1007);
        text_add(&b, WS_TEXT, "");
        for (const char *byte = NO_UTF8[k].bytes; *byte != '\0'; byte++)
            frame_add(&b, WS_CONTINUATION, byte, 1);
        text_add(&b, FIN | WS_CONTINUATION, "");
        refused_with(&b, NO_UTF8[k].what, 1007);
    }
    text_add(&b, FIN | WS_TEXT, "\xe2\x82");
    refused_with(&b, "e2 82, and that is the end of the text", 1007);
    text_add(&b, WS_TEXT, "\xf0");
    text_add(&b, FIN | WS_CONTINUATION, "");
    refused_with(&b, "f0, and an empty last fragment", 1007);
}
END_TEST

/* As soon as that can be known: neither the message nor the frame is complete. */
START_TEST(wrong_before_its_end)
{
    struct bytes b = {NULL, 0};

    for (int k = 0; k < NO_UTF8_COUNT; k++) {
        char what[128];

        static const unsigned char mask[4] = {0, 0, 0, 0}; /* the bytes stay as they are */
        header_add(&b, FIN | WS_TEXT, true, 200, 2, mask);
        bytes_add(&b, NO_UTF8[k].bytes, NO_UTF8[k].enough);
        snprintf(what, sizeof(what), "%zu bytes of a text of 200, %s", NO_UTF8[k].enough,
                 NO_UTF8[k].what);
        refused_with(&b, what, 1007);
    }
}
END_TEST

START_TEST(binaries_are_not_looked_at)
{
    struct bytes b = {NULL, 0};

    text_add(&b, WS_TEXT, "\xe2");
    text_add(&b, FIN | WS_PING, "\xff");
    text_add(&b, FIN | WS_CONTINUATION, "\x82\xac");
    text_add(&b, FIN | WS_BINARY, "\xff\xc0");
    one_client(&b, false, "sends a ping ff inside of a text, and a binary ff c0",
               "text \"\\xe2\\x82\\xac\"; binary \"\\xff\\xc0\"", "101; pong \"\\xff\"");
}
END_TEST

#endif
