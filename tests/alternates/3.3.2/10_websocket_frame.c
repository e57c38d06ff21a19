/* 10_websocket_frame.c: another right solution: it leaves a frame in the evbuffer until all of it
 * has come, and keeps no state between two portions
 *
 * SPDX-License-Identifier: MIT
 */
#include "10_websocket_frame.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct frame_reader {
    uint64_t limit;
    enum frame_status refused; /* or FRAME_MORE */
};

struct header {
    uint64_t length;
    size_t size;        /* of the header, with its mask */
    bool shortest_form; /* no shorter header could say this length */
};

struct frame_reader *frame_reader_new(size_t limit)
{
    struct frame_reader *r = malloc(sizeof(*r));

    if (r != NULL)
        *r = (struct frame_reader){.limit = limit, .refused = FRAME_MORE};
    return r;
}

void frame_reader_free(struct frame_reader *r)
{
    free(r);
}

/* The first `n` bytes of the evbuffer, side by side; NULL if they are not there. */
static unsigned char *look_at(struct evbuffer *in, size_t n)
{
    return evbuffer_get_length(in) < n ? NULL : evbuffer_pullup(in, (ev_ssize_t)n);
}

/* False as long as the length has not come. */
static bool read_header(struct evbuffer *in, struct header *h)
{
    const unsigned char *bytes = look_at(in, 2);
    uint32_t halves[2];
    uint16_t number;

    if (bytes == NULL)
        return false;
    switch (bytes[1] & 0x7f) {
    case 127:
        if ((bytes = look_at(in, 10)) == NULL)
            return false;
        memcpy(halves, bytes + 2, sizeof(halves));
        *h = (struct header){(uint64_t)ntohl(halves[0]) << 32 | ntohl(halves[1]), 14, false};
        h->shortest_form = h->length > UINT16_MAX;
        return true;
    case 126:
        if ((bytes = look_at(in, 4)) == NULL)
            return false;
        memcpy(&number, bytes + 2, sizeof(number));
        *h = (struct header){ntohs(number), 8, ntohs(number) > 125};
        return true;
    default:
        *h = (struct header){bytes[1] & 0x7f, 6, true};
        return true;
    }
}

static enum frame_status judge(const struct frame_reader *r, unsigned char byte0,
                               unsigned char byte1, const struct header *h)
{
    /* The low seven bits of byte 0, of which no reserved bit may be set. */
    static const char KNOWN[] = {OPCODE_TEXT, OPCODE_BINARY, OPCODE_CLOSE,
                                 OPCODE_PING, OPCODE_PONG,   OPCODE_CONTINUATION};
    bool control = (byte0 & 0x08) != 0;

    if (memchr(KNOWN, byte0 & 0x7f, sizeof(KNOWN)) == NULL || byte1 < 0x80 || !h->shortest_form)
        return FRAME_PROTOCOL_ERROR;
    if (control && (byte0 < 0x80 || h->length > 125))
        return FRAME_PROTOCOL_ERROR;
    if (h->length >> 63 != 0)
        return FRAME_PROTOCOL_ERROR;
    return h->length > r->limit ? FRAME_TOO_BIG : FRAME_READY;
}

enum frame_status frame_reader_next(struct frame_reader *r, struct evbuffer *in,
                                    struct frame *frame)
{
    unsigned char *bytes;
    struct header h;
    enum frame_status status;

    if (r->refused != FRAME_MORE)
        return r->refused;
    if (!read_header(in, &h))
        return FRAME_MORE;
    bytes = look_at(in, 2);
    status = judge(r, bytes[0], bytes[1], &h);
    if (status != FRAME_READY)
        return r->refused = status;
    bytes = look_at(in, h.size + (size_t)h.length);
    if (bytes == NULL)
        return FRAME_MORE;
    frame->payload = calloc(1, (size_t)h.length + 1);
    if (frame->payload == NULL)
        return r->refused = FRAME_NO_MEMORY;
    frame->opcode = (enum opcode)(bytes[0] & 0x0f);
    frame->final = bytes[0] >= 0x80;
    frame->length = (size_t)h.length;
    for (size_t k = 0; k < frame->length; k++)
        frame->payload[k] = bytes[h.size + k] ^ bytes[h.size - 4 + k % 4];
    (void)evbuffer_drain(in, h.size + frame->length);
    return FRAME_READY;
}
