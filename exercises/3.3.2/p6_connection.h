/* p6_connection.h: what a connection and a server consist of, how they begin and end; given
 *
 * To be included by p6_websocket_server.c alone: it holds functions, and calls those of that file
 * that are declared here, under "yours".
 *
 *     a connection comes    conn_new(): WS_REQUEST
 *     bytes have come       conn_bytes(): yours. It never frees the connection
 *     its time is over      conn_time(): yours
 *     its end has come      conn_end(): yours
 *     it goes               conn_free(): tells on_close. Only the last two may call it, since
 *                           nobody uses the connection after they have returned
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P6_CONNECTION_H
#define P6_CONNECTION_H

#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/queue.h>

#include "p6_frame.h"
#include "p6_http.h"
#include "p6_stream.h"
#include "p6_websocket_server.h"

enum { PAUSE_MOST = 1 << 20 }; /* bytes; with more that waits, a client is not listened to */

enum ws_state {
    WS_REQUEST, /* the request has not come, or not all of it */
    WS_OPEN,
    WS_CLOSING, /* our Close frame is sent or queued, the client's has not come */
    WS_ENDING   /* all is said: what is queued goes out, what comes is thrown away */
};

struct ws_conn {
    LIST_ENTRY(ws_conn) link; /* of server->connections */
    struct ws_server *server;
    struct stream stream;
    struct event *timer; /* runs conn_time(); owned */
    enum ws_state state;
    bool opened; /* on_open was called, so on_close will be */
    bool pinged; /* conn_time() waits for a sign of life */
    struct frame frame;
    struct message message;
    int code;                        /* for on_close */
    char reason[WS_REASON_MOST + 1]; /* the same */
    char *path;                      /* owned; NULL before it was opened */
    void *data;                      /* ws_set_data() */
};

struct ws_server {
    struct event_base *base;          /* borrowed */
    struct evconnlistener *listener;  /* owned, as is all below; NULL once it is stopped */
    struct event *resume;             /* listens again after a failed accept() */
    struct event *stopped;            /* runs stopped_cb; activated, never added */
    LIST_HEAD(, ws_conn) connections; /* in whatever state */
    struct ws_options options;        /* `path` is owned */
    struct ws_handlers handlers;
    void *arg;
    struct stream_room *room;
    void (*stopped_cb)(int result, void *arg); /* NULL unless ws_server_stop() was called */
    void *stopped_arg;
};

/* ---- yours ---- */

/* There are `n` bytes of the client; those before them have been taken. Takes what it can, and
 * returns how many bytes that were: the rest is kept, and comes again with more behind it. */
static size_t conn_bytes(struct ws_conn *c, const unsigned char *bytes, size_t n);

/* So many milliseconds are over since conn_set_timer(). */
static void conn_time(struct ws_conn *c);

/* Nothing more comes from the client, and nothing can be sent. */
static void conn_end(struct ws_conn *c);

/* ---- connections ---- */

/* Has conn_time() called in `ms`, once, in place of whatever was set before; 0: not at all. */
static inline void conn_set_timer(struct ws_conn *c, int ms)
{
    const struct timeval wait = {ms / 1000, ms % 1000 * 1000};

    (void)event_del(c->timer); /* cannot fail: the event is a good one */
    if (ms > 0 && event_add(c->timer, &wait) != 0)
        stream_break(&c->stream); /* who would end it, if not the timer? */
}

/* Unlinks, tells on_close, frees and closes; takes half-built ones. */
static inline void conn_free(struct ws_conn *c)
{
    struct ws_server *s = c->server;

    LIST_REMOVE(c, link);
    c->state = WS_ENDING;
    if (c->opened && s->handlers.on_close != NULL)
        s->handlers.on_close(c, c->code, c->reason, s->arg);
    stream_close(&c->stream);
    event_free(c->timer);
    free(c->message.bytes);
    free(c->path);
    free(c);
    if (s->stopped_cb != NULL && LIST_EMPTY(&s->connections))
        event_active(s->stopped, EV_TIMEOUT, 0);
}

