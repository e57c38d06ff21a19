/* p6_frames.h: frames as a client makes them, and what a server's frames say
 *
 * A client's frames are built in a struct bytes, each with another mask. What a server has sent is
 * put into words: `101; text "Hello"; close 1000; end`. The client is a strict one: it also says
 * that a length is not in its shortest form, or a control frame too long.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P6_FRAMES_H
#define P6_FRAMES_H

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p6_utf8.h"
#include "p6_websocket_server.h"
#include "peer.h"
#include "suite.h"

enum { FIN = 0x80, SHOWN_MOST = 2000, SHORT_MOST = 40 };

/* ---- what a client sends ---- */

struct bytes {
    unsigned char *at; /* owned */
    size_t n;
};

/* The byte k of a long payload. It repeats late, and is text. */
static inline unsigned char payload_byte(size_t k)
{
    return (unsigned char)('A' + (k * 31 + k / 251) % 58);
}

static inline void bytes_add(struct bytes *b, const void *more, size_t n)
{
    b->at = realloc(b->at, b->n + n + 1);
    ck_assert_ptr_nonnull(b->at);
    memcpy(b->at + b->n, more, n);
    b->n += n;
}

/* Adds a header that says what it is told to say, true or not: the length in `extra` bytes. */
static inline void header_add(struct bytes *b, int byte0, bool masked, uint64_t length, int extra,
                              const unsigned char *mask)
{
    unsigned char header[14] = {(unsigned char)byte0};
    size_t n = 2;

    header[1] = (unsigned char)((masked ? 0x80 : 0) | (extra == 0   ? (int)length
                                                       : extra == 2 ? 126
                                                                    : 127));
    while (extra-- > 0)
        header[n++] = (unsigned char)(length >> 8 * extra);
    if (masked)
        memcpy(header + n, mask, 4);
    bytes_add(b, header, masked ? n + 4 : n);
}

/* Adds a frame. */
static inline void frame_add(struct bytes *b, int byte0, const void *payload, size_t n)
{
    static unsigned char next;
    const unsigned char mask[] = {0x37, 0xfa, (unsigned char)(0x21 + next++), 0x3d};

    header_add(b, byte0, true, n, n < 126 ? 0 : n < 65536 ? 2 : 8, mask);
    bytes_add(b, payload, n);
    for (size_t k = 0; k < n; k++)
        b->at[b->n - n + k] ^= mask[k % 4];
}

/* Adds a frame with a payload of `n` times payload_byte(). */
static inline void long_frame_add(struct bytes *b, int byte0, size_t n)
{
    unsigned char *payload = malloc(n + 1);

    ck_assert_ptr_nonnull(payload);
    for (size_t k = 0; k < n; k++)
        payload[k] = payload_byte(k);
    frame_add(b, byte0, payload, n);
    free(payload);
}

static inline void text_add(struct bytes *b, int byte0, const char *text)
{
    frame_add(b, byte0, text, strlen(text));
}

/* Adds a Close frame; no code: 0. */
static inline void close_add(struct bytes *b, int code, const char *reason)
{
    unsigned char payload[200] = {(unsigned char)(code >> 8), (unsigned char)code};

    memcpy(payload + 2, reason, strlen(reason));
    frame_add(b, FIN | WS_CLOSE, payload, code == 0 ? 0 : 2 + strlen(reason));
}

/* ---- in words ---- */

/* Text that grows, up to SHOWN_MOST characters; what does not fit is left out. */
struct words {
    char text[SHOWN_MOST];
    size_t n;
};

__attribute__((format(printf, 2, 3))) static inline void say(struct words *w, const char *format,
                                                             ...)
{
    va_list arguments;

    va_start(arguments, format);
    const int n = vsnprintf(w->text + w->n, sizeof(w->text) - w->n, format, arguments);
    va_end(arguments);
    w->n += (size_t)n < sizeof(w->text) - w->n ? (size_t)n : sizeof(w->text) - w->n - 1;
}

static inline void say_next(struct words *w)
{
    if (w->n > 0)
        say(w, "; ");
}

/* A short payload letter by letter, of a long one the length, and where it is wrong. */
static inline void say_payload(struct words *w, const unsigned char *bytes, size_t n)
{
    if (n > SHORT_MOST) {
        size_t wrong = 0;
        while (wrong < n && bytes[wrong] == payload_byte(wrong))
            wrong++;
        say(w, "of %zu bytes", n);
        if (wrong < n)
            say(w, ", wrong from byte %zu on: 0x%02x, not 0x%02x", wrong, bytes[wrong],
                payload_byte(wrong));
        return;
    }
    say(w, "\"");
    for (size_t k = 0; k < n; k++)
        say(w, isprint(bytes[k]) && bytes[k] != '"' ? "%c" : "\\x%02x", bytes[k]);
    say(w, "\"");
}

/* A frame without what its header says besides the opcode. */
static inline void say_frame(struct words *w, int opcode, const unsigned char *payload, size_t n)
{
    static const char *const NAMES[16] = {[WS_CONTINUATION] = "continuation ",
                                          [WS_TEXT] = "text ",
                                          [WS_BINARY] = "binary ",
                                          [WS_PING] = "ping ",
                                          [WS_PONG] = "pong "};

    say_next(w);
    if (opcode == WS_CLOSE && n < 2)
        say(w, n == 0 ? "close" : "close with 1 byte");
    else if (opcode == WS_CLOSE)
        say(w, "close %d", payload[0] << 8 | payload[1]);
    else if (NAMES[opcode] != NULL)
        say(w, "%s", NAMES[opcode]);
    else
        say(w, "opcode %d ", opcode);
    if (opcode != WS_CLOSE)
        say_payload(w, payload, n);
}

