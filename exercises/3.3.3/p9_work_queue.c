/* p9_work_queue.c: write a work queue: jobs in, a few workers, and nothing is lost
 *
 * p9_work_queue.h says what each function does. Given: p9_queue.h, of which a queue is made, with
 * wq_new(), wq_free(), wq_stats() and the dead letters; and p9_program.h, with p9_input.h and
 * p9_process.h: a program that runs commands with it.
 *
 * See it run commands: ./workbook run p9_work_queue
 *
 * SPDX-License-Identifier: MIT
 */
#include "p9_work_queue.h"

#include <errno.h>
#include <limits.h>

#include "p9_program.h"
#include "p9_queue.h"

/* ---- who is served, and what is called back ---- */

/* TODO(1): jobs are accepted, run by as many workers as there are, and told of when they are done;
 * the loop is woken when there is something to do. See p9_queue.h, and 3.3.3 "Work queue". */

static int64_t queue_due(struct wq *q)
{
    (void)q;
    return WQ_NEVER;
}

static void queue_settle(struct wq *q)
{
    (void)q;
}

static bool queue_step(struct wq *q)
{
    (void)q;
    return false;
}

int wq_put(struct wq *q, struct wq_job *job, int priority, wq_cb cb, void *arg)
{
    (void)q;
    (void)job;
    (void)priority;
    (void)cb;
    (void)arg;
    return -ENOSYS;
}

int wq_try_put(struct wq *q, struct wq_job *job, int priority)
{
    (void)q;
    (void)job;
    (void)priority;
    return -ENOSYS;
}

int wq_done(struct wq *q, struct wq_job *job, int err)
{
    (void)q;
    (void)job;
    (void)err;
    return -ENOSYS;
}

static void on_end(int err, void *arg)
{
    (void)err;
    (void)arg;
}

void wq_pause(struct wq *q)
{
    (void)q;
}

void wq_resume(struct wq *q)
{
    (void)q;
}

/* ---- who waits ---- */

int wq_cancel(struct wq *q, struct wq_call *call)
{
    /* TODO(2): a call that waits is over, and its caller will hear of it; any other one is as it
     * was. See 3.3.3 "Backpressure". */
    (void)q;
    (void)call;
    return -ENOSYS;
}

int wq_join(struct wq *q, struct wq_call *call, wq_cb cb, void *arg)
{
    /* TODO(3): the caller is told when no job is under way any more. See 3.3.3 "Work queue". */
    (void)q;
    (void)call;
    (void)cb;
    (void)arg;
    return -ENOSYS;
}

/* ---- what has its time ---- */

/* TODO(4): a job that has failed comes back when its time has come, or it is a dead letter; until
 * then it holds up nobody. See 3.3.1 "Task scheduling". */
/* TODO(5): an attempt whose time is over has been asked to end, and its worker is free when it has.
 * See 3.3.3 "Cleanup". */

static void queue_tick(struct wq *q)
{
    (void)q;
}

/* TODO(6): a job is put when its time has come, and again each period, none of which drifts. See
 * 3.3.1 "Task scheduling". */

int wq_schedule_at(struct wq *q, struct wq_job *job, int priority, int64_t at_ms)
{
    (void)q;
    (void)job;
    (void)priority;
    (void)at_ms;
    return -ENOSYS;
}

int wq_schedule_every(struct wq *q, struct wq_job *job, int priority, int64_t first_ms,
                      int64_t period_ms)
{
    (void)q;
    (void)job;
    (void)priority;
    (void)first_ms;
    (void)period_ms;
    return -ENOSYS;
}

int wq_unschedule(struct wq *q, struct wq_job *job)
{
    (void)q;
    (void)job;
    return -ENOSYS;
}

/* ---- the end ---- */

int wq_shutdown(struct wq *q, enum wq_shutdown how, struct wq_call *call, wq_cb cb, void *arg)
{
    /* TODO(7): nothing new is accepted, nobody waits for a slot any more, and the caller is told
     * when all that was accepted is over, or NOW was asked to be. See 3.3.3 "Cleanup". */
    (void)q;
    (void)how;
    (void)call;
    (void)cb;
    (void)arg;
    return -ENOSYS;
}

/* TODO(8): no more attempts begin than there are tokens for. See 3.3.3 "Flow control". */
/* TODO(9): struct wq_counts is right at every moment. wq_stats(), in p9_queue.h, shows it. */

int main(int argc, char **argv)
{
    return p9_program(argc, argv);
}
