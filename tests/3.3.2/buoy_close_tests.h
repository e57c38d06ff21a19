/* buoy_close_tests.h: the close, for the suite of 15_buffering
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BUOY_CLOSE_TESTS_H
#define BUOY_CLOSE_TESTS_H

#include "buoy_line.h"

/* ---- close ---- */

START_TEST(close_does_not_wait_for_the_deadline)
{
    struct sea s;

    sea_open(&s);
    add(&s, 5);
    shut(&s);
    run_loop_for(1);
    expect_came(&s, "5 bytes, and closed", 5, 1);
    expect_told(&s, "5 bytes, and closed", 0);
    expect_add(&s, "after buoy_close()", 5, -EPIPE);
    shut(&s);
    run_loop_for(2 * BATCH_WAIT_MS);
    expect_came(&s, "closed again", 5, 1);
    sea_close(&s);
}
END_TEST

START_TEST(close_with_nothing_to_send)
{
    for (size_t n = 0; n <= 100; n += 100) {
        struct sea s;

        sea_open(&s);
        if (n > 0)
            add(&s, n);
        run_loop_for(10);
        shut(&s);
        run_loop_for(1);
        expect_told(&s, n > 0 ? "all was sent, then closed" : "closed without a reading", 0);
        expect_came(&s, "closed with nothing to send", n, n > 0);
        sea_close(&s);
    }
}
END_TEST

START_TEST(close_while_the_line_takes_nothing)
{
    struct sea s;

    sea_open(&s);
    stop_up(&s);
    add(&s, 70);
    add(&s, 5);
    shut(&s);
    expect_tried(&s, "the line has taken nothing, and buoy_close() is called", 1);
    run_loop_for(5000);
    expect_told(&s, "closed, and the line takes nothing", NOT_TOLD);
    expect_tried(&s, "closed, and the line takes nothing", 1);
    coast_read(&s);
    run_loop_for(1);
    expect_told(&s, "closed, and the line takes bytes again", 0);
    expect_came(&s, "70 bytes and 5, closed", 75, 2);
    sea_close(&s);
}
END_TEST

/* The batch still has its deadline when it is closed: the close has sent it, or tried to. */
START_TEST(the_close_ends_the_deadline)
{
    struct sea s;

    sea_open(&s);
    stop_up(&s);
    add(&s, 5);
    shut(&s);
    expect_tried(&s, "5 bytes, and closed: what the line takes is not known yet", 1);
    run_loop_for(5000);
    expect_tried(&s, "5 bytes, closed, and the line takes nothing: later", 1);
    coast_read(&s);
    run_loop_for(1);
    expect_told(&s, "5 bytes, closed, and the line takes them", 0);
    expect_came(&s, "5 bytes, closed, and the line takes them", 5, 2);
    sea_close(&s);
}
END_TEST

START_TEST(the_coast_leaves_while_it_closes)
{
    struct sea s;

    sea_open(&s);
    stop_up(&s);
    add(&s, 70);
    shut(&s);
    run_loop_for(10);
    coast_leave(&s);
    run_loop_for(1);
    expect_told(&s, "closed, and the coast leaves before all is sent", -EPIPE);
    sea_close(&s);
}
END_TEST

/* on_end() frees the buoy: what is not sent by then is lost. */
START_TEST(freed_when_it_has_ended)
{
    struct sea s;

    sea_open(&s);
    s.frees = true;
    faults.max_write = 1;
    add(&s, 60);
    shut(&s);
    run_loop_for(2 * BATCH_WAIT_MS);
    expect_told(&s, "60 bytes, closed; the line takes one at a time", 0);
    expect_came(&s, "60 bytes, closed; on_end() frees the buoy", 60, 60);
    sea_close(&s);
}
END_TEST

#endif
