/* 06_task_scheduling.c: a run queue on one event of libevent
 *
 * 06_task_scheduling.h says what the runner promises. The queue is given, and so is the program
 * that prints a thesis, a letter and a poster on one printer. Yours is the scheduling: what puts a
 * task into the queue, what one turn does, and when the next turn comes.
 *
 * See the order of the pages: ./workbook run 06_task_scheduling --virtual
 *
 * SPDX-License-Identifier: MIT
 */
#include "06_task_scheduling.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

struct runner_task {
    step_fn step;
    void *arg;                /* borrowed */
    struct runner_task *next; /* the one behind it in the queue */
};

struct runner {
    struct event *turn;        /* calls on_turn(); owned */
    struct runner_task *first; /* the queue: the tasks that wait for a step; owned */
    struct runner_task **end;  /* where the pointer to one more task belongs */
    size_t waiting;            /* tasks in the queue */
};

/* ---- given: the queue ---- */

static void queue_append(struct runner *r, struct runner_task *task)
{
    task->next = NULL;
    *r->end = task;
    r->end = &task->next;
    r->waiting++;
}

/* Takes the first task out of the queue; there must be one. */
static struct runner_task *queue_take(struct runner *r)
{
    struct runner_task *task = r->first;

    r->first = task->next;
    if (r->first == NULL)
        r->end = &r->first;
    r->waiting--;
    return task;
}

size_t runner_waiting(const struct runner *r)
{
    return r->waiting;
}

/* ---- yours: when a turn comes, who is in it, what becomes of a task ---- */

/* Asks the loop for one call of on_turn(). Returns 0, or -ENOMEM. */
static int turn_order(struct runner *r)
{
    /* TODO(1): the loop is going to call on_turn() once, without a wait, but not before it has
     * looked at its timers and descriptors. See 3.3.1 "Task scheduling". */
    (void)r;
    return -ENOSYS;
}

int runner_spawn(struct runner *r, step_fn step, void *arg)
{
    /* TODO(2): a new task that will call step(arg) is the last one in the queue, and a turn is
     * ordered. Or the result is -ENOMEM, and all is as it was. See 3.3.1 "Task scheduling". */
    (void)step;
    (void)arg;
    (void)queue_append;
    (void)turn_order;
    (void)r;
    return -ENOSYS;
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct runner *r = arg;

    (void)fd;
    (void)what;
    /* TODO(3): each task that was ready when the turn began has made exactly one step, and no other
     * task any. One that wants another is the last in the queue; one that has ended is gone, with
     * its memory. A next turn is ordered if anybody waits for it, and only then. See 3.3.1 "Task
     * scheduling". */
    (void)r;
}

void runner_free(struct runner *r)
{
    if (r == NULL)
        return;
    /* TODO(4): the tasks that have not ended are gone, with their memory. See 3.3.1 "Task
     * scheduling". */
    (void)queue_take;
    if (r->turn != NULL)
        event_free(r->turn);
    free(r);
}

/* ---- given: new, main ---- */

struct runner *runner_new(struct event_base *base)
{
    struct runner *r = calloc(1, sizeof(*r));

    if (r == NULL)
        return NULL;
    r->end = &r->first;
    r->turn = event_new(base, -1, 0, on_turn, r);
    if (r->turn == NULL) {
        runner_free(r);
        return NULL;
    }
    return r;
}

struct print_job {
    const char *name;
    int pages;   /* to print */
    int printed; /* of them */
};

/* A step function: prints one page. */
static enum step_end print_page(void *arg)
{
    struct print_job *job = arg;

    job->printed++;
    printf("%s: page %d\n", job->name, job->printed);
    return job->printed < job->pages ? STEP_AGAIN : STEP_DONE;
}

static void on_kettle(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    printf("kettle: boils\n");
}

/* Three jobs share the printer, and the kettle boils meanwhile. */
int main(void)
{
    const struct timeval at_once = {.tv_sec = 0};
    struct print_job jobs[] = {{"thesis", 4, 0}, {"letter", 1, 0}, {"poster", 2, 0}};
    int status = EXIT_FAILURE;
    struct event_base *base = event_base_new();
    struct runner *r = base != NULL ? runner_new(base) : NULL;
    struct event *kettle = base != NULL ? evtimer_new(base, on_kettle, NULL) : NULL;
    int err = r != NULL && kettle != NULL ? 0 : -ENOMEM;

    for (int k = 0; k < 3 && err == 0; k++)
        err = runner_spawn(r, print_page, &jobs[k]);
    if (err == 0 && event_add(kettle, &at_once) != 0)
        err = -ENOMEM;
    if (err != 0) {
        const char *why = "out of memory";
        if (err == -ENOSYS)
            why = turn_order(r) == -ENOSYS ? "nothing is written yet: start with TODO(1)"
                                           : "runner_spawn() is not written yet: TODO(2)";
        fprintf(stderr, "06_task_scheduling: set-up: %s\n", why);
        goto cleanup;
    }
    if (event_base_dispatch(base) == 1 && runner_waiting(r) == 0)
        status = EXIT_SUCCESS;
    else
        fprintf(stderr, "06_task_scheduling: the loop has ended; tasks without a turn: %zu%s\n",
                runner_waiting(r), jobs[0].printed == 0 ? ": on_turn() is TODO(3)" : "");

cleanup:
    runner_free(r);
    if (kettle != NULL)
        event_free(kettle);
    if (base != NULL)
        event_base_free(base);
    return status;
}
