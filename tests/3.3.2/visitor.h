/* visitor.h: a browser that writes into the guest book, for the suite of 10_websocket_frame
 *
 * It makes frames, and hands them to the reader in portions. Each portion is followed by calls of
 * frame_reader_next(), as a read callback would make them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VISITOR_H
#define VISITOR_H

#include <event2/buffer.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "10_websocket_frame.h"
#include "suite.h"

enum { LIMIT = 1 << 20, LAST = 0x80, MASKED = 0x80 };

static const unsigned char MASK[4] = {0x37, 0xfa, 0x21, 0x3d};

static char story[256]; /* what has come so far, for the messages; see tell() */

/* Writes down what the test does now: its failures begin with that. */
__attribute__((format(printf, 1, 2))) static inline void tell(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(story, sizeof(story), format, arguments);
    va_end(arguments);
}

/* The bytes of one frame, or of several. */
struct bytes {
    unsigned char *at; /* owned */
    size_t n;
};

struct visitor {
    struct frame_reader *reader; /* owned */
    struct evbuffer *in;         /* what the reader has not taken; owned */
};

static inline struct visitor visitor_new(size_t limit)
{
    struct visitor v = {frame_reader_new(limit), evbuffer_new()};

    ck_assert_ptr_nonnull(v.in);
    if (v.reader == NULL)
        fail_test("frame_reader_new() returned NULL");
    return v;
}

static inline void visitor_free(struct visitor *v)
{
    frame_reader_free(v->reader);
    evbuffer_free(v->in);
}

/* ---- frames ---- */

/* The byte k of every payload. It repeats late. */
static inline unsigned char payload_byte(size_t k)
{
    return (unsigned char)('A' + (k * 31 + k / 251) % 58);
}

static inline size_t put_number(unsigned char *at, uint64_t number, int size)
{
    for (int k = 0; k < size; k++)
        at[k] = (unsigned char)(number >> 8 * (size - 1 - k));
    return (size_t)size;
}

/* Adds a frame with a payload of `n` bytes behind what is in `b`. */
static inline void add_frame(struct bytes *b, int byte0, size_t n)
{
    unsigned char *at = realloc(b->at, b->n + 14 + n);

    ck_assert_ptr_nonnull(at);
    b->at = at;
    at[b->n++] = (unsigned char)byte0;
    at[b->n++] = (unsigned char)(MASKED | (n < 126 ? n : n < 65536 ? 126 : 127));
    if (n >= 126)
        b->n += put_number(at + b->n, n, n < 65536 ? 2 : 8);
    memcpy(at + b->n, MASK, sizeof(MASK));
    b->n += sizeof(MASK);
    for (size_t k = 0; k < n; k++)
        at[b->n++] = payload_byte(k) ^ MASK[k % 4];
}

static inline struct bytes one_frame(int byte0, size_t n)
{
    struct bytes b = {NULL, 0};

    add_frame(&b, byte0, n);
    return b;
}

/* ---- what is said of them ---- */

static inline const char *status_text(enum frame_status status)
{
    static char other[32];

    switch (status) {
    case FRAME_MORE:
        return "FRAME_MORE";
    case FRAME_READY:
        return "FRAME_READY";
    case FRAME_PROTOCOL_ERROR:
        return "FRAME_PROTOCOL_ERROR";
    case FRAME_TOO_BIG:
        return "FRAME_TOO_BIG";
    case FRAME_NO_MEMORY:
        return "FRAME_NO_MEMORY";
    }
    snprintf(other, sizeof(other), "%d, which is no status", (int)status);
    return other;
}

/* "81 85 37 fa": the first bytes, sixteen at the most. Valid until the second call from now. */
static inline const char *hex(const unsigned char *bytes, size_t n)
{
    static char texts[2][64];
    static int next;
    char *text = texts[next++ % 2];
    size_t used = 0;

    text[0] = '\0';
    for (size_t k = 0; k < n && k < 16; k++)
        used += (size_t)snprintf(text + used, sizeof(texts[0]) - used, "%s%02x", k > 0 ? " " : "",
                                 bytes[k]);
    if (n > 16)
        snprintf(text + used, sizeof(texts[0]) - used, " ...");
    return text;
}

/* ---- portions ---- */

/* A portion comes, and the reader is called once. */
static inline enum frame_status visitor_sends(struct visitor *v, const unsigned char *bytes,
                                              size_t n, struct frame *f)
{
    ck_assert_int_eq(evbuffer_add(v->in, bytes, n), 0);
    return frame_reader_next(v->reader, v->in, f);
}

/* Fails unless the reader has said `expected`; the story is what had come by then. */
static inline void expect_status(enum frame_status got, enum frame_status expected)
{
    if (got != expected)
        fail_test("%s\nexpected  %s\ngot       %s", story, status_text(expected), status_text(got));
}

static inline void expect_payload(const struct frame *f, size_t n)
{
    if (f->length != n)
        fail_test("%s\nexpected  a payload of %zu bytes\ngot       %zu bytes", story, n, f->length);
    for (size_t k = 0; k < n; k++)
        if (f->payload[k] != payload_byte(k))
            fail_test("%s\nbyte %zu of the payload, of %zu\nexpected  0x%02x\n"
                      "got       0x%02x, which is that byte ^ 0x%02x; the mask: %s",
                      story, k, n, payload_byte(k), f->payload[k], payload_byte(k) ^ f->payload[k],
                      hex(MASK, sizeof(MASK)));
    if (f->payload[n] != '\0')
        fail_test("%s\nbehind the payload of %zu bytes\nexpected  0x00\ngot       0x%02x", story, n,
                  f->payload[n]);
}

/* Fails unless so many bytes are left in the evbuffer. */
static inline void expect_left(const struct visitor *v, size_t n)
{
    size_t left = evbuffer_get_length(v->in);

    if (left != n)
        fail_test("%s\nexpected  %zu bytes left in the evbuffer behind it\ngot       %zu", story, n,
                  left);
}

/* A whole frame has been handed out, as add_frame() has made it. Frees its payload. */
static inline void expect_frame(enum frame_status status, struct frame *f, int byte0, size_t n)
{
    bool final = (byte0 & LAST) != 0;

    expect_status(status, FRAME_READY);
    if (f->payload == NULL)
        fail_test("%s\nexpected  a payload\ngot       NULL", story);
    if (f->opcode != (enum opcode)(byte0 & 0x0f) || f->final != final)
        fail_test("%s\nexpected  opcode %d, %s\ngot       opcode %d, %s", story, byte0 & 0x0f,
                  final ? "final" : "not final", (int)f->opcode, f->final ? "final" : "not final");
    expect_payload(f, n);
    free(f->payload);
}

#endif
