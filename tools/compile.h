/* compile.h: the compiler's command line for a student's file
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMPILE_H
#define COMPILE_H

#include "catalogue.h"
#include "process.h"

enum product {
    PRODUCT_MODULE,  /* a shared object for `grade`, with sanitizers; it wraps allocations */
    PRODUCT_MUTANT,  /* the same, but so that it is compiled sooner */
    PRODUCT_PROGRAM, /* a program with sanitizers */

    /* A program without sanitizers, for a run on virtual time: that is a preloaded library, and
     * so is gcc's sanitizer, which insists on being loaded first and intercepts the same calls. */
    PRODUCT_PLAIN_PROGRAM
};

#define COMPILE_WORDS 96 /* room in an argv, with the NULL */

/* Fills `argv` and returns the command. `source` is compiled as the exercise: "NAME.h" is the
 * given one. `dependencies` names the file that lists what was included, or is NULL. The strings
 * are borrowed. */
struct command compile_command(enum product product, const struct exercise *exercise,
                               const char *source, const char *output, const char *dependencies,
                               const char **argv);

/* What the compiler's messages about `source` mean where they come out of the macros of coro.h, or
 * NULL: a duplicate `case` in a file without a switch is of no help to anybody. */
const char *compile_advice(const char *messages, const char *source);

#endif
