/* check_10_websocket_frame.c: the suite of 10_websocket_frame, the frame reader
 *
 * SPDX-License-Identifier: MIT
 */
#include "frame_mix_tests.h"
#include "refusals.h"
#include "visitor.h"

/* Lengths round which the header changes its shape. */
static const size_t LENGTHS[] = {0, 1, 4, 125, 126, 127, 255, 256, 65535, 65536, 65537, 70000};
enum { LENGTH_COUNT = sizeof(LENGTHS) / sizeof(LENGTHS[0]) };

/* ---- any length ---- */

/* One frame, in one portion. */
static void read_whole(int byte0, size_t n)
{
    struct visitor v = visitor_new(LIMIT);
    struct bytes b = one_frame(byte0, n);
    struct frame f = {0};

    tell("a frame with byte 0 = 0x%02x and %zu byte%s of payload comes: %s", byte0, n,
         n == 1 ? "" : "s", hex(b.at, b.n));
    expect_frame(visitor_sends(&v, b.at, b.n, &f), &f, byte0, n);
    free(b.at);
    visitor_free(&v);
}

START_TEST(lengths)
{
    for (int k = 0; k < LENGTH_COUNT; k++)
        read_whole(LAST | OPCODE_BINARY, LENGTHS[k]);
}
END_TEST

START_TEST(kinds)
{
    static const int CONTROL[] = {OPCODE_CLOSE, OPCODE_PING, OPCODE_PONG};

    for (int opcode = OPCODE_CONTINUATION; opcode <= OPCODE_BINARY; opcode++) {
        read_whole(opcode, 5);
        read_whole(LAST | opcode, 5);
    }
    for (int k = 0; k < 3; k++) {
        read_whole(LAST | CONTROL[k], 0);
        read_whole(LAST | CONTROL[k], 1);
        read_whole(LAST | CONTROL[k], 125);
    }
}
END_TEST

/* ---- any portions ---- */

/* One frame of `n` bytes of payload, in three portions that end at `cut1`, `cut2` and the end; in
 * two if the cuts are the same. Only with the last portion it is complete. */
static void read_cut(const struct bytes *b, size_t n, size_t cut1, size_t cut2)
{
    struct visitor v = visitor_new(LIMIT);
    const size_t ends[] = {cut1, cut2, b->n};
    struct frame f = {0};
    size_t sent = 0;

    for (int k = 0; k < 3; k++) {
        size_t portion = ends[k] - sent;

        tell("a frame of %zu bytes comes, cut behind byte %zu%s%.0zu: %s\n"
             "%zu bytes have come",
             b->n, cut1, cut2 > cut1 ? " and byte " : "", cut2 > cut1 ? cut2 : 0, hex(b->at, b->n),
             ends[k]);
        if (k < 2)
            expect_status(visitor_sends(&v, b->at + sent, portion, &f), FRAME_MORE);
        else
            expect_frame(visitor_sends(&v, b->at + sent, portion, &f), &f, LAST | OPCODE_BINARY, n);
        sent = ends[k];
    }
    visitor_free(&v);
}

START_TEST(cut_in_two)
{
    static const size_t FEW[] = {0, 1, 2, 5, 126, 300};

    for (size_t k = 0; k < sizeof(FEW) / sizeof(FEW[0]); k++) {
        struct bytes b = one_frame(LAST | OPCODE_BINARY, FEW[k]);

        for (size_t cut = 1; cut < b.n; cut++)
            read_cut(&b, FEW[k], cut, cut);
        free(b.at);
    }
}
END_TEST

START_TEST(cut_in_three)
{
    struct bytes small = one_frame(LAST | OPCODE_BINARY, 9);
    struct bytes large = one_frame(LAST | OPCODE_BINARY, 65536);

    for (size_t cut1 = 1; cut1 < small.n; cut1++)
        for (size_t cut2 = cut1 + 1; cut2 < small.n; cut2++)
            read_cut(&small, 9, cut1, cut2);
    for (size_t cut = 1; cut < 20; cut++)
        read_cut(&large, 65536, cut, large.n - cut);
    free(small.at);
    free(large.at);
}
END_TEST

