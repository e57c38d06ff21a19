/* p4_pool_tests.h: connections that are kept, and how many, for check_p4_http_client.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P4_POOL_TESTS_H
#define P4_POOL_TESTS_H

#include "p4_asker.h"

static const struct step SERVES[] = {AWAIT_REQUEST, AFTER(100), SEND(OK_JSON("{}", 2)), REPEAT};

/* ---- one after the other ---- */

/* Five GETs, each when the one before has been told. */
static void ask_five(const char *what, struct listener *l, int connections)
{
    open_client();
    for (int k = 0; k < 5; k++) {
        struct asker a = {0};
        ask(&a, l);
        run_loop_for(1000);
        expect_outcome(&a, what, 0, 200, -1);
    }
    if (listener_accepted(l) != connections)
        fail_test("%s: 5 GETs, one after the other\nexpected  connections: %d\n"
                  "got       connections: %d",
                  what, connections, listener_accepted(l));
    close_client();
    listener_free(l);
}

START_TEST(one_connection_for_all)
{
    static const struct step chunked[] = {AWAIT_REQUEST,
                                          SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                                               "\r\n2\r\n{}\r\n0\r\nA: b\r\n\r\n"),
                                          REPEAT},
                             old[] = {AWAIT_REQUEST,
                                      SEND("HTTP/1.0 200 OK\r\nConnection: foo, Keep-Alive\r\n"
                                           "Content-Length: 2\r\n\r\n{}"),
                                      REPEAT};

    ask_five("the server keeps the connection", listener_open(SERVES), 1);
    ask_five("chunked answers", listener_open(chunked), 1);
    ask_five("HTTP/1.0 with Connection: foo, Keep-Alive", listener_open(old), 1);
}
END_TEST

START_TEST(the_server_wants_to_close)
{
    static const struct step says[] = {AWAIT_REQUEST,
                                       SEND("HTTP/1.1 200 OK\r\nConnection: foo, Close\r\n"
                                            "Content-Length: 2\r\n\r\n{}"),
                                       STAY},
                             old[] = {AWAIT_REQUEST,
                                      SEND("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}"), STAY},
                             later[] = {AWAIT_REQUEST, SEND(OK_JSON("{}", 2)), AFTER(500), CLOSE};

    ask_five("Connection: foo, Close", listener_open(says), 5);
    ask_five("HTTP/1.0 without keep-alive", listener_open(old), 5);
    ask_five("the server closes 0.5 s later", listener_open(later), 5);
}
END_TEST

