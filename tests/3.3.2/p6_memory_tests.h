/* p6_memory_tests.h: what a message costs, for the suite of p6_websocket_server
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P6_MEMORY_TESTS_H
#define P6_MEMORY_TESTS_H

#include <malloc.h>

#include "alloc.h"
#include "p6_hall.h"

/* Bytes that are in use, with or without a sanitizer. Under valgrind it counts nothing. */
extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t bytes_in_use(void)
{
    return __sanitizer_get_current_allocated_bytes != NULL
               ? __sanitizer_get_current_allocated_bytes()
               : mallinfo2().uordblks + mallinfo2().hblkhd;
}

/* ---- 1009 ---- */

enum { SMALL = 1000 }; /* max_message */

/* What is sent behind a good message leads to 1009, with hardly any memory. */
static void too_big(struct bytes *b, const char *did)
{
    struct ws_options o = DEFAULTS;
    struct hall h;

    o.max_message = SMALL;
    hall_open(&h, &o);
    struct peer *p = client_enter(&h, "/");
    const size_t before = bytes_in_use();
    client_sends_all(p, b);
    const size_t after = bytes_in_use();
    expect_both(&h, p, did, "open /", "101; close 1009; end");
    if (after > before + 50000)
        fail_test("a client %s, and max_message is %d\nexpected  hardly any memory for it\n"
                  "got       %zu bytes more than before",
                  did, SMALL, after - before);
    hall_close(&h);
    expect_told(&h, did, "closed 1009");
}

START_TEST(messages_that_are_too_big)
{
    const unsigned char mask[4] = {1, 2, 3, 4};
    struct bytes b = {NULL, 0};

    long_frame_add(&b, FIN | WS_BINARY, SMALL + 1);
    too_big(&b, "sends a message of 1001 bytes");
    header_add(&b, FIN | WS_BINARY, true, SMALL + 1, 2, mask);
    b.n -= 4;
    too_big(&b, "sends the first 4 bytes of a message of 1001 bytes");
    header_add(&b, FIN | WS_TEXT, true, 200 << 20, 8, mask);
    too_big(&b, "sends the header of a message of 200 MiB");
    header_add(&b, FIN | WS_TEXT, true, (UINT64_C(1) << 32) + 5, 8, mask);
    too_big(&b, "sends the header of a message of 2^32 + 5 bytes");
    header_add(&b, WS_TEXT, true, INT64_MAX, 8, mask);
    too_big(&b, "sends the header of a fragment of 2^63 - 1 bytes");
}
END_TEST

START_TEST(fragments_that_are_too_big)
{
    const unsigned char mask[4] = {1, 2, 3, 4};
    struct bytes b = {NULL, 0};

    long_frame_add(&b, WS_BINARY, SMALL - 1);
    text_add(&b, WS_CONTINUATION, "a");
    header_add(&b, FIN | WS_CONTINUATION, true, 1, 0, mask);
    too_big(&b, "sends 1000 bytes, and the header of a fragment with 1 byte more");
    text_add(&b, WS_BINARY, "abc");
    header_add(&b, WS_CONTINUATION, true, INT64_MAX, 8, mask);
    too_big(&b, "sends 3 bytes, and the header of a fragment of 2^63 - 1 bytes");
}
END_TEST

START_TEST(just_not_too_big)
{
    struct ws_options o = DEFAULTS;
    struct bytes b = {NULL, 0};
    struct hall h;

    o.max_message = SMALL;
    hall_open(&h, &o);
    struct peer *p = client_enter(&h, "/");
    long_frame_add(&b, FIN | WS_BINARY, SMALL);
    long_frame_add(&b, FIN | WS_TEXT, SMALL);
    long_frame_add(&b, WS_BINARY, SMALL);
    long_frame_add(&b, FIN | WS_PING, WS_CONTROL_MOST); /* is no part of the message */
    text_add(&b, FIN | WS_CONTINUATION, "");
    client_sends_all(p, &b);
    expect_told(&h, "sends three messages of 1000 bytes, and max_message is 1000",
                "open /; binary of 1000 bytes; text of 1000 bytes; binary of 1000 bytes");
    hall_close(&h);
}
END_TEST

/* A length is but a promise: memory grows with what comes. */
START_TEST(a_promise_takes_no_memory)
{
    enum { PROMISE = 100 << 20 };
    const unsigned char mask[4] = {1, 2, 3, 4};
    struct ws_options o = DEFAULTS;
    struct bytes b = {NULL, 0};
    struct hall h;

    o.max_message = PROMISE;
    hall_open(&h, &o);
    struct peer *p = client_enter(&h, "/");
    const size_t before = bytes_in_use();
    header_add(&b, FIN | WS_BINARY, true, PROMISE, 8, mask);
    bytes_add(&b, "a few bytes", 11);
    client_sends_all(p, &b);
    const size_t after = bytes_in_use();
    if (after > before + (1 << 20))
        fail_test(
            "a client sends 11 bytes of a message of 100 MiB, and max_message is as much\n"
            "expected  less than 1 MiB of memory for it\ngot       %zu bytes more than before",
            after - before);
    hall_close(&h);
    expect_told(&h, "leaves inside of a message", "open /; closed 1006");
}
END_TEST

/* The next allocation of the server's fails: that for a message. */
START_TEST(no_memory_for_a_message)
{
    struct bytes b = {NULL, 0};
    struct hall h;

    hall_open(&h, &DEFAULTS);
    struct peer *p = client_enter(&h, "/");
    text_add(&b, FIN | WS_TEXT, "a message for which there is no memory");
    alloc_fail_at(1);
    client_sends_all(p, &b);
    alloc_fail_at(0);
    expect_both(&h, p, "sends a text for which there is no memory", "open /",
                "101; close 1011; end");
    hall_close(&h);
    expect_told(&h, "has sent a text for which there was no memory", "closed 1011");
}
END_TEST

#endif
