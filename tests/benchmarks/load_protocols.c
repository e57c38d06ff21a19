/* load_protocols.c: HTTP, lines, datagrams and WebSocket, seen from a client that checks
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* memmem() */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "load.h"

enum { DIGITS = 8 }; /* of a number, in hexadecimal */

/* What stands behind the number, in messages of all sizes. */
static const char *filler(void)
{
    static char bytes[SIZE_MOST];

    if (bytes[0] == '\0') {
        for (size_t k = 0; k < sizeof(bytes); k++)
            bytes[k] = (char)('a' + k % 23);
    }
    return bytes;
}

/* A message of `size` bytes that begins with its number. */
static void message_write(char *room, unsigned number, size_t size)
{
    char digits[DIGITS + 1];

    (void)snprintf(digits, sizeof(digits), "%08x", number);
    memcpy(room, digits, DIGITS);
    memcpy(room + DIGITS, filler(), size - DIGITS);
}

/* Puts the number of a message into `*number`. False if these are not bytes of a message. */
static bool message_read(const char *bytes, size_t size, unsigned *number)
{
    char digits[DIGITS + 1] = "";
    char *end;

    memcpy(digits, bytes, DIGITS);
    *number = (unsigned)strtoul(digits, &end, 16);
    return *end == '\0' && memcmp(bytes + DIGITS, filler(), size - DIGITS) == 0;
}

/* ---- lines, and datagrams ---- */

static size_t line_request(char *room, unsigned number, size_t size)
{
    message_write(room, number, size - 1);
    room[size - 1] = '\n';
    return size;
}

static ssize_t line_answer(const char *bytes, size_t n, unsigned *number, size_t size)
{
    unsigned found;

    if (n < size)
        return 0;
    return bytes[size - 1] == '\n' && message_read(bytes, size - 1, &found) && found == *number
               ? (ssize_t)size
               : -1;
}

static size_t datagram_request(char *room, unsigned number, size_t size)
{
    message_write(room, number, size);
    return size;
}

static ssize_t datagram_answer(const char *bytes, size_t n, unsigned *number, size_t size)
{
    return n == size && message_read(bytes, size, number) ? (ssize_t)size : -1;
}

/* ---- HTTP: whatever the size; {"time":"..."}, with or without a blank ---- */

static size_t http_request(char *room, unsigned number, size_t size)
{
    static const char REQUEST[] = "GET /api/time HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

    (void)number;
    (void)size;
    memcpy(room, REQUEST, sizeof(REQUEST) - 1);
    return sizeof(REQUEST) - 1;
}

/* The length of the head, with the empty line behind it; 0 if it is not whole. */
static size_t head_length(const char *bytes, size_t n)
{
    const char *end = memmem(bytes, n, "\r\n\r\n", 4);

    return end != NULL ? (size_t)(end - bytes) + 4 : 0;
}

/* The value of a field of a head, behind the blanks; NULL if it is not there. `name` ends with the
 * colon. */
static const char *head_field(const char *bytes, size_t length, const char *name)
{
    const char *line = bytes;

    while ((line = memmem(line, length - (size_t)(line - bytes), "\r\n", 2)) != NULL) {
        line += 2;
        if (strncasecmp(line, name, strlen(name)) == 0) /* the head ends with an empty line */
            return line + strlen(name) + strspn(line + strlen(name), " \t");
    }
    return NULL;
}

static ssize_t http_answer(const char *bytes, size_t n, unsigned *number, size_t size)
{
    static const char BEGIN[] = "{\"time\":", YEAR[] = "\"20", END[] = "\"}";
    const size_t head = head_length(bytes, n);
    const char *type, *length;
    size_t body;

    (void)number;
    (void)size;
    if (head == 0)
        return n > OVERHEAD_MOST ? -1 : 0;
    type = head_field(bytes, head, "Content-Type:");
    length = head_field(bytes, head, "Content-Length:");
    if (strncmp(bytes, "HTTP/1.1 200 ", 13) != 0 || type == NULL || length == NULL ||
        strncmp(type, "application/json", 16) != 0)
        return -1;
    body = strtoul(length, NULL, 10);
    if (body < sizeof(BEGIN) + sizeof(YEAR) || body > 64)
        return -1;
    if (n - head < body)
        return 0;
    const char *value = bytes + head + sizeof(BEGIN) - 1;
    return memcmp(bytes + head, BEGIN, sizeof(BEGIN) - 1) == 0 &&
                   memcmp(value + (*value == ' '), YEAR, sizeof(YEAR) - 1) == 0 &&
                   memcmp(bytes + head + body - 2, END, 2) == 0
               ? (ssize_t)(head + body)
               : -1;
}

