/* till.h: a till that listens to a scanner, for the suite of 03_nonblocking
 *
 * It notes what it is told, and when. The other end of its line is a peer with a script
 * (till_open_peer), or, where the mode of the line or a turn of the loop matters, the other end of
 * a pair, which the test writes to (till_open_pair).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TILL_H
#define TILL_H

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "03_nonblocking.h"
#include "peer.h"
#include "result_text.h"
#include "suite.h"
#include "vclock.h"

enum { NOT_ENDED = 1, FEW_WAKEUPS = 2000, FLOOD = 8192 };

struct till {
    struct scanner *scanner; /* or NULL; owned */
    int line;                /* the end that the scanner reads; owned */
    int far;                 /* the other end, or -1; owned */
    struct peer *peer;       /* or NULL; owned */
    bool free_on_bytes;      /* on_bytes() frees the scanner */
    bool free_on_end;        /* on_end() frees the scanner */
    bool refill;             /* on_bytes() sends as much again, up to FLOOD bytes */
    size_t n;                /* how many bytes were told */
    char bytes[2 * FLOOD];
    int at_ms[2 * FLOOD]; /* when each of them was told */
    int why;              /* NOT_ENDED, or what on_end() was given */
    int ended_at_ms;
};

static inline void till_free_scanner(struct till *till)
{
    scanner_free(till->scanner);
    till->scanner = NULL;
}

static inline void on_bytes(const char *bytes, size_t n, void *arg)
{
    struct till *till = arg;

    if (till->why != NOT_ENDED)
        fail_test("at %.3f: on_bytes() came after on_end()", now_ms() / 1e3);
    if (n < 1)
        fail_test("at %.3f: on_bytes() with no byte\nexpected  n of 1 or more\ngot       n = 0",
                  now_ms() / 1e3);
    if (n > sizeof(till->bytes) - till->n)
        fail_test("at %.3f: on_bytes() with n = %zu: so many bytes were not sent", now_ms() / 1e3,
                  n);
    for (size_t k = 0; k < n; k++)
        till->at_ms[till->n + k] = now_ms();
    memcpy(till->bytes + till->n, bytes, n);
    till->n += n;
    if (till->refill && till->n < FLOOD)
        ck_assert_int_eq(send(till->far, bytes, n, MSG_NOSIGNAL), (int)n);
    if (till->free_on_bytes)
        till_free_scanner(till);
}

static inline void on_end(int why, void *arg)
{
    struct till *till = arg;

    if (till->why != NOT_ENDED)
        fail_test("the end was told twice\nexpected  on_end(%s) at %.3f\n"
                  "got       on_end(%s) at %.3f, then on_end(%s) at %.3f",
                  result_text(till->why), till->ended_at_ms / 1e3, result_text(till->why),
                  till->ended_at_ms / 1e3, result_text(why), now_ms() / 1e3);
    till->why = why;
    till->ended_at_ms = now_ms();
    if (till->free_on_end)
        till_free_scanner(till);
}

/* Listens to the line. A loop that is woken again and again without time passing is soon told. */
static inline void till_listen(struct till *till)
{
    const struct scanner_calls calls = {on_bytes, on_end};

    till->why = NOT_ENDED;
    vclock_livelock_limit(FEW_WAKEUPS);
    till->scanner = scanner_start(test_base(), till->line, &calls, till);
    if (till->scanner == NULL)
        fail_test("scanner_start() returned NULL for an open socket or pipe");
}

/* A pair: the line is in blocking mode. Returns the number of the line. */
static inline int till_open_pair(struct till *till)
{
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    till->line = ends[0];
    till->far = ends[1];
    till_listen(till);
    return till->line;
}

static inline struct peer *till_open_peer(struct till *till)
{
    till->line = peer_pair(&till->peer);
    till->far = -1;
    till_listen(till);
    return till->peer;
}

/* The other end of a pair sends, or is unplugged. */
static inline void till_send(const struct till *till, const char *bytes, size_t n)
{
    ck_assert_int_eq(send(till->far, bytes, n, MSG_NOSIGNAL), (int)n);
}

static inline void till_unplug(struct till *till)
{
    (void)close(till->far);
    till->far = -1;
}

static inline void till_close(struct till *till)
{
    till_free_scanner(till);
    (void)close(till->line);
    if (till->far >= 0)
        till_unplug(till);
    if (till->peer != NULL)
        peer_free(till->peer);
}

/* Lines "\n  0.100  text": what was told at which time; a dot for what cannot be printed. */
static inline void write_story(const struct till *till, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t k = 0; k < till->n && used < size; k++) {
        if (k == 0 || till->at_ms[k] != till->at_ms[k - 1])
            used += (size_t)snprintf(out + used, size - used, "\n  %.3f  ", till->at_ms[k] / 1e3);
        if (used < size)
            used += (size_t)snprintf(out + used, size - used, "%c",
                                     isprint((unsigned char)till->bytes[k]) ? till->bytes[k] : '.');
    }
    if (till->why != NOT_ENDED && used < size)
        (void)snprintf(out + used, size - used, "\n  %.3f  on_end(%s)", till->ended_at_ms / 1e3,
                       result_text(till->why));
}

/* `expected` has a line "\n  0.100  text" for each time at which something is to be told; in how
 * many calls of on_bytes() it comes makes no difference. `when` heads the message. */
static inline void expect_told_when(const struct till *till, const char *when, const char *expected)
{
    char story[2048];

    write_story(till, story, sizeof(story));
    if (strcmp(story, expected) != 0)
        fail_test("%s\nexpected%s\ngot%s", when, *expected ? expected : "  nothing",
                  *story ? story : "  nothing");
}

static inline void expect_told(const struct till *till, const char *expected)
{
    expect_told_when(till, "what the till was told", expected);
}

/* `n` bytes that repeat late: of `kinds` values from `first` on. */
static inline void fill(char *bytes, size_t n, int first, int kinds)
{
    for (size_t k = 0; k < n; k++)
        bytes[k] = (char)(first + (int)((k * 31 + k / 251) % (size_t)kinds));
}

static inline void expect_bytes(const struct till *till, const char *bytes, size_t n)
{
    for (size_t k = 0; k < n && k < till->n; k++)
        if (till->bytes[k] != bytes[k])
            fail_test("byte %zu of %zu\nexpected  0x%02x\ngot       0x%02x", k + 1, n,
                      (unsigned char)bytes[k], (unsigned char)till->bytes[k]);
    if (till->n != n)
        fail_test("bytes that the till was told\nexpected  %zu\ngot       %zu", n, till->n);
}

#endif
