/* p7_context_manager.c: one callback that falls through the steps of a scope, as in the lesson; a
 * stack that unwinds in one function; a lock whose holder is the first one in its queue
 *
 * Without p7_scope.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "p7_context_manager.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "p7_later.h"
#include "p7_managers.h"
#include "p7_program.h"
#include "p7_stack.h"

/* An error on its way out, and whether somebody asked while an exit was under way. */
struct outcome {
    int err;
    bool late;
};

static void outcome_note(struct outcome *outcome, int result)
{
    if (result > 0 && outcome->err != 0)
        outcome->err = 1 - result;
    else if (result < 0 && outcome->err == 0)
        outcome->err = result;
    if (outcome->late && outcome->err == 0)
        outcome->err = -ECANCELED;
    outcome->late = false;
}

/* ---- one scope: the lesson's idiom ---- */

struct scope {
    struct manager manager;
    struct body body;
    enum { ENTERING_IT, IN_ITS_BODY, EXITING_IT } step;
    struct outcome outcome;
    bool cancelled;
    done_cb cb;
    void *arg;
};

/* A step has ended, or could not be begun. It only goes forward. */
static void on_step_done(int result, void *arg)
{
    struct scope *s = arg;
    const done_cb cb = s->cb;
    void *cb_arg = s->arg;
    int err;

    outcome_note(&s->outcome, result);
    err = s->outcome.err;
    if (s->step == IN_ITS_BODY) {
        s->step = EXITING_IT;
        result = s->manager.exit(s->manager.obj, err, on_step_done, s);
        if (result == 0)
            return;
        outcome_note(&s->outcome, result);
        err = s->outcome.err;
    }
    free(s);
    cb(err, cb_arg);
}

static void on_scope_entered(int err, void *value, void *arg)
{
    struct scope *s = arg;

    if (err != 0) {
        on_step_done(err, s);
        return;
    }
    s->step = IN_ITS_BODY;
    if (!s->outcome.late)
        err = s->body.begin(s->body.obj, value, on_step_done, s);
    if (err != 0 || s->outcome.late)
        on_step_done(err, s);
}

int scope_run(const struct manager *manager, const struct body *body, done_cb cb, void *arg,
              struct scope **scope)
{
    struct scope *s = malloc(sizeof(*s)), *ignored;
    int err;

    if (scope == NULL)
        scope = &ignored;
    *scope = NULL;
    if (s == NULL)
        return -ENOMEM;
    *s = (struct scope){.manager = *manager, .body = *body, .cb = cb, .arg = arg};
    err = manager->enter(manager->obj, s, on_scope_entered, s);
    if (err == 0)
        *scope = s;
    else
        free(s);
    return err;
}

bool scope_interrupt(struct scope *s)
{
    void (*cancel)(void *obj) = s->step == ENTERING_IT ? s->manager.cancel : s->body.cancel;

    if (s->step == EXITING_IT)
        return false;
    s->outcome.late = s->step == ENTERING_IT;
    if (cancel != NULL)
        cancel(s->step == ENTERING_IT ? s->manager.obj : s->body.obj);
    return true;
}

void scope_cancel(struct scope *s)
{
    s->cancelled = true;
    if (!scope_interrupt(s))
        s->outcome.late = true;
}

bool scope_cancelled(const struct scope *s)
{
    return s->cancelled;
}

void scope_free(struct scope *s)
{
    free(s);
}

/* ---- a stack of exits ---- */

/* Begins the next exit, when the one before has told `result`. */
static void stack_unwind(int result, void *arg)
{
    struct exit_stack *x = arg;
    struct outcome outcome = {x->err, x->asked};
    struct owed *last;

    outcome_note(&outcome, result);
    x->asked = false;
    while ((last = x->top) != NULL) {
        const struct owed owed = *last;

        x->top = owed.next;
        free(last);
        x->err = outcome.err;
        result = owed.exit(owed.obj, x->err, stack_unwind, x);
        if (result == 0)
            return;
        outcome_note(&outcome, result);
    }
    x->state = STACK_IDLE;
    x->closed(outcome.err, x->arg);
}

/* 0, and `entering` is there; or why not. */
static int stack_prepare(struct exit_stack *x, exit_fn exit, void *obj)
{
    if (stack_busy(x))
        return -EBUSY;
    x->entering = owed_new(exit, obj);
    return x->entering != NULL ? 0 : -ENOMEM;
}

/* What was prepared is owed if `err` is 0, and forgotten if not. */
static void stack_settle(struct exit_stack *x, int err)
{
    if (err == 0)
        stack_owe(x, x->entering);
    else
        free(x->entering);
    x->entering = NULL;
    x->state = STACK_IDLE;
}

int exit_stack_push(struct exit_stack *x, exit_fn exit, void *obj)
{
    const int err = stack_prepare(x, exit, obj);

    if (err == 0)
        stack_settle(x, 0);
    return err;
}

static void on_stack_entered(int err, void *value, void *arg)
{
    struct exit_stack *x = arg;

    stack_settle(x, err);
    if (err == 0 && x->asked)
        err = -ECANCELED;
    x->entered(err, err == 0 ? value : NULL, x->arg);
}

int exit_stack_enter(struct exit_stack *x, const struct manager *manager, enter_cb cb, void *arg)
{
    int err = stack_prepare(x, manager->exit, manager->obj);

    if (err != 0)
        return err;
    x->manager = *manager;
    x->asked = false;
    x->entered = cb;
    x->arg = arg;
    x->state = STACK_ENTERING;
    err = manager->enter(manager->obj, x->in, on_stack_entered, x);
    if (err != 0)
        stack_settle(x, err);
    return err;
}

