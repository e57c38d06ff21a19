/* p4_failure_tests.h: servers that fail, lie, and attack, for check_p4_http_client.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P4_FAILURE_TESTS_H
#define P4_FAILURE_TESTS_H

#include "p4_asker.h"

/* ---- no answer ---- */

START_TEST(nobody_listens)
{
    struct asker a = {0};
    struct listener *l = listener_open(NULL);

    listener_refuse(l);
    open_client();
    ask(&a, l);
    run_loop_for(EVER_MS);
    expect_outcome(&a, "nobody listens on the port", -ECONNREFUSED, 0, 0);
    close_client();
    listener_free(l);
}
END_TEST

START_TEST(the_connection_ends)
{
    static const struct step at_once[] = {AWAIT_REQUEST, AFTER(100), CLOSE},
                             reset[] = {AWAIT_REQUEST, AFTER(100), RESET},
                             in_headers[] = {AWAIT_REQUEST, SEND("HTTP/1.1 200 OK\r\nContent-"),
                                             AFTER(100), CLOSE},
                             in_body[] = {AWAIT_REQUEST, SEND(OK_JSON("{\"a\":", 9)), AFTER(100),
                                          CLOSE},
                             in_body_reset[] = {AWAIT_REQUEST, SEND("HTTP/1.1 200 OK\r\n\r\nhalf"),
                                                AFTER(100), RESET},
                             in_chunk[] = {AWAIT_REQUEST,
                                           SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                                                "\r\n5\r\nhel"),
                                           AFTER(100), CLOSE},
                             before_last[] = {AWAIT_REQUEST,
                                              SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
                                                   "\r\n\r\n5\r\nhello\r\n"),
                                              AFTER(100), CLOSE};

    try_script("the server closes instead of answering", at_once, -ECONNRESET, 0, 100);
    try_script("the server resets instead of answering", reset, -ECONNRESET, 0, 100);
    try_script("the server closes in the headers", in_headers, -ECONNRESET, 0, 100);
    try_script("the server closes before its Content-Length is there", in_body, -ECONNRESET, 0,
               100);
    try_script("the server resets in a body that ends with the connection", in_body_reset,
               -ECONNRESET, 0, 100);
    try_script("the server closes in a chunk", in_chunk, -ECONNRESET, 0, 100);
    try_script("the server closes before the last chunk", before_last, -ECONNRESET, 0, 100);
}
END_TEST

/* The server answers before it has read the request, and reads no more of it. */
START_TEST(an_answer_comes_too_early)
{
    static const struct step closes[] = {AWAIT_HEAD, STALL,
                                         SEND("HTTP/1.1 413 -\r\nContent-Length: 0\r\n\r\n"),
                                         AFTER(100), CLOSE},
                             stays[] = {AWAIT_HEAD, STALL,
                                        SEND("HTTP/1.1 413 -\r\nContent-Length: 0\r\n\r\n"), STAY};
    const struct step *const scripts[] = {closes, stays};
    const size_t length = 16 * 1024 * 1024; /* more than the kernel takes */
    char *body = calloc(1, length);

    for (int k = 0; k < 2; k++) {
        struct listener *l = listener_open(scripts[k]);
        struct asker a = {0};
        open_client();
        ask_for(&a, &(struct http_request){.method = EVHTTP_REQ_POST,
                                           .url = url_of(listener_port(l), "/"),
                                           .body = body,
                                           .body_length = length});
        run_loop_for(EVER_MS);
        expect_outcome(&a, "an answer before the request's body has been read",
                       k == 0 ? -ECONNRESET : -ETIMEDOUT, 0, -1);
        close_client();
        listener_free(l);
    }
    free(body);
}
END_TEST

/* ---- no HTTP ---- */

