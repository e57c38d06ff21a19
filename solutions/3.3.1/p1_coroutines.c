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
    printf("Hello\n");
    TASK_SLEEP(t, 1000);
    if (t->wake != 0)
        TASK_RETURN(t, t->wake);
    printf("World\n");
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

struct count_up {
    struct job job; /* not used when count_all runs it */
    struct count count;
    int i; /* lives across the sleep, so it is here and not a local */
};

static void count_up(struct task *t)
{
    struct count_up *f = t->frame;

    TASK_BEGIN(t);
    for (f->i = 0; f->i < f->count.n; f->i++) {
        printf("%s: %d\n", f->count.name, f->i);
        TASK_SLEEP(t, 500);
        if (t->wake != 0)
            TASK_RETURN(t, t->wake);
    }
    printf("%s done\n", f->count.name);
    TASK_RETURN(t, f->count.n);
    TASK_END(t);
}

struct job *count_up_start(struct jobs *jobs, const char *name, int n, job_done_fn done, void *arg)
{
    struct count_up *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return NULL;
    f->count = (struct count){name, n};
    return job_own(&f->job, task_spawn(jobs->sched, count_up, f), frame_release, done, arg);
}

/* ---- fibonacci ---- */

struct fibonacci {
    struct gen gen;
    int64_t a, b; /* wider than the values: b is up to two numbers ahead of the limit */
    int limit;
};

struct fibonacci *fibonacci_new(int limit)
{
    struct fibonacci *g = calloc(1, sizeof(*g));
    if (g == NULL)
        return NULL;
    g->b = 1;
    g->limit = limit;
    return g;
}

bool fibonacci_next(struct fibonacci *g, int *value)
{
    int64_t sum;

    GEN_BEGIN(&g->gen);
    while (g->a < g->limit) {
        GEN_YIELD(&g->gen, *value = (int)g->a);
        sum = g->a + g->b; /* a local is good enough between two yields */
        g->a = g->b;
        g->b = sum;
    }
    GEN_END(&g->gen);
}

void fibonacci_free(struct fibonacci *g)
{
    free(g);
}

/* ---- count_primes ---- */

struct count_primes {
    struct job job;
    int below, i, count;
};

static void count_primes(struct task *t)
{
    struct count_primes *f = t->frame;

    TASK_BEGIN(t);
    for (f->i = 0; f->i < f->below; f->i++) {
        f->count += is_prime(f->i);
        if (f->i % 100 != 99)
            continue;
        TASK_YIELD(t);
        if (t->wake != 0)
            TASK_RETURN(t, t->wake);
    }
    TASK_RETURN(t, f->count);
    TASK_END(t);
}

struct job *count_primes_start(struct jobs *jobs, int below, job_done_fn done, void *arg)
{
    struct count_primes *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return NULL;
    f->below = below;
    return job_own(&f->job, task_spawn(jobs->sched, count_primes, f), frame_release, done, arg);
}

/* ---- work ---- */

struct work {
    struct job job; /* not used when wait_for runs it */
    const char *name;
    int work_ms, cleanup_ms;
    bool cancelled; /* it cleans up, or has */
};

static void work(struct task *t)
{
    struct work *f = t->frame;

    TASK_BEGIN(t);
    TASK_SLEEP(t, f->work_ms);
    if (t->wake == 0)
        TASK_RETURN(t, f->work_ms);
    f->cancelled = true;
    printf("%s cancelled\n", f->name);
    TASK_SLEEP(t, f->cleanup_ms); /* a second request only makes it shorter */
    printf("%s cleaned\n", f->name);
    TASK_RETURN(t, -ECANCELED);
    TASK_END(t);
}

struct job *work_start(struct jobs *jobs, const char *name, int work_ms, int cleanup_ms,
                       job_done_fn done, void *arg)
{
    struct work *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return NULL;
    f->name = name;
    f->work_ms = work_ms;
    f->cleanup_ms = cleanup_ms;
    return job_own(&f->job, task_spawn(jobs->sched, work, f), frame_release, done, arg);
}

/* ---- count_all ---- */

