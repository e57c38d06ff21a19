/* refusals.h: headers that are refused, for the suite of 10_websocket_frame
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef REFUSALS_H
#define REFUSALS_H

#include "visitor.h"

struct refusal {
    const char *what;
    const char *bytes; /* the header, up to the end of the length */
    size_t n;
};

/* What nobody may send. */
static const struct refusal REFUSALS[] = {
    {"a frame of a browser without a mask", "\x81\x05", 2},
    {"an empty frame of a browser without a mask", "\x82\x00", 2},
    {"RSV1 is set", "\xc1\x85", 2},
    {"RSV2 is set", "\xa1\x85", 2},
    {"RSV3 is set, in a ping", "\x99\x80", 2},
    {"opcode 3, which is reserved", "\x83\x85", 2},
    {"opcode 4, which is reserved", "\x84\x85", 2},
    {"opcode 7, which is reserved", "\x87\x85", 2},
    {"opcode 11, which is reserved", "\x8b\x85", 2},
    {"opcode 12, which is reserved", "\x8c\x85", 2},
    {"opcode 15, which is reserved", "\x8f\x85", 2},
    {"a ping that is not the last frame of its message", "\x09\x80", 2},
    {"a pong that is not the last frame of its message", "\x0a\x80", 2},
    {"a close that is not the last frame of its message", "\x08\x82", 2},
    {"a ping of 126 bytes", "\x89\xfe\x00\x7e", 4},
    {"a pong of 256 bytes", "\x8a\xfe\x01\x00", 4},
    {"a close of 65536 bytes", "\x88\xff\0\0\0\0\0\x01\0\0", 10},
    {"a ping of 2^32 bytes", "\x89\xff\0\0\0\x01\0\0\0\0", 10},
    {"a length of 0 in 2 bytes", "\x82\xfe\x00\x00", 4},
    {"a length of 125 in 2 bytes", "\x82\xfe\x00\x7d", 4},
    {"a length of 0 in 8 bytes", "\x82\xff\0\0\0\0\0\0\0\0", 10},
    {"a length of 126 in 8 bytes", "\x82\xff\0\0\0\0\0\0\0\x7e", 10},
    {"a length of 65535 in 8 bytes", "\x82\xff\0\0\0\0\0\0\xff\xff", 10},
    {"a length of 2^63: the highest bit is set", "\x82\xff\x80\0\0\0\0\0\0\0", 10},
    {"a length of 2^63 + 5: the highest bit is set", "\x82\xff\x80\0\0\0\0\0\0\x05", 10},
    {"a length of 2^64 - 1: the highest bit is set", "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff",
     10},
};
enum { REFUSAL_COUNT = sizeof(REFUSALS) / sizeof(REFUSALS[0]) };

/* What anybody may send, but what is too long for a visitor of LIMIT. */
static const struct refusal GIANTS[] = {
    {"the limit is 2^20, and the length 2^20 + 1", "\x82\xff\0\0\0\0\0\x10\0\x01", 10},
    {"the limit is 2^20, and the length 2^32 + 5", "\x82\xff\0\0\0\x01\0\0\0\x05", 10},
    {"the limit is 2^20, and the length 2^62", "\x82\xff\x40\0\0\0\0\0\0\0", 10},
    {"the limit is 2^20, and the length 2^63 - 1", "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10},
};
enum { GIANT_COUNT = sizeof(GIANTS) / sizeof(GIANTS[0]) };

/* The bytes come in portions of `portion`. The frame is refused by the last of them, with `why`, or
 * by an earlier one; and then again, and nothing is taken any more, whatever follows. */
static inline void expect_refusal(struct visitor *v, const struct refusal *r, size_t portion,
                                  enum frame_status why)
{
    const unsigned char *bytes = (const unsigned char *)r->bytes;
    struct bytes good = one_frame(LAST | OPCODE_TEXT, 5);
    enum frame_status status = FRAME_MORE;
    struct frame f = {0};
    size_t left;

    for (size_t k = 0; k < r->n && status == FRAME_MORE; k += portion)
        status = visitor_sends(v, bytes + k, r->n - k < portion ? r->n - k : portion, &f);
    tell("%s; the header has come up to the length: %s", r->what, hex(bytes, r->n));
    expect_status(status, why);
    left = evbuffer_get_length(v->in);
    tell("%s; it was refused, then a good frame came", r->what);
    expect_status(visitor_sends(v, good.at, good.n, &f), why);
    expect_left(v, left + good.n);
    free(good.at);
}

#endif
