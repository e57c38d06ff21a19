/* p6_last_tests.h: what handlers do, and how a server stops, for the suite of p6_websocket_server
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P6_LAST_TESTS_H
#define P6_LAST_TESTS_H

#include "p6_hall.h"

/* ---- inside of handlers ---- */

static void close_it(struct hall *h, struct ws_conn *c)
{
    expect_returned("ws_close() in a handler", ws_close(c, 1000, NULL), 0);
    h->during_message = NULL; /* once */
}

static void close_all_others(struct hall *h, struct ws_conn *c)
{
    for (int k = 0; k < h->n_conns; k++)
        if (h->conns[k] != NULL && h->conns[k] != c)
            (void)ws_close(h->conns[k], 4002, "not you");
}

static void close_all(struct hall *h, struct ws_conn *c)
{
    close_all_others(h, c);
    (void)ws_close(c, 4003, "you too");
    (void)ws_broadcast(h->server, NULL, WS_TEXT, "nobody hears it", 15);
}

static void greet(struct hall *h, struct ws_conn *c)
{
    expect_returned("ws_send() in on_open", ws_send(c, WS_TEXT, "welcome", 7), 0);
    (void)ws_broadcast(h->server, NULL, WS_TEXT, "one more", 8);
}

static void say_that_one_left(struct hall *h, struct ws_conn *c)
{
    (void)c;
    (void)ws_broadcast(h->server, NULL, WS_TEXT, "one left", 8);
}

START_TEST(closed_by_its_own_message)
{
    struct hall h;
    struct bytes b = {NULL, 0};

    hall_open(&h, &DEFAULTS);
    h.during_message = close_it;
    struct peer *p = client_enter(&h, "/");
    long_frame_add(&b, FIN | WS_TEXT, 10000);
    long_frame_add(&b, FIN | WS_TEXT, 9000);
    client_sends_all(p, &b);
    expect_both(&h, p, "sends two texts, and is closed in on_message",
                "open /; text of 10000 bytes", "101; close 1000");
    close_add(&b, 1000, "");
    client_sends_all(p, &b);
    expect_sent(p, "answers the close", "101; close 1000; end");
    hall_close(&h);
    expect_told(&h, "has answered the close", "closed 1000");
}
END_TEST

START_TEST(closed_by_the_message_of_another)
{
    struct hall h;
    struct bytes b = {NULL, 0};

    hall_open(&h, &DEFAULTS);
    for (int k = 0; k < 3; k++)
        (void)client_enter(&h, "/");
    h.told = (struct words){.n = 0};
    h.during_message = close_all_others;
    text_add(&b, FIN | WS_TEXT, "only me");
    client_sends(h.clients[1], b.at, b.n);
    h.during_message = close_all;
    client_sends_all(h.clients[1], &b);
    expect_told(&h, "says twice \"only me\"", "text \"only me\"; text \"only me\"");
    expect_sent(h.clients[0], "is closed by the message of another", "101; close 4002");
    expect_sent(h.clients[2], "is closed by the message of another", "101; close 4002");
    expect_sent(h.clients[1], "is closed by its second message", "101; close 4003");
    hall_close(&h);
    expect_told(&h, "is closing when the server is freed", "closed 1006; closed 1006; closed 1006");
}
END_TEST

START_TEST(at_the_opening)
{
    struct hall h;

    hall_open(&h, &DEFAULTS);
    h.during_open = greet;
    struct peer *p = client_enter(&h, "/");
    expect_sent(p, "is greeted in on_open", "101; text \"welcome\"; text \"one more\"");
    h.during_open = close_it;
    struct peer *q = client_enter(&h, "/");
    expect_sent(q, "is closed in on_open", "101; close 1000");
    hall_close(&h);
}
END_TEST

