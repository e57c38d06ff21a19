/* catalogue.h: which exercises and chapter programs there are
 *
 * Nothing registers them here: a suite, tests/SECTION/check_NAME.c, makes an
 * exercise, and chapter-SECTION/NAME.c a chapter program.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CATALOGUE_H
#define CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

struct exercise {
    char *section; /* "3.3.1" */
    char *name;    /* "01_async_await" */
    char *source;  /* "exercises/3.3.1/01_async_await.c" */
    char *include; /* "-Iexercises/3.3.1" */
    int max;       /* points of an exercise: 5 for a drill, 20 for a practice task */
};

struct catalogue {
    const char *kind; /* what its items are, for messages */
    struct exercise *items;
    size_t count;
};

void catalogue_scan_exercises(struct catalogue *catalogue);
void catalogue_scan_programs(struct catalogue *catalogue);
void catalogue_free(struct catalogue *catalogue);

/* The item that `part` means: its name, a part of no other name, or its path. NULL after saying
 * on stderr which ones it may mean. */
const struct exercise *catalogue_find(const struct catalogue *catalogue, const char *part);

/* Marks in `chosen` what `part` means: a section, or as catalogue_find(). False after a message. */
bool catalogue_choose(const struct catalogue *catalogue, const char *part, bool *chosen);

#endif
