/* p2_task_management.c: write what asyncio offers for many tasks at once, on coro.h
 *
 * p2_task_management.h says what each function does. coro.h is the runtime: its first page has an
 * example, the six rules and the interface. p2_tour.h is the program that shows what is written.
 *
 * SPDX-License-Identifier: MIT
 */
#include "p2_task_management.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p2_tour.h"

/* ---- task_shield ---- */

/* TODO(1): a task that ends when `inner` ends, with its result; cancelled, it ends at once, and
 * inner knows nothing of it. See p2_task_management.h, TASK_SUSPEND in coro.h, and 3.3.1 "async and
 * await". */

struct task *task_shield(struct sched *s, struct task *inner)
{
    /* TODO(1): such a task runs; all that it needs is freed with it. */
    (void)s;
    (void)inner;
    return NULL;
}

/* ---- task_wait_first ---- */

/* TODO(2): a task that ends when the first of several ends, and leaves the others alone. See
 * TASK_SUSPEND in coro.h, and 3.3.1 "async and await". */

struct task *task_wait_first(struct sched *s, struct task *const tasks[], int n)
{
    /* TODO(2): such a task runs, with a copy of `tasks`. */
    (void)s;
    (void)tasks;
    (void)n;
    return NULL;
}

/* ---- task_gather ---- */

/* TODO(3): a task that ends when all of several have ended, or the first of them has failed; only
 * its own cancellation goes on to them. See TASK_SUSPEND in coro.h, and 3.3.1 "async and await". */

struct task *task_gather(struct sched *s, struct task *const tasks[], int n, int results[])
{
    /* TODO(3): such a task runs, with a copy of `tasks`, and will fill in `results`. */
    (void)s;
    (void)tasks;
    (void)n;
    (void)results;
    return NULL;
}

/* ---- task_wait_for ---- */

/* TODO(4): a task that ends when the work has ended: by itself, or because its time was over and it
 * was cancelled. See 3.3.1 "Suspension points and resumption". */

struct task *task_wait_for(struct sched *s, struct task *work, int timeout_ms)
{
    /* TODO(4): such a task runs. */
    (void)s;
    (void)work;
    (void)timeout_ms;
    return NULL;
}

/* ---- the semaphore ---- */

/* TODO(5): no permit is ever lost or taken twice, and they go to the tasks that wait in the order
 * of the queue, whatever is cancelled when. See 3.3.1 "Task scheduling". */
struct semaphore {
    int permits;
};

struct semaphore *semaphore_new(int permits)
{
    (void)permits;
    return NULL;
}

void semaphore_free(struct semaphore *semaphore)
{
    free(semaphore);
}

bool semaphore_wait(struct semaphore *semaphore, struct task *t, struct semaphore_waiter *waiter)
{
    (void)semaphore;
    (void)t;
    (void)waiter;
    return false;
}

void semaphore_woken(struct semaphore *semaphore, struct task *t, struct semaphore_waiter *waiter)
{
    (void)semaphore;
    (void)t;
    (void)waiter;
}

void semaphore_release(struct semaphore *semaphore)
{
    (void)semaphore;
}

/* ---- the task set ---- */

/* TODO(6): each of its tasks stands in a list as long as it runs, and is freed at its end. See
 * 3.3.1 "Task scheduling". */
struct task_set {
    struct sched *sched;
};

struct task_set *task_set_new(struct sched *s)
{
    (void)s;
    return NULL;
}

struct task *task_set_spawn(struct task_set *set, task_fn fn, void *frame, const char *name)
{
    (void)set;
    (void)fn;
    (void)frame;
    (void)name;
    return NULL;
}

int task_set_count(const struct task_set *set)
{
    (void)set;
    return 0;
}

void task_set_dump(const struct task_set *set, FILE *out)
{
    (void)set;
    (void)out;
}

void task_set_free(struct task_set *set)
{
    free(set);
}

int main(void)
{
    return p2_tour();
}
