/* ws_client.h: the clients of ws_soak, and what they share
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef WS_CLIENT_H
#define WS_CLIENT_H

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Bytes of the longest message. It comes back so often that no socket takes it all: who does not
 * read then is too slow. */
enum { SOAK_FLOOD = 100 * 1000, SOAK_ECHOES = 80 };

struct client;

/* One round. */
struct soak {
    unsigned seed;
    int count; /* of clients */

    struct event_base *base;
    struct ws_server *server;
    struct event *end; /* when the time is over */
    struct client *clients;
    int port;
    bool over, stopped;

    long opened, closed, slow, broken_off, messages; /* what the server's handlers were told */
    long echoes, refusals;                           /* what clients got, and it was right */
    int failures;
};

enum phase { ABSENT, ASKING, OPEN, REFUSED, LEAVING };

struct client {
    struct soak *soak;          /* borrowed */
    struct bufferevent *stream; /* owned; NULL while ABSENT */
    struct event *act;          /* the next thing that it does; owned */
    uint64_t random;
    enum phase phase;
    size_t asked;      /* bytes of the request that are out */
    int code;          /* expected in the server's Close frame, while REFUSED */
    uint64_t expected; /* sum of the message that has to come back; 0: none is out */
    size_t expected_n; /* its bytes */
};

/* Prints what is wrong, the first few times, and counts it. */
void soak_fail(struct soak *soak, const char *what);

/* Fills in client number k, and lets it begin soon. False without memory. */
bool client_open(struct client *c, struct soak *soak, unsigned k);

/* Hangs up, with a reset. */
void client_leave(struct client *c);

/* Frees what it has. */
void client_close(struct client *c);

#endif
