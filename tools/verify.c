/* verify.c: the command verify: is an exercise's suite worth its points?
 *
 * Solution and alternate must pass, the skeleton must be told what to do first,
 * and every mutant must fail the very behaviours that its patch names.
 *
 * SPDX-License-Identifier: MIT
 */
#include "changes.h"
#include "report.h"
#include "text.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATCH_MOST    (256 * 1024) /* bytes, also of what it makes */
#define PATCH_LIMIT_S 20
#define SAMPLE_TIMES  2 /* a sample of the mutants fails each behaviour so many times, or more */

enum kind { SOLUTION, SKELETON, MUTANTS, ALTERNATES, KINDS };
static const char *const kinds[KINDS] = {"solution", "skeleton", "mutants", "alternates"};
static const char *const sample = "sample"; /* of the mutants */

struct verification {
    struct workbook *workbook;
    const struct exercise *exercise;
    struct submission *submissions; /* a line of TAP each, with the submission's tag */
    enum kind *kinds;               /* of each */
    char **patches;                 /* a mutant's patch file, else NULL */
    size_t count;
    bool samples;       /* a few mutants, and not all */
    bool student_works; /* the skeleton differs from the one that was committed */
};

/* --- collecting ------------------------------------------------------------------------------ */

/* Adds the file at `path`; `what` makes the tag: jobs side by side need folders of their own. */
static struct submission *add(struct verification *all, enum kind kind, const char *path,
                              const char *what)
{
    struct submission *submission = &all->submissions[all->count];
    *submission = submission_of_file(all->exercise, path);
    free(submission->tag);
    submission->tag = text_format("%s.%s", all->exercise->name, what);
    all->kinds[all->count++] = kind;
    return submission;
}

/* Puts the patched text in the place of the submission's. If it cannot: a verdict that says why. */
static void apply_patch(struct workbook *workbook, struct submission *submission, char *patch)
{
    char *folder =
        text_format("%s/grading/%s.%ld", workbook->build, submission->tag, (long)getpid());
    char *copy = text_format("%s/solution.c", folder);
    char *argv[] = {"patch",           "--silent", "--force", "--fuzz=0",
                    "--reject-file=-", copy,       patch,     NULL};
    struct command command = {.argv = argv, .limit_s = PATCH_LIMIT_S, .output_limit = 4096};
    struct ended ended = {0};
    int result = file_write(copy, submission->text) < 0
                     ? -errno
                     : process_run(workbook->runner, &command, &ended);
    free(submission->text);
    submission->text = result == 0 && ended_well(&ended) ? file_read(copy, PATCH_MOST) : NULL;
    if (submission->text == NULL)
        submission->verdict =
            verdict_new(submission->exercise, OUTCOME_CRASHED,
                        text_format("the patch does not apply: %s%s", ended.out ? ended.out : "",
                                    result < 0 ? strerror(-result) : ended.err));
    ended_clear(&ended);
    folder_remove(folder);
    free(copy);
    free(folder);
}

/* What follows `word` in each line of the patch's head that begins with it; ends with NULL. */
static char **head_lines(const char *patch, const char *word)
{
    size_t most = 1, count = 0, length = strlen(word);
    for (const char *c = patch; (c = strchr(c, '\n')) != NULL; c++)
        most++;
    char **lines = memory_new(most + 1, sizeof *lines);
    while (*patch != '\0' && strncmp(patch, "--- ", 4) != 0) {
        size_t line = strcspn(patch, "\r\n");
        if (strncmp(patch, word, length) == 0)
            lines[count++] = text_copy(patch + length, line - length);
        patch += line + strspn(patch + line, "\r\n");
    }
    return lines;
}

static void lines_free(char **lines)
{
    for (char **line = lines; *line != NULL; line++)
        free(*line);
    free(lines);
}

/* Whether the mutant fails a behaviour that those before it do not fail SAMPLE_TIMES. One whose
 * patch names none is in the sample as well, and is found to be wrong. */
