/* p6_frame.h: what a frame and a message are made of, and how bytes are unmasked; given
 *
 * A frame is (RFC 6455, section 5.2)
 *
 *     byte 0       LAST: the last frame of its message (FIN). RESERVED: 0
 *                  OPCODE: an enum ws_opcode
 *     byte 1       MASKED: each frame of a client is. LENGTH: that of the payload; or 126, or 127
 *     length       2 bytes if byte 1 says 126, 8 if it says 127, otherwise none; the most
 *                  significant one comes first
 *     mask         4 bytes, if it is masked
 *     payload      byte k of it is sent as k ^ mask byte k % 4
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P6_FRAME_H
#define P6_FRAME_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "p6_utf8.h"

enum {
    LAST = 0x80,     /* of byte 0 */
    RESERVED = 0x70, /* of byte 0 */
    OPCODE = 0x0f,   /* of byte 0 */
    MASKED = 0x80,   /* of byte 1 */
    LENGTH = 0x7f,   /* of byte 1 */
    LENGTH_IN_2 = 126,
    LENGTH_IN_8 = 127,
    MASK_SIZE = 4,
    HEADER_MOST = 2 + 8, /* bytes, of a frame without mask */
    KEPT_MOST = 4096     /* bytes that a connection keeps for its next message */
};

/* The frame that comes. */
struct frame {
    bool begun;     /* its header has been taken; the rest is valid only then */
    bool final;     /* the last of its message */
    int opcode;     /* an enum ws_opcode */
    size_t have;    /* so many bytes of the payload have been taken, */
    size_t missing; /* and so many are still to come */
    unsigned char mask[MASK_SIZE];
};

/* The message whose fragments come. */
struct message {
    int opcode;           /* WS_TEXT or WS_BINARY; 0: there is none */
    unsigned char *bytes; /* what has come of it; owned, NULL as long as nothing has */
    size_t n, room;       /* how many bytes that are, and how many have room */
    struct utf8 utf8;     /* where a text stands */
};

/* Makes room for `more` bytes behind those that are there, and for a 0. It doubles, up to `most`
 * bytes: memory grows with what has come, and not with what was promised. False without memory. */
static inline bool message_reserve(struct message *m, size_t more, size_t most)
{
    size_t room = m->n + more;
    unsigned char *bytes;

    if (room < m->room)
        return true;
    room = room < 2 * m->room ? 2 * m->room : room;
    room = room > most ? most : room;
    bytes = realloc(m->bytes, room + 1);
    if (bytes == NULL)
        return false;
    m->bytes = bytes;
    m->room = room + 1;
    return true;
}

/* There is no message any more; a little memory is kept for the next one. */
static inline void message_clear(struct message *m)
{
    if (m->room > KEPT_MOST) {
        free(m->bytes);
        m->bytes = NULL;
        m->room = 0;
    }
    m->opcode = 0;
    m->n = 0;
    m->utf8 = (struct utf8){0};
}

/* Unmasks `n` bytes, of which the first one is byte `at` of its payload: eight at a time. */
static inline void unmask(unsigned char *to, const unsigned char *from, size_t n,
                          const unsigned char *mask, size_t at)
{
    unsigned char turned[8]; /* the mask twice, beginning with the byte that is for from[0] */
    uint64_t eight, mask_of_eight;
    size_t k = 0;

    for (size_t i = 0; i < sizeof(turned); i++)
        turned[i] = mask[(at + i) % MASK_SIZE];
    memcpy(&mask_of_eight, turned, sizeof(turned));
    for (; k + sizeof(eight) <= n; k += sizeof(eight)) {
        memcpy(&eight, from + k, sizeof(eight)); /* neither needs to be aligned */
        eight ^= mask_of_eight;
        memcpy(to + k, &eight, sizeof(eight));
    }
    for (; k < n; k++)
        to[k] = from[k] ^ turned[k % sizeof(turned)];
}

#endif
