/* behaviours.h: the graded behaviours of a suite
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BEHAVIOURS_H
#define BEHAVIOURS_H

#include <check.h>

#define MAX_BEHAVIOURS 32
#define MAX_TESTS      32

struct behaviour {
    const char *full_name;             /* "[2] what must hold": the TCase's name */
    const char *name;                  /* "what must hold" */
    int points;                        /* 2 */
    const char *idea;                  /* what a learner should read */
    const TTest *tests[MAX_TESTS + 1]; /* ends with NULL */
    int n_tests;
};

/* How many there are, and the i-th, from 0. */
int behaviours_count(void);
const struct behaviour *behaviour_get(int i);

/* What runs in place of each test: set up, the test, the checks after it. */
void test_run_guarded(int i);

#endif
