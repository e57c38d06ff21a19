/* figures.h: what the benchmarks in C measure with: clocks, memory, and how late things were
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FIGURES_H
#define FIGURES_H

#include <stdio.h>
#include <time.h>

enum { LATENCY_MOST_US = 200 * 1000 };

/* How often something took so many microseconds; the last: or more. All zero: nothing yet. */
struct latencies {
    long n;
    unsigned us[LATENCY_MOST_US + 1];
};

/* What a clock says, in seconds. */
static inline double seconds_of(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static inline void latency_add(struct latencies *l, double us)
{
    l->us[us < 0 ? 0 : us < LATENCY_MOST_US ? (int)us : LATENCY_MOST_US]++;
    l->n++;
}

/* The microseconds that this share of all, 0 to 1, took at the most. */
static inline int latency_percentile(const struct latencies *l, double share)
{
    double left = share * (double)l->n;
    int us = 0;

    while (us < LATENCY_MOST_US && (left -= l->us[us]) > 0)
        us++;
    return us;
}

/* In KiB, of this program alone: ru_maxrss would remember the one that has started it. */
static inline int peak_kib(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[128];
    int kib = 0;

    while (status != NULL && fgets(line, sizeof(line), status) != NULL)
        (void)sscanf(line, "VmHWM: %d", &kib);
    if (status != NULL)
        (void)fclose(status);
    return kib;
}

#endif