/* The size of a header without its mask, and the length that it says; 0 if it is not all there. */
static inline size_t header_size(const unsigned char *b, size_t n, uint64_t *length)
{
    const int field = n >= 2 ? b[1] & 0x7f : 0;
    const size_t size = field == 126 ? 4 : field == 127 ? 10 : 2;

    if (n < size)
        return 0;
    *length = size == 2 ? (uint64_t)field : 0;
    for (size_t k = 2; k < size; k++)
        *length = *length << 8 | b[k];
    return size;
}

/* Says what a strict client has against the header of a frame, or the reason of a Close frame. */
static inline void say_objections(struct words *w, const unsigned char *b, size_t header,
                                  size_t length)
{
    const size_t shortest = length < 126 ? 2 : length < 65536 ? 4 : 10;

    if ((b[0] & 0xf0) != FIN)
        say(w, " (byte 0 is 0x%02x)", b[0]);
    if (header != shortest)
        say(w, " (the length %zu in %zu bytes, not %zu)", length, header == 2 ? 1 : header - 2,
            shortest == 2 ? 1 : shortest - 2);
    if ((b[0] & 0x0f) >= WS_CLOSE && length > WS_CONTROL_MOST)
        say(w, " (a control frame of %zu bytes)", length);
    if ((b[0] & 0x0f) == WS_CLOSE && length > 2 && !is_utf8(b + header + 2, length - 2))
        say(w, " (its reason is no UTF-8)");
}

/* Puts a server's first frame into words. Returns its length; 0 if it is not whole, or none. */
static inline size_t say_first_frame(struct words *w, const unsigned char *b, size_t n)
{
    uint64_t length;
    const size_t header = header_size(b, n, &length);

    if (header == 0)
        return 0;
    if ((b[1] & 0x80) != 0) {
        say_next(w);
        say(w, "a frame with a mask, which a server never sends");
        return 0;
    }
    if (n - header < length)
        return 0;
    say_frame(w, b[0] & 0x0f, b + header, (size_t)length);
    say_objections(w, b, header, (size_t)length);
    return header + (size_t)length;
}

/* ---- what a peer has been sent, and has sent ---- */

/* What a server has sent: the status of its answer, its frames, and whether it has closed; with
 * the time at which each of them had come, if that is asked for. */
static inline void say_answer(struct words *w, const struct peer *p, bool timed)
{
    size_t n;
    const char *received = peer_received(p, &n);
    const char *end = strstr(received, "\r\n\r\n"); /* peer.h puts a 0 behind */
    size_t used = end != NULL ? (size_t)(end + 4 - received) : 0;
    const int status = used > 0 && strncmp(received, "HTTP/1.1 ", 9) == 0 ? atoi(received + 9) : 0;

    *w = (struct words){.n = 0};
    if (status > 0)
        say(w, "%d", status);
    if (status > 0 && timed)
        say(w, " at %.3f", peer_received_ms(p, used) / 1e3);
    while (status == 101 && used < n) {
        const size_t frame = say_first_frame(w, (const unsigned char *)received + used, n - used);
        if (frame == 0) {
            say_next(w);
            say(w, "%zu bytes that are no whole frame", n - used);
            break;
        }
        used += frame;
        if (timed)
            say(w, " at %.3f", peer_received_ms(p, used) / 1e3);
    }
    if (peer_saw_end(p)) {
        say_next(w);
        say(w, "end");
        if (timed)
            say(w, " at %.3f", peer_end_ms(p) / 1e3);
    }
}

/* Puts a client's first frame into words; what is no whole frame, as so many bytes. */
static inline size_t say_client_frame(struct words *w, const unsigned char *b, size_t n)
{
    uint64_t length;
    const size_t header = header_size(b, n, &length);
    unsigned char payload[WS_CONTROL_MOST];

    if (header == 0 || (b[1] & 0x80) == 0 || n < header + 4 || n - header - 4 < length) {
        say_next(w);
        say(w, "%zu bytes", n);
        return n;
    }
    for (size_t k = 0; k < length && k < sizeof(payload); k++)
        payload[k] = b[header + 4 + k] ^ b[header + k % 4];
    if (length > sizeof(payload)) {
        say_next(w);
        say(w, "opcode %d, %zu bytes", b[0] & 0x0f, (size_t)length);
    } else {
        say_frame(w, b[0] & 0x0f, payload, (size_t)length);
    }
    if ((b[0] & 0xf0) != FIN)
        say(w, " (byte 0 is 0x%02x)", b[0]);
    return header + 4 + (size_t)length;
}

enum { SENDS_SHOWN = 6 };

/* What a client has sent, and when: the last ones, each as it went out. */
static inline void say_sent(struct words *w, const struct peer *p)
{
    int count = 0, at_ms = 0;
    size_t n;

    *w = (struct words){.n = 0};
    while (peer_sent(p, count, &at_ms, &n) != NULL)
        count++;
    if (count > SENDS_SHOWN)
        say(w, "...");
    for (int k = count > SENDS_SHOWN ? count - SENDS_SHOWN : 0; k < count; k++) {
        const unsigned char *bytes = (const unsigned char *)peer_sent(p, k, &at_ms, &n);
        size_t used = 0;

        if (n > 4 && isupper(bytes[0]) && isupper(bytes[1])) {
            say_next(w);
            say(w, "a request");
            for (used = 4; used < n && memcmp(bytes + used - 4, "\r\n\r\n", 4) != 0; used++)
                ;
        }
        while (used < n)
            used += say_client_frame(w, bytes + used, n - used);
        say(w, " at %.3f", at_ms / 1e3);
    }
}

#endif
