/* 17_scope_errors.h: the way out of a sale, on which everybody is told how it stands
 *
 * A vending machine takes a coin, raises the lift, drops a can. Each thing that it has done leaves
 * something to do on the way out, an exit: the lift is lowered; the coin is kept if all went well,
 * and given back if not; the display says thank you, or sorry. Which exits there are is known only
 * when the sale has come so far. So each is pushed as soon as it is owed, and in the end, well or
 * not, all of them run, the one pushed last first.
 *
 *     async with AsyncExitStack() as exits:
 *         exits.push_async_exit(display)       # exits_push()
 *         exits.push_async_exit(coin)
 *         ...                                  # the sale, which may fail
 *                                              # here: exits_unwind()
 *
 * https://docs.python.org/3/library/contextlib.html#contextlib.AsyncExitStack
 *
 * One thing is not as in Python: there, an exit that fails replaces the error that it was told.
 * Here the first error wins.
 *
 * The error of an unwinding is 0 or a negative errno. It begins as what exits_unwind() is given.
 *   - Each exit is told the error as it stands when the exit is begun.
 *   - An exit that fails does not change the error, if there is one. If there is none (0), that is
 *     the error from there on. An exit that could not be begun has failed, too.
 *   - An exit that ends with EXIT_SUPPRESS has dealt with the error: it is 0 from there on. If it
 *     was 0 already, nothing changes.
 *   - on_left gets the error as it stands in the end.
 * Which errno it is makes no difference: -ECANCELED and -EAGAIN are errors as any other. No exit is
 * begun a second time.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCOPE_ERRORS_H
#define SCOPE_ERRORS_H

#include <event2/event.h>

/* Tells how something has ended: 0, or a negative errno. What is begun by a function
 * (..., done_cb cb, void *arg) either fails at once: the function returns why, a negative errno,
 * and cb is never called. Or the function returns 0, and the loop calls cb(err, arg) once, after
 * that. */
typedef void (*done_cb)(int err, void *arg);

enum { EXIT_SUPPRESS = 1 }; /* what an exit may tell as well */

/* What is to be done on the way out. `err`: how it stands. */
typedef int (*exit_fn)(void *obj, int err, done_cb cb, void *arg);

enum { MOST_EXITS = 8 };

/* The exits that are owed. */
struct exits;

/* NULL without memory. The caller owns it, and frees it before the base. */
struct exits *exits_new(struct event_base *base);

/* One more exit is owed: exit(obj, ...). Returns 0; -ENOSPC if there are MOST_EXITS; -EBUSY while
 * they are unwound, also in an exit. `obj` is borrowed. */
int exits_push(struct exits *x, exit_fn exit, void *obj);

/* Runs all exits that are owed, the one pushed last first; each is begun once, when the one before
 * it has ended. Returns 0, and then on_left(err, arg) comes: once, from the loop, never before this
 * call has returned; also if no exit is owed, or if none of them takes time. The first exit may be
 * begun in this call, or by the loop. Returns -EBUSY, and changes nothing, while they are unwound,
 * that is from a call that returned 0 until its on_left. To call on_left is the last that is done
 * with x: it may free x, or push and unwind again. */
int exits_unwind(struct exits *x, int err, done_cb on_left, void *arg);

/* Frees it, also NULL. Exits that are still owed do not run. Not while they are unwound, for a
 * callback is still to come; but when the loop does not run any more, no callback comes. */
void exits_free(struct exits *x);

#endif
