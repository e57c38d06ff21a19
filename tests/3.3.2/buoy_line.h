/* buoy_line.h: a buoy and the coast that it sends to, for the suite of 15_buffering
 *
 * The coast reads when the test asks what has come, past the harness: what is counted as a
 * transmission is a call of the buoy. A line can be stopped up, so that it takes nothing, by bytes
 * that are not the buoy's.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BUOY_LINE_H
#define BUOY_LINE_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "15_buffering.h"
#include "faults.h"
#include "result_text.h"
#include "suite.h"
#include "vclock.h"

enum { NOT_TOLD = 1, FEW_WAKEUPS = 5000 };

struct sea {
    struct buoy *buoy;       /* NULL: freed */
    int line, coast;         /* the ends of the line; owned; -1: closed */
    size_t added, came;      /* bytes of the buoy, and of those at the coast */
    size_t wrong_at;         /* the first byte that was wrong */
    size_t stopper;          /* bytes on the line that are not the buoy's */
    bool wrong, busy, frees; /* `busy`: inside a function of the buoy; on_end() frees the buoy */
    int told, result;        /* on_end(): how often, and with what */
    long calls;              /* faults_calls() at the beginning */
};

static inline char letter(size_t position)
{
    return (char)('a' + position % 26);
}

static inline void on_end(int result, void *arg)
{
    struct sea *s = arg;

    if (s->busy)
        fail_test("on_end() was called inside buoy_add() or buoy_close()\n"
                  "expected  a call by the loop\ngot       a call before that one has returned");
    s->told++;
    s->result = result;
    if (s->told > 1)
        fail_test("on_end() was called again\nexpected  1 call\ngot       %d calls, the last with "
                  "%s",
                  s->told, result_text(result));
    if (s->frees) {
        buoy_free(s->buoy);
        s->buoy = NULL;
    }
}

/* The line, and no buoy yet. */
static inline void sea_connect(struct sea *s)
{
    int ends[2];

    (void)signal(SIGPIPE, SIG_IGN);
    vclock_livelock_limit(FEW_WAKEUPS); /* one that spins is soon told */
    *s = (struct sea){.result = NOT_TOLD, .calls = faults_calls()};
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    s->line = ends[0];
    s->coast = ends[1];
}

static inline void sea_open(struct sea *s)
{
    sea_connect(s);
    s->buoy = buoy_start(test_base(), s->line, on_end, s);
    if (s->buoy == NULL)
        fail_test("buoy_start() returned NULL, with memory enough");
}

static inline void coast_leave(struct sea *s)
{
    if (s->coast >= 0)
        (void)close(s->coast);
    s->coast = -1;
}

static inline void sea_close(struct sea *s)
{
    buoy_free(s->buoy);
    if (fcntl(s->line, F_GETFD) < 0)
        fail_test("the line, when the buoy is freed\nexpected  open: it is borrowed\n"
                  "got       closed");
    (void)close(s->line);
    coast_leave(s);
}

/* Adds a reading of `n` bytes. Returns what buoy_add() does. */
static inline int try_add(struct sea *s, size_t n)
{
    char reading[2 * WAITING_MOST];

    ck_assert_uint_le(n, sizeof(reading));
    for (size_t k = 0; k < n; k++)
        reading[k] = letter(s->added + k);
    s->busy = true;
    const int result = buoy_add(s->buoy, reading, n);
    s->busy = false;
    memset(reading, '?', sizeof(reading)); /* it is the caller's, who uses it again */
    if (result == 0)
        s->added += n;
    return result;
}

/* `when` says what is the matter with the buoy. */
static inline void expect_add(struct sea *s, const char *when, size_t n, int expected)
{
    const int got = try_add(s, n);

    char end[64] = "";

    if (s->told > 0)
        (void)sprintf(end, ", and on_end() was told %s", result_text(s->result));
    if (got != expected)
        fail_test("buoy_add() of %zu bytes, %s\nexpected  %s\ngot       %s%s", n, when,
                  result_text(expected), result_text(got), end);
}

static inline void add(struct sea *s, size_t n)
{
    char when[64];

    (void)sprintf(when, "at %.3f", now_ms() / 1e3);
    expect_add(s, when, n, 0);
}

static inline void shut(struct sea *s)
{
    s->busy = true;
    buoy_close(s->buoy);
    s->busy = false;
}

/* ---- the coast ---- */

/* Puts bytes on the line until it takes no more. */
static inline void stop_up(struct sea *s)
{
    static const char bytes[4096];
    long n;

    while ((n = io_raw_write(s->line, bytes, sizeof(bytes))) > 0)
        s->stopper += (size_t)n;
}

/* Reads what has come. With `s->stopper`, that first. */
static inline void coast_read(struct sea *s)
{
    char bytes[4096];
    long n;

    while (s->coast >= 0 && (n = io_raw_read(s->coast, bytes, sizeof(bytes))) > 0) {
        for (long k = 0; k < n; k++) {
            if (s->stopper > 0) {
                s->stopper--;
                continue;
            }
            if (!s->wrong && bytes[k] != letter(s->came)) {
                s->wrong = true;
                s->wrong_at = s->came;
            }
            s->came++;
        }
    }
}

/* What has come until now, and with how many transmissions; -1 for any number. */
static inline void expect_came(struct sea *s, const char *what, size_t n, long transmissions)
{
    const long calls = faults_calls() - s->calls;

    coast_read(s);
    if (s->came != n)
        fail_test("%s: what has come until %.3f\nexpected  %zu bytes\ngot       %zu bytes", what,
                  now_ms() / 1e3, n, s->came);
    if (s->wrong)
        fail_test("%s: the bytes that have come\nexpected  those that were added, in their "
                  "order\ngot       another one at byte %zu",
                  what, s->wrong_at);
    if (transmissions >= 0 && calls != transmissions)
        fail_test("%s: how often the line was tried until %.3f\nexpected  %ld\ngot       %ld", what,
                  now_ms() / 1e3, transmissions, calls);
}

/* How often the line has been tried, `when` says after what. */
static inline void expect_tried(const struct sea *s, const char *when, long expected)
{
    const long calls = faults_calls() - s->calls;

    if (calls != expected)
        fail_test("%s: how often the line was tried until %.3f\n"
                  "expected  %ld: then the loop says when it takes more\ngot       %ld",
                  when, now_ms() / 1e3, expected, calls);
}

/* `result` may be NOT_TOLD. */
static inline void expect_told(const struct sea *s, const char *what, int result)
{
    char want[64], got[64];

    if (s->result == result)
        return;
    strcpy(want, result == NOT_TOLD ? "no call yet" : result_text(result));
    strcpy(got, s->result == NOT_TOLD ? "no call" : result_text(s->result));
    fail_test("%s: on_end(), at %.3f\nexpected  %s\ngot       %s", what, now_ms() / 1e3, want, got);
}

#endif
