/* p7_context_manager.c: write scopes, a stack of exits, and four context managers
 *
 * p7_context_manager.h says what each function does. Given: p7_later.h, for callbacks that come
 * later; p7_scope.h, p7_stack.h and p7_managers.h, what all is made of; p7_program.h, a program that
 * uses all, and p7_coroutine.h, for a manager that is a coroutine.
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
#include "p7_scope.h"
#include "p7_stack.h"

/* ---- one scope ---- */

/* What becomes of the error when an exit has told `result`. */
static int error_after(int err, int result)
{
    if (result > 0)
        return err != 0 ? 1 - result : 0;
    return err != 0 ? err : result; /* the first error wins */
}

/* A request that came during an exit, which has told what it had to tell. */
static int error_after_request(int err, bool *asked)
{
    const bool late = *asked;

    *asked = false;
    return late && err == 0 ? -ECANCELED : err;
}

static void scope_leave(struct scope *s, int err)
{
    const done_cb cb = s->cb;
    void *arg = s->arg;

    free(s);
    cb(err, arg);
}

static void on_exit_told(int result, void *arg)
{
    struct scope *s = arg;

    scope_leave(s, error_after_request(error_after(s->err, result), &s->asked));
}

static void on_body_told(int err, void *arg)
{
    struct scope *s = arg;

    s->step = SCOPE_EXIT;
    s->asked = false; /* what was asked of the body, it has answered */
    s->err = err;
    err = s->manager.exit(s->manager.obj, s->err, on_exit_told, s);
    if (err != 0) /* nobody will call */
        on_exit_told(err, s);
}

static void on_enter_told(int err, void *value, void *arg)
{
    struct scope *s = arg;

    if (err != 0) {
        scope_leave(s, err);
        return;
    }
    s->step = SCOPE_BODY; /* from here on there is no way but through exit */
    err = error_after_request(0, &s->asked);
    if (err == 0)
        err = s->body.begin(s->body.obj, value, on_body_told, s);
    if (err != 0)
        on_body_told(err, s);
}

int scope_run(const struct manager *manager, const struct body *body, done_cb cb, void *arg,
              struct scope **scope)
{
    struct scope *s = malloc(sizeof(*s));
    int err = -ENOMEM;

    if (s != NULL) {
        *s = (struct scope){.manager = *manager, .body = *body, .cb = cb, .arg = arg};
        err = manager->enter(manager->obj, s, on_enter_told, s);
    }
    if (err != 0) {
        free(s);
        s = NULL;
    }
    if (scope != NULL)
        *scope = s;
    return err;
}

bool scope_interrupt(struct scope *s)
{
    if (s->step == SCOPE_EXIT)
        return false;
    s->asked = true;
    if (s->step == SCOPE_ENTER && s->manager.cancel != NULL)
        s->manager.cancel(s->manager.obj);
    else if (s->step == SCOPE_BODY && s->body.cancel != NULL)
        s->body.cancel(s->body.obj);
    return true;
}

void scope_cancel(struct scope *s)
{
    s->cancelled = true;
    if (!scope_interrupt(s))
        s->asked = true; /* exit goes on as if nothing had been said; it is told in the end */
}

/* ---- a stack of exits ---- */

int exit_stack_push(struct exit_stack *x, exit_fn exit, void *obj)
{
    struct owed *owed;

    if (stack_busy(x))
        return -EBUSY;
    owed = owed_new(exit, obj);
    if (owed == NULL)
        return -ENOMEM;
    stack_owe(x, owed);
    return 0;
}

static void on_entered(int err, void *value, void *arg)
{
    struct exit_stack *x = arg;

    x->state = STACK_IDLE;
    if (err == 0)
        stack_owe(x, x->entering);
    else
        free(x->entering);
    x->entering = NULL;
    if (err == 0)
        err = error_after_request(0, &x->asked);
    x->entered(err, err == 0 ? value : NULL, x->arg);
}

int exit_stack_enter(struct exit_stack *x, const struct manager *manager, enter_cb cb, void *arg)
{
    int err;

    if (stack_busy(x))
        return -EBUSY;
    x->entering = owed_new(manager->exit, manager->obj); /* afterwards it would be too late */
    if (x->entering == NULL)
        return -ENOMEM;
    x->state = STACK_ENTERING;
    x->manager = *manager;
    x->asked = false;
    x->entered = cb;
    x->arg = arg;
    err = manager->enter(manager->obj, x->in, on_entered, x);
    if (err != 0) {
        free(x->entering);
        x->entering = NULL;
        x->state = STACK_IDLE;
    }
    return err;
}

int exit_stack_pop_all(struct exit_stack *from, struct exit_stack *to)
{
    struct owed **bottom = &from->top;

    if (from == to)
        return -EINVAL;
    if (stack_busy(from) || stack_busy(to))
        return -EBUSY;
    while (*bottom != NULL)
        bottom = &(*bottom)->next;
    *bottom = to->top;
    to->top = from->top;
    from->top = NULL;
    return 0;
}

static void stack_next(struct exit_stack *x);

static void on_exit_ended(int result, void *arg)
{
    struct exit_stack *x = arg;

    x->err = error_after(x->err, result);
    stack_next(x);
}

