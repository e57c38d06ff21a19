/* client_bench.h: what the clients in C have in common: they ask for the time, over and over
 *
 *     CLIENT PORT AT_ONCE MILLISECONDS
 *
 * AT_ONCE requests are on their way; an answer begins the next one. As much time before that is for
 * warming up. A line of JSON says how many answers came then, CPU seconds of this process, seconds,
 * median and 99th percentile of the microseconds to an answer, peak memory (KiB).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLIENT_BENCH_H
#define CLIENT_BENCH_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"

enum { AT_ONCE_MOST = 1024 };

struct client_bench {
    int at_once;
    char url[64];
    double begin, end; /* of the measurement, in seconds */
    double cpu;        /* at its begin; below 0: it has not begun */
    double started[AT_ONCE_MOST];
    struct latencies answers;
    bool failed;
};

/* NULL if the arguments are wrong, which it says. To be freed with free(). */
static struct client_bench *bench_new(int argc, char **argv)
{
    struct client_bench *b = calloc(1, sizeof(*b));

    if (b != NULL && argc == 4) {
        b->at_once = atoi(argv[2]);
        (void)snprintf(b->url, sizeof(b->url), "http://127.0.0.1:%d/api/time", atoi(argv[1]));
        b->cpu = -1;
        b->begin = seconds_of(CLOCK_MONOTONIC) + atoi(argv[3]) / 1000.0;
        b->end = b->begin + atoi(argv[3]) / 1000.0;
        if (b->at_once > 0 && b->at_once <= AT_ONCE_MOST)
            return b;
    }
    fprintf(stderr, "usage: %s PORT AT_ONCE MILLISECONDS\n", argv[0]);
    free(b);
    return NULL;
}

/* Request `k`, below at_once, begins. False: the time is over, and it must not. */
static bool bench_asks(struct client_bench *b, int k)
{
    b->started[k] = seconds_of(CLOCK_MONOTONIC);
    if (b->cpu < 0 && b->started[k] >= b->begin)
        b->cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    return !b->failed && b->started[k] < b->end;
}

/* Request `k` has its answer. */
static void bench_answer(struct client_bench *b, int k, int status, struct json_object *json)
{
    const double now = seconds_of(CLOCK_MONOTONIC);
    const double us = (now - b->started[k]) * 1e6;
    struct json_object *value;

    if (status != 200 || !json_object_object_get_ex(json, "time", &value) ||
        strncmp(json_object_get_string(value), "20", 2) != 0)
        b->failed = true;
    if (b->cpu >= 0) {
        latency_add(&b->answers, us);
    }
}

/* To be called when all is answered. Returns the exit status, and frees `b`. */
static int bench_end(struct client_bench *b)
{
    const double real = seconds_of(CLOCK_MONOTONIC) - b->begin;
    const double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - b->cpu;
    const bool failed = b->failed || b->answers.n == 0;

    if (failed)
        fprintf(stderr, "a wrong answer, or none\n");
    else
        printf("{\"ops\": %ld, \"cpu\": %.9f, \"real\": %.9f, \"p50\": %d, \"p99\": %d, "
               "\"peak\": %d}\n",
               b->answers.n, cpu, real, latency_percentile(&b->answers, 0.5),
               latency_percentile(&b->answers, 0.99), peak_kib());
    free(b);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
