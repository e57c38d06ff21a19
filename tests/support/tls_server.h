/* tls_server.h: TLS servers that do what a script says, and the certificates for them
 *
 * A TLS server is a listener, see listener.h, whose scripts begin when the handshake is over and
 * deal in plaintext. Keys and certificates are made in memory when they are first asked for, once
 * a process.
 *
 * The clocks of OpenSSL are virtual, too: verification sees 2026-01-01 00:00:00 UTC plus the time
 * since the test began. Certificates are good or not by that time.
 *
 * Interface
 *   struct listener *l = tls_server_open(TLS_GOOD, script);
 *   ... the learner's side connects to https://localhost:PORT/, trusting tls_ca_file() ...
 *   run_loop();
 *   tls_server_name(l, 0)       "localhost": the name that the client asked for (SNI)
 *   listener_received(l, 0, NULL)
 *   listener_free(l);
 * Handshakes that go wrong before TLS begins are a plain listener's job: one that STAYs silent, or
 * SENDs something else.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TLS_SERVER_H
#define TLS_SERVER_H

#include "listener.h"

/* All but the last two are signed by the authority of tls_ca_file(), and all but one hold the names
 * localhost and api.test and the address 127.0.0.1. */
enum tls_certificate {
    TLS_GOOD,          /* from a day before the test to ten years behind it */
    TLS_WRONG_HOST,    /* holds other.test and 192.0.2.1 only */
    TLS_EXPIRED,       /* since the day before */
    TLS_NOT_YET_VALID, /* from a year later on */
    TLS_UNKNOWN_ISSUER,
    TLS_SELF_SIGNED,
    TLS_CERTIFICATES, /* their number */
};

/* Opens a port for TLS 1.2 and 1.3. As listener_open(). */
struct listener *tls_server_open(enum tls_certificate certificate, const struct step *script);

/* One that speaks nothing newer than TLS 1.1, with a good certificate. */
struct listener *tls_server_open_old(const struct step *script);

/* The path of a PEM file with the one authority to trust. It goes with the process, and its
 * descriptor is not counted as the learner's. */
const char *tls_ca_file(void);

/* How many handshakes were completed, and how many of those resumed an earlier session. */
int tls_server_handshakes(const struct listener *l);
int tls_server_resumed(const struct listener *l);

/* The name that connection `k` asked for (SNI); "" if none. Owned by the listener. */
const char *tls_server_name(const struct listener *l, int k);

/* True if the client of connection `k` has said that it ends (close_notify). */
bool tls_server_saw_notify(const struct listener *l, int k);

#endif