static bool is_in_sample(const struct verification *all, char **fails)
{
    bool is_in = *fails == NULL;
    for (; *fails != NULL && !is_in; fails++) {
        int times = 0;
        for (size_t i = 0; i < all->count; i++)
            for (char **name = all->submissions[i].named; name != NULL && *name != NULL; name++)
                times += strcmp(*name, *fails) == 0;
        is_in = times < SAMPLE_TIMES;
    }
    return is_in;
}

static void add_mutants(struct verification *all, const char *solution, const glob_t *patches)
{
    for (size_t i = 0; i < patches->gl_pathc; i++) {
        char *path = patches->gl_pathv[i];
        char *patch = file_read(path, PATCH_MOST);
        char **fails = head_lines(patch ? patch : "", "Fails: ");
        if (all->samples && !is_in_sample(all, fails)) {
            lines_free(fails);
            free(patch);
            continue;
        }
        struct submission *mutant = add(all, MUTANTS, solution, strrchr(path, '/') + 1);
        all->patches[all->count - 1] = patch;
        mutant->named = fails; /* the other behaviours need not run */
        if (mutant->verdict == NULL)
            apply_patch(all->workbook, mutant, path);
    }
    if (patches->gl_pathc == 0) {
        char *path =
            text_format("tests/mutants/%s/%s/*.patch", all->exercise->section, all->exercise->name);
        (void)add(all, MUTANTS, path, "mutants"); /* cannot be read, and so fails */
        free(path);
    }
}

/* Collects what is to be verified of one kind. */
static void collect(struct verification *all, enum kind kind, const glob_t *patches)
{
    const struct exercise *exercise = all->exercise;
    char *solution = text_format("solutions/%s/%s.c", exercise->section, exercise->name);
    char *alternate = text_format("tests/alternates/%s/%s.c", exercise->section, exercise->name);
    if (kind == SOLUTION)
        (void)add(all, kind, solution, "solution");
    else if (kind == SKELETON)
        (void)add(all, kind, exercise->source, "skeleton");
    else if (kind == MUTANTS)
        add_mutants(all, solution, patches);
    else if (access(alternate, F_OK) == 0)
        (void)add(all, kind, alternate, "alternate");
    free(alternate);
    free(solution);
}

/* --- judging --------------------------------------------------------------------------------- */

/* The judges return what is wrong, or NULL. */

static char *judge_behaviour(const struct verdict *verdict, const char *name)
{
    for (size_t i = 0; i < verdict->count; i++)
        if (strcmp(verdict->behaviours[i].name, name) == 0)
            return verdict->behaviours[i].passed
                       ? text_format("it passes the behaviour that it should fail: %s", name)
                       : NULL;
    return text_format("the behaviour was not graded: %s", name);
}

static char *judge_mutant(const char *patch, const struct verdict *verdict)
{
    char **wrong = head_lines(patch, "Wrong: "), **fails = head_lines(patch, "Fails: ");
    char *problem = NULL;
    if (verdict->count == 0)
        problem = text_format("it was not graded: %s", verdict->message);
    else if (*wrong == NULL || *fails == NULL)
        problem =
            text_format("the patch has no line '%s'", *wrong ? "Fails: BEHAVIOUR" : "Wrong: WHY");
    for (char **name = fails; *name != NULL && problem == NULL; name++)
        problem = judge_behaviour(verdict, *name);
    lines_free(wrong);
    lines_free(fails);
    return problem;
}

static char *judge_skeleton(const struct verdict *verdict)
{
    if (verdict->outcome == OUTCOME_UNSTARTED && *verdict->message != '\0')
        return NULL;
    return text_format("it should be unstarted, with 0 points, and is %s with %d: %s",
                       outcome_word(verdict->outcome), verdict->points, verdict->message);
}

