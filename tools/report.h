/* report.h: verdicts in words, as TAP and as JSON, on standard output
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef REPORT_H
#define REPORT_H

#include "grading.h"

/* For a person. `brief`: one line when there is nothing to explain. */
void report_verdict(const struct verdict *verdict, bool brief);

/* The last line: the points, and what to do next. `next` may be NULL. */
void report_total(const struct submission *submissions, size_t count, const struct exercise *next);

void report_json(const struct submission *submissions, size_t count);
void report_tap(const struct submission *submissions, size_t count);

/* One line of TAP and its diagnostics; `number` counts from 1. */
void report_tap_line(size_t number, bool ok, const char *name, const char *diagnostics);

/* Prints running text in lines of readable width: the first behind `first`, the others behind
 * `rest`. */
void report_wrapped(const char *text, size_t length, const char *first, const char *rest);

/* Prints at most `most` lines of text, each indented, control characters made visible. */
void report_text(const char *text, const char *indent, int most);

/* `words` in green or red on a terminal; the caller frees it. */
char *report_painted(bool good, const char *words);

#endif
