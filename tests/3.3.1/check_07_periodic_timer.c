/* check_07_periodic_timer.c: the suite of 07_periodic_timer, the metronome
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "metronome_player.h"

/* ---- [1] the times of the beats ---- */

START_TEST(a_beat_each_period)
{
    struct player p = {.name = "left", .end_call = 4};

    player_start(&p, 100);
    play(&p);
    expect_trace("0.100  left: beat 1\n"
                 "0.200  left: beat 2\n"
                 "0.300  left: beat 3\n"
                 "0.400  left: beat 4\n");
    player_free(&p);
}
END_TEST

START_TEST(a_beat_each_hour)
{
    struct player p = {.name = "left", .end_call = 3};

    player_start(&p, 3600 * 1000);
    play(&p);
    expect_trace("3600.000  left: beat 1\n"
                 "7200.000  left: beat 2\n"
                 "10800.000  left: beat 3\n");
    player_free(&p);
}
END_TEST

START_TEST(a_beat_each_million_seconds)
{
    struct player p = {.name = "left", .end_call = 2};

    player_start(&p, 1000 * 1000 * 1000);
    play(&p);
    expect_trace("1000000.000  left: beat 1\n"
                 "2000000.000  left: beat 2\n");
    player_free(&p);
}
END_TEST

/* ---- [1] no drift ---- */

START_TEST(each_beat_takes_30_ms)
{
    struct player p = {.name = "left", .takes_ms = 30, .end_call = 5};

    player_start(&p, 100);
    play(&p);
    expect_trace("0.100  left: beat 1\n"
                 "0.200  left: beat 2\n"
                 "0.300  left: beat 3\n"
                 "0.400  left: beat 4\n"
                 "0.500  left: beat 5\n");
    player_free(&p);
}
END_TEST

/* For a thousand seconds. Beats are compared here, as they are too many for a timeline. */
static void on_one_of_many(long long n, void *arg)
{
    long long *last = arg;

    if (n != *last + 1 || now_ms() != n * 100)
        fail_test("period 100 ms, on_beat takes from 0 to 49 ms\n"
                  "expected  beat %lld at %.3f\n"
                  "got       beat %lld at %.3f",
                  *last + 1, (double)(*last + 1) / 10, n, now_ms() / 1e3);
    *last = n;
    work_for((int)(n % 50));
}

START_TEST(ten_thousand_beats)
{
    long long last = 0;
    struct metronome *m = metronome_start(test_base(), 100, on_one_of_many, &last);

    ck_assert_ptr_nonnull(m);
    run_loop_for(1000 * 1000 + 50);
    if (last != 10000)
        fail_test("in 1000 s, with a period of 100 ms\n"
                  "expected  the last beat is 10000\n"
                  "got       the last beat is %lld",
                  last);
    metronome_free(m);
}
END_TEST

