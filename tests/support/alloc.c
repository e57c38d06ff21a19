/* alloc.c: see alloc.h, and each_allocation_fails() in suite.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L
#include "alloc.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "real.h"
#include "suite.h"
#include "test.h"

static atomic_long count;
static atomic_long fail_at;

void alloc_fail_at(long n)
{
    count = 0;
    fail_at = n;
}

long alloc_count(void)
{
    return count;
}

static bool fails_now(void)
{
    if (++count != fail_at)
        return false;
    errno = ENOMEM;
    return true;
}

EXPORT void *__wrap_malloc(size_t size);
EXPORT void *__wrap_calloc(size_t n, size_t size);
EXPORT void *__wrap_realloc(void *old, size_t size);
EXPORT char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails_now() ? NULL : calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails_now() ? NULL : realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return fails_now() ? NULL : strdup(text);
}

EXPORT void each_allocation_fails(void (*scenario)(void *arg), void *arg)
{
    const long enough = 10000;

    for (long k = 1; k <= enough; k++) {
        alloc_fail_at(k);
        scenario(arg);
        bool reached = alloc_count() >= k;
        alloc_fail_at(0);
        test_check_leftovers("after allocation %ld failed", k);
        if (!reached)
            return;
    }
    fail_test("more than %ld allocations: is memory allocated in a loop?", enough);
}
