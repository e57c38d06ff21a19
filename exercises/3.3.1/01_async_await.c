/* 01_async_await.c: an espresso machine, by callbacks, by a state machine, by a coroutine
 *
 * 01_async_await.h says what the machine does. Two ways to write it are given. Yours is the third:
 * make_espresso(), a coroutine on coro.h. It is to print what the other two print, at the same
 * times. Beside each other: ./workbook run 01_async_await --virtual
 *
 * Rules of coro.h:
 *   1. What lives across a wait lives in the frame, here struct espresso; a local is lost.
 *   2. One wait on a line.
 *   3. No wait inside a `switch` of your own.
 *   4. After each wait read t->wake: 0, or a negative errno that says why it was given up.
 *   5. Never call a task function yourself: only the scheduler resumes a task.
 *   6. Who spawns a task frees it: here espresso_free() does.
 *
 * SPDX-License-Identifier: MIT
 */
#include "01_async_await.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "coro.h"

enum step { START, GRIND, HEAT, BREW };

struct espresso {
    struct espresso_order order;
    espresso_cb on_done;
    void *arg;
    struct event *timer; /* callbacks, state machine: ends the present step; owned */
    enum step step;      /* state machine: the present step */
    struct task *task;   /* coroutine: make_espresso(), its frame is this struct; owned */
};

static void say(const struct espresso *e, const char *what)
{
    printf("%s: %s\n", e->order.machine, what);
}

/* Called when the time of `step` is over; `wake` tells whether the wait for that went well (0).
 * Says what the step has come to, and returns it: 0 or a negative errno. */
static int step_end(const struct espresso *e, enum step step, int wake)
{
    if (wake != 0)
        return wake;
    if (step == GRIND && e->order.beans_g < DOSE_G) {
        say(e, "no beans");
        return -ENODATA;
    }
    if (step == HEAT && e->order.water_ml < CUP_ML) {
        say(e, "no water");
        return -ENODATA;
    }
    say(e, step == GRIND ? "ground" : step == HEAT ? "hot" : "espresso");
    return 0;
}

/* The last thing that is done with `e` here, because on_done may free it. */
static void finish(struct espresso *e, int result)
{
    e->on_done(result, e->arg);
}

/* Has `on_time` called when `ms` have passed, and returns at once: 0, or -ENOMEM. */
static int wait_ms(struct espresso *e, int ms, event_callback_fn on_time)
{
    const struct timeval delay = {.tv_usec = ms * 1000};
    struct event_base *base = event_get_base(e->timer);

    if (evtimer_assign(e->timer, base, on_time, e) != 0 || event_add(e->timer, &delay) != 0)
        return -ENOMEM;
    return 0;
}

/* ---- given: callbacks. The last step stands first, because each names the next. ---- */

static void on_brewed(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    finish(arg, step_end(arg, BREW, 0));
}

static void on_hot(evutil_socket_t fd, short what, void *arg)
{
    int err = step_end(arg, HEAT, 0);

    (void)fd;
    (void)what;
    if (err == 0)
        err = wait_ms(arg, BREW_MS, on_brewed);
    if (err != 0)
        finish(arg, err);
}

static void on_ground(evutil_socket_t fd, short what, void *arg)
{
    int err = step_end(arg, GRIND, 0);

    (void)fd;
    (void)what;
    if (err == 0)
        err = wait_ms(arg, HEAT_MS, on_hot);
    if (err != 0)
        finish(arg, err);
}

static void on_start(evutil_socket_t fd, short what, void *arg)
{
    int err;

    (void)fd;
    (void)what;
    say(arg, "start");
    err = wait_ms(arg, GRIND_MS, on_ground);
    if (err != 0)
        finish(arg, err);
}

/* ---- given: a state machine. One callback, which looks up what it has waited for. ---- */

