/* p4_tls_tests.h: https, for check_p4_http_client.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P4_TLS_TESTS_H
#define P4_TLS_TESTS_H

#include "p4_asker.h"
#include "tls_server.h"

static void open_tls_client(const char *ca_file)
{
    struct http_client_options options = usual_options();

    options.ca_file = ca_file;
    open_client_with(options);
}

static void ask_tls(struct asker *a, const struct listener *l)
{
    char url[SHOWN];

    snprintf(url, sizeof(url), "https://127.0.0.1:%d/", listener_port(l));
    ask_url(a, url);
    run_loop_for(TOTAL_MS / 2);
}

static void try_tls(const char *what, struct listener *l, const char *ca_file, int error,
                    int after_ms)
{
    struct asker a = {0};

    open_tls_client(ca_file);
    ask_tls(&a, l);
    expect_outcome(&a, what, error, error == 0 ? 200 : 0, after_ms);
    close_client();
    listener_free(l);
}

static const struct step TLS_SERVES[] = {AWAIT_REQUEST, AFTER(100), SEND(OK_JSON("{}", 2)), REPEAT};

START_TEST(https)
{
    static const struct step interim[] = {AWAIT_REQUEST, SEND("HTTP/1.1 100 Continue\r\n\r\n"),
                                          AFTER(100), SEND(OK_JSON("{}", 2)), REPEAT};

    try_tls("https, with an address", tls_server_open(TLS_GOOD, TLS_SERVES), tls_ca_file(), 0, 100);
    try_tls("https, with 100 Continue before the answer", tls_server_open(TLS_GOOD, interim),
            tls_ca_file(), 0, 100);
}
END_TEST

START_TEST(tls_connections_are_kept)
{
    struct asker a = {0}, b = {0};
    struct listener *l = tls_server_open(TLS_GOOD, TLS_SERVES);

    open_tls_client(tls_ca_file());
    ask_tls(&a, l);
    expect_outcome(&a, "https", 0, 200, 100);
    ask_tls(&b, l);
    expect_outcome(&b, "https, again", 0, 200, 100);
    expect_number("two GETs by https, one after the other: connections", 1, listener_accepted(l));
    close_client();
    listener_free(l);
}
END_TEST

START_TEST(whom_tls_does_not_believe)
{
    static const struct {
        enum tls_certificate which;
        const char *what;
    } cases[] = {{TLS_WRONG_HOST, "https: a certificate of another host"},
                 {TLS_EXPIRED, "https: a certificate that has expired"},
                 {TLS_NOT_YET_VALID, "https: a certificate of next year"},
                 {TLS_UNKNOWN_ISSUER, "https: a certificate of an unknown authority"},
                 {TLS_SELF_SIGNED, "https: a certificate signed by itself"}};

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++)
        try_tls(cases[k].what, tls_server_open(cases[k].which, TLS_SERVES), tls_ca_file(), -EACCES,
                -1);
    try_tls("https: no certificates to believe", tls_server_open(TLS_GOOD, TLS_SERVES), "/dev/null",
            -EACCES, -1);
}
END_TEST

START_TEST(what_is_no_tls)
{
    static const struct step plain[] = {SEND("HTTP/1.1 400 Bad Request\r\n\r\n"), STAY},
                             mute[] = {STAY}, closes[] = {AFTER(100), CLOSE},
                             cut[] = {AWAIT_REQUEST, SEND("HTTP/1.1 200 OK\r\n\r\nhalf"),
                                      AFTER(100), CUT};

    try_tls("https: the server speaks HTTP alone", listener_open(plain), tls_ca_file(), -EPROTO,
            -1);
    try_tls("https: the server speaks TLS 1.1 alone", tls_server_open_old(TLS_SERVES),
            tls_ca_file(), -EPROTO, -1);
    try_tls("https: the server never says anything", listener_open(mute), tls_ca_file(), -ETIMEDOUT,
            CONNECT_MS);
    try_tls("https: the server closes in the handshake", listener_open(closes), tls_ca_file(),
            -EPROTO, -1);
    try_tls("https: a body that ends with the connection, and TLS does not say that it ends",
            tls_server_open(TLS_GOOD, cut), tls_ca_file(), -ECONNRESET, -1);
}
END_TEST

START_TEST(no_way_back_to_http)
{
    static const struct step away[] = {
        AWAIT_REQUEST, SEND("HTTP/1.1 302 -\r\nLocation: /n\r\nContent-Length: 0\r\n\r\n"),
        AWAIT_REQUEST,
        SEND("HTTP/1.1 302 -\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"), STAY};
    struct listener *l = tls_server_open(TLS_GOOD, away);
    struct asker a = {0};

    open_tls_client(tls_ca_file());
    ask_tls(&a, l);
    expect_outcome(&a, "a redirect from https to http", -EACCES, 302, -1);
    close_client();
    listener_free(l);
}
END_TEST

#endif
