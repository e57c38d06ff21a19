/* verdict.c: see verdict.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "verdict.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

#define MOST 1000 /* points, behaviours */

static const char *const words[OUTCOMES] = {"passed",  "failed",  "unstarted", "compile_error",
                                            "crashed", "timeout", "cheating"};

static const char *const phrases[OUTCOMES] = {
    [OUTCOME_PASSED] = "passed",           [OUTCOME_FAILED] = "not all yet",
    [OUTCOME_UNSTARTED] = "not begun",     [OUTCOME_COMPILE_ERROR] = "does not compile",
    [OUTCOME_CRASHED] = "crashed",         [OUTCOME_TIMEOUT] = "did not end in time",
    [OUTCOME_CHEATING] = "does not count",
};

struct verdict *verdict_new(const struct exercise *exercise, enum outcome outcome, char *message)
{
    struct verdict *verdict = memory_new(1, sizeof *verdict);
    *verdict = (struct verdict){
        .exercise = exercise, .max = exercise->max, .outcome = outcome, .message = message};
    return verdict;
}

void verdict_free(struct verdict *verdict)
{
    if (verdict == NULL)
        return;
    for (size_t i = 0; i < verdict->count; i++) {
        free(verdict->behaviours[i].name);
        free(verdict->behaviours[i].message);
    }
    free(verdict->behaviours);
    free(verdict->message);
    free(verdict->warnings);
    free(verdict);
}

const char *outcome_word(enum outcome outcome)
{
    return words[outcome];
}

const char *outcome_phrase(enum outcome outcome)
{
    return phrases[outcome];
}

/* --- reading --------------------------------------------------------------------------------- */

/* What an object must hold. Ints must lie in 0..MOST. */
struct member {
    const char *key;
    enum json_type type;
};
static const struct member verdict_members[] = {
    {"points", json_type_int},     {"max", json_type_int},          {"outcome", json_type_string},
    {"message", json_type_string}, {"behaviours", json_type_array}, {NULL, json_type_null}};
static const struct member behaviour_members[] = {
    {"points", json_type_int},     {"max", json_type_int},        {"name", json_type_string},
    {"message", json_type_string}, {"passed", json_type_boolean}, {NULL, json_type_null}};

static bool has_members(struct json_object *object, const struct member *member)
{
    struct json_object *value;
    if (!json_object_is_type(object, json_type_object))
        return false;
    for (; member->key != NULL; member++) {
        if (!json_object_object_get_ex(object, member->key, &value) ||
            !json_object_is_type(value, member->type))
            return false;
        if (member->type == json_type_int &&
            (json_object_get_int64(value) < 0 || json_object_get_int64(value) > MOST))
            return false;
    }
    return true;
}

/* These two may be called for members that has_members() has seen. */
static int member_int(struct json_object *object, const char *key)
{
    return json_object_get_int(json_object_object_get(object, key));
}

static char *member_text(struct json_object *object, const char *key)
{
    const char *text = json_object_get_string(json_object_object_get(object, key));
    return text_copy(text, strlen(text));
}

static bool read_behaviour(struct json_object *object, struct behaviour *behaviour)
{
    if (!has_members(object, behaviour_members))
        return false;
    behaviour->name = member_text(object, "name");
    behaviour->points = member_int(object, "points");
    behaviour->max = member_int(object, "max");
    behaviour->message = member_text(object, "message");
    behaviour->passed = json_object_get_boolean(json_object_object_get(object, "passed"));
    return behaviour->points <= behaviour->max &&
           behaviour->passed == (behaviour->points == behaviour->max);
}

