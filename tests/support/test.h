/* test.h: what happens around each test, in the child of a behaviour
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_H
#define TEST_H

#include <stdbool.h>

#include "behaviours.h"

/* The behaviour whose tests run in this process, and the seed of the order of ready events. */
void test_choose(const struct behaviour *b, unsigned seed);

/* How many tests ran to their end. */
int test_finished(void);

/* Fails the test if the learner's code left descriptors or events behind. */
void test_check_leftovers(const char *when, ...) __attribute__((format(printf, 1, 2)));

/* Something is left over, and nothing else is wrong: all tests of the behaviour have passed. */
bool test_leaked(void);

#endif