static char *judge_right(const struct verdict *verdict)
{
    if (verdict->outcome != OUTCOME_PASSED)
        return text_format("%s, %d of %d points\n%s", outcome_word(verdict->outcome),
                           verdict->points, verdict->max, verdict->message);
    if (verdict->max == verdict->exercise->max)
        return NULL;
    return text_format("the behaviours give %d points; %d are right for this exercise",
                       verdict->max, verdict->exercise->max);
}

static void note_change(const char *path, void *arg)
{
    struct verification *all = arg;
    all->student_works = all->student_works || strcmp(path, all->exercise->source) == 0;
}

static void print_line(const struct verification *all, size_t i)
{
    const struct submission *submission = &all->submissions[i];
    const struct verdict *verdict = submission->verdict;
    char *problem = NULL;
    if (all->kinds[i] == SKELETON && submission->text &&
        (all->student_works || !submission_todo(submission, 0, NULL))) {
        printf("ok %zu - %s # SKIP a student works on it\n", i + 1, submission->tag);
        return;
    }
    if (all->kinds[i] == MUTANTS)
        problem = judge_mutant(all->patches[i] ? all->patches[i] : "", verdict);
    else
        problem = all->kinds[i] == SKELETON ? judge_skeleton(verdict) : judge_right(verdict);
    report_tap_line(i + 1, problem == NULL, submission->tag, problem);
    for (size_t k = 0; problem != NULL && k < verdict->count; k++) {
        const struct behaviour *behaviour = &verdict->behaviours[k];
        printf("# [%d/%d] %s\n", behaviour->points, behaviour->max, behaviour->name);
        report_text(behaviour->message, "#       ", 100);
    }
    free(problem);
}

/* --- the command ----------------------------------------------------------------------------- */

static void on_verdict(struct submission *submission, void *arg)
{
    (void)submission;
    (void)arg; /* all are printed at the end, in order */
}

static int verify(struct verification *all, const char *kind)
{
    glob_t patches = {0};
    char *pattern =
        text_format("tests/mutants/%s/%s/*.patch", all->exercise->section, all->exercise->name);
    (void)glob(pattern, 0, NULL, &patches); /* or none: see add_mutants() */
    free(pattern);
    size_t most = patches.gl_pathc + KINDS;
    all->submissions = memory_new(most, sizeof *all->submissions);
    all->kinds = memory_new(most, sizeof *all->kinds);
    all->patches = memory_new(most, sizeof *all->patches);
    for (int i = 0; i < KINDS; i++)
        if (kind == NULL || strcmp(kind, kinds[i]) == 0)
            collect(all, (enum kind)i, &patches);
    globfree(&patches);
    if (kind != NULL) /* as meson asks; an author who asks for all is told of the skeleton too */
        changes_each(all->workbook->runner, note_change, all);
    if (grading_run(all->workbook, all->submissions, all->count, on_verdict, NULL) < 0)
        return STATUS_USAGE;
    for (size_t i = 0; i < all->count; i++)
        print_line(all, i);
    printf("1..%zu%s\n", all->count, all->count == 0 ? " # SKIP there is none" : "");
    return STATUS_FULL; /* the result is in the TAP */
}

int command_verify(struct workbook *workbook, const struct options *options)
{
    struct verification all = {.workbook = workbook};
    const char *kind = options->kind;
    if (kind != NULL && strcmp(kind, sample) == 0) {
        all.samples = true;
        kind = kinds[MUTANTS];
    }
    bool known = kind == NULL;
    for (int i = 0; i < KINDS; i++)
        known = known || strcmp(kind, kinds[i]) == 0;
    if (!known)
        fprintf(stderr, "workbook: there is no kind '%s'; see ./workbook help\n", kind);
    all.exercise = catalogue_find(&workbook->exercises, options->names[0]);
    if (!known || all.exercise == NULL || !grading_possible(workbook, all.exercise))
        return STATUS_USAGE;
    int status = verify(&all, kind);
    for (size_t i = 0; i < all.count; i++)
        free(all.patches[i]);
    free(all.patches);
    free(all.kinds);
    submissions_free(all.submissions, all.count);
    return status;
}
