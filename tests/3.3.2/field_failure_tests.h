/* field_failure_tests.h: tests of 12_udp_echo: calls that fail, and a station that is gone
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FIELD_FAILURE_TESTS_H
#define FIELD_FAILURE_TESTS_H

#include "weather_field.h"

/* ---- nothing to take, nothing to send ---- */

/* Every `every`-th call of the collector is answered by a fault; all readings are told all the
 * same. Answers may be lost. */
static void collect_through(int *fault, int every, const char *what)
{
    struct field f;

    field_open(&f);
    *fault = every;
    for (int k = 0; k < 3; k++) {
        station_say(&f, 0, "north");
        station_say(&f, 1, "south");
        run_loop_for(SOON_MS);
    }
    *fault = 0;
    expect_told(&f, what, "\"north\", \"south\", \"north\", \"south\", \"north\", \"south\"");
    field_close(&f);
}

START_TEST(ready_was_a_hint)
{
    collect_through(&faults.eagain_every, 3, "6 readings; each third call finds nothing (EAGAIN)");
}
END_TEST

START_TEST(a_signal_interrupts)
{
    collect_through(&faults.eintr_every, 3, "6 readings; a signal cuts each third call short");
}
END_TEST

START_TEST(no_room_for_an_answer)
{
    collect_through(&faults.eagain_every, 2, "6 readings; no answer can be sent (EAGAIN)");
}
END_TEST

enum { FAILURES = 50 };

/* An answer that cannot be sent at once is lost: nobody tries again until it can. */
static void answers_are_lost(int error, const char *name)
{
    struct field f;

    field_open(&f);
    faults.failing_writes = FAILURES;
    faults.write_error = error;
    for (int k = 0; k < 3; k++)
        station_say(&f, 0, "north");
    run_one_turn();
    const int tries = FAILURES - faults.failing_writes;
    faults.failing_writes = 0;
    if (tries > 3)
        fail_test("3 readings, and answers cannot be sent for now (%s): how often it was tried\n"
                  "expected  3: an answer that cannot be sent at once is lost\ngot       %d%s",
                  name, tries, tries == FAILURES ? " or more" : "");
    run_loop_for(SOON_MS);
    expect_told(&f, "3 readings, and no answer can be sent", "\"north\", \"north\", \"north\"");
    field_close(&f);
}

START_TEST(nothing_waits_for_an_answer)
{
    answers_are_lost(EAGAIN, "EAGAIN");
    answers_are_lost(ENOBUFS, "ENOBUFS");
}
END_TEST

/* Receiving fails for some time, and then no more. */
static void receives_after(int error, const char *name)
{
    struct field f;
    char what[100];

    field_open(&f);
    faults.failing_reads = FAILURES;
    faults.read_error = error;
    station_say(&f, 0, "north");
    run_one_turn();
    const int tries = FAILURES - faults.failing_reads, began_ms = now_ms();
    if (tries > BATCH_MOST)
        fail_test("each call that receives fails (%s), and the loop has called once: how often it "
                  "was tried\nexpected  %d times at the most: the loop calls again\n"
                  "got       %d%s",
                  name, BATCH_MOST, tries, tries == FAILURES ? " or more" : "");
    run_loop_for(SOON_MS);
    sprintf(what, "receiving has failed %d times (%s), and then no more", FAILURES, name);
    if (now_ms() - began_ms < SOON_MS)
        fail_test("%s\nexpected  the loop runs on\ngot       the collector has ended it", what);
    expect_told(&f, what, "\"north\"");
    field_close(&f);
}

START_TEST(an_error_is_not_the_end)
{
    receives_after(ECONNREFUSED, "ECONNREFUSED");
    receives_after(ENOMEM, "ENOMEM");
}
END_TEST

START_TEST(a_station_is_gone)
{
    struct field f;

    field_open(&f);
    station_say(&f, 0, "north");
    station_say(&f, 1, "south");
    station_close(&f, 0);
    run_loop_for(SOON_MS);
    station_say(&f, 1, "south");
    run_loop_for(SOON_MS);
    expect_answers(&f, 1, "a reading before, and one after another station has gone",
                   "\"ok 2\", \"ok 3\"");
    field_close(&f);
}
END_TEST

#endif
