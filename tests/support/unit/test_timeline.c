/* test_timeline.c: tests of timeline.h: what a learner sees of two timelines that differ
 *
 * SPDX-License-Identifier: MIT
 */
#include "timeline.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

#define MS 1000000

static struct timeline want, got;
static char text[8192];

static bool compare(const char *expected, const char *actual, bool in_order)
{
    timeline_clear(&want);
    timeline_clear(&got);
    timeline_parse(&want, expected);
    timeline_parse(&got, actual);
    text[0] = '\0';
    return timeline_compare(&want, &got, in_order, text, sizeof text);
}

START_TEST(equal_timelines_agree)
{
    ck_assert(compare("0.000  a\n1.500  b c\n", "0.000  a\n1.500  b c\n", true));
    ck_assert(compare("", "", true));
}
END_TEST

START_TEST(ties_may_come_in_any_order)
{
    ck_assert(compare("0.000  a\n0.000  b\n", "0.000  b\n0.000  a\n", false));
    ck_assert(!compare("0.000  a\n0.000  b\n", "0.000  b\n0.000  a\n", true));
    ck_assert_ptr_nonnull(strstr(text, "another order"));
}
END_TEST

START_TEST(early_and_late_are_told_in_ms)
{
    ck_assert(!compare("0.000  A: 0\n0.500  A: 1\n", "0.000  A: 0\n0.000  A: 1\n", false));
    ck_assert_str_eq(text, "expected      got\n"
                           "0.000  A: 0   0.000  A: 0\n"
                           "0.500  A: 1 > 0.000  A: 1   <- 500 ms too early\n");
    ck_assert(!compare("0.500  x\n", "0.750  x\n", false));
    ck_assert_ptr_nonnull(strstr(text, "250 ms too late"));
}
END_TEST

START_TEST(missing_and_unexpected_lines_are_told)
{
    ck_assert(!compare("0.000  a\n0.100  b\n0.200  c\n", "0.000  a\n0.200  c\n0.200  d\n", false));
    ck_assert_ptr_nonnull(strstr(text, "0.100  b >    <- missing"));
    ck_assert_ptr_nonnull(strstr(text, "> 0.200  d   <- not expected"));
    ck_assert(!compare("0.000  a\n", "", false));
    ck_assert_ptr_nonnull(strstr(text, "nothing was printed"));
}
END_TEST

START_TEST(a_long_timeline_is_cut_around_the_difference)
{
    char line[32];

    timeline_clear(&want);
    timeline_clear(&got);
    for (int i = 0; i < 1000; i++) {
        snprintf(line, sizeof line, "line %d", i);
        ck_assert_int_eq(timeline_add(&want, (int64_t)i * MS, line), 0);
        ck_assert_int_eq(timeline_add(&got, (int64_t)(i + (i == 500)) * MS, line), 0);
    }
    ck_assert(!timeline_compare(&want, &got, true, text, sizeof text));
    ck_assert_ptr_nonnull(strstr(text, "(496 lines that agree)"));
    ck_assert_ptr_nonnull(strstr(text, "line 500   <- 1 ms too late"));
    ck_assert_ptr_null(strstr(text, "line 495"));
}
END_TEST

START_TEST(a_full_timeline_says_so)
{
    timeline_clear(&got);
    for (int i = 0; i < TIMELINE_MAX_LINES; i++)
        ck_assert_int_eq(timeline_add(&got, 0, "x"), 0);
    ck_assert_int_eq(timeline_add(&got, 0, "x"), -1);
}
END_TEST

Suite *timeline_suite(void)
{
    return UNIT_SUITE("timeline", equal_timelines_agree, ties_may_come_in_any_order,
                      early_and_late_are_told_in_ms, missing_and_unexpected_lines_are_told,
                      a_long_timeline_is_cut_around_the_difference, a_full_timeline_says_so);
}
