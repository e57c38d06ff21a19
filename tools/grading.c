/* grading.c: see grading.h
 *
 * A job takes one submission through its steps; the callback of each child
 * starts the next one:
 *   job_start -> the compiler -> on_compiled -> grade -> on_graded -> job_finish
 *
 * SPDX-License-Identifier: MIT
 */
#include "grading.h"

#include "compile.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DEPENDENCIES_MOST  (1024 * 1024) /* bytes of a list of included files */
#define GRADE_LIMIT_S      120           /* real time; `grade` has limits of its own below it */
#define GRADE_OUTPUT_LIMIT (4 * 1024 * 1024)
#define STDERR_SHOWN       2000 /* bytes of what `grade` said when it failed */

struct grading {
    struct workbook *workbook;
    struct submission *submissions;
    size_t count, next, running;
    void (*on_verdict)(struct submission *submission, void *arg);
    void *arg;
};

struct job {
    struct grading *grading;
    struct submission *submission;
    char *folder, *source, *module;
    char *dependencies; /* file: what the source includes, as make wants it */
    char *warnings;     /* of the compiler */
    struct timespec started;
};

/* --- one job --------------------------------------------------------------------------------- */

static void fill(struct grading *grading);

static char *suite_path(const struct workbook *workbook, const struct exercise *exercise)
{
    return text_format("%s/tests/check_%s.so", workbook->build, exercise->name);
}

static char *grade_path(const struct workbook *workbook)
{
    return text_format("%s/tests/support/grade", workbook->build);
}

