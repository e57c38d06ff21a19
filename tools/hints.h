/* hints.h: tasks and hints, from exercises/SECTION/README.md
 *
 * An exercise has a section "## NAME" there: first its task, then "### Hint 1",
 * "### Hint 2", ... In Korean: README.ko.md and "### 힌트 1".
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HINTS_H
#define HINTS_H

#include "catalogue.h"

/* The first paragraph of the task on one line, or ""; the caller frees it. */
char *hints_task(const struct exercise *exercise);

#endif
