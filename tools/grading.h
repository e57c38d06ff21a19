/* grading.h: from source text to verdict, several at once
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GRADING_H
#define GRADING_H

#include "verdict.h"
#include "workbook.h"

struct submission {
    const struct exercise *exercise;
    char *tag;               /* its temporary folder is build/grading/TAG.PID */
    char *label;             /* the path that messages name */
    char *text;              /* the source */
    char *original;          /* the skeleton as it was given; NULL: this is it, or it is unknown */
    char **named;            /* grade only the behaviours of these names; ends with NULL; or NULL */
    struct verdict *verdict; /* the result; one that is there before is not graded again */
};

/* A submission of the file at `path`; if it cannot be read, that is its verdict. */
struct submission submission_of_file(const struct exercise *exercise, const char *path);
void submissions_free(struct submission *submissions, size_t count); /* and the array */

/* The comment of least n above `after` that begins with "TODO(n)" and has behind it still what the
 * skeleton has there, and that n; NULL when none is left. */
const char *submission_todo(const struct submission *submission, int after, int *number);

/* Where a skeleton's reader starts: number, file, line and text of TODO(1), allocated. NULL when
 * that is not open any more: somebody has begun. */
char *submission_first_todo(const struct submission *submission);

/* True if what grading needs of the build is there; else false after a message. */
bool grading_possible(const struct workbook *workbook, const struct exercise *exercise);

/* Grades them all, as many at once as there are processors. `on_verdict` hears of each when it is
 * done. Returns 0 or a negative errno: -EINTR after a signal, and some have no verdict. */
int grading_run(struct workbook *workbook, struct submission *submissions, size_t count,
                void (*on_verdict)(struct submission *submission, void *arg), void *arg);

#endif
