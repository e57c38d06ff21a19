/* p1_coroutines.c: the same jobs as explicit state machines, on plain libevent timers
 *
 * Nothing of coro.h is used. Each job is a struct with a state and one timer; its step function
 * looks at the state, does the next piece and says when it wants to be called again.
 *
 * SPDX-License-Identifier: MIT
 */
#include "p1_coroutines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct jobs {
    struct event_base *base;
    struct job *first; /* the youngest: a job is always younger than the one that started it */
};

enum state { BEGIN, WORKING, CLEANING_UP };

struct job {
    struct jobs *jobs;
    struct job *next, *previous;
    struct event *timer; /* calls the step */
    void (*step)(struct job *job, int wake);
    job_done_fn done;
    void *arg;
    bool cancelled; /* asked for since the last step */
    bool no_memory; /* for the timer of the next step */
    enum state state;
    int i; /* numbers or children dealt with */
    int sum;

    const char *name; /* what is to be done, as far as the kind of job needs it */
    int n, work_ms, cleanup_ms;
    struct job *child;       /* wait_for: NULL once it has ended */
    int child_result, error; /* error: why the children were cancelled */
    struct child {
        struct job *parent, *job; /* job: NULL once it has ended */
        struct count count;
    } children[]; /* count_all */
};

/* Zero milliseconds come on the next turn of the loop. Without memory for the timer the step comes
 * at once, and is told. */
static void step_after(struct job *job, int ms)
{
    const struct timeval tv = {ms / 1000, ms % 1000 * 1000};
    job->no_memory = event_add(job->timer, &tv) != 0;
    if (job->no_memory)
        event_active(job->timer, EV_TIMEOUT, 0);
}

/* The job is gone before its caller is told. */
static void job_end(struct job *job, int result)
{
    job_done_fn done = job->done;
    void *arg = job->arg;

    *(job->previous != NULL ? &job->previous->next : &job->jobs->first) = job->next;
    if (job->next != NULL)
        job->next->previous = job->previous;
    event_free(job->timer);
    free(job);
    done(result, arg);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct job *job = arg;
    int wake = job->cancelled ? -ECANCELED : job->no_memory ? -ENOMEM : 0;

    (void)fd, (void)what;
    job->cancelled = false;
    if (job->state == BEGIN && wake != 0)
        job_end(job, wake);
    else
        job->step(job, wake);
}

static struct job *job_new(struct jobs *jobs, int n_children,
                           void (*step)(struct job *job, int wake), job_done_fn done, void *arg)
{
    struct job *job = calloc(1, sizeof(*job) + (size_t)n_children * sizeof(job->children[0]));
    if (job == NULL)
        return NULL;
    job->timer = evtimer_new(jobs->base, on_timer, job);
    if (job->timer == NULL) {
        free(job);
        return NULL;
    }
    job->jobs = jobs;
    job->step = step;
    job->done = done;
    job->arg = arg;
    job->next = jobs->first;
    if (job->next != NULL)
        job->next->previous = job;
    jobs->first = job;
    step_after(job, 0);
    return job;
}

void job_cancel(struct job *job)
{
    job->cancelled = true;
    step_after(job, 0);
}

struct jobs *jobs_new(struct event_base *base)
{
    struct jobs *jobs = calloc(1, sizeof(*jobs));
    if (jobs != NULL)
        jobs->base = base;
    return jobs;
}

void jobs_free(struct jobs *jobs)
{
    if (jobs == NULL)
        return;
    while (jobs->first != NULL) /* children first */
        job_end(jobs->first, -ECANCELED);
    free(jobs);
}

static void hello_step(struct job *job, int wake)
{
    if (job->state == BEGIN) {
        printf("Hello\n");
        job->state = WORKING;
        step_after(job, 1000);
        return;
    }
    if (wake == 0)
        printf("World\n");
    job_end(job, wake);
}

struct job *hello_world_start(struct jobs *jobs, job_done_fn done, void *arg)
{
    return job_new(jobs, 0, hello_step, done, arg);
}

static void count_up_step(struct job *job, int wake)
{
    job->state = WORKING;
    if (wake != 0) {
        job_end(job, wake);
    } else if (job->i < job->n) {
        printf("%s: %d\n", job->name, job->i++);
        step_after(job, 500);
    } else {
        printf("%s done\n", job->name);
        job_end(job, job->n);
    }
}

struct job *count_up_start(struct jobs *jobs, const char *name, int n, job_done_fn done, void *arg)
{
    struct job *job = job_new(jobs, 0, count_up_step, done, arg);
    if (job != NULL) {
        job->name = name;
        job->n = n;
    }
    return job;
}

struct fibonacci {
    long long a, b, limit;
};

struct fibonacci *fibonacci_new(int limit)
{
    struct fibonacci *g = calloc(1, sizeof(*g));
    if (g != NULL)
        *g = (struct fibonacci){0, 1, limit};
    return g;
}

