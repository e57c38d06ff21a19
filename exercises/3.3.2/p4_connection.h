/* p4_connection.h: one connection to one host, which carries one request at a time; given
 *
 * What evhttp leaves to others, for one evhttp_connection: the name is resolved without blocking
 * (evdns), there is TLS that knows whom it talks to (p4_tls.h), connecting has a time limit of its
 * own, each byte that comes is looked at before evhttp sees it (p4_wire.h), and it is noticed when
 * the server closes an idle connection.
 *
 *     struct connection *c = connection_new(&connector, &url);   the name is being looked up
 *     on_change(c, 0, "")                                        c->http can take a request
 *     wire_begin(&c->wire, false), evhttp_make_request(c->http, ...)
 *     on_change(c, -EPROTO, "a chunk's size is no number")       c is of no use any more
 *     connection_free(c)
 *
 * An evhttp_connection is never connected twice: a connection that has ended is freed.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P4_CONNECTION_H
#define P4_CONNECTION_H

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "p4_tls.h"
#include "p4_url.h"
#include "p4_wire.h"

struct connection;
struct host;      /* yours */
struct http_call; /* yours */

/* 0: the name has an address, and c->http is there. Below 0: the connection has ended, or cannot
 * come about, with a sentence that says why; it has to be freed. Called by the loop alone, from
 * where nothing of evhttp is at work. Not called for a failure that evhttp tells the request. */
typedef void (*connection_change_cb)(struct connection *c, int error, const char *why);

/* What all connections of a client have in common. The first group is set by the client. */
struct connector {
    struct event_base *base; /* borrowed */
    struct evdns_base *dns;  /* borrowed if dns_is_borrowed; NULL until it is needed */
    const char *ca_file;     /* or NULL; borrowed */
    int connect_ms;
    long silence_ms;                /* a connection on which nothing comes for so long is closed */
    size_t max_headers, max_body;   /* in bytes, of one answer */
    connection_change_cb on_change; /* see above */

    bool dns_is_borrowed;
    SSL_CTX *tls; /* NULL until it is needed; owned */
};

/* A name that is being looked up. It may outlive its connection for a turn of the loop. */
struct lookup {
    struct connection *connection;        /* NULL: gone */
    struct evdns_getaddrinfo_request *it; /* evdns's */
};

struct connection {
    struct connector *connector;    /* borrowed */
    struct evhttp_connection *http; /* NULL while the name is looked up; owned */
    struct wire wire;
    bool connected; /* TCP, and TLS */
    bool closed;    /* by the server, or by evhttp */
    int error;      /* what on_change() is going to be told, and why */
    const char *why;
    struct event *event;   /* calls on_change() if active, or when connect_ms are over; owned */
    struct lookup *lookup; /* or NULL; evdns's callback frees it */
    bool tls;
    int port;
    char *host_name; /* owned */

    struct http_call *call;       /* yours: who is using it; NULL: it is idle */
    struct host *host;            /* yours */
    bool used;                    /* yours: it has carried a request before */
    TAILQ_ENTRY(connection) link; /* yours */
};

/* ---- what becomes of it ---- */

/* The first reason stays. */
static inline void connection_tell(struct connection *c, int error, const char *why)
{
    if (c->error != 0)
        return;
    c->error = error;
    c->why = why;
    event_active(c->event, EV_READ, 0);
}

/* `c->event`: it is active, or it was pending for connect_ms. */
static inline void on_connection_event(evutil_socket_t fd, short what, void *arg)
{
    struct connection *c = arg;

    (void)fd;
    if (c->error == 0 && (what & EV_READ) == 0) {
        c->error = -ETIMEDOUT;
        c->why = "no connection in time";
    }
    c->connector->on_change(c, c->error, c->error == 0 ? "" : c->why);
}

/* Why there is no connection, where evhttp has told that there is none; 0: there was one. To be
 * asked in both of evhttp's ways to tell it: if TLS fails, that is the error callback, and if TCP
 * does, a request without a status. */
static inline int connection_failure(const struct connection *c, const char **why)
{
    const char *refused = c->tls ? tls_why(evhttp_connection_get_bufferevent(c->http)) : NULL;
    struct bufferevent *bev = evhttp_connection_get_bufferevent(c->http);

    *why = "the connection has ended before the answer";
    if (c->connected)
        return 0;
    *why = refused;
    if (refused != NULL)
        return -EACCES;
    *why = "what answers does not speak TLS, or breaks off";
    if (c->tls && bufferevent_get_openssl_error(bev) != 0)
        return -EPROTO;
    *why = "nobody listens there, or there is no way";
    return -ECONNREFUSED;
}

