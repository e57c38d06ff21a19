/* files_bench.c: what p5_file_processor takes to count files, and how late its loop is meanwhile
 *
 *     files_bench WORKERS FILE...
 *     files_bench 0 MILLISECONDS
 *
 * Each of WORKERS threads counts a file at a time; a timer runs each millisecond on the loop. With
 * 0 there is nothing but the timer: it shows how late the machine is by itself. Prints a line of
 * JSON: lines, words and bytes of all files; the median and the 99th percentile of the microseconds
 * by which the timer was late; peak memory (KiB). Ends when all files are counted, with status 1 if
 * one could not be. It is linked with the solution, whose own `main` has another name.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "p5_file_processor.h"

enum { TICK_US = 1000 };

struct bench {
    struct event_base *base; /* owned, as is all below */
    struct event *tick;      /* runs on_tick() */
    double due;              /* when it should run next, in seconds */
    struct latencies late;   /* by how much it has been late */
    int64_t lines, words, bytes;
    int failed; /* files; -1 until it is known */
};

static void tick_next(struct bench *bench)
{
    const struct timeval tick = {.tv_usec = TICK_US};

    bench->due = seconds_of(CLOCK_MONOTONIC) + TICK_US * 1e-6;
    if (event_add(bench->tick, &tick) != 0)
        (void)event_base_loopbreak(bench->base);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct bench *bench = arg;

    (void)fd;
    (void)what;
    latency_add(&bench->late, (seconds_of(CLOCK_MONOTONIC) - bench->due) * 1e6);
    tick_next(bench);
}

static void on_file(int i, int result, const struct file_report *report, void *arg)
{
    struct bench *bench = arg;

    (void)i;
    if (result != 0)
        return;
    bench->lines += report->lines;
    bench->words += report->words;
    bench->bytes += report->bytes;
}

static void on_all(int result, void *arg)
{
    struct bench *bench = arg;

    bench->failed = result;
    (void)event_del(bench->tick); /* the loop ends when the pool has nothing to do */
}

static int run(struct bench *bench, int workers, char **paths, int n)
{
    struct pool *pool = pool_new(bench->base, workers, workers);
    struct file_job *jobs = calloc((size_t)n, sizeof(*jobs));
    int result = -1;

    for (int k = 0; jobs != NULL && k < n; k++)
        jobs[k].path = paths[k];
    bench->tick = evtimer_new(bench->base, on_tick, bench);
    if (pool != NULL && jobs != NULL && bench->tick != NULL &&
        file_process_many(pool, jobs, n, workers, NULL, on_file, on_all, bench, NULL) == 0) {
        tick_next(bench);
        result = event_base_dispatch(bench->base);
    }
    if (pool != NULL && pool_shutdown(pool, NULL, NULL) == 0)
        (void)event_base_dispatch(bench->base);
    free(jobs);
    return result < 0 ? -1 : 0;
}

/* Nothing is counted. */
static int run_idle(struct bench *bench, int milliseconds)
{
    const struct timeval length = {.tv_sec = milliseconds / 1000,
                                   .tv_usec = milliseconds % 1000 * 1000};

    bench->failed = 0;
    bench->tick = evtimer_new(bench->base, on_tick, bench);
    if (bench->tick == NULL || event_base_loopexit(bench->base, &length) != 0)
        return -1;
    tick_next(bench);
    return event_base_dispatch(bench->base);
}

/* Without the flag libevent looks at a clock that advances each 4 ms, with most kernels. */
static struct event_base *base_with_precise_timers(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config != NULL && event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) == 0)
        base = event_base_new_with_config(config);
    if (config != NULL)
        event_config_free(config);
    return base;
}

int main(int argc, char **argv)
{
    const int workers = argc > 2 ? atoi(argv[1]) : -1;
    struct bench *bench = calloc(1, sizeof(*bench));
    int status = EXIT_FAILURE;

    if (workers < 0 || bench == NULL || pool_init() != 0) {
        fprintf(stderr, "usage: files_bench WORKERS FILE... | 0 MILLISECONDS\n");
        free(bench);
        return EXIT_FAILURE;
    }
    bench->failed = -1;
    bench->base = base_with_precise_timers();
    if (bench->base == NULL ||
        (workers > 0 ? run(bench, workers, argv + 2, argc - 2) : run_idle(bench, atoi(argv[2]))) !=
            0 ||
        bench->failed != 0) {
        fprintf(stderr, "files_bench: a file could not be counted\n");
        goto cleanup;
    }
    printf("{\"lines\": %lld, \"words\": %lld, \"bytes\": %lld, \"p50\": %d, \"p99\": %d, "
           "\"peak\": %d}\n",
           (long long)bench->lines, (long long)bench->words, (long long)bench->bytes,
           latency_percentile(&bench->late, 0.5), latency_percentile(&bench->late, 0.99),
           peak_kib());
    status = EXIT_SUCCESS;

cleanup:
    if (bench->tick != NULL)
        event_free(bench->tick);
    if (bench->base != NULL)
        event_base_free(bench->base);
    free(bench);
    return status;
}
