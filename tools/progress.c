/* progress.c: see progress.h; with the commands list and (none)
 *
 * SPDX-License-Identifier: MIT
 */
#include "progress.h"

#include "hints.h"
#include "report.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERDICT_MOST (4 * 1024 * 1024) /* bytes of a kept verdict */

static char *verdict_path(const struct workbook *workbook, const struct exercise *exercise)
{
    return text_format("%s/verdicts/%s.json", workbook->build, exercise->name);
}

void progress_save(const struct workbook *workbook, const struct verdict *verdict)
{
    char *path = verdict_path(workbook, verdict->exercise);
    struct json_object *object = verdict_json(verdict);
    if (file_write(path, json_object_to_json_string(object)) < 0)
        fprintf(stderr, "workbook: the verdict is not kept: %s: %s\n", path, strerror(errno));
    json_object_put(object);
    free(path);
}

struct verdict *progress_load(const struct workbook *workbook, const struct exercise *exercise)
{
    char *path = verdict_path(workbook, exercise);
    char *text = file_read(path, VERDICT_MOST);
    const char *why; /* of no interest: see progress.h */
    struct verdict *verdict = text ? verdict_read(exercise, text, &why) : NULL;
    free(text);
    free(path);
    return verdict;
}

const struct exercise *progress_next(const struct workbook *workbook, const struct exercise *after)
{
    size_t count = workbook->exercises.count;
    size_t start = after != NULL ? (size_t)(after - workbook->exercises.items) + 1 : 0;
    for (size_t i = 0; i < count; i++) {
        const struct exercise *exercise = &workbook->exercises.items[(start + i) % count];
        struct verdict *verdict = progress_load(workbook, exercise);
        bool passed = verdict != NULL && verdict->outcome == OUTCOME_PASSED;
        verdict_free(verdict);
        if (!passed)
            return exercise;
    }
    return NULL;
}

/* Prints a line an exercise; adds up the points. */
static void print_exercises(const struct workbook *workbook, int *points, int *max)
{
    for (size_t i = 0; i < workbook->exercises.count; i++) {
        const struct exercise *exercise = &workbook->exercises.items[i];
        struct verdict *verdict = progress_load(workbook, exercise);
        bool first = i == 0 || strcmp(exercise[-1].section, exercise->section) != 0;
        const char *phrase = verdict ? outcome_phrase(verdict->outcome) : "";
        char *line = text_format("%2d/%-2d  %-*s%s", verdict ? verdict->points : 0, exercise->max,
                                 *phrase ? 25 : 0, exercise->name, phrase);
        char *painted = report_painted(true, line);
        printf("%-7s%s\n", first ? exercise->section : "",
               verdict && verdict->outcome == OUTCOME_PASSED ? painted : line);
        *points += verdict ? verdict->points : 0;
        *max += exercise->max;
        free(painted);
        free(line);
        verdict_free(verdict);
    }
}

int command_list(struct workbook *workbook, const struct options *options)
{
    int points = 0, max = 0;
    (void)options;
    print_exercises(workbook, &points, &max);
    puts("\nPrograms of the chapters, to watch with ./workbook demo NAME:");
    for (size_t i = 0; i < workbook->programs.count; i++)
        printf("%-7s%s\n", workbook->programs.items[i].section, workbook->programs.items[i].name);
    return STATUS_FULL;
}

int command_progress(struct workbook *workbook, const struct options *options)
{
    int points = 0, max = 0;
    (void)options;
    print_exercises(workbook, &points, &max);
    printf("\nProgress: %d of %d points.\n", points, max);
    const struct exercise *next = progress_next(workbook, NULL);
    if (next == NULL) {
        puts(max > 0 ? "All done. Well done!" : "There are no exercises here yet.");
        return STATUS_FULL;
    }
    char *task = hints_task(next);
    printf("Next: %s, in %s\n", next->name, next->source);
    report_wrapped(task, strcspn(task, "\n"), "  ", "  ");
    printf("Read chapter-%s/README.md, change the file, then type:  ./workbook test %s\n"
           "When you are stuck:  ./workbook hint %s\n",
           next->section, next->name, next->name);
    free(task);
    return STATUS_FULL;
}
