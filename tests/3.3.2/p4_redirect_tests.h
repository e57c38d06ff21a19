/* p4_redirect_tests.h: answers that lead elsewhere, for check_p4_http_client.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P4_REDIRECT_TESTS_H
#define P4_REDIRECT_TESTS_H

#include "p4_asker.h"

#define MOVED(status, location)                                                                    \
    "HTTP/1.1 " #status " Moved\r\nContent-Length: 3\r\nLocation: " location "\r\n\r\nold"

static const struct http_header SECRET[] = {{"Authorization", "Basic xyz"},
                                            {"Cookie", "a=b"},
                                            {"Content-Type", "text/plain"},
                                            {NULL, NULL}};

/* The request line of request `k` (from 0) on connection 0. */
static inline const char *request_line(const struct listener *l, int k)
{
    static char line[SHOWN];
    const char *at = listener_received(l, 0, NULL);

    for (; k > 0 && at != NULL; k--) {
        at = strstr(at, "\r\n\r\n");
        at = at == NULL ? NULL : at + 4;
        while (at != NULL && *at != '\0' && strncmp(at, "GET ", 4) != 0 &&
               strncmp(at, "HEAD ", 5) != 0 && strncmp(at, "POST ", 5) != 0 &&
               strncmp(at, "PUT ", 4) != 0)
            at++; /* a body */
    }
    snprintf(line, sizeof(line), "%.*s", at == NULL ? 0 : (int)strcspn(at, "\r"),
             at == NULL ? "" : at);
    return line;
}

/* Asks for /a/b?c, gets `first`, and then a 204 for whatever it asks for. */
static struct listener *follow(struct asker *a, enum evhttp_cmd_type method, const char *first)
{
    const struct step script[] = {AWAIT_REQUEST, SEND_BYTES(first, strlen(first)), AWAIT_REQUEST,
                                  SEND("HTTP/1.1 204 -\r\n\r\n"), STAY};
    struct listener *l = listener_open(script);
    const bool body = method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD;

    open_client();
    ask_for(a, &(struct http_request){.method = method,
                                      .url = url_of(listener_port(l), "/a/b?c"),
                                      .headers = SECRET,
                                      .body = body ? "body" : NULL,
                                      .body_length = body ? 4 : 0});
    run_loop_for(EVER_MS);
    close_client();
    return l;
}

START_TEST(what_the_method_becomes)
{
    static const struct {
        enum evhttp_cmd_type method;
        const char *first, *line;
    } cases[] = {{EVHTTP_REQ_GET, MOVED(301, "/n"), "GET /n HTTP/1.1"},
                 {EVHTTP_REQ_GET, MOVED(308, "/n"), "GET /n HTTP/1.1"},
                 {EVHTTP_REQ_POST, MOVED(301, "/n"), "GET /n HTTP/1.1"},
                 {EVHTTP_REQ_POST, MOVED(302, "/n"), "GET /n HTTP/1.1"},
                 {EVHTTP_REQ_POST, MOVED(303, "/n"), "GET /n HTTP/1.1"},
                 {EVHTTP_REQ_POST, MOVED(307, "/n"), "POST /n HTTP/1.1"},
                 {EVHTTP_REQ_POST, MOVED(308, "/n"), "POST /n HTTP/1.1"},
                 {EVHTTP_REQ_PUT, MOVED(302, "/n"), "PUT /n HTTP/1.1"},
                 {EVHTTP_REQ_PUT, MOVED(303, "/n"), "GET /n HTTP/1.1"},
                 {EVHTTP_REQ_HEAD, "HTTP/1.1 303 -\r\nLocation: /n\r\n\r\n", "HEAD /n HTTP/1.1"}};
    char what[128];

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        struct asker a = {0};
        struct listener *l = follow(&a, cases[k].method, cases[k].first);
        snprintf(what, sizeof(what), "%s behind %.12s: the second request",
                 cases[k].method == EVHTTP_REQ_GET    ? "a GET"
                 : cases[k].method == EVHTTP_REQ_POST ? "a POST"
                 : cases[k].method == EVHTTP_REQ_PUT  ? "a PUT"
                                                      : "a HEAD",
                 cases[k].first);
        expect_outcome(&a, what, 0, 204, -1);
        expect_text(what, cases[k].line, request_line(l, 1));
        const char *second = strstr(listener_received(l, 0, NULL), cases[k].line);
        const bool has_body = second != NULL && strstr(second + 1, "\r\n\r\nbody") != NULL;
        const bool is_get = strncmp(cases[k].line, "GET", 3) == 0;
        if (cases[k].method == EVHTTP_REQ_POST && has_body == is_get)
            fail_test("%s\nexpected  %s body\ngot       %s body", what, is_get ? "no" : "the same",
                      has_body ? "the same" : "no");
        if (cases[k].method == EVHTTP_REQ_POST && is_get &&
            (strstr(second, "Content-Type") != NULL || strstr(second, "Content-Length") != NULL))
            fail_test("%s: a GET has no Content-Type or Content-Length\ngot:\n%s", what, second);
        if (second == NULL || strstr(second, "Authorization: Basic xyz") == NULL)
            fail_test("%s, to the same host: Authorization is sent\ngot:\n%s", what, second);
        listener_free(l);
    }
}
END_TEST

