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

/* TODO(1): what was entered is exited once, however the body has ended; the error is what the
 * header makes of what exit tells or returns, and cb gets it when nothing is left of the scope. See
 * 3.3.3 "Resource management" and "Errors in a scope". */

int scope_run(const struct manager *manager, const struct body *body, done_cb cb, void *arg,
              struct scope **scope)
{
    (void)manager;
    (void)body;
    (void)cb;
    (void)arg;
    (void)scope;
    return -ENOSYS;
}

/* TODO(3): the step that is under way has been asked to end, each time; exit is left alone, and
 * what comes during it is told in the end. See 3.3.3 "Cleanup". */

bool scope_interrupt(struct scope *s)
{
    (void)s;
    return false;
}

void scope_cancel(struct scope *s)
{
    (void)s;
}

/* ---- a stack of exits ---- */

/* TODO(4): what has been entered or pushed is exited once, the last one first, each told how the
 * error stands. Nothing is entered that could not be remembered. See 3.3.3 "Errors in a scope". */

int exit_stack_push(struct exit_stack *x, exit_fn exit, void *obj)
{
    (void)x;
    (void)exit;
    (void)obj;
    return -ENOSYS;
}

int exit_stack_enter(struct exit_stack *x, const struct manager *manager, enter_cb cb, void *arg)
{
    (void)x;
    (void)manager;
    (void)cb;
    (void)arg;
    return -ENOSYS;
}

int exit_stack_pop_all(struct exit_stack *from, struct exit_stack *to)
{
    /* TODO(6): another stack owes it, in the same order, or nothing has changed. See 3.3.3
     * "Resource management". */
    (void)from;
    (void)to;
    return -ENOSYS;
}

int exit_stack_close(struct exit_stack *x, int err, done_cb cb, void *arg)
{
    (void)x;
    (void)err;
    (void)cb;
    (void)arg;
    return -ENOSYS;
}

void exit_stack_cancel(struct exit_stack *x)
{
    /* TODO(5): what is being entered has been asked to end; exits are left alone. See 3.3.3
     * "Cleanup". */
    (void)x;
}

/* ---- timer_scope ---- */

/* TODO(2): it is known how long the body has taken. See 3.3.3 "Errors in a scope". */

static int timer_enter(void *obj, struct scope *in, enter_cb cb, void *arg)
{
    (void)obj;
    (void)in;
    (void)cb;
    (void)arg;
    return -ENOSYS;
}

static int timer_exit(void *obj, int err, done_cb cb, void *arg)
{
    (void)obj;
    (void)err;
    (void)cb;
    (void)arg;
    return -ENOSYS;
}

/* ---- timeout_scope ---- */

/* TODO(7): the body has been asked to end when the time is over, and not after its end; and the
 * error says so, unless somebody else asked, too. See 3.3.3 "Cleanup". */

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

static int timeout_enter(void *obj, struct scope *in, enter_cb cb, void *arg)
{
    (void)obj;
    (void)in;
    (void)cb;
    (void)arg;
    return -ENOSYS;
}

static int timeout_exit(void *obj, int err, done_cb cb, void *arg)
{
    (void)obj;
    (void)err;
    (void)cb;
    (void)arg;
    return -ENOSYS;
}

/* ---- lock_scope ---- */

/* TODO(8): one is inside at a time, in the order in which they have come; who gives up has left the
 * queue. See 3.3.3 "Work queue". */

static int lock_enter(void *obj, struct scope *in, enter_cb cb, void *arg)
{
    (void)obj;
    (void)in;
    (void)cb;
    (void)arg;
    return -ENOSYS;
}

static int lock_exit(void *obj, int err, done_cb cb, void *arg)
{
    (void)obj;
    (void)err;
    (void)cb;
    (void)arg;
    return -ENOSYS;
}

static void lock_cancel(void *obj)
{
    (void)obj;
}

/* ---- tempfile_scope ---- */

/* TODO(9): a file is there for as long as the body; what goes wrong on the way out is told, and
 * keeps nothing from being tried. See 3.3.3 "Errors in a scope". */

static int tempfile_enter(void *obj, struct scope *in, enter_cb cb, void *arg)
{
    (void)obj;
    (void)in;
    (void)cb;
    (void)arg;
    return -ENOSYS;
}

static int tempfile_exit(void *obj, int err, done_cb cb, void *arg)
{
    (void)obj;
    (void)err;
    (void)cb;
    (void)arg;
    return -ENOSYS;
}

int main(int argc, char **argv)
{
    return p7_program(argc, argv);
}
