/* behaviours.c: see behaviours.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "behaviours.h"

#include <stdio.h>
#include <stdlib.h>

#include "real.h"
#include "suite.h"

/* Functions of Check that only suites call. libcheck is a static library: what nothing here names
 * would not be linked into `grade`, where the suites look for it. */
typedef void (*any_function)(void);
EXPORT extern const any_function kept_for_suites[];
const any_function kept_for_suites[] = {
    (any_function)suite_create,
    (any_function)_mark_point,
    (any_function)_ck_assert_failed,
};

static struct behaviour behaviours[MAX_BEHAVIOURS];
static int count;

/* The names are the suite author's: a mistake in them is told at once. */
static void check_author(int holds, const char *name, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "suite: \"%s\": %s\n", name, what);
    abort();
}

EXPORT void behaviour_add(Suite *s, const char *name, const char *idea, const TTest *const tests[])
{
    static const TTest guarded = {"guarded", test_run_guarded, __FILE__, __LINE__};
    struct behaviour *b = &behaviours[count];
    TCase *tc = tcase_create(name);
    int length = 0;

    check_author(count < MAX_BEHAVIOURS, name, "too many behaviours");
    check_author(sscanf(name, "[%d] %n", &b->points, &length) == 1 && length > 0 && name[length],
                 name, "a behaviour's name is \"[points] sentence\"");
    b->full_name = name;
    b->name = name + length;
    b->idea = idea;
    while (tests[b->n_tests]) {
        check_author(b->n_tests < MAX_TESTS, name, "too many tests in one behaviour");
        b->tests[b->n_tests] = tests[b->n_tests];
        b->n_tests++;
    }
    check_author(b->n_tests > 0, name, "a behaviour without a test");
    count++;
    tcase_add_loop_test(tc, &guarded, 0, b->n_tests);
    suite_add_tcase(s, tc);
}

int behaviours_count(void)
{
    return count;
}

const struct behaviour *behaviour_get(int i)
{
    return &behaviours[i];
}
