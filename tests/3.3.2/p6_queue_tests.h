/* p6_queue_tests.h: one client, many, and slow ones, for the suite of p6_websocket_server
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P6_QUEUE_TESTS_H
#define P6_QUEUE_TESTS_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "p6_hall.h"
#include "p6_memory_tests.h" /* bytes_in_use() */

/* ---- to many ---- */

/* Calls ws_broadcast() as if from somewhere else in the program. */
static int broadcast(struct hall *h, const char *path, const char *text)
{
    h->inside = true;
    const int count = ws_broadcast(h->server, path, WS_TEXT, text, strlen(text));
    h->inside = false;
    run_loop_for(MOMENT);
    return count;
}

START_TEST(all_or_those_of_a_path)
{
    struct hall h;
    struct bytes b = {NULL, 0};

    hall_open(&h, &DEFAULTS);
    (void)client_connect(&h); /* has asked for nothing */
    expect_returned("ws_broadcast() when nobody is open", broadcast(&h, NULL, "0"), 0);
    struct peer *a = client_enter(&h, "/chat"), *c = client_enter(&h, "/chat"),
                *d = client_enter(&h, "/echo");
    expect_returned("ws_broadcast() to three of whom two asked for /chat",
                    broadcast(&h, "/chat", "1"), 2);
    expect_returned("ws_broadcast() to all three", broadcast(&h, NULL, "2"), 3);
    close_add(&b, 1000, "");
    client_sends_all(c, &b);
    expect_returned("ws_broadcast() when one of three is closing", broadcast(&h, NULL, "3"), 2);
    expect_returned("ws_broadcast() to two of /chat, of whom one is closing",
                    broadcast(&h, "/chat", "4"), 1);
    expect_returned("ws_broadcast() to a path of nobody", broadcast(&h, "/chat2", "4"), 0);
    expect_returned("ws_broadcast() to /cha, when all asked for /chat or /echo",
                    broadcast(&h, "/cha", "5"), 0);
    expect_returned("ws_broadcast() to /CHAT, when all asked for /chat or /echo",
                    broadcast(&h, "/CHAT", "6"), 0);
    expect_sent(a, "asked for /chat", "101; text \"1\"; text \"2\"; text \"3\"; text \"4\"");
    expect_sent(c, "asked for /chat, and closes after \"2\"",
                "101; text \"1\"; text \"2\"; close 1000; end");
    expect_sent(d, "asked for /echo", "101; text \"2\"; text \"3\"");
    hall_close(&h);
}
END_TEST

START_TEST(what_ws_send_returns)
{
    struct hall h;

    hall_open(&h, &DEFAULTS);
    struct peer *p = client_enter(&h, "/");
    struct ws_conn *c = h.conns[0];
    expect_returned("ws_send() with WS_PING", ws_send(c, WS_PING, "a", 1), -EINVAL);
    expect_returned("ws_send() with WS_CONTINUATION", ws_send(c, WS_CONTINUATION, "a", 1), -EINVAL);
    expect_returned("ws_send() of a text", ws_send(c, WS_TEXT, "a", 1), 0);
    expect_returned("ws_send() of an empty binary", ws_send(c, WS_BINARY, NULL, 0), 0);
    run_loop_for(MOMENT);
    expect_sent(p, "is sent a text and a binary", "101; text \"a\"; binary \"\"");
    hall_close(&h);
}
END_TEST

enum { QUEUE = 256 * 1024, PORTION = 16 * 1024, MOST_BROADCASTS = 60 };

/* The sockets that are accepted from here on take little before they are full. */
static void make_sockets_small(const struct hall *h)
{
    const int little = 8192;

    for (int fd = 3; fd < 100; fd++) {
        struct sockaddr_in own;
        socklen_t length = sizeof(own);

        if (getsockname(fd, (struct sockaddr *)&own, &length) == 0 && own.sin_family == AF_INET &&
            ntohs(own.sin_port) == ws_server_port(h->server)) /* it listens: they inherit it */
            ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &little, sizeof(little)), 0);
    }
}

/* A client on "/slow" that never reads, and whose socket has hardly any room. Returns it. */
static int enter_and_never_read(struct hall *h)
{
    static const char REQUEST[] = "GET /slow HTTP/1.1\r\n" GOOD_LINES "\r\n";
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((unsigned short)ws_server_port(h->server))};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), little = 4096;

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little)), 0);
    evutil_make_socket_nonblocking(fd);
    (void)connect(fd, (struct sockaddr *)&to, sizeof(to));
    run_loop_for(MOMENT);
    ck_assert_int_eq(io_raw_write(fd, REQUEST, sizeof(REQUEST) - 1), sizeof(REQUEST) - 1);
    run_loop_for(MOMENT);
    return fd;
}

