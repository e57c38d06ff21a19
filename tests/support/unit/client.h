/* client.h: a client that notes what it sees, for the tests of servers
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdio.h>
#include <string.h>

#include "suite.h"

struct client {
    struct bufferevent *bev; /* owned */
    size_t n;                /* bytes that came */
    char seen[1024];         /* "0 connected;100 text;150 end;" */
};

static inline void client_note(struct client *c, const char *what, size_t n)
{
    const size_t used = strlen(c->seen);

    snprintf(c->seen + used, sizeof c->seen - used, "%d %.*s;", now_ms(), (int)n, what);
}

static inline void client_on_data(struct bufferevent *bev, void *client)
{
    struct client *c = client;
    char bytes[256 * 1024];
    size_t n;

    while ((n = bufferevent_read(bev, bytes, sizeof bytes)) > 0) {
        c->n += n;
        client_note(c, bytes, n);
    }
}

static inline void client_on_event(struct bufferevent *bev, short what, void *client)
{
    const char *text = what & BEV_EVENT_CONNECTED ? "connected"
                       : what & BEV_EVENT_EOF     ? "end"
                       : errno                    ? strerror(errno)
                                                  : "error";

    if (!(what & BEV_EVENT_CONNECTED))
        client_on_data(bev, client);
    client_note(client, text, strlen(text));
}

/* Connects `bev`, which the client owns from now on. */
static inline void client_start_with(struct client *c, int port, struct bufferevent *bev)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};

    memset(c, 0, sizeof *c);
    ck_assert_ptr_nonnull(bev);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->bev = bev;
    bufferevent_setcb(bev, client_on_data, NULL, client_on_event, c);
    ck_assert_int_eq(bufferevent_enable(bev, EV_READ | EV_WRITE), 0);
    ck_assert_int_eq(bufferevent_socket_connect(bev, (struct sockaddr *)&to, sizeof to), 0);
}

static inline void client_start(struct client *c, int port)
{
    client_start_with(c, port, bufferevent_socket_new(test_base(), -1, BEV_OPT_CLOSE_ON_FREE));
}

static inline void client_say(struct client *c, const char *text)
{
    ck_assert_int_eq(bufferevent_write(c->bev, text, strlen(text)), 0);
}

/* The descriptor is closed in the next turn of the loop. */
static inline void client_stop(struct client *c)
{
    if (c->bev)
        bufferevent_free(c->bev);
    c->bev = NULL;
}

#endif
