/* check_15_buffering.c: the suite of 15_buffering, the buoy
 *
 * SPDX-License-Identifier: MIT
 */
#include "buoy_close_tests.h"
#include "buoy_line.h"

/* ---- a full batch ---- */

START_TEST(full_with_the_64th_byte)
{
    struct sea s;

    sea_open(&s);
    add(&s, 63);
    run_loop_for(100);
    expect_came(&s, "63 bytes", 0, 0);
    add(&s, 1);
    run_loop_for(1);
    expect_came(&s, "63 bytes and 1", 64, 1);
    sea_close(&s);
}
END_TEST

START_TEST(all_that_waits_goes_together)
{
    struct sea s;

    sea_open(&s);
    add(&s, 30);
    run_loop_for(10);
    add(&s, 40);
    run_loop_for(1);
    expect_came(&s, "30 bytes and 40", 70, 1);
    add(&s, 500);
    run_loop_for(1);
    expect_came(&s, "30 bytes and 40, then 500", 570, 2);
    sea_close(&s);
}
END_TEST

START_TEST(many_small_readings)
{
    struct sea s;

    sea_open(&s);
    for (int k = 0; k < 1000; k++) {
        add(&s, 7);
        run_loop_for(1);
    }
    expect_came(&s, "7 bytes a thousand times, one each ms", 7000, 100);
    sea_close(&s);
}
END_TEST

/* ---- the deadline ---- */

START_TEST(a_lonely_byte)
{
    struct sea s;

    sea_open(&s);
    for (size_t k = 0; k < 3; k++) {
        add(&s, 1);
        run_loop_for(BATCH_WAIT_MS - 1);
        expect_came(&s, "1 byte, 199 ms ago", k, (long)k);
        run_loop_for(2);
        expect_came(&s, "1 byte, 201 ms ago", k + 1, (long)k + 1);
        run_loop_for(1000);
        expect_came(&s, "1 byte, long ago", k + 1, (long)k + 1);
    }
    sea_close(&s);
}
END_TEST

/* At 0, 150, 300, 450: sent at 200 what came until then, at 500 the rest. */
START_TEST(later_bytes_do_not_put_it_off)
{
    struct sea s;

    sea_open(&s);
    for (int k = 0; k < 4; k++) {
        add(&s, 5);
        run_loop_for(k == 3 ? 51 : 150);
        if (k == 1)
            expect_came(&s, "5 bytes at 0.000 and at 0.150", 10, 1);
        if (k == 2)
            expect_came(&s, "5 bytes each 150 ms", 10, 1);
    }
    expect_came(&s, "5 bytes each 150 ms, four times", 20, 2);
    sea_close(&s);
}
END_TEST

START_TEST(each_batch_has_its_own)
{
    struct sea s;

    sea_open(&s);
    add(&s, 30);
    run_loop_for(10);
    add(&s, 40);
    run_loop_for(140);
    add(&s, 5);
    run_loop_for(BATCH_WAIT_MS - 1);
    expect_came(&s, "a full batch at 0.010, and 5 bytes at 0.150", 70, 1);
    run_loop_for(2);
    expect_came(&s, "a full batch at 0.010, and 5 bytes at 0.150", 75, 2);
    sea_close(&s);
}
END_TEST

/* ---- what the line does not take ---- */

START_TEST(the_line_takes_a_part)
{
    struct sea s;

    sea_open(&s);
    faults.max_write = 7;
    add(&s, 70);
    expect_came(&s, "70 bytes, and the line takes 7 at a time", 7, 1);
    add(&s, 13); /* behind the rest of the first ones */
    run_loop_for(1);
    expect_came(&s, "70 bytes and 13, and the line takes 7 at a time", 83, 12);
    add(&s, 1);
    run_loop_for(BATCH_WAIT_MS + 1);
    expect_came(&s, "70 bytes, 13, and 1", 84, 13);
    sea_close(&s);
}
END_TEST

