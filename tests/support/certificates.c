/* certificates.c: see certificates.h
 *
 * All certificates share one key: nobody but the test's own servers uses it, and making keys is
 * what takes time. time() is virtual.
 *
 * SPDX-License-Identifier: MIT
 */
#include "certificates.h"

#include <check.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stddef.h>
#include <time.h>

#include "vclock.h"

/* Valid on the days from..until, counted from the beginning of the test. */
struct description {
    const char *name;             /* of the subject; NULL: ends a list */
    const char *extensions[5][2]; /* in OpenSSL's words */
    int from, until;
    const struct description *issuer; /* NULL: signs itself */
};

#define FOR_SERVERS                                                                                \
    {"basicConstraints", "critical,CA:FALSE"}, {"keyUsage", "critical,digitalSignature"},          \
        {"extendedKeyUsage", "serverAuth"},                                                        \
    {                                                                                              \
        "authorityKeyIdentifier", "keyid"                                                          \
    }
#define FOR_AUTHORITIES                                                                            \
    {                                                                                              \
        {"basicConstraints", "critical,CA:TRUE"}, {"keyUsage", "critical,keyCertSign,cRLSign"},    \
        {                                                                                          \
            "subjectKeyIdentifier", "hash"                                                         \
        }                                                                                          \
    }
#define OUR_NAMES                                                                                  \
    {                                                                                              \
        "subjectAltName", "DNS:localhost,DNS:api.test,IP:127.0.0.1"                                \
    }

enum { YEAR = 365 };

static const struct description authority = {"Authority of the test", FOR_AUTHORITIES, -YEAR,
                                             20 * YEAR, NULL};
static const struct description unknown = {"Unknown authority", FOR_AUTHORITIES, -YEAR, 20 * YEAR,
                                           NULL};

static const struct description descriptions[TLS_CERTIFICATES] = {
    [TLS_GOOD] = {"good", {FOR_SERVERS, OUR_NAMES}, -1, 10 * YEAR, &authority},
    [TLS_WRONG_HOST] = {"wrong host",
                        {FOR_SERVERS, {"subjectAltName", "DNS:other.test,IP:192.0.2.1"}},
                        -1,
                        10 * YEAR,
                        &authority},
    [TLS_EXPIRED] = {"expired", {FOR_SERVERS, OUR_NAMES}, -YEAR, -1, &authority},
    [TLS_NOT_YET_VALID] = {"not yet valid", {FOR_SERVERS, OUR_NAMES}, YEAR, 10 * YEAR, &authority},
    [TLS_UNKNOWN_ISSUER] = {"unknown issuer", {FOR_SERVERS, OUR_NAMES}, -1, 10 * YEAR, &unknown},
    [TLS_SELF_SIGNED] = {"self-signed",
                         {{"basicConstraints", "critical,CA:FALSE"}, OUR_NAMES},
                         -1,
                         10 * YEAR,
                         NULL},
};

/* Made so far. */
static struct {
    EVP_PKEY *key;
    X509 *authority, *unknown;
    X509 *certificates[TLS_CERTIFICATES];
} made;

static EVP_PKEY *the_key(void)
{
    EVP_PKEY_CTX *context;

    if (made.key)
        return made.key;
    context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
    ck_assert_ptr_nonnull(context);
    ck_assert_int_eq(EVP_PKEY_keygen_init(context), 1);
    ck_assert_int_eq(EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1), 1);
    ck_assert_int_eq(EVP_PKEY_keygen(context, &made.key), 1);
    EVP_PKEY_CTX_free(context);
    return made.key;
}

static void add_extensions(X509 *x, X509 *issuer, const struct description *d)
{
    X509V3_CTX context;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
    for (size_t i = 0; i < 5 && d->extensions[i][0]; i++) {
        X509_EXTENSION *extension =
            X509V3_EXT_conf(NULL, &context, d->extensions[i][0], d->extensions[i][1]);
        ck_assert_msg(extension != NULL, "%s: %s", d->name, d->extensions[i][0]);
        ck_assert_int_eq(X509_add_ext(x, extension, -1), 1);
        X509_EXTENSION_free(extension);
    }
}

/* `issuer` is NULL where it signs itself. */
static X509 *make_certificate(const struct description *d, X509 *issuer)
{
    static long serial;
    X509 *x = X509_new();
    time_t beginning = time(NULL) - (time_t)(vclock_now() / 1000000000);

    ck_assert_ptr_nonnull(x);
    X509_NAME *name = X509_get_subject_name(x);
    ck_assert_int_eq(X509_set_version(x, 2), 1); /* that is version 3 */
    ck_assert_int_eq(ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial), 1);
    ck_assert_ptr_nonnull(X509_time_adj_ex(X509_getm_notBefore(x), d->from, 0, &beginning));
    ck_assert_ptr_nonnull(X509_time_adj_ex(X509_getm_notAfter(x), d->until, 0, &beginning));
    ck_assert_int_eq(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                (const unsigned char *)d->name, -1, -1, 0),
                     1);
    ck_assert_int_eq(X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer) : name), 1);
    ck_assert_int_eq(X509_set_pubkey(x, the_key()), 1);
    add_extensions(x, issuer ? issuer : x, d);
    ck_assert_int_gt(X509_sign(x, the_key(), EVP_sha256()), 0);
    return x;
}

static X509 *the_issuer(const struct description *issuer)
{
    X509 **place = issuer == &authority ? &made.authority : &made.unknown;

    if (issuer == NULL)
        return NULL;
    if (*place == NULL)
        *place = make_certificate(issuer, NULL);
    return *place;
}

X509 *certificate_authority(void)
{
    return the_issuer(&authority);
}

void certificate_use(SSL_CTX *context, enum tls_certificate which)
{
    const struct description *d = &descriptions[which];
    X509 **x = &made.certificates[which];

    if (*x == NULL)
        *x = make_certificate(d, the_issuer(d->issuer));
    ck_assert_int_eq(SSL_CTX_use_certificate(context, *x), 1);
    ck_assert_int_eq(SSL_CTX_use_PrivateKey(context, the_key()), 1);
}
