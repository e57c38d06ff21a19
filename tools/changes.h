/* changes.h: what differs from the last commit
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHANGES_H
#define CHANGES_H

#include "process.h"

/* Calls `changed` with the path of each file below exercises/ and tests/ that git knows and that
 * differs from HEAD. Without git, or outside of a checkout, there is nothing to compare with. */
void changes_each(struct runner *runner, void (*changed)(const char *path, void *arg), void *arg);

/* What the file at `path` was in the last commit; the caller frees it. NULL if nobody knows. */
char *changes_original(struct runner *runner, const char *path);

#endif
