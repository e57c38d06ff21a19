/* check_20_async_range.c: the suite of 20_async_range, the archive of temperatures
 *
 * SPDX-License-Identifier: MIT
 */
#include "weather_close_tests.h"

#include <limits.h>

/* ---- the range ---- */

static void expect_all(int start, int stop, const char *timeline)
{
    struct asker a;

    asker_open(&a, start, stop);
    a.exact = true;
    ask_for_all(&a);
    expect_trace_in_order(timeline);
    asker_close(&a);
}

START_TEST(two_pages_and_a_half)
{
    expect_all(10, 20,
               "0.000  fetch 4 from 10\n"
               "0.100  day: 21\n0.100  day: 23\n0.100  day: 25\n0.100  day: 27\n"
               "0.100  fetch 4 from 14\n"
               "0.200  day: 29\n0.200  day: 31\n0.200  day: 33\n0.200  day: 35\n"
               "0.200  fetch 2 from 18\n"
               "0.300  day: 37\n0.300  day: 39\n"
               "0.300  told: ITER_END\n");
}
END_TEST

START_TEST(one_page)
{
    expect_all(-2, 2,
               "0.000  fetch 4 from -2\n"
               "0.100  day: -3\n0.100  day: -1\n0.100  day: 1\n0.100  day: 3\n"
               "0.100  told: ITER_END\n");
}
END_TEST

START_TEST(one_day)
{
    expect_all(0, 1, "0.000  fetch 1 from 0\n0.100  day: 1\n0.100  told: ITER_END\n");
}
END_TEST

START_TEST(no_day)
{
    expect_all(7, 7, "0.000  told: ITER_END\n");
    expect_all(8, 7, "0.000  told: ITER_END\n");
    expect_all(INT_MAX, INT_MIN, "0.000  told: ITER_END\n");
}
END_TEST

/* The difference of the two is more than an int holds. */
START_TEST(as_far_as_an_int_goes)
{
    struct asker a;

    asker_open(&a, INT_MIN, INT_MAX);
    ask_times(&a, 1);
    expect_trace("0.000  fetch 4 from -2147483648\n0.100  day: 1\n");
    asker_close(&a);
    asker_open(&a, INT_MAX - 1, INT_MAX);
    a.end_of_days = INT_MAX;
    ask_for_all(&a);
    expect_trace("0.100  fetch 1 from 2147483646\n0.200  day: -3\n0.200  told: ITER_END\n");
    asker_close(&a);
}
END_TEST

/* The archive brings less than was wanted: the rest is fetched again. */
START_TEST(short_pages)
{
    struct asker a;

    asker_open(&a, 0, 5);
    a.most_days = 2;
    a.exact = true;
    ask_for_all(&a);
    expect_trace_in_order("0.000  fetch 4 from 0\n0.100  day: 1\n0.100  day: 3\n"
                          "0.100  fetch 3 from 2\n0.200  day: 5\n0.200  day: 7\n"
                          "0.200  fetch 1 from 4\n0.300  day: 9\n0.300  told: ITER_END\n");
    asker_close(&a);
}
END_TEST

/* ---- lazy ---- */

START_TEST(nobody_asks)
{
    struct asker a;

    asker_open(&a, 0, 100);
    run_loop_for(1000);
    expect_trace("");
    ask_times(&a, 1);
    run_loop_for(900);
    expect_trace("1.000  fetch 4 from 0\n1.100  day: 1\n");
    asker_close(&a);
}
END_TEST

/* The page has been handed out: the next one is fetched for who asks for it, and not before. */
START_TEST(a_page_and_no_more)
{
    struct asker a;

    asker_open(&a, 0, 100);
    ask_times(&a, 4);
    run_loop_for(900);
    expect_trace_in_order("0.000  fetch 4 from 0\n"
                          "0.100  day: 1\n0.100  day: 3\n0.100  day: 5\n0.100  day: 7\n");
    ask_times(&a, 2);
    expect_trace_in_order("1.000  fetch 4 from 4\n1.100  day: 9\n1.100  day: 11\n");
    asker_close(&a);
}
END_TEST

/* ---- the end, and errors ---- */

START_TEST(the_end_stays)
{
    struct asker a;

    asker_open(&a, 0, 1);
    ask_times(&a, 4);
    expect_trace_in_order("0.000  fetch 1 from 0\n0.100  day: 1\n"
                          "0.100  told: ITER_END\n0.100  told: ITER_END\n0.100  told: ITER_END\n");
    asker_close(&a);
}
END_TEST

START_TEST(the_archive_ends_first)
{
    struct asker a;

    asker_open(&a, 0, 100);
    a.end_of_days = 4;
    ask_times(&a, 7);
    expect_trace_in_order("0.000  fetch 4 from 0\n"
                          "0.100  day: 1\n0.100  day: 3\n0.100  day: 5\n0.100  day: 7\n"
                          "0.100  fetch 4 from 4\n"
                          "0.200  told: ITER_END\n0.200  told: ITER_END\n0.200  told: ITER_END\n");
    asker_close(&a);
}
END_TEST

