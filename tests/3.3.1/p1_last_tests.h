/* p1_last_tests.h: the tests that need a job of each kind, for check_p1_coroutines.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P1_LAST_TESTS_H
#define P1_LAST_TESTS_H

#include "p1_first_tests.h"
#include "p1_outcome.h"

enum { KINDS = 6 };

static struct job *start_kind(struct jobs *jobs, int kind, job_done_fn done, void *arg)
{
    static const struct count counts[] = {{"A", 3}, {"B", 2}};
    switch (kind) {
    case 0:
        return hello_world_start(jobs, done, arg);
    case 1:
        return count_up_start(jobs, "C", 2, done, arg);
    case 2:
        return count_primes_start(jobs, 3000, done, arg);
    case 3:
        return work_start(jobs, "D", 800, 100, done, arg);
    case 4:
        return count_all_start(jobs, counts, 2, done, arg);
    default:
        return wait_for_start(jobs, 1000, 600, done, arg);
    }
}

/* What start_kind() does, for messages; its result and when it ends. */
static const char *const kind_calls[] = {"hello_world_start()",  "count_up_start()",
                                         "count_primes_start()", "work_start()",
                                         "count_all_start()",    "wait_for_start()"};
static const int kind_results[] = {0, 2, 430, 800, 5, -ETIMEDOUT};

static void start_all_kinds(struct jobs *jobs, struct outcome o[KINDS])
{
    for (int kind = 0; kind < KINDS; kind++) {
        label(&o[kind], "%s", kind_calls[kind]);
        started(&o[kind], start_kind(jobs, kind, on_done, &o[kind]));
    }
}

/* ---- jobs_free, memory ---- */

/* Ends all jobs after `ms`: before the first turn, or while all that sleep do so. */
static void free_after(int ms)
{
    struct jobs *jobs = begin();
    struct outcome o[KINDS] = {0};

    start_all_kinds(jobs, o);
    if (ms > 0)
        run_loop_for(ms);
    trace("free");
    jobs_free(jobs);
    run_loop();
    if (ms == 0)
        expect_trace("0.000  free\n");
    for (int kind = 0; kind < KINDS; kind++)
        if (o[kind].calls != 1 || (o[kind].result != -ECANCELED && kind != 2))
            fail_test("jobs_free() while the job of %s runs\n"
                      "expected  1 call of done, with -ECANCELED\ngot       %d, with %s",
                      kind_calls[kind], o[kind].calls, result_text(o[kind].result));
}

START_TEST(freed_before_they_began)
{
    free_after(0);
}
END_TEST

START_TEST(freed_while_they_wait)
{
    free_after(450);
    free_after(650); /* wait_for is in its cleanup */
}
END_TEST

/* One job of each kind: it ends as it should, or with -ENOMEM, or does not start. */
static void one_of_kind(void *arg)
{
    int kind = *(int *)arg;
    struct jobs *jobs = jobs_new(test_base());
    struct outcome o = {0};

    if (jobs == NULL)
        return;
    label(&o, "%s", kind_calls[kind]);
    o.job = start_kind(jobs, kind, on_done, &o);
    o.started = o.job != NULL;
    run_loop();
    jobs_free(jobs);
    if (o.calls != o.started)
        fail_test("memory ran out in %s, which returned %s\nexpected  %d calls of done\n"
                  "got       %d",
                  kind_calls[kind], o.started ? "a job" : "NULL", o.started, o.calls);
    if (o.started && o.result != kind_results[kind] && o.result != -ENOMEM)
        fail_test("memory ran out in the job of %s\nexpected  result %s, or -ENOMEM\n"
                  "got       result %s",
                  kind_calls[kind], result_text(kind_results[kind]), result_text(o.result));
}

START_TEST(memory_runs_out_in_a_job)
{
    struct jobs *jobs = begin();
    struct outcome o[KINDS] = {0};

    start_all_kinds(jobs, o); /* each is there */
    jobs_free(jobs);
    for (int kind = 0; kind < KINDS; kind++)
        each_allocation_fails(one_of_kind, &kind);
}
END_TEST

static void one_generator(void *arg)
{
    struct fibonacci *g = fibonacci_new(10);
    int value, n = 0;
    (void)arg;
    while (g != NULL && fibonacci_next(g, &value))
        n++;
    if (n != (g != NULL ? 7 : 0))
        fail_test("fibonacci(10), where memory runs out only if fibonacci_new() returns NULL\n"
                  "expected  7 values\ngot       %d values",
                  n);
    fibonacci_free(g);
}

START_TEST(memory_runs_out_in_the_generator)
{
    fibonacci_free(fibonacci(10));
    each_allocation_fails(one_generator, NULL);
}
END_TEST

#endif
