/* weather_close_tests.h: a range that is closed or freed: tests for the suite of 20_async_range
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef WEATHER_CLOSE_TESTS_H
#define WEATHER_CLOSE_TESTS_H

#include "weather_archive.h"

/* ---- close and free ---- */

START_TEST(closed_while_a_fetch_is_under_way)
{
    struct asker a;

    asker_open(&a, 0, 100);
    ask(&a);
    run_loop_for(50);
    close_days(&a);
    close_days(&a);
    run_loop();
    ask_times(&a, 2);
    expect_trace_in_order("0.000  fetch 4 from 0\n0.050  cancel\n0.050  told: -ECANCELED\n"
                          "0.050  told: -ECANCELED\n0.050  told: -ECANCELED\n");
    expect_no_stray_cancel(&a, "the iterator is closed a second time");
    asker_close(&a);
}
END_TEST

START_TEST(closed_before_the_turn)
{
    struct asker a;

    asker_open(&a, 0, 100);
    ask(&a);
    close_days(&a);
    run_loop();
    expect_trace("0.000  told: -ECANCELED\n");
    asker_close(&a);
}
END_TEST

/* Some days are in memory, and nobody waits. */
START_TEST(closed_in_the_middle_of_a_page)
{
    struct asker a;

    asker_open(&a, 0, 100);
    a.habit = CLOSES;
    ask(&a);
    run_loop();
    ask_times(&a, 2);
    expect_trace_in_order("0.000  fetch 4 from 0\n0.100  day: 1\n"
                          "0.100  told: -ECANCELED\n0.100  told: -ECANCELED\n");
    asker_close(&a);
}
END_TEST

START_TEST(closed_after_the_end)
{
    struct asker a;

    asker_open(&a, 0, 0);
    ask_times(&a, 1);
    close_days(&a);
    ask_times(&a, 1);
    expect_trace_in_order("0.000  told: ITER_END\n0.000  told: -ECANCELED\n");
    asker_close(&a);
}
END_TEST

START_TEST(closed_after_an_error)
{
    struct asker a;

    for (int refused = 0; refused < 2; refused++) {
        asker_open(&a, 0, 100);
        a.fail = a.refuse = -EIO;
        a.refuse_at = refused;
        a.fail_at = 1 - refused;
        ask_times(&a, 1);
        run_loop_for(FETCH_MS * 2 - now_ms());
        close_days(&a);
        ask_times(&a, 1);
        asker_close(&a);
        expect_no_stray_cancel(&a, "the only fetch has failed, and the iterator is closed");
        expect_trace(refused == 0 ? "0.000  fetch 4 from 0\n"
                                    "0.100  told: -EIO\n"
                                    "0.200  told: -ECANCELED\n"
                                  : "0.200  fetch 4 from 0\n"
                                    "0.200  told: -EIO\n"
                                    "0.200  told: -ECANCELED\n");
    }
}
END_TEST

/* Nothing is under way, so there is nothing to give up. */
START_TEST(closed_between_two_fetches)
{
    struct asker a;

    for (int closes = 0; closes < 2; closes++) {
        asker_open(&a, 0, 100);
        if (closes)
            close_days(&a);
        expect_no_stray_cancel(&a, "nobody has asked yet, and the iterator is closed");
        asker_close(&a);
        expect_no_stray_cancel(&a, "nobody has asked yet, and the iterator is freed");
        asker_open(&a, 0, 100);
        ask_times(&a, 1);
        if (closes)
            close_days(&a);
        expect_no_stray_cancel(&a, "the page has come, and the iterator is closed");
        asker_close(&a);
        expect_no_stray_cancel(&a, "the page has come, and the iterator is freed");
    }
}
END_TEST

static void close_once(void *open_ms)
{
    struct asker a;

    asker_open(&a, 0, 100);
    if (a.days != NULL)
        ask(&a);
    run_loop_for(*(int *)open_ms);
    if (a.asked == 1 && a.told == 0) {
        close_days(&a);
        run_loop_for(FETCH_MS);
        if (a.told == 0 || a.got != -ECANCELED)
            fail_test("days_close() while a next waits, and there is no memory: it is told\n"
                      "expected  -ECANCELED: close needs no memory\ngot       %s",
                      a.told == 0 ? "nothing: it waits for ever" : result_text(a.got));
    }
    asker_close(&a);
}

START_TEST(closed_without_memory)
{
    each_allocation_fails(close_once, &(int){0});
    each_allocation_fails(close_once, &(int){FETCH_MS / 2});
}
END_TEST

START_TEST(freed_at_any_moment)
{
    struct asker a;

    for (int moment = 0; moment < 4; moment++) {
        asker_open(&a, 0, 100);
        if (moment > 0)
            ask(&a);
        if (moment > 1)
            run_loop_for(50);
        if (moment > 2)
            close_days(&a);
        asker_close(&a);
        run_loop_for(FETCH_MS);
    }
    days_free(NULL);
    expect_trace("0.200  fetch 4 from 0\n0.250  cancel\n0.350  fetch 4 from 0\n0.400  cancel\n");
}
END_TEST

#endif
