/* supervise.h: running the child of a behaviour, and judging how it ended
 *
 * The supervisor never runs the learner's code. It believes a verdict only if it
 * carries the key of this very child; whatever else happens to the child is a
 * failure with a reason.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SUPERVISE_H
#define SUPERVISE_H

#include "child.h"

enum outcome { PASSED, FAILED, CRASHED, TIMEOUT, CHEATING };

struct result {
    enum outcome outcome;
    bool noticed;            /* failed by what the harness noticed, not by an assertion */
    bool leaked;             /* something is left over, and nothing else is wrong */
    bool unplaced_leak;      /* a leak is told, but not where: see grade.c */
    char message[24 * 1024]; /* for the learner; "" when passed */
};

/* Forks, waits, and fills `result`. `wall_seconds` of real time end a child that is stuck in a
 * system call. Returns 0, or a negative errno if no child could be made. */
int supervise(Suite *suite, const struct behaviour *b, const struct child_options *options,
              int wall_seconds, struct result *result);

#endif
