/* scope_steps.h: steps that take time and end as the test wants, for the suites of the scopes
 *
 * A step stands for an open, a body, a close. It notes in the timeline when it is begun and when it
 * has ended. The suite includes the header of its exercise first, which declares done_cb.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCOPE_STEPS_H
#define SCOPE_STEPS_H

#include <stdbool.h>
#include <string.h>

#include "result_text.h"
#include "suite.h"

enum { MOST_BEGINS = 3 }; /* of a step in a test; one more shows that it goes on for ever */

struct step {
    const char *name;
    int ms;      /* it takes so long */
    int err;     /* how it ends */
    int refuses; /* not 0: it is not begun, and the call returns this */
    bool quiet;  /* the suite itself notes the begin */

    int begun;           /* how often, without those that were refused */
    int refused;         /* how often */
    bool under_way;      /* begun, and has not ended */
    bool cancelled;      /* it was asked to end early, in vain or not */
    struct event *event; /* calls on_step_end() */
    done_cb cb;
    void *arg;
};

/* SCOPE_SUPPRESS and EXIT_SUPPRESS are 1. */
static inline const char *end_text(int result)
{
    return result == 1 ? "SUPPRESS" : result_text(result);
}

/* What the one who waits for the whole is told. */
struct told {
    const char *who; /* begins the line in the timeline; NULL: nothing does */
    int calls;       /* of on_told() */
    int err;         /* the last one it got */
    bool may_come;   /* the call that began it all has returned 0 */
    bool refused;    /* it has returned -EBUSY */
};

static void on_told(int err, void *arg)
{
    struct told *told = arg;

    if (told->refused)
        fail_test("the on_left of a call that was refused with -EBUSY is called\n"
                  "expected  a refused call changes nothing: the on_left of the first call comes");
    if (!told->may_come)
        fail_test("on_left was called before the call that began it all has returned\n"
                  "expected  the loop calls it, later");
    told->calls++;
    told->err = err;
    /* A second one is seen in the timeline, with what has led to it. */
    trace(told->calls == 1 ? "%stold: %s" : "%stold once more: %s",
          told->who != NULL ? told->who : "", end_text(err));
}

static void on_step_end(evutil_socket_t fd, short what, void *arg)
{
    struct step *step = arg;

    (void)fd;
    (void)what;
    step->under_way = false;
    if (step->err == 0)
        trace("%s: ends", step->name);
    else
        trace("%s: ends with %s", step->name, end_text(step->err));
    step->cb(step->err, step->arg);
}

/* What a step function of the exercise calls: begins it, or refuses. */
static int step_begin(struct step *step, done_cb cb, void *arg)
{
    const struct timeval delay = {.tv_sec = step->ms / 1000, .tv_usec = step->ms % 1000 * 1000};

    if (step->under_way)
        fail_test("\"%s\" is begun once more, while it is under way", step->name);
    if (step->refuses != 0 && step->refused < MOST_BEGINS) {
        step->refused++;
        trace("%s: returns %s at once", step->name, result_text(step->refuses));
        return step->refuses;
    }
    if (!step->quiet)
        trace("%s: begins", step->name);
    if (step->event == NULL)
        step->event = evtimer_new(test_base(), on_step_end, step);
    ck_assert_ptr_nonnull(step->event);
    if (++step->begun + step->refused > MOST_BEGINS) {
        trace("%s: begun too often: the test stops here", step->name);
        return 0; /* so that the loop ends, and the timeline is shown */
    }
    step->under_way = true;
    step->cb = cb;
    step->arg = arg;
    ck_assert_int_eq(event_add(step->event, &delay), 0);
    return 0;
}

static void steps_free(struct step *steps, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (steps[k].event != NULL)
            event_free(steps[k].event);
}

#endif
