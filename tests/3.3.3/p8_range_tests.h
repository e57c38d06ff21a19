/* p8_range_tests.h: ranges, and their close: tests for check_p8_async_iterator.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P8_RANGE_TESTS_H
#define P8_RANGE_TESTS_H

#include "p8_source.h"

/* A range, and its first next. */
static void range_open(struct asker *a, const char *name, int start, int stop, int delay_ms)
{
    *a = asker_of(name, aiter_range(test_base(), start, stop, delay_ms));
    a->counts = true;
    a->next = start;
    const int error = try_to_ask(a);

    if (error == -ENOSYS)
        fail_test("aiter_next() of a range returned -ENOSYS: is it written yet? TODO(1)");
    if (error != 0)
        fail_test("aiter_next() of a range\nexpected  0\ngot       %s", result_text(error));
}

/* All of it, from one next on; then the range is freed. */
static void expect_range(int start, int stop, int delay_ms, const char *timeline)
{
    struct asker a;

    scene("aiter_range(base, %d, %d, %d), asked again in each answer", start, stop, delay_ms);
    range_open(&a, "a", start, stop, delay_ms);
    a.habit = ASKS_AGAIN;
    run_loop();
    if (a.told == 0)
        fail_test("a next of aiter_range(base, %d, %d, %d) was accepted\nexpected  an answer\n"
                  "got       none, and the loop has ended",
                  start, stop, delay_ms);
    expect_story(timeline);
    free_it(&a);
}

START_TEST(three_numbers)
{
    expect_range(0, 3, 100, "0.100  a: 0\n0.200  a: 1\n0.300  a: 2\n0.300  a: ITER_END\n");
}
END_TEST

START_TEST(below_zero_and_seconds)
{
    expect_range(-2, 1, 2500, "2.500  a: -2\n5.000  a: -1\n7.500  a: 0\n7.500  a: ITER_END\n");
}
END_TEST

START_TEST(nothing_between)
{
    expect_range(7, 7, 100, "0.000  a: ITER_END\n");
    expect_range(8, 7, 100, "0.000  a: ITER_END\n");
    expect_range(INT_MAX, INT_MIN, 100, "0.000  a: ITER_END\n");
}
END_TEST

START_TEST(as_far_as_an_int_goes)
{
    struct asker a;

    scene("aiter_range(base, INT_MIN, INT_MAX, 1), asked once");
    range_open(&a, "a", INT_MIN, INT_MAX, 1);
    run_loop();
    free_it(&a);
    expect_lines_of_story("0.001  a: -2147483648\n");
    expect_range(INT_MAX - 1, INT_MAX, 0, "0.001  a: 2147483646\n0.001  a: ITER_END\n");
}
END_TEST

/* Three weeks. */
START_TEST(a_long_delay)
{
    expect_range(0, 1, 1814400 * 1000, "1814400.000  a: 0\n1814400.000  a: ITER_END\n");
}
END_TEST

START_TEST(without_a_delay)
{
    expect_range(0, 3, 0, "0.000  a: 0\n0.000  a: 1\n0.000  a: 2\n0.000  a: ITER_END\n");
}
END_TEST

/* A number takes its time from its next on, and nothing happens in between. */
START_TEST(numbers_for_who_asks)
{
    struct asker a;

    scene("aiter_range(base, 0, 3, 100), asked at 0 and at 1.000");
    range_open(&a, "a", 0, 3, 100);
    run_loop();
    expect_end_at(100);
    run_loop_for(900);
    ask(&a);
    run_loop();
    expect_end_at(1100);
    expect_lines_of_story("0.100  a: 0\n1.100  a: 1\n");
    free_it(&a);
}
END_TEST

START_TEST(the_end_stays)
{
    struct asker a;

    scene("aiter_range(base, 0, 1, 100), asked four times");
    range_open(&a, "a", 0, 1, 100);
    run_loop();
    ask_times(&a, 3);
    expect_story("0.100  a: 0\n0.100  a: ITER_END\n0.100  a: ITER_END\n"
                 "0.100  a: ITER_END\n");
    free_it(&a);
}
END_TEST

START_TEST(two_ranges_at_once)
{
    struct asker a, b;

    scene("a: aiter_range(base, 0, 3, 100), b: aiter_range(base, 10, 12, 70)");
    range_open(&a, "a", 0, 3, 100);
    range_open(&b, "b", 10, 12, 70);
    a.habit = b.habit = ASKS_AGAIN;
    run_loop();
    expect_lines_of_story(
        "0.070  b: 10\n0.100  a: 0\n0.140  b: 11\n0.140  b: ITER_END\n0.200  a: 1\n"
        "0.300  a: 2\n0.300  a: ITER_END\n");
    free_it(&a);
    free_it(&b);
}
END_TEST

START_TEST(range_freed_in_the_answer)
{
    scene("an empty range, then one with a number, each freed in the first answer");
    for (int stop = 0; stop < 2; stop++) {
        struct asker a;

        range_open(&a, "a", 0, stop, 100);
        a.habit = FREES;
        run_loop();
    }
    expect_lines_of_story("0.000  a: ITER_END\n0.100  a: 0\n");
}
END_TEST

/* ---- close ---- */

START_TEST(closed_while_it_sleeps)
{
    struct asker a;

    scene("a range, asked, closed at 0.050; then two more nexts");
    range_open(&a, "a", 0, 3, 100);
    run_loop_for(50);
    close_it(&a);
    run_loop();
    expect_end_at(50);
    ask_times(&a, 2);
    expect_story("0.050  a: -ECANCELED\n0.050  a: closed\n0.050  a: -ECANCELED\n"
                 "0.050  a: -ECANCELED\n");
    free_it(&a);
}
END_TEST

