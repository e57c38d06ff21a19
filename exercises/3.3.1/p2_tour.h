/* p2_tour.h: the program that shows what p2_task_management.c can do; given
 *
 * Six scenes, one after the other, each a coroutine with its asyncio twin above it. The twin prints
 * the same lines at the same times. The tour ends at the first function that is not written yet.
 * To be included by p2_task_management.c alone.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P2_TOUR_H
#define P2_TOUR_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p2_task_management.h"

/* ---- the tasks that are managed ---- */

/* async def count_up(name, n, interval=.5, error=None):
 *     try:
 *         for i in range(n): print(f"{name}: {i}"); await asyncio.sleep(interval)
 *     except asyncio.CancelledError:
 *         print(name, "cancelled"); await asyncio.sleep(.2); print(name, "cleaned"); raise
 *     if error: print(name, "fails"); raise error
 *     print(name, "done")
 */
struct count_up {
    const char *name;
    int n, interval_ms;
    int result; /* an error, or 0 */
    int i;
};

static void count_up(struct task *t)
{
    struct count_up *f = t->frame;

    TASK_BEGIN(t);
    t->wake = 0;
    for (f->i = 0; f->i < f->n && t->wake == 0; f->i++) {
        printf("%s: %d\n", f->name, f->i);
        TASK_SLEEP(t, f->interval_ms);
    }
    if (t->wake == 0) {
        printf("%s %s\n", f->name, f->result < 0 ? "fails" : "done");
        TASK_RETURN(t, f->result);
    }
    printf("%s cancelled\n", f->name);
    TASK_SLEEP(t, 200);
    printf("%s cleaned\n", f->name);
    TASK_RETURN(t, -ECANCELED);
    TASK_END(t);
}

/* async def visit(i, semaphore):
 *     async with semaphore: print("enter", i); await asyncio.sleep(1)
 *     print("exit", i)
 */
struct visit {
    int i;
    struct semaphore *semaphore; /* borrowed */
    struct semaphore_waiter waiter;
};

static void visit(struct task *t)
{
    struct visit *f = t->frame;

    TASK_BEGIN(t);
    SEMAPHORE_ACQUIRE(t, f->semaphore, &f->waiter);
    if (t->wake != 0)
        TASK_RETURN(t, t->wake);
    printf("enter %d\n", f->i);
    TASK_SLEEP(t, 1000);
    semaphore_release(f->semaphore);
    printf("exit %d\n", f->i);
    TASK_END(t);
}

/* ---- the scenes ---- */

enum { VISITS = 5 };

/* The frame of a scene. All that it points to is owned, and may be NULL. */
struct scene {
    struct count_up count_ups[2];
    struct task *tasks[2]; /* that run them */
    struct task *made;     /* by the function that is shown */
    int results[2];
    struct semaphore *semaphore;
    struct visit visits[VISITS];
    struct task *visitors[VISITS];
    struct task_set *background;
};

static void scene_release(struct scene *f)
{
    task_free(f->made);
    for (int i = 0; i < 2; i++)
        task_free(f->tasks[i]);
    for (int i = 0; i < VISITS; i++)
        task_free(f->visitors[i]);
    if (f->semaphore != NULL)
        semaphore_free(f->semaphore);
    if (f->background != NULL)
        task_set_free(f->background);
}

static int spawn_count_ups(struct scene *f, struct sched *s, struct count_up a, struct count_up b)
{
    f->count_ups[0] = a;
    f->count_ups[1] = b;
    for (int i = 0; i < 2; i++)
        if ((f->tasks[i] = task_spawn(s, count_up, &f->count_ups[i])) == NULL)
            return -ENOMEM;
    return 0;
}

/* a, b = asyncio.create_task(count_up("A", 3)), asyncio.create_task(count_up("B", 1))
 * shielded = asyncio.shield(a)
 * await asyncio.sleep(.7); shielded.cancel(); print("shield cancelled")
 * await a
 */
