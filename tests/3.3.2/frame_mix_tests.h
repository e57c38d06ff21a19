/* frame_mix_tests.h: tests of 10_websocket_frame: several frames, several visitors, several limits
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FRAME_MIX_TESTS_H
#define FRAME_MIX_TESTS_H

#include "visitor.h"

/* "Hello", with two masks: the one of RFC 6455, and one that changes nothing. */
static const unsigned char HELLO[] = {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d,
                                      0x7f, 0x9f, 0x4d, 0x51, 0x58};
static const unsigned char PLAIN_HELLO[] = {0x81, 0x85, 0x00, 0x00, 0x00, 0x00,
                                            0x48, 0x65, 0x6c, 0x6c, 0x6f};
enum { HELLO_SIZE = sizeof(HELLO) };

/* A frame has come that says Hello. Frees its payload. */
static inline void expect_hello(enum frame_status status, struct frame *f)
{
    expect_status(status, FRAME_READY);
    if (f->length != 5 || memcmp(f->payload, "Hello", 5) != 0)
        fail_test("%s\nexpected  48 65 6c 6c 6f, which is \"Hello\"\ngot       %s", story,
                  hex(f->payload, f->length));
    free(f->payload);
}

START_TEST(hello)
{
    struct visitor v = visitor_new(LIMIT);
    struct frame f = {0};

    tell("the frame %s", hex(HELLO, HELLO_SIZE));
    expect_hello(visitor_sends(&v, HELLO, HELLO_SIZE, &f), &f);
    tell("the frame %s, whose mask is a good one, too", hex(PLAIN_HELLO, HELLO_SIZE));
    expect_hello(visitor_sends(&v, PLAIN_HELLO, HELLO_SIZE, &f), &f);
    visitor_free(&v);
}
END_TEST

/* Each has a reader of its own, and a mask of its own. */
START_TEST(two_visitors_by_turns)
{
    for (size_t cut = 1; cut < HELLO_SIZE; cut++) {
        struct visitor one = visitor_new(LIMIT), other = visitor_new(LIMIT);
        struct frame f = {0};

        tell("two visitors have a reader each; both send %zu bytes of a frame", cut);
        expect_status(visitor_sends(&one, HELLO, cut, &f), FRAME_MORE);
        expect_status(visitor_sends(&other, PLAIN_HELLO, cut, &f), FRAME_MORE);
        tell("two visitors have a reader each; both have sent %zu bytes of a frame, and the first "
             "one sends the rest: %s",
             cut, hex(HELLO, HELLO_SIZE));
        expect_hello(visitor_sends(&one, HELLO + cut, HELLO_SIZE - cut, &f), &f);
        tell("two visitors have a reader each; the second one sends the rest of its frame: %s",
             hex(PLAIN_HELLO, HELLO_SIZE));
        expect_hello(visitor_sends(&other, PLAIN_HELLO + cut, HELLO_SIZE - cut, &f), &f);
        visitor_free(&one);
        visitor_free(&other);
    }
}
END_TEST

/* The first frame is cut in the middle. Its rest comes together with the second one. */
START_TEST(the_rest_and_another_frame)
{
    struct bytes b = one_frame(LAST | OPCODE_BINARY, 40);
    const size_t first = b.n;

    add_frame(&b, LAST | OPCODE_BINARY, 50);
    for (size_t cut = 1; cut < first; cut++) {
        struct visitor v = visitor_new(LIMIT);
        struct frame f = {0};

        tell("%zu bytes of a frame of %zu", cut, first);
        expect_status(visitor_sends(&v, b.at, cut, &f), FRAME_MORE);
        tell("a frame of %zu bytes, cut behind byte %zu; in the second portion are its rest, and "
             "another frame of %zu",
             first, cut, b.n - first);
        expect_frame(visitor_sends(&v, b.at + cut, b.n - cut, &f), &f, LAST | OPCODE_BINARY, 40);
        expect_left(&v, b.n - first);
        tell("the second of two frames; the first one was cut behind byte %zu", cut);
        expect_frame(frame_reader_next(v.reader, v.in, &f), &f, LAST | OPCODE_BINARY, 50);
        expect_left(&v, 0);
        visitor_free(&v);
    }
    free(b.at);
}
END_TEST

/* A reader may have a high limit, and get small frames. */
START_TEST(a_high_limit_costs_nothing)
{
    struct visitor v = visitor_new((size_t)1 << 30);
    struct bytes b = one_frame(LAST | OPCODE_TEXT, 5);
    struct frame f = {0};

    tell("the limit is 2^30, which is allowed; a frame of 5 bytes comes");
    expect_frame(visitor_sends(&v, b.at, b.n, &f), &f, LAST | OPCODE_TEXT, 5);
    free(b.at);
    visitor_free(&v);
}
END_TEST

#endif