static void on_machine_woken(evutil_socket_t fd, short what, void *arg)
{
    struct espresso *e = arg;
    int err = 0;

    (void)fd;
    (void)what;
    switch (e->step) {
    case START:
        say(e, "start");
        e->step = GRIND;
        err = wait_ms(e, GRIND_MS, on_machine_woken);
        break;
    case GRIND:
        err = step_end(e, GRIND, 0);
        e->step = HEAT;
        if (err == 0)
            err = wait_ms(e, HEAT_MS, on_machine_woken);
        break;
    case HEAT:
        err = step_end(e, HEAT, 0);
        e->step = BREW;
        if (err == 0)
            err = wait_ms(e, BREW_MS, on_machine_woken);
        break;
    case BREW:
        finish(e, step_end(e, BREW, 0));
        return;
    }
    if (err != 0)
        finish(e, err);
}

/* ---- yours: a coroutine ---- */

static void make_espresso(struct task *t)
{
    struct espresso *e = t->frame;
    int err; /* may be a local: it is read on the same side of a wait as it is set */

    TASK_BEGIN(t);
    /* TODO(1): the machine has said "start". Then GRIND_MS have passed, in which the loop served
     * others. Then `err` is what grinding has come to. See 3.3.1 "async and await". */
    (void)e;
    err = -ENOSYS;
    /* TODO(2): the task has ended with `err` if grinding failed. Otherwise heating has followed in
     * the same way, with its own time, and has ended the task if it failed. Then brewing has
     * followed, and `err` is what it has come to. See 3.3.1 "Suspension points and resumption". */
    TASK_RETURN(t, err);
    TASK_END(t);
}

/* Runs when make_espresso() has ended, in whatever way: here its result leaves for the caller. */
static void on_task_done(struct task *t)
{
    finish(t->frame, task_result(t));
}

/* ---- given: start, free, main ---- */

struct espresso *espresso_start(struct sched *sched, enum espresso_way way,
                                const struct espresso_order *order, espresso_cb on_done, void *arg)
{
    struct espresso *e = calloc(1, sizeof(*e));

    if (e == NULL)
        return NULL;
    e->order = *order;
    e->on_done = on_done;
    e->arg = arg;
    if (way == BY_COROUTINE) {
        e->task = task_spawn(sched, make_espresso, e); /* its first step comes with the next turn */
        if (e->task == NULL)
            goto bad;
        e->task->on_done = on_task_done;
        return e;
    }
    e->timer = evtimer_new(sched->base, way == BY_CALLBACKS ? on_start : on_machine_woken, e);
    if (e->timer == NULL)
        goto bad;
    event_active(e->timer, EV_TIMEOUT, 0);
    return e;
bad:
    free(e);
    return NULL;
}

void espresso_free(struct espresso *e)
{
    if (e == NULL)
        return;
    task_free(e->task);
    if (e->timer != NULL)
        event_free(e->timer);
    free(e);
}

static void on_espresso_done(int result, void *arg)
{
    *(int *)arg = result;
    if (result == -ENOSYS)
        fprintf(stderr, "01_async_await: start with TODO(1) in make_espresso()\n");
}

/* Three espressos side by side, one made in each way. */
int main(void)
{
    static const char *const WAYS[] = {"callbacks", "state machine", "coroutine"};
    struct espresso *made[3] = {NULL};
    int results[3] = {-EINPROGRESS, -EINPROGRESS, -EINPROGRESS};
    int status = EXIT_FAILURE;
    struct event_base *base = event_base_new();
    struct sched *sched = base != NULL ? sched_new(base) : NULL;

    for (int k = 0; k < 3; k++) {
        const struct espresso_order order = {WAYS[k], DOSE_G, CUP_ML};

        if (sched != NULL)
            made[k] =
                espresso_start(sched, (enum espresso_way)k, &order, on_espresso_done, &results[k]);
        if (made[k] == NULL) {
            fprintf(stderr, "01_async_await: espresso_start: out of memory\n");
            goto cleanup;
        }
    }
    if (event_base_dispatch(base) == 1 && results[BY_COROUTINE] == 0)
        status = EXIT_SUCCESS;

cleanup:
    for (int k = 0; k < 3; k++)
        espresso_free(made[k]);
    sched_free(sched);
    if (base != NULL)
        event_base_free(base);
    return status;
}
