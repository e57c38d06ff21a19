/* test_tls_server.c: tests of tls_server.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "tls_server.h"

#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "ledger.h"
#include "unit.h"
#include "vclock.h"

#define REQUEST "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

static struct client one;
static SSL_CTX *context; /* the client's */

/* Verifies the certificate for `host`, or nothing if that is NULL. */
static void tls_start(struct client *c, struct listener *l, const char *host)
{
    if (context == NULL)
        context = SSL_CTX_new(TLS_client_method());
    ck_assert_int_eq(SSL_CTX_load_verify_locations(context, tls_ca_file(), NULL), 1);
    SSL *ssl = SSL_new(context);
    if (host) {
        SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
        ck_assert_int_eq(SSL_set1_host(ssl, host), 1);
        ck_assert_int_eq(SSL_set_tlsext_host_name(ssl, host), 1);
    }
    client_start_with(c, listener_port(l),
                      bufferevent_openssl_socket_new(
                          test_base(), -1, ssl, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE));
}

static void tls_end(struct listener *l)
{
    client_stop(&one);
    SSL_CTX_free(context);
    context = NULL;
    listener_free(l);
}

START_TEST(a_script_speaks_plaintext)
{
    static const struct step script[] = {AWAIT_REQUEST, AFTER(100), SEND("hello"), DRIP(10, "ab"),
                                         CLOSE};
    struct listener *l = tls_server_open(TLS_GOOD, script);

    tls_start(&one, l, "localhost");
    client_say(&one, REQUEST);
    run_loop_for(1000);
    ck_assert_str_eq(one.seen, "0 connected;100 hello;100 a;110 b;110 end;");
    ck_assert_str_eq(listener_received(l, 0, NULL), REQUEST);
    ck_assert_str_eq(tls_server_name(l, 0), "localhost");
    ck_assert_int_eq(tls_server_handshakes(l), 1);
    ck_assert_int_eq(tls_server_resumed(l), 0);
    ck_assert_uint_eq(listener_sent(l, 0), 7);
    tls_end(l);
}
END_TEST

/* The result of verifying, as the client has it. */
static long verified(enum tls_certificate certificate, const char *host)
{
    struct listener *l = tls_server_open(certificate, NULL);

    tls_start(&one, l, host);
    run_loop_for(10);
    long result = SSL_get_verify_result(bufferevent_openssl_get_ssl(one.bev));
    bool connected = strstr(one.seen, " connected;") != NULL;
    ck_assert_msg(connected == (result == X509_V_OK), "%s", one.seen);
    ck_assert_int_eq(tls_server_handshakes(l), connected);
    ck_assert_int_eq(listener_open_now(l), connected);
    tls_end(l);
    return result;
}

