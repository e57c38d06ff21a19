/* 16_resource_scope.h: an observatory, opened part by part, and closed in reverse
 *
 * The dome, the cover of the mirror and the cooling of the camera stand in one another's way: a
 * part is opened when the one before it is open, and closed when the one behind it is closed. Each
 * takes its time, and each may fail. In the morning nothing may be open; whatever happened in the
 * night.
 *
 *     async with AsyncExitStack() as stack:
 *         for part in parts:
 *             await stack.enter_async_context(part)     # opened now, closed on the way out
 *         await expose()
 *
 * https://docs.python.org/3/library/contextlib.html#contextlib.AsyncExitStack
 *
 * A night
 *   - opens parts[0], then parts[1], and so on. Each open begins when the one before it has
 *     ended well.
 *   - When all are open, it begins the exposure, once.
 *   - When that has ended, well or not, it closes all parts, the last one first. Each close begins
 *     when the one before it has ended.
 *   - If an open fails, there is no exposure. The parts that are open are closed, as above; the one
 *     that failed is not, and those behind it are not touched.
 *   - A close that fails keeps no other part from being closed.
 *   - No step is tried a second time. It makes no difference which errno it is: -EAGAIN and
 *     -ECANCELED are errors as any other.
 *   - When the last close has ended, on_left gets the first error of all these, or 0. That is the
 *     last that is done with the night: on_left may free it, or run it again.
 *
 * The night makes no event and no memory of its own, and it does not wait: each step tells when it
 * has ended, and from there the next one is begun.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RESOURCE_SCOPE_H
#define RESOURCE_SCOPE_H

#include <stddef.h>

/* Tells how something has ended: 0, or a negative errno. What is begun by a function
 * (..., done_cb cb, void *arg) either fails at once: the function returns why, and cb is never
 * called. Or the function returns 0, and the loop calls cb(err, arg) once, after that. */
typedef void (*done_cb)(int err, void *arg);

/* A part that can be opened and closed. */
struct part {
    int (*open)(void *obj, done_cb cb, void *arg);
    int (*close)(void *obj, done_cb cb, void *arg);
    void *obj; /* for the two; borrowed */
};

enum night_step { NIGHT_OPEN, NIGHT_EXPOSE, NIGHT_CLOSE };

/* Whoever runs a night owns it, keeps it until on_left is called, and fills in the first group, of
 * which a night changes nothing. Several nights may run at once. */
struct night {
    const struct part *parts; /* borrowed */
    size_t n;                 /* of them; at least 1 */
    int (*expose)(void *obj, done_cb cb, void *arg);
    void *obj; /* for expose; borrowed */

    done_cb on_left; /* whom to tell in the end */
    void *arg;       /* for it; borrowed */
    enum night_step step;
    size_t open; /* so many parts are open: parts[0] up to parts[open - 1] */
    int err;     /* the first error so far */
};

/* Begins a night. 0: on_left(err, arg) will come, once, from the loop. Otherwise what the first
 * open has returned: nothing is open, and on_left is never called. */
int night_run(struct night *night, done_cb on_left, void *arg);

#endif
