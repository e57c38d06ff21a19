/* fifo_peer.h: the writing end of a FIFO, by script
 *
 * Somebody who writes to a FIFO that the learner's code reads: late, slowly, or never. It lives on
 * test_base(); its own events do not keep the loop alive. It opens the FIFO when it first has
 * something to do; if nobody has opened it for reading by then, the test fails. Steps of the same
 * moment are taken in any order.
 *
 * Interface
 *   struct fifo_peer *p = fifo_peer_new(path);    makes the FIFO
 *   fifo_peer_open(p, 100);                       at 100 ms; not needed before a send
 *   fifo_peer_send(p, 200, "hel", 3);
 *   fifo_peer_close(p, 300);                      the reader sees the end
 *   run_loop();
 *   fifo_peer_free(p);                            removes the FIFO
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FIFO_PEER_H
#define FIFO_PEER_H

#include <stddef.h>

struct fifo_peer;

struct fifo_peer *fifo_peer_new(const char *path);

/* The script; `at_ms` is virtual time since the test began. The bytes are copied. */
void fifo_peer_open(struct fifo_peer *p, int at_ms);
void fifo_peer_send(struct fifo_peer *p, int at_ms, const void *bytes, size_t n);
void fifo_peer_close(struct fifo_peer *p, int at_ms);

void fifo_peer_free(struct fifo_peer *p);

#endif