/* ---- WebSocket: binary messages, a frame each ---- */

static size_t websocket_handshake(char *room)
{
    /* Key and answer are those of RFC 6455, section 1.3. */
    static const char REQUEST[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                                  "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                  "Sec-WebSocket-Version: 13\r\n\r\n";

    memcpy(room, REQUEST, sizeof(REQUEST) - 1);
    return sizeof(REQUEST) - 1;
}

static ssize_t websocket_accepted(const char *bytes, size_t n)
{
    static const char ACCEPT[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    const size_t head = head_length(bytes, n);
    const char *accept;

    if (head == 0)
        return n > OVERHEAD_MOST ? -1 : 0;
    accept = head_field(bytes, head, "Sec-WebSocket-Accept:");
    return strncmp(bytes, "HTTP/1.1 101 ", 13) == 0 && accept != NULL &&
                   strncmp(accept, ACCEPT, sizeof(ACCEPT) - 1) == 0
               ? (ssize_t)head
               : -1;
}

/* The first bytes of a frame, without a mask: FIN, binary, the length. Returns how many. */
static size_t frame_head(unsigned char *room, size_t size)
{
    room[0] = 0x82;
    if (size < 126) {
        room[1] = (unsigned char)size;
        return 2;
    }
    const int bytes = size < 65536 ? 2 : 8;
    room[1] = bytes == 2 ? 126 : 127;
    for (int k = 0; k < bytes; k++)
        room[2 + k] = (unsigned char)((uint64_t)size >> 8 * (bytes - 1 - k));
    return 2 + (size_t)bytes;
}

static size_t websocket_request(char *room, unsigned number, size_t size)
{
    const uint32_t mask = (number + 1) * 2654435761u;
    const size_t head = frame_head((unsigned char *)room, size);
    char *payload = room + head + sizeof(mask);
    char key[sizeof(mask)];

    if (number == 0)
        return websocket_handshake(room);
    room[1] = (char)((unsigned char)room[1] | 0x80);
    memcpy(key, &mask, sizeof(mask));
    memcpy(room + head, key, sizeof(key));
    message_write(payload, number, size);
    for (size_t k = 0; k < size; k++)
        payload[k] ^= key[k % sizeof(key)];
    return head + sizeof(mask) + size;
}

static ssize_t websocket_answer(const char *bytes, size_t n, unsigned *number, size_t size)
{
    unsigned char expected[10];
    const size_t head = frame_head(expected, size);
    unsigned found;

    if (*number == 0)
        return websocket_accepted(bytes, n);
    if (memcmp(bytes, expected, n < head ? n : head) != 0)
        return -1;
    if (n < head + size)
        return 0;
    return message_read(bytes + head, size, &found) && found == *number ? (ssize_t)(head + size)
                                                                        : -1;
}

const struct protocol *protocol_find(const char *name)
{
    static const struct protocol PROTOCOLS[] = {
        {"http", SOCK_STREAM, http_request, http_answer},
        {"lines", SOCK_STREAM, line_request, line_answer},
        {"datagrams", SOCK_DGRAM, datagram_request, datagram_answer},
        {"websocket", SOCK_STREAM, websocket_request, websocket_answer},
    };

    for (size_t k = 0; k < sizeof(PROTOCOLS) / sizeof(PROTOCOLS[0]); k++) {
        if (strcmp(PROTOCOLS[k].name, name) == 0)
            return &PROTOCOLS[k];
    }
    return NULL;
}
