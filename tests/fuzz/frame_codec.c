/* frame_codec.c: any bytes, in any pieces, for the frame reader of 10_websocket_frame
 *
 * The first byte of the input says in which pieces the others arrive; they are the stream. The
 * reader must hand out the frames that a second, plain decoder finds in the whole stream at once,
 * refuse it where that one does, and with the same code; and a refusal must stay one.
 *
 * SPDX-License-Identifier: MIT
 */
#include "10_websocket_frame.h"
#include "fuzz.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 70000 }; /* bytes of a payload: above what a length of 16 bits can say */

struct stream {
    const uint8_t *at;
    size_t left;
};

static uint64_t big_endian(const uint8_t *bytes, size_t n)
{
    uint64_t value = 0;
    for (size_t k = 0; k < n; k++)
        value = value << 8 | bytes[k];
    return value;
}

static bool is_known(unsigned opcode)
{
    return opcode <= 2 || (opcode >= 8 && opcode <= 10);
}

/* What the two bytes at the head of a frame forbid. */
static bool is_forbidden(unsigned first, unsigned second)
{
    bool control = (first & 0x08) != 0;
    return (first & 0x70) != 0 || !is_known(first & 0x0f) || (second & 0x80) == 0 ||
           (control && ((first & 0x80) == 0 || (second & 0x7f) > 125));
}

/* The frame at the head of the stream, which is taken off it. The payload is the caller's. */
static enum frame_status plain_decode(struct stream *s, struct frame *frame)
{
    if (s->left < 2)
        return FRAME_MORE;
    uint64_t length = s->at[1] & 0x7f;
    size_t extra = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (s->left < 2 + extra)
        return FRAME_MORE;
    if (is_forbidden(s->at[0], s->at[1])) /* refused when the length has come, at the latest */
        return FRAME_PROTOCOL_ERROR;
    if (extra > 0)
        length = big_endian(s->at + 2, extra);
    if ((extra == 2 && length < 126) || (extra == 8 && (length < 65536 || length >> 63)))
        return FRAME_PROTOCOL_ERROR;
    if (length > LIMIT)
        return FRAME_TOO_BIG;
    if (s->left < 2 + extra + 4 + length)
        return FRAME_MORE;
    const uint8_t *mask = s->at + 2 + extra;
    *frame = (struct frame){.opcode = (enum opcode)(s->at[0] & 0x0f),
                            .final = (s->at[0] & 0x80) != 0,
                            .length = (size_t)length,
                            .payload = malloc((size_t)length + 1)};
    must(frame->payload != NULL);
    for (size_t k = 0; k < frame->length; k++)
        frame->payload[k] = mask[4 + k] ^ mask[k % 4];
    s->at += 2 + extra + 4 + length;
    s->left -= 2 + extra + 4 + (size_t)length;
    return FRAME_READY;
}

/* A status that asks for more bytes may come earlier or later in a reader that gets fewer of them:
 * only what is final is compared. Returns false when the stream is refused. */
static bool same_frames(struct frame_reader *reader, struct evbuffer *in, struct stream *s,
                        bool complete)
{
    struct frame got, expected;
    for (;;) {
        struct stream before = *s;
        enum frame_status status = frame_reader_next(reader, in, &got);
        if (status == FRAME_MORE && !complete)
            return true;
        must(status == plain_decode(s, &expected));
        if (status != FRAME_READY) {
            size_t left = evbuffer_get_length(in);
            must(status == FRAME_MORE || (frame_reader_next(reader, in, &got) == status &&
                                          evbuffer_get_length(in) == left));
            *s = before;
            return false;
        }
        must(got.opcode == expected.opcode && got.final == expected.final &&
             got.length == expected.length && got.payload[got.length] == 0 &&
             memcmp(got.payload, expected.payload, got.length) == 0);
        free(got.payload);
        free(expected.payload);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct frame_reader *reader = frame_reader_new(LIMIT);
    struct evbuffer *in = evbuffer_new();
    must(reader != NULL && in != NULL);
    struct stream plain = {data + 1, size - 1};
    size_t step = data[0] == 0 ? size : data[0];
    bool goes_on = true;
    for (size_t k = 1; k < size && goes_on; k += step) {
        size_t n = size - k < step ? size - k : step;
        must(evbuffer_add(in, data + k, n) == 0);
        goes_on = same_frames(reader, in, &plain, k + n == size);
    }
    evbuffer_free(in);
    frame_reader_free(reader);
    return 0;
}
