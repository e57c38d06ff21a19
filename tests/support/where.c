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

#include "append.h"

#define MAX_FRAMES 64

static const char *learner_base; /* where the learner's module is mapped */

void where_set_module(void *handle)
{
    struct link_map *map = handle;

    learner_base = handle ? (const char *)map->l_addr : NULL;
}

bool where_is_learner(const void *address)
{
    Dl_info info;

    return learner_base && dladdr(address, &info) != 0 && info.dli_fbase == learner_base;
}

/* Where the grader itself is mapped. */
static const void *grader(void)
{
    Dl_info info;

    return dladdr((const void *)&learner_base, &info) != 0 ? info.dli_fbase : NULL;
}

/* Is the innermost call that is not the grader's own one of libevent's? */
static bool is_in_libevent(void *const *frames, int n)
{
    const void *own = grader();
    Dl_info info;

    for (int i = 0; i < n; i++)
        if (dladdr(frames[i], &info) != 0 && info.dli_fbase != own)
            return strstr(info.dli_fname, "libevent") != NULL;
    return false;
}

const char *where_called(char *out, size_t size)
{
    return where_interrupted(NULL, out, size);
}

const char *where_interrupted(const void *pc, char *out, size_t size)
{
    const int enough = 3;
    void *frames[MAX_FRAMES];
    int n = backtrace(frames, MAX_FRAMES), found = 0;

    out[0] = '\0';
    for (int i = 0; i < n && found < enough; i++) {
        if (!where_is_learner(frames[i]))
            continue;
        append(out, size, "%s%tx", found++ == 0 ? PLACE_CALL : ",",
               /* a return address is behind the call */
               (char *)frames[i] - (frames[i] == pc ? 0 : 1) - learner_base);
    }
    if (found > 0)
        append(out, size, "}");
    else
        append(out, size, "in %s", is_in_libevent(frames, n) ? "libevent" : "a library");
    return out;
}

const char *where_function(const void *function, char *out, size_t size)
{
    Dl_info info;
    bool known = dladdr(function, &info) != 0;

    if (where_is_learner(function))
        snprintf(out, size, PLACE_NAME "%tx}", (const char *)function - learner_base);
    else if (known && info.dli_sname)
        snprintf(out, size, "%s", info.dli_sname);
    else if (known && strstr(info.dli_fname, "check_"))
        snprintf(out, size, "coro.h's scheduler, or the test"); /* the suite makes both */
    else if (known && info.dli_fbase == grader())
        snprintf(out, size, "the test");
    else
        snprintf(out, size, "a library's own use");
    return out;
}
