/* p6_frame_tests.h: frames, whole and in fragments, for the suite of p6_websocket_server
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P6_FRAME_TESTS_H
#define P6_FRAME_TESTS_H

#include "p6_hall.h"

/* ---- any length, in any pieces ---- */

/* Lengths round which the header changes its shape. */
static const size_t LENGTHS[] = {0, 1, 125, 126, 127, 65535, 65536, 65537};
enum { LENGTH_COUNT = sizeof(LENGTHS) / sizeof(LENGTHS[0]) };

/* In words: a text, or a binary, of `n` times payload_byte(). */
static void say_long(struct words *w, int opcode, size_t n)
{
    unsigned char *payload = malloc(n + 1);

    for (size_t k = 0; k < n; k++)
        payload[k] = payload_byte(k);
    say_frame(w, opcode, payload, n);
    free(payload);
}

/* A message comes, and is sent back. */
static void one_length(struct hall *h, int opcode, size_t n)
{
    struct peer *p = client_enter(h, "/");
    struct bytes b = {NULL, 0};
    struct words told = {.n = 0}, sent = {.n = 0};
    char did[100];

    h->told = (struct words){.n = 0};
    long_frame_add(&b, FIN | opcode, n);
    client_sends_all(p, &b);
    run_loop_for(10);
    snprintf(did, sizeof(did), "sends a message of %zu bytes to an echo%s", n,
             faults.max_read == 0 ? "" : ", which come in pieces");
    say_long(&told, opcode, n);
    say(&sent, "101");
    say_long(&sent, opcode, n);
    expect_both(h, p, did, told.text, sent.text);
    peer_close(p, now_ms());
    run_loop_for(MOMENT);
    h->told = (struct words){.n = 0};
}

START_TEST(lengths)
{
    struct hall h;

    hall_open(&h, &DEFAULTS);
    h.echo = true;
    for (int k = 0; k < LENGTH_COUNT; k++)
        one_length(&h, k % 2 == 0 ? WS_BINARY : WS_TEXT, LENGTHS[k]);
    hall_close(&h);
}
END_TEST

START_TEST(byte_by_byte)
{
    struct hall h;

    hall_open(&h, &DEFAULTS);
    h.echo = true;
    faults.max_read = 1;
    for (int k = 0; k < 5; k++)
        one_length(&h, WS_BINARY, LENGTHS[k]);
    hall_close(&h);
}
END_TEST

START_TEST(pieces_of_997_bytes)
{
    struct hall h;

    hall_open(&h, &DEFAULTS);
    h.echo = true;
    faults.max_read = 997;
    faults.max_write = 1009;
    for (int k = 4; k < LENGTH_COUNT; k++)
        one_length(&h, WS_TEXT, LENGTHS[k]);
    hall_close(&h);
}
END_TEST

/* Cut once, at each place; and the first of the two pieces is all that comes for a while. */
START_TEST(cut_at_each_place)
{
    struct hall h;
    struct bytes b = {NULL, 0};
    const size_t n = 6 + 9;

    hall_open(&h, &DEFAULTS);
    struct peer *p = client_enter(&h, "/");
    h.told = (struct words){.n = 0};
    for (size_t cut = 1; cut < n; cut++) {
        char did[64];

        text_add(&b, FIN | WS_TEXT, "nine here");
        snprintf(did, sizeof(did), "sends %zu bytes of a frame of %zu", cut, n);
        client_sends(p, b.at, cut);
        expect_told(&h, did, "");
        client_sends(p, b.at + cut, n - cut);
        snprintf(did, sizeof(did), "sends a frame of %zu bytes, cut behind byte %zu", n, cut);
        expect_told(&h, did, "text \"nine here\"");
        free(b.at);
        b = (struct bytes){NULL, 0};
    }
    hall_close(&h);
}
END_TEST

START_TEST(many_in_one_piece)
{
    struct bytes b = {NULL, 0};

    text_add(&b, FIN | WS_TEXT, "one");
    frame_add(&b, FIN | WS_BINARY, "", 0);
    text_add(&b, FIN | WS_TEXT, "two");
    long_frame_add(&b, FIN | WS_BINARY, 126);
    frame_add(&b, FIN | WS_TEXT, "a\0b", 3);
    bytes_add(&b, "\x81\x85\x37", 3);
    one_client(
        &b, true, "sends five messages in one piece, and the beginning of another one",
        "text \"one\"; binary \"\"; text \"two\"; binary of 126 bytes; text \"a\\x00b\"",
        "101; text \"one\"; binary \"\"; text \"two\"; binary of 126 bytes; text \"a\\x00b\"");
}
END_TEST

