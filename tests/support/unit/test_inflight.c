/* test_inflight.c: tests of inflight.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "inflight.h"

#include <arpa/inet.h>
#include <errno.h>
#include <unistd.h>

#include "suite.h"
#include "unit.h"

/* A UDP socket on a port of 127.0.0.1. */
static int bound_socket(struct sockaddr_in *address)
{
    socklen_t length = sizeof *address;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    *address = (struct sockaddr_in){.sin_family = AF_INET};
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)address, length), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)address, &length), 0);
    return fd;
}

START_TEST(a_datagram_that_has_arrived_is_not_under_way)
{
    struct sockaddr_in address;
    int receiver = bound_socket(&address), sender = socket(AF_INET, SOCK_DGRAM, 0);
    char byte;

    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(sendto(sender, "x", 1, 0, (struct sockaddr *)&address, sizeof address), 1);
    ck_assert(!in_flight());
    ck_assert_int_eq(recv(receiver, &byte, 1, MSG_PEEK), 1);
    ck_assert_int_eq(recv(receiver, &byte, 1, 0), 1);
    ck_assert_int_eq(read(receiver, &byte, 1), 1);
    ck_assert_int_eq(recv(receiver, &byte, 1, 0), -1);
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert(!in_flight());
    close(sender);
    close(receiver);
}
END_TEST

/* The kernel is never so slow when it is asked to: the note is made without a datagram. */
START_TEST(a_datagram_that_has_not_arrived_is_under_way)
{
    struct sockaddr_in address, elsewhere = {.sin_family = AF_INET, .sin_port = htons(1)};
    int receiver = bound_socket(&address), sender = bound_socket(&(struct sockaddr_in){0});

    ck_assert_int_eq(inflight_note_sent(sender, (struct sockaddr *)&elsewhere, 1), 1);
    ck_assert_int_eq(inflight_note_sent(sender, (struct sockaddr *)&address, -1), -1);
    ck_assert(!in_flight());
    ck_assert_int_eq(inflight_note_sent(sender, (struct sockaddr *)&address, 1), 1);
    ck_assert(in_flight());
    ck_assert_int_eq(inflight_note_received(receiver, 1), 1);
    ck_assert(!in_flight());
    ck_assert_int_eq(connect(sender, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(inflight_note_sent(sender, NULL, 1), 1);
    ck_assert(in_flight());
    run_loop_for(10); /* waits for it, and gives up */
    ck_assert(!in_flight());
    close(sender);
    close(receiver);
}
END_TEST

Suite *inflight_suite(void)
{
    return UNIT_SUITE("inflight", a_datagram_that_has_arrived_is_not_under_way,
                      a_datagram_that_has_not_arrived_is_under_way);
}