static void show_shield(struct task *t)
{
    struct scene *f = t->frame;

    TASK_BEGIN(t);
    if (spawn_count_ups(f, t->sched, (struct count_up){.name = "A", .n = 3, .interval_ms = 500},
                        (struct count_up){.name = "B", .n = 1, .interval_ms = 500}) != 0)
        TASK_RETURN(t, -ENOMEM);
    f->made = task_shield(t->sched, f->tasks[0]);
    if (f->made == NULL)
        TASK_RETURN(t, -ENOMEM);
    TASK_SLEEP(t, 700);
    task_cancel(f->made);
    printf("shield cancelled\n");
    TASK_AWAIT(t, f->tasks[0]);
    TASK_END(t);
}

/* a, b = asyncio.create_task(count_up("A", 3)), asyncio.create_task(count_up("B", 1))
 * done, pending = await asyncio.wait([a, b], return_when=asyncio.FIRST_COMPLETED)
 * print("first:", "A" if a in done else "B")
 * await a
 */
static void show_wait_first(struct task *t)
{
    struct scene *f = t->frame;

    TASK_BEGIN(t);
    if (spawn_count_ups(f, t->sched, (struct count_up){.name = "A", .n = 3, .interval_ms = 500},
                        (struct count_up){.name = "B", .n = 1, .interval_ms = 500}) != 0)
        TASK_RETURN(t, -ENOMEM);
    f->made = task_wait_first(t->sched, f->tasks, 2);
    if (f->made == NULL)
        TASK_RETURN(t, -ENOMEM);
    TASK_AWAIT(t, f->made);
    if (task_result(f->made) >= 0)
        printf("first: %s\n", f->count_ups[task_result(f->made)].name);
    TASK_AWAIT(t, f->tasks[0]);
    TASK_END(t);
}

/* a = asyncio.create_task(count_up("A", 4))
 * b = asyncio.create_task(count_up("B", 1, .7, OSError("broken")))
 * try: await asyncio.gather(a, b)
 * except OSError: print("gather failed, A done?", a.done())
 * await a
 */
static void show_gather(struct task *t)
{
    struct scene *f = t->frame;

    TASK_BEGIN(t);
    if (spawn_count_ups(f, t->sched, (struct count_up){.name = "A", .n = 4, .interval_ms = 500},
                        (struct count_up){"B", 1, 700, -EIO, 0}) != 0)
        TASK_RETURN(t, -ENOMEM);
    f->made = task_gather(t->sched, f->tasks, 2, f->results);
    if (f->made == NULL)
        TASK_RETURN(t, -ENOMEM);
    TASK_AWAIT(t, f->made);
    if (task_result(f->made) == -EIO)
        printf("gather failed, A done? %s\n", f->results[0] == -EINPROGRESS ? "False" : "True");
    TASK_AWAIT(t, f->tasks[0]);
    TASK_END(t);
}

/* try: await asyncio.wait_for(count_up("A", 9), 1.2)
 * except asyncio.TimeoutError: print("timeout")
 */
static void show_wait_for(struct task *t)
{
    struct scene *f = t->frame;

    TASK_BEGIN(t);
    f->count_ups[0] = (struct count_up){.name = "A", .n = 9, .interval_ms = 500};
    f->tasks[0] = task_spawn(t->sched, count_up, &f->count_ups[0]);
    if (f->tasks[0] == NULL)
        TASK_RETURN(t, -ENOMEM);
    f->made = task_wait_for(t->sched, f->tasks[0], 1200);
    if (f->made == NULL)
        TASK_RETURN(t, -ENOMEM);
    TASK_AWAIT(t, f->made);
    if (task_result(f->made) == -ETIMEDOUT)
        printf("timeout\n");
    TASK_END(t);
}

/* semaphore = asyncio.Semaphore(2)
 * await asyncio.gather(*(visit(i, semaphore) for i in range(5)))
 */
static void show_semaphore(struct task *t)
{
    struct scene *f = t->frame;

    TASK_BEGIN(t);
    f->semaphore = semaphore_new(2);
    if (f->semaphore == NULL)
        TASK_RETURN(t, -ENOMEM);
    for (int i = 0; i < VISITS; i++) {
        f->visits[i] = (struct visit){.i = i, .semaphore = f->semaphore};
        f->visitors[i] = task_spawn(t->sched, visit, &f->visits[i]);
        if (f->visitors[i] == NULL)
            TASK_RETURN(t, -ENOMEM);
    }
    TASK_END(t); /* the loop runs until all have ended */
}