/* All is said: sends out what is queued, tells the client the end, and waits for its end, but not
 * for ever. */
static inline void conn_finish(struct ws_conn *c)
{
    c->state = WS_ENDING;
    stream_end(&c->stream);
    conn_set_timer(c, c->server->options.close_ms);
}

/* Answers the request with this status, or with the page if that is HTTP_FINE. That is all. */
static inline void conn_refuse(struct ws_conn *c, int status)
{
    const char *body = status == HTTP_FINE ? c->server->options.page : http_reason(status);
    char head[HTTP_REPLY_MOST];
    const size_t n = http_reply(head, status, strlen(body));

    stream_send(&c->stream, head, n, body, strlen(body));
    conn_finish(c);
}

/* Answers the request with 101: a WebSocket is open, and on_open is to be called. False if there is
 * no memory for it, or on_request has stopped the server: then it is refused. */
static inline bool conn_accept(struct ws_conn *c, const struct ws_request *r)
{
    char head[HTTP_REPLY_MOST];

    c->path = strdup(r->path);
    if (c->path == NULL || c->server->listener == NULL) {
        conn_refuse(c, HTTP_UNAVAILABLE);
        return false;
    }
    stream_send(&c->stream, head, http_switch(head, ws_request_value(r, "Sec-WebSocket-Key", 0)),
                NULL, 0);
    c->state = WS_OPEN;
    c->opened = true;
    conn_set_timer(c, c->server->options.ping_ms);
    return true;
}

static inline size_t on_stream_bytes(void *arg, const unsigned char *bytes, size_t n)
{
    return conn_bytes(arg, bytes, n);
}

static inline void on_stream_end(void *arg)
{
    conn_end(arg);
}

static inline void on_time(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    conn_time(arg);
}

/* `fd` is its own from here on, also if it cannot be. */
static inline void conn_new(struct ws_server *s, evutil_socket_t fd)
{
    static const struct stream_handlers HANDLERS = {on_stream_bytes, on_stream_end};
    struct ws_conn *c = calloc(1, sizeof(*c));

    if (c != NULL)
        c->timer = event_new(s->base, -1, 0, on_time, c);
    if (c == NULL || c->timer == NULL) {
        (void)evutil_closesocket(fd);
        free(c);
        return;
    }
    if (stream_open(&c->stream, s->base, fd, s->room, &HANDLERS, c) != 0) {
        event_free(c->timer);
        free(c);
        return;
    }
    c->server = s;
    c->stream.pause_above =
        s->options.max_queue / 2 < PAUSE_MOST ? s->options.max_queue / 2 : PAUSE_MOST;
    LIST_INSERT_HEAD(&s->connections, c, link);
    conn_set_timer(c, s->options.handshake_ms);
}

void ws_set_data(struct ws_conn *c, void *data)
{
    c->data = data;
}

void *ws_data(const struct ws_conn *c)
{
    return c->data;
}

const char *ws_path(const struct ws_conn *c)
{
    return c->path;
}

/* ---- the server ---- */

static inline void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                             struct sockaddr *address, int length, void *arg)
{
    (void)listener;
    (void)address;
    (void)length;
    conn_new(arg, fd);
}

/* No descriptor is left, say. Who waits is still there at each turn of the loop: look away. */
static inline void on_accept_error(struct evconnlistener *listener, void *arg)
{
    static const struct timeval PAUSE = {.tv_usec = 100 * 1000};
    struct ws_server *s = arg;

    if (event_add(s->resume, &PAUSE) == 0)
        (void)evconnlistener_disable(listener); /* cannot fail: the listener is a good one */
}

static inline void on_resume(evutil_socket_t fd, short what, void *arg)
{
    struct ws_server *s = arg;

    (void)fd;
    (void)what;
    if (evconnlistener_enable(s->listener) != 0) /* there is one: or `resume` were not pending */
        on_accept_error(s->listener, s);
}

