/* log_close_tests.h: a log that is closed or freed: tests for the suite of 19_async_lines
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LOG_CLOSE_TESTS_H
#define LOG_CLOSE_TESTS_H

#include "log_reader.h"

/* ---- close and free ---- */

START_TEST(closed_while_one_waits)
{
    struct keeper k;

    keeper_arrive(&k);
    light(&k, 0, "fo");
    light(&k, 200, "g\n");
    keeper_ask(&k);
    run_loop_for(100);
    keeper_close(&k);
    keeper_close(&k);
    run_loop_for(200);
    expect_trace("0.100  told: -ECANCELED\n");
    expect_unread(&k, "the iterator is closed, and what it read before does not count", 2);
    ask_three_times(&k);
    expect_trace("0.300  told: -ECANCELED\n"
                 "0.400  told: -ECANCELED\n"
                 "0.500  told: -ECANCELED\n");
    keeper_leave(&k);
}
END_TEST

/* An entry is there, and the answer is under way. */
START_TEST(closed_before_the_answer)
{
    struct keeper k;

    keeper_arrive(&k);
    light(&k, 0, "fog\nsail\n");
    keeper_ask(&k);
    run_loop_for(100);
    keeper_ask(&k);
    keeper_close(&k);
    run_loop_for(0);
    expect_trace("0.000  entry: fog\n0.100  told: -ECANCELED\n");
    keeper_leave(&k);
}
END_TEST

START_TEST(closed_after_the_end)
{
    struct keeper k;

    keeper_arrive(&k);
    peer_shutdown(k.lighthouse, 0);
    keeper_ask(&k);
    run_loop_for(100);
    keeper_close(&k);
    run_loop_for(0);
    ask_three_times(&k);
    expect_trace("0.000  told: ITER_END\n"
                 "0.100  told: -ECANCELED\n"
                 "0.200  told: -ECANCELED\n"
                 "0.300  told: -ECANCELED\n");
    keeper_leave(&k);
}
END_TEST

START_TEST(closed_after_an_error)
{
    struct keeper k;

    keeper_arrive(&k);
    faults.reset_after = 4;
    light(&k, 0, "fog\n");
    light(&k, 50, "sail\n"); /* never read */
    ask_three_times(&k);
    keeper_close(&k);
    keeper_ask(&k);
    run_loop_for(100);
    expect_trace("0.000  entry: fog\n"
                 "0.100  told: -ECONNRESET\n"
                 "0.200  told: -ECONNRESET\n"
                 "0.300  told: -ECANCELED\n");
    keeper_leave(&k);
}
END_TEST

START_TEST(closed_in_the_answer)
{
    struct keeper k;

    keeper_arrive(&k);
    light(&k, 100, "fog\nsail\n");
    k.habit = CLOSES;
    keeper_ask(&k);
    run_loop();
    k.habit = RESTS;
    keeper_ask(&k);
    run_loop();
    expect_trace("0.100  entry: fog\n0.100  told: -ECANCELED\n");
    keeper_leave(&k);
}
END_TEST

START_TEST(freed_in_the_answer)
{
    struct keeper k;

    for (int end = 0; end < 2; end++) {
        keeper_arrive(&k);
        if (end == 0)
            light(&k, now_ms() + 100, "fog\nsail\n");
        else
            peer_shutdown(k.lighthouse, now_ms() + 100);
        k.habit = FREES;
        keeper_ask(&k);
        run_loop();
        keeper_leave(&k);
    }
    expect_trace("0.100  entry: fog\n0.200  told: ITER_END\n");
}
END_TEST

START_TEST(freed_at_any_moment)
{
    struct keeper k;

    for (int moment = 0; moment < 4; moment++) {
        keeper_arrive(&k);
        light(&k, now_ms(), "fo");
        if (moment > 0)
            keeper_ask(&k);
        if (moment > 1)
            run_loop_for(50);
        if (moment > 2)
            keeper_close(&k);
        keeper_leave(&k);
        run_loop_for(50);
        expect_trace("");
    }
    entries_free(NULL);
    read_all("", "0.500  told: ITER_END\n");
}
END_TEST

#endif
