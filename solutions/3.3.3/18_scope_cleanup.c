/* 18_scope_cleanup.c: a dive with one way up, however it ends
 *
 * 18_scope_cleanup.h says what a dive promises. Making and freeing is given, and so is the boat, in
 * which a coroutine waits for three dives. Yours is the dive: how it begins, how it is ended early,
 * and what comes after each step.
 *
 * See the dives: ./workbook run 18_scope_cleanup --virtual
 *
 * SPDX-License-Identifier: MIT
 */
#include "18_scope_cleanup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro.h" /* for the boat alone */

enum dive_step { DIVE_NONE, DIVE_DESCEND, DIVE_LOOK, DIVE_ASCEND };

struct dive {
    struct event *air;          /* calls on_air_over(); owned */
    const struct dive_ops *ops; /* borrowed */
    void *obj;                  /* for them; borrowed */
    enum dive_step step;        /* what is under way */
    int err;                    /* the first error so far */
    done_cb on_left;            /* whom to tell in the end */
    void *arg;                  /* for it; borrowed */
};

/* ---- yours: the dive ---- */

/* Somebody wants it to end early, because of `reason`; at any time. */
static void dive_end_early(struct dive *d, int reason)
{
    if (d->step == DIVE_NONE || d->err != 0)
        return; /* with an error, he was called back before, or is on his way up */
    d->err = reason;
    if (d->step != DIVE_ASCEND)
        d->ops->call_back(d->obj);
}

/* A step has ended, or could not be begun. It only goes forward. */
static void on_step_done(int err, void *arg)
{
    struct dive *d = arg;

    if (d->step == DIVE_DESCEND && err == 0) { /* he is down: up again is owed */
        d->step = DIVE_LOOK;
        if (d->err == 0) {
            err = d->ops->look(d->obj, on_step_done, d);
            if (err == 0)
                return;
        }
    }
    (void)event_del(d->air); /* cannot fail: the event is a good one */
    if (d->err == 0)
        d->err = err; /* the first error wins */
    if (d->step == DIVE_LOOK) {
        d->step = DIVE_ASCEND;
        err = d->ops->ascend(d->obj, d->err, on_step_done, d);
        if (err == 0)
            return;
        if (d->err == 0)
            d->err = err;
    }
    d->step = DIVE_NONE;
    d->on_left(d->err, d->arg); /* the last use of d: perhaps it is freed now */
}

int dive_start(struct dive *d, int air_ms, done_cb on_left, void *arg)
{
    const struct timeval air = {.tv_sec = air_ms / 1000, .tv_usec = air_ms % 1000 * 1000};
    int err;

    if (d->step != DIVE_NONE)
        return -EBUSY;
    if (air_ms > 0 && event_add(d->air, &air) != 0)
        return -ENOMEM;
    d->step = DIVE_DESCEND;
    d->err = 0;
    d->on_left = on_left;
    d->arg = arg;
    err = d->ops->descend(d->obj, on_step_done, d);
    if (err != 0) { /* nobody will call: undo what was done */
        d->step = DIVE_NONE;
        (void)event_del(d->air);
    }
    return err;
}

/* ---- given: who ends it early; new, free ---- */

static void on_air_over(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    dive_end_early(arg, -ETIMEDOUT);
}

void dive_cancel(struct dive *d)
{
    dive_end_early(d, -ECANCELED);
}

struct dive *dive_new(struct event_base *base, const struct dive_ops *ops, void *obj)
{
    struct dive *d = malloc(sizeof(*d));

    if (d == NULL)
        return NULL;
    *d = (struct dive){.ops = ops, .obj = obj};
    d->air = evtimer_new(base, on_air_over, d);
    if (d->air == NULL) {
        free(d);
        return NULL;
    }
    return d;
}

void dive_free(struct dive *d)
{
    if (d == NULL)
        return;
    event_free(d->air);
    free(d);
}

/* ---- given: a diver, whose ways are timers ---- */

struct diver {
    struct event *there; /* calls on_there(); owned */
    const char *line;    /* to be printed then; NULL: nothing */
    int err;             /* to be told then, */
    done_cb cb;          /* to this one */
    void *arg;           /* for it; borrowed */
};

static void on_there(evutil_socket_t fd, short what, void *arg)
{
    struct diver *diver = arg;

    (void)fd;
    (void)what;
    printf("  diver: %s\n", diver->err == 0 ? diver->line : "called back");
    diver->cb(diver->err, diver->arg);
}