START_TEST(at_the_end_of_another)
{
    struct hall h;
    struct bytes b = {NULL, 0};

    hall_open(&h, &DEFAULTS);
    for (int k = 0; k < 3; k++)
        (void)client_enter(&h, "/");
    h.during_close = say_that_one_left;
    peer_close(h.clients[0], now_ms());
    run_loop_for(MOMENT);
    expect_sent(h.clients[1], "is there when another one leaves", "101; text \"one left\"");
    h.during_close = close_all_others;
    close_add(&b, 1000, "");
    client_sends_all(h.clients[2], &b);
    peer_close(h.clients[2], now_ms());
    run_loop_for(MOMENT);
    expect_sent(h.clients[1], "is closed when another one has left",
                "101; text \"one left\"; close 4002");
    hall_close(&h);
}
END_TEST

/* ---- the server stops ---- */

struct stopping {
    struct hall *hall;
    int called;
    int result;
    bool frees; /* the server, when it has stopped */
};

static void on_stopped_hall(int result, void *arg)
{
    struct stopping *s = arg;

    check_called_by_loop(s->hall, "the callback of ws_server_stop()");
    s->called++;
    s->result = result;
    say_next(&s->hall->told);
    say(&s->hall->told, "stopped");
    if (s->frees) {
        ws_server_free(s->hall->server);
        s->hall->server = NULL;
    }
}

static int stop(struct stopping *s, int code)
{
    s->hall->inside = true;
    const int result = ws_server_stop(s->hall->server, code, on_stopped_hall, s);
    s->hall->inside = false;
    return result;
}

START_TEST(nobody_is_there)
{
    struct hall h;
    struct stopping s = {&h, 0, 1, true};

    hall_open(&h, &DEFAULTS);
    expect_returned("ws_server_stop(s, 1005, ...)", stop(&s, 1005), -EINVAL);
    expect_returned("ws_server_stop(s, 1001, ...)", stop(&s, 1001), 0);
    expect_returned("ws_server_stop() again", stop(&s, 1001), -EALREADY);
    run_loop(); /* nothing keeps it alive any more */
    expect_told(&h, "has never come, and the server was stopped", "stopped");
    expect_returned("the result in the callback of ws_server_stop()", s.result, 0);
    hall_close(&h);
}
END_TEST

START_TEST(all_are_closed_and_waited_for)
{
    struct hall h;
    struct stopping s = {&h, 0, 1, true};
    struct bytes b = {NULL, 0};

    hall_open(&h, &DEFAULTS);
    struct peer *p = client_enter(&h, "/"), *q = client_enter(&h, "/"), *early = client_connect(&h);
    run_loop_for(MOMENT);
    const int port = ws_server_port(h.server);
    expect_returned("ws_server_stop(s, 1001, ...)", stop(&s, 1001), 0);
    run_loop_for(100);
    expect_sent(early, "has not sent its request when the server stops", "end");
    expect_sent(p, "is open when the server stops", "101; close 1001");
    close_add(&b, 1001, "");
    client_sends(p, b.at, b.n);
    peer_close(p, now_ms());
    run_loop_for(300);
    expect_told(&h, "has answered, the other one has not", "open /; open /; closed 1001");
    client_sends_all(q, &b);
    expect_sent(q, "answers at last", "101; close 1001; end");
    expect_told(&h, "has not closed its socket", "");
    peer_close(q, now_ms());
    run_loop();
    expect_told(&h, "is the last to leave", "closed 1001; stopped");
    struct peer *late = peer_connect(port);
    run_loop_for(MOMENT);
    ck_assert_msg(peer_saw_end(late), "after ws_server_stop() a client can still connect");
    peer_free(late);
    hall_close(&h);
}
END_TEST