/* Begins the exit that is next, or tells. */
static void stack_next(struct exit_stack *x)
{
    x->err = error_after_request(x->err, &x->asked);
    while (x->top != NULL) {
        struct owed owed = *x->top;
        int err;

        free(x->top);
        x->top = owed.next; /* taken off first: it is begun once */
        err = owed.exit(owed.obj, x->err, on_exit_ended, x);
        if (err == 0)
            return;
        x->err = error_after(x->err, err);
    }
    x->state = STACK_IDLE;
    x->closed(x->err, x->arg); /* the last use of x: perhaps it is freed now */
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
    /* As if an exit had told 0; later, for perhaps none takes time, and cb would come too early. */
    later_tell_done(&x->later, 0, on_exit_ended, x);
    return 0;
}

void exit_stack_cancel(struct exit_stack *x)
{
    x->asked = true; /* while it is idle: until it begins something */
    if (x->state == STACK_ENTERING && x->manager.cancel != NULL)
        x->manager.cancel(x->manager.obj);
}

/* ---- timer_scope ---- */

static int timer_enter(void *obj, struct scope *in, enter_cb cb, void *arg)
{
    struct timer_scope *timer = obj;

    (void)in;
    if (timer->inside || later_pending(&timer->later))
        return -EBUSY;
    timer->inside = true;
    (void)event_gettime_monotonic(timer->base, &timer->start); /* fails without a base alone */
    later_tell_enter(&timer->later, 0, timer, cb, arg);
    return 0;
}

static int timer_exit(void *obj, int err, done_cb cb, void *arg)
{
    struct timer_scope *timer = obj;
    struct timeval now, elapsed;

    (void)err; /* it tells the time in any case */
    (void)event_gettime_monotonic(timer->base, &now);
    evutil_timersub(&now, &timer->start, &elapsed);
    timer->inside = false;
    later_tell_done(&timer->later, 0, cb, arg);
    if (timer->on_elapsed != NULL)
        timer->on_elapsed((double)elapsed.tv_sec + (double)elapsed.tv_usec / 1e6, timer->arg);
    return 0;
}

/* ---- timeout_scope ---- */

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
    struct timeout_scope *timeout = arg;

    (void)fd;
    (void)what;
    timeout->fired = scope_interrupt(timeout->in);
}

static int timeout_enter(void *obj, struct scope *in, enter_cb cb, void *arg)
{
    struct timeout_scope *timeout = obj;
    const int ms = timeout->ms > 0 ? timeout->ms : 0;
    const struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    if (timeout->in != NULL || later_pending(&timeout->later))
        return -EBUSY;
    if (in == NULL)
        return -EINVAL;
    if (event_add(timeout->timer, &delay) != 0)
        return -ENOMEM;
    timeout->in = in;
    timeout->fired = false;
    later_tell_enter(&timeout->later, 0, NULL, cb, arg);
    return 0;
}

static int timeout_exit(void *obj, int err, done_cb cb, void *arg)
{
    struct timeout_scope *timeout = obj;
    const bool mine = timeout->fired && err == -ECANCELED && !scope_cancelled(timeout->in);

    (void)event_del(timeout->timer); /* cannot fail: the event is a good one */
    timeout->in = NULL;
    later_tell_done(&timeout->later, mine ? SCOPE_INSTEAD(-ETIMEDOUT) : 0, cb, arg);
    return 0;
}

/* ---- lock_scope ---- */

static void lock_hand_to(struct lock *lock, struct lock_scope *use)
{
    lock->holder = use;
    later_tell_enter(&use->later, 0, lock, use->cb, use->arg);
}

static int lock_enter(void *obj, struct scope *in, enter_cb cb, void *arg)
{
    struct lock_scope *use = obj;
    struct lock *lock = use->lock;

    (void)in;
    if (use->waiting || lock->holder == use || later_pending(&use->later))
        return -EBUSY;
    use->cb = cb;
    use->arg = arg;
    if (lock->holder == NULL) {
        lock_hand_to(lock, use);
    } else {
        use->waiting = true;
        TAILQ_INSERT_TAIL(&lock->queue, use, link);
    }
    return 0;
}

static int lock_exit(void *obj, int err, done_cb cb, void *arg)
{
    struct lock_scope *use = obj, *next = TAILQ_FIRST(&use->lock->queue);

    (void)err;
    use->lock->holder = NULL;
    if (next != NULL) {
        lock_leave_queue(next);
        lock_hand_to(use->lock, next); /* now: nobody can come in between */
    }
    later_tell_done(&use->later, 0, cb, arg);
    return 0;
}

/* Too late for one that has got the lock, and only waits to be told: that one is exited. */
static void lock_cancel(void *obj)
{
    struct lock_scope *use = obj;

    if (use->waiting) {
        lock_leave_queue(use);
        later_tell_enter(&use->later, -ECANCELED, NULL, use->cb, use->arg);
    }
}

/* ---- tempfile_scope ---- */

static int tempfile_enter(void *obj, struct scope *in, enter_cb cb, void *arg)
{
    struct tempfile_scope *t = obj;

    (void)in;
    if (t->file.fd >= 0 || later_pending(&t->later))
        return -EBUSY;
    memcpy(t->path + t->dir_length, TEMPFILE_NAME, sizeof(TEMPFILE_NAME));
    t->file.fd = mkstemp(t->path);
    if (t->file.fd < 0)
        return -errno;
    later_tell_enter(&t->later, 0, &t->file, cb, arg);
    return 0;
}

static int tempfile_exit(void *obj, int err, done_cb cb, void *arg)
{
    struct tempfile_scope *t = obj;
    int result = close(t->file.fd) == 0 ? 0 : -errno;

    (void)err;
    if (unlink(t->path) != 0 && result == 0)
        result = -errno;
    t->file.fd = -1;
    later_tell_done(&t->later, result, cb, arg);
    return 0;
}

int main(int argc, char **argv)
{
    return p7_program(argc, argv);
}
