/* tls_server.c: see tls_server.h
 *
 * OpenSSL never touches a descriptor here: it reads and writes memory, and connection.c moves the
 * bytes. So faults.h, and the errors that OpenSSL keeps for the thread, stay the client's.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "tls_server.h"

#include <check.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "certificates.h"
#include "connection.h"
#include "faults.h"
#include "ledger.h"
#include "real.h"

/* The state of one connection. */
struct tls {
    SSL *ssl;      /* owns both of these */
    BIO *from_net; /* what came */
    BIO *to_net;   /* what is to be sent */
    bool ready;    /* the handshake is over */
    bool resumed;
    bool saw_notify;
    char name[256]; /* SNI */
};

/* --- the layer --- */

static void *begin(void *context)
{
    struct tls *t = calloc(1, sizeof *t);

    ck_assert_ptr_nonnull(t);
    t->ssl = SSL_new(context);
    t->from_net = BIO_new(BIO_s_mem());
    t->to_net = BIO_new(BIO_s_mem());
    ck_assert(t->ssl && t->from_net && t->to_net);
    SSL_set_bio(t->ssl, t->from_net, t->to_net);
    SSL_set_accept_state(t->ssl);
    return t;
}

static bool is_ready(const void *state)
{
    return ((const struct tls *)state)->ready;
}

/* Sends what OpenSSL has to say, and forgets errors: they are not the client's. */
static void transmit(struct tls *t, struct connection *c)
{
    char *bytes;
    long n = BIO_get_mem_data(t->to_net, &bytes);

    if (n > 0)
        connection_transmit(c, bytes, (size_t)n);
    (void)BIO_reset(t->to_net);
    ERR_clear_error();
}

static void end_handshake(struct tls *t)
{
    const char *name = SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name);

    t->ready = true;
    t->resumed = SSL_session_reused(t->ssl) == 1;
    snprintf(t->name, sizeof t->name, "%s", name ? name : "");
}

/* What a call that has not gone well means. */
static enum taken why_not(const struct tls *t, int result)
{
    const int error = SSL_get_error(t->ssl, result);
    const unsigned long reason = ERR_peek_error();
    const bool alert =
        ERR_GET_LIB(reason) == ERR_LIB_SSL && ERR_GET_REASON(reason) >= SSL_AD_REASON_OFFSET;

    if (error == SSL_ERROR_WANT_READ)
        return TAKEN;
    return error == SSL_ERROR_ZERO_RETURN || alert ? TAKEN_LAST : TAKEN_BROKEN;
}

static int on_name(SSL *ssl, int *alert, void *unused)
{
    (void)ssl;
    (void)alert;
    (void)unused;
    return SSL_TLSEXT_ERR_OK; /* any name will do: the certificate says which are right */
}

static enum taken take(void *state, struct connection *c, const void *bytes, size_t n)
{
    struct tls *t = state;
    char plain[4096];
    int result = 0;

    ERR_clear_error();
    ck_assert_int_eq(BIO_write(t->from_net, bytes, (int)n), (int)n);
    if (!t->ready && (result = SSL_do_handshake(t->ssl)) == 1)
        end_handshake(t);
    if (t->ready)
        while ((result = SSL_read(t->ssl, plain, sizeof plain)) > 0)
            connection_deliver(c, plain, (size_t)result);
    enum taken taken = why_not(t, result);
    t->saw_notify = (SSL_get_shutdown(t->ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
    transmit(t, c);
    return taken;
}

static void give(void *state, struct connection *c, const void *bytes, size_t n)
{
    struct tls *t = state;

    ERR_clear_error();
    ck_assert_int_eq(SSL_write(t->ssl, bytes, (int)n), (int)n);
    transmit(t, c);
}

static void say_end(void *state, struct connection *c)
{
    struct tls *t = state;

    ERR_clear_error();
    (void)SSL_shutdown(t->ssl); /* 0: the client has not said so yet */
    transmit(t, c);
}

static void end(void *state)
{
    struct tls *t = state;

    SSL_free(t->ssl);
    free(t);
}

static void free_server(void *context)
{
    SSL_CTX_free(context);
}

static const struct layer tls_layer = {begin, is_ready, take, give, say_end, end, free_server};

/* --- opening --- */

static struct listener *open_with(enum tls_certificate certificate, int oldest, int newest,
                                  const struct step *script)
{
    static const unsigned char place[] = "tests"; /* where sessions may be resumed */
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    ck_assert_ptr_nonnull(context);
    certificate_use(context, certificate);
    ck_assert_int_eq(SSL_CTX_set_min_proto_version(context, oldest), 1);
    ck_assert_int_eq(SSL_CTX_set_max_proto_version(context, newest), 1);
    ck_assert_int_eq(SSL_CTX_set_session_id_context(context, place, sizeof place - 1), 1);
    if (newest < TLS1_2_VERSION) /* the library's defaults refuse what is so old */
        ck_assert_int_eq(SSL_CTX_set_cipher_list(context, "DEFAULT@SECLEVEL=0"), 1);
    SSL_CTX_set_tlsext_servername_callback(context, on_name);
    return listener_open_with(script, &tls_layer, context);
}

EXPORT struct listener *tls_server_open(enum tls_certificate certificate, const struct step *script)
{
    return open_with(certificate, TLS1_2_VERSION, TLS1_3_VERSION, script);
}

EXPORT struct listener *tls_server_open_old(const struct step *script)
{
    return open_with(TLS_GOOD, TLS1_VERSION, TLS1_1_VERSION, script);
}

/* The file is one without a name: nothing stays behind, however the test ends. */
EXPORT const char *tls_ca_file(void)
{
    static char path[32];
    BIO *pem;
    char *text;

    if (*path)
        return path;
    const int fd = memfd_create("ca.pem", MFD_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ledger_except(fd);
    pem = BIO_new(BIO_s_mem());
    ck_assert(pem && PEM_write_bio_X509(pem, certificate_authority()) == 1);
    const long n = BIO_get_mem_data(pem, &text);
    ck_assert_int_eq(io_raw_write(fd, text, (size_t)n), n);
    BIO_free(pem);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return path;
}

/* --- what happened --- */

static const struct tls *tls_of(const struct listener *l, int k)
{
    return listener_connection(l, k)->state;
}

EXPORT int tls_server_handshakes(const struct listener *l)
{
    int n = 0;

    for (int k = 0; k < listener_accepted(l); k++)
        n += tls_of(l, k)->ready;
    return n;
}

EXPORT int tls_server_resumed(const struct listener *l)
{
    int n = 0;

    for (int k = 0; k < listener_accepted(l); k++)
        n += tls_of(l, k)->resumed;
    return n;
}

EXPORT const char *tls_server_name(const struct listener *l, int k)
{
    return tls_of(l, k)->name;
}

EXPORT bool tls_server_saw_notify(const struct listener *l, int k)
{
    return tls_of(l, k)->saw_notify;
}
