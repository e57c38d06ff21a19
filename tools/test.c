/* test.c: the command test
 *
 * SPDX-License-Identifier: MIT
 */
#include "progress.h"
#include "report.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GIT_LIMIT_S      20
#define GIT_OUTPUT_LIMIT 65536 /* bytes: a longer list of changes is no student's */

struct test {
    const struct workbook *workbook;
    const struct options *options;
    struct submission *submissions;
    size_t count, told; /* verdicts are told in order */
};

/* --- integrity ------------------------------------------------------------------------------- */

/* True if the verdict on `exercise` rests on the file at `path`. */
static bool rests_on(const struct exercise *exercise, const char *path)
{
    char *header = text_format("exercises/%s/%s.h", exercise->section, exercise->name);
    char *suite = text_format("tests/%s/check_%s.c", exercise->section, exercise->name);
    bool rests = strcmp(path, header) == 0 || strcmp(path, suite) == 0 ||
                 strcmp(path, "exercises/coro.h") == 0 || strncmp(path, "tests/support/", 14) == 0;
    free(header);
    free(suite);
    return rests;
}

static void judge_change(struct test *test, const char *path)
{
    for (size_t i = 0; i < test->count; i++) {
        struct submission *submission = &test->submissions[i];
        if (submission->verdict == NULL && rests_on(submission->exercise, path))
            submission->verdict =
                verdict_new(submission->exercise, OUTCOME_CHEATING,
                            text_format("%s has changed; it is given and must stay as it is.\n"
                                        "To restore it: git checkout HEAD -- %s",
                                        path, path));
    }
}

/* Looks for changed files that verdicts rest on. Without git, or outside of a checkout, there is
 * nothing to compare with. Files that git does not know yet are those of an author. */
static void check_integrity(struct workbook *workbook, struct test *test)
{
    static char *const argv[] = {"git",         "--no-optional-locks", "status",
                                 "--porcelain", "--no-renames",        "--untracked-files=no",
                                 "--",          "exercises",           "tests",
                                 NULL};
    struct command command = {
        .argv = argv, .limit_s = GIT_LIMIT_S, .output_limit = GIT_OUTPUT_LIMIT};
    struct ended ended;
    if (access(".git", F_OK) < 0 || process_run(workbook->runner, &command, &ended) < 0)
        return;
    /* A line is "XY path"; X = 'A': added since HEAD. */
    char *rest = NULL;
    char *lines = ended_well(&ended) ? ended.out : "";
    for (char *line = *lines ? strtok_r(lines, "\n", &rest) : NULL; line != NULL;
         line = strtok_r(NULL, "\n", &rest))
        if (strlen(line) > 3 && line[0] != 'A')
            judge_change(test, line + 3);
    ended_clear(&ended);
}

/* --- the command ----------------------------------------------------------------------------- */

/* What was asked for: one submission for --file, else one for each exercise that was named. */
static bool choose(const struct workbook *workbook, const struct options *options,
                   struct test *test)
{
    const struct catalogue *exercises = &workbook->exercises;
    bool *chosen = memory_new(exercises->count, sizeof *chosen);
    bool understood = true;
    for (int i = 0; i < options->count && understood; i++)
        understood = catalogue_choose(exercises, options->names[i], chosen);
    test->submissions = memory_new(exercises->count, sizeof *test->submissions);
    for (size_t i = 0; i < exercises->count && understood; i++) {
        const struct exercise *exercise = &exercises->items[i];
        if (options->count > 0 && !chosen[i])
            continue;
        understood = grading_possible(workbook, exercise);
        struct submission *submission = &test->submissions[test->count++];
        if (options->file == NULL)
            *submission = submission_of_file(exercise, exercise->source);
        else
            *submission = (struct submission){.exercise = exercise,
                                              .tag = text_format("%s", exercise->name),
                                              .label = text_format("%s", options->file),
                                              .text = text_format("%s", options->file_text)};
    }
    free(chosen);
    if (understood && options->file != NULL && (options->count != 1 || test->count != 1)) {
        fputs("workbook: --file needs the name of one exercise\n", stderr);
        return false;
    }
    if (understood && test->count == 0)
        fputs("workbook: there are no exercises here\n", stderr);
    return understood && test->count > 0;
}

static void on_verdict(struct submission *submission, void *arg)
{
    struct test *test = arg;
    if (test->options->file == NULL)
        progress_save(test->workbook, submission->verdict);
    while (test->told < test->count && test->submissions[test->told].verdict != NULL) {
        const struct verdict *verdict = test->submissions[test->told++].verdict;
        if (!test->options->json && !test->options->tap)
            report_verdict(verdict, test->count > 1);
        (void)fflush(stdout); /* an error is found again at the end */
    }
}

static int report(const struct workbook *workbook, const struct test *test)
{
    bool full = true;
    for (size_t i = 0; i < test->count; i++)
        full = full && test->submissions[i].verdict->outcome == OUTCOME_PASSED;
    if (test->options->json)
        report_json(test->submissions, test->count);
    else if (test->options->tap)
        report_tap(test->submissions, test->count);
    else
        report_total(test->submissions, test->count,
                     test->options->file ? NULL : progress_next(workbook));
    /* meson takes any other status for an error of the test, and not for a failure */
    return full || test->options->tap ? STATUS_FULL : STATUS_PART;
}

int command_test(struct workbook *workbook, const struct options *options)
{
    struct test test = {.workbook = workbook, .options = options};
    int status = STATUS_USAGE;
    if (choose(workbook, options, &test)) {
        if (options->file == NULL)
            check_integrity(workbook, &test);
        if (grading_run(workbook, test.submissions, test.count, on_verdict, &test) == 0)
            status = report(workbook, &test);
    }
    submissions_free(test.submissions, test.count);
    return status;
}
