/* 23_flow_control.h: a token bucket: a spring fills a cistern, and people take water from it
 *
 * The spring gives a litre each so many milliseconds. The cistern holds a few litres; if it is
 * full, the water runs away. People come with cans. Whoever finds water enough takes it at once, so
 * that a rush is served as long as the cistern lasts; then all have to wait for the spring. In the
 * long run nobody gets more water out of it than the spring gives.
 *
 * In a program the litres are tokens, one for each byte that is sent, or for each request to a
 * server that allows 10 a second. In asyncio it is written by hand, too:
 *
 *     await well.take(5)                        # well_take(), which well_cancel() may end
 *
 * What the well promises
 *   - It is full in the beginning. A litre comes each `litre_ms`, whole litres only. They are counted
 *     from the last moment at which the well was full, or from its beginning: while it is full
 *     nothing comes, no part of a litre either; else no part of one is lost, whenever people come.
 *   - First come, first served. As long as the first in line has to wait, all others wait, too, even
 *     if there is water enough for a smaller can: else the one with the big can would wait for ever.
 *   - A can is filled at the very millisecond at which its last litre has come: it is the caller's
 *     from then on, although he is told later.
 *   - well_take() returns at once. If it returns 0, the loop calls cb(err, arg), once, and never
 *     before well_take() has returned. If it returns an error, cb is never called.
 *   - Nobody looks whether there is water yet: the loop is woken once for each one who waits, and
 *     not at all while nobody does.
 *   - Each function may be called from a cb, well_free() too.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FLOW_CONTROL_H
#define FLOW_CONTROL_H

#include <sys/queue.h>

struct event_base;
struct well;

/* Tells whoever waits how it has ended: 0, or a negative errno. */
typedef void (*done_cb)(int err, void *arg);

/* One call of well_take(). The memory is the caller's, and must stay where it is; all of it is the
 * well's until cb is called. Then it may be used for another call, in cb already. */
struct call {
    int litres; /* to be taken */
    done_cb cb;
    void *arg;              /* for it; borrowed */
    int err;                /* what cb will be told */
    struct line *line;      /* where it stands */
    TAILQ_ENTRY(call) next; /* the one behind it */
};

/* A full well of `most` litres, to which one comes each `litre_ms` milliseconds; both at least 1.
 * NULL without memory. The caller owns it, and frees it before the base. */
struct well *well_new(struct event_base *base, int most, int litre_ms);

/* Takes so many litres, all of them together. Returns 0 if cb is going to be called: with 0 when
 * they are taken, -ECANCELED if well_cancel() comes first, -ENOMEM if no timer can be had to wait
 * with; nor does anybody behind it wait without one. Or returns -EINVAL for less than one litre,
 * -EMSGSIZE for more than the well ever holds. */
int well_take(struct well *w, struct call *call, int litres, done_cb cb, void *arg);

/* How many litres are in it now. */
int well_litres(struct well *w);

/* Ends a call that still waits: its cb is called with -ECANCELED, by the loop, and it takes no
 * water. Who stands behind it is served if there is water enough. Returns 0, or -EALREADY if the
 * call is over, told or not: then it stays as it is. Only for calls that have been begun once. */
int well_cancel(struct well *w, struct call *call);

/* Frees a well, also NULL. No cb is called any more, and the calls that were under way are the
 * caller's again. */
void well_free(struct well *w);

#endif