int exit_stack_pop_all(struct exit_stack *from, struct exit_stack *to)
{
    struct owed **end;

    if (from == to)
        return -EINVAL;
    if (stack_busy(from) || stack_busy(to))
        return -EBUSY;
    for (end = &from->top; *end != NULL; end = &(*end)->next)
        continue;
    *end = to->top;
    to->top = from->top;
    from->top = NULL;
    return 0;
}

int exit_stack_close(struct exit_stack *x, int err, done_cb cb, void *arg)
{
    if (stack_busy(x))
        return -EBUSY;
    x->state = STACK_CLOSING;
    x->asked = false;
    x->err = err;
    x->closed = cb;
    x->arg = arg;
    later_tell_done(&x->later, 0, stack_unwind, x);
    return 0;
}

void exit_stack_cancel(struct exit_stack *x)
{
    x->asked = true;
    if (x->state == STACK_ENTERING && x->manager.cancel != NULL)
        x->manager.cancel(x->manager.obj);
}

/* ---- timer_scope ---- */

static int timer_enter(void *obj, struct scope *in, enter_cb cb, void *arg)
{
    struct timer_scope *t = obj;

    (void)in;
    if (evutil_timerisset(&t->start) || later_pending(&t->later))
        return -EBUSY;
    (void)event_gettime_monotonic(t->base, &t->start);
    later_tell_enter(&t->later, 0, t, cb, arg);
    return 0;
}

static int timer_exit(void *obj, int err, done_cb cb, void *arg)
{
    struct timer_scope *t = obj;
    struct timeval now;

    (void)err;
    (void)event_gettime_monotonic(t->base, &now);
    if (t->on_elapsed != NULL)
        t->on_elapsed((double)(now.tv_sec - t->start.tv_sec) +
                          (double)(now.tv_usec - t->start.tv_usec) / 1e6,
                      t->arg);
    evutil_timerclear(&t->start);
    later_tell_done(&t->later, 0, cb, arg);
    return 0;
}

/* ---- timeout_scope: `in` is whom it is entered for, and whether it is ---- */

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
    struct timeout_scope *t = arg;

    (void)fd;
    (void)what;
    t->fired = scope_interrupt(t->in);
}

static int timeout_enter(void *obj, struct scope *in, enter_cb cb, void *arg)
{
    struct timeout_scope *t = obj;
    const struct timeval limit = {t->ms / 1000, t->ms % 1000 * 1000}, none = {0, 0};

    if (t->in != NULL || later_pending(&t->later) || in == NULL)
        return t->in == NULL && in == NULL ? -EINVAL : -EBUSY;
    if (event_add(t->timer, t->ms > 0 ? &limit : &none) != 0)
        return -ENOMEM;
    *t = (struct timeout_scope){t->later, t->timer, t->ms, in, false};
    later_tell_enter(&t->later, 0, NULL, cb, arg);
    return 0;
}

static int timeout_exit(void *obj, int err, done_cb cb, void *arg)
{
    struct timeout_scope *t = obj;
    const bool is_mine = err == -ECANCELED && t->fired && !scope_cancelled(t->in);

    (void)event_del(t->timer);
    t->in = NULL;
    later_tell_done(&t->later, is_mine ? SCOPE_INSTEAD(-ETIMEDOUT) : 0, cb, arg);
    return 0;
}

/* ---- lock_scope: the first one in the queue has the lock ---- */

static void lock_tell_first(struct lock *lock)
{
    struct lock_scope *first = TAILQ_FIRST(&lock->queue);

    if (first != NULL)
        later_tell_enter(&first->later, 0, lock, first->cb, first->arg);
}

static int lock_enter(void *obj, struct scope *in, enter_cb cb, void *arg)
{
    struct lock_scope *use = obj;
    const bool is_free = TAILQ_EMPTY(&use->lock->queue);

    (void)in;
    if (use->waiting || later_pending(&use->later))
        return -EBUSY;
    use->waiting = true; /* stands in the queue, also when it has the lock */
    use->cb = cb;
    use->arg = arg;
    TAILQ_INSERT_TAIL(&use->lock->queue, use, link);
    if (is_free)
        lock_tell_first(use->lock);
    return 0;
}

static int lock_exit(void *obj, int err, done_cb cb, void *arg)
{
    struct lock_scope *use = obj;

    (void)err;
    lock_leave_queue(use);
    lock_tell_first(use->lock);
    later_tell_done(&use->later, 0, cb, arg);
    return 0;
}

static void lock_cancel(void *obj)
{
    struct lock_scope *use = obj;

    if (!use->waiting || TAILQ_FIRST(&use->lock->queue) == use)
        return;
    lock_leave_queue(use);
    later_tell_enter(&use->later, -ECANCELED, NULL, use->cb, use->arg);
}

/* ---- tempfile_scope ---- */

static int tempfile_enter(void *obj, struct scope *in, enter_cb cb, void *arg)
{
    struct tempfile_scope *t = obj;

    (void)in;
    if (t->file.fd >= 0 || later_pending(&t->later))
        return -EBUSY;
    strcpy(t->path + t->dir_length, TEMPFILE_NAME);
    if ((t->file.fd = mkstemp(t->path)) < 0)
        return -errno;
    later_tell_enter(&t->later, 0, &t->file, cb, arg);
    return 0;
}

static int tempfile_exit(void *obj, int err, done_cb cb, void *arg)
{
    struct tempfile_scope *t = obj;
    struct outcome outcome = {.err = 0};

    (void)err;
    outcome_note(&outcome, close(t->file.fd) != 0 ? -errno : 0);
    outcome_note(&outcome, unlink(t->path) != 0 ? -errno : 0);
    t->file.fd = -1;
    later_tell_done(&t->later, outcome.err, cb, arg);
    return 0;
}

int main(int argc, char **argv)
{
    return p7_program(argc, argv);
}
