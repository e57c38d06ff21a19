/* 10_websocket_frame.h: WebSocket frames out of a stream of bytes
 *
 * The guest book of a museum: visitors write into it from their browsers, over WebSockets. A
 * browser sends frames, but what arrives are bytes, in portions of any size: half a header, a frame
 * and a half, three frames at once. A frame reader takes them out of an evbuffer, which may be the
 * input of a bufferevent, and hands out whole frames. A frame is (RFC 6455, section 5.2)
 *
 *     byte 0       0x80: the last frame of its message (FIN)
 *                  0x70: reserved, 0
 *                  0x0f: what it is, an enum opcode; those from 8 on are control frames
 *     byte 1       0x80: masked; each frame of a browser is (section 5.3)
 *                  0x7f: the length of the payload, if that is 125 at the most; or 126, or 127
 *     length       if byte 1 says 126, in 2 bytes; if it says 127, in 8 bytes; otherwise nothing.
 *                  The most significant byte comes first
 *     mask         4 bytes
 *     payload      byte k of it is sent as k ^ mask byte k % 4
 *
 * Nobody may send, and the reader refuses with FRAME_PROTOCOL_ERROR:
 *     - a reserved bit that is set, or an opcode that is not in the enum
 *     - a frame of a browser without a mask (section 5.1)
 *     - a control frame with more than 125 bytes, or one that is not the last of its message (5.5)
 *     - a length in more bytes than it needs: 125 in 2 bytes, 65535 in 8 bytes (5.2)
 *     - a length in 8 bytes whose highest bit is set (5.2)
 * What is allowed so far, but longer than the reader's limit, it refuses with FRAME_TOO_BIG, a
 * control frame as well; with a limit of 0 all but empty frames. It refuses a frame when the last
 * byte of its length has come, at the latest: for a frame that is refused it neither waits for the
 * mask nor asks for memory. For one that is not, it asks for what that one needs.
 *
 * It reads frames, no messages: to join the frames of a message, and to answer a ping or a close,
 * is the business of whoever calls it. The asyncio twin, without what is refused, is
 *
 *     async def read_frame(reader):                # StreamReader: it waits for the bytes by itself
 *         first, second = await reader.readexactly(2)
 *         length = second & 0x7F
 *         if length == 126: length = int.from_bytes(await reader.readexactly(2), "big")
 *         elif length == 127: length = int.from_bytes(await reader.readexactly(8), "big")
 *         mask = await reader.readexactly(4)
 *         payload = await reader.readexactly(length)
 *         return first, bytes(byte ^ mask[k % 4] for k, byte in enumerate(payload))
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef WEBSOCKET_FRAME_H
#define WEBSOCKET_FRAME_H

#include <stdbool.h>
#include <stddef.h>

struct evbuffer;
struct frame_reader; /* reads what one connection brings */

enum opcode {
    OPCODE_CONTINUATION = 0x0,
    OPCODE_TEXT = 0x1,
    OPCODE_BINARY = 0x2,
    OPCODE_CLOSE = 0x8,
    OPCODE_PING = 0x9,
    OPCODE_PONG = 0xa
};

/* From 1002 on: the frame is refused, and this is the code to close the connection with (RFC 6455,
 * section 7.4.1). */
enum frame_status {
    FRAME_MORE,  /* no whole frame yet: call again when more bytes have come */
    FRAME_READY, /* a frame is handed out; there may be another one behind it */
    FRAME_PROTOCOL_ERROR = 1002,
    FRAME_TOO_BIG = 1009,
    FRAME_NO_MEMORY = 1011
};

struct frame {
    enum opcode opcode;
    bool final;             /* the last frame of its message */
    size_t length;          /* of the payload, in bytes */
    unsigned char *payload; /* unmasked, with a 0 behind it that does not count; owned, free() it */
};

/* A reader that accepts payloads of `limit` bytes at the most, `limit` being 1 GiB at the most.
 * NULL without memory. The caller owns it. */
struct frame_reader *frame_reader_new(size_t limit);

/* Goes on with what is in `in`, which is the same evbuffer in each call. Bytes that belong to the
 * frame are taken out of it, now or when the frame is complete; those behind the frame stay. Only
 * with FRAME_READY `*frame` is filled in, and the caller owns it. What was refused is refused again
 * by each later call, which takes nothing out of `in`. */
enum frame_status frame_reader_next(struct frame_reader *r, struct evbuffer *in,
                                    struct frame *frame);

/* Frees a reader, also NULL, and also one that is in the middle of a frame. The frames that it has
 * handed out stay. */
void frame_reader_free(struct frame_reader *r);

#endif
