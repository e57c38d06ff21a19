/* p7_context_manager.h: write scopes, a stack of exits, and four context managers
 *
 * Whatever is entered is exited: once, however it ends, and the last one first. Python has words of
 * the language for it, and a library; here is the library. The pages that this mirrors:
 *     https://docs.python.org/3.11/reference/datamodel.html#asynchronous-context-managers
 *     https://docs.python.org/3.11/library/contextlib.html#contextlib.AsyncExitStack
 *     https://docs.python.org/3.11/library/asyncio-task.html#timeouts
 *     https://docs.python.org/3.11/library/asyncio-sync.html#asyncio.Lock
 *
 * For TODO(1) read down to scope_run(); come back for the others.
 *
 * What holds for every function here that takes a callback, the steps of managers and bodies
 * included:
 *   - It returns at once: 0, or a negative errno; of two that fit, either. After an error nothing
 *     has begun and nothing has changed, and the callback is never called. After 0 it is called
 *     once, by the loop, never before the call has returned. (What an exit returns: see below.)
 *   - To cancel is to ask. What is under way ends soon, but as it likes: with -ECANCELED; with 0,
 *     if it had come to its end anyway; with another error. It is awaited in any case, so its
 *     callback comes. Whoever is asked again takes it as once; who only passes requests on passes
 *     on each. To ask needs no memory, nor does an exit.
 *   - A callback is the last thing that is done with the object in question: it may free it, or use
 *     it again.
 *
 * How an error changes on its way out. It begins as what the body has told, and each exit is told
 * how it stands when that exit is begun. If an exit returns 0, it tells its end by the callback.
 * What else it returns is taken as what it tells, and it has ended: a negative errno, as when it
 * could not be begun, or one of the positive ones, if it takes no time. What an exit tells:
 *   - 0: the error stays as it is.
 *   - A negative errno: this is the error from there on, if there was none. The first error wins.
 *     (Not as in Python, where the later one does, and has the first as its __context__.)
 *   - SCOPE_SUPPRESS: the error is dealt with. There is none from there on.
 *   - SCOPE_INSTEAD(-EIO): the error is -EIO from there on (`raise OSError(EIO) from error`).
 *     If there was no error, the last two change nothing.
 * An exit is never cancelled. A request that comes while exits run counts when the exit that is
 * under way has ended, and what it tells is applied: if there is no error then, it is -ECANCELED
 * from there on. So SUPPRESS takes away what the exit was told, and not a later request.
 *
 *     async def __aexit__(self, *error):
 *         await asyncio.shield(clean())       # if cancelled: again, until it has ended; then raise
 *         return True                         # is not reached then
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P7_CONTEXT_MANAGER_H
#define P7_CONTEXT_MANAGER_H

#include <event2/event.h>
#include <stdbool.h>

/* Tells how something has ended: 0, or a negative errno. An exit may tell one of these, too. */
typedef void (*done_cb)(int result, void *arg);

#define SCOPE_INSTEAD(err) (1 - (err)) /* the error is this one instead */
#define SCOPE_SUPPRESS     1           /* SCOPE_INSTEAD(0): there is none */

/* Tells that something was entered (0), with the value for the body (Python: `as value`), or why
 * not, with NULL. The value is good until the exit is begun. */
typedef void (*enter_cb)(int err, void *value, void *arg);

/* `err`: how it stands. */
typedef int (*exit_fn)(void *obj, int err, done_cb cb, void *arg);

struct scope;

/* ---- managers and bodies ---- */

/* A context manager: what a scope, or a stack, enters and exits. Copied by who takes one; `obj` is
 * borrowed, and must stay until the exit has ended, or the enter has failed. Exit is begun if and
 * only if enter has told 0. Before one of these functions has returned, it does not call back into
 * the scope or the stack that has called it; nor do those of a body. */
struct manager {
    /* `in`: the scope whose body it is entered for, as `asyncio.current_task()` would tell; good
     * until that scope is left. NULL: there is none. */
    int (*enter)(void *obj, struct scope *in, enter_cb cb, void *arg);
    exit_fn exit;
    void (*cancel)(void *obj); /* asks the enter that is under way to end; NULL: it is short */
    void *obj;
};

