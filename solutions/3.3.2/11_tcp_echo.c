/* 11_tcp_echo.c: a calculator that is asked over TCP: a question a line, an answer a line
 *
 * 11_tcp_echo.h says what a client may expect. Given are the arithmetic, the list of connections,
 * and what starts and frees the server. Yours are the callbacks of a connection, and the one for a
 * connection that could not be accepted. A client asks in main():
 * ./workbook run 11_tcp_echo --virtual
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
    bool finishing;                  /* on_drained() is to free it */
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

/* Ends a connection in good order: `c` is freed when its answers are sent. If they are sent
 * already, it is gone when this returns. */
static void connection_finish(struct connection *c)
{
    (void)bufferevent_disable(c->stream, EV_READ); /* cannot fail for a socket */
    c->finishing = true;
    if (evbuffer_get_length(bufferevent_get_output(c->stream)) == 0)
        connection_free(c);
}

/* Given. The output buffer has become empty: all answers are sent. */
static void on_drained(struct bufferevent *stream, void *arg)
{
    struct connection *c = arg;

    (void)stream;
    if (c->finishing)
        connection_free(c);
}

/* Bytes have come, and are in the input buffer, behind what was left there before. */
static void on_readable(struct bufferevent *stream, void *arg)
{
    struct connection *c = arg;
    struct evbuffer *input = bufferevent_get_input(stream);

    bool too_long = false;
    size_t n;
    char *line;

    while (!too_long && (line = evbuffer_readln(input, &n, EVBUFFER_EOL_LF)) != NULL) {
        too_long = n > LINE_MOST; /* it may have come in one piece */
        if (!too_long)
            connection_answer(c, line, n);
        free(line);
    }
    if (too_long || evbuffer_get_length(input) > LINE_MOST) {
        (void)evbuffer_add_printf(bufferevent_get_output(stream), "error: line too long\n");
        connection_finish(c); /* the last use of `c` */
    }
}

/* The client sends no more (BEV_EVENT_EOF), or the connection is broken (BEV_EVENT_ERROR). */
static void on_event(struct bufferevent *stream, short what, void *arg)
{
    struct connection *c = arg;
    struct evbuffer *input = bufferevent_get_input(stream);

    char rest[LINE_MOST];
    int n;

    if (!(what & BEV_EVENT_EOF)) {
        connection_free(c);
        return;
    }
    n = evbuffer_remove(input, rest, sizeof(rest)); /* more than that was refused before */
    if (n > 0)
        connection_answer(c, rest, (size_t)n);
    connection_finish(c);
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
        c->stream = bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (c == NULL || c->stream == NULL) {
        (void)evutil_closesocket(fd);
        free(c);
        return;
    }
    LIST_INSERT_HEAD(&s->connections, c, siblings);
    bufferevent_setcb(c->stream, on_readable, on_drained, on_event, c);
    if (bufferevent_enable(c->stream, EV_READ) != 0) /* a new one writes only */
        connection_free(c);
}

/* Yours. The client is still in the listener's queue, and is there at each turn of the loop. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
    struct calc_server *s = arg;

    /* In this order: if nothing would switch it on again, it must not be switched off. */
    if (event_add(s->resume, &ACCEPT_PAUSE) == 0)
        (void)evconnlistener_disable(listener); /* cannot fail: the listener is a good one */
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

/* ---- given: main, with a client ---- */

/* A client that asks in pieces, sends no more, and reads what comes. */
struct client {
    struct event_base *base; /* owned, as is all below */
    struct calc_server *server;
    struct bufferevent *stream;
    struct event *talk; /* runs on_pause_over() */
    int sent;           /* pieces */
    int answers;        /* lines */
    bool ended;         /* the server has closed */
};

static void on_pause_over(evutil_socket_t fd, short what, void *arg)
{
    static const char *const PIECES[] = {"add 2 3\nmul 6", " 7\n", "sub 2 3"};
    struct client *client = arg;

    (void)fd;
    (void)what;
    if (client->sent < 3) {
        const char *piece = PIECES[client->sent++];
        (void)bufferevent_write(client->stream, piece, strlen(piece)); /* else: no answer to it */
    } else if (client->sent++ == 3) {
        (void)shutdown(bufferevent_getfd(client->stream), SHUT_WR);
        puts("client: sends no more");
    } else {
        (void)event_base_loopbreak(client->base); /* it has waited long enough */
    }
}

static void on_answer(struct bufferevent *stream, void *arg)
{
    struct client *client = arg;
    char *line;

    while ((line = evbuffer_readln(bufferevent_get_input(stream), NULL, EVBUFFER_EOL_LF)) != NULL) {
        printf("client: gets %s\n", line);
        client->answers++;
        free(line);
    }
}

static void on_client_event(struct bufferevent *stream, short what, void *arg)
{
    struct client *client = arg;

    (void)stream;
    if (what & BEV_EVENT_CONNECTED)
        return;
    client->ended = (what & BEV_EVENT_EOF) != 0;
    puts(client->ended ? "client: the end" : "client: the connection is broken");
    (void)event_base_loopexit(client->base, NULL); /* or else on_pause_over() ends it */
}

static int client_open(struct client *client)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    static const struct timeval PAUSE = {.tv_usec = 100 * 1000};

    client->base = event_base_new();
    client->server = client->base != NULL ? calc_server_start(client->base, 0) : NULL;
    if (client->server == NULL)
        return -1;
    to.sin_port = htons((unsigned short)calc_server_port(client->server));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->stream = bufferevent_socket_new(client->base, -1, BEV_OPT_CLOSE_ON_FREE);
    client->talk = event_new(client->base, -1, EV_PERSIST, on_pause_over, client);
    if (client->stream == NULL || client->talk == NULL || event_add(client->talk, &PAUSE) != 0)
        return -1;
    bufferevent_setcb(client->stream, on_answer, NULL, on_client_event, client);
    if (bufferevent_enable(client->stream, EV_READ) != 0)
        return -1;
    return bufferevent_socket_connect(client->stream, (struct sockaddr *)&to, sizeof(to));
}

static void client_close(struct client *client)
{
    if (client->talk != NULL)
        event_free(client->talk);
    if (client->stream != NULL)
        bufferevent_free(client->stream);
    calc_server_free(client->server);
    if (client->base != NULL)
        event_base_free(client->base);
}

int main(void)
{
    struct client client = {0};
    int status = EXIT_FAILURE;

    if (client_open(&client) != 0)
        fprintf(stderr, "11_tcp_echo: set-up: no memory, or no descriptor left\n");
    else if (event_base_dispatch(client.base) != 0)
        fprintf(stderr, "11_tcp_echo: event loop: it ended before its work did\n");
    else if (client.answers == 0)
        fprintf(stderr, "11_tcp_echo: nobody answers: start with TODO(1)\n");
    else if (!client.ended)
        fprintf(stderr, "11_tcp_echo: the server does not close: TODO(2), then TODO(3)\n");
    else if (client.answers != 3)
        fprintf(stderr, "11_tcp_echo: an answer is missing: TODO(3)\n");
    else
        status = EXIT_SUCCESS;
    client_close(&client);
    return status;
}