START_TEST(the_status_line_is_bad)
{
    static const struct {
        const char *answer;
    } cases[] = {{"SSH-2.0-OpenSSH_9.2p1\r\n"},
                 {"220 mail.test ESMTP\r\n"},
                 {"\r\n\r\n"},
                 {"HTTP/1.1\r\n\r\n"},
                 {"HTTP/1.1  200 OK\r\n\r\n"},
                 {"HTTP/2.0 200 OK\r\n\r\n"},
                 {"HTTP/1.2 200 OK\r\n\r\n"},
                 {"HTTP/-1.1 200 OK\r\n\r\n"},
                 {"http/1.1 200 OK\r\n\r\n"},
                 {"HTTP/1.1 OK\r\n\r\n"},
                 {"HTTP/1.1 0 OK\r\n\r\n"},
                 {"HTTP/1.1 000 OK\r\n\r\n"},
                 {"HTTP/1.1 99 OK\r\n\r\n"},
                 {"HTTP/1.1 099 OK\r\n\r\n"},
                 {"HTTP/1.1 -200 OK\r\n\r\n"},
                 {"HTTP/1.1 20 OK\r\n\r\n"},
                 {"HTTP/1.1 2000 OK\r\n\r\n"},
                 {"HTTP/1.1 1000 OK\r\n\r\n"},
                 {"HTTP/1.1 600 OK\r\n\r\n"},
                 {"HTTP/1.1 200OK\r\n\r\n"},
                 {"HTTP/1.1 200 \x01\r\n\r\n"},
                 {"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n"},
                 {"HTTP/1.1 200 OK\rX\r\n\r\n"}};

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++)
        try_answer(cases[k].answer, cases[k].answer, strlen(cases[k].answer), -EPROTO, 0);
    try_answer("a NUL in the status line", ANSWER("HTTP/1.1 200 \0OK\r\n\r\n"), -EPROTO, 0);
}
END_TEST

#define HEADERS_OF(text) "HTTP/1.1 200 OK\r\n" text "\r\n\r\n"

START_TEST(the_headers_are_bad)
{
    static const char *const answers[] = {HEADERS_OF("no colon"),
                                          HEADERS_OF(": no name"),
                                          HEADERS_OF("A B: c"),
                                          HEADERS_OF("Content-Length : 5"),
                                          HEADERS_OF("A: b\x01"),
                                          HEADERS_OF("A: b\rC: d"),
                                          HEADERS_OF("A: b\r C: d"),
                                          HEADERS_OF(" first: folded"),
                                          HEADERS_OF("Content-Length:\r\n 5"),
                                          HEADERS_OF("Content-Length: 5\r\n 5"),
                                          HEADERS_OF("Content-Length: -5"),
                                          HEADERS_OF("Content-Length: +5"),
                                          HEADERS_OF("Content-Length: 5 5"),
                                          HEADERS_OF("Content-Length: 5, 5"),
                                          HEADERS_OF("Content-Length: 0x5"),
                                          HEADERS_OF("Content-Length: five"),
                                          HEADERS_OF("Content-Length:"),
                                          HEADERS_OF("Content-Length: 5\r\nContent-Length: 5"),
                                          HEADERS_OF("Content-Length: 5\r\nContent-Length: 50"),
                                          HEADERS_OF("Content-Length: 99999999999999999999"),
                                          HEADERS_OF("Transfer-Encoding: gzip"),
                                          HEADERS_OF("Transfer-Encoding: gzip, chunked"),
                                          HEADERS_OF("Transfer-Encoding: chunked\r\n"
                                                     "Transfer-Encoding: chunked"),
                                          HEADERS_OF("Transfer-Encoding: chunked\r\n"
                                                     "Content-Length: 5"),
                                          "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"};

    for (size_t k = 0; k < sizeof(answers) / sizeof(answers[0]); k++)
        try_answer(answers[k], answers[k], strlen(answers[k]), -EPROTO, 0);
    try_answer("a NUL in a header's name", ANSWER(HEADERS_OF("A\0B: c")), -EPROTO, 0);
    try_answer("a NUL in Content-Length", ANSWER(HEADERS_OF("Content-Length: 0\0") "hello"),
               -EPROTO, 0);
}
END_TEST

#define CHUNKED(text) HEADERS_OF("Transfer-Encoding: chunked") text