/* What is done inside. `obj` is borrowed until `begin` has told its end. */
struct body {
    int (*begin)(void *obj, void *value, done_cb cb, void *arg);
    void (*cancel)(void *obj); /* asks it to end; NULL: it cannot be asked, and is awaited */
    void *obj;
};

/* ---- one scope ---- */

/* Enters, begins the body, and when that has ended, exits. cb gets the error in the end, or 0.
 *
 *     async with manager as value:
 *         await body(value)
 *
 * If enter fails, that is the error: there is neither body nor exit. Returns what enter returns if
 * it cannot be begun; -ENOMEM.
 *
 * `*scope`, unless `scope` is NULL, gets a handle for the functions below. The scope owns itself:
 * it is freed just before cb is called, and the handle is good until then. If scope_run() returns
 * an error, it is NULL. `manager` and `body` are copied. scope_run() in cb is fine, and so is a
 * scope in the body of another. */
int scope_run(const struct manager *manager, const struct body *body, done_cb cb, void *arg,
              struct scope **scope);

/* Asks the scope to end early (task.cancel()); at any time.
 *   - During enter: manager->cancel is called. If it enters all the same, the body is not begun,
 *     and exit is told -ECANCELED.
 *   - During the body: body->cancel is called. What the body tells counts, also if it is 0. (Not as
 *     in 18_scope_cleanup, where to ask was to fail: a coroutine, too, may deal with its
 *     CancelledError.)
 *   - During exit: see above.
 * Each request is passed on, for it may have to go on to a scope inside, whose exit is under way.
 * None is passed on to an exit: if the manager is a stack, exit_stack_cancel() is not called while
 * it closes, and the request is told behind all of its exits. */
void scope_cancel(struct scope *scope);

/* For a manager that was entered in this scope, such as a timeout: asks for the end of what is
 * inside, as scope_cancel() does, but it is nobody's wish from outside. True, also if there is no
 * cancel() to be called; false, and no effect, during exit. */
bool scope_interrupt(struct scope *scope);

/* Whether somebody has called scope_cancel() (task.cancelling() > 0). */
bool scope_cancelled(const struct scope *scope);

/* Gives up a scope under way, or NULL: neither exit nor cb comes. For the end of a program alone,
 * when the loop does not run any more. As long as it does, cancel the scope, and wait. */
void scope_free(struct scope *scope);

/* ---- a stack of exits ---- */

/* Exits that are owed, as many as there come to be (contextlib.AsyncExitStack). It is busy while
 * something is being entered, and while it closes: from a call that has returned 0 until its
 * callback. So it is while a scope enters the stack itself, as its manager. */
struct exit_stack;

/* An empty one; NULL without memory. The caller owns it, and frees it before the base. */
struct exit_stack *exit_stack_new(struct event_base *base);

/* Frees it, also NULL. Exits that are still owed do not run: close it first. Not while it is busy,
 * for a callback is still to come; but when the loop does not run any more, no callback comes. */
void exit_stack_free(struct exit_stack *stack);

/* Enters now; when that has told 0, its exit is owed, and cb gets the value. Returns -EBUSY;
 * -ENOMEM, before anything is entered that nobody could remember to exit; what enter returns. */
int exit_stack_enter(struct exit_stack *stack, const struct manager *manager, enter_cb cb,
                     void *arg);

/* One more exit is owed (push_async_exit()). Returns 0, -EBUSY or -ENOMEM. `obj` is borrowed until
 * it has ended. */
int exit_stack_push(struct exit_stack *stack, exit_fn exit, void *obj);

/* What `from` owes is owed by `to` from here on, in the same order, and before all that `to` owes
 * already. Needs no memory. 0; -EBUSY if one of them is busy; -EINVAL if they are the same. Not for
 * a manager that keeps `in` beyond its scope, as a timeout does. */
int exit_stack_pop_all(struct exit_stack *from, struct exit_stack *to);

/* Runs all exits that are owed, the last one first; each is begun once, when the one before it has
 * ended, whether that went well or not. The error begins as `err`, and cb gets it as it stands in
 * the end; also if nothing is owed. The stack is empty then, and may be used again. Or -EBUSY. */
