/* p3_parent.h: a call that has a group, for the suite of p3_exception_handling
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P3_PARENT_H
#define P3_PARENT_H

#include "p3_scenario.h"

enum { MOST = 4 };

/* Starts actors in a group, waits in the block, perhaps fails, and waits for the group. */
struct parent {
    struct call call;
    struct actor actors[MOST];
    struct call *started[MOST]; /* borrowed from the group */
    int n;
    int body_ms;          /* waits so long in the block; 0: not at all */
    int body_code;        /* fails with that after it; 0: does not */
    struct parent *inner; /* owned until it is started; a group in the group, or NULL */
    struct group *group;  /* owned */
    int still_running;    /* actors, when GROUP_WAIT was over */
    bool ended;
};

static void parent_release(void *frame)
{
    struct parent *f = frame;
    group_free(f->group);
    free(f->inner);
    free(f);
}

static void parent(struct task *t);

/* True if the group is there, with all that is to run in it. */
static bool parent_spawns(struct parent *f)
{
    struct world *w = f->call.calls->arg;
    int result = 0;

    f->group = group_new(f->call.calls);
    if (f->group == NULL && !w->quiet)
        fail_test("group_new() returned NULL: is it written yet? TODO(5)");
    if (f->group == NULL)
        return false;
    for (int i = 0; i < f->n && result == 0; i++) {
        void *frame = copy_of(&f->actors[i], sizeof(f->actors[i]));
        result = group_spawn(f->group, frame, actor, actor_release);
        f->started[i] = result == 0 ? frame : NULL;
    }
    struct parent *inner = f->inner;
    f->inner = NULL; /* the group's, whatever comes of it */
    if (inner != NULL && result == 0)
        result = group_spawn(f->group, inner, parent, parent_release);
    else
        free(inner);
    if (result != 0 && !w->quiet)
        fail_test("group_spawn() returned %s: is it written yet? TODO(5)", result_text(result));
    if (result != 0)
        group_fail(f->group, result, "spawn", NULL);
    return true;
}

static void parent(struct task *t)
{
    struct parent *f = t->frame;
    struct world *w = f->call.calls->arg;

    TASK_BEGIN(t);
    if (!parent_spawns(f))
        TASK_RETURN(t, -ENOMEM);
    if (f->body_ms > 0) {
        TASK_SLEEP(t, f->body_ms);
        if (t->wake != 0)
            group_fail(f->group, t->wake, "body", NULL);
    }
    if (f->body_code != 0)
        group_fail(f->group, f->body_code, "body", aerr_new(-ENOENT, "open"));
    GROUP_WAIT(t, f->group);
    f->still_running = w->running;
    f->ended = true;
    note(w, "wake %s, %s", t->wake != 0 ? result_text(t->wake) : "0",
         error_text(group_error(f->group)));
    TASK_RETURN(t, t->wake);
    TASK_END(t);
}

#endif
