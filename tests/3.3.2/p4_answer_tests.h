/* p4_answer_tests.h: whole answers, JSON, and what is sent, for check_p4_http_client.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P4_ANSWER_TESTS_H
#define P4_ANSWER_TESTS_H

#include "faults.h"
#include "p4_asker.h"

/* Asks for `request` (NULL: GET /) where an answer comes in one piece. The client stays open. */
static inline void get_answer(struct asker *a, struct http_request *request, const char *what,
                              const char *answer, int error, int status)
{
    const struct step script[] = {AWAIT_REQUEST, AFTER(100), SEND_BYTES(answer, strlen(answer)),
                                  CLOSE};
    struct listener *l = listener_open(script);
    struct http_request get = {.method = EVHTTP_REQ_GET};

    request = request != NULL ? request : &get;
    request->url = url_of(listener_port(l), "/");
    ask_for(a, request);
    run_loop_for(EVER_MS);
    expect_outcome(a, what, error, status, 100);
    listener_free(l);
}

#define JSON_OF(type, body)                                                                        \
    "HTTP/1.1 200 OK\r\nContent-Type: " type "\r\nConnection: close\r\n\r\n" body

static const char ADA[] = "{\"name\":\"ada\"}";

START_TEST(json_comes_whole)
{
    static const struct {
        const char *what, *answer;
    } cases[] = {
        {"a body with its length", OK_JSON("{\"name\":\"ada\"}", 14)},
        {"a body that ends with the connection", JSON_OF("application/json", "{\"name\":\"ada\"}")},
        {"the same of an HTTP/1.0 server that says keep-alive",
         "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\nConnection: keep-alive\r\n\r\n"
         "{\"name\":\"ada\"}"},
        {"a chunked body, with a trailer",
         "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: Chunked\r\n\r\n"
         "5\r\n{\"nam\r\n09\r\ne\":\"ada\"}\r\n000\r\nContent-Length: 3\r\n\r\n"},
        {"lines that end with LF alone",
         "HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: 14\n\n"
         "{\"name\":\"ada\"}"},
        {"interim answers, 100 and 103, before the answer",
         "HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\nHTTP/1.1 103 Early Hints\r\n"
         "Link: </a>\r\n\r\n" OK_JSON("{\"name\":\"ada\"}", 14)},
        {"a status line without a reason",
         "HTTP/1.1 200\r\nContent-Type: application/json\r\n\r\n{\"name\":\"ada\"}"},
        {"Content-Type in capitals, with a charset",
         JSON_OF("APPLICATION/JSON; Charset=\"utf-8\"", "{\"name\":\"ada\"}")},
        {"a +json type", JSON_OF("application/problem+json;charset=utf-8", "{\"name\":\"ada\"}")},
        {"white space round the JSON", JSON_OF("application/json", " \r\n{\"name\":\"ada\"}\t\n")}};

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++)
        for (size_t portion = 0; portion < 2; portion++) {
            struct asker a = {.header_name = "Content-Type"};
            open_client();
            faults.max_read = portion; /* 1: byte by byte */
            get_answer(&a, NULL, cases[k].what, cases[k].answer, 0, 200);
            expect_text(cases[k].what, ADA, a.json);
            ck_assert_str_ne(a.header, "");
            faults_clear();
            close_client();
        }
}
END_TEST

START_TEST(what_is_no_json)
{
    static const struct {
        const char *what, *answer;
        int status;
        const char *body;
    } cases[] = {
        {"204 No Content", "HTTP/1.1 204 No Content\r\nContent-Type: application/json\r\n\r\n", 204,
         ""},
        {"304 Not Modified, with a length",
         "HTTP/1.1 304 Not Modified\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n",
         304, ""},
        {"404, a page", "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n<p>no</p>", 404,
         "<p>no</p>"},
        {"500, without a type", "HTTP/1.1 500 Oops\r\n\r\n{}", 500, "{}"},
        {"599", "HTTP/1.1 599 -\r\nContent-Length: 0\r\n\r\n", 599, ""},
        {"text/json-like", JSON_OF("application/jsonx", "{"), 200, "{"}};

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        struct asker a = {0};
        open_client();
        get_answer(&a, NULL, cases[k].what, cases[k].answer, 0, cases[k].status);
        expect_text("its JSON", "", a.json);
        expect_text("its body", cases[k].body, a.body);
        close_client();
    }
}
END_TEST

