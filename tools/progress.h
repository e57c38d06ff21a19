/* progress.h: what the student has reached, kept in the build folder
 *
 * Progress is the last verdict of each exercise, and nothing else. A file that
 * cannot be read or is no verdict counts as none: there is nothing to lose.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "verdict.h"
#include "workbook.h"

void progress_save(const struct workbook *workbook, const struct verdict *verdict);

/* The last verdict, the caller's to free, or NULL. */
struct verdict *progress_load(const struct workbook *workbook, const struct exercise *exercise);

/* The first exercise behind `after` without full points, going round at the end; with NULL, from the
 * beginning. NULL if there is none. */
const struct exercise *progress_next(const struct workbook *workbook, const struct exercise *after);

#endif