START_TEST(certificates_are_what_their_names_say)
{
    ck_assert_int_eq(verified(TLS_GOOD, "localhost"), X509_V_OK);
    ck_assert_int_eq(verified(TLS_GOOD, "api.test"), X509_V_OK);
    ck_assert_int_eq(verified(TLS_GOOD, "127.0.0.1"), X509_V_OK);
    ck_assert_int_eq(verified(TLS_WRONG_HOST, "other.test"), X509_V_OK);
    ck_assert_int_eq(verified(TLS_WRONG_HOST, "localhost"), X509_V_ERR_HOSTNAME_MISMATCH);
    ck_assert_int_eq(verified(TLS_WRONG_HOST, "127.0.0.1"), X509_V_ERR_IP_ADDRESS_MISMATCH);
    ck_assert_int_eq(verified(TLS_EXPIRED, "localhost"), X509_V_ERR_CERT_HAS_EXPIRED);
    ck_assert_int_eq(verified(TLS_NOT_YET_VALID, "localhost"), X509_V_ERR_CERT_NOT_YET_VALID);
    ck_assert_int_eq(verified(TLS_UNKNOWN_ISSUER, "localhost"),
                     X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    ck_assert_int_eq(verified(TLS_SELF_SIGNED, "localhost"),
                     X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
}
END_TEST

START_TEST(verification_is_on_virtual_time)
{
    const int64_t day = INT64_C(86400) * 1000000000;

    ck_assert_int_eq(time(NULL), 1767225600);
    ck_assert_int_eq(verified(TLS_NOT_YET_VALID, "localhost"), X509_V_ERR_CERT_NOT_YET_VALID);
    vclock_advance_to(366 * day);
    struct listener *l = tls_server_open(TLS_NOT_YET_VALID, NULL);
    tls_start(&one, l, "localhost");
    run_loop_for(10);
    ck_assert_int_eq(tls_server_handshakes(l), 1);
    tls_end(l);
    vclock_advance_to(3660 * day);
    l = tls_server_open(TLS_GOOD, NULL);
    tls_start(&one, l, "localhost");
    run_loop_for(10);
    ck_assert_int_eq(tls_server_handshakes(l), 0);
    tls_end(l);
    vclock_start(); /* Check measures, and has no number for ten years */
}
END_TEST

START_TEST(an_end_may_come_with_and_without_a_word)
{
    static const struct step said[] = {SEND("x"), CLOSE};
    static const struct step cut[] = {SEND("x"), CUT};
    static const struct step reset[] = {SEND("x"), RESET};
    struct listener *l = tls_server_open(TLS_GOOD, said);

    listener_script(l, 1, cut);
    listener_script(l, 2, reset);
    for (int k = 0; k < 3; k++) {
        tls_start(&one, l, "localhost");
        run_loop_for(10);
        SSL *ssl = bufferevent_openssl_get_ssl(one.bev);
        ck_assert_int_eq((SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) != 0, k == 0);
        ck_assert_ptr_nonnull(strstr(one.seen, " x;"));
        ck_assert_int_eq(strstr(one.seen, " end;") != NULL, k == 0);
        client_stop(&one);
        run_loop_for(10);
    }
    tls_end(l);
}
END_TEST

START_TEST(a_clients_end_is_seen)
{
    struct listener *l = tls_server_open(TLS_GOOD, NULL);

    tls_start(&one, l, "localhost");
    run_loop_for(100);
    client_stop(&one); /* without a word */
    run_loop_for(100);
    ck_assert_int_eq(listener_saw_end_at(l, 0), 100);
    ck_assert(!tls_server_saw_notify(l, 0));
    tls_start(&one, l, "localhost");
    run_loop_for(100);
    SSL_shutdown(bufferevent_openssl_get_ssl(one.bev));
    run_loop_for(100);
    ck_assert_int_eq(listener_saw_end_at(l, 1), 300);
    ck_assert(tls_server_saw_notify(l, 1));
    tls_end(l);
}
END_TEST

START_TEST(an_old_version_is_refused)
{
    struct listener *l = tls_server_open_old(NULL);

    context = SSL_CTX_new(TLS_client_method());
    ck_assert_int_eq(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION), 1);
    tls_start(&one, l, "localhost");
    run_loop_for(100);
    ck_assert_int_eq(tls_server_handshakes(l), 0);
    ck_assert_ptr_null(strstr(one.seen, "connected"));
    tls_end(l);
    l = tls_server_open_old(NULL);
    context = SSL_CTX_new(TLS_client_method());
    ck_assert_int_eq(SSL_CTX_set_min_proto_version(context, TLS1_VERSION), 1);
    ck_assert_int_eq(SSL_CTX_set_cipher_list(context, "DEFAULT@SECLEVEL=0"), 1);
    tls_start(&one, l, "localhost");
    run_loop_for(100);
    ck_assert_int_eq(tls_server_handshakes(l), 1);
    tls_end(l);
}
END_TEST

START_TEST(no_tls_is_no_handshake)
{
    static const struct step script[] = {AWAIT_BYTES(1), SEND("HTTP/1.1 400 No\r\n\r\n"), CLOSE};
    struct listener *plain = listener_open(script), *l = tls_server_open(TLS_GOOD, NULL);

    tls_start(&one, plain, "localhost");
    run_loop_for(10);
    ck_assert_ptr_null(strstr(one.seen, "connected"));
    ck_assert_int_eq(listener_accepted(plain), 1);
    client_stop(&one);
    client_start(&one, listener_port(l));
    client_say(&one, REQUEST);
    run_loop_for(10);
    ck_assert_int_eq(tls_server_handshakes(l), 0);
    ck_assert_int_eq(listener_open_now(l), 0);
    ck_assert_ptr_nonnull(strstr(one.seen, "end;"));
    listener_free(plain);
    tls_end(l);
}
END_TEST

START_TEST(a_flood_goes_through_tls)
{
    static const struct step script[] = {FLOOD(3000000, "0123456"), CLOSE};
    struct listener *l = tls_server_open(TLS_GOOD, script);

    tls_start(&one, l, "localhost");
    run_loop_for(10);
    ck_assert_uint_eq(one.n, 3000000);
    tls_end(l);
}
END_TEST

START_TEST(nothing_of_a_tls_server_is_charged_to_the_learner)
{
    static char text[1024];

    (void)test_base();
    ledger_start();
    struct listener *l = tls_server_open(TLS_GOOD, NULL);
    tls_start(&one, l, "localhost");
    run_loop_for(10);
    client_stop(&one);
    run_loop_for(10);
    ck_assert_int_eq(ledger_pending_events(test_base(), text, sizeof text), 0);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    tls_end(l);
    ck_assert_int_eq(ledger_new_descriptors(text, sizeof text), 0);
    ck_assert_msg(access(tls_ca_file(), R_OK) == 0, "%s", tls_ca_file());
}
END_TEST

Suite *tls_server_suite(void)
{
    return UNIT_SUITE("tls_server", a_script_speaks_plaintext,
                      certificates_are_what_their_names_say, verification_is_on_virtual_time,
                      an_end_may_come_with_and_without_a_word, a_clients_end_is_seen,
                      an_old_version_is_refused, no_tls_is_no_handshake, a_flood_goes_through_tls,
                      nothing_of_a_tls_server_is_charged_to_the_learner);
}