START_TEST(invalid_json)
{
    static const char *const bodies[] = {
        "",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "'a'",
        "01",
        "1.",
        ".5",
        "+1",
        "-",
        "1e",
        "NaN",
        "Infinity",
        "-Infinity",
        "nul",
        "TRUE",
        "\"\\x\"",
        "\"\\u12\"",
        "\"a\nb\"",
        "\"\x01\"",
        "\"\xff\"",
        "\"\xc0\x80\"",
        "\"\xed\xa0\x80\"",
        "\"\xf5\x80\x80\x80\"",
        "\"\xe2\x82\"",
        "{} {}",
        "[1] x",
        "\"a",
        "\xef\xbb\xbf{}",
        "/* */ {}",
        "[1 2]",
        "0x10",
        "{\"a\" 1}",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"};
    char answer[SHOWN], what[SHOWN];

    for (size_t k = 0; k < sizeof(bodies) / sizeof(bodies[0]); k++) {
        struct asker a = {0};
        open_client();
        snprintf(answer, sizeof(answer), JSON_OF("application/json", "%s"), bodies[k]);
        snprintf(what, sizeof(what), "a body that is no JSON: %s", bodies[k]);
        get_answer(&a, NULL, what, answer, -EBADMSG, 200);
        close_client();
    }
}
END_TEST

START_TEST(valid_json)
{
    static const char *const bodies[] = {"0",          "-0",          "1.5e-3",
                                         "true",       "[]",          "{}",
                                         "\"\"",       "\"\\u00e9\"", "\"\xf0\x9f\x98\x80\"",
                                         "[[1,2],{}]", "null"};
    char answer[SHOWN], what[SHOWN];

    for (size_t k = 0; k < sizeof(bodies) / sizeof(bodies[0]); k++) {
        struct asker a = {0};
        open_client();
        snprintf(answer, sizeof(answer), JSON_OF("application/json", "%s"), bodies[k]);
        snprintf(what, sizeof(what), "JSON that is one value: %s", bodies[k]);
        get_answer(&a, NULL, what, answer, 0, 200);
        ck_assert(a.json[0] != '\0' || strcmp(bodies[k], "null") == 0);
        close_client();
    }
}
END_TEST

/* Trailers are not headers: neither beside them nor folded into the last one. */
START_TEST(trailers_are_no_headers)
{
    struct asker a = {.header_name = "X-Late"};

    open_client();
    get_answer(&a, NULL, "a trailer",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Late: yes\r\n\r\n", 0,
               200);
    expect_text("a header that is a trailer", "", a.header);
    close_client();
}
END_TEST

/* ---- what is sent ---- */

static struct listener *stays; /* accepts, and keeps what comes */

static void expect_sent(const char *what, const char *expected)
{
    const char *clean = shown(listener_received(stays, listener_accepted(stays) - 1, NULL));

    if (strcmp(clean, expected) != 0)
        fail_test("%s: what the server gets\nexpected:\n%s\ngot:\n%s", what, expected, clean);
}

static const char *with_port(const char *text)
{
    static char out[2 * SHOWN];

    snprintf(out, sizeof(out), text, listener_port(stays));
    return out;
}

/* Opens a client and a server that keeps what comes. */
static void open_mailbox(void)
{
    static const struct step script[] = {AWAIT_REQUEST,
                                         SEND("HTTP/1.1 204 -\r\nConnection: close\r\n\r\n"), STAY};
    struct http_client_options options = usual_options();

    options.user_agent = "tests/1";
    stays = listener_open(script);
    open_client_with(options);
}

static void close_mailbox(void)
{
    close_client();
    listener_free(stays);
}

START_TEST(a_request_is_complete)
{
    static const struct http_header headers[] = {
        {"X-One", "a b"}, {"accept", "text/plain"}, {"X-One", "\xc3\xa9"}, {NULL, NULL}};
    struct asker get = {0}, put = {0}, head = {0};
    const char *url;

    open_mailbox();
    url = url_of(listener_port(stays), "?q=1&r=%20#fragment");
    ask_url(&get, url);
    run_loop_for(100);
    expect_outcome(&get, "GET of a URL without a path", 0, 204, 0);
    expect_sent("GET of a URL without a path",
                with_port("GET /?q=1&r=%%20 HTTP/1.1\nHost: 127.0.0.1:%d\nUser-Agent: tests/1\n"
                          "Accept: */*\n\n"));
    ask_for(&put, &(struct http_request){.method = EVHTTP_REQ_PUT,
                                         .url = url_of(listener_port(stays), "/a/b;c"),
                                         .headers = headers,
                                         .body = "12\0",
                                         .body_length = 3});
    run_loop_for(100);
    expect_sent("PUT of three bytes, with headers",
                with_port("PUT /a/b;c HTTP/1.1\nHost: 127.0.0.1:%d\nX-One: a b\n"
                          "accept: text/plain\nX-One: \xc3\xa9\nUser-Agent: tests/1\n"
                          "Content-Length: 3\n\n12"));
    ask_for(&head, &(struct http_request){.method = EVHTTP_REQ_HEAD,
                                          .url = url_of(listener_port(stays), "/")});
    run_loop_for(100);
    expect_outcome(&head, "HEAD", 0, 204, 0);
    close_mailbox();
}
END_TEST

/* However many there are. */
START_TEST(all_headers_are_sent)
{
    enum { HEADERS_SENT = 40 };
    struct http_header headers[HEADERS_SENT + 1] = {{NULL, NULL}};
    char names[HEADERS_SENT][8], line[32];
    struct asker a = {0};

    for (int k = 0; k < HEADERS_SENT; k++) {
        snprintf(names[k], sizeof(names[k]), "X-%d", k);
        headers[k] = (struct http_header){names[k], "v"};
    }
    open_mailbox();
    ask_for(&a, &(struct http_request){.method = EVHTTP_REQ_GET,
                                       .url = url_of(listener_port(stays), "/"),
                                       .headers = headers});
    run_loop_for(100);
    for (int k = 0; k < HEADERS_SENT; k++) {
        snprintf(line, sizeof(line), "X-%d: v\r\n", k);
        if (strstr(listener_received(stays, 0, NULL), line) == NULL)
            fail_test("a GET with 40 headers\nexpected  X-0 to X-39\ngot       all but X-%d", k);
    }
    close_mailbox();
}
END_TEST

/* HEAD gets no body, whatever the answer says. */
START_TEST(head_has_no_body)
{
    struct asker a = {0};
    struct http_request head = {.method = EVHTTP_REQ_HEAD};

    open_client();
    get_answer(&a, &head, "HEAD, with a Content-Length above max_body",
               "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999\r\n\r\n",
               0, 200);
    expect_text("its JSON", "", a.json);
    close_client();
}
END_TEST

START_TEST(json_is_posted)
{
    struct json_object *json = json_object_new_object();
    struct asker a = {0};

    json_object_object_add(json, "quote", json_object_new_string("\"\\\n\x01\xc3\xa9"));
    open_mailbox();
    a.inside = true;
    note_asked(&a,
               http_client_post_json(client, url_of(listener_port(stays), "/"), json, on_asked, &a,
                                     &a.call),
               "http_client_post_json()");
    json_object_put(json);
    expect_errno("http_client_post_json()", 0, a.result);
    run_loop_for(100);
    expect_outcome(&a, "http_client_post_json()", 0, 204, 0);
    expect_sent("http_client_post_json()",
                with_port("POST / HTTP/1.1\nHost: 127.0.0.1:%d\nContent-Type: application/json\n"
                          "User-Agent: tests/1\nAccept: */*\nContent-Length: 26\n\n"
                          "{\"quote\":\"\\\"\\\\\\n\\u0001\xc3\xa9\"}"));
    close_mailbox();
}
END_TEST

START_TEST(what_json_cannot_say)
{
    struct json_object *const values[] = {json_object_new_double(0.0 / 0.0),
                                          json_object_new_string("\xff")};
    struct asker a = {0};

    open_mailbox();
    ask_url(&a, url_of(listener_port(stays), "/")); /* it is written */
    run_loop_for(100);
    expect_outcome(&a, "GET", 0, 204, 0);
    for (int k = 0; k < 2; k++) {
        expect_errno("http_client_post_json() of NaN, and of a string that is not UTF-8", -EINVAL,
                     http_client_post_json(client, url_of(listener_port(stays), "/"), values[k],
                                           on_asked, NULL, NULL));
        json_object_put(values[k]);
    }
    close_mailbox();
}
END_TEST

#endif
