/* load.h: the parts of load.c, which asks a server as fast as it answers: protocols, connections
 *
 * A connection numbers its requests from 0. Request 0 is a greeting: it is sent alone, and answered
 * before anything is measured. In WebSocket it is the handshake. The number is in the request where
 * the protocol has the server send it back, so that an answer to another question is seen.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LOAD_H
#define LOAD_H

#include <event2/util.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "figures.h"

struct event;
struct event_base;

enum { SIZE_LEAST = 9, SIZE_MOST = 1 << 20, OVERHEAD_MOST = 1024 }; /* bytes */
enum { PATIENCE_MS = 4000 };

struct protocol {
    const char *name;
    int socket_type; /* SOCK_STREAM, or SOCK_DGRAM: then answers may be lost */

    /* Writes request `number` of `size` bytes, and OVERHEAD_MOST more at the most, to `room`.
     * Returns its length. */
    size_t (*request)(char *room, unsigned number, size_t size);

    /* Looks at `n` bytes of answers: the length of the first one, if it is whole and answers
     * request `*number`; 0 if it is not whole; -1 if it is wrong. Of datagrams, which can be lost,
     * one with another number is right, too: that is put into `*number`. */
    ssize_t (*answer)(const char *bytes, size_t n, unsigned *number, size_t size);
};

/* NULL if there is none of that name. */
const struct protocol *protocol_find(const char *name);

struct load {
    const struct protocol *protocol;
    struct event_base *base; /* owned, as is all below */
    struct connection *connections;
    struct event *warm, *over, *tick; /* run on_warm(), on_over(), on_tick() */
    int port, count, depth;
    size_t size;               /* of a message */
    clockid_t server;          /* its CPU time */
    bool measuring;            /* between on_warm() and on_over() */
    bool ending;               /* no more requests */
    int in_flight;             /* requests */
    int silent_ms;             /* since the last answer */
    const char *wrong;         /* what has ended it; NULL: nothing */
    long lost;                 /* datagrams, while measuring */
    double seconds, cpu;       /* begin of the measurement, then its length */
    struct latencies *answers; /* while measuring */
};

struct connection {
    struct load *load; /* borrowed */
    evutil_socket_t fd;
    struct event *readable, *writable; /* owned, as is all below */
    unsigned asked, answered;          /* numbers of the next request, and of the next answer */
    bool silent;                       /* no datagram since the last tick */
    char *in, *out;                    /* answers; requests that are not sent yet */
    size_t in_length, out_begin, out_end;
    double *sent; /* when: by the request's number modulo depth */
};

/* Ends the loop, for that reason. */
void load_fail(struct load *load, const char *why);

/* Makes what a connection consists of. False if there is no memory, or no descriptor:
 * connection_close() frees what there is. */
bool connection_open(struct connection *c, struct load *load);

/* Connects, and has the greeting answered: both may block. False if it is not, or wrongly. */
bool connection_greet(struct connection *c);

/* Has `count` more requests on their way, unless the load is ending. */
void connection_ask(struct connection *c, unsigned count);

void connection_close(struct connection *c);

#endif
