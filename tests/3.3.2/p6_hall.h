/* p6_hall.h: a WebSocket server and its clients, for the suite of p6_websocket_server
 *
 * A hall is the server with those who talk to it. The clients are peers (peer.h) that send raw
 * bytes. What the server's handlers were told is kept in words, `open /chat; text "Hello"`, as is
 * what a client was sent; both are compared whole. When something came is seen by looking before
 * and after.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P6_HALL_H
#define P6_HALL_H

#include <errno.h>

#include "faults.h"
#include "p6_frames.h"
#include "p6_request.h"
#include "peer.h"
#include "result_text.h"
#include "vclock.h"

enum { MOST_CLIENTS = 24, FEW_WAKEUPS = 100000, MOMENT = 1 /* ms */ };

struct hall {
    struct ws_server *server; /* owned */
    struct peer *clients[MOST_CLIENTS];
    int n_clients;
    struct ws_conn *conns[MOST_CLIENTS]; /* in the order in which they were opened; NULL: closed */
    int n_conns;
    struct words told; /* what the handlers were told */
    int told_ms;       /* and when, the last of it */
    bool echo;         /* messages are sent back */
    int refusal;       /* what on_request returns */
    int result;        /* of what a hook below has called last */
    bool inside;       /* a function of the server is being called: no handler may be */
    void (*during_request)(struct hall *h); /* NULL, or called in that handler */
    void (*during_open)(struct hall *h, struct ws_conn *c);
    void (*during_message)(struct hall *h, struct ws_conn *c);
    void (*during_close)(struct hall *h, struct ws_conn *c);
};

/* No two times are equal: which one is waited for can be seen. */
#define DEFAULTS                                                                                   \
    ((struct ws_options){.max_message = 1 << 20,                                                   \
                         .max_queue = 4 << 20,                                                     \
                         .handshake_ms = 7000,                                                     \
                         .ping_ms = 20000,                                                         \
                         .pong_timeout_ms = 30000,                                                 \
                         .close_ms = 10000})

/* ---- the handlers ---- */

static inline void check_called_by_loop(struct hall *h, const char *name)
{
    h->told_ms = now_ms();
    if (h->inside)
        fail_test("%s was called before the call that leads to it had returned", name);
}

static inline int hall_on_request(const struct ws_request *r, void *arg)
{
    struct hall *h = arg;
    const char *origin = ws_request_value(r, "Origin", 0);

    if (origin != NULL) {
        say_next(&h->told);
        say(&h->told, "origin %s", origin);
        h->told_ms = now_ms();
    }
    if (h->during_request != NULL)
        h->during_request(h);
    return h->refusal;
}

static inline void hall_on_open(struct ws_conn *c, void *arg)
{
    struct hall *h = arg;

    check_called_by_loop(h, "on_open");
    say_next(&h->told);
    say(&h->told, "open %s", ws_path(c));
    ck_assert_int_lt(h->n_conns, MOST_CLIENTS);
    h->conns[h->n_conns++] = c;
    ws_set_data(c, h);
    if (h->during_open != NULL)
        h->during_open(h, c);
}

static inline void hall_on_message(struct ws_conn *c, enum ws_opcode opcode, const void *data,
                                   size_t n, void *arg)
{
    struct hall *h = arg;

    check_called_by_loop(h, "on_message");
    say_frame(&h->told, (int)opcode, data, n);
    if (((const char *)data)[n] != '\0')
        say(&h->told, " (without a 0 behind it)");
    if (h->echo)
        h->result = ws_send(c, opcode, data, n);
    if (h->during_message != NULL)
        h->during_message(h, c);
}

static inline void hall_on_close(struct ws_conn *c, int code, const char *reason, void *arg)
{
    struct hall *h = arg;
    int k = 0;

    check_called_by_loop(h, "on_close");
    say_next(&h->told);
    say(&h->told, "closed %d", code);
    if (*reason != '\0' && code != WS_PROTOCOL_ERROR && (code < WS_NOT_UTF8 || code > 1011))
        say(&h->told, " \"%s\"", reason); /* what a failure is called is the server's matter */
    while (k < h->n_conns && h->conns[k] != c)
        k++;
    if (k == h->n_conns)
        fail_test("on_close was called for a connection that was not opened, or is closed");
    h->conns[k] = NULL;
    if (h->during_close != NULL)
        h->during_close(h, c);
}

/* ---- the hall ---- */

static inline void hall_open(struct hall *h, const struct ws_options *options)
{
    static const struct ws_handlers HANDLERS = {hall_on_request, hall_on_open, hall_on_message,
                                                hall_on_close};

    vclock_livelock_limit(FEW_WAKEUPS);
    *h = (struct hall){.server = ws_server_new(test_base(), options, &HANDLERS, h)};
    if (h->server == NULL)
        fail_test("ws_server_new() returned NULL for a port that is free");
}

