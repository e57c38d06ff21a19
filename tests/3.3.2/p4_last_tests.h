/* p4_last_tests.h: what may be asked for, the end, and memory, for check_p4_http_client.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P4_LAST_TESTS_H
#define P4_LAST_TESTS_H

#include "p4_asker.h"

/* ---- what may be asked for ---- */

static void expect_result(const char *what, const char *text, const struct http_request *request,
                          int expected)
{
    struct asker a = {0};

    ask_for(&a, request);
    if (a.result != expected)
        fail_test("http_client_request() with %s: %s\nexpected  %s\ngot       %s", what, text,
                  result_text(expected), result_text(a.result));
    http_client_cancel(expected == 0 ? a.call : NULL);
    run_loop_for(1);
    if (a.told != (expected == 0))
        fail_test("http_client_request() with %s: %s returned %s\nexpected  calls of its callback: "
                  "%d\ngot       calls of its callback: %d",
                  what, text, result_text(expected), expected == 0, a.told);
}

/* What is good goes to a port where nobody listens, or to a name that is looked up. */
START_TEST(urls)
{
    static const char *const bad[] = {"",
                                      "/",
                                      "//127.0.0.1/",
                                      "http:",
                                      "http:/",
                                      "http://",
                                      "http:///x",
                                      "ftp://127.0.0.1/",
                                      "file:///etc/passwd",
                                      "httpx://127.0.0.1/",
                                      "http//127.0.0.1/",
                                      "http://user@127.0.0.1/",
                                      "http://user:pw@127.0.0.1/",
                                      "http://@127.0.0.1/",
                                      "http://127.0.0.1:0/",
                                      "http://127.0.0.1:65536/",
                                      "http://127.0.0.1:-1/",
                                      "http://127.0.0.1:80x/",
                                      "http://127.0.0.1: 80/",
                                      "http://127.0.0.1:99999999999/",
                                      "http://[::1/",
                                      "http://[::1]x/",
                                      "http://[]/",
                                      "http://[127.0.0.1]/",
                                      "http://[::g]/",
                                      "http://[fe80::1%25lo]/",
                                      "http://a b/",
                                      "http://a%20b/",
                                      "http://a_\xc3\xa9/",
                                      "http://127.0.0.1/a b",
                                      "http://127.0.0.1/\r\nX: y",
                                      "http://127.0.0.1/a\tb",
                                      "http://127.0.0.1/\x7f",
                                      "http://127.0.0.1/\xc3\xa9",
                                      "http://127.0.0.1/%",
                                      "http://a!b/",
                                      " http://127.0.0.1/",
                                      "http://127.0.0.1/?a b",
                                      "http://127.0.0.1/?\n",
                                      "http://a,b/"};
    static const char *const good[] = {
        "http://127.0.0.1:1",   "HTTP://127.0.0.1:1/",
        "http://127.0.0.1:1?q", "http://127.0.0.1:1/a/%20;b=c?d=/?#f",
        "http://[::1]:1/",      "https://[::1]:65535/x",
        "https://127.0.0.1:1",  "http://127.0.0.1",
        "https://127.0.0.1/"};

    open_client();
    for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++)
        expect_result("a URL", bad[k],
                      &(struct http_request){.method = EVHTTP_REQ_GET, .url = bad[k]}, -EINVAL);
    for (size_t k = 0; k < sizeof(good) / sizeof(good[0]); k++)
        expect_result("a URL", good[k],
                      &(struct http_request){.method = EVHTTP_REQ_GET, .url = good[k]}, 0);
    expect_result("a URL", "NULL", &(struct http_request){.method = EVHTTP_REQ_GET, .url = NULL},
                  -EINVAL);
    close_client();
}
END_TEST

START_TEST(headers)
{
    static const struct http_header bad[] = {{"X", "a\r\nY: b"},
                                             {"X", "a\nb"},
                                             {"X", "a\rb"},
                                             {"X", "a\x01"},
                                             {"X", "\x7f"},
                                             {"X", NULL},
                                             {"", "a"},
                                             {"X Y", "a"},
                                             {"X:", "a"},
                                             {"X\r\nY", "a"},
                                             {"X\xc3\xa9", "a"},
                                             {"Host", "a"},
                                             {"host", "a"},
                                             {"TE", "a"},
                                             {"Upgrade", "a"},
                                             {"Connection", "close"},
                                             {"Content-Length", "5"},
                                             {"transfer-encoding", "chunked"},
                                             {"Expect", "100-continue"},
                                             {"Trailer", "X"},
                                             {"Keep-Alive", "timeout=5"},
                                             {"Proxy-Connection", "close"}};
    static const struct http_header good[] = {
        {"X", ""}, {"X", "a\tb \xc3\xa9"}, {"x!#$%&'*+-.^_`|~9", "\"\""}, {"Hostess", "a"}};
    struct http_request request = {.method = EVHTTP_REQ_GET, .url = "http://127.0.0.1:1/"};

    open_client();
    for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]) + sizeof(good) / sizeof(good[0]); k++) {
        const size_t bads = sizeof(bad) / sizeof(bad[0]);
        const struct http_header h = k < bads ? bad[k] : good[k - bads];
        const struct http_header all[] = {{"A", "b"}, h, {NULL, NULL}};
        char shown[SHOWN];
        snprintf(shown, sizeof(shown), "\"%s: %s\"", h.name, h.value != NULL ? h.value : "(NULL)");
        request.headers = all;
        expect_result("a header", shown, &request, k < bads ? -EINVAL : 0);
    }
    close_client();
}
END_TEST

