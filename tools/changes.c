/* changes.c: see changes.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "changes.h"

#include <string.h>
#include <unistd.h>

#define GIT_LIMIT_S      20
#define GIT_OUTPUT_LIMIT 65536 /* bytes: a longer list of changes is no student's */

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
