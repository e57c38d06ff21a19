/* 18_scope_cleanup.h: a dive, and the way up, which is made once and never cut short
 *
 * A diver goes down, looks round, and comes up. To come up takes time: who shoots up falls ill. The
 * boat may call the diver back, once or ten times, and the air comes to its end; the way up is the
 * same in all cases, and whoever waits in the boat is told when the diver is up, not before.
 *
 *     async def dive():
 *         async with asyncio.timeout(air):          # from here on; until the way up begins
 *             await descend()                       # __aenter__
 *             try:
 *                 await look()                      # the body
 *             finally:
 *                 await asyncio.shield(ascend())    # __aexit__; and again, until he is up
 *     task.cancel()                                 # dive_cancel()
 *
 * https://docs.python.org/3/library/asyncio-task.html#task-cancellation
 *
 * A dive
 *   - descends; if that ends well, looks; when that has ended, well or not, ascends. When that has
 *     ended, too, on_left gets the first error of the dive, or 0.
 *   - If the descent fails, the diver is up: there is neither look nor ascent.
 *   - `ascend` is told the first error so far, or 0. It is begun once, if the descent has ended
 *     well, and only then.
 *   - A step that could not be begun has failed. If that is the descent, dive_start() returns why.
 *   - Which errno it is makes no difference: a step may tell -ECANCELED though nobody has asked.
 *
 * To end it early: by dive_cancel(), with the error -ECANCELED, or because the air is over, with
 * -ETIMEDOUT. As any other error, that one counts if it is the first.
 *   - While the diver descends or looks, he is called back: by call_back(), once in a dive, however
 *     often somebody asks. Then the step that is under way ends soon, but as it likes: with
 *     -ECANCELED; with 0, if it had come to its end anyway; with another error. It is awaited.
 *   - A descent that ends well although he was called back: he is down. He does not look, he
 *     ascends.
 *   - An ascent is never called back. A dive_cancel() during the ascent changes what is told, if
 *     there was no error before. The air does not count any more.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCOPE_CLEANUP_H
#define SCOPE_CLEANUP_H

#include <event2/event.h>

/* Tells how something has ended: 0, or a negative errno. What is begun by a function
 * (..., done_cb cb, void *arg) either fails at once: the function returns why, a negative errno,
 * and cb is never called. Or the function returns 0, and the loop calls cb(err, arg) once, after
 * that. */
typedef void (*done_cb)(int err, void *arg);

/* The steps of a dive, and how to cut the first two short. They do not call dive_ functions. */
struct dive_ops {
    int (*descend)(void *obj, done_cb cb, void *arg);
    int (*look)(void *obj, done_cb cb, void *arg);
    int (*ascend)(void *obj, int err, done_cb cb, void *arg);
    void (*call_back)(void *obj);
};

struct dive;

/* A diver in the boat; NULL without memory. `ops` and `obj`, which they get, are borrowed. The
 * caller owns it, and frees it before the base. */
struct dive *dive_new(struct event_base *base, const struct dive_ops *ops, void *obj);

/* Begins a dive with air for so many milliseconds from now on, at least 1; 0: for as long as it
 * takes. 0: on_left(err, arg) will come, once, from the loop, after this call; by then the dive has
 * no event in the loop any more. -EBUSY: a dive is under way, and goes on as it was. -ENOMEM: there
 * was no memory for a timer. Otherwise what `descend` has returned. Not 0: this call has begun no
 * dive, and its on_left is not called. on_left may free the diver, or begin the next dive. */
int dive_start(struct dive *d, int air_ms, done_cb on_left, void *arg);

/* See above. Without a dive under way it has no effect; in on_left, the dive is over. */
void dive_cancel(struct dive *d);

/* Frees the diver, also NULL. Not during a dive, for a callback is still to come: cancel it, and
 * wait. But when the loop does not run any more, no callback comes. */
void dive_free(struct dive *d);

#endif