START_TEST(where_a_location_leads)
{
    static const struct {
        const char *first, *line;
    } cases[] = {{MOVED(302, "/x/../y?z#f"), "GET /y?z HTTP/1.1"},
                 {MOVED(302, "d"), "GET /a/d HTTP/1.1"},
                 {MOVED(302, "./d/./e"), "GET /a/d/e HTTP/1.1"},
                 {MOVED(302, "../d"), "GET /d HTTP/1.1"},
                 {MOVED(302, "../../../d/.."), "GET / HTTP/1.1"},
                 {MOVED(302, "?q=/../"), "GET /a/b?q=/../ HTTP/1.1"},
                 {MOVED(302, "#f"), "GET /a/b?c HTTP/1.1"},
                 {MOVED(302, "d:e"), ""},
                 {MOVED(302, "./d:e"), "GET /a/d:e HTTP/1.1"}};

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        struct asker a = {0};
        struct listener *l = follow(&a, EVHTTP_REQ_GET, cases[k].first);
        if (*cases[k].line != '\0')
            expect_outcome(&a, cases[k].first, 0, 204, -1);
        else
            expect_outcome(&a, cases[k].first, -EPROTO, 302, -1);
        expect_text(cases[k].first, cases[k].line, request_line(l, 1));
        listener_free(l);
    }
}
END_TEST

START_TEST(what_is_not_followed)
{
    static const struct {
        const char *what, *answer;
        int error, status;
    } cases[] = {{"302 without a Location", "HTTP/1.1 302 -\r\nContent-Length: 0\r\n\r\n", 0, 302},
                 {"304 with a Location", "HTTP/1.1 304 -\r\nLocation: /n\r\n\r\n", 0, 304},
                 {"300 with a Location", MOVED(300, "/n"), 0, 300},
                 {"305 with a Location", MOVED(305, "/n"), 0, 305},
                 {"201 with a Location", MOVED(201, "/n"), 0, 201},
                 {"a Location of another scheme", MOVED(302, "ftp://127.0.0.1/"), -EPROTO, 302},
                 {"a file", MOVED(302, "file:///etc/passwd"), -EPROTO, 302},
                 {"a Location with a password", MOVED(302, "http://u:p@127.0.0.1/"), -EPROTO, 302},
                 {"a Location with a space", MOVED(302, "/a b"), -EPROTO, 302},
                 {"a Location with a port that is none", MOVED(302, "http://127.0.0.1:99999/"),
                  -EPROTO, 302},
                 {"a trailer that says Location",
                  "HTTP/1.1 302 -\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nLocation: /n\r\n\r\n",
                  0, 302}};

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        struct asker a = {0};
        struct listener *l = follow(&a, EVHTTP_REQ_GET, cases[k].answer);
        expect_outcome(&a, cases[k].what, cases[k].error, cases[k].status, -1);
        expect_number("requests", 1, listener_requests(l));
        listener_free(l);
    }
}
END_TEST

START_TEST(a_loop_ends)
{
    static const struct step script[] = {AWAIT_REQUEST, SEND(MOVED(302, "/")), REPEAT};
    static const int most[] = {0, 1, 3, -1};
    static const int requests[] = {11, 2, 4, 1};

    for (int k = 0; k < 4; k++) {
        struct http_client_options options = usual_options();
        struct listener *l = listener_open(script);
        struct asker a = {0};
        char what[64];
        options.max_redirects = most[k];
        open_client_with(options);
        ask(&a, l);
        run_loop_for(EVER_MS);
        snprintf(what, sizeof(what), "a loop of redirects, with max_redirects %d", most[k]);
        expect_outcome(&a, what, most[k] < 0 ? 0 : -ELOOP, 302, -1);
        expect_number(what, requests[k], listener_requests(l));
        close_client();
        listener_free(l);
    }
}
END_TEST

START_TEST(redirects_take_time)
{
    static const struct step script[] = {AWAIT_REQUEST, AFTER(900), SEND(MOVED(302, "/")), REPEAT};

    try_script("a redirect every 0.9 s", script, -ETIMEDOUT, 0, TOTAL_MS);
}
END_TEST

/* Another port is another host, in all that matters. */
START_TEST(secrets_stay_at_home)
{
    static const struct step script[] = {AWAIT_REQUEST, SEND("HTTP/1.1 204 -\r\n\r\n"), STAY};
    struct listener *other = listener_open(script), *l;
    struct asker a = {0};
    char first[SHOWN];
    const char *got;

    snprintf(first, sizeof(first), MOVED(302, "//127.0.0.1:%d/n"), listener_port(other));
    l = follow(&a, EVHTTP_REQ_GET, first);
    expect_outcome(&a, "a redirect to another port", 0, 204, -1);
    got = listener_received(other, 0, NULL);
    if (strstr(got, "Authorization") != NULL || strstr(got, "Cookie") != NULL ||
        strstr(got, "Content-Type: text/plain") == NULL)
        fail_test("a redirect to another port\nexpected  the caller's headers, but neither "
                  "Authorization nor Cookie\ngot:\n%s",
                  got);
    listener_free(l);
    listener_free(other);
}
END_TEST

#endif
