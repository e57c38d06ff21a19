/* p4_tls.h: TLS that knows whom it talks to; given
 *
 * Encryption alone protects from nobody: a stranger in the middle encrypts as well as the server
 * does. So the certificate must come from an authority that is believed, be valid now, and hold
 * the name, or the address, that stands in the URL. OpenSSL checks none of this by itself.
 *
 *     SSL_CTX *tls_context_new(ca_file)           one a client, not one a connection
 *     struct bufferevent *tls_bufferevent_new(base, context, host)
 *     const char *tls_why(bev)                    why the certificate was refused, or NULL
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P4_TLS_H
#define P4_TLS_H

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/util.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>

/* TLS 1.2 or newer, with the authorities of a PEM file, or of the system if it is NULL. NULL: they
 * cannot be read, or no memory. Freed by SSL_CTX_free(). */
static inline SSL_CTX *tls_context_new(const char *ca_file)
{
    static const unsigned char protocols[] = "\x08http/1.1"; /* not HTTP/2: evhttp has none */
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (context == NULL)
        return NULL;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS); /* idle connections need none */
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_alpn_protos(context, protocols, sizeof(protocols) - 1) != 0 ||
        (ca_file != NULL ? SSL_CTX_load_verify_locations(context, ca_file, NULL)
                         : SSL_CTX_set_default_verify_paths(context)) != 1) {
        SSL_CTX_free(context);
        ERR_clear_error();
        return NULL;
    }
    return context;
}

static inline bool tls_is_address(const char *host)
{
    unsigned char address[16];

    return evutil_inet_pton(AF_INET, host, address) == 1 ||
           evutil_inet_pton(AF_INET6, host, address) == 1;
}

/* Which name or address the certificate must hold. A name is also told to the server (SNI), which
 * may have certificates for several. */
static inline bool tls_expect_host(SSL *ssl, const char *host)
{
    if (tls_is_address(host))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

/* A bufferevent that is going to connect, and to be given to an evhttp_connection, which frees it
 * and closes its socket. `host` without brackets. NULL without memory. */
static inline struct bufferevent *tls_bufferevent_new(struct event_base *base, SSL_CTX *context,
                                                      const char *host)
{
    SSL *ssl = SSL_new(context);
    struct bufferevent *bev;

    if (ssl == NULL)
        return NULL;
    if (!tls_expect_host(ssl, host)) {
        SSL_free(ssl);
        return NULL;
    }
    bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
                                         BEV_OPT_CLOSE_ON_FREE);
    if (bev == NULL)
        SSL_free(ssl);
    return bev;
}

/* Why the certificate of a connection that failed was refused. NULL: it was not, or there was none.
 * Static. */
static inline const char *tls_why(struct bufferevent *bev)
{
    SSL *ssl = bev == NULL ? NULL : bufferevent_openssl_get_ssl(bev);
    const long result = ssl == NULL ? X509_V_OK : SSL_get_verify_result(ssl);

    return result == X509_V_OK ? NULL : X509_verify_cert_error_string(result);
}

#endif
