/* 06_task_scheduling.h: a run queue: several jobs take turns, a step at a time
 *
 * A print shop has one printer, and customers who all wait. A thesis of 300 pages must not hold up
 * a letter of one page; so the printer takes one page of each job in turn. Nor may it hold up the
 * rest of the shop: the telephone (a descriptor), the kettle (a timer).
 *
 * A job is a task. Its coroutine is written as a callback, the step function: each call makes one
 * step, here one page, and says whether the task wants another (that is a yield) or has ended. The
 * runner calls the step functions from the loop. The asyncio twin of a job is
 *
 *     async def print_job(name, pages):
 *         for page in range(1, pages + 1):
 *             if page > 1:
 *                 await asyncio.sleep(0)                 # STEP_AGAIN
 *             print(f"{name}: page {page}")
 *         return                                         # STEP_DONE
 *
 *     asyncio.create_task(print_job("letter", 1))        # runner_spawn()
 *
 * What the runner promises
 *   - To spawn a task runs none of it. Its first step comes from the loop, even if the task is
 *     spawned within a step of another one.
 *   - First in, first out. A task that is spawned, or that has yielded, goes behind all that are
 *     ready by then. So a task that spawns another and then yields comes behind that one.
 *   - A turn makes exactly one step for each task that was ready when the turn began, and none for
 *     a task that is spawned in it.
 *   - Between two turns the loop looks at its timers and descriptors: a task may yield for ever,
 *     and all others are served. A turn costs no time: it follows as soon as they have been.
 *   - Without a task that is ready the runner keeps no event in the loop, so that the loop may end.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TASK_SCHEDULING_H
#define TASK_SCHEDULING_H

#include <stddef.h>

struct event_base;
struct runner; /* the run queue of one loop */

/* What a step has come to. */
enum step_end {
    STEP_AGAIN, /* the task yields: it wants another step when the others have had theirs */
    STEP_DONE,  /* the task has ended: its step function is not called any more */
};

/* Makes one step of a task, and returns soon. `arg` is the task's own, from runner_spawn(). It may
 * spawn tasks; it may not free the runner. */
typedef enum step_end (*step_fn)(void *arg);

/* A runner without tasks on this base, or NULL without memory. The caller owns it, and frees it
 * before the base. */
struct runner *runner_new(struct event_base *base);

/* Adds a task whose steps are step(arg). Returns 0, or -ENOMEM, and then there is no such task, and
 * all others are as they were. The runner owns the task until it has ended; `arg` is borrowed. */
int runner_spawn(struct runner *r, step_fn step, void *arg);

/* How many tasks have not ended. Not to be asked within a step. */
size_t runner_waiting(const struct runner *r);

/* Frees a runner, also NULL, with all that it still owns: the tasks that have not ended get no
 * further step. Not to be called within a step. */
void runner_free(struct runner *r);

#endif
