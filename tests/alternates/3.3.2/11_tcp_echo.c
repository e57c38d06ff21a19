/* 11_tcp_echo.c: another right solution: lines are found with evbuffer_search_eol() and copied into
 * an array; a connection that finishes gets other callbacks in place of a flag; and libevent calls
 * all of them from the loop, never from inside another call (BEV_OPT_DEFER_CALLBACKS)
 *
 * SPDX-License-Identifier: MIT
 */
#include "11_tcp_echo.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

static const struct timeval ACCEPT_PAUSE = {.tv_usec = ACCEPT_PAUSE_MS * 1000};

/* One client. It is in the server's list from on_accept() to connection_free(). */
struct connection {
    struct bufferevent *stream;      /* has the socket, and closes it; owned */
    LIST_ENTRY(connection) siblings; /* the list's links */
};

struct calc_server {
    struct event_base *base;             /* borrowed */
    struct evconnlistener *listener;     /* owned, as is all below */
    struct event *resume;                /* a timer for on_resume(); it is not pending */
    LIST_HEAD(, connection) connections; /* all that there are */
};

/* ---- given: answers, and the end of a connection ---- */

/* Answers a question of `n` bytes, with or without a NUL behind them. The answer goes behind the
 * others into the output buffer, which the loop sends. */
static void connection_answer(struct connection *c, const char *question, size_t n)
{
    char text[LINE_MOST + 1] = "", verb[4], more, answer[64];
    int a, b;

    if (n <= LINE_MOST)
        memcpy(text, question, n);
    bool good = strlen(text) == n && /* no 0 among the bytes */
                sscanf(text, "%3s%*1[ ]%7d%*1[ ]%7d %c", verb, &a, &b, &more) == 3;
    if (good && strcmp(verb, "add") == 0)
        (void)snprintf(answer, sizeof(answer), "%d\n", a + b);
    else if (good && strcmp(verb, "sub") == 0)
        (void)snprintf(answer, sizeof(answer), "%d\n", a - b);
    else if (good && strcmp(verb, "mul") == 0)
        (void)snprintf(answer, sizeof(answer), "%lld\n", (long long)a * b);
    else
        (void)snprintf(answer, sizeof(answer), "error: add, sub or mul, and two numbers\n");
    (void)bufferevent_write(c->stream, answer, strlen(answer)); /* without memory: no answer */
}

/* Takes the connection out of the list, closes it and frees it. What is not sent yet is lost. */
static void connection_free(struct connection *c)
{
    LIST_REMOVE(c, siblings);
    bufferevent_free(c->stream);
    free(c);
}

/* ---- yours: a connection ---- */

/* All answers are sent, or the connection is broken: the callbacks of one that finishes. */
static void on_all_sent(struct bufferevent *stream, void *arg)
{
    (void)stream;
    connection_free(arg);
}

static void on_broken(struct bufferevent *stream, short what, void *arg)
{
    (void)stream;
    (void)what;
    connection_free(arg);
}

static void connection_finish(struct connection *c)
{
    if (evbuffer_get_length(bufferevent_get_output(c->stream)) == 0) {
        connection_free(c);
        return;
    }
    (void)bufferevent_disable(c->stream, EV_READ);
    bufferevent_setcb(c->stream, NULL, on_all_sent, on_broken, c);
}

static void connection_refuse(struct connection *c)
{
    static const char WHY[] = "error: line too long\n";

    (void)bufferevent_write(c->stream, WHY, strlen(WHY));
    connection_finish(c);
}

static void on_readable(struct bufferevent *stream, void *arg)
{
    struct connection *c = arg;
    struct evbuffer *input = bufferevent_get_input(stream);
    char line[LINE_MOST + 1];

    for (;;) {
        struct evbuffer_ptr end = evbuffer_search_eol(input, NULL, NULL, EVBUFFER_EOL_LF);
        ev_ssize_t n = end.pos >= 0 ? end.pos : (ev_ssize_t)evbuffer_get_length(input);

        if (n > LINE_MOST) {
            connection_refuse(c);
            return;
        }
        if (end.pos < 0)
            return;
        (void)evbuffer_remove(input, line, (size_t)n + 1); /* with its newline */
        connection_answer(c, line, (size_t)n);
    }
}

static void on_event(struct bufferevent *stream, short what, void *arg)
{
    struct connection *c = arg;
    char rest[LINE_MOST];

    if (what & BEV_EVENT_ERROR) {
        connection_free(c);
    } else if (what & BEV_EVENT_EOF) {
        const size_t n = bufferevent_read(stream, rest, sizeof(rest));

        if (n != 0)
            connection_answer(c, rest, n);
        connection_finish(c);
    }
}

/* ---- accepting ---- */

/* Given. `fd` is ours from here on, and non-blocking. */
static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
                      int length, void *arg)
{
    struct calc_server *s = arg;
    struct connection *c = calloc(1, sizeof(*c));

    (void)listener;
    (void)address;
    (void)length;
    if (c != NULL)
        c->stream =
            bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (c == NULL || c->stream == NULL) {
        (void)evutil_closesocket(fd);
        free(c);
        return;
    }
    LIST_INSERT_HEAD(&s->connections, c, siblings);
    bufferevent_setcb(c->stream, on_readable, NULL, on_event, c);
    if (bufferevent_enable(c->stream, EV_READ) != 0) /* a new one writes only */
        connection_free(c);
}

/* Yours. The client is still in the listener's queue, and is there at each turn of the loop. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
    struct calc_server *s = arg;

    (void)evconnlistener_disable(listener);
    if (event_add(s->resume, &ACCEPT_PAUSE) != 0)
        (void)evconnlistener_enable(listener); /* busy is better than deaf */
}

/* ---- given: the server ---- */

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
    struct calc_server *s = arg;

    (void)fd;
    (void)what;
    if (evconnlistener_enable(s->listener) != 0)
        on_accept_error(s->listener, s);
}

struct calc_server *calc_server_start(struct event_base *base, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    struct calc_server *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    (void)signal(SIGPIPE, SIG_IGN); /* to write to who has gone is an error, not death */
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->base = base;
    LIST_INIT(&s->connections);
    s->resume = evtimer_new(base, on_resume, s);
    s->listener =
        evconnlistener_new_bind(base, on_accept, s, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, -1,
                                (struct sockaddr *)&address, sizeof(address));
    if (s->resume == NULL || s->listener == NULL) {
        calc_server_free(s);
        return NULL;
    }
    evconnlistener_set_error_cb(s->listener, on_accept_error);
    return s;
}

int calc_server_port(const struct calc_server *s)
{
    struct sockaddr_in address;
    socklen_t length = sizeof(address);

    if (getsockname(evconnlistener_get_fd(s->listener), (struct sockaddr *)&address, &length) != 0)
        return -1;
    return ntohs(address.sin_port);
}

int calc_server_clients(const struct calc_server *s)
{
    const struct connection *c;
    int n = 0;

    LIST_FOREACH(c, &s->connections, siblings)
    n++;
    return n;
}

void calc_server_free(struct calc_server *s)
{
    if (s == NULL)
        return;
    while (!LIST_EMPTY(&s->connections))
        connection_free(LIST_FIRST(&s->connections));
    if (s->listener != NULL)
        evconnlistener_free(s->listener);
    if (s->resume != NULL)
        event_free(s->resume);
    free(s);
}
