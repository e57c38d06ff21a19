/* calc_office.h: a calculator server and its clients, for the suite of 11_tcp_echo
 *
 * The clients are peers with a script (peer.h). An office is the server and those who ask it. What
 * a client got is compared whole; when it came is seen by looking at it half-way.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CALC_OFFICE_H
#define CALC_OFFICE_H

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "11_tcp_echo.h"
#include "faults.h"
#include "peer.h"
#include "suite.h"
#include "vclock.h"

#define NO_ANSWER ""
#define UNKNOWN   "error: add, sub or mul, and two numbers\n"
#define TOO_LONG  "error: line too long\n"

enum { MOST_CLIENTS = 24, SHOWN_MOST = 90, FEW_WAKEUPS = 5000 };

struct office {
    struct calc_server *server; /* owned */
    struct peer *clients[MOST_CLIENTS];
    int n_clients;
};

static inline void office_open(struct office *o)
{
    vclock_livelock_limit(FEW_WAKEUPS); /* one that spins is soon told */
    memset(o, 0, sizeof(*o));
    o->server = calc_server_start(test_base(), 0);
    if (o->server == NULL)
        fail_test("calc_server_start() returned NULL for a port that is free");
}

/* A client connects; it is accepted when the loop runs. */
static inline struct peer *office_enter(struct office *o)
{
    ck_assert_int_lt(o->n_clients, MOST_CLIENTS);
    o->clients[o->n_clients] = peer_connect(calc_server_port(o->server));
    return o->clients[o->n_clients++];
}

static inline void office_close(struct office *o)
{
    calc_server_free(o->server);
    o->server = NULL;
    run_loop_for(1); /* libevent closes the sockets of freed bufferevents when the loop runs */
    for (int k = 0; k < o->n_clients; k++)
        peer_free(o->clients[k]);
    o->n_clients = 0;
}

static inline void send_text(struct peer *p, int at_ms, const char *text)
{
    peer_send(p, at_ms, text, strlen(text));
}

/* Writes bytes as a C string would have them, without those before `from`, and SHOWN_MOST at the
 * most. */
static inline const char *shown(char *out, const char *bytes, size_t n, size_t from)
{
    size_t used = 0, end = n - from > SHOWN_MOST ? from + SHOWN_MOST : n;

    used += (size_t)sprintf(out, from > 0 ? "behind %zu bytes: \"" : "\"", from);
    for (size_t k = from; k < end; k++) {
        if (bytes[k] == '\n')
            used += (size_t)sprintf(out + used, "\\n");
        else
            used += (size_t)sprintf(out + used, isprint((unsigned char)bytes[k]) ? "%c" : "\\%o",
                                    (unsigned char)bytes[k]);
    }
    sprintf(out + used, end < n ? "\", and %zu bytes more" : "\"", n - end);
    return out;
}

/* `what` says what the client has sent. */
static inline void expect_answers(const struct peer *p, const char *what, const char *expected)
{
    char want[4 * SHOWN_MOST + 64], got[4 * SHOWN_MOST + 64];
    size_t n, n_expected = strlen(expected), from = 0;
    const char *bytes = peer_received(p, &n);

    if (n == n_expected && memcmp(bytes, expected, n) == 0)
        return;
    if (n_expected > SHOWN_MOST) /* what both have in common is left out */
        while (from < n && from < n_expected && bytes[from] == expected[from])
            from++;
    fail_test("at %.3f the client, who has sent %s\nexpected  %s\ngot       %s", now_ms() / 1e3,
              what, shown(want, expected, n_expected, from), shown(got, bytes, n, from));
}

/* That the server has closed the client's connection, or has not. */
static inline void expect_end(const struct peer *p, const char *what, bool closed)
{
    if (peer_saw_end(p) != closed)
        fail_test("at %.3f the client, who has sent %s\nexpected  %s\ngot       %s", now_ms() / 1e3,
                  what, closed ? "the end: the server has closed" : "no end yet",
                  closed ? "no end: the connection is still open"
                         : "the end: the server has closed");
}

static inline void expect_clients(const struct office *o, const char *when, int expected)
{
    const int got = calc_server_clients(o->server);

    if (got != expected)
        fail_test("connections that the server still has, %s\nexpected  %d\ngot       %d", when,
                  expected, got);
}

#endif
