/* 10_websocket_frame.c: reads a WebSocket frame one byte at a time
 *
 * asyncio twin (of a short frame; the whole of it is in the lesson):
 *     first, second = await reader.readexactly(2)
 *     mask = await reader.readexactly(4)
 *     payload = await reader.readexactly(second & 0x7F)
 * Run: ./10_websocket_frame, or with bytes of your own: ./10_websocket_frame 82 fe 01 00
 * Ends when the network has no byte left: its timer is then removed, the loop's last event.
 * Notice: accept_key(), encode_header() and decoder_feed() know no socket and no event. Bytes go
 * in, a status comes out; between two bytes, what the decoder knows is in its struct.
 * A real program would feed it many bytes at once, and refuse all that RFC 6455 forbids: the drill.
 *
 * SPDX-License-Identifier: MIT
 */
#include <ctype.h>
#include <event2/event.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAST = 0x80, RESERVED = 0x70, OPCODE = 0x0f }; /* in byte 0 */
enum { MASKED = 0x80, LENGTH = 0x7f };                /* in byte 1 */
enum { TEXT = 1, EXIT_USAGE = 2 };
enum { LENGTH_IN_2 = 126, LENGTH_IN_8 = 127, MASK_SIZE = 4, HEADER_MOST = 10, BYTES_MOST = 64 };
static const struct timeval BYTE_TIME = {.tv_usec = 10 * 1000};

enum status { MORE, END, REFUSED };
enum state { FIRST, SECOND, IN_LENGTH, IN_MASK, IN_PAYLOAD }; /* what the next byte is */

struct decoder {
    enum state state;
    uint8_t first;           /* byte 0 */
    uint64_t length;         /* of the payload, in bytes */
    int missing;             /* bytes of the length, or of the mask, that are still to come */
    uint8_t mask[MASK_SIZE]; /* of this frame */
    uint64_t have;           /* bytes of the payload that have come */
    uint8_t data;            /* the last of them, unmasked */
};

struct program {
    struct event_base *base;   /* owned */
    struct event *network;     /* runs on_byte() each 10 ms; owned */
    uint8_t bytes[BYTES_MOST]; /* what the network brings */
    int n, next;               /* how many they are, and which is the next one */
    struct decoder decoder;
};

/* ---- the codec ---- */

/* The answer to a browser's Sec-WebSocket-Key (RFC 6455, section 4.2.2): base64 of the SHA-1 of the
 * key and a fixed text. It takes 28 characters and a 0 in `accept`. */
