/* check_02_suspend_resume.c: the suite of 02_suspend_resume, the Collatz generator
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>

#include "02_suspend_resume.h"
#include "result_text.h"
#include "suite.h"

enum { UNTOUCHED = -12345 };

static struct collatz *open_or_fail(int start)
{
    struct collatz *c = collatz_new(start);

    if (c == NULL)
        fail_test("collatz_new(%d) returned NULL", start);
    return c;
}

/* Asks for one more, and expects `number`; `index` counts from 1. */
static void expect_number(struct collatz *c, int start, int index, int number)
{
    int value = UNTOUCHED;
    int got = collatz_next(c, &value);

    if (got != 1)
        fail_test("the sequence from %d, number %d\nexpected  returns 1 with %d\n"
                  "got       returns %s",
                  start, index, number, result_text(got));
    if (value == UNTOUCHED)
        fail_test("the sequence from %d, number %d: *value was not written\n"
                  "expected  returns 1 with %d\ngot       returns 1",
                  start, index, number);
    if (value != number)
        fail_test("the sequence from %d, number %d\nexpected  %d\ngot       %d", start, index,
                  number, value);
}

/* Asks `times` more times behind the last number, and expects `result` each time. Returns what
 * *value is then. */
static int expect_no_more(struct collatz *c, int start, int result, int times)
{
    int value = UNTOUCHED;

    for (int k = 1; k <= times; k++) {
        int got = collatz_next(c, &value);

        if (got != result)
            fail_test("the sequence from %d, call %d behind its last number\n"
                      "expected  returns %s\ngot       returns %s",
                      start, k, result_text(result), result_text(got));
    }
    return value;
}

/* Reads the whole sequence, and compares it with the rule. Returns how many numbers it has. */
static int expect_sequence(struct collatz *c, int start, bool scrub)
{
    int number = start;
    int count = 1;

    while (number != 1) {
        expect_number(c, start, count++, number);
        number = number % 2 == 0 ? number / 2 : 3 * number + 1;
        if (scrub)
            scrub_stack();
    }
    expect_number(c, start, count, 1);
    if (scrub)
        scrub_stack();
    (void)expect_no_more(c, start, 0, 1);
    return count;
}

static void read_whole_sequence(int start, bool scrub, int length)
{
    struct collatz *c = open_or_fail(start);

    ck_assert_int_eq(expect_sequence(c, start, scrub), length);
    collatz_free(c);
}

START_TEST(from_6)
{
    read_whole_sequence(6, false, 9);
}
END_TEST

START_TEST(from_1)
{
    read_whole_sequence(1, false, 1);
}
END_TEST

START_TEST(from_27)
{
    read_whole_sequence(27, false, 112);
}
END_TEST

START_TEST(scrubbed_from_6)
{
    read_whole_sequence(6, true, 9);
}
END_TEST

START_TEST(scrubbed_from_27)
{
    read_whole_sequence(27, true, 112);
}
END_TEST

START_TEST(two_in_turn)
{
    static const int FROM_3[] = {3, 10, 5, 16, 8, 4, 2, 1};
    static const int FROM_12[] = {12, 6, 3, 10, 5, 16, 8, 4};
    struct collatz *a = open_or_fail(3);
    struct collatz *b = open_or_fail(12);

    for (int k = 0; k < 8; k++) {
        expect_number(a, 3, k + 1, FROM_3[k]);
        expect_number(b, 12, k + 1, FROM_12[k]);
    }
    (void)expect_no_more(a, 3, 0, 1);
    expect_number(b, 12, 9, 2);
    collatz_free(b);
    collatz_free(a);
}
END_TEST

START_TEST(one_freed_half_way)
{
    struct collatz *a = open_or_fail(6);
    struct collatz *b = open_or_fail(8);

    expect_number(a, 6, 1, 6);
    expect_number(b, 8, 1, 8);
    expect_number(a, 6, 2, 3);
    collatz_free(a);
    expect_number(b, 8, 2, 4);
    expect_number(b, 8, 3, 2);
    collatz_free(b);
    collatz_free(NULL);
}
END_TEST

START_TEST(no_number_after_the_end)
{
    struct collatz *c = open_or_fail(2);

    expect_number(c, 2, 1, 2);
    expect_number(c, 2, 2, 1);
    if (expect_no_more(c, 2, 0, 5) != UNTOUCHED)
        fail_test("the sequence from 2: collatz_next() must leave *value alone when it returns 0");
    collatz_free(c);
}
END_TEST

static void from_2_or_no_memory(void *arg)
{
    struct collatz *c = collatz_new(2);

    (void)arg;
    if (c != NULL)
        expect_number(c, 2, 1, 2);
    collatz_free(c);
}

START_TEST(without_memory_there_is_none)
{
    from_2_or_no_memory(NULL);
    each_allocation_fails(from_2_or_no_memory, NULL);
}
END_TEST

START_TEST(bad_starts_are_refused)
{
    static const int BAD[] = {0, -1, INT_MIN};

    for (int k = 0; k < 3; k++) {
        errno = 0;
        if (collatz_new(BAD[k]) != NULL || errno != EINVAL)
            fail_test("collatz_new(%d)\nexpected  NULL, and errno EINVAL\n"
                      "got       errno %s",
                      BAD[k], errno == 0 ? "0" : result_text(-errno) + 1);
    }
}
END_TEST

START_TEST(overflow_is_reported)
{
    struct collatz *c = open_or_fail(INT_MAX);

    expect_number(c, INT_MAX, 1, INT_MAX);
    if (expect_no_more(c, INT_MAX, -EOVERFLOW, 3) != UNTOUCHED)
        fail_test("collatz_next() must leave *value alone when it returns -EOVERFLOW");
    collatz_free(c);
}
END_TEST

START_TEST(the_largest_number_is_yielded)
{
    const int odd = (INT_MAX - 1) / 3 - 1; /* the largest one whose next number is an int */
    struct collatz *c = open_or_fail(odd);

    expect_number(c, odd, 1, odd);
    expect_number(c, odd, 2, 3 * odd + 1);
    collatz_free(c);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("02_suspend_resume");

    behaviour(s, "[1] yields the sequence, one number a call",
              "a yield is a return that remembers, in the frame, where and with what to go on "
              "(3.3.1, \"Coroutines\")",
              from_6, from_1, from_27);
    behaviour(s, "[1] what it needs outlives a suspension",
              "the C stack below the caller is overwritten between two resumes: what is needed "
              "again lives in the frame (3.3.1, \"Suspension points and resumption\")",
              scrubbed_from_6, scrubbed_from_27);
    behaviour(
        s, "[1] two generators are independent",
        "each instance has a frame of its own, and owns what is in it (3.3.1, \"Coroutines\")",
        two_in_turn, one_freed_half_way, without_memory_there_is_none);
    behaviour(s, "[1] the end stays the end",
              "a finished coroutine cannot be resumed: it does not begin anew (3.3.1, \"Suspension "
              "points and resumption\")",
              no_number_after_the_end);
    behaviour(s, "[1] a bad start is refused, a number too large is reported",
              "what goes wrong between two suspensions reaches the caller as the result of a "
              "resume (3.3.1, \"Suspension points and resumption\")",
              bad_starts_are_refused, overflow_is_reported, the_largest_number_is_yielded);
    return s;
}
