/* listener.c: see listener.h; what a connection does is in connection.c
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connection.h"
#include "inflight.h"
#include "internal_event.h"
#include "real.h"
#include "suite.h"

enum { MOST_CONNECTIONS = 1024 };

struct listener {
    int fd;     /* -1 once it refuses */
    int filler; /* what the kernel's queue is full of, of a port that does not answer; or -1 */
    int holder; /* keeps the port of one that refuses from everybody else; or -1 */
    int port;
    struct event acceptable;
    const struct step *script;
    const struct step *scripts[MOST_CONNECTIONS];     /* in place of it; or NULL */
    struct connection *connections[MOST_CONNECTIONS]; /* owned, closed ones too */
    int n;
    int most_open;
    const struct layer *layer; /* or NULL */
    void *server;              /* the layer's; owned */
};

REAL_FUNCTION(int, accept4, (int, struct sockaddr *, socklen_t *, int));

static const struct step stays[] = {STAY};

/* --- accepting --- */

/* A client may have closed one connection before it opened the next: the closing is seen first. */
static void look_at_all(struct listener *l)
{
    for (int k = 0; k < l->n; k++)
        connection_look(l->connections[k]);
}

static void on_acceptable(evutil_socket_t listening, short what, void *listener)
{
    struct listener *l = listener;
    int fd;

    (void)what;
    look_at_all(l);
    while (l->fd >= 0 &&
           (fd = REAL(accept4)(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        ck_assert_msg(l->n < MOST_CONNECTIONS, "more than %d connections to one listener",
                      MOST_CONNECTIONS);
        const struct step *script = l->scripts[l->n] ? l->scripts[l->n] : l->script;
        struct connection *c = connection_new(fd, script, l->layer, l->server);
        l->connections[l->n++] = c;
        int open_now = listener_open_now(l);
        l->most_open = open_now > l->most_open ? open_now : l->most_open;
        connection_go_on(c);
    }
}

/* --- opening and closing --- */

static struct listener *open_port(int backlog)
{
    struct listener *l = calloc(1, sizeof *l);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;

    ck_assert_ptr_nonnull(l);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    l->filler = l->holder = -1;
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(l->fd, 0);
    ck_assert_int_eq(bind(l->fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(l->fd, backlog), 0);
    ck_assert_int_eq(getsockname(l->fd, (struct sockaddr *)&address, &length), 0);
    l->port = ntohs(address.sin_port);
    ck_assert_int_eq(
        event_assign(&l->acceptable, test_base(), l->fd, EV_READ | EV_PERSIST, on_acceptable, l),
        0);
    event_make_internal(&l->acceptable);
    return l;
}

struct listener *listener_open_with(const struct step *script, const struct layer *layer,
                                    void *server)
{
    struct listener *l = open_port(SOMAXCONN);

    l->script = script ? script : stays;
    l->layer = layer;
    l->server = server;
    ck_assert_int_eq(event_add(&l->acceptable, NULL), 0);
    return l;
}

EXPORT struct listener *listener_open(const struct step *script)
{
    return listener_open_with(script, NULL, NULL);
}

/* The kernel keeps one connection for a backlog of 0, and drops what comes behind it. */
EXPORT struct listener *listener_open_unanswered(void)
{
    struct listener *l = open_port(0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)l->port)};

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    l->filler = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(l->filler, 0);
    int result = connect(l->filler, (struct sockaddr *)&to, sizeof to);
    ck_assert_msg(result == 0 || errno == EINPROGRESS, "connect: %s", strerror(errno));
    inflight_expect_unanswered(true);
    return l;
}

EXPORT void listener_script(struct listener *l, int k, const struct step *script)
{
    ck_assert_msg(k >= l->n && k < MOST_CONNECTIONS, "connection %d is accepted already", k);
    l->scripts[k] = script;
}

static void close_port(struct listener *l)
{
    if (l->fd < 0)
        return;
    event_del(&l->acceptable);
    close(l->fd);
    l->fd = -1;
}

/* A port that is free is soon somebody else's, where many tests run: it stays bound, if the kernel
 * lets it, and nobody listens. */
EXPORT void listener_refuse(struct listener *l)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((unsigned short)l->port)};

    if (l->fd < 0)
        return;
    close_port(l);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    l->holder = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->holder >= 0 && bind(l->holder, (struct sockaddr *)&address, sizeof address) != 0) {
        close(l->holder); /* there are connections: those that are left */
        l->holder = -1;
    }
}

EXPORT void listener_free(struct listener *l)
{
    if (l == NULL)
        return;
    for (int k = 0; k < l->n; k++)
        connection_free(l->connections[k]);
    close_port(l);
    if (l->holder >= 0)
        close(l->holder);
    if (l->filler >= 0) {
        inflight_expect_unanswered(false);
        close(l->filler);
    }
    if (l->layer)
        l->layer->free_server(l->server);
    free(l);
}

/* --- what happened --- */

EXPORT int listener_port(const struct listener *l)
{
    return l->port;
}

EXPORT int listener_accepted(const struct listener *l)
{
    return l->n;
}

EXPORT int listener_open_now(const struct listener *l)
{
    int n = 0;

    for (int k = 0; k < l->n; k++)
        n += connection_is_open(l->connections[k]);
    return n;
}

EXPORT int listener_most_open(const struct listener *l)
{
    return l->most_open;
}

EXPORT int listener_requests(const struct listener *l)
{
    int n = 0;

    for (int k = 0; k < l->n; k++)
        n += l->connections[k]->n_requests;
    return n;
}

void *listener_server(const struct listener *l)
{
    return l->server;
}

struct connection *listener_connection(const struct listener *l, int k)
{
    ck_assert_msg(k >= 0 && k < l->n, "there is no connection %d: %d came", k, l->n);
    return l->connections[k];
}

EXPORT const char *listener_received(const struct listener *l, int k, size_t *n)
{
    const struct connection *c = listener_connection(l, k);

    if (n)
        *n = c->n;
    return c->received;
}

EXPORT size_t listener_sent(const struct listener *l, int k)
{
    return listener_connection(l, k)->n_sent;
}

EXPORT int listener_saw_end_at(const struct listener *l, int k)
{
    return listener_connection(l, k)->ended_at_ms;
}