/* The first BYTES of a frame come one by one, what follows in portions of PORTION bytes. */
static void read_byte_after_byte(size_t n)
{
    enum { BYTES = 300, PORTION = 997 };
    struct visitor v = visitor_new(LIMIT);
    struct bytes b = one_frame(LAST | OPCODE_BINARY, n);
    struct frame f = {0};
    size_t sent = 0;

    while (sent < b.n) {
        size_t most = sent < BYTES ? 1 : PORTION;
        size_t portion = b.n - sent < most ? b.n - sent : most;
        enum frame_status status = visitor_sends(&v, b.at + sent, portion, &f);

        sent += portion;
        tell("a frame of %zu bytes comes, the first %d one by one: %s\n%zu bytes have come", b.n,
             BYTES, hex(b.at, b.n), sent);
        if (sent < b.n)
            expect_status(status, FRAME_MORE);
        else
            expect_frame(status, &f, LAST | OPCODE_BINARY, n);
    }
    free(b.at);
    visitor_free(&v);
}

START_TEST(byte_after_byte)
{
    for (int k = 0; k < LENGTH_COUNT; k++)
        if (LENGTHS[k] <= 256 || LENGTHS[k] == 65536)
            read_byte_after_byte(LENGTHS[k]);
}
END_TEST

/* All is there at the first call, but no two bytes of it lie side by side in memory. */
START_TEST(scattered_in_memory)
{
    struct visitor v = visitor_new(LIMIT);
    struct bytes b = one_frame(LAST | OPCODE_BINARY, 300);
    struct frame f = {0};

    for (size_t k = 0; k < b.n; k++)
        ck_assert_int_eq(evbuffer_add_reference(v.in, b.at + k, 1, NULL, NULL), 0);
    tell("a frame of %zu bytes is in the evbuffer, each byte in a chain of its own: %s", b.n,
         hex(b.at, b.n));
    expect_frame(frame_reader_next(v.reader, v.in, &f), &f, LAST | OPCODE_BINARY, 300);
    visitor_free(&v);
    free(b.at);
}
END_TEST

/* ---- its own bytes, and no more ---- */

/* The frames of one portion; the numbers are the lengths of their payloads. */
static const size_t QUEUE[] = {5, 0, 126, 0, 65536, 1};
enum { QUEUE_LENGTH = sizeof(QUEUE) / sizeof(QUEUE[0]) };

/* After each frame, all that is behind it is left. */
START_TEST(many_in_one_portion)
{
    struct visitor v = visitor_new(LIMIT);
    struct bytes b = {NULL, 0};
    size_t end[QUEUE_LENGTH];
    struct frame f = {0};

    for (int k = 0; k < QUEUE_LENGTH; k++) {
        add_frame(&b, LAST | OPCODE_BINARY, QUEUE[k]);
        end[k] = b.n;
    }
    ck_assert_int_eq(evbuffer_add(v.in, b.at, b.n), 0);
    for (int k = 0; k < QUEUE_LENGTH; k++) {
        tell("%d frames come in one portion; frame %d, of %zu bytes", QUEUE_LENGTH, k + 1,
             end[k] - (k > 0 ? end[k - 1] : 0));
        expect_frame(frame_reader_next(v.reader, v.in, &f), &f, LAST | OPCODE_BINARY, QUEUE[k]);
        expect_left(&v, b.n - end[k]);
    }
    tell("%d frames came in one portion, and all have been read", QUEUE_LENGTH);
    expect_status(frame_reader_next(v.reader, v.in, &f), FRAME_MORE);
    free(b.at);
    visitor_free(&v);
}
END_TEST

/* Two frames, and the cut is in the header of the second: the first one is told as soon as it is
 * there, then the other. */