/* What comes behind an answer is not the next one: neither with it nor later. */
START_TEST(bytes_behind_an_answer)
{
    static const struct step with_it[] = {AWAIT_REQUEST,
                                          SEND(OK_JSON("{}", 2) "HTTP/1.1 299 Lie\r\n\r\n"), STAY},
                             later[] = {AWAIT_REQUEST, SEND(OK_JSON("{}", 2)), AFTER(500),
                                        SEND("HTTP/1.1 299 Lie\r\nContent-Length: 0\r\n\r\n"),
                                        STAY},
                             head[] = {AWAIT_REQUEST,
                                       SEND("HTTP/1.1 204 -\r\nContent-Length: 40\r\n\r\n"
                                            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
                                       STAY};
    struct listener *l = listener_open(head);

    ask_five("a second answer comes with the first", listener_open(with_it), 5);
    ask_five("a second answer comes 0.5 s behind the first", listener_open(later), 5);
    open_client();
    for (int k = 0; k < 2; k++) {
        struct asker a = {0};
        ask(&a, l);
        run_loop_for(1000);
        expect_outcome(&a, "204 with a body", 0, 204, 0);
    }
    close_client();
    listener_free(l);
}
END_TEST

/* ---- many at once ---- */

enum { MANY = 10 };

static struct http_client_options two_per_host(void)
{
    struct http_client_options options = usual_options();

    options.max_per_host = 2;
    return options;
}

static void on_told_number(struct asker *a, void *arg)
{
    (void)a;
    trace("%d", (int)(intptr_t)arg);
}

/* Ten at once are served two by two, in the order in which they came. */
START_TEST(two_at_a_time)
{
    struct asker askers[MANY] = {0};
    struct listener *l = listener_open(SERVES);

    open_client_with(two_per_host());
    for (int k = 0; k < MANY; k++) {
        askers[k].then = on_told_number;
        askers[k].arg = (void *)(intptr_t)k;
        ask(&askers[k], l);
    }
    run_loop_for(EVER_MS);
    for (int k = 0; k < MANY; k++)
        expect_outcome(&askers[k], "one of 10 GETs at once, max_per_host 2", 0, 200,
                       k / 2 * 100 + 100);
    expect_trace("0.100  0\n0.100  1\n0.200  2\n0.200  3\n0.300  4\n0.300  5\n0.400  6\n"
                 "0.400  7\n0.500  8\n0.500  9\n");
    expect_number("10 GETs at once, max_per_host 2: connections", 2, listener_accepted(l));
    close_client();
    listener_free(l);
}
END_TEST

/* Each connection is used up by its answer: the next one takes its place. */
START_TEST(a_place_becomes_free)
{
    static const struct step closes[] = {AWAIT_REQUEST, AFTER(100), SEND(OK_JSON("{}", 2)), CLOSE},
                             fails[] = {AWAIT_REQUEST, AFTER(100), CLOSE},
                             lies[] = {AWAIT_REQUEST, AFTER(100), SEND("x\r\n"), STAY};
    const struct step *const scripts[] = {closes, fails, lies};
    const int errors[] = {0, -ECONNRESET, -EPROTO};

    for (int s = 0; s < 3; s++) {
        struct asker askers[6] = {0};
        struct listener *l = listener_open(scripts[s]);
        open_client_with(two_per_host());
        for (int k = 0; k < 6; k++)
            ask(&askers[k], l);
        run_loop_for(EVER_MS);
        for (int k = 0; k < 6; k++)
            expect_outcome(&askers[k], "one of 6 GETs at once, max_per_host 2", errors[s],
                           errors[s] == 0 ? 200 : 0, k / 2 * 100 + 100);
        expect_number("connections", 6, listener_accepted(l));
        expect_number("connections at one moment", 2, listener_most_open(l));
        close_client();
        listener_free(l);
    }
}
END_TEST

START_TEST(nobody_listens_for_many)
{
    struct asker askers[5] = {0};
    struct listener *l = listener_open(NULL);

    listener_refuse(l);
    open_client_with(two_per_host());
    for (int k = 0; k < 5; k++)
        ask(&askers[k], l);
    run_loop_for(EVER_MS);
    for (int k = 0; k < 5; k++)
        expect_outcome(&askers[k], "one of 5 GETs at once where nobody listens, max_per_host 2",
                       -ECONNREFUSED, 0, 0);
    close_client();
    listener_free(l);
}
END_TEST

START_TEST(a_slow_host_blocks_no_other)
{
    struct asker slow[3] = {0}, quick = {0};
    struct listener *mute = listener_open(NULL), *serves = listener_open(SERVES);

    open_client_with(two_per_host());
    for (int k = 0; k < 3; k++)
        ask(&slow[k], mute);
    ask(&quick, serves);
    run_loop_for(EVER_MS);
    expect_outcome(&quick, "a GET behind three that wait for another host", 0, 200, 100);
    for (int k = 0; k < 3; k++)
        expect_outcome(&slow[k], "a host that never answers", -ETIMEDOUT, 0, -1);
    expect_number("connections to it at one moment", 2, listener_most_open(mute));
    close_client();
    listener_free(mute);
    listener_free(serves);
}
END_TEST

/* A call that waits at the end takes over the connection of one that was cancelled. */
START_TEST(a_cancelled_call_leaves_its_place)
{
    struct asker askers[5] = {0};
    struct listener *l = listener_open(SERVES);

    open_client_with(two_per_host());
    for (int k = 0; k < 5; k++)
        ask(&askers[k], l);
    http_client_cancel(askers[0].call); /* on its connection */
    http_client_cancel(askers[2].call); /* in line */
    run_loop_for(EVER_MS);
    expect_outcome(&askers[0], "cancelled on its connection", -ECANCELED, 0, 0);
    expect_outcome(&askers[2], "cancelled in line", -ECANCELED, 0, 0);
    expect_outcome(&askers[1], "the other connection", 0, 200, 100);
    expect_outcome(&askers[3], "the next in line", 0, 200, 100);
    expect_outcome(&askers[4], "the last in line", 0, 200, 200);
    close_client();
    listener_free(l);
}
END_TEST

#endif