static void accept_key(const char *key, char *accept)
{
    char text[128];
    unsigned char digest[SHA_DIGEST_LENGTH];
    int n = snprintf(text, sizeof(text), "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);

    (void)SHA1((const unsigned char *)text, (size_t)n, digest);
    (void)EVP_EncodeBlock((unsigned char *)accept, digest, sizeof(digest));
}

/* The header of a server's frame, which has no mask. Returns its length: 2, 4 or 10 bytes. */
static size_t encode_header(uint8_t *bytes, int opcode, uint64_t length)
{
    size_t extra = length < LENGTH_IN_2 ? 0 : length <= UINT16_MAX ? 2 : 8;

    bytes[0] = (uint8_t)(LAST | opcode);
    bytes[1] = (uint8_t)(extra == 0 ? length : extra == 2 ? LENGTH_IN_2 : LENGTH_IN_8);
    for (size_t k = 0; k < extra; k++) /* the most significant byte first, on every machine */
        bytes[2 + k] = (uint8_t)(length >> 8 * (extra - 1 - k));
    return 2 + extra;
}

/* Goes on by one byte of a browser's frame. END: that was its last byte, and another frame may
 * follow. REFUSED: nothing may. */
static enum status decoder_feed(struct decoder *d, uint8_t byte)
{
    switch (d->state) {
    case FIRST:
        *d = (struct decoder){.state = SECOND, .first = byte};
        return (byte & RESERVED) != 0 ? REFUSED : MORE;
    case SECOND:
        d->length = byte & LENGTH;
        d->state = d->length < LENGTH_IN_2 ? IN_MASK : IN_LENGTH;
        d->missing = d->length < LENGTH_IN_2 ? MASK_SIZE : d->length == LENGTH_IN_2 ? 2 : 8;
        if (d->state == IN_LENGTH)
            d->length = 0;
        return (byte & MASKED) == 0 ? REFUSED : MORE;
    case IN_LENGTH:
        d->length = d->length << 8 | byte;
        if (--d->missing == 0) {
            d->state = IN_MASK;
            d->missing = MASK_SIZE;
        }
        return MORE;
    case IN_MASK:
        d->mask[MASK_SIZE - d->missing] = byte;
        if (--d->missing == 0)
            d->state = d->length > 0 ? IN_PAYLOAD : FIRST;
        return d->state == FIRST ? END : MORE;
    case IN_PAYLOAD:
        d->data = byte ^ d->mask[d->have++ % MASK_SIZE];
        if (d->have == d->length)
            d->state = FIRST;
        return d->state == FIRST ? END : MORE;
    }
    return REFUSED;
}

/* ---- what is printed, and when ---- */

/* What `byte` was to the decoder, which was in the state `was` when it came. */
static void print_byte(enum state was, const struct decoder *d, uint8_t byte)
{
    printf("decoder: %02x ", byte);
    switch (was) {
    case FIRST:
        printf("%s, opcode %d\n", byte & LAST ? "last frame of its message" : "more frames follow",
               byte & OPCODE);
        break;
    case SECOND:
        printf(byte & MASKED ? "masked, " : "not masked, ");
        if (d->state == IN_LENGTH)
            printf("length in the next %d bytes\n", d->missing);
        else
            printf("length %d\n", byte & LENGTH);
        break;
    case IN_LENGTH:
        printf("length, so far %llu\n", (unsigned long long)d->length);
        break;
    case IN_MASK:
        printf("mask\n");
        break;
    case IN_PAYLOAD:
        printf("^ %02x is %02x '%c'\n", byte ^ d->data, d->data, isprint(d->data) ? d->data : '.');
        break;
    }
}

/* The network brings another byte. */
static void on_byte(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;
    uint8_t byte = program->bytes[program->next++];
    enum state was = program->decoder.state;
    enum status status = decoder_feed(&program->decoder, byte);

    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    print_byte(was, &program->decoder, byte);
    if (status == END)
        printf("decoder: end of a frame\n");
    if (status == REFUSED)
        printf("decoder: refused, close code 1002\n");
    if (status == REFUSED || program->next == program->n)
        (void)event_del(program->network); /* cannot fail: the event is a good one */
}

/* What a server says: its answer to the handshake, and how its frames begin. */
static void print_server(void)
{
    static const char KEY[] = "dGhlIHNhbXBsZSBub25jZQ==";
    static const uint64_t LENGTHS[] = {5, 125, 126, 65535, 65536};
    char accept[29];

    accept_key(KEY, accept);
    printf("handshake: key %s\nhandshake: accept %s\n", KEY, accept);
    for (int k = 0; k < 5; k++) {
        uint8_t bytes[HEADER_MOST];
        size_t n = encode_header(bytes, TEXT, LENGTHS[k]);

        printf("encoder: %llu bytes:", (unsigned long long)LENGTHS[k]);
        for (size_t j = 0; j < n; j++)
            printf(" %02x", bytes[j]);
        printf("\n");
    }
}

/* Takes `n` words of two hexadecimal digits. Returns false if they are not that. */
static bool take_bytes(struct program *program, int n, char *const *words)
{
    for (program->n = 0; program->n < n && program->n < BYTES_MOST; program->n++) {
        const char *word = words[program->n];

        if (strlen(word) != 2 || strspn(word, "0123456789abcdefABCDEF") != 2)
            return false;
        program->bytes[program->n] = (uint8_t)strtoul(word, NULL, 16);
    }
    return program->n == n;
}

static int program_open(struct program *program)
{
    program->base = event_base_new();
    if (program->base == NULL)
        return -1;
    program->network = event_new(program->base, -1, EV_PERSIST, on_byte, program);
    if (program->network == NULL)
        return -1;
    return event_add(program->network, &BYTE_TIME);
}

/* Takes a half-opened program, too. */
static void program_close(struct program *program)
{
    if (program->network != NULL)
        event_free(program->network);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(int argc, char **argv)
{
    /* A text frame "Hello", with its mask: RFC 6455, section 5.7. */
    static char *const HELLO[] = {"81", "85", "37", "fa", "21", "3d", "7f", "9f", "4d", "51", "58"};
    struct program program = {.base = NULL};
    int status = EXIT_FAILURE;

    if (argc > 1 ? !take_bytes(&program, argc - 1, argv + 1) : !take_bytes(&program, 11, HELLO)) {
        fprintf(stderr, "usage: 10_websocket_frame [BYTE ...]   64 at the most, such as 81 05\n");
        return EXIT_USAGE;
    }
    if (argc <= 1)
        print_server();
    if (program_open(&program) != 0) {
        fprintf(stderr, "10_websocket_frame: set-up: out of memory\n");
        goto cleanup;
    }
    if (event_base_dispatch(program.base) != 1) {
        fprintf(stderr, "10_websocket_frame: event loop: it ended before its work did\n");
        goto cleanup;
    }
    /* stdout remembers a write that failed: one look here serves every line above. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "10_websocket_frame: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    return status;
}
