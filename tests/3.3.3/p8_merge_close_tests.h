/* p8_merge_close_tests.h: a merge that is closed, or freed, and two of them: tests for
 * check_p8_async_iterator.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P8_MERGE_CLOSE_TESTS_H
#define P8_MERGE_CLOSE_TESTS_H

#include "p8_merge_tests.h"

START_TEST(a_merge_is_closed)
{
    struct source s[3];
    struct asker a = MERGE(s, 3, OF(9, 9, 9), OF(100, 100, 100)), b = asker_of("b", a.it);

    scene("closes take 0, 50 and 30 ms: by a at 0.020, by b at 0.060, by a again");
    s[1].close_ms = 50;
    s[2].close_ms = 30;
    ask(&a);
    run_loop_for(20);
    close_it(&a);
    run_loop_for(40); /* one of the three is left */
    close_it(&b);
    run_loop();
    close_it(&a);
    run_loop();
    ask_times(&a, 1);
    expect_story("0.020  a: -ECANCELED\n0.070  a: closed\n0.070  b: closed\n"
                 "0.070  a: closed\n0.070  a: -ECANCELED\n");
    merge_close_all(&a, s, 3);
}
END_TEST

/* An item is kept, and is not told any more. */
START_TEST(a_merge_is_closed_with_an_item)
{
    struct source s[2];
    struct asker a = MERGE(s, 2, OF(9, 9), OF(10, 20));

    scene("an item is kept; a next, and a close at once");
    ask_times(&a, 1);
    run_loop_for(100);
    ask(&a);
    close_it(&a);
    run_loop();
    ask_times(&a, 1);
    expect_story("0.010  a: 0\n0.120  a: -ECANCELED\n0.120  a: closed\n"
                 "0.120  a: -ECANCELED\n");
    merge_close_all(&a, s, 2);
}
END_TEST

/* Its sources are being closed already, by the error; or have been. */
START_TEST(a_merge_is_closed_behind_an_error)
{
    scene("an error; a close while the sources are being closed; and one later");
    for (int later = 0; later < 2; later++) {
        struct source s[2];
        struct asker a = MERGE(s, 2, OF(9, 0), OF(100, 0));

        s[0].close_ms = 50;
        s[1].end = -EIO;
        ask(&a);
        run_loop_for(later ? 90 : 20);
        close_it(&a);
        run_loop();
        ask_times(&a, 1);
        merge_close_all(&a, s, 2);
    }
    expect_story("0.000  a: -EIO\n0.050  a: closed\n0.050  a: -ECANCELED\n"
                 "0.050  a: -EIO\n0.140  a: closed\n0.140  a: -ECANCELED\n");
}
END_TEST

START_TEST(two_merges_at_once)
{
    struct source s[2], t[2];
    struct asker a = MERGE(s, 2, OF(1, 1), OF(10, 20));
    struct asker b = MERGE(t, 2, OF(1, 1), OF(15, 25));

    scene("two merges of two sources");
    b.name = "b";
    a.habit = b.habit = ASKS_AGAIN;
    ask(&a);
    ask(&b);
    run_loop();
    expect_lines_of_story(
        "0.010  a: 0\n0.015  b: 0\n0.020  a: 10\n0.020  a: ITER_END\n0.025  b: 10\n"
        "0.025  b: ITER_END\n");
    merge_close_all(&a, s, 2);
    merge_close_all(&b, t, 2);
}
END_TEST

/* In the answer that is direct; of an item that was kept; of the end; of an error. */
START_TEST(a_merge_is_freed_in_the_answer)
{
    for (int way = 0; way < 5; way++) {
        struct source s[2];
        struct asker a = MERGE(s, 2, OF(way < 2, way < 2), OF(10, 20));

        if (way > 2)
            s[1].end = -EIO;
        s[1].end_ms = way == 4 ? 10 : 0;
        if (way == 1) {
            ask_times(&a, 1);
            run_loop_for(50);
        }
        a.habit = FREES;
        ask_times(&a, 1);
        if (a.it != NULL)
            fail_test("a next of a merge was accepted: answers\nexpected  1\ngot       none");
        expect_freed(&s[0]);
        expect_freed(&s[1]);
    }
}
END_TEST

#endif
