/* p2_task_management.h: write what asyncio offers for many tasks at once, on coro.h
 *
 * Await them all, await the first, give up after a while, protect from a cancellation, let in only
 * so many at a time, keep what runs in the background: asyncio has a function for each, and so will
 * you. The twin stands beside each; lines and times are the same. The pages that they mirror:
 *     https://docs.python.org/3.11/library/asyncio-task.html
 *     https://docs.python.org/3.11/library/asyncio-sync.html#asyncio.Semaphore
 *
 * What holds for task_shield(), task_wait_first(), task_gather() and task_wait_for(), below called
 * the four:
 *   - Each spawns a task and returns it, a task like any other: it may be awaited, cancelled, asked
 *     for its result, handed to another of the four. None of it runs inside the call. The caller
 *     frees it with task_free(), which frees all that belongs to it: its on_free is yours, its
 *     on_done the caller's. It can be freed at any time, before it has ended as well.
 *   - NULL only if there is not enough memory; then nothing is left behind. If memory runs out
 *     later, the result is -ENOMEM.
 *   - The tasks handed in are borrowed: they, their on_done and their on_free stay the caller's.
 *     They may have ended before the call. They must not be freed before the task of the four has
 *     ended or has been freed; after that they may be, also if they still run. The array is copied:
 *     it may be gone as soon as the call returns.
 *   - Cancelled before its first step, it has done nothing, as any task of coro.h: the tasks handed
 *     in go on. Cancelled later, but before it has ended, its result is -ECANCELED: also if what it
 *     waits for ended in the same turn. Nothing is lost by that, as the tasks handed in keep their
 *     results. What becomes of those tasks is said with each function.
 *   - Freeing it, and the result -ENOMEM, leave the tasks handed in alone.
 *   - While it waits the loop sleeps: it is woken at the end that it waits for, and does not look
 *     for it again and again.
 *   - Nothing that it made for itself keeps the loop running once it has ended.
 * All times are milliseconds. A result is 0 or more, or a negative errno. "At once" means without
 * waiting for anything more; it may take some turns of the scheduler, but no time.
 *
 * Mind what coro.h says about task_cancel(): a task that awaits a child hands the request to the
 * child, and cannot tell later whether it was for itself. So who only looks on while others work
 * must not TASK_AWAIT them itself. TASK_SUSPEND and task_wake() are there for that.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P2_TASK_MANAGEMENT_H
#define P2_TASK_MANAGEMENT_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/queue.h>

#include "coro.h"

/* ---- tasks that wait for tasks ---- */

/* Ends when `inner` does. Result: that of inner.
 * Cancelled: ends at once, -ECANCELED, and inner goes on undisturbed; its result, also an error,
 * can be had from inner itself later. NULL: -EINVAL.
 *
 *     await asyncio.shield(inner)
 */
struct task *task_shield(struct sched *s, struct task *inner);

/* Ends when the first of the n `tasks` does. Result: its index, from 0; its own result is at the
 * task, whether an error or not. Of several that end at the same time, or had ended before: any.
 * The others go on undisturbed, and end later as if nobody had waited for them.
 * Cancelled: ends at once, -ECANCELED; all go on undisturbed.
 * n < 1, NULL among the tasks, or the same task twice: -EINVAL.
 *
 *     done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
 */
struct task *task_wait_first(struct sched *s, struct task *const tasks[], int n);

/* Ends when all of the n `tasks` have ended with 0 or more: result 0. Or when the first of them
 * ends with an error: then that error is the result, and the others go on undisturbed. (Of several
 * that fail at the same time, or had failed before: any.)
 * When it has ended, results[i] is the result of tasks[i], in the order of the array; -EINPROGRESS
 * for one that still runs. `results` has room for n, must stay until the task has ended or is
 * freed, and is not touched after that. It holds nothing of use if the result is -EINVAL or
 * -ENOMEM, or if the task was cancelled before its first step, or ended by sched_free().
 * Cancelled: hands the request on to all tasks, waits until all have ended, whatever they make of
 * it, and ends with -ECANCELED. The same once more for each further request until then.
 * n == 0: result 0, and results may be NULL. n < 0, NULL among the tasks, or the same task twice:
 * -EINVAL.
 *
 *     results = await asyncio.gather(*tasks)
 */
struct task *task_gather(struct sched *s, struct task *const tasks[], int n, int results[]);