/* What is in use for the server: what the other two have received is kept by the suite. */
static long bytes_of_server(const struct hall *h)
{
    size_t a, b;

    (void)peer_received(h->clients[0], &a);
    (void)peer_received(h->clients[1], &b);
    return (long)bytes_in_use() - (long)(a + b);
}

/* How many broadcasts of PORTION bytes it takes until one of the three clients does not get it. */
static int broadcast_until_one_is_closed(struct hall *h, const char *portion)
{
    const long before = bytes_of_server(h);

    for (int k = 1; k <= MOST_BROADCASTS; k++) {
        const int count = ws_broadcast(h->server, NULL, WS_BINARY, portion, PORTION);

        run_loop_for(MOMENT);
        const long after = bytes_of_server(h);
        if (after > before + 2 * QUEUE)
            fail_test("one of three clients does not read what it is sent\nexpected  at most "
                      "max_queue, %d bytes, wait for it\ngot       %ld bytes in use after %d "
                      "messages of %d bytes",
                      QUEUE, after - before, k, PORTION);
        if (count == 2)
            return k;
        expect_returned("ws_broadcast() to three clients", count, 3);
    }
    fail_test("one of three clients does not read what it is sent\nexpected  ws_broadcast() "
              "returns 2, since with max_queue = %d that one is closed\n"
              "got       3, %d times, with %d bytes each",
              QUEUE, MOST_BROADCASTS, PORTION);
    return 0;
}

START_TEST(one_does_not_read)
{
    struct ws_options o = DEFAULTS;
    char portion[PORTION];
    struct hall h;

    o.max_queue = QUEUE;
    for (int k = 0; k < PORTION; k++)
        portion[k] = (char)payload_byte((size_t)k);
    hall_open(&h, &o);
    make_sockets_small(&h);
    (void)client_enter(&h, "/a");
    (void)client_enter(&h, "/b");
    const int slow = enter_and_never_read(&h);
    expect_told(&h, "asks for /slow", "open /a; open /b; open /slow");
    const int sent = broadcast_until_one_is_closed(&h, portion);
    for (int k = 0; k < 2; k++) {
        size_t n;

        (void)peer_received(h.clients[k], &n);
        if (n < (size_t)sent * PORTION)
            fail_test("one of three clients does not read; to all %d messages of %d bytes were "
                      "sent\nexpected  at least %d bytes for each of the others\ngot       %zu",
                      sent, PORTION, sent * PORTION, n);
    }
    expect_told(&h, "does not read", "");
    run_loop_for(o.close_ms + 10);
    expect_told(&h, "does not read for close_ms after it was closed", "closed 1008");
    expect_connections(&h, "when the one that did not read is gone", 2);
    hall_close(&h);
    close(slow);
}
END_TEST

/* No socket takes anything from here on, until faults_clear(). */
static void all_sockets_are_full(void)
{
    faults.eagain_every = 1;
}

enum { SMALL_QUEUE = 1000, TEXT_LENGTH = 100, FIT = 9 };

/* Nine texts of 100 bytes fit into a queue of 1000 bytes, whatever a frame's header takes. */
static void fill_queue(struct hall *h, struct ws_conn *c, bool and_one_more)
{
    char text[TEXT_LENGTH];

    for (int k = 0; k < TEXT_LENGTH; k++)
        text[k] = (char)payload_byte((size_t)k);
    for (int k = 0; k < FIT; k++)
        expect_returned("ws_send() of 100 bytes, with room for them in max_queue",
                        ws_send(c, WS_TEXT, text, TEXT_LENGTH), 0);
    if (!and_one_more)
        return;
    h->inside = true;
    expect_returned("ws_send() of 100 bytes, with 918 of max_queue = 1000 waiting",
                    ws_send(c, WS_TEXT, text, TEXT_LENGTH), -ENOBUFS);
    expect_returned("ws_send() after -ENOBUFS", ws_send(c, WS_TEXT, text, TEXT_LENGTH), -ENOTCONN);
    h->inside = false;
}

#define NINE_TEXTS                                                                                 \
    "text of 100 bytes; text of 100 bytes; text of 100 bytes; text of 100 bytes; "                 \
    "text of 100 bytes; text of 100 bytes; text of 100 bytes; text of 100 bytes; text of 100 "     \
    "bytes"

static void open_with_small_queue(struct hall *h)
{
    struct ws_options o = DEFAULTS;

    o.max_queue = SMALL_QUEUE;
    hall_open(h, &o);
}

