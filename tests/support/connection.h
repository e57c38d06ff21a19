/* connection.h: one connection that a listener has accepted, and its script; see listener.h
 *
 * Between listener.c, which accepts, connection.c, which follows the script, and tls_server.c,
 * which changes bytes on their way: not for suites.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>

#include "listener.h"

struct connection;

/* What a layer makes of bytes from the network. */
enum taken {
    TAKEN,
    TAKEN_LAST,   /* the client has said that these are all */
    TAKEN_BROKEN, /* the connection cannot go on */
};

/* What lies between the network and the script. It sends with connection_transmit() and hands over
 * plaintext with connection_deliver(). */
struct layer {
    void *(*begin)(void *server); /* the state of a connection; freed by end() */
    bool (*is_ready)(const void *state);
    enum taken (*take)(void *state, struct connection *c, const void *bytes, size_t n);
    void (*give)(void *state, struct connection *c, const void *bytes, size_t n);
    void (*say_end)(void *state, struct connection *c);
    void (*end)(void *state);
    void (*free_server)(void *server);
};

struct connection {
    int fd;                    /* -1 once closed by either side */
    const struct layer *layer; /* NULL: bytes go through as they are */
    void *state;               /* the layer's */
    const struct step *script;
    const struct step *step; /* the present one */
    bool begun;              /* it has begun */
    bool woken;              /* its time has come */
    size_t progress;         /* bytes that it has sent */
    bool outlives;           /* the script goes on behind the client's end */
    bool running;            /* steps are being taken */
    struct event readable, writable, timer;
    struct evbuffer *out; /* for the network */
    char *received;       /* NUL-terminated */
    size_t n;
    size_t n_taken; /* of these, by steps that waited for them */
    size_t n_sent;
    int n_requests;
    int ended_at_ms; /* the client's end was seen; -1: not yet */
};

/* Takes over `fd`. */
struct connection *connection_new(int fd, const struct step *script, const struct layer *layer,
                                  void *server);

/* Takes steps of the script until one has to wait; none before the layer is ready. */
void connection_go_on(struct connection *c);

/* Reads what is there now, and goes on with the script. */
void connection_look(struct connection *c);

bool connection_is_open(const struct connection *c);

void connection_free(struct connection *c);

/* For the layer: bytes for the network, and plaintext that came. */
void connection_transmit(struct connection *c, const void *bytes, size_t n);
void connection_deliver(struct connection *c, const void *bytes, size_t n);

/* For listener.c and tls_server.c. */
struct listener *listener_open_with(const struct step *script, const struct layer *layer,
                                    void *server);
void *listener_server(const struct listener *l);
struct connection *listener_connection(const struct listener *l, int k);

#endif
