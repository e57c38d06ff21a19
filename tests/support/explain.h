/* explain.h: a crash in words
 *
 * A sanitizer's report is written for those who know the tool. These functions
 * find in it what happened and the learner's own line.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>

/* Writes why a child died without a verdict: `status` as of waitpid(), `err` what it wrote to
 * stderr. */
void explain_death(int status, const char *err, char *out, size_t size);

/* Appends to `out` where the memory was allocated that LeakSanitizer reports in `err`; nothing
 * if it reports none. Returns false if it could not name the place of one. */
bool explain_leaks(const char *err, char *out, size_t size);

/* Appends the first lines that the learner's program wrote to stderr, a sanitizer's report not
 * among them: stdout is its timeline, so stderr is where one looks for one's own messages. */
void explain_stderr(const char *err, char *out, size_t size);

#endif
