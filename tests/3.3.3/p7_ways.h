/* p7_ways.h: ways in which the steps of a play may end, for check_p7_context_manager.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P7_WAYS_H
#define P7_WAYS_H

#include "p7_play.h"

enum way {
    WELL,
    FAILS,
    REFUSES,
    CANCELS,
    SUPPRESSES,
    INSTEAD,
    SUPPRESSES_AT_ONCE,
    INSTEAD_AT_ONCE
};

static inline void step_goes(struct step *step, enum way way, int err)
{
    step->err = 0;
    step->refuses = 0;
    if (way == REFUSES)
        step->refuses = err;
    else if (way == SUPPRESSES_AT_ONCE)
        step->refuses = SCOPE_SUPPRESS;
    else if (way == INSTEAD_AT_ONCE)
        step->refuses = SCOPE_INSTEAD(-EXDEV);
    else if (way == CANCELS)
        step->err = -ECANCELED;
    else if (way == SUPPRESSES)
        step->err = SCOPE_SUPPRESS;
    else if (way == INSTEAD)
        step->err = SCOPE_INSTEAD(-EXDEV);
    else if (way == FAILS)
        step->err = err;
}

/* Every play of this form: the ways of A.enter, B.enter, body, B.exit, A.exit, n of each. */
struct ways {
    const enum way *of[5];
    int n[5];
};

static inline void run_plays(struct plan plan, const struct ways *ways)
{
    struct step *const steps[] = {&plan.a.enter, &plan.b.enter, &plan.body.step, &plan.b.exit,
                                  &plan.a.exit};
    static const int errors[] = {-EIO, -ENOENT, -ENOSPC, -EPIPE, -EBADF};
    int count = 1;

    for (int s = 0; s < 5; s++)
        count *= ways->n[s];
    for (int k = 0; k < count; k++) {
        int rest = k;

        for (int s = 0; s < 5; s++) {
            step_goes(steps[s], ways->of[s][rest % ways->n[s]], errors[s]);
            rest /= ways->n[s];
        }
        run_play(&plan);
    }
}

#endif
