/* timeline.h: lines with virtual times, and their comparison side by side
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TIMELINE_H
#define TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIMELINE_MAX_LINES 5000
#define TIMELINE_MAX_TEXT  (256 * 1024)

struct timeline_line {
    int64_t ns;       /* virtual time */
    const char *text; /* in the timeline's `store` */
};

/* Zeroed, it is empty. */
struct timeline {
    struct timeline_line lines[TIMELINE_MAX_LINES];
    int n;
    char store[TIMELINE_MAX_TEXT];
    size_t used;
};

void timeline_clear(struct timeline *t);

/* Appends a copy of `text`; -1 when it is full. */
int timeline_add(struct timeline *t, int64_t ns, const char *text);

/* Appends the lines "0.500  text\n" of `expected`. A line of another form ends the process: it is
 * a mistake in a suite. */
void timeline_parse(struct timeline *t, const char *expected);

/* True if `got` has the lines of `want` at the same times; lines of one time in any order, unless
 * `in_order`. Otherwise `out` gets both, side by side, around the first difference. */
bool timeline_compare(struct timeline *want, struct timeline *got, bool in_order, char *out,
                      size_t size);

#endif
