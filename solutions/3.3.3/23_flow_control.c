/* 23_flow_control.c: a token bucket, with a line of those who wait for tokens
 *
 * 23_flow_control.h says what the well promises. It has no timer that fills it: how many litres have
 * come is computed when somebody asks. Given are the line, the clock, and how people are told.
 *
 * See a morning at the well: ./workbook run 23_flow_control --virtual
 *
 * SPDX-License-Identifier: MIT
 */
#include "23_flow_control.h"

#include <errno.h>
#include <event2/event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* First come, first served. */
TAILQ_HEAD(line, call);

struct well {
    int most, litre_ms;      /* litres, and milliseconds a litre */
    int litres;              /* that are in it, as of `since` */
    int64_t since;           /* from when on the next litre is counted; in ms, as clock_ms() */
    struct line takers;      /* those who wait for water */
    struct line over;        /* those who are to be told */
    struct event *tell;      /* calls on_tell(); active as long as somebody is; owned */
    struct event *water;     /* calls on_water() when there is enough for the first; owned */
    struct event_base *base; /* borrowed */
};

/* ---- given: the clock, and the end of a call ---- */

static int64_t clock_ms(struct well *w)
{
    struct timeval now;

    (void)event_gettime_monotonic(w->base, &now); /* cannot fail */
    return (int64_t)now.tv_sec * 1000 + now.tv_usec / 1000;
}

/* What event_add() needs. A time that is over counts as 0. */
static struct timeval timeval_of(int64_t ms)
{
    if (ms < 0)
        ms = 0;
    return (struct timeval){(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
}

/* A call is over. The loop tells its caller, who is perhaps in the middle of something now. */
static void call_end(struct well *w, struct call *call, int err)
{
    TAILQ_REMOVE(call->line, call, next);
    TAILQ_INSERT_TAIL(&w->over, call, next);
    call->line = &w->over;
    call->err = err;
    event_active(w->tell, EV_TIMEOUT, 0);
}

/* ---- yours: what has come, and who gets it ---- */

/* Brings `litres` and `since` up to the present. */
static void well_fill(struct well *w)
{
    const int64_t now = clock_ms(w), come = (now - w->since) / w->litre_ms;

    if (come >= w->most - w->litres) {
        w->litres = w->most;
        w->since = now; /* full: the rest has run away, the part of a litre, too */
    } else {
        w->litres += (int)come;
        w->since += come * w->litre_ms; /* not `now`: a part of the next litre is there */
    }
}

/* Serves the first in line, as long as there is water for it. None is overtaken. */
static void well_settle(struct well *w)
{
    struct call *call;

    well_fill(w);
    (void)event_del(w->water); /* cannot fail; who is first now waits for another moment */
    while ((call = TAILQ_FIRST(&w->takers)) != NULL) {
        if (call->litres <= w->litres) {
            w->litres -= call->litres;
            call_end(w, call, 0);
            continue;
        }
        const int64_t due = w->since + (int64_t)(call->litres - w->litres) * w->litre_ms;
        const struct timeval delay = timeval_of(due - clock_ms(w));

        if (event_add(w->water, &delay) == 0)
            return;
        call_end(w, call, -ENOMEM); /* nobody would wake it: better to say so */
    }
}

int well_take(struct well *w, struct call *call, int litres, done_cb cb, void *arg)
{
    if (litres < 1)
        return -EINVAL;
    if (litres > w->most)
        return -EMSGSIZE; /* it would wait for ever, and all behind it */
    *call = (struct call){.litres = litres, .cb = cb, .arg = arg, .line = &w->takers};
    TAILQ_INSERT_TAIL(call->line, call, next);
    well_settle(w);
    return 0;
}

int well_cancel(struct well *w, struct call *call)
{
    if (call->line == &w->over)
        return -EALREADY;
    call_end(w, call, -ECANCELED);
    well_settle(w); /* perhaps it was the first, and the next one needs less */
    return 0;
}

/* ---- given: the way out, new, free ---- */

int well_litres(struct well *w)
{
    well_fill(w);
    return w->litres;
}

static void on_water(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    well_settle(arg);
}

/* Tells one; the others come right behind it. */
static void on_tell(evutil_socket_t fd, short what, void *arg)
{
    struct well *w = arg;
    struct call *call = TAILQ_FIRST(&w->over);

    (void)fd;
    (void)what;
    TAILQ_REMOVE(&w->over, call, next);
    if (!TAILQ_EMPTY(&w->over))
        event_active(w->tell, EV_TIMEOUT, 0);
    call->cb(call->err, call->arg); /* the last: here the call is begun again, or the well freed */
}

struct well *well_new(struct event_base *base, int most, int litre_ms)
{
    struct well *w = calloc(1, sizeof(*w));

    if (w == NULL)
        return NULL;
    w->base = base;
    w->most = w->litres = most;
    w->litre_ms = litre_ms;
    w->since = clock_ms(w);
    TAILQ_INIT(&w->takers);
    TAILQ_INIT(&w->over);
    w->tell = event_new(base, -1, 0, on_tell, w);
    w->water = evtimer_new(base, on_water, w);
    if (w->tell == NULL || w->water == NULL) {
        well_free(w);
        return NULL;
    }
    return w;
}

void well_free(struct well *w)
{
    if (w == NULL)
        return;
    if (w->tell != NULL)
        event_free(w->tell);
    if (w->water != NULL)
        event_free(w->water);
    free(w);
}

/* ---- given: a morning at the well ---- */

enum { PEOPLE = 4, MOST = 20, LITRE_MS = 100 };

struct person {
    const char *name;
    int litres;
    struct call take;
    int *served; /* counts those who have got their water */
};

static void on_taken(int err, void *arg)
{
    struct person *person = arg;

    if (err != 0)
        return;
    printf("%s: has got %d litres\n", person->name, person->litres);
    ++*person->served;
}

int main(void)
{
    int served = 0, err = 0, status = EXIT_FAILURE;
    struct person people[PEOPLE] = {{"Ann", 15, {0}, &served},
                                    {"Bob", 10, {0}, &served},
                                    {"Cid", 2, {0}, &served},
                                    {"Dot", 20, {0}, &served}};
    struct event_base *base = event_base_new();
    struct well *well = base != NULL ? well_new(base, MOST, LITRE_MS) : NULL;

    if (well == NULL) {
        fprintf(stderr, "23_flow_control: set-up: out of memory\n");
        goto cleanup;
    }
    for (int k = 0; k < PEOPLE && err == 0; k++)
        err = well_take(well, &people[k].take, people[k].litres, on_taken, &people[k]);
    if (err == -ENOSYS)
        fprintf(stderr, "23_flow_control: well_take() is TODO(3); start with TODO(1)\n");
    else if (err == 0 && event_base_dispatch(base) == 1 && served == PEOPLE)
        status = EXIT_SUCCESS;
    else
        fprintf(stderr, "23_flow_control: %d people of %d have got water\n", served, PEOPLE);

cleanup:
    well_free(well);
    if (base != NULL)
        event_base_free(base);
    return status;
}
