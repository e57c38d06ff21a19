/* 06_task_scheduling.c: another right solution: an event for each task, and libevent's own queue
 *
 * A common timeout is a queue: first in, first out. All tasks wait in the one of 0, so that
 * libevent keeps the order, calls each in its turn, and looks at timers and descriptors between two
 * turns.
 *
 * SPDX-License-Identifier: MIT
 */
#include "06_task_scheduling.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

struct runner_task {
    struct runner *runner;
    struct event *event; /* calls on_step(); owned */
    step_fn step;
    void *arg;
    struct runner_task *next, **link; /* the runner's list, in no order; link: what points here */
};

struct runner {
    struct event_base *base;
    const struct timeval *next_turn; /* the base owns it */
    struct runner_task *tasks;       /* that have not ended; owned */
};

static void task_free(struct runner_task *task)
{
    *task->link = task->next;
    if (task->next != NULL)
        task->next->link = task->link;
    event_free(task->event);
    free(task);
}

static void on_step(evutil_socket_t fd, short what, void *arg)
{
    struct runner_task *task = arg;

    (void)fd;
    (void)what;
    if (task->step(task->arg) == STEP_DONE)
        task_free(task);
    else
        (void)event_add(task->event, task->runner->next_turn);
}

int runner_spawn(struct runner *r, step_fn step, void *arg)
{
    struct runner_task *task = malloc(sizeof(*task));

    if (task == NULL)
        return -ENOMEM;
    *task = (struct runner_task){
        .runner = r, .step = step, .arg = arg, .next = r->tasks, .link = &r->tasks};
    task->event = evtimer_new(r->base, on_step, task);
    if (task->event == NULL || event_add(task->event, r->next_turn) != 0) {
        if (task->event != NULL)
            event_free(task->event);
        free(task);
        return -ENOMEM;
    }
    if (r->tasks != NULL)
        r->tasks->link = &task->next;
    r->tasks = task;
    return 0;
}

size_t runner_waiting(const struct runner *r)
{
    size_t n = 0;

    for (const struct runner_task *task = r->tasks; task != NULL; task = task->next)
        n++;
    return n;
}

struct runner *runner_new(struct event_base *base)
{
    const struct timeval at_once = {.tv_sec = 0};
    struct runner *r = calloc(1, sizeof(*r));

    if (r == NULL)
        return NULL;
    r->base = base;
    r->next_turn = event_base_init_common_timeout(base, &at_once);
    if (r->next_turn == NULL) {
        free(r);
        return NULL;
    }
    return r;
}

void runner_free(struct runner *r)
{
    while (r != NULL && r->tasks != NULL)
        task_free(r->tasks);
    free(r);
}