struct count_all {
    struct job job;
    int n, i, sum;
    int error; /* why the children were cancelled; 0 if they were not */
    struct child {
        struct count_up frame;
        struct task *task; /* owned; NULL before it is spawned */
    } children[];
};

static void count_all_release(struct job *job)
{
    struct count_all *f = (struct count_all *)job;
    for (int i = 0; i < f->n; i++)
        task_free(f->children[i].task);
    free(f);
}

static void cancel_children(struct count_all *f, int error)
{
    f->error = error;
    for (int i = 0; i < f->n; i++)
        task_cancel(f->children[i].task);
}

/* All children, so that they run at the same time. Those that were spawned before memory ran out
 * have not begun, and release may free them. */
static int spawn_children(struct count_all *f, struct sched *sched)
{
    for (int i = 0; i < f->n; i++) {
        f->children[i].task = task_spawn(sched, count_up, &f->children[i].frame);
        if (f->children[i].task == NULL)
            return -ENOMEM;
    }
    return 0;
}

static void count_all(struct task *t)
{
    struct count_all *f = t->frame;

    TASK_BEGIN(t);
    if (spawn_children(f, t->sched) != 0)
        TASK_RETURN(t, -ENOMEM);
    for (f->i = 0; f->i < f->n; f->i++) {
        TASK_AWAIT(t, f->children[f->i].task);
        if (t->wake != 0 && f->error == 0)
            cancel_children(f, t->wake); /* the request reached only the child awaited */
        f->sum += task_result(f->children[f->i].task);
    }
    if (f->error != 0)
        TASK_RETURN(t, f->error);
    printf("gather\n");
    TASK_RETURN(t, f->sum);
    TASK_END(t);
}

struct job *count_all_start(struct jobs *jobs, const struct count *counts, int n, job_done_fn done,
                            void *arg)
{
    struct count_all *f = calloc(1, sizeof(*f) + (size_t)n * sizeof(f->children[0]));
    if (f == NULL)
        return NULL;
    f->n = n;
    for (int i = 0; i < n; i++)
        f->children[i].frame.count = counts[i];
    return job_own(&f->job, task_spawn(jobs->sched, count_all, f), count_all_release, done, arg);
}

/* ---- wait_for ---- */

struct wait_for {
    struct job job;
    struct work work;
    int limit_ms;
    bool timed_out;
    struct task *worker, *watchdog; /* owned; NULL before they are spawned */
};

static void wait_for_release(struct job *job)
{
    struct wait_for *f = (struct wait_for *)job;
    task_free(f->worker);
    task_free(f->watchdog); /* often asleep still: freeing it takes its timer away */
    free(f);
}

static void watchdog(struct task *t)
{
    struct wait_for *f = t->frame;

    TASK_BEGIN(t);
    TASK_SLEEP(t, f->limit_ms);
    if (t->wake != 0)
        TASK_RETURN(t, t->wake);
    f->timed_out = !task_done(f->worker) && !f->work.cancelled;
    if (f->timed_out) /* otherwise it has ended, or the job was cancelled: leave it alone */
        task_cancel(f->worker);
    TASK_END(t);
}

static void wait_for(struct task *t)
{
    struct wait_for *f = t->frame;

    TASK_BEGIN(t);
    f->worker = task_spawn(t->sched, work, &f->work);
    f->watchdog = task_spawn(t->sched, watchdog, f);
    if (f->worker == NULL || f->watchdog == NULL)
        TASK_RETURN(t, -ENOMEM);
    TASK_AWAIT(t, f->worker); /* until its cleanup is over, not only until the limit */
    if (f->timed_out && t->wake == -ECANCELED) {
        printf("timeout\n");
        TASK_RETURN(t, -ETIMEDOUT);
    }
    TASK_RETURN(t, task_result(f->worker));
    TASK_END(t);
}

struct job *wait_for_start(struct jobs *jobs, int work_ms, int limit_ms, job_done_fn done,
                           void *arg)
{
    struct wait_for *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return NULL;
    f->work = (struct work){.name = "w", .work_ms = work_ms, .cleanup_ms = 200};
    f->limit_ms = limit_ms;
    return job_own(&f->job, task_spawn(jobs->sched, wait_for, f), wait_for_release, done, arg);
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
