/* p3_demo.h: calls that use what p3_exception_handling.h declares; given
 *
 * How a program looks that is written with your functions. main() runs demo(), and a load() that
 * nobody asks why it failed. asyncio's lines beside it:
 *
 *     async with asyncio.TaskGroup() as g:    |  0.000  A: 0
 *         g.create_task(count_up("A", 4))     |  0.500  A: 1
 *         g.create_task(load())               |  0.700  A cancelled
 *                                             |  0.800  A cleaned
 *     except* OSError as e: print(e)          |  0.800  the errors of load, read_block, close_file
 *
 * To be included by p3_exception_handling.c alone: it holds functions.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P3_DEMO_H
#define P3_DEMO_H

#include <stdlib.h>

#include "p3_exception_handling.h"

/* ---- a group: one of two fails ---- */

struct count_up {
    struct call call;
    int i;
};

static void count_up(struct task *t)
{
    struct count_up *f = t->frame;

    TASK_BEGIN(t);
    for (f->i = 0; f->i < 4; f->i++) {
        printf("A: %d\n", f->i);
        TASK_SLEEP(t, 500);
        if (t->wake == 0)
            continue;
        printf("A cancelled\n");
        TASK_SLEEP(t, 100);
        printf("A cleaned\n");
        TASK_RETURN(t, -ECANCELED);
    }
    printf("A done\n");
    TASK_END(t);
}

static void read_block(struct task *t)
{
    TASK_BEGIN(t);
    TASK_SLEEP(t, 700);
    TASK_RETURN(t, t->wake != 0 ? t->wake : -EIO);
    TASK_END(t);
}

struct load {
    struct call call;
    struct call_exit closing;
    struct call *reading; /* owned */
};

static void load_release(void *frame)
{
    struct load *f = frame;
    call_free(f->reading);
    free(f);
}

static int close_file(void *arg)
{
    (void)arg;
    return -ENOSPC;
}

static void load(struct task *t)
{
    struct load *f = t->frame;

    TASK_BEGIN(t);
    call_on_exit(&f->call, &f->closing, close_file, NULL);
    f->reading = call_start(f->call.calls, calloc(1, sizeof(struct call)), read_block, free);
    if (f->reading == NULL)
        TASK_RETURN(t, call_fail(&f->call, -ENOMEM, "load", NULL));
    TASK_AWAIT(t, f->reading->task);
    if (t->wake != 0)
        TASK_RETURN(t, t->wake);
    if (call_result(f->reading) < 0)
        TASK_RETURN(t, call_fail(&f->call, -ENODATA, "load", call_take(f->reading)));
    TASK_END(t);
}

/* ---- three attempts ---- */

struct lucky {
    struct call call;
    int *made; /* attempts so far */
};

static void third_time_lucky(struct task *t)
{
    struct lucky *f = t->frame;

    TASK_BEGIN(t);
    printf("attempt %d\n", ++*f->made);
    TASK_RETURN(t, *f->made < 3 ? -EAGAIN : 42);
    TASK_END(t);
}

/* ---- both ---- */

struct demo {
    struct call call;
    struct call *child;  /* owned */
    struct group *group; /* owned */
    int attempts;
};

static void demo_release(void *frame)
{
    struct demo *f = frame;
    call_free(f->child);
    group_free(f->group);
    free(f);
}

static struct call *on_attempt(void *arg)
{
    struct demo *f = arg;
    struct lucky *lucky = calloc(1, sizeof(*lucky));
    if (lucky != NULL)
        lucky->made = &f->attempts;
    return call_start(f->call.calls, lucky, third_time_lucky, free);
}

static void demo(struct task *t)
{
    struct demo *f = t->frame;

    TASK_BEGIN(t);
    f->group = group_new(f->call.calls);
    if (f->group == NULL)
        TASK_RETURN(t, -ENOSYS);
    if (group_spawn(f->group, calloc(1, sizeof(struct count_up)), count_up, free) != 0 ||
        group_spawn(f->group, calloc(1, sizeof(struct load)), load, load_release) != 0)
        group_fail(f->group, -ENOMEM, "demo", NULL);
    GROUP_WAIT(t, f->group);
    if (t->wake != 0)
        TASK_RETURN(t, t->wake);
    aerr_print(group_error(f->group), stdout);

    f->child = retry_start(
        f->call.calls,
        &(struct retry){
            .attempts = 5, .base_ms = 100, .max_ms = 1000, .attempt = on_attempt, .arg = f});
    if (f->child == NULL)
        TASK_RETURN(t, -ENOSYS);
    TASK_AWAIT(t, f->child->task);
    if (t->wake != 0)
        TASK_RETURN(t, t->wake);
    printf("retry: %d\n", call_result(f->child));
    TASK_END(t);
}

#endif