bool fibonacci_next(struct fibonacci *g, int *value)
{
    if (g->a >= g->limit)
        return false;
    *value = (int)g->a;
    g->b += g->a;
    g->a = g->b - g->a;
    return true;
}

void fibonacci_free(struct fibonacci *g)
{
    free(g);
}

static void count_primes_step(struct job *job, int wake)
{
    job->state = WORKING;
    for (int k = 0; wake == 0 && k < 100 && job->i < job->n; k++)
        job->sum += is_prime(job->i++);
    if (wake == 0 && job->i < job->n)
        step_after(job, 0);
    else
        job_end(job, wake != 0 ? wake : job->sum);
}

struct job *count_primes_start(struct jobs *jobs, int below, job_done_fn done, void *arg)
{
    struct job *job = job_new(jobs, 0, count_primes_step, done, arg);
    if (job != NULL)
        job->n = below;
    return job;
}

static void work_step(struct job *job, int wake)
{
    if (job->state == BEGIN) {
        job->state = WORKING;
        step_after(job, job->work_ms);
    } else if (job->state == WORKING && wake != -ECANCELED) {
        job_end(job, wake == 0 ? job->work_ms : wake);
    } else if (job->state == WORKING) {
        printf("%s cancelled\n", job->name);
        job->state = CLEANING_UP;
        step_after(job, job->cleanup_ms);
    } else {
        printf("%s cleaned\n", job->name);
        job_end(job, -ECANCELED);
    }
}

struct job *work_start(struct jobs *jobs, const char *name, int work_ms, int cleanup_ms,
                       job_done_fn done, void *arg)
{
    struct job *job = job_new(jobs, 0, work_step, done, arg);
    if (job != NULL) {
        job->name = name;
        job->work_ms = work_ms;
        job->cleanup_ms = cleanup_ms;
    }
    return job;
}

/* ---- count_all: job->i children have ended, job->n are there ---- */

static void on_count_done(int result, void *arg)
{
    struct child *child = arg;
    struct job *job = child->parent;

    child->job = NULL;
    job->sum += result;
    if (result < 0 && job->error == 0)
        job->error = result;
    if (++job->i == job->n)
        step_after(job, 0);
}

static void count_all_cancel(struct job *job, int error)
{
    job->error = error;
    for (int k = 0; k < job->n; k++)
        if (job->children[k].job != NULL)
            job_cancel(job->children[k].job);
}

static void count_all_begin(struct job *job)
{
    int wanted = job->n;

    job->state = WORKING;
    for (job->n = 0; job->n < wanted; job->n++) {
        struct child *child = &job->children[job->n];
        child->parent = job;
        child->job =
            count_up_start(job->jobs, child->count.name, child->count.n, on_count_done, child);
        if (child->job == NULL) {
            count_all_cancel(job, -ENOMEM);
            return;
        }
    }
}

static void count_all_step(struct job *job, int wake)
{
    if (job->state == BEGIN)
        count_all_begin(job);
    else if (wake != 0 && job->error == 0)
        count_all_cancel(job, wake);
    if (job->i < job->n)
        return; /* the last child will call again */
    if (job->error == 0)
        printf("gather\n");
    job_end(job, job->error != 0 ? job->error : job->sum);
}

struct job *count_all_start(struct jobs *jobs, const struct count *counts, int n, job_done_fn done,
                            void *arg)
{
    struct job *job = job_new(jobs, n, count_all_step, done, arg);
    if (job == NULL)
        return NULL;
    job->n = n;
    for (int k = 0; k < n; k++)
        job->children[k].count = counts[k];
    return job;
}

/* ---- wait_for: its timer is the limit while the child works ---- */

static void on_work_done(int result, void *arg)
{
    struct job *job = arg;
    job->child = NULL;
    job->child_result = result;
    step_after(job, 0);
}

static void wait_for_begin(struct job *job)
{
    job->state = WORKING;
    job->child = work_start(job->jobs, "w", job->work_ms, 200, on_work_done, job);
    if (job->child == NULL)
        job_end(job, -ENOMEM);
    else
        step_after(job, job->n);
}

static void wait_for_step(struct job *job, int wake)
{
    if (job->state == BEGIN) {
        wait_for_begin(job);
    } else if (job->child != NULL) { /* the limit, or cancelled */
        job->error = job->error != 0 ? job->error : wake != 0 ? wake : -ETIMEDOUT;
        job_cancel(job->child);
    } else if (job->child_result == -ECANCELED) {
        if (job->error == -ETIMEDOUT)
            printf("timeout\n");
        job_end(job, job->error);
    } else {
        job_end(job, job->child_result);
    }
}

struct job *wait_for_start(struct jobs *jobs, int work_ms, int limit_ms, job_done_fn done,
                           void *arg)
{
    struct job *job = job_new(jobs, 0, wait_for_step, done, arg);
    if (job != NULL) {
        job->work_ms = work_ms;
        job->n = limit_ms;
    }
    return job;
}