/* What has been queued is sent when it can be, and 1008 behind it. */
START_TEST(a_full_queue)
{
    struct hall h;

    open_with_small_queue(&h);
    struct peer *p = client_enter(&h, "/"), *other = client_enter(&h, "/");
    all_sockets_are_full();
    fill_queue(&h, h.conns[0], true);
    expect_returned("ws_send() to another one", ws_send(h.conns[1], WS_TEXT, "Hello", 5), 0);
    expect_told(&h, "is too slow", "open /; open /");
    faults_clear();
    run_loop_for(10);
    expect_sent(p, "was too slow, and then reads", "101; " NINE_TEXTS "; close 1008; end");
    expect_sent(other, "was never slow", "101; text \"Hello\"");
    peer_close(p, now_ms());
    run_loop_for(MOMENT);
    expect_told(&h, "was too slow, and leaves", "closed 1008");
    hall_close(&h);
}
END_TEST

/* More than can ever wait. */
START_TEST(a_message_longer_than_the_queue)
{
    struct hall h;
    char text[SMALL_QUEUE + 1] = "";

    open_with_small_queue(&h);
    struct peer *p = client_enter(&h, "/");
    expect_returned("ws_send() of 1001 bytes, max_queue being 1000",
                    ws_send(h.conns[0], WS_BINARY, text, sizeof(text)), -ENOBUFS);
    run_loop_for(MOMENT);
    expect_sent(p, "should have got 1001 bytes, max_queue being 1000", "101; close 1008; end");
    hall_close(&h);
}
END_TEST

START_TEST(a_broadcast_with_one_full_queue)
{
    struct hall h;

    open_with_small_queue(&h);
    for (int k = 0; k < 3; k++)
        (void)client_enter(&h, "/");
    all_sockets_are_full();
    fill_queue(&h, h.conns[1], false);
    char text[TEXT_LENGTH + 1];
    for (int k = 0; k < TEXT_LENGTH; k++)
        text[k] = (char)payload_byte((size_t)k);
    text[TEXT_LENGTH] = '\0';
    h.inside = true;
    expect_returned("ws_broadcast() to three, of whom one has a full queue",
                    ws_broadcast(h.server, NULL, WS_TEXT, text, TEXT_LENGTH), 2);
    h.inside = false;
    faults_clear();
    run_loop_for(10);
    expect_sent(h.clients[0], "was sent a broadcast", "101; text of 100 bytes");
    expect_sent(h.clients[1], "has a full queue", "101; " NINE_TEXTS "; close 1008; end");
    expect_sent(h.clients[2], "was sent a broadcast", "101; text of 100 bytes");
    hall_close(&h);
}
END_TEST

/* A burst is no sign of slowness: nobody has tried to send yet. */
START_TEST(a_burst_of_answers)
{
    struct hall h;
    struct bytes b = {NULL, 0};
    size_t n;

    open_with_small_queue(&h);
    h.echo = true;
    struct peer *p = client_enter(&h, "/");
    for (int k = 0; k < 100; k++)
        long_frame_add(&b, FIN | WS_BINARY, TEXT_LENGTH);
    client_sends_all(p, &b);
    (void)peer_received(p, &n);
    expect_returned("the last ws_send() of an echo, for 100 messages that came at once", h.result,
                    0);
    if (n < 100 * 102)
        fail_test("a client sends 100 messages of 100 bytes to an echo at once, and reads\n"
                  "expected  at least 10200 bytes\ngot       %zu",
                  n);
    hall_close(&h);
}
END_TEST

/* One call of ws_send(), with `before` bytes of payload queued and no socket that takes any. */
static void sends_into_queue(size_t max_queue, size_t before, size_t n, int expected)
{
    struct ws_options o = DEFAULTS;
    struct hall h;
    char call[160], *zeros = calloc(max_queue, 1);

    o.max_queue = max_queue;
    hall_open(&h, &o);
    (void)client_enter(&h, "/");
    all_sockets_are_full();
    expect_returned("ws_send() into an empty queue", ws_send(h.conns[0], WS_BINARY, zeros, before),
                    0);
    snprintf(call, sizeof(call),
             "ws_send() of %zu bytes and their header, behind %zu bytes and "
             "theirs, max_queue being %zu,",
             n, before, max_queue);
    expect_returned(call, ws_send(h.conns[0], WS_BINARY, zeros, n), expected);
    faults_clear();
    hall_close(&h);
    free(zeros);
}

START_TEST(exactly_max_queue)
{
    sends_into_queue(1000, 490, 502, 0); /* 4 + 490 + 4 + 502 is 1000 */
    sends_into_queue(1000, 490, 503, -ENOBUFS);
    sends_into_queue(1000, 896, 98, 0); /* 4 + 896 + 2 + 98 */
    sends_into_queue(1000, 896, 99, -ENOBUFS);
    sends_into_queue(1000, 10, (size_t)-8, -ENOBUFS);
}
END_TEST

START_TEST(a_large_queue)
{
    sends_into_queue(4 << 20, 2 << 20, 1 << 20, 0);
    sends_into_queue(4 << 20, 2 << 20, 2 << 20, -ENOBUFS);
}
END_TEST

#endif
