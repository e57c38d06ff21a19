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
        free(submissions[i].original);
        for (char **name = submissions[i].named; name != NULL && *name != NULL; name++)
            free(*name);
        free(submissions[i].named);
        verdict_free(submissions[i].verdict);
    }
    free(submissions);
}

/* --- what is not written yet ----------------------------------------------------------------- */

/* The next comment behind `from` that begins with "TODO(n)", and that n. */
static const char *next_todo(const char *text, const char *from, int *number)
{
    for (const char *todo = from; (todo = strstr(todo, "TODO(")) != NULL; todo++)
        if (todo - text >= 3 &&
            (strncmp(todo - 3, "/* ", 3) == 0 || strncmp(todo - 3, "// ", 3) == 0) &&
            sscanf(todo, "TODO(%d)", number) == 1)
            return todo;
    return NULL;
}

/* Goes on to the next character of code behind `c`, past spaces and comments. It stops at the end
 * of the function, and at the next marker. */
static const char *next_code(const char *c)
{
    for (;;) {
        if (c[0] == '/' && c[1] == '*') {
            const char *end = strstr(c, "*/");
            if (strncmp(c, "/* TODO(", 8) == 0 || end == NULL)
                return "";
            c = end + 2;
        } else if (c[0] == '/' && c[1] == '/') {
            if (strncmp(c, "// TODO(", 8) == 0)
                return "";
            c += strcspn(c, "\n");
        } else if (c[0] == '\n' && c[1] == '}') {
            return "";
        } else if (isspace((unsigned char)*c)) {
            c++;
        } else {
            return c;
        }
    }
}

static const char *behind_comment(const char *todo)
{
    const char *end = todo[-2] == '*' ? strstr(todo, "*/") : strchr(todo, '\n');
    return end == NULL ? "" : end + (*end == '*' ? 2 : 0);
}

/* Some leave the comment where it is when they write the code. */
static bool same_code(const char *todo, const char *other)
{
    const char *a = next_code(behind_comment(todo)), *b = next_code(behind_comment(other));
    while (*a != '\0' && *a == *b) {
        a = next_code(a + 1);
        b = next_code(b + 1);
    }
    return *a == *b;
}

/* Does the marker of number n stand before what the skeleton has behind one of that number? */
static bool is_open(const char *todo, int n, const char *original)
{
    bool known = false;
    int m;
    for (const char *other = original;
         original != NULL && (other = next_todo(original, other, &m)) != NULL; other++) {
        if (m == n && same_code(todo, other))
            return true;
        known = known || m == n;
    }
    return !known;
}

const char *submission_todo(const struct submission *submission, int after, int *number)
{
    const char *first = NULL;
    int least = INT_MAX, n;
    for (const char *todo = submission->text;
         (todo = next_todo(submission->text, todo, &n)) != NULL; todo++)
        if (n > after && n < least && is_open(todo, n, submission->original)) {
            first = todo;
            least = n;
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
