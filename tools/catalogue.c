/* catalogue.c: see catalogue.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "catalogue.h"

#include "text.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRILL_POINTS    5
#define PRACTICE_POINTS 20
#define NAMES_SHOWN     8 /* candidates or close names */

/* --- scanning -------------------------------------------------------------------------------- */

/* In the order of the course: by section; drills (01_...) stand before practice tasks (p1_...). */
static int compare(const void *a, const void *b)
{
    const struct exercise *one = a, *other = b;
    int order = strverscmp(one->section, other->section);
    return order != 0 ? order : strverscmp(one->name, other->name);
}

/* Adds an item for each file of `pattern`, the name being what `*` stands for at its end. */
static void scan(struct catalogue *catalogue, const char *pattern, const char *source_folder)
{
    glob_t found = {0};
    (void)glob(pattern, 0, NULL, &found); /* or none */
    catalogue->items = memory_new(found.gl_pathc, sizeof *catalogue->items);
    catalogue->count = found.gl_pathc;
    size_t prefix = strlen(strrchr(pattern, '/')) - strlen("*.c");
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct exercise *item = &catalogue->items[i];
        const char *path = found.gl_pathv[i];
        const char *section = path + strcspn(path, "/-") + 1;
        const char *slash = strrchr(path, '/');
        item->section = text_copy(section, (size_t)(slash - section));
        item->name = text_copy(slash + prefix, strlen(slash + prefix) - strlen(".c"));
        item->source = text_format("%s%s/%s.c", source_folder, item->section, item->name);
        item->include = text_format("-Iexercises/%s", item->section);
        item->max = item->name[0] == 'p' ? PRACTICE_POINTS : DRILL_POINTS;
    }
    globfree(&found);
    qsort(catalogue->items, catalogue->count, sizeof *catalogue->items, compare);
}

void catalogue_scan_exercises(struct catalogue *catalogue)
{
    catalogue->kind = "exercise";
    scan(catalogue, "tests/[0-9]*/check_*.c", "exercises/");
}

void catalogue_scan_programs(struct catalogue *catalogue)
{
    catalogue->kind = "chapter program";
    scan(catalogue, "chapter-*/*.c", "chapter-");
}

void catalogue_free(struct catalogue *catalogue)
{
    for (size_t i = 0; i < catalogue->count; i++) {
        free(catalogue->items[i].section);
        free(catalogue->items[i].name);
        free(catalogue->items[i].source);
        free(catalogue->items[i].include);
    }
    free(catalogue->items);
    *catalogue = (struct catalogue){0};
}

/* --- finding --------------------------------------------------------------------------------- */

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* How many letters must change to make `part` a part of `name`: the usual table of edit
 * distances, where a match may begin anywhere in `name` (the first row is 0) and end anywhere
 * (the least of the last row counts). */
static int distance(const char *part, const char *name)
{
    size_t width = strlen(name);
    int *row = memory_new(width + 1, sizeof *row);
    for (int i = 1; part[i - 1] != '\0'; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            int change = diagonal + (part[i - 1] != name[j - 1]);
            diagonal = row[j];
            row[j] = least(change, 1 + least(row[j], row[j - 1]));
        }
    }
    int best = row[0];
    for (size_t j = 1; j <= width; j++)
        best = least(best, row[j]);
    free(row);
    return best;
}

static void say_close_names(const struct catalogue *catalogue, const char *part)
{
    int best = ((int)strlen(part) + 1) / 3; /* more changes than that: not a slip of the finger */
    for (size_t i = 0; i < catalogue->count; i++)
        best = least(best, distance(part, catalogue->items[i].name));
    fprintf(stderr, "workbook: no %s is called '%s'.", catalogue->kind, part);
    int shown = 0;
    for (size_t i = 0; i < catalogue->count && shown < NAMES_SHOWN; i++)
        if (distance(part, catalogue->items[i].name) == best)
            fprintf(stderr, "%s%s", shown++ == 0 ? " Close to it: " : ", ",
                    catalogue->items[i].name);
    fprintf(stderr, "%s All of them: ./workbook list\n", shown > 0 ? "." : "");
}

static void say_candidates(const struct catalogue *catalogue, const char *part)
{
    fprintf(stderr, "workbook: '%s' may be any of:\n", part);
    for (size_t i = 0; i < catalogue->count; i++)
        if (strcasestr(catalogue->items[i].name, part))
            fprintf(stderr, "  %s\n", catalogue->items[i].name);
}

/* "exercises/3.3.1/01_async_await.c" means "01_async_await": shells complete paths. */
static char *without_folder_and_suffix(const char *part)
{
    const char *slash = strrchr(part, '/');
    const char *name = slash ? slash + 1 : part;
    size_t length = strlen(name);
    if (length > 2 &&
        (strcmp(name + length - 2, ".c") == 0 || strcmp(name + length - 2, ".h") == 0))
        length -= 2;
    return text_copy(name, length);
}

const struct exercise *catalogue_find(const struct catalogue *catalogue, const char *part)
{
    const struct exercise *found = NULL;
    size_t candidates = 0;
    char *name = without_folder_and_suffix(part);
    for (size_t i = 0; i < catalogue->count; i++) {
        const struct exercise *item = &catalogue->items[i];
        if (strcmp(item->name, name) == 0) {
            found = item;
            candidates = 1;
            break;
        }
        if (strcasestr(item->name, name)) {
            found = item;
            candidates++;
        }
    }
    if (candidates == 0)
        say_close_names(catalogue, name);
    else if (candidates > 1)
        say_candidates(catalogue, name);
    free(name);
    return candidates == 1 ? found : NULL;
}

bool catalogue_choose(const struct catalogue *catalogue, const char *part, bool *chosen)
{
    bool is_section = false;
    for (size_t i = 0; i < catalogue->count; i++)
        if (strcmp(catalogue->items[i].section, part) == 0)
            is_section = chosen[i] = true;
    if (is_section)
        return true;
    const struct exercise *found = catalogue_find(catalogue, part);
    if (found != NULL)
        chosen[found - catalogue->items] = true;
    return found != NULL;
}
