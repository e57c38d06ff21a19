/* compile.c: see compile.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "compile.h"

#include "config.h"

#define LIMIT_S      60
#define OUTPUT_LIMIT 65536 /* bytes of messages */

static const char *const common[] = {CONFIG_COMPILER CONFIG_COMMON_FLAGS "-Iexercises", NULL};
static const char *const sanitizers[] = {CONFIG_SANITIZER_FLAGS NULL};
static const char *const module[] = {CONFIG_MODULE_FLAGS NULL};
static const char *const libraries[] = {CONFIG_LIBRARIES NULL};
_Static_assert(sizeof common + sizeof sanitizers + sizeof module + sizeof libraries <
                   (COMPILE_WORDS - 7) * sizeof(char *),
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
    if (product == PRODUCT_MODULE)
        next = add(next, module);
    if (dependencies != NULL)
        next = add(next, (const char *const[]){"-MMD", "-MF", dependencies, NULL});
    next = add(next, (const char *const[]){exercise->include, source, "-o", output, NULL});
    *add(next, libraries) = NULL;
    return (struct command){
        .argv = (char *const *)argv, .limit_s = LIMIT_S, .output_limit = OUTPUT_LIMIT};
}