static const char *read_behaviours(struct json_object *array, struct verdict *verdict)
{
    size_t count = json_object_array_length(array);
    int points = 0, max = 0;
    if (count > MOST)
        return "there are too many behaviours";
    verdict->behaviours = memory_new(count, sizeof *verdict->behaviours);
    while (verdict->count < count) {
        struct json_object *item = json_object_array_get_idx(array, verdict->count);
        struct behaviour *behaviour = &verdict->behaviours[verdict->count++];
        if (!read_behaviour(item, behaviour))
            return "a behaviour has a missing, wrong or contradictory member";
        points += behaviour->points;
        max += behaviour->max;
    }
    if (points != verdict->points || (count > 0 && max != verdict->max))
        return "the points are not the sum of the behaviours' points";
    return NULL;
}

/* Returns what is wrong, or NULL. */
static const char *read_object(struct json_object *object, struct verdict *verdict)
{
    if (!has_members(object, verdict_members))
        return "a member is missing or has a wrong type";
    verdict->points = member_int(object, "points");
    verdict->max = member_int(object, "max");
    verdict->message = member_text(object, "message");
    char *word = member_text(object, "outcome");
    int outcome = 0;
    while (outcome < OUTCOMES && strcmp(words[outcome], word) != 0)
        outcome++;
    free(word);
    if (outcome == OUTCOMES)
        return "the outcome is unknown";
    verdict->outcome = (enum outcome)outcome;
    const char *wrong = read_behaviours(json_object_object_get(object, "behaviours"), verdict);
    bool full = verdict->count > 0 && verdict->points == verdict->max;
    if (!wrong && full != (outcome == OUTCOME_PASSED) && outcome != OUTCOME_CHEATING)
        wrong = "the outcome contradicts the points";
    return wrong;
}

struct verdict *verdict_read(const struct exercise *exercise, const char *text, const char **why)
{
    struct verdict *verdict = verdict_new(exercise, OUTCOME_FAILED, NULL);
    struct json_tokener *tokener = json_tokener_new();
    struct json_object *object = NULL;
    size_t length = strlen(text);
    *why = "it is not JSON";
    if (tokener != NULL && length <= INT32_MAX)
        object = json_tokener_parse_ex(tokener, text, (int)length);
    if (object != NULL) {
        const char *rest = text + json_tokener_get_parse_end(tokener);
        bool alone = rest[strspn(rest, " \t\r\n")] == '\0';
        *why = alone ? read_object(object, verdict) : "something stands behind the JSON";
    }
    json_object_put(object); /* NULL is fine */
    if (tokener != NULL)
        json_tokener_free(tokener);
    if (*why == NULL)
        return verdict;
    verdict_free(verdict);
    return NULL;
}

/* --- writing --------------------------------------------------------------------------------- */

/* Adds a member and takes `value` over. */
static void put(struct json_object *object, const char *key, struct json_object *value)
{
    if (!object || !value || json_object_object_add(object, key, value) != 0)
        abort(); /* out of memory: half a report would be worse than none */
}

static struct json_object *behaviour_json(const struct behaviour *behaviour)
{
    struct json_object *object = json_object_new_object();
    put(object, "name", json_object_new_string(behaviour->name));
    put(object, "points", json_object_new_int(behaviour->points));
    put(object, "max", json_object_new_int(behaviour->max));
    put(object, "passed", json_object_new_boolean(behaviour->passed));
    put(object, "message", json_object_new_string(behaviour->message));
    return object;
}

struct json_object *verdict_json(const struct verdict *verdict)
{
    struct json_object *object = json_object_new_object();
    struct json_object *behaviours = json_object_new_array();
    for (size_t i = 0; i < verdict->count; i++)
        if (json_object_array_add(behaviours, behaviour_json(&verdict->behaviours[i])) != 0)
            abort(); /* as in put() */
    put(object, "name", json_object_new_string(verdict->exercise->name));
    put(object, "section", json_object_new_string(verdict->exercise->section));
    put(object, "points", json_object_new_int(verdict->points));
    put(object, "max", json_object_new_int(verdict->max));
    put(object, "outcome", json_object_new_string(words[verdict->outcome]));
    put(object, "behaviours", behaviours);
    put(object, "message", json_object_new_string(verdict->message));
    put(object, "seconds", json_object_new_double(verdict->seconds));
    return object;
}
