/* test_peer.c: tests of peer.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "peer.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "faults.h"
#include "suite.h"
#include "unit.h"
#include "vclock.h"

static char seen[512]; /* "100 hello;" for each read */

static void on_data(evutil_socket_t fd, short what, void *arg)
{
    char bytes[64], note[128];
    ssize_t n = read(fd, bytes, sizeof bytes);

    (void)what;
    if (n > 0)
        snprintf(note, sizeof note, "%d %.*s;", now_ms(), (int)n, bytes);
    else
        snprintf(note, sizeof note, "%d %s;", now_ms(), n == 0 ? "end" : strerror(errno));
    strncat(seen, note, sizeof seen - strlen(seen) - 1);
    if (n <= 0)
        event_del(*(struct event **)arg);
}

static struct event *reader;

static void read_from(int fd)
{
    reader = event_new(test_base(), fd, EV_READ | EV_PERSIST, on_data, &reader);
    event_add(reader, NULL);
}

START_TEST(steps_of_one_moment_are_taken_in_order_and_without_faults)
{
    static const char *const pairs[] = {"ab", "cd", "ef", "gh", "ij"};
    struct peer *p;
    int fd = peer_pair(&p);

    faults.max_write = 1; /* of the learner's side only */
    read_from(fd);
    for (int i = 0; i < 5; i++)
        peer_send(p, 100, pairs[i], 2);
    peer_close(p, 100);
    run_loop();
    ck_assert_str_eq(seen, "100 abcdefghij;100 end;");
    event_free(reader);
    close(fd);
    peer_free(p);
}
END_TEST

START_TEST(a_script_runs_on_time)
{
    struct peer *p;
    int fd = peer_pair(&p);

    read_from(fd);
    peer_send(p, 100, "hel", 3);
    peer_send(p, 100, "lo", 2);
    peer_send(p, 250, "again", 5);
    peer_close(p, 300);
    run_loop();
    ck_assert_str_eq(seen, "100 hello;250 again;300 end;");
    event_free(reader);
    close(fd);
    peer_free(p);
}
END_TEST

START_TEST(a_peer_keeps_what_it_gets)
{
    struct peer *p;
    int fd = peer_pair(&p);

    ck_assert_int_eq(write(fd, "to the peer", 11), 11);
    run_loop_for(1);
    peer_expect(p, "to the peer");
    ck_assert(!peer_saw_end(p));
    close(fd);
    run_loop_for(1);
    ck_assert(peer_saw_end(p));
    peer_free(p);
}
END_TEST

START_TEST(a_peer_knows_when_it_got_and_sent_what)
{
    struct peer *p;
    int fd = peer_pair(&p), at_ms = 0;
    size_t n = 0;

    peer_send(p, 5, "one", 3);
    peer_close(p, 40); /* nothing that is sent */
    peer_send(p, 50, "later", 5);
    run_loop_for(10);
    ck_assert_int_eq(write(fd, "to", 2), 2);
    run_loop_for(10);
    ck_assert_int_eq(write(fd, " the peer", 9), 9);
    run_loop_for(1);
    ck_assert_int_eq(peer_received_ms(p, 2), 10);
    ck_assert_int_eq(peer_received_ms(p, 3), 20);
    ck_assert_int_eq(peer_received_ms(p, 11), 20);
    ck_assert_int_eq(peer_received_ms(p, 12), -1);
    ck_assert_mem_eq(peer_sent(p, 0, &at_ms, &n), "one", 3);
    ck_assert_int_eq(at_ms, 5);
    ck_assert_uint_eq(n, 3);
    ck_assert_ptr_null(peer_sent(p, 1, &at_ms, &n));
    ck_assert_int_eq(peer_end_ms(p), -1);
    close(fd);
    run_loop_for(1);
    ck_assert_int_eq(peer_end_ms(p), 21);
    peer_free(p);
}
END_TEST

START_TEST(a_stalled_peer_reads_later)
{
    struct peer *p;
    int fd = peer_pair(&p);

    peer_stall(p, 0);
    peer_resume(p, 500);
    run_loop_for(10);
    ck_assert_int_eq(write(fd, "x", 1), 1);
    run_loop_for(100);
    peer_expect(p, "");
    run_loop_for(1000);
    peer_expect(p, "x");
    close(fd);
    peer_free(p);
}
END_TEST

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
                      int length, void *arg)
{
    (void)from;
    (void)length;
    (void)arg;
    read_from(fd);
    evconnlistener_disable(listener);
}

static struct evconnlistener *listen_for(evconnlistener_cb callback, void *arg, int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct evconnlistener *listener =
        evconnlistener_new_bind(test_base(), callback, arg, LEV_OPT_CLOSE_ON_FREE, -1,
                                (struct sockaddr *)&address, sizeof address);
    ck_assert_ptr_nonnull(listener);
    getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&address, &length);
    *port = ntohs(address.sin_port);
    return listener;
}

START_TEST(a_peer_resets_a_connection)
{
    int port;
    struct evconnlistener *listener = listen_for(on_accept, NULL, &port);
    struct peer *p = peer_connect(port);

    peer_send(p, 50, "hi", 2);
    peer_reset(p, 100);
    run_loop();
    ck_assert_str_eq(seen, "50 hi;100 Connection reset by peer;");
    close(event_get_fd(reader));
    event_free(reader);
    evconnlistener_free(listener);
    peer_free(p);
}
END_TEST

static void keep_accepted(struct evconnlistener *listener, evutil_socket_t fd,
                          struct sockaddr *from, int length, void *accepted)
{
    (void)listener;
    (void)from;
    (void)length;
    *(int *)accepted = fd;
}

/* The kernel must not hold one back until the one before is acknowledged, 40 ms of real time. */
START_TEST(short_segments_arrive_before_time_jumps)
{
    int port, accepted = -1;
    size_t n;
    struct evconnlistener *listener = listen_for(keep_accepted, &accepted, &port);
    struct peer *p = peer_connect(port);

    run_loop_for(10);
    for (size_t round = 1; round <= 5; round++) { /* by turns: then acknowledgements are delayed */
        peer_send(p, now_ms(), "?", 1);
        run_loop_for(1);
        ck_assert_int_eq(write(accepted, "x", 1), 1);
        ck_assert_int_eq(write(accepted, "x", 1), 1);
        run_loop_for(1);
        (void)peer_received(p, &n);
        ck_assert_uint_eq(n, 2 * round);
    }
    close(accepted);
    evconnlistener_free(listener);
    peer_free(p);
}
END_TEST

Suite *peer_suite(void)
{
    return UNIT_SUITE("peer", a_script_runs_on_time,
                      steps_of_one_moment_are_taken_in_order_and_without_faults,
                      a_peer_keeps_what_it_gets, a_peer_knows_when_it_got_and_sent_what,
                      a_stalled_peer_reads_later, a_peer_resets_a_connection,
                      short_segments_arrive_before_time_jumps);
}