START_TEST(one_and_a_half)
{
    struct bytes b = one_frame(LAST | OPCODE_BINARY, 5);
    const size_t first = b.n, header = 8;

    add_frame(&b, LAST | OPCODE_BINARY, 130);
    for (size_t cut = first; cut <= first + header; cut++) {
        struct visitor v = visitor_new(LIMIT);
        struct frame f = {0};

        tell("a frame of %zu bytes, and %zu bytes of the next one", first, cut - first);
        expect_frame(visitor_sends(&v, b.at, cut, &f), &f, LAST | OPCODE_BINARY, 5);
        expect_left(&v, cut - first);
        expect_status(frame_reader_next(v.reader, v.in, &f), FRAME_MORE);
        tell("the second of two frames, cut behind byte %zu", cut - first);
        expect_frame(visitor_sends(&v, b.at + cut, b.n - cut, &f), &f, LAST | OPCODE_BINARY, 130);
        visitor_free(&v);
    }
    free(b.at);
}
END_TEST

/* A frame belongs to whom it was handed to: it stays when the next one is read, and after the
 * reader. And a reader may be freed in the middle of one. */
START_TEST(frames_outlive_the_reader)
{
    struct visitor v = visitor_new(LIMIT);
    struct bytes b = one_frame(LAST | OPCODE_BINARY, 40);
    struct frame f = {0}, next = {0};

    tell("a frame of %zu bytes comes", b.n);
    expect_status(visitor_sends(&v, b.at, b.n, &f), FRAME_READY);
    tell("a frame of %zu bytes has been handed out, then comes another one but for a byte", b.n);
    expect_status(visitor_sends(&v, b.at, b.n - 1, &next), FRAME_MORE);
    visitor_free(&v);
    tell("a frame was handed out, and the reader was freed in the middle of the next");
    expect_frame(FRAME_READY, &f, LAST | OPCODE_BINARY, 40);
    frame_reader_free(NULL);
    free(b.at);
}
END_TEST

/* ---- refused ---- */

START_TEST(refused_at_once)
{
    for (int k = 0; k < REFUSAL_COUNT; k++) {
        struct visitor v = visitor_new(LIMIT);

        expect_refusal(&v, &REFUSALS[k], 16, FRAME_PROTOCOL_ERROR);
        visitor_free(&v);
    }
}
END_TEST

START_TEST(refused_byte_after_byte)
{
    for (int k = 0; k < REFUSAL_COUNT; k++) {
        struct visitor v = visitor_new(LIMIT);

        expect_refusal(&v, &REFUSALS[k], 1, FRAME_PROTOCOL_ERROR);
        visitor_free(&v);
    }
}
END_TEST

/* ---- the limit ---- */

/* With a limit of `limit`: a frame of that length is read, and one that is longer by 1 is not. */
static void read_up_to(size_t limit)
{
    struct visitor v = visitor_new(limit);
    struct bytes b = one_frame(LAST | OPCODE_TEXT, limit);
    struct bytes longer = one_frame(LAST | OPCODE_TEXT, limit + 1);
    struct refusal r = {"longer than the limit", (const char *)longer.at, longer.n};
    char what[64];
    struct frame f = {0};

    tell("the limit is %zu; a frame of that length comes: %s", limit, hex(b.at, b.n));
    expect_frame(visitor_sends(&v, b.at, b.n, &f), &f, LAST | OPCODE_TEXT, limit);
    snprintf(what, sizeof(what), "the limit is %zu, and the length %zu", limit, limit + 1);
    r.what = what;
    r.n = limit + 1 < 126 ? 2 : limit + 1 < 65536 ? 4 : 10;
    expect_refusal(&v, &r, 1, FRAME_TOO_BIG);
    free(b.at);
    free(longer.at);
    visitor_free(&v);
}

START_TEST(exactly_the_limit)
{
    static const size_t LIMITS[] = {0, 1, 100, 125, 126, 1000, 65535, 65536};

    for (size_t k = 0; k < sizeof(LIMITS) / sizeof(LIMITS[0]); k++)
        read_up_to(LIMITS[k]);
}
END_TEST

