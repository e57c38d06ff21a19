/* p6_demo.h: a client and a server in one program, and what they say to each other; given
 *
 *     client                                          server
 *     0.0  GET /echo HTTP/1.1 ...                     101 Switching Protocols
 *     0.1  "Hi"                                       text "Hi"
 *     0.2  "Hello" in two fragments, in between       pong "still there?"
 *          a ping "still there?"                      text "Hello"
 *     0.3  close 1000 "bye"                           close 1000, and the end
 *
 * To be included by p6_websocket_server.c alone: it holds functions.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P6_DEMO_H
#define P6_DEMO_H

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p6_websocket_server.h"

static const char DEMO_REQUEST[] = "GET /echo HTTP/1.1\r\n"
                                   "Host: localhost\r\n"
                                   "Connection: keep-alive, Upgrade\r\n"
                                   "Upgrade: websocket\r\n"
                                   "Sec-WebSocket-Version: 13\r\n"
                                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

struct demo {
    struct event_base *base; /* owned, as is all below */
    struct ws_server *server;
    struct bufferevent *stream; /* the client's */
    struct event *talk;         /* runs on_demo_turn() */
    int turn;
    bool opened;      /* 101 has come */
    int texts;        /* so many have come */
    bool pong, close; /* these frames have come */
    bool ended;       /* the server has closed */
};

/* ---- the server's side ---- */

static inline void on_demo_open(struct ws_conn *c, void *arg)
{
    (void)arg;
    printf("server: %s is open\n", ws_path(c));
}

static inline void on_demo_message(struct ws_conn *c, enum ws_opcode opcode, const void *data,
                                   size_t n, void *arg)
{
    (void)arg;
    printf("server: a message, \"%.*s\"\n", (int)n, (const char *)data);
    (void)ws_send(c, opcode, data, n);
}

static inline void on_demo_close(struct ws_conn *c, int code, const char *reason, void *arg)
{
    (void)c;
    (void)arg;
    printf("server: closed, %d \"%s\"\n", code, reason);
}

/* ---- the client's side ---- */

/* Sends a short frame; the mask is 0: the bytes stay as they are. */
static inline void demo_send(struct demo *d, int byte0, const char *payload, size_t n)
{
    const unsigned char header[6] = {(unsigned char)byte0, (unsigned char)(0x80 | n)};

    (void)bufferevent_write(d->stream, header, sizeof(header)); /* else: no answer to it */
    (void)bufferevent_write(d->stream, payload, n);
}

static inline void on_demo_turn(evutil_socket_t fd, short what, void *arg)
{
    static const char BYE[] = "\x03\xe8"
                              "bye"; /* 1000, and the reason */
    struct demo *d = arg;

    (void)fd;
    (void)what;
    if (d->turn == 0) {
        puts("client: asks for /echo");
        (void)bufferevent_write(d->stream, DEMO_REQUEST, strlen(DEMO_REQUEST));
    } else if (d->turn == 1 && d->opened) {
        puts("client: \"Hi\"");
        demo_send(d, 0x80 | WS_TEXT, "Hi", 2);
    } else if (d->turn == 2 && d->opened) {
        puts("client: \"Hel\", a ping, \"lo\"");
        demo_send(d, WS_TEXT, "Hel", 3);
        demo_send(d, 0x80 | WS_PING, "still there?", 12);
        demo_send(d, 0x80 | WS_CONTINUATION, "lo", 2);
    } else if (d->turn == 3 && d->opened) {
        puts("client: close 1000 \"bye\"");
        demo_send(d, 0x80 | WS_CLOSE, BYE, sizeof(BYE) - 1);
    } else {
        (void)event_base_loopbreak(d->base); /* it has waited long enough */
    }
    d->turn++;
}

