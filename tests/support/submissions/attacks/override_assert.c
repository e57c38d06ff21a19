/* override_assert.c: its own assertion function
 *
 * Outcome: cheating
 * Says: defines _ck_assert_failed\(\) itself
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

void _ck_assert_failed(const char *file, int line, const char *expression, const char *message,
                       ...);
void _ck_assert_failed(const char *file, int line, const char *expression, const char *message, ...)
{
    (void)file;
    (void)line;
    (void)expression;
    (void)message;
}

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)base;
    (void)done;
    (void)arg;
    return 0;
}
