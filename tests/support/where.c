/* where.c: see where.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "where.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_FRAMES 64

static const void *learner_base; /* where the learner's module is mapped */

/* Of the sanitizers' run-time library; absent in a plain build. */
extern void __sanitizer_symbolize_pc(void *pc, const char *format, char *out, size_t size)
    __attribute__((weak));

void where_set_module(void *handle)
{
    struct link_map *map = handle;

    learner_base = handle ? (const void *)map->l_addr : NULL;
}

bool where_is_learner(const void *address)
{
    Dl_info info;

    return learner_base && dladdr(address, &info) != 0 && info.dli_fbase == learner_base;
}

/* "/home/ada/workbook/exercises/x.c" -> "exercises/x.c" */
static void strip_folder(char *text)
{
    char folder[512];
    char *at;

    if (getcwd(folder, sizeof folder - 1) == NULL)
        return;
    strcat(folder, "/");
    while ((at = strstr(text, folder)) != NULL)
        memmove(at, at + strlen(folder), strlen(at + strlen(folder)) + 1);
}

static void symbolize(void *pc, const char *format, char *out, size_t size)
{
    Dl_info info;

    if (__sanitizer_symbolize_pc) {
        __sanitizer_symbolize_pc(pc, format, out, size);
        strip_folder(out);
        if (out[0] != '\0' && strstr(out, "<null>") == NULL && strstr(out, "(:0)") == NULL)
            return;
    }
    if (dladdr(pc, &info) != 0 && info.dli_sname)
        snprintf(out, size, "%s", info.dli_sname);
    else
        snprintf(out, size, "a function without a name");
}

const char *where_address(void *address, char *out, size_t size)
{
    const char in[] = "in ";

    snprintf(out, size, "%s", in);
    symbolize(address, "%f (%s:%l)", out + strlen(in), size - strlen(in));
    return out;
}

const char *where_called(char *out, size_t size)
{
    void *frames[MAX_FRAMES];
    int n = backtrace(frames, MAX_FRAMES);

    for (int i = 0; i < n; i++)
        if (where_is_learner(frames[i]))
            return where_address(frames[i], out, size);
    snprintf(out, size, "in a library");
    return out;
}

const char *where_function(void *function, char *out, size_t size)
{
    symbolize((char *)function + 1, "%f", out, size); /* a pc is looked up one byte before it */
    return out;
}