/* background = [asyncio.create_task(count_up("A", 3), name="count to 3"),
 *               asyncio.create_task(count_up("B", 1), name="count to 1")]
 * await asyncio.sleep(.7)
 * for task in background:
 *     if not task.done(): print(task.get_name())
 */
static void show_task_set(struct task *t)
{
    struct scene *f = t->frame;

    TASK_BEGIN(t);
    f->count_ups[0] = (struct count_up){.name = "A", .n = 3, .interval_ms = 500};
    f->count_ups[1] = (struct count_up){.name = "B", .n = 1, .interval_ms = 500};
    f->background = task_set_new(t->sched);
    if (f->background == NULL ||
        task_set_spawn(f->background, count_up, &f->count_ups[0], "count to 3") == NULL ||
        task_set_spawn(f->background, count_up, &f->count_ups[1], "count to 1") == NULL)
        TASK_RETURN(t, -ENOMEM);
    TASK_SLEEP(t, 700);
    task_set_dump(f->background, stdout);
    TASK_END(t);
}

/* ---- one after the other ---- */

static int run_scene(struct event_base *base, task_fn fn)
{
    int result = -ENOMEM;
    struct scene f = {.made = NULL};
    struct sched *s = sched_new(base);
    struct task *t = s != NULL ? task_spawn(s, fn, &f) : NULL;

    if (t != NULL && event_base_dispatch(base) >= 0)
        result = task_result(t);
    sched_free(s);
    scene_release(&f);
    task_free(t);
    return result;
}

static void do_nothing(struct task *t)
{
    (void)t;
}

/* Asks before the scene: does the function of this TODO return anything? What it makes is ended
 * before it has run. */
static bool is_written(struct event_base *base, int todo)
{
    int results[1];
    struct sched *s = sched_new(base);
    struct task *task = s != NULL ? task_spawn(s, do_nothing, NULL) : NULL, *made = NULL;
    struct semaphore *semaphore = NULL;
    struct task_set *set = NULL;

    if (task != NULL && todo == 1)
        made = task_shield(s, task);
    else if (task != NULL && todo == 2)
        made = task_wait_first(s, &task, 1);
    else if (task != NULL && todo == 3)
        made = task_gather(s, &task, 1, results);
    else if (task != NULL && todo == 4)
        made = task_wait_for(s, task, 1);
    else if (task != NULL && todo == 5)
        semaphore = semaphore_new(1);
    else if (task != NULL)
        set = task_set_new(s);
    bool written = made != NULL || semaphore != NULL ||
                   (set != NULL && task_set_spawn(set, do_nothing, NULL, "nothing") != NULL);
    sched_free(s);
    task_free(made);
    task_free(task);
    if (semaphore != NULL)
        semaphore_free(semaphore);
    if (set != NULL)
        task_set_free(set);
    return written;
}

/* For `main` to return. */
static int p2_tour(void)
{
    static const struct {
        const char *shown;
        task_fn fn;
    } scenes[] = {{"task_shield", show_shield},    {"task_wait_first", show_wait_first},
                  {"task_gather", show_gather},    {"task_wait_for", show_wait_for},
                  {"a semaphore", show_semaphore}, {"a task set", show_task_set}};
    struct event_base *base = event_base_new();
    int result = base != NULL ? 0 : -ENOMEM, shown = 0;

    while (result == 0 && shown < 6 && is_written(base, shown + 1)) {
        printf("-- %s\n", scenes[shown].shown);
        result = run_scene(base, scenes[shown++].fn);
    }
    if (result != 0)
        fprintf(stderr, "p2_task_management: %s\n", strerror(-result));
    else if (shown < 6)
        fprintf(stderr, "p2_task_management: %s TODO(%d): %s is not written yet\n",
                shown == 0 ? "start with" : "go on with", shown + 1, scenes[shown].shown);
    if (base != NULL)
        event_base_free(base);
    return result == 0 && shown == 6 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
