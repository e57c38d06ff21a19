/* p4_client.h: what a client and its calls are made of; given
 *
 * The structures, and what makes and frees them; http_client_new() is one of those. To be included
 * by p4_http_client.c alone.
 *
 * A call runs through these hands, and each TODO is one of them:
 *
 *     http_client_request()  call_new(), and what may be sent at all             TODO(1)
 *     host->waiting          in line for a connection                            TODO(3)
 *     call->connection       sent; then evhttp calls back                        TODO(2)
 *     call_settle()          the outcome is known; whoever knows it first        TODO(2), TODO(4)
 *     on_settled()           a turn of the loop later: redirect, or tell         TODO(5), TODO(2)
 *     on_all_told()          the last one has been told, and the client closes   TODO(6)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P4_CLIENT_H
#define P4_CLIENT_H

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "p4_connection.h"
#include "p4_http_client.h"

struct http_client {
    struct connector connector; /* what its connections have in common */
    int max_per_host, total_ms, max_redirects;
    char *user_agent, *ca_file; /* owned; the latter may be NULL */
    TAILQ_HEAD(, host) hosts;   /* those that have a call or a connection; owned */
    int calls;                  /* that have not been told */
    bool closing;
    struct event *all_told; /* calls on_all_told() if active; owned */
    http_closed_cb on_closed;
    void *closed_arg;
};

/* One scheme, host and port. */
struct host {
    TAILQ_ENTRY(host) link;
    struct http_client *client;
    struct url url;                       /* but for its target; owned */
    TAILQ_HEAD(, http_call) waiting;      /* for a connection; first come, first */
    TAILQ_HEAD(, connection) connections; /* busy (c->call) and idle, the newest first; owned */
    int n_connections;
};

struct http_call {
    struct http_client *client;
    http_response_cb on_response;
    void *arg;
    enum evhttp_cmd_type method;
    struct url url;           /* owned; nothing in it at first */
    struct evkeyvalq headers; /* the caller's that are sent; owned; none at first */
    char *body;               /* owned */
    size_t body_length;

    struct host *host;             /* NULL: it does not wait, and has no connection */
    TAILQ_ENTRY(http_call) link;   /* in host->waiting, if it waits */
    struct connection *connection; /* that it uses, or NULL */
    struct evhttp_request *answer; /* a whole one, or NULL; owned */
    struct event *timer;           /* calls on_time_out() if it is added; owned */
    struct event *settled;         /* calls on_settled() if active; owned */
    bool is_settled;
    bool is_told; /* its callback has been called, or is being called */
    bool retried; /* it is being sent for the second time */
    int redirects;
    int error; /* the outcome: see call_settle() */
    const char *why;
};

/* Yours, in p4_http_client.c. */
static void on_settled(evutil_socket_t fd, short what, void *arg);
static void on_time_out(evutil_socket_t fd, short what, void *arg);
static void on_all_told(evutil_socket_t fd, short what, void *arg);
static void on_change(struct connection *c, int error, const char *why);

/* ---- calls ---- */

/* The outcome is known. The first one counts; on_settled() deals with it when the loop gets there,
 * outside of whatever evhttp is doing now. `why` is static. */
static inline void call_settle(struct http_call *call, int error, const char *why)
{
    if (call->is_settled)
        return;
    call->is_settled = true;
    call->error = error;
    call->why = why;
    event_active(call->settled, EV_READ, 0);
}

static inline void call_drop_answer(struct http_call *call)
{
    if (call->answer != NULL)
        evhttp_request_free(call->answer);
    call->answer = NULL;
}

/* It must have left its host. NULL is allowed. */
static inline void call_free(struct http_call *call)
{
    if (call == NULL)
        return;
    call_drop_answer(call);
    if (call->timer != NULL)
        event_free(call->timer);
    if (call->settled != NULL)
        event_free(call->settled);
    evhttp_clear_headers(&call->headers);
    url_clear(&call->url);
    free(call->body);
    free(call);
}

/* A call that has not begun. Its URL and headers are still to be filled in. NULL without memory. */
static inline struct http_call *call_new(struct http_client *client,
                                         const struct http_request *request,
                                         http_response_cb on_response, void *arg)
{
    struct http_call *call = calloc(1, sizeof(*call));

    if (call == NULL)
        return NULL;
    call->client = client;
    call->on_response = on_response;
    call->arg = arg;
    call->method = request->method;
    TAILQ_INIT(&call->headers);
    call->timer = event_new(client->connector.base, -1, 0, on_time_out, call);
    call->settled = event_new(client->connector.base, -1, 0, on_settled, call);
    if (request->body_length > 0) {
        call->body = malloc(request->body_length);
        call->body_length = request->body_length;
        if (call->body != NULL)
            memcpy(call->body, request->body, request->body_length);
    }
    if (call->timer == NULL || call->settled == NULL || (request->body_length > 0 && !call->body)) {
        call_free(call);
        return NULL;
    }
    return call;
}

