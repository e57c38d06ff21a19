/* weather_field.h: a collector and the stations that send to it, for the suite of 12_udp_echo
 *
 * A station is a socket of the test. It sends and receives past the harness, so that faults.h is
 * about the collector alone. What a station sends is there before the loop runs next.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef WEATHER_FIELD_H
#define WEATHER_FIELD_H

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "12_udp_echo.h"
#include "faults.h"
#include "suite.h"
#include "vclock.h"

enum { STATIONS = 3, TEXT_MOST = 4096, FEW_WAKEUPS = 2000, FEW_CPU_MS = 500 };
enum { SOON_MS = 10 }; /* what is sent before has come by then */

struct field {
    struct collector *collector; /* owned */
    int stations[STATIONS];      /* sockets that are connected to the collector; owned */
    char told[TEXT_MOST];        /* the readings, each in quotes, a comma between */
    int refills;                 /* so many readings more are sent out of on_reading() */
};

/* Writes bytes as a C string would have them, behind what is in `out`, and a comma before. */
static inline void note(char *out, const char *bytes, size_t n)
{
    size_t used = strlen(out);

    if (used + 4 * n + 8 > TEXT_MOST)
        fail_test("far more came than was sent:\n%.200s ...", out);
    used += (size_t)sprintf(out + used, used > 0 ? ", \"" : "\"");
    for (size_t k = 0; k < n; k++)
        used += (size_t)sprintf(out + used, isprint((unsigned char)bytes[k]) ? "%c" : "\\%o",
                                (unsigned char)bytes[k]);
    sprintf(out + used, "\"");
}

static inline void station_send(const struct field *f, int station, const char *bytes, size_t n)
{
    if (syscall(SYS_sendto, f->stations[station], bytes, n, 0, NULL, 0) != (long)n)
        fail_test("at %.3f station %d sends a datagram of %zu bytes\n"
                  "expected  it reaches the collector's socket\ngot       %s%s",
                  now_ms() / 1e3, station, n, strerror(errno),
                  errno == ECONNREFUSED ? ": that socket is not open any more, or connected to "
                                          "another station"
                                        : "");
}

static inline void station_say(const struct field *f, int station, const char *text)
{
    station_send(f, station, text, strlen(text));
}

static inline void on_reading(const char *bytes, size_t n, void *arg)
{
    struct field *f = arg;

    if (n == 0)
        fail_test("on_reading() with no byte\nexpected  n of 1 or more\ngot       n = 0");
    if (n > READING_MOST)
        fail_test("on_reading() with more than a reading has\nexpected  n of %d at the most\n"
                  "got       n = %zu",
                  READING_MOST, n);
    note(f->told, bytes, n);
    if (f->refills > 0) {
        f->refills--;
        station_say(f, 0, "again");
    }
}

/* Makes the stations. */
static inline void field_connect(struct field *f)
{
    struct sockaddr_in to = {.sin_family = AF_INET};

    to.sin_port = htons((unsigned short)collector_port(f->collector));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int k = 0; k < STATIONS; k++) {
        f->stations[k] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        ck_assert_int_ge(f->stations[k], 0);
        ck_assert_int_eq(connect(f->stations[k], (struct sockaddr *)&to, sizeof(to)), 0);
    }
}

static inline void field_open(struct field *f)
{
    memset(f, 0, sizeof(*f));
    vclock_livelock_limit(FEW_WAKEUPS); /* one that spins is soon told */
    limit_cpu_ms(FEW_CPU_MS);
    f->collector = collector_start(test_base(), 0, on_reading, f);
    if (f->collector == NULL)
        fail_test("collector_start() returned NULL for a port that is free");
    field_connect(f);
}

static inline void station_close(struct field *f, int station)
{
    if (f->stations[station] >= 0)
        (void)close(f->stations[station]);
    f->stations[station] = -1;
}

static inline void field_close(struct field *f)
{
    collector_free(f->collector);
    for (int k = 0; k < STATIONS; k++)
        station_close(f, k);
    limit_cpu_ms(0);
}

/* Lets the loop look at the descriptors once, and call what is ready. */
static inline void run_one_turn(void)
{
    ck_assert_int_ge(event_base_loop(test_base(), EVLOOP_ONCE | EVLOOP_NONBLOCK), 0);
}

/* The readings that were told since the last call, in this form: "north 1", "south 2" */
static inline void expect_told(struct field *f, const char *what, const char *expected)
{
    if (strcmp(f->told, expected) != 0)
        fail_test("%s: what on_reading() was told\nexpected  %s\ngot       %s", what,
                  *expected ? expected : "nothing", *f->told ? f->told : "nothing");
    f->told[0] = '\0';
}

/* The answers that a station has got since the last call, in the same form. */
static inline void expect_answers(const struct field *f, int station, const char *what,
                                  const char *expected)
{
    char answers[TEXT_MOST] = "", bytes[READING_MOST];
    long n;

    while ((n = syscall(SYS_recvfrom, f->stations[station], bytes, sizeof(bytes), 0, NULL, NULL)) >=
           0)
        note(answers, bytes, (size_t)n);
    if (strcmp(answers, expected) != 0)
        fail_test("%s: the answers to station %d\nexpected  %s\ngot       %s", what, station,
                  *expected ? expected : "none", *answers ? answers : "none");
}

static inline void expect_counts(const struct field *f, const char *what, long readings,
                                 long probes, long too_long)
{
    const struct collector_counts got = collector_counts(f->collector);

    if (got.readings != readings || got.probes != probes || got.too_long != too_long)
        fail_test("%s: the counts\n"
                  "expected  readings %ld, probes %ld, too long %ld\n"
                  "got       readings %ld, probes %ld, too long %ld",
                  what, readings, probes, too_long, got.readings, got.probes, got.too_long);
}

#endif