START_TEST(the_line_takes_nothing_for_a_while)
{
    struct sea s;

    sea_open(&s);
    stop_up(&s);
    for (int k = 0; k < 10; k++) {
        add(&s, 70);
        run_loop_for(BATCH_WAIT_MS);
    }
    expect_tried(&s, "the line takes nothing, and 70 bytes are added each 200 ms, ten times", 1);
    coast_read(&s);
    run_loop_for(1);
    expect_came(&s, "10 times 70 bytes, when the line takes them again", 700, 2);
    add(&s, 5);
    run_loop_for(BATCH_WAIT_MS + 1);
    expect_came(&s, "5 bytes after that", 705, 3);
    sea_close(&s);
}
END_TEST

static void send_through(int *fault, int every, const char *what)
{
    struct sea s;

    sea_open(&s);
    *fault = every;
    for (int k = 0; k < 20; k++) {
        add(&s, 30);
        run_loop_for(50);
    }
    run_loop_for(2 * BATCH_WAIT_MS);
    *fault = 0;
    expect_told(&s, what, NOT_TOLD);
    expect_came(&s, what, 600, -1);
    sea_close(&s);
}

START_TEST(ready_was_a_hint)
{
    send_through(&faults.eagain_every, 2, "each second write takes nothing (EAGAIN)");
}
END_TEST

START_TEST(a_signal_interrupts)
{
    send_through(&faults.eintr_every, 2, "each second write is interrupted (EINTR)");
    faults.eintr_in_a_row = 3;
    send_through(&faults.eintr_every, 4, "three of four writes are interrupted (EINTR)");
}
END_TEST

/* ---- limits, breaks, memory ---- */

START_TEST(refused_whole_when_too_much_waits)
{
    struct sea s;

    sea_open(&s);
    stop_up(&s);
    for (int k = 0; k < 10; k++)
        add(&s, 100);
    expect_add(&s, "when 1000 wait", 25, -EAGAIN);
    expect_add(&s, "when 1000 wait", WAITING_MOST + 1, -EAGAIN);
    expect_add(&s, "when 1000 wait", 24, 0);
    expect_add(&s, "when 1024 wait", 1, -EAGAIN);
    coast_read(&s);
    run_loop_for(1);
    expect_came(&s, "1024 bytes waited, and no other", WAITING_MOST, -1);
    expect_add(&s, "when nothing waits any more", 1, 0);
    expect_told(&s, "a reading was refused", NOT_TOLD);
    sea_close(&s);
}
END_TEST

/* Whatever the line would take. */
START_TEST(one_reading_is_too_long)
{
    struct sea s;

    sea_open(&s);
    expect_add(&s, "when nothing waits, and the line is free", WAITING_MOST + 1, -EAGAIN);
    expect_add(&s, "when nothing waits, and the line is free", 2 * WAITING_MOST, -EAGAIN);
    expect_add(&s, "when nothing waits, and the line is free", WAITING_MOST, 0);
    run_loop_for(1);
    expect_came(&s, "1024 bytes, and no other", WAITING_MOST, 1);
    sea_close(&s);
}
END_TEST

/* The errno of the write is what is told. */
START_TEST(the_line_breaks_in_another_way)
{
    const int errors[] = {ECONNRESET, ETIMEDOUT};

    for (size_t k = 0; k < sizeof(errors) / sizeof(errors[0]); k++) {
        char what[64];
        struct sea s;

        (void)sprintf(what, "a write fails with %s", result_text(-errors[k]) + 1);
        sea_open(&s);
        faults.write_errno = errors[k];
        add(&s, 70);
        run_loop_for(1);
        faults.write_errno = 0;
        expect_told(&s, what, -errors[k]);
        sea_close(&s);
    }
}
END_TEST

