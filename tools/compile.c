/* compile.c: see compile.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "compile.h"

#include "config.h"

#include <stdbool.h>
#include <string.h>

#define LIMIT_S      60
#define OUTPUT_LIMIT 65536 /* bytes of messages */

static const char *const common[] = {CONFIG_COMPILER CONFIG_COMMON_FLAGS "-Iexercises", NULL};
static const char *const sanitizers[] = {CONFIG_SANITIZER_FLAGS NULL};
static const char *const module[] = {CONFIG_MODULE_FLAGS NULL};
static const char *const mutant[] = {CONFIG_MUTANT_FLAGS NULL};
static const char *const libraries[] = {CONFIG_LIBRARIES NULL};
_Static_assert(sizeof common + sizeof sanitizers + sizeof module + sizeof mutant +
                       sizeof libraries <
                   (COMPILE_WORDS - 8) * sizeof(char *),
               "COMPILE_WORDS is too small");

static const char **add(const char **argv, const char *const *words)
{
    while (*words != NULL)
        *argv++ = *words++;
    return argv;
}

struct command compile_command(enum product product, const struct exercise *exercise,
                               const char *source, const char *output, const char *dependencies,
                               const char **argv)
{
    const char **next = add(argv, common);
    if (product != PRODUCT_PLAIN_PROGRAM)
        next = add(next, sanitizers);
    if (product == PRODUCT_MODULE || product == PRODUCT_MUTANT)
        next = add(next, module);
    if (product == PRODUCT_MUTANT)
        next = add(next, mutant);
    if (dependencies != NULL)
        next = add(next, (const char *const[]){"-MMD", "-MF", dependencies, NULL});
    next = add(next, (const char *const[]){exercise->include, source, "-o", output, NULL});
    *add(next, libraries) = NULL;
    return (struct command){
        .argv = (char *const *)argv, .limit_s = LIMIT_S, .output_limit = OUTPUT_LIMIT};
}

/* --- what messages about macros mean --------------------------------------------------------- */

static int count_of(const char *text, const char *word)
{
    int count = 0;
    for (; (text = strstr(text, word)) != NULL; text += strlen(word))
        count++;
    return count;
}

const char *compile_advice(const char *messages, const char *source)
{
    static const struct {
        const char *gcc, *clang, *advice;
    } known[] = {
        {"duplicate case value", "duplicate case value",
         "two waits stand on one line: give each a line of its own (rule 2 of coro.h)"},
        {"case label not within a switch", "'case' statement not in switch",
         "a wait stands outside of TASK_BEGIN and TASK_END, or GEN_BEGIN and GEN_END"},
        {"switch jumps into scope of identifier with variably modified type",
         "cannot jump from switch statement to this case label",
         "a local array whose size is a variable does not survive a wait: it belongs into the "
         "frame (rule 1 of coro.h)"},
    };
    if (count_of(source, "TASK_BEGIN(") > count_of(source, "TASK_END(") ||
        count_of(source, "GEN_BEGIN(") > count_of(source, "GEN_END("))
        return "a TASK_BEGIN has no TASK_END behind it, or a GEN_BEGIN no GEN_END: what follows "
               "is taken for a part of that function";
    bool in_wait = strstr(messages, "CORO_WAIT") != NULL || strstr(messages, "GEN_YIELD") != NULL;
    for (size_t i = 0; in_wait && i < sizeof known / sizeof known[0]; i++)
        if (strstr(messages, known[i].gcc) || strstr(messages, known[i].clang))
            return known[i].advice;
    return NULL;
}
