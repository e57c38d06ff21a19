/* p4_stale_tests.h: kept connections that are good no more, for check_p4_http_client.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P4_STALE_TESTS_H
#define P4_STALE_TESTS_H

#include "p4_pool_tests.h"

/* ---- what nobody has looked at yet ---- */

static struct asker unread;
static struct listener *unread_from;
static enum evhttp_cmd_type unread_method;

/* Called by the server, when it has just sent something: the client has not run since then. */
static void ask_before_it_is_read(void *arg)
{
    (void)arg;
    ask_for(&unread, &(struct http_request){.method = unread_method,
                                            .url = url_of(listener_port(unread_from), "/")});
}

static void try_unread(const char *what, enum evhttp_cmd_type method, const struct step *script)
{
    struct asker first = {0};

    unread = (struct asker){0};
    unread_method = method;
    unread_from = listener_open(script);
    listener_script(unread_from, 1, SERVES);
    open_client();
    ask(&first, unread_from);
    run_loop_for(EVER_MS);
    expect_outcome(&first, "the first GET", 0, 200, 0);
    expect_outcome(&unread, what, 0, 200, 100);
    expect_number("a kept connection is looked at before it is used again: connections", 2,
                  listener_accepted(unread_from));
    close_client();
    listener_free(unread_from);
}

START_TEST(what_nobody_has_read_yet)
{
    static const struct step lies[] = {AWAIT_REQUEST,
                                       SEND(OK_JSON("{}", 2)),
                                       AFTER(500),
                                       SEND("HTTP/1.1 299 Lie\r\nContent-Length: 0\r\n\r\n"),
                                       CALL(ask_before_it_is_read, NULL),
                                       STAY},
                             ends[] = {AWAIT_REQUEST,
                                       SEND(OK_JSON("{}", 2)),
                                       AFTER(500),
                                       SHUTDOWN,
                                       CALL(ask_before_it_is_read, NULL),
                                       STAY};

    try_unread("a second answer, 299, has come on the kept connection and is still unread: it is\n"
               "not the answer to the next GET",
               EVHTTP_REQ_GET, lies);
    try_unread("the server has closed the kept connection, and nobody has seen it yet: a POST\n"
               "gets a new one",
               EVHTTP_REQ_POST, ends);
}
END_TEST

/* ---- stale connections ---- */

/* Closes the connection, without an answer, when the second request has come. */
static const struct step GOES_STALE[] = {AWAIT_REQUEST, SEND(OK_JSON("{}", 2)), AWAIT_REQUEST,
                                         AFTER(100), CLOSE};

static void ask_stale(struct listener *l, enum evhttp_cmd_type method, struct asker *second)
{
    const bool body = method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD;
    struct asker first = {0};

    open_client();
    ask(&first, l);
    run_loop_for(1000);
    expect_outcome(&first, "the first GET", 0, 200, 0);
    ask_for(second, &(struct http_request){.method = method,
                                           .url = url_of(listener_port(l), "/"),
                                           .body = body ? "x" : NULL,
                                           .body_length = body});
    run_loop_for(EVER_MS);
}

START_TEST(a_stale_connection_is_no_error_for_get)
{
    struct asker a = {0}, b = {0};
    struct listener *l = listener_open(GOES_STALE);

    listener_script(l, 1, SERVES);
    ask_stale(l, EVHTTP_REQ_GET, &a);
    expect_outcome(&a,
                   "the server closes a kept connection when the second GET has come: the client\n"
                   "sends it once more, on a new connection",
                   0, 200, 200);
    close_client();
    listener_free(l);
    l = listener_open(GOES_STALE);
    listener_script(l, 1, (const struct step[]){AWAIT_REQUEST, AFTER(100), CLOSE});
    listener_script(l, 2, SERVES);
    ask_stale(l, EVHTTP_REQ_GET, &b);
    expect_outcome(&b, "the new connection is closed, too: a GET is sent twice at the most",
                   -ECONNRESET, 0, 200);
    close_client();
    listener_free(l);
}
END_TEST

/* Two connections are kept, and both are closed when the next GET has come. */
START_TEST(all_connections_are_stale)
{
    struct asker a = {0}, b = {0}, c = {0};
    struct listener *l = listener_open(SERVES);

    listener_script(l, 0, GOES_STALE);
    listener_script(l, 1, GOES_STALE);
    open_client();
    ask(&a, l);
    ask(&b, l);
    run_loop_for(1000);
    ask(&c, l);
    run_loop_for(EVER_MS);
    expect_outcome(&c,
                   "two kept connections, and the server closes each when a GET has come: the\n"
                   "client sends it once more, on a new connection",
                   0, 200, 200);
    close_client();
    listener_free(l);
}
END_TEST