/* ---- evhttp's connection ---- */

/* The request is being written: so there is a connection. From here on time is the request's. */
static inline void on_connection_output(struct evbuffer *buffer,
                                        const struct evbuffer_cb_info *info, void *arg)
{
    struct connection *c = arg;

    (void)buffer;
    if (info->n_added == 0 || c->connected)
        return;
    c->connected = true;
    (void)event_del(c->event);
}

/* Bytes have come, and evhttp has not seen them. It does not if they are refused. */
static inline void on_connection_input(struct evbuffer *buffer, const struct evbuffer_cb_info *info,
                                       void *arg)
{
    struct connection *c = arg;
    struct bufferevent *bev = evhttp_connection_get_bufferevent(c->http);
    const char *why;
    int error;

    if (info->n_added == 0 || c->error != 0)
        return;
    error = wire_take(&c->wire, buffer, info->n_added, &why);
    if (error != 0) {
        bufferevent_setcb(bev, NULL, NULL, NULL, NULL);
        (void)bufferevent_disable(bev, EV_READ);
        connection_tell(c, error, why);
    }
}

/* A request that is under way is told by its own callbacks. */
static inline void on_connection_closed(struct evhttp_connection *http, void *arg)
{
    struct connection *c = arg;

    (void)http;
    c->closed = true;
    if (c->call == NULL)
        connection_tell(c, -ECONNRESET, "the server has closed an idle connection");
}

/* `address` is numeric. evhttp connects when it gets its first request. */
static inline int connection_prepare(struct connection *c, const char *address)
{
    struct connector *connector = c->connector;
    const struct timeval silence = {connector->silence_ms / 1000,
                                    connector->silence_ms % 1000 * 1000};
    struct bufferevent *bev = NULL;

    if (c->tls) {
        bev = tls_bufferevent_new(connector->base, connector->tls, c->host_name);
        if (bev == NULL)
            return -ENOMEM;
    }
    c->http = evhttp_connection_base_bufferevent_new(connector->base, NULL, bev, address,
                                                     (unsigned short)c->port);
    if (c->http == NULL)
        return -ENOMEM;
    bev = evhttp_connection_get_bufferevent(c->http);
    evhttp_connection_set_timeout_tv(c->http, &silence);
    evhttp_connection_set_closecb(c->http, on_connection_closed, c);
    if (evbuffer_add_cb(bufferevent_get_input(bev), on_connection_input, c) == NULL ||
        evbuffer_add_cb(bufferevent_get_output(bev), on_connection_output, c) == NULL)
        return -ENOMEM;
    return 0;
}

/* ---- its name ---- */

static inline void on_connection_address(int result, struct evutil_addrinfo *found, void *arg)
{
    struct lookup *lookup = arg;
    struct connection *c = lookup->connection;
    const bool later = lookup->it != NULL; /* not from inside evdns_getaddrinfo() */
    char address[64] = "";

    free(lookup);
    if (c != NULL) {
        c->lookup = NULL;
        if (result == 0 && found != NULL)
            (void)getnameinfo(found->ai_addr, (socklen_t)found->ai_addrlen, address,
                              sizeof(address), NULL, 0, NI_NUMERICHOST);
        if (address[0] == '\0')
            connection_tell(c, -EHOSTUNREACH, "the server's name has no address");
        else if (connection_prepare(c, address) != 0)
            connection_tell(c, -ENOMEM, "out of memory");
        else if (later)
            event_active(c->event, EV_READ, 0);
    }
    if (found != NULL)
        evutil_freeaddrinfo(found);
}

static inline int connection_look_up(struct connection *c)
{
    struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_flags = EVUTIL_AI_ADDRCONFIG};
    struct connector *connector = c->connector;
    struct lookup *lookup = calloc(1, sizeof(*lookup));
    struct evdns_getaddrinfo_request *it;

    hints.ai_socktype = SOCK_STREAM;
    hints.ai_protocol = IPPROTO_TCP;
    if (connector->dns == NULL)
        connector->dns = evdns_base_new(connector->base, EVDNS_BASE_INITIALIZE_NAMESERVERS |
                                                             EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (lookup == NULL || connector->dns == NULL) {
        free(lookup);
        return -ENOMEM;
    }
    lookup->connection = c;
    c->lookup = lookup;
    it = evdns_getaddrinfo(connector->dns, c->host_name, NULL, &hints, on_connection_address,
                           lookup);
    if (it != NULL) /* else it has been called already */
        lookup->it = it;
    return 0;
}

