/* p7_scope.h: what a scope is made of. Given.
 *
 * You may do without this file: the tests know p7_context_manager.h only.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P7_SCOPE_H
#define P7_SCOPE_H

#include <stdlib.h>

#include "p7_context_manager.h"

/* What is under way; it only goes forward. */
enum scope_step { SCOPE_ENTER, SCOPE_BODY, SCOPE_EXIT };

struct scope {
    struct manager manager;
    struct body body;
    enum scope_step step;
    bool asked;     /* somebody wants it to end, since this step is under way */
    bool cancelled; /* scope_cancel() was called */
    int err;        /* as it stands when exit is begun */
    done_cb cb;     /* whom to tell in the end */
    void *arg;      /* for it; borrowed */
};

bool scope_cancelled(const struct scope *s)
{
    return s->cancelled;
}

void scope_free(struct scope *s)
{
    free(s);
}

#endif
