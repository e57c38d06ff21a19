/* p7_watch.h: a manager that is watched, for check_p7_context_manager.c
 *
 * Stands in front of one of the four, and fails the test if that calls back before a call of it has
 * returned, or twice; or if it can be entered while it is in use.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P7_WATCH_H
#define P7_WATCH_H

#include "p7_stage.h"

static inline void on_never_entered(int err, void *value, void *arg)
{
    (void)value;
    (void)arg;
    fail_test("cb was called with %s, although enter has returned an error", result_text(err));
}

static inline void on_never_exited(int err, void *arg)
{
    (void)arg;
    fail_test("cb was called with %s, although the call has returned an error", result_text(err));
}

/* Expects that a manager cannot be entered now. */
static inline void expect_busy(const struct manager *manager, struct scope *in, const char *what)
{
    const int got = manager->enter(manager->obj, in, on_never_entered, NULL);

    if (got != -EBUSY)
        fail_test("enter of %s\nexpected  returns -EBUSY: it is used for one thing at a time\n"
                  "got       returns %s",
                  what, result_text(got));
}

struct watch {
    const char *name;
    struct manager manager;
    bool no_value; /* enter tells NULL also when it goes well */
    bool returned; /* the call whose callback is to come, */
    int to_come;   /* which is to come so many times: 1 or 0 */
    enter_cb entered;
    done_cb exited;
    void *arg;
    struct scope *in;
};

/* `err` is what enter or exit has returned. */
static inline void watch_is_busy(struct watch *watch, int err, const char *when)
{
    char what[80];

    watch->returned = true;
    snprintf(what, sizeof(what), "a %s %s", watch->name, when);
    if (err == 0)
        expect_busy(&watch->manager, watch->in, what);
}

static inline void watch_callback(struct watch *watch, const char *step)
{
    if (watch->to_come-- != 1)
        fail_test("%s: the callback of %s is called once more\nexpected  once", watch->name, step);
    if (!watch->returned)
        fail_test("%s: the callback of %s comes from inside a call\n"
                  "expected  the loop calls it, later",
                  watch->name, step);
}

static inline void on_watched_entered(int err, void *value, void *arg)
{
    struct watch *watch = arg;

    watch_callback(watch, "enter");
    if (value != NULL && (err != 0 || watch->no_value))
        fail_test("%s: enter tells %s, with a value\nexpected  the value is NULL then", watch->name,
                  result_text(err));
    watch->entered(err, value, watch->arg);
}

static inline int watched_enter(void *obj, struct scope *in, enter_cb cb, void *arg)
{
    struct watch *watch = obj;

    watch->entered = cb;
    watch->arg = arg;
    watch->in = in;
    watch->returned = false;
    watch->to_come = 1;
    const int err = watch->manager.enter(watch->manager.obj, in, on_watched_entered, watch);
    watch_is_busy(watch, err, "that is being entered");
    return err;
}

static inline void on_watched_exited(int result, void *arg)
{
    struct watch *watch = arg;

    watch_callback(watch, "exit");
    watch->exited(result, watch->arg);
}

static inline int watched_exit(void *obj, int err, done_cb cb, void *arg)
{
    struct watch *watch = obj;

    watch->exited = cb;
    watch->arg = arg;
    watch->returned = false;
    watch->to_come = 1;
    const int result = watch->manager.exit(watch->manager.obj, err, on_watched_exited, watch);
    watch_is_busy(watch, result, "whose exit has not ended");
    return result;
}

static inline void watched_cancel(void *obj)
{
    struct watch *watch = obj;

    watch->returned = false;
    watch->manager.cancel(watch->manager.obj);
    watch->returned = true;
}

static inline struct manager watched(struct watch *watch, const char *name, struct manager manager)
{
    *watch = (struct watch){.name = name, .manager = manager};
    return (struct manager){watched_enter, watched_exit,
                            manager.cancel != NULL ? watched_cancel : NULL, watch};
}

#endif