START_TEST(the_coast_leaves)
{
    for (int stopped = 0; stopped < 2; stopped++) {
        struct sea s;

        sea_open(&s);
        s.frees = stopped;
        if (stopped)
            stop_up(&s);
        else
            coast_leave(&s);
        add(&s, 70);
        coast_leave(&s);
        run_loop_for(1);
        expect_told(&s, stopped ? "the coast leaves while bytes wait" : "the coast has left",
                    -EPIPE);
        if (!stopped) {
            expect_add(&s, "when the line is broken", 5, -EPIPE);
            shut(&s);
        }
        run_loop_for(2 * BATCH_WAIT_MS);
        sea_close(&s);
    }
}
END_TEST

START_TEST(freed_at_any_moment)
{
    for (int moment = 0; moment < 4; moment++) {
        struct sea s;

        sea_open(&s);
        if (moment == 1)
            stop_up(&s);
        add(&s, moment == 1 ? 70 : 5);
        if (moment >= 2)
            shut(&s);
        if (moment == 3)
            ck_assert_int_ge(event_base_loop(test_base(), EVLOOP_NONBLOCK), 0);
        buoy_free(s.buoy);
        s.buoy = NULL;
        run_loop_for(2 * BATCH_WAIT_MS);
        expect_told(&s, "the buoy was freed", moment == 3 ? 0 : NOT_TOLD);
        sea_close(&s);
    }
    buoy_free(NULL);
}
END_TEST

/* A reading that was taken is sent, or on_end() is told of it. */
static void send_once(void *unused)
{
    struct sea s;

    (void)unused;
    sea_connect(&s);
    faults.max_write = 3;
    s.buoy = buoy_start(test_base(), s.line, on_end, &s);
    for (int k = 0; k < 2 && s.buoy != NULL; k++) {
        const int result = try_add(&s, 5);
        if (result != 0 && result != -ENOMEM)
            fail_test("memory has run out: buoy_add()\nexpected  0 or -ENOMEM\ngot       %s",
                      result_text(result));
        run_loop_for(BATCH_WAIT_MS + 1);
        if (s.result != -ENOMEM)
            expect_came(&s, "memory has run out once, and on_end() is not told -ENOMEM", s.added,
                        -1);
        if (s.told > 0)
            break;
    }
    sea_close(&s);
}

START_TEST(memory_runs_out)
{
    send_once(NULL);
    each_allocation_fails(send_once, NULL);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("15_buffering");

    behaviour(
        s, "[1] a batch is sent when it is full, with one transmission",
        "a system call costs much the same for one byte and for many: gather, then write once "
        "(3.3.2, \"Buffering\")",
        full_with_the_64th_byte, all_that_waits_goes_together, many_small_readings);
    behaviour(
        s, "[1] no byte waits longer than 200 ms for a batch to fill",
        "the deadline is that of the first byte in the buffer: later bytes do not move it, and "
        "a flush ends it (3.3.2, \"Buffering\")",
        a_lonely_byte, later_bytes_do_not_put_it_off, each_batch_has_its_own);
    behaviour(
        s, "[1] what the line does not take stays, in order, until it takes more",
        "a write may take a part, or nothing: the rest stays in front, and the loop says when "
        "to go on (3.3.2, \"Buffering\")",
        the_line_takes_a_part, the_line_takes_nothing_for_a_while, ready_was_a_hint,
        a_signal_interrupts);
    behaviour(s, "[1] to close sends what waits, and is over when all of it is sent",
              "a buffer's last bytes are easily lost: close is a flush, too, and it may take time "
              "(3.3.2, \"Buffering\")",
              close_does_not_wait_for_the_deadline, close_with_nothing_to_send,
              close_while_the_line_takes_nothing, the_close_ends_the_deadline,
              the_coast_leaves_while_it_closes, freed_when_it_has_ended);
    behaviour(
        s, "[1] the buffer has a limit; a break is told, and nothing is left",
        "a buffer without a limit only moves the trouble into memory; who adds has to hear of "
        "it (3.3.2, \"Buffering\")",
        refused_whole_when_too_much_waits, one_reading_is_too_long, the_coast_leaves,
        the_line_breaks_in_another_way, freed_at_any_moment, memory_runs_out);
    return s;
}