START_TEST(right_behind_the_request)
{
    static const char REQUEST[] = "GET /chat HTTP/1.1\r\n" GOOD_LINES "\r\n";
    struct bytes b = {NULL, 0};
    struct hall h;

    hall_open(&h, &DEFAULTS);
    bytes_add(&b, REQUEST, strlen(REQUEST));
    text_add(&b, FIN | WS_TEXT, "Hello");
    bytes_add(&b, "\x81", 1);
    client_sends_all(client_connect(&h), &b);
    expect_told(&h, "sends a frame right behind its request", "open /chat; text \"Hello\"");
    hall_close(&h);
}
END_TEST

START_TEST(freed_inside_of_a_frame)
{
    struct bytes b = {NULL, 0};
    struct hall h;

    hall_open(&h, &DEFAULTS);
    struct peer *p = client_enter(&h, "/");
    long_frame_add(&b, FIN | WS_BINARY, 60000);
    client_sends(p, b.at, 30000);
    hall_close(&h); /* freed in the middle of a frame */
    free(b.at);
    expect_told(&h, "has sent half a frame when the server is freed", "open /; closed 1006");
}
END_TEST

/* ---- fragments ---- */

START_TEST(fragments_are_joined)
{
    struct bytes b = {NULL, 0};

    text_add(&b, WS_TEXT, "Hel");
    text_add(&b, WS_CONTINUATION, "lo, wor");
    text_add(&b, FIN | WS_CONTINUATION, "ld");
    text_add(&b, FIN | WS_BINARY, "next");
    one_client(&b, true, "sends \"Hel\", \"lo, wor\" and \"ld\" as fragments of one text",
               "text \"Hello, world\"; binary \"next\"",
               "101; text \"Hello, world\"; binary \"next\"");
}
END_TEST

START_TEST(a_message_is_not_told_before_its_end)
{
    struct bytes b = {NULL, 0};

    text_add(&b, WS_BINARY, "not all");
    text_add(&b, WS_CONTINUATION, "yet");
    one_client(&b, true, "sends two fragments, of which none is the last", "", "101");
}
END_TEST

START_TEST(a_ping_in_between)
{
    struct bytes b = {NULL, 0};

    text_add(&b, WS_TEXT, "one ");
    text_add(&b, FIN | WS_PING, "p1");
    text_add(&b, WS_CONTINUATION, "two ");
    text_add(&b, FIN | WS_PONG, "nobody asked");
    text_add(&b, FIN | WS_PING, "p2");
    text_add(&b, FIN | WS_CONTINUATION, "three");
    one_client(&b, true, "sends a text in three fragments, with pings and a pong in between",
               "text \"one two three\"", "101; pong \"p1\"; pong \"p2\"; text \"one two three\"");
}
END_TEST

START_TEST(empty_fragments)
{
    struct bytes b = {NULL, 0};

    text_add(&b, WS_TEXT, "");
    text_add(&b, WS_CONTINUATION, "");
    text_add(&b, FIN | WS_CONTINUATION, "");
    text_add(&b, WS_BINARY, "");
    text_add(&b, WS_CONTINUATION, "all");
    text_add(&b, FIN | WS_CONTINUATION, "");
    one_client(&b, true, "sends messages of which fragments are empty", "text \"\"; binary \"all\"",
               "101; text \"\"; binary \"all\"");
}
END_TEST

/* A hundred fragments, which come byte by byte, with pings in between. */
START_TEST(many_fragments_byte_by_byte)
{
    struct bytes b = {NULL, 0};
    unsigned char payload[300];
    struct hall h;

    for (int k = 0; k < 300; k++)
        payload[k] = payload_byte((size_t)k);
    for (int k = 0; k < 100; k++) {
        frame_add(&b, (k == 0 ? WS_BINARY : WS_CONTINUATION) | (k == 99 ? FIN : 0), payload + 3 * k,
                  3);
        if (k % 40 == 7)
            text_add(&b, FIN | WS_PING, "still there?");
    }
    hall_open(&h, &DEFAULTS);
    struct peer *p = client_enter(&h, "/");
    faults.max_read = 1;
    client_sends_all(p, &b);
    expect_both(&h, p, "sends 300 bytes in 100 fragments, with three pings, byte by byte",
                "open /; binary of 300 bytes",
                "101; pong \"still there?\"; pong \"still there?\"; pong \"still there?\"");
    hall_close(&h);
}
END_TEST

#endif
