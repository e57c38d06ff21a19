/* changes.c: see changes.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "changes.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GIT_LIMIT_S       20
#define GIT_OUTPUT_LIMIT  65536 /* bytes: a longer list of changes is no student's */
#define FILE_OUTPUT_LIMIT (1024 * 1024)

void changes_each(struct runner *runner, void (*changed)(const char *path, void *arg), void *arg)
{
    static char *const argv[] = {"git",         "--no-optional-locks", "status",
                                 "--porcelain", "--no-renames",        "--untracked-files=no",
                                 "--",          "exercises",           "tests",
                                 NULL};
    struct command command = {
        .argv = argv, .limit_s = GIT_LIMIT_S, .output_limit = GIT_OUTPUT_LIMIT};
    struct ended ended;
    if (access(".git", F_OK) < 0 || process_run(runner, &command, &ended) < 0)
        return;
    /* A line is "XY path"; X = 'A': added since HEAD, by an author. */
    char *rest = NULL;
    char *lines = ended_well(&ended) ? ended.out : "";
    for (char *line = *lines ? strtok_r(lines, "\n", &rest) : NULL; line != NULL;
         line = strtok_r(NULL, "\n", &rest))
        if (strlen(line) > 3 && line[0] != 'A')
            changed(line + 3, arg);
    ended_clear(&ended);
}

char *changes_original(struct runner *runner, const char *path)
{
    char *name = text_format("HEAD:%s", path);
    char *argv[] = {"git", "--no-optional-locks", "show", name, NULL};
    struct command command = {
        .argv = argv, .limit_s = GIT_LIMIT_S, .output_limit = FILE_OUTPUT_LIMIT};
    struct ended ended;
    char *text = NULL;
    if (access(".git", F_OK) == 0 && process_run(runner, &command, &ended) == 0) {
        if (ended_well(&ended)) {
            text = ended.out;
            ended.out = NULL;
        }
        ended_clear(&ended);
    }
    free(name);
    return text;
}