static int64_t clock_now_us(void)
{
    struct timespec now;

    ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct off_beat {
    int64_t start_us;
    long long last;
};

/* Ends half a millisecond behind a whole one. The loop sleeps for whole milliseconds, and wakes up
 * to one late. */
static void on_off_beat(long long n, void *arg)
{
    enum { PERIOD_US = 100 * 1000, LATE_US = 1000, LAST = 10 };
    struct off_beat *off = arg;
    const int64_t us = clock_now_us() - off->start_us;
    const int64_t due_us = (off->last + 1) * PERIOD_US;

    if (n != off->last + 1 || us < due_us || us >= due_us + LATE_US)
        fail_test("period 100 ms; started at 0.0003, and on_beat ends at times such as 0.1305\n"
                  "expected  beat %lld, %lld us after the start, or less than 1000 later\n"
                  "got       beat %lld, %lld us after the start",
                  off->last + 1, (long long)due_us, n, (long long)us);
    off->last = n;
    vclock_advance_to((int64_t)now_ms() * 1000000 + 30500 * 1000);
    if (n == LAST)
        ck_assert_int_eq(event_base_loopexit(test_base(), NULL), 0);
}

START_TEST(between_two_milliseconds)
{
    struct off_beat off = {.last = 0};
    struct metronome *m;

    vclock_advance_to(300 * 1000);
    off.start_us = clock_now_us();
    m = metronome_start(test_base(), 100, on_off_beat, &off);
    ck_assert_ptr_nonnull(m);
    run_loop();
    if (off.last == 0)
        fail_test("the loop has ended, and on_beat was not called");
    metronome_free(m);
}
END_TEST

/* ---- [1] missed beats ---- */

START_TEST(one_beat_takes_250_ms)
{
    struct player p = {.name = "left", .page_ms = 250, .end_call = 5};

    player_start(&p, 100);
    play(&p);
    expect_trace("0.100  left: beat 1\n"
                 "0.200  left: beat 2\n"
                 "0.500  left: beat 5\n"
                 "0.600  left: beat 6\n"
                 "0.700  left: beat 7\n");
    player_free(&p);
}
END_TEST

START_TEST(every_beat_takes_250_ms)
{
    struct player p = {.name = "left", .takes_ms = 250, .end_call = 4};

    player_start(&p, 100);
    play(&p);
    expect_trace("0.100  left: beat 1\n"
                 "0.400  left: beat 4\n"
                 "0.700  left: beat 7\n"
                 "1.000  left: beat 10\n");
    player_free(&p);
}
END_TEST

/* Takes 320 ms of the loop's thread, and leaves the loop with the right time. */
static void on_long_work(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    trace("somebody else works for 320 ms");
    work_for(320);
    event_base_update_cache_time(arg);
}

START_TEST(others_hold_up_the_loop)
{
    struct player p = {.name = "left", .end_call = 4};

    player_start(&p, 100);
    call_at(110, on_long_work, test_base());
    play(&p);
    expect_trace("0.100  left: beat 1\n"
                 "0.110  somebody else works for 320 ms\n"
                 "0.430  left: beat 4\n"
                 "0.500  left: beat 5\n"
                 "0.600  left: beat 6\n");
    player_free(&p);
}
END_TEST

/* ---- [1] company in the loop ---- */

START_TEST(two_metronomes)
{
    struct player left = {.name = "left", .takes_ms = 30, .end_call = 3};
    struct player right = {.name = "right"};

    player_start(&left, 100);
    player_start(&right, 70);
    play(&left);
    expect_trace("0.070  right: beat 1\n"
                 "0.100  left: beat 1\n"
                 "0.140  right: beat 2\n"
                 "0.200  left: beat 2\n"
                 "0.230  right: beat 3\n" /* due at 0.210, when `left` was playing */
                 "0.280  right: beat 4\n"
                 "0.300  left: beat 3\n");
    player_free(&left);
    player_free(&right);
}
END_TEST

static void on_nothing(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

static void on_work_then_start(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    work_for(50);
    trace("metronome_start()");
    player_start(arg, 100);
}

START_TEST(started_late_in_a_callback)
{
    struct player p = {.name = "left", .end_call = 3};

    call_at(100, on_work_then_start, &p);
    call_at(235, on_nothing, NULL); /* wakes the loop, to no purpose */
    play(&p);
    expect_trace("0.150  metronome_start()\n"
                 "0.250  left: beat 1\n"
                 "0.350  left: beat 2\n"
                 "0.450  left: beat 3\n");
    player_free(&p);
}
END_TEST

static void on_other_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    trace("the timer of somebody else, due at 0.120");
}

/* The other timer has come due while the callback worked: it wakes the loop soon, so that the loop
 * does not sleep past a deadline that lies too early. */
START_TEST(started_late_and_another_timer_is_due)
{
    struct player p = {.name = "left", .end_call = 3};

    call_at(100, on_work_then_start, &p);
    call_at(120, on_other_timer, NULL);
    play(&p);
    expect_trace("0.150  metronome_start()\n"
                 "0.150  the timer of somebody else, due at 0.120\n"
                 "0.250  left: beat 1\n"
                 "0.350  left: beat 2\n"
                 "0.450  left: beat 3\n");
    player_free(&p);
}
END_TEST

/* ---- [1] the end ---- */

START_TEST(stopped_by_on_beat)
{
    struct player p = {.name = "left", .stop_call = 2};

    player_start(&p, 100);
    play(&p);
    expect_trace("0.100  left: beat 1\n"
                 "0.200  left: beat 2\n");
    player_free(&p);
}
END_TEST

START_TEST(freed_by_on_beat)
{
    struct player p = {.name = "left", .page_ms = 250, .free_call = 2};

    player_start(&p, 100);
    play(&p);
    expect_trace("0.100  left: beat 1\n"
                 "0.200  left: beat 2\n");
}
END_TEST

START_TEST(stopped_and_freed_between_two_beats)
{
    struct player left = {.name = "left"};
    struct player right = {.name = "right", .stop_call = 4};
    struct player third = {.name = "third"};

    player_start(&third, 100);
    player_free(&third);
    player_start(&left, 100);
    player_start(&right, 70);
    run_loop_for(150);
    player_stop(&left);
    player_stop(&left);
    run_loop();
    expect_trace("0.070  right: beat 1\n"
                 "0.100  left: beat 1\n"
                 "0.140  right: beat 2\n"
                 "0.210  right: beat 3\n"
                 "0.280  right: beat 4\n");
    player_free(&left);
    player_free(&right);
    metronome_free(NULL);
}
END_TEST

START_TEST(no_period_no_metronome)
{
    for (int period_ms = 0; period_ms >= -1; period_ms--) {
        errno = 0;
        if (metronome_start(test_base(), period_ms, on_beat, NULL) != NULL || errno != EINVAL)
            fail_test("metronome_start() with a period of %d ms\nexpected  NULL, errno EINVAL",
                      period_ms);
    }
}
END_TEST

/* One beat, or NULL from metronome_start(). */
static void one_beat_or_no_memory(void *arg)
{
    struct player p = {.name = "left", .end_call = 1};

    (void)arg;
    p.metronome = metronome_start(test_base(), 100, on_beat, &p);
    run_loop();
    if (p.calls != (p.metronome != NULL))
        fail_test("memory ran out in metronome_start(), which returned %s, and then %d beats came",
                  p.metronome != NULL ? "a metronome" : "NULL", p.calls);
    player_free(&p);
}

START_TEST(memory_runs_out)
{
    each_allocation_fails(one_beat_or_no_memory, NULL);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("07_periodic_timer");

    behaviour(s, "[1] beat n is due n periods after the start",
              "a periodic job counts from its start: which beat it is follows from the clock "
              "(3.3.1, \"07_periodic_timer: drift\")",
              a_beat_each_period, a_beat_each_hour, a_beat_each_million_seconds);
    behaviour(
        s, "[1] the time that a beat takes does not move the next one",
        "event_add() counts microseconds from the loop's cached time, and from there the loop "
        "reckons how long to sleep: both have to know how late it is (3.3.1, \"07_periodic_timer: "
        "drift\")",
        each_beat_takes_30_ms, ten_thousand_beats, between_two_milliseconds);
    behaviour(s, "[1] missed beats are skipped, and the number shows it",
              "what has been missed cannot be caught up with: wait for the next moment that is "
              "still to come, and say which one it is (3.3.1, \"07_periodic_timer: drift\")",
              one_beat_takes_250_ms, every_beat_takes_250_ms, others_hold_up_the_loop);
    behaviour(s, "[1] others in the loop neither hurry a beat nor delay it",
              "with a cached time that is behind the clock a deadline lies too early, which shows "
              "when others wake the loop, or the loop sleeps too long: "
              "event_base_update_cache_time(), also where the first beat is waited for (3.3.1, "
              "\"07_periodic_timer: drift\")",
              two_metronomes, started_late_in_a_callback, started_late_and_another_timer_is_due);
    behaviour(s, "[1] stopped or freed, at any moment, it is silent",
              "a callback that arms its own timer must look whether it is still wanted (3.3.1, "
              "\"07_periodic_timer: drift\")",
              stopped_by_on_beat, freed_by_on_beat, stopped_and_freed_between_two_beats,
              no_period_no_metronome, memory_runs_out);
    return s;
}