START_TEST(methods)
{
    struct http_request request = {.url = "http://127.0.0.1:1/"};

    open_client();
    request.method = EVHTTP_REQ_CONNECT;
    expect_result("a method", "CONNECT", &request, -EINVAL);
    request.method = EVHTTP_REQ_TRACE;
    expect_result("a method", "TRACE", &request, -EINVAL);
    request.method = EVHTTP_REQ_DELETE;
    expect_result("a method", "DELETE", &request, 0);
    request.body = "x";
    request.body_length = 1;
    expect_result("a body", "DELETE", &request, 0);
    request.method = EVHTTP_REQ_GET;
    expect_result("a body", "GET", &request, -EINVAL);
    close_client();
    ck_assert_ptr_null(http_client_new(
        &(struct http_client_options){.base = test_base(), .user_agent = "x\r\nHost: evil"}));
}
END_TEST

/* ---- the end ---- */

static void close_in_callback(struct asker *a, void *arg)
{
    (void)a;
    (void)arg;
    http_client_close(client, on_closed, NULL);
    if (closed > 0)
        fail_test("http_client_close(): its callback came before it returned");
}

START_TEST(close_waits)
{
    static const struct step serves[] = {AWAIT_REQUEST, AFTER(100), SEND(OK_JSON("{}", 2)), REPEAT};
    struct http_client_options options = usual_options();
    struct listener *l = listener_open(serves);
    struct asker askers[3] = {0};
    char url[SHOWN];

    snprintf(url, sizeof(url), "%s", url_of(listener_port(l), "/"));
    options.max_per_host = 1;
    open_client_with(options);
    for (int k = 0; k < 3; k++)
        ask(&askers[k], l);
    http_client_close(client, on_closed, NULL);
    expect_errno("http_client_get() behind http_client_close()", -ESHUTDOWN,
                 http_client_get(client, url, on_asked, NULL, NULL));
    run_loop_for(250);
    expect_number("http_client_close(): its callback, while a call is under way", 0, closed);
    run_loop_for(1000);
    for (int k = 0; k < 3; k++)
        expect_outcome(&askers[k], "a call that was under way at http_client_close()", 0, 200,
                       k * 100 + 100);
    expect_number("http_client_close(): its callback, when all have been told", 1, closed);
    run_loop_for(10);
    expect_number("connections that are open behind it", 0, listener_open_now(l));
    listener_free(l);
}
END_TEST

START_TEST(closed_in_a_callback)
{
    static const struct step serves[] = {AWAIT_REQUEST, AFTER(100), SEND(OK_JSON("{}", 2)), REPEAT};
    struct listener *l = listener_open(serves);
    struct asker a = {.then = close_in_callback}, b = {0};

    open_client();
    ask(&a, l);
    run_loop_for(EVER_MS);
    expect_outcome(&a, "the client is closed in its callback", 0, 200, 100);
    expect_number("http_client_close(): its callback", 1, closed);
    open_client();
    (void)http_client_get(client, "http://127.0.0.1:1/", on_asked, &b, NULL);
    http_client_cancel(NULL);
    run_loop_for(1000);
    expect_outcome(&b, "a call without a handle", -ECONNREFUSED, 0, -1);
    http_client_close(client, NULL, NULL);
    run_loop_for(100);
    listener_free(l);
}
END_TEST

/* What has begun goes on to its end, with all that belongs to it. */
START_TEST(a_call_goes_on_while_closing)
{
    static const struct step
        moves[] = {AWAIT_REQUEST,
                   AFTER(100),
                   SEND("HTTP/1.1 302 -\r\nLocation: /n\r\nContent-Length: 0\r\n\r\n"),
                   AWAIT_REQUEST,
                   AFTER(100),
                   SEND(OK_JSON("{}", 2)),
                   STAY},
        stale[] = {AWAIT_REQUEST, SEND(OK_JSON("{}", 2)), AWAIT_REQUEST, AFTER(100), CLOSE},
        serves[] = {AWAIT_REQUEST, AFTER(100), SEND(OK_JSON("{}", 2)), STAY};
    struct listener *l = listener_open(moves);
    struct asker a = {0}, first = {0}, b = {0};

    listener_script(l, 1, serves);
    open_client();
    ask(&a, l);
    close_client();
    expect_outcome(&a, "http_client_close(), and then a redirect comes: it is followed", 0, 200,
                   200);
    listener_free(l);
    l = listener_open(serves);
    listener_script(l, 0, stale);
    open_client();
    ask(&first, l);
    run_loop_for(1000);
    ask(&b, l);
    close_client();
    expect_outcome(&b, "http_client_close(), and then a kept connection is stale: it is sent again",
                   0, 200, 200);
    listener_free(l);
}
END_TEST

/* Nothing is under way, and still the callback comes from the loop. */
START_TEST(closed_with_nothing_to_do)
{
    open_client();
    http_client_close(client, on_closed, NULL);
    expect_number(
        "http_client_close(), and no call is left: calls of its callback before it returns", 0,
        closed);
    run_loop_for(10);
    expect_number("http_client_close(), and no call is left: calls of its callback, by the loop", 1,
                  closed);
}
END_TEST

#endif