/* Ends when `work` does. Result: that of work, if it ends within `timeout_ms`, counted from the
 * first step. Otherwise cancels work and waits until it has ended, which may take its time: result
 * -ETIMEDOUT if work ended with -ECANCELED; but if it refused, and ended with another result, then
 * that one. If work is due exactly at the limit, either may happen. Up to 0 ms: the result of work
 * if it has ended, or else work is cancelled at once.
 * Cancelled: hands the request on to work, waits until it has ended, whatever it makes of it, and
 * ends with -ECANCELED; the limit no longer counts. The same once more for each further request
 * until then, and for one that comes while work cleans up after the timeout. (asyncio 3.11 forgets
 * a request that comes in the turn in which work ends; 3.12 no longer does.) NULL: -EINVAL.
 *
 *     await asyncio.wait_for(work, timeout)
 */
struct task *task_wait_for(struct sched *s, struct task *work, int timeout_ms);

/* ---- a semaphore ---- */

/* Permits, and a queue of tasks that wait for one. A permit that becomes free is handed to the task
 * that has waited longest; nobody who comes later gets it in between. */
struct semaphore;

/* A task that waits, or is going to: a member of its frame, which need not be initialised. */
struct semaphore_waiter {
    TAILQ_ENTRY(semaphore_waiter) link; /* its place in the queue, while it stands there */
    struct task *task;                  /* that waits; not owned */
    bool has_permit;                    /* it was handed one, and taken out of the queue */
};

/* `permits` may be 0 or more. NULL without memory. */
struct semaphore *semaphore_new(int permits);

/* NULL is allowed. Frees no task and touches none, but none that waits in the queue may run after
 * it: cancel those and let them end before, or call sched_free() first. For the same reason a task
 * must not be freed while it stands in the queue of a semaphore that is still in use. */
void semaphore_free(struct semaphore *semaphore);

/* Waits for a permit, inside the function of task t; `waiter` points into its frame. Takes no
 * memory. Afterwards t->wake is 0, and t has a permit, which somebody has to give back with
 * semaphore_release(); or it is negative, and t has none and stands in no queue. Does not suspend
 * if a permit is free.
 *
 *     async with semaphore:       |  SEMAPHORE_ACQUIRE(t, f->semaphore, &f->waiter);
 *         await asyncio.sleep(1)  |  if (t->wake != 0)
 *                                 |      TASK_RETURN(t, t->wake);
 *                                 |  TASK_SLEEP(t, 1000);
 *                                 |  semaphore_release(f->semaphore);
 */
#define SEMAPHORE_ACQUIRE(t, semaphore, waiter)                                                    \
    do {                                                                                           \
        (t)->wake = 0;                                                                             \
        if (semaphore_wait((semaphore), (t), (waiter))) {                                          \
            TASK_SUSPEND(t);                                                                       \
            semaphore_woken((semaphore), (t), (waiter));                                           \
        }                                                                                          \
    } while (0)

/* The first half of SEMAPHORE_ACQUIRE. False: t has taken a permit. True: there was none, `waiter`
 * stands in the queue for t, and t is going to be suspended. */
bool semaphore_wait(struct semaphore *semaphore, struct task *t, struct semaphore_waiter *waiter);

/* The second half, when t goes on. t->wake is 0 if it was handed a permit. If it is negative, t was
 * cancelled: it leaves the queue, or, if it had been handed a permit in the same turn, that one
 * goes on to the next. */
void semaphore_woken(struct semaphore *semaphore, struct task *t, struct semaphore_waiter *waiter);

/* Gives a permit back, from anywhere on the loop's thread: to the task that has waited longest and
 * was not cancelled, or, if nobody waits, to whoever comes next. As in asyncio, more permits may be
 * given back than were taken. */
void semaphore_release(struct semaphore *semaphore);

/* ---- tasks in the background ---- */

/* The tasks that nobody awaits: the set keeps them, and each is freed at its end.
 *
 *     background_tasks = set()
 *     task = asyncio.create_task(work(), name="work")
 *     background_tasks.add(task)
 *     task.add_done_callback(background_tasks.discard)
 */
struct task_set;

/* NULL without memory. */
struct task_set *task_set_new(struct sched *s);

/* Spawns a task of the set, which frees itself at its end. The caller may cancel it before that and
 * set its on_free, to have its frame freed with it; on_done is yours. It is not to be awaited or
 * handed to the four. `name` is copied; sched_dump() shows it, too. NULL without memory: then the
 * frame is still the caller's, and nothing is left behind. */
struct task *task_set_spawn(struct task_set *set, task_fn fn, void *frame, const char *name);

/* How many tasks of the set have not ended. One that has is not counted any more, nor named below:
 * not later in the same turn, and not in its on_free.  | len(background_tasks) */
int task_set_count(const struct task_set *set);

/* Prints the names of those that have not ended, one a line, in the order in which they were
 * spawned. */
void task_set_dump(const struct task_set *set, FILE *out);

/* Frees the tasks that still run, which do not go on, and the set. Not from inside one of its
 * tasks. NULL is allowed. To be called before sched_free() or after it. */
void task_set_free(struct task_set *set);

#endif