/* What is not a GET may have been carried out. */
START_TEST(no_request_is_carried_out_twice)
{
    static const struct {
        enum evhttp_cmd_type method;
        const char *name;
    } others[] = {{EVHTTP_REQ_POST, "POST"},     {EVHTTP_REQ_PUT, "PUT"},
                  {EVHTTP_REQ_DELETE, "DELETE"}, {EVHTTP_REQ_PATCH, "PATCH"},
                  {EVHTTP_REQ_HEAD, "HEAD"},     {EVHTTP_REQ_OPTIONS, "OPTIONS"}};
    char what[128];

    for (size_t k = 0; k < sizeof(others) / sizeof(others[0]); k++) {
        struct asker a = {0};
        struct listener *l = listener_open(GOES_STALE);
        listener_script(l, 1, SERVES);
        ask_stale(l, others[k].method, &a);
        snprintf(what, sizeof(what),
                 "the server closes a kept connection when a %s has come: it is not sent again",
                 others[k].name);
        expect_outcome(&a, what, -ECONNRESET, 0, 100);
        expect_number("how often the server got a request, the GET before it included", 2,
                      listener_requests(l));
        close_client();
        listener_free(l);
    }
}
END_TEST

START_TEST(only_what_was_stale_is_sent_twice)
{
    static const struct step half[] = {
        AWAIT_REQUEST, SEND(OK_JSON("{}", 2)), AWAIT_REQUEST, SEND("HTTP"), AFTER(100), CLOSE};
    static const struct step at_once[] = {AWAIT_REQUEST, AFTER(100), CLOSE};
    struct asker get = {0}, fresh = {0};
    struct listener *l = listener_open(half);

    ask_stale(l, EVHTTP_REQ_GET, &get);
    expect_outcome(&get, "the server closes behind the first bytes of an answer", -ECONNRESET, 0,
                   100);
    close_client();
    listener_free(l);
    l = listener_open(at_once);
    open_client();
    ask(&fresh, l);
    run_loop_for(EVER_MS);
    expect_outcome(&fresh, "a new connection is closed without an answer", -ECONNRESET, 0, 100);
    expect_number("a GET on a new connection: how often it is sent", 1, listener_requests(l));
    close_client();
    listener_free(l);
}
END_TEST

/* ---- its place in line ---- */

static void note_name(struct asker *a, void *arg)
{
    (void)a;
    trace("%s", (const char *)arg);
}

/* The first GET is good; then the others are asked for, all at once, on one connection. */
static void ask_in_line(struct listener *l, struct asker *askers, int n)
{
    struct http_client_options options = usual_options();
    struct asker first = {0};

    options.max_per_host = 1;
    open_client_with(options);
    ask(&first, l);
    run_loop_for(1000);
    expect_outcome(&first, "the first GET", 0, 200, 0);
    for (int k = 0; k < n; k++)
        ask(&askers[k], l);
    run_loop_for(EVER_MS);
}

START_TEST(who_is_sent_again_keeps_its_place)
{
    struct asker askers[] = {{.then = note_name, .arg = "A"}, {.then = note_name, .arg = "B"}};
    struct listener *l = listener_open(SERVES);

    listener_script(l, 0, GOES_STALE);
    ask_in_line(l, askers, 2);
    expect_outcome(
        &askers[0],
        "max_per_host 1. A's kept connection is closed by the server, B waits in line. A\n"
        "is sent again before B is sent: it came first",
        0, 200, 200);
    expect_outcome(&askers[1], "B, which is behind A", 0, 200, 300);
    expect_trace("1.200  A\n1.300  B\n");
    close_client();
    listener_free(l);
}
END_TEST

/* A is sent again, and then redirected: that is a new request, behind B and C. */
START_TEST(a_redirect_is_a_new_request)
{
    static const struct step moves[] = {
        AWAIT_REQUEST,
        AFTER(100),
        SEND("HTTP/1.1 302 -\r\nLocation: /n\r\nContent-Length: 0\r\n\r\n"),
        AWAIT_REQUEST,
        AFTER(100),
        SEND(OK_JSON("{}", 2)),
        AWAIT_REQUEST,
        AFTER(100),
        SEND(OK_JSON("{}", 2)),
        AWAIT_REQUEST,
        AFTER(100),
        SEND(OK_JSON("{}", 2)),
        STAY};
    struct asker askers[] = {{.then = note_name, .arg = "A"},
                             {.then = note_name, .arg = "B"},
                             {.then = note_name, .arg = "C"}};
    struct listener *l = listener_open(SERVES);

    listener_script(l, 0, GOES_STALE);
    listener_script(l, 1, moves);
    ask_in_line(l, askers, 3);
    expect_outcome(
        &askers[2],
        "max_per_host 1. A, B and C in line; A is sent again on a new connection, and gets\n"
        "a 302. What it leads to is a new request, behind C",
        0, 200, 400);
    expect_outcome(&askers[0], "A, behind B and C", 0, 200, 500);
    expect_number("and it needs no new connection: connections", 2, listener_accepted(l));
    close_client();
    listener_free(l);
}
END_TEST

#endif
