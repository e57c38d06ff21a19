/* certificates.h: an authority and what it has signed, for tls_server.h
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CERTIFICATES_H
#define CERTIFICATES_H

#include <openssl/ssl.h>

#include "tls_server.h"

/* Has `context` show a certificate, with its key. Both are made at the first call that needs
 * them. */
void certificate_use(SSL_CTX *context, enum tls_certificate which);

/* The authority of the good ones. Owned here. */
X509 *certificate_authority(void);

#endif