START_TEST(the_chunks_are_bad)
{
    static const char *const answers[] = {CHUNKED("x\r\n"),
                                          CHUNKED("-5\r\nhello\r\n"),
                                          CHUNKED("+5\r\nhello\r\n"),
                                          CHUNKED("0x5\r\nhello\r\n"),
                                          CHUNKED(" 5\r\nhello\r\n"),
                                          CHUNKED("5 5\r\nhello\r\n"),
                                          CHUNKED("5\r\nhelloX\r\n"),
                                          CHUNKED("5\r\nhello5\r\nworld"),
                                          CHUNKED("\r\n0\r\n\r\n"),
                                          CHUNKED("5;name=value\r\n"),
                                          CHUNKED("0\r\nno colon\r\n"),
                                          CHUNKED("0\r\n folded\r\n"),
                                          CHUNKED("fffffffffffffffffff\r\n")};

    for (size_t k = 0; k < sizeof(answers) / sizeof(answers[0]); k++)
        try_answer(answers[k], answers[k], strlen(answers[k]), -EPROTO, 0);
    try_answer("a NUL behind a chunk's size", ANSWER(CHUNKED("5\0\r\nhello\r\n")), -EPROTO, 0);
}
END_TEST

/* ---- without end ---- */

enum { FLOODED = 1024 * 1024 };

START_TEST(no_end_of_it)
{
    static const struct {
        const char *what;
        struct step script[4];
        int error;
    } cases[] = {
        {"a status line without end", {AWAIT_REQUEST, FLOOD(FLOODED, "HTTP/1.1 200 O"), STAY}, 0},
        {"a header without end",
         {AWAIT_REQUEST, SEND("HTTP/1.1 200 OK\r\nA: "), FLOOD(FLOODED, "0123456789"), STAY},
         -EMSGSIZE},
        {"headers without end",
         {AWAIT_REQUEST, SEND("HTTP/1.1 200 OK\r\n"), FLOOD(FLOODED, "A: b\r\n"), STAY},
         -EMSGSIZE},
        {"one header, folded without end",
         {AWAIT_REQUEST, SEND("HTTP/1.1 200 OK\r\nA: b\r\n"), FLOOD(FLOODED, " c\r\n"), STAY},
         -EMSGSIZE},
        {"interim answers without end",
         {AWAIT_REQUEST, FLOOD(FLOODED, "HTTP/1.1 100 Continue\r\n\r\n"), STAY},
         -EPROTO},
        {"a Content-Length above max_body",
         {AWAIT_REQUEST, SEND("HTTP/1.1 200 OK\r\nContent-Length: 8193\r\n\r\n"), STAY},
         -EMSGSIZE},
        {"a body without end",
         {AWAIT_REQUEST, SEND("HTTP/1.1 200 OK\r\n\r\n"), FLOOD(FLOODED, "0123456789"), STAY},
         -EMSGSIZE},
        {"a chunk above max_body", {AWAIT_REQUEST, SEND(CHUNKED("2001\r\n")), STAY}, -EMSGSIZE},
        {"a chunk of 2^59 bytes",
         {AWAIT_REQUEST, SEND(CHUNKED("800000000000000\r\n")), STAY},
         -EMSGSIZE},
        {"chunks without end",
         {AWAIT_REQUEST, SEND(CHUNKED("")), FLOOD(FLOODED, "5\r\nhello\r\n"), STAY},
         -EMSGSIZE},
        {"a chunk's size without end",
         {AWAIT_REQUEST, SEND(CHUNKED("")), FLOOD(FLOODED, "0000000000"), STAY},
         -EMSGSIZE},
        {"a chunk's extension without end",
         {AWAIT_REQUEST, SEND(CHUNKED("5;")), FLOOD(FLOODED, "0123456789"), STAY},
         -EMSGSIZE},
        {"trailers without end",
         {AWAIT_REQUEST, SEND(CHUNKED("0\r\n")), FLOOD(FLOODED, "A: b\r\n"), STAY},
         -EMSGSIZE}};

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++)
        try_script(cases[k].what, cases[k].script, cases[k].error != 0 ? cases[k].error : -EMSGSIZE,
                   0, 0);
}
END_TEST

#endif