int exit_stack_close(struct exit_stack *stack, int err, done_cb cb, void *arg);

/* Asks what is under way in the stack to end early.
 *   - Something is being entered: its cancel is called, each time. If it is entered all the same,
 *     its exit is owed, but cb gets -ECANCELED.
 *   - It closes: see above. No exit is under way before the first one has begun, so that one is
 *     told.
 *   - Otherwise no effect. Nor has a request any on what the stack does after that. */
void exit_stack_cancel(struct exit_stack *stack);

/* The stack as a manager: enter gives the struct exit_stack as the value, exit closes it. What is
 * entered in it meanwhile is told this scope as `in`. Its enter returns -EBUSY if it is busy, or
 * was entered and not exited. The body ends when it is not busy.
 *
 *     async with AsyncExitStack() as stack: ...
 */
struct manager exit_stack_manager(struct exit_stack *stack);

/* ---- four managers ----
 *
 * All are made by _new (NULL without memory), which owns nothing but its memory; the caller frees
 * them with _free (also NULL), before the base, and not from enter until exit has ended, unless the
 * loop does not run any more. One is used for one thing at a time: enter returns -EBUSY from an
 * enter that has returned 0 until that has failed, or its exit has ended. After that it may be
 * entered again. */

/* Measures how long the body takes, on the monotonic clock: from the call of enter to that of exit,
 * which calls on_elapsed(), if that is not NULL. The value is the struct timer_scope. */
struct timer_scope;
typedef void (*elapsed_fn)(double seconds, void *arg);

struct timer_scope *timer_scope_new(struct event_base *base, elapsed_fn on_elapsed, void *arg);
void timer_scope_free(struct timer_scope *timer);
struct manager timer_scope_manager(struct timer_scope *timer);

/* Limits the body to `ms` from the call of enter on; 0 or less: it is interrupted at once. When
 * they are over, the body is asked to end (scope_interrupt()). If exit is told -ECANCELED then, it
 * makes -ETIMEDOUT of it, but not of a cancellation that was somebody else's wish, before or since
 * (scope_cancelled()): that stays. The body may clean up as long as it likes. Once exit has begun,
 * no timer is left. Without a scope to interrupt, enter returns -EINVAL. The value is NULL. In a
 * stack it limits the body of the stack's scope, and not the exits of what was entered after it.
 *
 *     async with asyncio.timeout(ms / 1000): ...
 */
struct timeout_scope;

struct timeout_scope *timeout_scope_new(struct event_base *base, int ms);
void timeout_scope_free(struct timeout_scope *timeout);
struct manager timeout_scope_manager(struct timeout_scope *timeout);

/* Has the lock to itself: entered as soon as nobody else is inside, in the order in which they have
 * come (asyncio.Lock, with several lock_scopes on it). Exit hands the lock to the first who waits,
 * who is told by the loop at once. It is his from there on: who comes later cannot take it, also if
 * he is asked to end before he is told. Who is asked to end while he waits leaves the queue, and
 * tells -ECANCELED at once. Nobody who waits costs any time. The value is the struct lock, which is
 * freed after its lock_scopes. */
struct lock;
struct lock_scope;

struct lock *lock_new(void);
void lock_free(struct lock *lock); /* NULL is allowed */
struct lock_scope *lock_scope_new(struct event_base *base, struct lock *lock);
void lock_scope_free(struct lock_scope *use);
struct manager lock_scope_manager(struct lock_scope *use);

/* An empty file of its own: enter makes it in `dir` (copied) with mkstemp(), exit closes and
 * removes it. Each of the two is tried whatever has become of the other; the first error is told.
 * If no file can be made, enter returns why. The value is a struct tempfile, which the body may
 * read only; `fd` is open for reading and writing. These calls are made on the loop's thread: `dir`
 * should not be on a slow disk. */
struct tempfile {
    int fd;
    const char *path;
};
struct tempfile_scope;

struct tempfile_scope *tempfile_scope_new(struct event_base *base, const char *dir);
void tempfile_scope_free(struct tempfile_scope *file);
struct manager tempfile_scope_manager(struct tempfile_scope *file);

#endif