START_TEST(one_never_answers)
{
    struct hall h;
    struct stopping s = {&h, 0, 1, false};

    hall_open(&h, &DEFAULTS);
    struct peer *p = client_enter(&h, "/");
    expect_returned("ws_server_stop(s, 4000, ...)", stop(&s, 4000), 0);
    run_loop_for(DEFAULTS.close_ms - 10);
    expect_both(&h, p, "does not answer ws_server_stop(s, 4000, ...) for close_ms - 10", "open /",
                "101; close 4000");
    run_loop();
    expect_told(&h, "does not answer for close_ms", "closed 1006; stopped");
    hall_close(&h);
}
END_TEST

START_TEST(freed_before_it_has_stopped)
{
    struct hall h;
    struct stopping s = {&h, 0, 1, false};

    hall_open(&h, &DEFAULTS);
    (void)client_enter(&h, "/");
    expect_returned("ws_server_stop(s, 1001, ...)", stop(&s, 1001), 0);
    run_loop_for(10);
    hall_close(&h);
    expect_told(&h, "is closing when the server is freed", "open /; closed 1006; stopped");
    expect_returned("the result in the callback of ws_server_stop()", s.result, -ECANCELED);
}
END_TEST

static struct stopping *stopped_in_handler;

static void stop_in_request(struct hall *h)
{
    h->result = stop(stopped_in_handler, 1001);
}

static void stop_in_message(struct hall *h, struct ws_conn *c)
{
    (void)c;
    h->result = stop(stopped_in_handler, 1001);
}

/* In on_request of a client that is not open yet, and in on_message of one that is. */
START_TEST(stopped_in_a_handler)
{
    struct hall h;
    struct stopping s = {&h, 0, 1, true};
    struct bytes b = {NULL, 0};

    stopped_in_handler = &s;
    hall_open(&h, &DEFAULTS);
    h.during_request = stop_in_request;
    client_sends(client_connect(&h), "GET / HTTP/1.1\r\n" GOOD_LINES "\r\n",
                 strlen("GET / HTTP/1.1\r\n" GOOD_LINES "\r\n"));
    run_loop();
    expect_returned("ws_server_stop() in on_request", h.result, 0);
    expect_told(&h, "asks, and on_request stops the server", "stopped");
    hall_close(&h);

    s = (struct stopping){&h, 0, 1, true};
    hall_open(&h, &DEFAULTS);
    h.during_message = stop_in_message;
    struct peer *p = client_enter(&h, "/");
    text_add(&b, FIN | WS_TEXT, "stop!");
    close_add(&b, 1001, "");
    client_sends_all(p, &b);
    expect_sent(p, "says \"stop!\", and the server stops", "101; close 1001; end");
    peer_close(p, now_ms());
    run_loop();
    expect_told(&h, "says \"stop!\"", "open /; text \"stop!\"; closed 1001; stopped");
    hall_close(&h);
}
END_TEST

/* Who is closing already is left alone: it has its time, and its own code. */
START_TEST(those_who_are_closing)
{
    struct hall h;
    struct stopping s = {&h, 0, 1, true};
    struct bytes b = {NULL, 0};

    hall_open(&h, &DEFAULTS);
    struct peer *p = client_enter(&h, "/"), *q = client_enter(&h, "/");
    expect_returned("ws_close(c, 4001, NULL)", ws_close(h.conns[0], 4001, NULL), 0);
    close_add(&b, 1000, "");
    client_sends(q, b.at, b.n);
    run_loop_for(100);
    expect_returned("ws_server_stop(s, 1001, ...)", stop(&s, 1001), 0);
    run_loop_for(100);
    expect_both(&h, p, "was closed with 4001 before the server stops with 1001", "open /; open /",
                "101; close 4001");
    expect_connections(&h, "that are closing when it stops", 2);
    client_sends_all(p, &b);
    peer_close(p, now_ms());
    run_loop_for(MOMENT);
    expect_told(&h, "was closed with 4001, and answers when the server has stopped", "closed 4001");
    peer_close(q, now_ms());
    run_loop();
    expect_told(&h, "has closed with 1000 before the server stops", "closed 1000; stopped");
    hall_close(&h);
}
END_TEST

#endif
