/* peer.h: the other end of a connection, by script
 *
 * A peer lives on test_base(). Its script says what it does at which virtual
 * millisecond; what the learner's side sends is kept. The peer's own events do
 * not keep the loop alive: run_loop() ends when the learner's side is done.
 * The peer is not subject to faults.h.
 *
 * Interface
 *   int fd = peer_pair(&p);            a connected, non-blocking socket for the learner
 *   peer_send(p, 100, "hel", 3);       at 100 ms
 *   peer_send(p, 100, "lo\n", 3);      coalesced: both are there at one wake-up
 *   peer_close(p, 250);
 *   run_loop();
 *   peer_expect(p, "HELLO\n");         all that came from the learner
 *   peer_free(p);
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>

struct peer;

/* A peer on one end of a socket pair; returns the other, non-blocking, owned by the caller. */
int peer_pair(struct peer **p);

/* A peer that connects to 127.0.0.1:`port` now. */
struct peer *peer_connect(int port);

/* The script; `at_ms` is virtual time since the test began. The bytes are copied. */
void peer_send(struct peer *p, int at_ms, const void *bytes, size_t n);
void peer_shutdown(struct peer *p, int at_ms); /* no more is sent; it still reads */
void peer_close(struct peer *p, int at_ms);
void peer_reset(struct peer *p, int at_ms); /* closes with RST; on a socket pair: closes unread */

/* Reads nothing between these two: the learner's output backs up. */
void peer_stall(struct peer *p, int at_ms);
void peer_resume(struct peer *p, int at_ms);

/* What came so far; `n` gets its length. Owned by the peer. */
const char *peer_received(const struct peer *p, size_t *n);

/* True once the learner's side has closed or shut down. */
bool peer_saw_end(const struct peer *p);

/* When the first `n` bytes had come, and when the end was seen: virtual ms; -1: not yet. */
int peer_received_ms(const struct peer *p, size_t n);
int peer_end_ms(const struct peer *p);

/* What the k-th peer_send() has sent, and when; NULL if there have not been so many. */
const char *peer_sent(const struct peer *p, int k, int *at_ms, size_t *n);

/* Fails the test unless exactly `text` came. */
void peer_expect(const struct peer *p, const char *text);

void peer_free(struct peer *p);

#endif
