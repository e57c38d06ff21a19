/* 17_scope_errors.c: another right solution: the first exit is begun at once
 *
 * A list of exits on the heap, and no event until one is needed: only if nothing takes time is
 * on_left called by one.
 *
 * SPDX-License-Identifier: MIT
 */
#include "17_scope_errors.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

struct owed {
    exit_fn exit;
    void *obj;
    struct owed *below;
};

struct exits {
    struct event *tell;
    struct owed *top;
    int n, err;
    bool in_call; /* of exits_unwind() */
    done_cb on_left;
    void *arg;
};

int exits_push(struct exits *x, exit_fn exit, void *obj)
{
    struct owed *owed;

    if (x->on_left != NULL)
        return -EBUSY;
    if (x->n == MOST_EXITS)
        return -ENOSPC;
    owed = malloc(sizeof(*owed));
    if (owed == NULL)
        return -ENOMEM;
    *owed = (struct owed){exit, obj, x->top};
    x->top = owed;
    x->n++;
    return 0;
}

static void on_tell(evutil_socket_t fd, short what, void *arg)
{
    struct exits *x = arg;
    const done_cb on_left = x->on_left;

    (void)fd;
    (void)what;
    x->on_left = NULL;
    on_left(x->err, x->arg);
}

static void on_exited(int result, void *arg)
{
    struct exits *x = arg;

    for (;;) {
        struct owed owed, *top = x->top;

        x->err = result == EXIT_SUPPRESS ? 0 : x->err != 0 ? x->err : result;
        if (top == NULL)
            break;
        owed = *top;
        x->top = owed.below;
        x->n--;
        free(top);
        result = owed.exit(owed.obj, x->err, on_exited, x);
        if (result == 0)
            return;
    }
    if (x->in_call)
        event_active(x->tell, EV_TIMEOUT, 0);
    else
        on_tell(-1, 0, x);
}

int exits_unwind(struct exits *x, int err, done_cb on_left, void *arg)
{
    if (x->on_left != NULL)
        return -EBUSY;
    x->on_left = on_left;
    x->arg = arg;
    x->err = 0;
    x->in_call = true;
    on_exited(err, x);
    x->in_call = false;
    return 0;
}

struct exits *exits_new(struct event_base *base)
{
    struct exits *x = calloc(1, sizeof(*x));

    if (x == NULL)
        return NULL;
    x->tell = event_new(base, -1, 0, on_tell, x);
    if (x->tell == NULL) {
        free(x);
        return NULL;
    }
    return x;
}

void exits_free(struct exits *x)
{
    if (x == NULL)
        return;
    while (x->top != NULL) {
        struct owed *top = x->top;

        x->top = top->below;
        free(top);
    }
    event_free(x->tell);
    free(x);
}