/* ---- its life ---- */

/* NULL is allowed. Whatever it is doing, nobody is told. */
static inline void connection_free(struct connection *c)
{
    if (c == NULL)
        return;
    if (c->lookup != NULL) {
        c->lookup->connection = NULL;
        evdns_getaddrinfo_cancel(c->lookup->it);
    }
    if (c->http != NULL) {
        struct bufferevent *bev = evhttp_connection_get_bufferevent(c->http);

        evhttp_connection_set_closecb(c->http, NULL, NULL);
        (void)evbuffer_remove_cb(bufferevent_get_input(bev), on_connection_input, c);
        (void)evbuffer_remove_cb(bufferevent_get_output(bev), on_connection_output, c);
        evhttp_connection_free(c->http);
    }
    if (c->event != NULL)
        event_free(c->event);
    free(c->host_name);
    free(c);
}

/* Begins to look the name up, if it is one: then c->http is NULL at first. NULL without memory. */
static inline struct connection *connection_new(struct connector *connector, const struct url *url)
{
    const struct timeval limit = {connector->connect_ms / 1000,
                                  connector->connect_ms % 1000 * 1000};
    struct connection *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return NULL;
    c->connector = connector;
    c->tls = url->tls;
    c->port = url->port;
    c->wire.max_headers = connector->max_headers;
    c->wire.max_body = connector->max_body;
    c->host_name = strdup(url->host);
    c->event = event_new(connector->base, -1, 0, on_connection_event, c);
    if (c->host_name == NULL || c->event == NULL || event_add(c->event, &limit) != 0)
        goto bad;
    if (c->tls && connector->tls == NULL)
        connector->tls = tls_context_new(connector->ca_file);
    if (c->tls && connector->tls == NULL)
        connection_tell(c, -EACCES, "there are no certificates to believe");
    else if ((tls_is_address(url->host) ? connection_prepare(c, url->host)
                                        : connection_look_up(c)) != 0)
        goto bad;
    return c;
bad:
    connection_free(c);
    return NULL;
}

/* An answer is over: may another request follow on this connection? */
static inline bool connection_is_reusable(const struct connection *c)
{
    struct bufferevent *bev;

    if (c->error != 0 || c->closed || !c->connected || !wire_is_reusable(&c->wire))
        return false;
    bev = evhttp_connection_get_bufferevent(c->http);
    return evbuffer_get_length(bufferevent_get_input(bev)) == 0;
}

/* The same at a later moment: nothing may have come since then, not even the server's end, that
 * nobody has looked at yet. (If TLS has something to say that is no answer, a new connection costs
 * a handshake, and no more.) */
static inline bool connection_is_fresh(const struct connection *c)
{
    char byte;

    return connection_is_reusable(c) &&
           recv(bufferevent_getfd(evhttp_connection_get_bufferevent(c->http)), &byte, 1,
                MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
}

/* ---- an answer's headers, on their way to evhttp ---- */

/* For evhttp_request_set_header_cb(): the headers of an answer have come, and evhttp is going to
 * look at them. Has it understand what p4_wire.h has. Returns 0, or -1 without memory. */
static inline int connection_tame_headers(struct evhttp_request *req, struct connection *c)
{
    struct evkeyvalq *headers = evhttp_request_get_input_headers(req);

    if (evhttp_request_get_response_code(req) < 200) {
        req->response_code = 100; /* 103 also: evhttp would take it for the answer */
        evhttp_clear_headers(headers);
        /* Behind a 100 evhttp writes what it has kept back: nothing. TLS never tells that nothing
         * has been written, and TCP perhaps later than the connection's end: tell it now. */
        bufferevent_trigger(evhttp_connection_get_bufferevent(c->http), EV_WRITE,
                            BEV_TRIG_DEFER_CALLBACKS);
        return 0;
    }
    if (c->wire.state == WIRE_REST) { /* to the end of the connection, whatever Connection says */
        while (evhttp_remove_header(headers, "Connection") == 0)
            ;
        return evhttp_add_header(headers, "Connection", "close");
    }
    return 0;
}

#endif
