/* p1_coroutines.c: write coroutines, one for each thing that they are good for
 *
 * p1_coroutines.h says what each job does. coro.h is the runtime: its first page has an example and
 * the interface. jobs.h makes a job of a coroutine: hello_world_start() shows how.
 *
 *   1. What lives across a wait lives in the frame; a local variable does not survive.
 *   2. One wait on a line.
 *   3. No wait inside a `switch` of your own.
 *   4. After each wait read t->wake: 0, or a negative errno that says why it was given up.
 *   5. Never call a task function yourself: only the scheduler resumes a task.
 *   6. Who spawns a task awaits it or hands it over, and frees it with its frame.
 *   7. The first member of a job's frame is its struct job: jobs.h takes the one for the other.
 *
 * SPDX-License-Identifier: MIT
 */
#include "p1_coroutines.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "coro.h"
#include "jobs.h"

/* ---- hello_world ---- */

struct hello {
    struct job job;
};

static void hello_world(struct task *t)
{
    TASK_BEGIN(t);
    /* TODO(1): prints "Hello" and, a second later, "World"; stops in between if it is cancelled.
     * See 3.3.1 "Coroutines". */
    TASK_RETURN(t, -ENOSYS);
    TASK_END(t);
}

/* Given, as an example for the others. */
struct job *hello_world_start(struct jobs *jobs, job_done_fn done, void *arg)
{
    struct hello *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return NULL;
    return job_own(&f->job, task_spawn(jobs->sched, hello_world, f), frame_release, done, arg);
}

/* ---- count_up ---- */

/* TODO(2): the frame of a count_up and its coroutine: the lines of p1_coroutines.h at their times,
 * for any number of instances at once. See 3.3.1 "Suspension points and resumption". */

struct job *count_up_start(struct jobs *jobs, const char *name, int n, job_done_fn done, void *arg)
{
    /* TODO(2): a count_up of its own runs as a job. */
    (void)jobs;
    (void)name;
    (void)n;
    (void)done;
    (void)arg;
    return NULL;
}

/* ---- fibonacci ---- */

/* TODO(3): the numbers below the limit, one a call, and false for ever after. The end of coro.h
 * shows a generator. See 3.3.1 "Suspension points and resumption". */
struct fibonacci {
    struct gen gen;
};

struct fibonacci *fibonacci_new(int limit)
{
    (void)limit;
    return NULL;
}

bool fibonacci_next(struct fibonacci *g, int *value)
{
    (void)g;
    (void)value;
    return false;
}

void fibonacci_free(struct fibonacci *g)
{
    free(g);
}

/* ---- count_primes ---- */

/* TODO(4): counts with is_prime() and gives way after every 100 numbers. See 3.3.1 "Task
 * scheduling". */

struct job *count_primes_start(struct jobs *jobs, int below, job_done_fn done, void *arg)
{
    /* TODO(4): a count_primes of its own runs as a job. */
    (void)jobs;
    (void)below;
    (void)done;
    (void)arg;
    return NULL;
}

/* ---- work ---- */

/* TODO(5): works, and cleans up when it is cancelled; the cleanup takes time, too. See 3.3.1
 * "Suspension points and resumption". */

struct job *work_start(struct jobs *jobs, const char *name, int work_ms, int cleanup_ms,
                       job_done_fn done, void *arg)
{
    /* TODO(5): a work of its own runs as a job. */
    (void)jobs;
    (void)name;
    (void)work_ms;
    (void)cleanup_ms;
    (void)done;
    (void)arg;
    return NULL;
}

/* ---- count_all ---- */

/* TODO(6): its children, one count_up for each element, run at the same time; it awaits them all
 * and adds up their results; cancelled, it leaves none behind. It owns their tasks and frames. See
 * 3.3.1 "async and await". */

struct job *count_all_start(struct jobs *jobs, const struct count *counts, int n, job_done_fn done,
                            void *arg)
{
    /* TODO(6): a count_all with a copy of `counts` runs as a job. */
    (void)jobs;
    (void)counts;
    (void)n;
    (void)done;
    (void)arg;
    return NULL;
}

/* ---- wait_for ---- */

/* TODO(7): one task works, another one cancels it when the time is over, and this one awaits what
 * comes of it. It owns both. See 3.3.1 "async and await". */

struct job *wait_for_start(struct jobs *jobs, int work_ms, int limit_ms, job_done_fn done,
                           void *arg)
{
    /* TODO(7): a wait_for of its own runs as a job. */
    (void)jobs;
    (void)work_ms;
    (void)limit_ms;
    (void)done;
    (void)arg;
    return NULL;
}

/* ---- given: a program that runs them all ---- */

static void on_done(int result, void *arg)
{
    if (result == -ENOSYS)
        fprintf(stderr, "p1_coroutines: start with TODO(1): hello_world is not written yet\n");
    else
        printf("%s: %d\n", (char *)arg, result);
}

/* Whether it is there; if not, says what is to be written. */
static bool is_written(const void *made, const char *name, int todo)
{
    if (made == NULL)
        fprintf(stderr, "p1_coroutines: %s is not written yet: TODO(%d)\n", name, todo);
    return made != NULL;
}

/* Starts what is written. True if that is all. */
static bool start_all(struct jobs *jobs)
{
    static const struct count counts[] = {{"A", 3}, {"B", 3}};
    static char names[][16] = {"hello_world", "count_up",  "count_primes",
                               "work",        "count_all", "wait_for"};
    bool all = hello_world_start(jobs, on_done, names[0]) != NULL;
    all &= is_written(count_up_start(jobs, "C", 2, on_done, names[1]), names[1], 2);
    all &= is_written(count_primes_start(jobs, 10000, on_done, names[2]), names[2], 4);
    all &= is_written(work_start(jobs, "x", 700, 100, on_done, names[3]), names[3], 5);
    all &= is_written(count_all_start(jobs, counts, 2, on_done, names[4]), names[4], 6);
    all &= is_written(wait_for_start(jobs, 10000, 1000, on_done, names[5]), names[5], 7);
    return all;
}

static bool print_fibonacci(int limit)
{
    struct fibonacci *g = fibonacci_new(limit);
    int value;

    if (!is_written(g, "fibonacci", 3))
        return false;
    while (fibonacci_next(g, &value))
        printf("%d\n", value);
    fibonacci_free(g);
    return true;
}

int main(void)
{
    int status = EXIT_FAILURE;
    struct event_base *base = event_base_new();
    struct jobs *jobs = base != NULL ? jobs_new(base) : NULL;

    if (jobs != NULL) {
        bool all = start_all(jobs);
        all &= print_fibonacci(20);
        if (event_base_dispatch(base) == 1 && all) /* 1: nothing was left to wait for */
            status = EXIT_SUCCESS;
    }
    jobs_free(jobs);
    if (base != NULL)
        event_base_free(base);
    return status;
}
