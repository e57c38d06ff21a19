/* 12_udp_echo.h: a collector of weather readings, which stations send over UDP
 *
 * A station sends a datagram; the collector sends one back, to that station:
 *
 *     datagram                      what it is                         answer
 *     1 to READING_MOST bytes       a reading                          "ok 7", if it is the seventh
 *     no byte at all                a probe: "are you there?"          a datagram of no byte
 *     more than READING_MOST        too long: the rest of it is lost   "too long"
 *
 * A reading is any bytes, and is told exactly as it was sent: never two in one, nor one in pieces.
 * At each call of the loop the collector takes the datagrams that are there, but BATCH_MOST at the
 * most: the rest can wait until the loop has looked at the others. An answer that cannot be sent at
 * once is lost, as any datagram may be; nothing waits for it. There is no error after which the
 * collector does not go on. The asyncio twin is
 *
 *     class Collector(asyncio.DatagramProtocol):
 *         def connection_made(self, transport):
 *             self.transport = transport
 *         def datagram_received(self, data, station):      # also with len(data) == 0
 *             ...
 *             self.transport.sendto(answer, station)
 *     await loop.create_datagram_endpoint(Collector, local_addr=("127.0.0.1", 0))
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef UDP_ECHO_H
#define UDP_ECHO_H

#include <stddef.h>

struct event_base;
struct collector;

enum { READING_MOST = 64, BATCH_MOST = 8 };

/* What came so far. */
struct collector_counts {
    long readings, probes, too_long;
};

/* Called for each reading: `n` bytes, at least 1, any of which may be 0; valid until it returns. */
typedef void reading_fn(const char *bytes, size_t n, void *arg);

/* A collector on 127.0.0.1, called by the loop of `base`, which is borrowed and outlives it. `port`
 * is the one that stations send to, 0 for any that is free. NULL if there is no memory, or the port
 * cannot be had: then nothing is left behind. */
struct collector *collector_start(struct event_base *base, int port, reading_fn *on_reading,
                                  void *arg);

/* The port that it receives on. */
int collector_port(const struct collector *c);

struct collector_counts collector_counts(const struct collector *c);

/* Frees a collector, also NULL, and closes its socket. Not from on_reading(). */
void collector_free(struct collector *c);

#endif
