/* submission.c: see grading.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "grading.h"

#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE_MOST (1024 * 1024) /* bytes of a source file */
#define TODO_MOST   400           /* bytes of a marker's text */

struct submission submission_of_file(const struct exercise *exercise, const char *path)
{
    struct submission submission = {.exercise = exercise,
                                    .tag = text_format("%s", exercise->name),
                                    .label = text_format("%s", path),
                                    .text = file_read(path, SOURCE_MOST)};
    if (submission.text == NULL)
        submission.verdict =
            verdict_new(exercise, OUTCOME_COMPILE_ERROR,
                        text_format("%s cannot be read: %s", path,
                                    errno == EFBIG ? "larger than 1 MiB" : strerror(errno)));
    return submission;
}

void submissions_free(struct submission *submissions, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(submissions[i].tag);
        free(submissions[i].label);
        free(submissions[i].text);
        for (char **name = submissions[i].named; name != NULL && *name != NULL; name++)
            free(*name);
        free(submissions[i].named);
        verdict_free(submissions[i].verdict);
    }
    free(submissions);
}

const char *submission_todo(const struct submission *submission, int after, int *number)
{
    const char *first = NULL;
    int least = INT_MAX, n;
    for (const char *todo = submission->text; (todo = strstr(todo, "TODO(")) != NULL; todo++) {
        bool comment = todo - submission->text >= 3 &&
                       (strncmp(todo - 3, "/* ", 3) == 0 || strncmp(todo - 3, "// ", 3) == 0);
        if (comment && sscanf(todo, "TODO(%d)", &n) == 1 && n > after && n < least) {
            first = todo;
            least = n;
        }
    }
    if (number != NULL)
        *number = least;
    return first;
}

char *submission_first_todo(const struct submission *submission)
{
    int number, line = 1;
    const char *todo = submission_todo(submission, 0, &number);
    if (todo == NULL || number != 1)
        return NULL;
    for (const char *c = submission->text; c < todo; c++)
        line += *c == '\n';
    const char *end = todo[-2] == '*' ? strstr(todo, "*/") : strchr(todo, '\n');
    char words[TODO_MOST] = "";
    size_t length = 0;
    /* One line: line ends, indentation and the stars before the lines become single spaces. */
    bool margin = false;
    for (const char *c = todo + strcspn(todo, " \n"); c != end && *c && length < TODO_MOST - 1;
         c++) {
        margin = *c == '\n' || (margin && (isspace((unsigned char)*c) || *c == '*'));
        if (!isspace((unsigned char)*c) && !margin)
            words[length++] = *c;
        else if (length > 0 && words[length - 1] != ' ')
            words[length++] = ' ';
    }
    if (length > 0 && words[length - 1] == ' ')
        words[length - 1] = '\0';
    return text_format("start with TODO(%d), %s:%d: %s", number, submission->label, line, words);
}
