/* coro_bench.c: what a yield, a resume and a sleeping task of coro.h cost
 *
 *     coro_bench yield TASKS STEPS     each of TASKS tasks yields STEPS times
 *     coro_bench resume COUNT STEPS    COUNT generators are resumed STEPS times in turn
 *     coro_bench sleep TASKS           each of TASKS tasks sleeps once, 1 to 300 ms
 *
 * Prints one line of JSON: operations, seconds of CPU and of real time, peak memory and what it
 * was before (KiB), and whether all that was to be done has been done. coro_bench.py and
 * coro_bench.mjs do the same jobs in the same way; run.py compares. To be compiled with -O2 and
 * without sanitizers.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../exercises/coro.h"
#include "figures.h"

struct yielder {
    struct task *task;
    int i, steps;
};

static void yielder(struct task *t)
{
    struct yielder *f = t->frame;
    TASK_BEGIN(t);
    for (f->i = 0; f->i < f->steps; f->i++)
        TASK_YIELD(t);
    TASK_RETURN(t, f->i);
    TASK_END(t);
}

static void sleeper(struct task *t)
{
    struct yielder *f = t->frame;
    TASK_BEGIN(t);
    TASK_SLEEP(t, f->steps);
    TASK_RETURN(t, t->wake == 0 ? f->steps : t->wake);
    TASK_END(t);
}

struct counter {
    struct gen gen;
    int i, stop;
};

static bool counter_next(struct counter *g)
{
    GEN_BEGIN(&g->gen);
    for (g->i = 0; g->i < g->stop; g->i++)
        GEN_YIELD(&g->gen, g->i);
    GEN_END(&g->gen);
}

/* 1 to 300, the same row in all languages. */
static int next_delay(unsigned *seed)
{
    *seed = (*seed * 1103515245u + 12345u) & 0x7fffffffu;
    return 1 + (int)(*seed >> 8) % 300;
}

/* Spawns all, each with a frame of its own, as a program would; runs them; checks and frees. */
static bool run_tasks(task_fn fn, int tasks, int steps)
{
    struct event_base *base = event_base_new();
    struct sched *sched = sched_new(base);
    struct yielder **frames = malloc((size_t)tasks * sizeof(struct yielder *));
    unsigned seed = 1;
    bool ok = true;

    for (int i = 0; i < tasks; i++) {
        frames[i] = calloc(1, sizeof(*frames[i]));
        frames[i]->steps = steps > 0 ? steps : next_delay(&seed);
        frames[i]->task = task_spawn(sched, fn, frames[i]);
    }
    ok = event_base_dispatch(base) == 1;
    for (int i = 0; i < tasks; i++) {
        ok = ok && task_result(frames[i]->task) == frames[i]->steps;
        task_free(frames[i]->task);
        free(frames[i]);
    }
    free(frames);
    sched_free(sched);
    event_base_free(base);
    return ok;
}

/* The row of resumes goes round all generators, so that none of it can be optimised away. */
static bool run_generators(int count, int steps)
{
    struct counter *all = calloc((size_t)count, sizeof(*all));
    long long sum = 0;

    for (int i = 0; i < count; i++)
        all[i].stop = steps;
    for (int step = 0; step < steps; step++)
        for (int i = 0; i < count; i++)
            if (counter_next(&all[i]))
                sum += all[i].gen.value;
    free(all);
    return sum == (long long)count * steps * (steps - 1) / 2;
}

int main(int argc, char **argv)
{
    const char *job = argc > 1 ? argv[1] : "";
    int count = argc > 2 ? atoi(argv[2]) : 0;
    int steps = argc > 3 ? atoi(argv[3]) : 0;
    int memory = peak_kib();
    double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID), real = seconds_of(CLOCK_MONOTONIC);
    bool ok;

    if (strcmp(job, "yield") == 0 && count > 0 && steps > 0) {
        ok = run_tasks(yielder, count, steps);
    } else if (strcmp(job, "resume") == 0 && count > 0 && steps > 0) {
        ok = run_generators(count, steps);
    } else if (strcmp(job, "sleep") == 0 && count > 0) {
        ok = run_tasks(sleeper, count, 0);
    } else {
        fprintf(stderr, "usage: coro_bench yield|resume COUNT STEPS | sleep COUNT\n");
        return 2;
    }
    printf("{\"ops\": %lld, \"cpu\": %.6f, \"real\": %.6f, \"peak\": %d, \"before\": %d, "
           "\"ok\": %s}\n",
           (long long)count * (steps > 0 ? steps : 1), seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu,
           seconds_of(CLOCK_MONOTONIC) - real, peak_kib(), memory, ok ? "true" : "false");
    return ok ? 0 : 1;
}