/* The last thing that is done with the server: the callback may free it. */
static inline void on_stopped(evutil_socket_t fd, short what, void *arg)
{
    struct ws_server *s = arg;
    void (*cb)(int result, void *arg) = s->stopped_cb;

    (void)fd;
    (void)what;
    s->stopped_cb = NULL;
    cb(0, s->stopped_arg);
}

/* From here on nobody is accepted any more. */
static inline void server_close_listener(struct ws_server *s)
{
    if (s->listener != NULL)
        evconnlistener_free(s->listener);
    s->listener = NULL;
    if (s->resume != NULL)
        (void)event_del(s->resume); /* cannot fail: the event is a good one */
}

/* Fills in `listener`. 0, or -1 with errno. */
static inline int server_listen(struct ws_server *s)
{
    const char *address = s->options.address != NULL ? s->options.address : "127.0.0.1";
    const int flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_EXEC;
    const int on = 1;
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    const bool is_v6 = evutil_inet_pton(AF_INET6, address, &v6.sin6_addr) == 1;

    v4.sin_port = v6.sin6_port = htons((unsigned short)s->options.port);
    if (!is_v6 && evutil_inet_pton(AF_INET, address, &v4.sin_addr) != 1) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    errno = ENOMEM;
    s->listener = evconnlistener_new_bind(s->base, on_accept, s, flags, -1,
                                          is_v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4,
                                          is_v6 ? sizeof(v6) : sizeof(v4));
    if (s->listener == NULL)
        return -1;
    evconnlistener_set_error_cb(s->listener, on_accept_error);
    /* Accepted sockets inherit it. A message would else wait for the client's word on the last. */
    return setsockopt(evconnlistener_get_fd(s->listener), IPPROTO_TCP, TCP_NODELAY, &on,
                      sizeof(on));
}

struct ws_server *ws_server_new(struct event_base *base, const struct ws_options *options,
                                const struct ws_handlers *handlers, void *arg)
{
    struct ws_server *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    (void)signal(SIGPIPE, SIG_IGN); /* to write to who has gone is an error, not death */
    LIST_INIT(&s->connections);
    s->base = base;
    s->options = *options;
    s->handlers = *handlers;
    s->arg = arg;
    s->options.path = options->path != NULL ? strdup(options->path) : NULL;
    s->room = malloc(sizeof(*s->room));
    s->resume = event_new(base, -1, 0, on_resume, s);
    s->stopped = event_new(base, -1, 0, on_stopped, s);
    if ((options->path != NULL && s->options.path == NULL) || s->room == NULL ||
        s->resume == NULL || s->stopped == NULL)
        errno = ENOMEM;
    else if (server_listen(s) == 0)
        return s;
    const int error = errno;
    ws_server_free(s);
    errno = error;
    return NULL;
}

int ws_server_port(const struct ws_server *s)
{
    struct sockaddr_in6 address; /* the port of an IPv4 address is at the same place */
    socklen_t length = sizeof(address);

    if (s->listener == NULL ||
        getsockname(evconnlistener_get_fd(s->listener), (struct sockaddr *)&address, &length) != 0)
        return -1;
    return ntohs(address.sin6_port);
}

int ws_server_connections(const struct ws_server *s)
{
    const struct ws_conn *c;
    int n = 0;

    LIST_FOREACH(c, &s->connections, link)
    n++;
    return n;
}

void ws_server_free(struct ws_server *s)
{
    void (*cb)(int result, void *arg);

    if (s == NULL)
        return;
    cb = s->stopped_cb;
    s->stopped_cb = NULL;
    while (!LIST_EMPTY(&s->connections)) {
        struct ws_conn *c = LIST_FIRST(&s->connections);

        if (c->state != WS_ENDING) {
            c->code = WS_ABNORMAL;
            c->reason[0] = '\0';
        }
        conn_free(c);
    }
    server_close_listener(s);
    if (s->resume != NULL)
        event_free(s->resume);
    if (s->stopped != NULL)
        event_free(s->stopped);
    free((char *)s->options.path);
    free(s->room);
    if (cb != NULL)
        cb(-ECANCELED, s->stopped_arg);
    free(s);
}

#endif