START_TEST(control_frames_have_the_limit_too)
{
    static const struct refusal PINGS[] = {
        {"the limit is 100, and a ping of 101 bytes comes", "\x89\xe5", 2},
        {"the limit is 100, and a close of 125 bytes comes", "\x88\xfd", 2}};

    for (int k = 0; k < 2; k++) {
        struct visitor v = visitor_new(100);

        expect_refusal(&v, &PINGS[k], 1, FRAME_TOO_BIG);
        visitor_free(&v);
    }
}
END_TEST

/* Whichever allocation fails: what is too long is refused as that, since it needs no memory. */
static void read_too_long(void *unused)
{
    struct visitor v = {frame_reader_new(LIMIT), evbuffer_new()};

    (void)unused;
    if (v.reader != NULL)
        expect_refusal(&v, &GIANTS[0], 1, FRAME_TOO_BIG);
    visitor_free(&v);
}

START_TEST(too_long_without_memory)
{
    each_allocation_fails(read_too_long, NULL);
}
END_TEST

START_TEST(giants)
{
    for (int k = 0; k < GIANT_COUNT; k++) {
        struct visitor v = visitor_new(LIMIT);

        expect_refusal(&v, &GIANTS[k], 1, FRAME_TOO_BIG);
        visitor_free(&v);
    }
}
END_TEST

/* Two frames. The one that there is no memory for is refused. */
static void read_two(void *unused)
{
    struct visitor v = {frame_reader_new(LIMIT), evbuffer_new()};
    struct bytes b = one_frame(LAST | OPCODE_TEXT, 300);

    (void)unused;
    for (int k = 0; v.reader != NULL && k < 2; k++) {
        struct frame f = {0};
        enum frame_status status = visitor_sends(&v, b.at, b.n, &f);

        tell("two frames come, and an allocation fails; frame %d", k + 1);
        if (status == FRAME_READY)
            expect_frame(status, &f, LAST | OPCODE_TEXT, 300);
        else
            expect_status(status, FRAME_NO_MEMORY);
    }
    free(b.at);
    visitor_free(&v);
}

START_TEST(no_memory)
{
    each_allocation_fails(read_two, NULL);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("10_websocket_frame");

    behaviour(s, "[1] a frame of any length is handed out as it was sent",
              "a length has 7, 16 or 64 bits, the most significant byte first; byte k of the "
              "payload is unmasked by byte k % 4 of the mask (3.3.2, \"WebSocket\")",
              hello, lengths, kinds);
    behaviour(s, "[1] the portions in which it comes make no difference",
              "a stream has no frames: what has come may end anywhere, and the state between two "
              "portions is in the struct (3.3.2, \"WebSocket\")",
              cut_in_two, cut_in_three, byte_after_byte, scattered_in_memory,
              two_visitors_by_turns);
    behaviour(s, "[1] a frame takes its own bytes and no more",
              "a portion may hold several frames: a reader takes one, and leaves what is behind it "
              "for the next call (3.3.2, \"WebSocket\")",
              many_in_one_portion, one_and_a_half, the_rest_and_another_frame,
              frames_outlive_the_reader);
    behaviour(s, "[1] what nobody may send is refused with 1002",
              "a header is checked when it is read: whoever guesses what a wrong one means reads "
              "other frames than the sender wrote (3.3.2, \"WebSocket\")",
              refused_at_once, refused_byte_after_byte);
    behaviour(s, "[1] what is too long is refused with 1009 before memory is asked for",
              "a length is a number that a stranger has sent: it is compared in 64 bits, before "
              "anything is allocated by it (3.3.2, \"WebSocket\")",
              exactly_the_limit, control_frames_have_the_limit_too, too_long_without_memory, giants,
              a_high_limit_costs_nothing, no_memory);
    return s;
}