/* Frames without mask, and short ones. */
static inline void on_demo_bytes(struct bufferevent *stream, void *arg)
{
    struct demo *d = arg;
    struct evbuffer *in = bufferevent_get_input(stream);
    unsigned char bytes[2 + WS_CONTROL_MOST];
    char *line;

    while (!d->opened && (line = evbuffer_readln(in, NULL, EVBUFFER_EOL_CRLF)) != NULL) {
        d->opened = *line == '\0'; /* the empty line behind the head */
        if (strncmp(line, "HTTP/", 5) == 0)
            printf("client: gets %s\n", line + strlen("HTTP/1.1 "));
        free(line);
    }
    while (d->opened && evbuffer_copyout(in, bytes, 2) == 2 && bytes[1] <= WS_CONTROL_MOST &&
           evbuffer_get_length(in) >= 2u + bytes[1]) {
        const int n = evbuffer_remove(in, bytes, 2u + bytes[1]) - 2;
        const int opcode = bytes[0] & 0x0f;

        if (opcode == WS_CLOSE)
            printf("client: gets close %d\n", n >= 2 ? bytes[2] << 8 | bytes[3] : WS_NO_CODE);
        else
            printf("client: gets %s \"%.*s\"\n", opcode == WS_PONG ? "pong" : "text", n, bytes + 2);
        d->texts += opcode == WS_TEXT;
        d->pong = d->pong || opcode == WS_PONG;
        d->close = d->close || opcode == WS_CLOSE;
    }
}

static inline void on_demo_event(struct bufferevent *stream, short what, void *arg)
{
    struct demo *d = arg;

    (void)stream;
    if (what & BEV_EVENT_CONNECTED)
        return;
    d->ended = true;
    puts("client: the end");
    bufferevent_free(d->stream); /* closes: the server waits for that */
    d->stream = NULL;
    (void)event_del(d->talk); /* cannot fail: the event is a good one */
    (void)event_base_loopexit(d->base, &(struct timeval){.tv_usec = 1000});
}

/* ---- both ---- */

static inline int demo_open(struct demo *d)
{
    static const struct timeval TURN = {.tv_usec = 100 * 1000};
    const struct ws_options options = WS_DEFAULTS;
    const struct ws_handlers handlers = {
        .on_open = on_demo_open, .on_message = on_demo_message, .on_close = on_demo_close};
    struct sockaddr_in to = {.sin_family = AF_INET};

    d->base = event_base_new();
    d->server = d->base != NULL ? ws_server_new(d->base, &options, &handlers, NULL) : NULL;
    if (d->server == NULL)
        return -1;
    to.sin_port = htons((unsigned short)ws_server_port(d->server));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    d->stream = bufferevent_socket_new(d->base, -1, BEV_OPT_CLOSE_ON_FREE);
    d->talk = event_new(d->base, -1, EV_PERSIST, on_demo_turn, d);
    if (d->stream == NULL || d->talk == NULL || event_add(d->talk, &TURN) != 0)
        return -1;
    bufferevent_setcb(d->stream, on_demo_bytes, NULL, on_demo_event, d);
    if (bufferevent_enable(d->stream, EV_READ) != 0)
        return -1;
    return bufferevent_socket_connect(d->stream, (struct sockaddr *)&to, sizeof(to));
}

static inline void demo_close(struct demo *d)
{
    if (d->talk != NULL)
        event_free(d->talk);
    if (d->stream != NULL)
        bufferevent_free(d->stream);
    ws_server_free(d->server);
    if (d->base != NULL)
        event_base_free(d->base);
}

/* Returns the exit status. */
static inline int demo_run(void)
{
    struct demo d = {.base = NULL};
    int status = EXIT_FAILURE;

    if (demo_open(&d) != 0)
        fprintf(stderr, "p6_websocket_server: set-up: no memory, or no descriptor left\n");
    else if (event_base_dispatch(d.base) != 0)
        fprintf(stderr, "p6_websocket_server: event loop: it ended before its work did\n");
    else if (!d.opened)
        fprintf(stderr, "p6_websocket_server: nobody answers: start with TODO(1)\n");
    else if (d.texts == 0)
        fprintf(stderr, "p6_websocket_server: no text comes back: go on with TODO(2)\n");
    else if (d.texts == 1)
        fprintf(stderr,
                "p6_websocket_server: a text in two fragments, with a ping in between, does "
                "not come back: TODO(3), then TODO(4)\n");
    else if (!d.pong)
        fprintf(stderr, "p6_websocket_server: no pong comes: TODO(4)\n");
    else if (!d.close || !d.ended)
        fprintf(stderr, "p6_websocket_server: the server does not close: TODO(5)\n");
    else
        status = EXIT_SUCCESS;
    demo_close(&d);
    return status;
}

#endif
