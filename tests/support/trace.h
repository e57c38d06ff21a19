/* trace.h: the timeline of a test
 *
 * Every line that the learner's program prints, and every trace() of the suite,
 * is kept with its virtual time. Stdio does not pass through an interposed
 * write(), so stdout is replaced by a stream of our own.
 *
 * See suite.h for trace(), expect_trace() and expect_trace_in_order().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Replaces stdout; returns 0, or -1. With `echo`, each line is also printed there, behind its time,
 * as soon as it is complete: for whoever wants to see it happen. */
int trace_start(FILE *echo);

/* Prints a heading to `echo`, if there is one. */
void trace_heading(const char *text);

/* True once stdout is ours. */
bool trace_is_on(void);

/* Bytes for standard output that came by another way than stdio. */
void trace_output(const char *bytes, size_t n);

/* Forgets the lines so far. */
void trace_clear(void);

#endif
