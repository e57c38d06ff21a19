/* test.c: the command test
 *
 * SPDX-License-Identifier: MIT
 */
#include "changes.h"
#include "progress.h"
#include "report.h"
#include "text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct test {
    const struct workbook *workbook;
    const struct options *options;
    struct submission *submissions;
    size_t count, told; /* verdicts are told in order */
};

/* --- integrity ------------------------------------------------------------------------------- */

/* "exercises/3.3.1/01_async_await.h" is the contract of one exercise; "coro.h" is for all. */
static bool is_contract(const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    return name[0] == 'p' ? isdigit((unsigned char)name[1]) : isdigit((unsigned char)name[0]);
}

/* True if the verdict on `exercise` rests on the file at `path`: its header, the headers given to
 * all or to its section, its suite, the harness. */
static bool rests_on(const struct exercise *exercise, const char *path)
{
    char *section = text_format("exercises/%s/", exercise->section);
    char *header = text_format("%s%s.h", section, exercise->name);
    char *suite = text_format("tests/%s/check_%s.c", exercise->section, exercise->name);
    const char *suffix = strrchr(path, '.');
    bool given = suffix != NULL && strcmp(suffix, ".h") == 0 && !is_contract(path) &&
                 (strncmp(path, section, strlen(section)) == 0 ||
                  (strncmp(path, "exercises/", 10) == 0 && strchr(path + 10, '/') == NULL));
    bool rests = given || strcmp(path, header) == 0 || strcmp(path, suite) == 0 ||
                 strncmp(path, "tests/support/", 14) == 0;
    free(suite);
    free(header);
    free(section);
    return rests;
}

static void judge_change(const char *path, void *arg)
{
    struct test *test = arg;
    for (size_t i = 0; i < test->count; i++) {
        struct submission *submission = &test->submissions[i];
        if (strcmp(path, submission->exercise->source) == 0)
            submission->original = changes_original(test->workbook->runner, path);
        if (submission->verdict == NULL && rests_on(submission->exercise, path))
            submission->verdict =
                verdict_new(submission->exercise, OUTCOME_CHEATING,
                            text_format("%s has changed; it is given and must stay as it is.\n"
                                        "To restore it: git checkout HEAD -- %s",
                                        path, path));
    }
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
                     test->options->file
                         ? NULL
                         : progress_next(workbook, test->submissions[test->count - 1].exercise));
    /* meson takes any other status for an error of the test, and not for a failure */
    return full || test->options->tap ? STATUS_FULL : STATUS_PART;
}

int command_test(struct workbook *workbook, const struct options *options)
{
    struct test test = {.workbook = workbook, .options = options};
    int status = STATUS_USAGE;
    if (choose(workbook, options, &test)) {
        if (options->file == NULL)
            changes_each(workbook->runner, judge_change, &test);
        else
            test.submissions[0].original =
                changes_original(workbook->runner, test.submissions[0].exercise->source);
        if (grading_run(workbook, test.submissions, test.count, on_verdict, &test) == 0)
            status = report(workbook, &test);
    }
    submissions_free(test.submissions, test.count);
    return status;
}