START_TEST(closed_at_rest)
{
    struct asker a;

    scene("a range, closed when its number was told and nobody waits");
    range_open(&a, "a", 0, 3, 100);
    run_loop();
    close_it(&a);
    run_loop();
    expect_story("0.100  a: 0\n0.100  a: closed\n");
    free_it(&a);
}
END_TEST

/* Its number was there: the timer is due. */
START_TEST(closed_when_the_number_is_there)
{
    struct asker a;

    scene("a range, closed when its timer is due and the loop has not come to it");
    range_open(&a, "a", 0, 3, 100);
    vclock_advance_to(200 * INT64_C(1000000));
    close_it(&a);
    run_loop();
    expect_story("0.200  a: -ECANCELED\n0.200  a: closed\n");
    free_it(&a);
}
END_TEST

START_TEST(closed_behind_the_end)
{
    struct asker a;

    scene("an empty range, closed behind ITER_END; then one more next");
    range_open(&a, "a", 0, 0, 100);
    run_loop();
    close_it(&a);
    run_loop();
    ask_times(&a, 1);
    expect_story("0.000  a: ITER_END\n0.000  a: closed\n0.000  a: -ECANCELED\n");
    free_it(&a);
}
END_TEST

START_TEST(closed_twice)
{
    struct asker a, b;

    scene("a range, asked, closed by a, b, a; and by b when that is over");
    range_open(&a, "a", 0, 3, 100);
    b = asker_of("b", a.it);
    close_it(&a);
    close_it(&b);
    close_it(&a);
    run_loop();
    close_it(&b);
    run_loop();
    expect_story("0.000  a: -ECANCELED\n0.000  a: closed\n0.000  b: closed\n"
                 "0.000  a: closed\n0.000  b: closed\n");
    free_it(&a);
}
END_TEST

START_TEST(closed_in_the_answer)
{
    struct asker a;

    scene("a range, closed in the answer");
    range_open(&a, "a", 0, 3, 100);
    a.habit = CLOSES;
    run_loop();
    expect_story("0.100  a: 0\n0.100  a: closed\n");
    free_it(&a);
}
END_TEST

/* Who always asks is always told; and the close is told, too. */
START_TEST(asked_again_and_again)
{
    struct asker a;

    range_open(&a, "a", 0, 3, 100);
    vclock_livelock_limit(1000);
    a.habit = ALWAYS_ASKS;
    a.quiet = true;
    close_it(&a);
    for (int k = 0; k < 100 && a.closed == 0; k++)
        (void)event_base_loop(test_base(), EVLOOP_ONCE);
    expect_count("a close, while its asker asks in each answer: calls of its cb", 1, a.closed);
    free_it(&a);
}
END_TEST

START_TEST(closed_by_two_and_freed_by_the_first)
{
    struct asker a, b;

    scene("a range, asked, closed by a and b; a frees it when a is told of the close");
    range_open(&a, "a", 0, 3, 100);
    b = asker_of("b", a.it);
    a.frees_when_closed = true;
    close_it(&a);
    close_it(&b);
    run_loop();
    expect_lines_of_story("0.000  a: -ECANCELED\n0.000  a: closed\n");
}
END_TEST

START_TEST(freed_at_any_moment)
{
    scene("five ranges, freed: at once, asleep, closed, in an answer behind a close, at rest");
    for (int moment = 0; moment < 5; moment++) {
        struct asker a;

        range_open(&a, "a", 0, 3, 100);
        if (moment == 1)
            run_loop_for(50);
        if (moment == 2)
            close_it(&a);
        if (moment == 3) { /* in the answer, with a close to be told */
            close_it(&a);
            a.habit = FREES;
            run_loop();
        }
        if (moment == 4)
            run_loop();
        free_it(&a);
        run_loop();
    }
    aiter_free(NULL);
    expect_lines_of_story("0.050  a: -ECANCELED\n0.150  a: 0\n");
}
END_TEST

/* Not one allocation, and no event_add(), succeeds while it is closed. */
START_TEST(closed_without_memory)
{
    scene("a range, closed while it sleeps, one closed at rest; no event_add() succeeds");
    for (int moment = 0; moment < 2; moment++) {
        struct asker a;

        range_open(&a, "a", 0, 3, 100);
        if (moment == 1)
            run_loop();
        alloc_fail_at(1);
        close_it(&a);
        run_loop();
        alloc_fail_at(0);
        free_it(&a);
    }
    expect_lines_of_story(
        "0.000  a: -ECANCELED\n0.000  a: closed\n0.100  a: 0\n0.100  a: closed\n");
}
END_TEST

/* A next that is refused for want of memory has changed nothing. */
START_TEST(a_next_without_memory)
{
    struct asker a, b;

    scene("a range; b asks, and event_add() fails; a asks 50 ms later");
    range_open(&a, "a", 0, 3, 100);
    b = asker_of("b", a.it);
    run_loop();
    alloc_fail_at(1);
    ask(&b);
    alloc_fail_at(0);
    run_loop_for(50);
    ask(&a);
    run_loop();
    expect_lines_of_story("0.100  a: 0\n0.100  b: refused: -ENOMEM\n0.250  a: 1\n");
    free_it(&a);
}
END_TEST

#endif