START_TEST(a_fetch_fails)
{
    struct asker a;

    asker_open(&a, 0, 100);
    a.fail_at = 2;
    a.fail = -ETIMEDOUT;
    ask_times(&a, 6);
    expect_trace_in_order("0.000  fetch 4 from 0\n"
                          "0.100  day: 1\n0.100  day: 3\n0.100  day: 5\n0.100  day: 7\n"
                          "0.100  fetch 4 from 4\n"
                          "0.200  told: -ETIMEDOUT\n0.200  told: -ETIMEDOUT\n");
    asker_close(&a);
}
END_TEST

START_TEST(a_fetch_is_refused)
{
    struct asker a;

    asker_open(&a, 0, 100);
    a.refuse_at = 1;
    a.refuse = -EAGAIN;
    ask_times(&a, 3);
    expect_trace_in_order("0.000  fetch 4 from 0\n"
                          "0.000  told: -EAGAIN\n0.000  told: -EAGAIN\n0.000  told: -EAGAIN\n");
    asker_close(&a);
}
END_TEST

/* ---- answers ---- */

START_TEST(one_at_a_time)
{
    struct asker a;

    asker_open(&a, 0, 100);
    ask(&a);
    ask(&a);
    run_loop_for(50);
    ask(&a);
    run_loop();
    ask(&a); /* this one has been fetched */
    ask(&a);
    run_loop();
    expect_trace_in_order("0.000  refused: -EBUSY\n0.000  fetch 4 from 0\n"
                          "0.050  refused: -EBUSY\n0.100  day: 1\n"
                          "0.100  refused: -EBUSY\n0.100  day: 3\n");
    asker_close(&a);
}
END_TEST

START_TEST(freed_in_the_answer)
{
    struct asker a;

    for (int days = 0; days < 3; days++) {
        asker_open(&a, 0, days);
        if (days == 2)
            ask_times(&a, 1); /* the second one is in memory */
        a.habit = FREES;
        ask(&a);
        run_loop();
        asker_close(&a);
    }
    expect_trace("0.000  told: ITER_END\n"
                 "0.000  fetch 1 from 0\n0.100  day: 1\n"
                 "0.100  fetch 2 from 0\n0.200  day: 1\n0.200  day: 3\n");
}
END_TEST

START_TEST(freed_when_it_fails)
{
    struct asker a;

    for (int refused = 0; refused < 2; refused++) {
        asker_open(&a, 0, 100);
        a.fail = a.refuse = -EIO;
        a.refuse_at = refused;
        a.fail_at = 1 - refused;
        a.habit = FREES;
        ask(&a);
        run_loop();
        asker_close(&a);
    }
    expect_trace("0.000  fetch 4 from 0\n0.100  told: -EIO\n"
                 "0.100  fetch 4 from 0\n0.100  told: -EIO\n");
}
END_TEST

static void ask_once(void *unused)
{
    struct asker a;

    (void)unused;
    asker_open(&a, 0, 1);
    if (a.days != NULL)
        ask_times(&a, 1);
    if (a.days != NULL && a.told == 0) /* nothing has begun: it can be tried again */
        ask_times(&a, 1);
    if (a.days != NULL && a.got != ITER_ITEM && a.got != -ENOMEM)
        fail_test("memory has run out once: the answer to a next\nexpected  an item, or -ENOMEM\n"
                  "got       %s",
                  result_text(a.got));
    asker_close(&a);
}

START_TEST(memory_runs_out)
{
    each_allocation_fails(ask_once, NULL);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("20_async_range");

    behaviour(s, "[1] each day of the range comes once, in order, and stop does not come",
              "an iterator keeps where it is: what is fetched, what of it is handed out, and what "
              "is left (3.3.3, \"Lazy evaluation\")",
              two_pages_and_a_half, one_page, one_day, no_day, short_pages, as_far_as_an_int_goes);
    behaviour(s, "[1] a page is fetched for who asks for it, and not before",
              "lazy: work is done when somebody waits for its result (3.3.3, \"Lazy evaluation\")",
              nobody_asks, a_page_and_no_more);
    behaviour(s, "[1] the end and errors stay, and nothing is fetched for them again",
              "each next behind the end brings the end, and costs nothing (3.3.3, \"Stream "
              "processing\")",
              the_end_stays, the_archive_ends_first, a_fetch_fails, a_fetch_is_refused);
    behaviour(s, "[1] each next is answered once, and in the answer the iterator may be freed",
              "the slot is emptied before the call; behind the call the iterator is not touched "
              "(3.3.3, \"Stream processing\")",
              one_at_a_time, freed_in_the_answer, freed_when_it_fails, memory_runs_out);
    behaviour(s,
              "[1] closed or freed at any moment, it gives its fetch up and leaves nobody waiting",
              "what is begun for an iterator ends with it; who waits is told -ECANCELED (3.3.3, "
              "\"Lazy evaluation\")",
              closed_while_a_fetch_is_under_way, closed_before_the_turn,
              closed_in_the_middle_of_a_page, closed_after_the_end, closed_after_an_error,
              closed_between_two_fetches, closed_without_memory, freed_at_any_moment);
    return s;
}