/* ---- hosts ---- */

/* It has no call and no connection. */
static inline void host_free(struct host *host)
{
    TAILQ_REMOVE(&host->client->hosts, host, link);
    url_clear(&host->url);
    free(host);
}

/* The one that a URL belongs to; made if it is not there. NULL without memory. */
static inline struct host *host_find(struct http_client *client, const struct url *url)
{
    struct host *host;

    TAILQ_FOREACH (host, &client->hosts, link)
        if (url_is_same_origin(&host->url, url))
            return host;
    host = calloc(1, sizeof(*host));
    if (host == NULL)
        return NULL;
    host->client = client;
    host->url.tls = url->tls;
    host->url.port = url->port;
    TAILQ_INIT(&host->waiting);
    TAILQ_INIT(&host->connections);
    TAILQ_INSERT_HEAD(&client->hosts, host, link);
    host->url.host = strdup(url->host);
    if (host->url.host != NULL)
        return host;
    host_free(host);
    return NULL;
}

/* Puts a call in line: behind the others, but for one that was in line before. */
static inline void host_queue(struct host *host, struct http_call *call)
{
    call->host = host;
    if (call->retried)
        TAILQ_INSERT_HEAD(&host->waiting, call, link);
    else
        TAILQ_INSERT_TAIL(&host->waiting, call, link);
}

/* A new connection, in the list. NULL without memory. */
static inline struct connection *host_connect(struct host *host)
{
    struct connection *c = connection_new(&host->client->connector, &host->url);

    if (c == NULL)
        return NULL;
    c->host = host;
    TAILQ_INSERT_HEAD(&host->connections, c, link);
    host->n_connections++;
    return c;
}

/* Closes a connection, and takes it out of the list. Its call, if there is one, is not told. */
static inline void host_drop(struct host *host, struct connection *c)
{
    TAILQ_REMOVE(&host->connections, c, link);
    host->n_connections--;
    connection_free(c);
}

/* ---- clients ---- */

/* Frees a client whose calls have all been told, also a half-made one, and its connections. */
static inline void client_free(struct http_client *client)
{
    struct host *host;
    struct connection *c;

    while ((host = TAILQ_FIRST(&client->hosts)) != NULL) {
        while ((c = TAILQ_FIRST(&host->connections)) != NULL)
            host_drop(host, c);
        host_free(host);
    }
    if (client->connector.tls != NULL)
        SSL_CTX_free(client->connector.tls);
    if (client->connector.dns != NULL && !client->connector.dns_is_borrowed)
        evdns_base_free(client->connector.dns, 0);
    if (client->all_told != NULL)
        event_free(client->all_told);
    free(client->user_agent);
    free(client->ca_file);
    free(client);
}

static inline void client_set_limits(struct http_client *client,
                                     const struct http_client_options *o)
{
    struct connector *connector = &client->connector;

    client->max_per_host = o->max_per_host != 0 ? o->max_per_host : 6;
    client->total_ms = o->total_ms != 0 ? o->total_ms : 30 * 1000;
    client->max_redirects = o->max_redirects != 0 ? o->max_redirects : 10;
    connector->base = o->base;
    connector->dns = o->dns;
    connector->dns_is_borrowed = o->dns != NULL;
    connector->ca_file = client->ca_file;
    connector->connect_ms = o->connect_ms != 0 ? o->connect_ms : 10 * 1000;
    connector->silence_ms = client->total_ms + 1000L; /* a call's own time is over before */
    connector->max_headers = o->max_headers != 0 ? o->max_headers : 64 * 1024;
    connector->max_body = o->max_body != 0 ? o->max_body : 1024 * 1024;
    connector->on_change = on_change;
}

struct http_client *http_client_new(const struct http_client_options *options)
{
    const char *agent = options->user_agent != NULL ? options->user_agent : "asyncio-in-c";
    struct http_client *client;

    if (options->base == NULL || options->max_per_host < 0 || options->total_ms < 0 ||
        options->connect_ms < 0 || !wire_is_value(agent, strlen(agent)))
        return NULL;
    client = calloc(1, sizeof(*client));
    if (client == NULL)
        return NULL;
    TAILQ_INIT(&client->hosts);
    client->user_agent = strdup(agent);
    client->ca_file = options->ca_file != NULL ? strdup(options->ca_file) : NULL;
    client->all_told = event_new(options->base, -1, 0, on_all_told, client);
    client_set_limits(client, options);
    if (client->user_agent == NULL || (options->ca_file != NULL && client->ca_file == NULL) ||
        client->all_told == NULL) {
        client->connector.dns_is_borrowed = true;
        client_free(client);
        return NULL;
    }
    return client;
}

#endif
