/* alloc.c: see alloc.h, and each_allocation_fails() in suite.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L
#include "alloc.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "real.h"
#include "suite.h"
#include "test.h"
#include "verdict.h"
#include "where.h"

static atomic_long count;
static atomic_long fail_at;
static char failed[256]; /* what, and where */

EXPORT void alloc_fail_at(long n)
{
    count = 0;
    fail_at = n;
    failed[0] = '\0';
}

long alloc_count(void)
{
    return count;
}

/* What a program under test may hold at a time. The sanitizer's allocator does not survive the
 * kernel's limit, so its own count is asked first. */
static const size_t budget_mib = 256;

extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static void check_budget(size_t size)
{
    char place[256];
    const size_t budget = budget_mib << 20;

    if (!verdict_is_open() || !__sanitizer_get_current_allocated_bytes)
        return;
    if (size > PTRDIFF_MAX)
        verdict_end(VERDICT_BROKEN,
                    "%zu bytes were asked for, %s: has a negative number become a size?", size,
                    where_called(place, sizeof place));
    if (size > budget || __sanitizer_get_current_allocated_bytes() + size > budget)
        verdict_end(VERDICT_BROKEN, "memory ran out: more than %zu MiB are in use, %s", budget_mib,
                    where_called(place, sizeof place));
}

/* --- the most that was in use --- */

static size_t in_use(void)
{
    if (__sanitizer_get_current_allocated_bytes)
        return __sanitizer_get_current_allocated_bytes();
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static atomic_size_t before, most;
static atomic_bool watching;

static void watch(size_t more)
{
    size_t now = watching ? in_use() + more : 0, seen = most;

    while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
        continue;
}

EXPORT void alloc_watch(void)
{
    before = most = in_use();
    watching = true;
}

EXPORT size_t alloc_most(void)
{
    watching = false;
    return most - before;
}

void alloc_watch_now(void)
{
    watch(0);
}

/* --- one that fails --- */

const char *alloc_failed(void)
{
    return failed[0] != '\0' ? failed : NULL;
}

bool alloc_fails_in(const char *call, size_t size)
{
    static const char wrap[] = "__wrap_";
    char place[200];

    check_budget(size);
    watch(size);
    if (++count != fail_at)
        return false;
    if (strncmp(call, wrap, strlen(wrap)) == 0)
        call += strlen(wrap);
    snprintf(failed, sizeof failed, "%s() %s", call, where_called(place, sizeof place));
    errno = ENOMEM;
    return true;
}

EXPORT void *__wrap_malloc(size_t size);
EXPORT void *__wrap_calloc(size_t n, size_t size);
EXPORT void *__wrap_realloc(void *old, size_t size);
EXPORT char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
    return alloc_fails_now(size) ? NULL : malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return alloc_fails_now(n == 0 || size <= SIZE_MAX / n ? n * size : SIZE_MAX) ? NULL
                                                                                 : calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return alloc_fails_now(size) ? NULL : realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return alloc_fails_now(strlen(text) + 1) ? NULL : strdup(text);
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
