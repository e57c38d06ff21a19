/* 01_async_await.c: another right solution: one table of steps, for all three ways
 *
 * No coroutine and no task: a plain libevent timer walks through a table. It shows that the suite
 * asks for what the machine does, and not for the macros.
 *
 * SPDX-License-Identifier: MIT
 */
#include "01_async_await.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "coro.h"

/* What happens when a wait of `ms` is over. */
struct step {
    int ms;
    const char *line;
    const char *failure; /* NULL if it cannot fail */
};

static const struct step STEPS[] = {
    {0, "start", NULL},
    {GRIND_MS, "ground", "no beans"},
    {HEAT_MS, "hot", "no water"},
    {BREW_MS, "espresso", NULL},
};
enum { GRIND = 1, HEAT = 2, STEP_COUNT = sizeof(STEPS) / sizeof(STEPS[0]) };

struct espresso {
    struct espresso_order order;
    espresso_cb on_done;
    void *arg;
    struct event *timer; /* ends the present step; owned */
    int step;            /* index in STEPS */
};

static bool runs_out(const struct espresso_order *order, int step)
{
    return (step == GRIND && order->beans_g < DOSE_G) || (step == HEAT && order->water_ml < CUP_ML);
}

static int step_arm(struct espresso *e)
{
    const struct timeval delay = {.tv_usec = STEPS[e->step].ms * 1000};

    return event_add(e->timer, &delay) == 0 ? 0 : -ENOMEM;
}

static void on_step_over(evutil_socket_t fd, short what, void *arg)
{
    struct espresso *e = arg;
    const struct step *step = &STEPS[e->step];
    const bool failed = runs_out(&e->order, e->step);
    int err = failed ? -ENODATA : 0;

    (void)fd;
    (void)what;
    printf("%s: %s\n", e->order.machine, failed ? step->failure : step->line);
    if (err == 0 && ++e->step < STEP_COUNT) {
        err = step_arm(e);
        if (err == 0)
            return;
    }
    e->on_done(err, e->arg);
}

struct espresso *espresso_start(struct sched *sched, enum espresso_way way,
                                const struct espresso_order *order, espresso_cb on_done, void *arg)
{
    struct espresso *e = calloc(1, sizeof(*e));

    (void)way; /* they cannot be told apart */
    if (e == NULL)
        return NULL;
    e->order = *order;
    e->on_done = on_done;
    e->arg = arg;
    e->timer = evtimer_new(sched->base, on_step_over, e);
    if (e->timer == NULL || step_arm(e) != 0) {
        espresso_free(e);
        return NULL;
    }
    return e;
}

void espresso_free(struct espresso *e)
{
    if (e == NULL)
        return;
    if (e->timer != NULL)
        event_free(e->timer);
    free(e);
}
