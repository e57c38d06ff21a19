/* 18_scope_cleanup.c: another right solution: a callback for each step, and flags for what is owed
 *
 * The reason for which a dive is ended early is kept apart from the errors of its steps. The timer
 * is made for a dive and freed with it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "18_scope_cleanup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

struct dive {
    struct event_base *base;
    struct event *air; /* of this dive; NULL if it has none */
    const struct dive_ops *ops;
    void *obj;
    bool under_way, ascending;
    int reason; /* why it is ended early; 0: it is not */
    int err;    /* the first error, or the reason */
    done_cb on_left;
    void *arg;
};

static void dive_note(struct dive *d, int err)
{
    if (d->err == 0)
        d->err = err;
}

static void air_stop(struct dive *d)
{
    if (d->air != NULL)
        event_free(d->air);
    d->air = NULL;
}

static void dive_over(struct dive *d)
{
    air_stop(d);
    d->under_way = false;
    d->on_left(d->err, d->arg);
}

static void on_up(int err, void *arg)
{
    dive_note(arg, err);
    dive_over(arg);
}

static void dive_go_up(struct dive *d)
{
    int err;

    air_stop(d);
    d->ascending = true;
    err = d->ops->ascend(d->obj, d->err, on_up, d);
    if (err != 0)
        on_up(err, d);
}

static void on_looked(int err, void *arg)
{
    dive_note(arg, err);
    dive_go_up(arg);
}

static void on_down(int err, void *arg)
{
    struct dive *d = arg;

    if (err != 0) {
        dive_note(d, err);
        dive_over(d);
    } else if (d->reason != 0) {
        dive_go_up(d);
    } else {
        err = d->ops->look(d->obj, on_looked, d);
        if (err != 0)
            on_looked(err, d);
    }
}

static void dive_request(struct dive *d, int reason)
{
    if (!d->under_way || d->reason != 0)
        return;
    d->reason = reason;
    dive_note(d, reason);
    if (!d->ascending)
        d->ops->call_back(d->obj);
}

static void on_air_over(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    dive_request(arg, -ETIMEDOUT);
}

void dive_cancel(struct dive *d)
{
    dive_request(d, -ECANCELED);
}

int dive_start(struct dive *d, int air_ms, done_cb on_left, void *arg)
{
    const struct timeval air = {.tv_sec = air_ms / 1000, .tv_usec = air_ms % 1000 * 1000};
    int err = 0;

    if (d->under_way)
        return -EBUSY;
    if (air_ms > 0) {
        d->air = evtimer_new(d->base, on_air_over, d);
        if (d->air == NULL || event_add(d->air, &air) != 0)
            err = -ENOMEM;
    }
    d->under_way = true;
    d->ascending = false;
    d->reason = d->err = 0;
    d->on_left = on_left;
    d->arg = arg;
    if (err == 0)
        err = d->ops->descend(d->obj, on_down, d);
    if (err != 0) {
        air_stop(d);
        d->under_way = false;
    }
    return err;
}

struct dive *dive_new(struct event_base *base, const struct dive_ops *ops, void *obj)
{
    struct dive *d = calloc(1, sizeof(*d));

    if (d == NULL)
        return NULL;
    d->base = base;
    d->ops = ops;
    d->obj = obj;
    return d;
}

void dive_free(struct dive *d)
{
    if (d == NULL)
        return;
    air_stop(d);
    free(d);
}
