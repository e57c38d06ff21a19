/* queue_bench.h: what the benchmarks of the queues have in common
 *
 *     BENCH ROOM ITEMS
 *
 * One producer brings the numbers 0 to ITEMS - 1, CONSUMERS consumers take them and add them up.
 * There are never more than ROOM in the queue. Prints a line of JSON: items, CPU seconds, seconds,
 * peak memory (KiB). A sum that is wrong is a failure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef QUEUE_BENCH_H
#define QUEUE_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "figures.h"

enum { CONSUMERS = 4 };

/* Brings all items through a queue, and returns their sum; -1: it could not. */
static int64_t queue_run(int room, int64_t items);

static int queue_bench(int argc, char **argv)
{
    const int room = argc == 3 ? atoi(argv[1]) : 0;
    const int64_t items = argc == 3 ? atoll(argv[2]) : 0;
    double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID), real = seconds_of(CLOCK_MONOTONIC);
    int64_t sum;

    if (room <= 0 || items <= 0) {
        fprintf(stderr, "usage: %s ROOM ITEMS\n", argv[0]);
        return EXIT_FAILURE;
    }
    sum = queue_run(room, items);
    cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    real = seconds_of(CLOCK_MONOTONIC) - real;
    if (sum != items * (items - 1) / 2) {
        fprintf(stderr, "%s: a wrong sum, or none\n", argv[0]);
        return EXIT_FAILURE;
    }
    printf("{\"ops\": %lld, \"cpu\": %.9f, \"real\": %.9f, \"peak\": %d}\n", (long long)items, cpu,
           real, peak_kib());
    return EXIT_SUCCESS;
}

#endif
