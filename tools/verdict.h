/* verdict.h: what came out for one exercise
 *
 * `grade` prints a verdict as JSON, the tool completes it, prints it and keeps
 * it. json-c turns a wrong type silently into another one, so verdict_read()
 * trusts nothing: types, ranges and sums are checked.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VERDICT_H
#define VERDICT_H

#include "catalogue.h"

#include <json-c/json.h>

enum outcome {
    OUTCOME_PASSED,
    OUTCOME_FAILED,
    OUTCOME_UNSTARTED,
    OUTCOME_COMPILE_ERROR,
    OUTCOME_CRASHED,
    OUTCOME_TIMEOUT,
    OUTCOME_CHEATING,
    OUTCOMES
};

struct behaviour {
    char *name; /* a sentence, without the points in front */
    int points, max;
    bool passed;
    char *message; /* for the learner; may have many lines */
};

struct verdict {
    const struct exercise *exercise;
    int points, max;
    enum outcome outcome;
    struct behaviour *behaviours; /* may be none: then nothing was graded */
    size_t count;
    char *message;
    char *warnings; /* of the compiler, or NULL; not part of the JSON */
    double seconds; /* from the start of the compiler to the verdict */
};

/* A verdict with no points and no behaviours. Takes `message` over. */
struct verdict *verdict_new(const struct exercise *exercise, enum outcome outcome, char *message);
void verdict_free(struct verdict *verdict); /* NULL is fine */

/* The word in JSON, as in "compile_error". */
const char *outcome_word(enum outcome outcome);

/* The same for a person, as in "does not compile". */
const char *outcome_phrase(enum outcome outcome);

/* Reads a verdict on `exercise`. NULL if `text` is not one, and then `why` tells it. */
struct verdict *verdict_read(const struct exercise *exercise, const char *text, const char **why);

/* The caller's reference: json_object_put(). */
struct json_object *verdict_json(const struct verdict *verdict);

#endif