static int diver_swim(struct diver *diver, int ms, const char *line, done_cb cb, void *arg)
{
    const struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    diver->line = line;
    diver->err = 0;
    diver->cb = cb;
    diver->arg = arg;
    return event_add(diver->there, &delay) == 0 ? 0 : -ENOMEM;
}

static int diver_descend(void *obj, done_cb cb, void *arg)
{
    return diver_swim(obj, 500, "is down", cb, arg);
}

static int diver_look(void *obj, done_cb cb, void *arg)
{
    return diver_swim(obj, 2000, "has seen a wreck", cb, arg);
}

static int diver_ascend(void *obj, int err, done_cb cb, void *arg)
{
    (void)err; /* he comes up in the same way, whatever has happened */
    return diver_swim(obj, 1000, "is up", cb, arg);
}

static void diver_call_back(void *obj)
{
    struct diver *diver = obj;

    diver->err = -ECANCELED;
    event_active(diver->there, EV_TIMEOUT, 0);
}

static const struct dive_ops DIVER = {diver_descend, diver_look, diver_ascend, diver_call_back};

/* ---- given: the boat, in which a coroutine waits ---- */

struct boat {
    struct dive *dive; /* owned */
    int air_ms;        /* for the next dive */
    bool diving;       /* on_left is still to come */
    int err;           /* what came of the dive */
};

static void on_left(int err, void *arg)
{
    struct task *t = arg;
    struct boat *boat = t->frame;

    boat->err = err;
    boat->diving = false;
    (void)task_wake(t, 0); /* false: it was woken already, by a cancellation of its own */
}

/* err = await dive. Who cancels the task wakes it; it hands the request over, and waits on. */
static void await_dive(struct task *t)
{
    struct boat *boat = t->frame;

    TASK_BEGIN(t);
    boat->err = dive_start(boat->dive, boat->air_ms, on_left, t);
    boat->diving = boat->err == 0;
    while (boat->diving) {
        TASK_SUSPEND(t);
        if (t->wake != 0 && boat->diving)
            dive_cancel(boat->dive);
    }
    TASK_RETURN(t, boat->err);
    TASK_END(t);
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    puts("boat: come back!");
    task_cancel(arg);
}

/* One dive; the boat calls after so many milliseconds, 0: never. Returns its result. */
static int dive_once(struct sched *s, struct boat *boat, int air_ms, int signal_ms)
{
    const struct timeval delay = {.tv_sec = signal_ms / 1000, .tv_usec = signal_ms % 1000 * 1000};
    int err = -ENOMEM;
    struct task *t;
    struct event *signal = NULL;

    boat->air_ms = air_ms;
    t = task_spawn(s, await_dive, boat);
    if (t != NULL)
        signal = evtimer_new(s->base, on_signal, t);
    if (signal != NULL && (signal_ms == 0 || event_add(signal, &delay) == 0))
        err = event_base_dispatch(s->base) == 1 ? task_result(t) : -EIO;
    if (err != -ENOSYS)
        printf("boat: %s\n\n", err == 0 ? "a good dive" : strerror(-err));
    if (signal != NULL)
        event_free(signal);
    task_free(t);
    return err;
}

int main(void)
{
    static const int air_ms[] = {5000, 5000, 900}, signal_ms[] = {0, 1200, 0};
    static const int expected[] = {0, -ECANCELED, -ETIMEDOUT};
    struct diver diver = {.err = 0};
    struct boat boat = {.diving = false};
    int status = EXIT_FAILURE;
    struct event_base *base = event_base_new();
    struct sched *s = base != NULL ? sched_new(base) : NULL;

    if (s != NULL) {
        diver.there = evtimer_new(base, on_there, &diver);
        boat.dive = dive_new(base, &DIVER, &diver);
    }
    if (s == NULL || diver.there == NULL || boat.dive == NULL) {
        fprintf(stderr, "18_scope_cleanup: set-up: out of memory\n");
        goto cleanup;
    }
    for (int k = 0; k < 3; k++) {
        const int err = dive_once(s, &boat, air_ms[k], signal_ms[k]);

        if (err != expected[k]) {
            fprintf(stderr, "18_scope_cleanup: dive %d: %s\n", k + 1,
                    err == -ENOSYS ? "nothing is written yet: start with TODO(1)"
                                   : "it should have ended otherwise: see the next TODO");
            goto cleanup;
        }
    }
    status = EXIT_SUCCESS;

cleanup:
    dive_free(boat.dive);
    if (diver.there != NULL)
        event_free(diver.there);
    if (s != NULL)
        sched_free(s);
    if (base != NULL)
        event_base_free(base);
    return status;
}