static inline void hall_close(struct hall *h)
{
    ws_server_free(h->server);
    h->server = NULL;
    run_loop_for(MOMENT);
    for (int k = 0; k < h->n_clients; k++)
        peer_free(h->clients[k]);
    h->n_clients = 0;
}

/* ---- clients ---- */

static inline void client_sends(struct peer *p, const void *bytes, size_t n)
{
    peer_send(p, now_ms(), bytes, n);
    run_loop_for(MOMENT);
}

/* Sends what was built, and frees it. */
static inline void client_sends_all(struct peer *p, struct bytes *b)
{
    client_sends(p, b->at, b->n);
    free(b->at);
    *b = (struct bytes){NULL, 0};
}

static inline struct peer *client_connect(struct hall *h)
{
    ck_assert_int_lt(h->n_clients, MOST_CLIENTS);
    h->clients[h->n_clients] = peer_connect(ws_server_port(h->server));
    return h->clients[h->n_clients++];
}

#define KEY_LINE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define GOOD_LINES                                                                                 \
    "Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"                             \
    "Sec-WebSocket-Version: 13\r\n" KEY_LINE

/* A client whose connection is open; `path` begins with a slash. */
static inline struct peer *client_enter(struct hall *h, const char *path)
{
    char request[400];
    struct peer *p = client_connect(h);
    const int n = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n" GOOD_LINES "\r\n", path);
    const int before = h->n_conns;

    client_sends(p, request, (size_t)n);
    if (*peer_received(p, NULL) == '\0' && h->n_conns == before)
        fail_test("a client asks for a WebSocket, and is not answered: is the handshake written "
                  "yet? TODO(1)");
    if (h->n_conns != before + 1 || strncmp(peer_received(p, NULL), "HTTP/1.1 101", 12) != 0)
        fail_test("at %.3f, a client asks for a WebSocket\nexpected  101, and on_open is called\n"
                  "got       %s: %.12s",
                  now_ms() / 1e3, h->n_conns > before ? "on_open called, and" : "no on_open, and",
                  *peer_received(p, NULL) != '\0' ? peer_received(p, NULL) : "no answer");
    return p;
}

/* ---- what is expected ---- */

/* `did` says what the client has done. */
static inline void expect_sent(const struct peer *p, const char *did, const char *expected)
{
    struct words w, timed, own;

    say_answer(&w, p, false);
    if (strcmp(w.text, expected) == 0)
        return;
    say_answer(&timed, p, true);
    say_sent(&own, p);
    fail_test("at %.3f, a client %s\nwhat it was sent\nexpected  %s\ngot       %s\nwhen      %s\n"
              "it sent   %s",
              now_ms() / 1e3, did, expected, w.n > 0 ? w.text : "nothing",
              timed.n > 0 ? timed.text : "-", own.n > 0 ? own.text : "nothing");
}

/* What the handlers were told; forgets it. */
static inline void expect_told(struct hall *h, const char *did, const char *expected)
{
    if (strcmp(h->told.text, expected) != 0) {
        char when[40] = "";

        if (h->told.n > 0)
            snprintf(when, sizeof(when), ", the last of it at %.3f", h->told_ms / 1e3);
        fail_test("at %.3f, a client %s\nwhat the handlers were told\nexpected  %s\n"
                  "got       %s%s",
                  now_ms() / 1e3, did, *expected != '\0' ? expected : "nothing",
                  h->told.n > 0 ? h->told.text : "nothing", when);
    }
    h->told = (struct words){.n = 0};
}

static inline void expect_both(struct hall *h, const struct peer *p, const char *did,
                               const char *told, const char *sent)
{
    expect_told(h, did, told);
    expect_sent(p, did, sent);
}

static inline void expect_connections(const struct hall *h, const char *when, int expected)
{
    const int got = ws_server_connections(h->server);

    if (got != expected)
        fail_test("at %.3f, connections that the server has, %s\nexpected  %d\ngot       %d",
                  now_ms() / 1e3, when, expected, got);
}

static inline void expect_returned(const char *call, int got, int expected)
{
    if (got != expected)
        fail_test("%s returned\nexpected  %s\ngot       %s", call, result_text(expected),
                  result_text(got));
}

/* One client, from its handshake on, who sends `b` and is then looked at. */
static inline void one_client(struct bytes *b, bool echo, const char *did, const char *told,
                              const char *sent)
{
    struct hall h;

    hall_open(&h, &DEFAULTS);
    h.echo = echo;
    struct peer *p = client_enter(&h, "/");
    expect_told(&h, "asks for a WebSocket", "open /");
    client_sends_all(p, b);
    expect_both(&h, p, did, told, sent);
    hall_close(&h);
}

#endif
