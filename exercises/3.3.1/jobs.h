/* jobs.h: how a coroutine becomes a job; given
 *
 * A job is a task of coro.h that frees itself at its end, with its frame, and then tells whoever
 * started it. Its frame is a struct from calloc() whose first member is a struct job, so that the
 * address of the one is that of the other. A start function has three steps: make the frame, fill
 * it in, spawn the task and let job_own() bind the two.
 *
 * To be included by p1_coroutines.c alone, after coro.h: it holds the given functions, too.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef JOBS_H
#define JOBS_H

#include <assert.h>
#include <stdlib.h>

#include "coro.h"
#include "p1_coroutines.h"

struct jobs {
    struct sched *sched;
};

/* The first member of every frame. */
struct job {
    struct task *task;
    job_done_fn done;
    void *arg;
    void (*release)(struct job *job); /* frees what the frame owns, and the frame */
};

/* The last that happens to a job: its frame and its task are freed, its caller is told. */
static inline void on_task_done(struct task *task)
{
    struct job *job = task->frame;
    job_done_fn done = job->done;
    void *arg = job->arg;
    int result = task_result(task);

    job->release(job);
    task_free(task);
    done(result, arg);
}

/* Makes the job at the beginning of a frame from calloc() and the task that was spawned with that
 * frame one thing, which frees itself at its end by `release`. Without a task (no memory) it
 * releases the frame and returns NULL. */
static inline struct job *job_own(struct job *job, struct task *task,
                                  void (*release)(struct job *job), job_done_fn done, void *arg)
{
    if (task == NULL) {
        release(job);
        return NULL;
    }
    assert(task->frame == job && "a frame must begin with its struct job");
    *job = (struct job){.task = task, .done = done, .arg = arg, .release = release};
    task->on_done = on_task_done;
    return job;
}

/* `release` for a frame that owns nothing else. */
static inline void frame_release(struct job *job)
{
    free(job);
}

/* ---- given of p1_coroutines.h ---- */

struct jobs *jobs_new(struct event_base *base)
{
    struct jobs *jobs = calloc(1, sizeof(*jobs));
    if (jobs != NULL)
        jobs->sched = sched_new(base);
    if (jobs == NULL || jobs->sched == NULL) {
        free(jobs);
        return NULL;
    }
    return jobs;
}

void jobs_free(struct jobs *jobs)
{
    if (jobs == NULL)
        return;
    sched_free(jobs->sched);
    free(jobs);
}

void job_cancel(struct job *job)
{
    task_cancel(job->task);
}

#endif
