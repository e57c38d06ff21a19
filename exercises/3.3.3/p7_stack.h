/* p7_stack.h: what a stack of exits is made of, and the stack as a manager. Given.
 *
 * You may do without this file: the tests know p7_context_manager.h only.
 *
 *     top -> owed -> owed -> owed -> NULL      the one pushed last stands first
 *
 * STACK_IDLE -> STACK_ENTERING -> STACK_IDLE   exit_stack_enter(), until it is told
 * STACK_IDLE -> STACK_CLOSING  -> STACK_IDLE   exit_stack_close(), until it is told
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P7_STACK_H
#define P7_STACK_H

#include <stdlib.h>

#include "p7_context_manager.h"
#include "p7_later.h"

/* An exit that is owed. */
struct owed {
    exit_fn exit;
    void *obj;         /* for it; borrowed */
    struct owed *next; /* was pushed before this one */
};

enum stack_state { STACK_IDLE, STACK_ENTERING, STACK_CLOSING };

struct exit_stack {
    struct later later; /* for what takes no time */
    enum stack_state state;
    struct owed *top;       /* owned, with all behind it */
    struct owed *entering;  /* will be owed, if it is entered; owned. Otherwise NULL */
    struct manager manager; /* which is being entered */
    bool asked;             /* somebody wants what is under way to end */
    int err;                /* as it stands, while it closes */
    enter_cb entered;       /* whom to tell what was entered, */
    done_cb closed;         /* or that it is closed */
    void *arg;              /* for either; borrowed */

    /* Of the stack as a manager: */
    bool inside;      /* entered, and not exited; */
    struct scope *in; /* in this scope, or NULL. For what is entered in it */
    int told;         /* its exit was told this, */
    done_cb exited;   /* and is to tell its end to this one */
    void *exited_arg; /* for it; borrowed */
};

static inline bool stack_busy(const struct exit_stack *x)
{
    return x->state != STACK_IDLE || later_pending(&x->later);
}

/* NULL without memory. */
static inline struct owed *owed_new(exit_fn exit, void *obj)
{
    struct owed *owed = malloc(sizeof(*owed));

    if (owed != NULL)
        *owed = (struct owed){.exit = exit, .obj = obj};
    return owed;
}

/* Takes it over. */
static inline void stack_owe(struct exit_stack *x, struct owed *owed)
{
    owed->next = x->top;
    x->top = owed;
}

struct exit_stack *exit_stack_new(struct event_base *base)
{
    struct exit_stack *x = calloc(1, sizeof(*x));

    if (x != NULL && later_open(&x->later, base) != 0) {
        free(x);
        x = NULL;
    }
    return x;
}

void exit_stack_free(struct exit_stack *x)
{
    if (x == NULL)
        return;
    while (x->top != NULL) {
        struct owed *next = x->top->next;

        free(x->top);
        x->top = next;
    }
    free(x->entering);
    later_close(&x->later);
    free(x);
}

/* ---- the stack as a manager ---- */

static inline int stack_enter(void *obj, struct scope *in, enter_cb cb, void *arg)
{
    struct exit_stack *x = obj;

    if (stack_busy(x) || x->inside)
        return -EBUSY;
    x->inside = true;
    x->in = in;
    later_tell_enter(&x->later, 0, x, cb, arg);
    return 0;
}

/* What the exits have made of the error, as one exit tells it. */
static inline void on_stack_closed(int err, void *arg)
{
    struct exit_stack *x = arg;
    int result = err;

    if (err == x->told)
        result = 0;
    else if (x->told != 0)
        result = SCOPE_INSTEAD(err);
    x->inside = false;
    x->in = NULL;
    x->exited(result, x->exited_arg);
}

static inline int stack_exit(void *obj, int err, done_cb cb, void *arg)
{
    struct exit_stack *x = obj;

    x->told = err;
    x->exited = cb;
    x->exited_arg = arg;
    return exit_stack_close(x, err, on_stack_closed, x);
}

struct manager exit_stack_manager(struct exit_stack *x)
{
    return (struct manager){.enter = stack_enter, .exit = stack_exit, .obj = x};
}

#endif