bool grading_possible(const struct workbook *workbook, const struct exercise *exercise)
{
    char *suite = suite_path(workbook, exercise);
    char *grade = grade_path(workbook);
    bool possible = workbook_built(workbook, grade) && workbook_built(workbook, suite);
    free(suite);
    free(grade);
    return possible;
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

/* Ends the job with a verdict; with NULL, when a signal interrupted us. */
static void job_finish(struct job *job, struct verdict *verdict)
{
    struct grading *grading = job->grading;
    struct submission *submission = job->submission;
    grading->running--;
    folder_remove(job->folder);
    if (verdict != NULL) {
        verdict->seconds = seconds_since(&job->started);
        verdict->warnings = job->warnings;
        job->warnings = NULL;
        submission->verdict = verdict;
        grading->on_verdict(submission, grading->arg);
    }
    free(job->warnings);
    free(job->folder);
    free(job->source);
    free(job->module);
    free(job->dependencies);
    free(job);
}

/* A job that cannot go on. Takes `message` over. */
static void job_fail(struct job *job, enum outcome outcome, char *message)
{
    job_finish(job, verdict_new(job->submission->exercise, outcome, message));
}

/* Starts the child of the next step. */
static void job_step(struct job *job, const struct command *command, ended_fn on_ended)
{
    int result = process_start(job->grading->workbook->runner, command, on_ended, job);
    if (result == -EINTR)
        job_finish(job, NULL);
    else if (result < 0)
        job_fail(job, OUTCOME_CRASHED,
                 text_format("cannot start %s: %s", command->argv[0], strerror(-result)));
}

/* `grade` failed; the learner's code runs in children of it, so this is an error of the grader,
 * or something that got at it. */
static char *grade_failure(const struct ended *ended)
{
    char *reason = ended_reason(ended);
    size_t length = strlen(ended->err);
    const char *tail = length > STDERR_SHOWN ? ended->err + length - STDERR_SHOWN : ended->err;
    char *message = text_format("the grader did not finish: %s%s%s", reason,
                                length > 0 ? "\nit said:\n" : "", tail);
    free(reason);
    return message;
}

static void on_graded(struct ended *ended, void *arg)
{
    struct job *job = arg;
    struct grading *grading = job->grading;
    struct submission *submission = job->submission;
    const char *why;
    if (runner_interrupted(grading->workbook->runner)) {
        job_finish(job, NULL);
    } else if (!ended_well(ended)) {
        job_fail(job, OUTCOME_CRASHED, grade_failure(ended));
    } else {
        struct verdict *verdict = verdict_read(submission->exercise, ended->out, &why);
        char *todo = submission_first_todo(submission);
        if (verdict == NULL)
            verdict = verdict_new(submission->exercise, OUTCOME_CRASHED,
                                  text_format("the grader's report is of no use: %s", why));
        if (verdict->outcome == OUTCOME_FAILED && verdict->points == 0 && todo != NULL) {
            verdict->outcome = OUTCOME_UNSTARTED;
            free(verdict->message);
            verdict->message = todo;
            todo = NULL;
        }
        free(todo);
        job_finish(job, verdict);
    }
    fill(grading);
}

/* True if the file belongs to the workbook and is not for submissions: a solution, a suite. */
static bool is_off_limits(const struct job *job, const char *path)
{
    char *root = realpath(".", NULL);
    char *file = realpath(path, NULL);
    char *build = realpath(job->folder, NULL);
    size_t length = root != NULL ? strlen(root) : 0;
    bool ours = root && file && strncmp(file, root, length) == 0 && file[length] == '/';
    bool given = ours && strncmp(file + length, "/exercises/", strlen("/exercises/")) == 0;
    bool copy = ours && build && strncmp(file, build, strlen(build)) == 0;
    free(build);
    free(file);
    free(root);
    return ours && !given && !copy;
}

/* The first file that the submission includes and may not, or NULL. The list is make's: words,
 * with a backslash before a space in a name. */
static char *included_off_limits(const struct job *job)
{
    char *list = file_read(job->dependencies, DEPENDENCIES_MOST);
    char *found = NULL;
    for (char *c = list; c != NULL && *c != '\0' && found == NULL;) {
        char *word = c += strspn(c, " \n");
        char *end = word;
        for (; *c != '\0' && *c != ' ' && *c != '\n'; c++) {
            if (*c == '\\' && (c[1] == ' ' || c[1] == '\n'))
                c++;
            if (*c != '\n')
                *end++ = *c;
        }
        bool more = *c != '\0';
        *end = '\0';
        if (is_off_limits(job, word))
            found = text_format("%s", word);
        c += more;
    }
    free(list);
    return found;
}

/* Starts `grade` on the module. */
static void grade_module(struct job *job)
{
    const struct submission *submission = job->submission;
    char *grade = grade_path(job->grading->workbook);
    char *suite = suite_path(job->grading->workbook, submission->exercise);
    size_t names = 0, n = 0;
    while (submission->named != NULL && submission->named[names] != NULL)
        names++;
    char **argv = memory_new(2 * names + 4, sizeof *argv);
    argv[n++] = grade;
    for (size_t i = 0; i < names; i++) {
        argv[n++] = "--named";
        argv[n++] = submission->named[i];
    }
    argv[n++] = suite;
    argv[n++] = job->module;
    struct command command = {
        .argv = argv, .limit_s = GRADE_LIMIT_S, .output_limit = GRADE_OUTPUT_LIMIT};
    job_step(job, &command, on_graded);
    free(argv);
    free(suite);
    free(grade);
}

static void on_compiled(struct ended *ended, void *arg)
{
    struct job *job = arg;
    struct grading *grading = job->grading;
    struct workbook *workbook = grading->workbook;
    char *included;
    if (runner_interrupted(workbook->runner)) {
        job_finish(job, NULL);
    } else if (!ended_well(ended)) {
        char *reason = ended_reason(ended);
        bool silent = ended->timed_out || *ended->err == '\0';
        const char *advice = compile_advice(ended->err, job->submission->text);
        job_fail(job, OUTCOME_COMPILE_ERROR,
                 silent
                     ? text_format("the compiler failed: %s\n%s", reason, ended->err)
                     : text_format("%s%s%s", advice ? advice : "", advice ? "\n" : "", ended->err));
        free(reason);
    } else if ((included = included_off_limits(job)) != NULL) {
        job_fail(
            job, OUTCOME_CHEATING,
            text_format("%s includes %s: a submission stands on its own. Of the workbook it may "
                        "include what is in exercises/",
                        job->submission->label, included));
        free(included);
    } else {
        job->warnings = ended->err;
        ended->err = NULL;
        grade_module(job);
    }
    fill(grading);
}

/* Writes the copy that is compiled. It stands alone in its folder, so that no header beside a
 * submission is picked up; #line makes messages name the student's file. */
static int write_source(const struct job *job)
{
    struct submission *submission = job->submission;
    char *quoted = memory_new(2 * strlen(submission->label) + 1, 1);
    char *out = quoted;
    for (const char *c = submission->label; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            *out++ = '\\';
        *out++ = *c == '\n' ? ' ' : *c;
    }
    char *text = text_format("#line 1 \"%s\"\n%s", quoted, submission->text);
    int result = file_write(job->source, text);
    free(text);
    free(quoted);
    return result;
}

static void job_start(struct grading *grading, struct submission *submission)
{
    struct job *job = memory_new(1, sizeof *job);
    job->grading = grading;
    job->submission = submission;
    job->folder =
        text_format("%s/grading/%s.%ld", grading->workbook->build, submission->tag, (long)getpid());
    job->source = text_format("%s/%s.c", job->folder, submission->exercise->name);
    job->module = text_format("%s/%s.so", job->folder, submission->exercise->name);
    job->dependencies = text_format("%s/%s.d", job->folder, submission->exercise->name);
    (void)clock_gettime(CLOCK_MONOTONIC, &job->started);
    grading->running++;
    if (write_source(job) < 0) {
        job_fail(job, OUTCOME_CRASHED,
                 text_format("cannot write %s: %s", job->source, strerror(errno)));
        return;
    }
    const char *argv[COMPILE_WORDS];
    struct command compiler =
        compile_command(submission->named ? PRODUCT_MUTANT : PRODUCT_MODULE, submission->exercise,
                        job->source, job->module, job->dependencies, argv);
    job_step(job, &compiler, on_compiled);
}

/* --- all jobs -------------------------------------------------------------------------------- */

/* Starts jobs while processors are free; stops the loop when there is nothing left to wait for. */
static void fill(struct grading *grading)
{
    struct runner *runner = grading->workbook->runner;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t most = processors > 1 ? (size_t)processors : 1;
    while (grading->running < most && grading->next < grading->count &&
           !runner_interrupted(runner)) {
        struct submission *submission = &grading->submissions[grading->next++];
        if (submission->verdict == NULL)
            job_start(grading, submission);
        else
            grading->on_verdict(submission, grading->arg);
    }
    if (grading->running == 0)
        runner_stop(runner);
}

int grading_run(struct workbook *workbook, struct submission *submissions, size_t count,
                void (*on_verdict)(struct submission *submission, void *arg), void *arg)
{
    struct grading grading = {.workbook = workbook,
                              .submissions = submissions,
                              .count = count,
                              .on_verdict = on_verdict,
                              .arg = arg};
    fill(&grading);
    return runner_run(workbook->runner);
}
