/* check_21_chunk_pipeline.c: the suite of 21_chunk_pipeline, the seismograph
 *
 * SPDX-License-Identifier: MIT
 */
#include "seismograph_memory_tests.h"

/* ---- sums ---- */

static bool watched; /* what add_up() sets in its seismograph */

static void add_up(const char *what, int length, int portion, const change_fn *changes, long long n,
                   long long total)
{
    struct seismograph s;
    struct runner r;

    seismograph_open(&s, length, portion, changes);
    s.watched = watched;
    runner_start(&r, &s);
    run_loop();
    expect_sum(&r, what, 0, n, total);
    seismograph_close(&s);
}

START_TEST(without_a_stage)
{
    add_up("10000 samples", 10000, CHUNK, NO_STAGE, 10000, 49995000);
    add_up("one sample", 1, CHUNK, NO_STAGE, 1, 0);
    add_up("an empty tape", 0, CHUNK, NO_STAGE, 0, 0);
}
END_TEST

START_TEST(stages_in_order)
{
    add_up("10000 samples, one is added to each, then each is doubled", 10000, CHUNK,
           STAGES(add_one, double_each), 10000, 100010000);
    add_up("10000 samples, each is doubled, then one is added to each", 10000, CHUNK,
           STAGES(double_each, add_one), 10000, 100000000);
}
END_TEST

START_TEST(short_chunks)
{
    add_up("10000 samples, in chunks of 50, doubled", 10000, 50, STAGES(double_each), 10000,
           99990000);
    add_up("100 samples, in chunks of 1, doubled", 100, 1, STAGES(double_each), 100, 9900);
}
END_TEST

START_TEST(some_are_left)
{
    add_up("10000 samples, of which the thousands are kept, and doubled", 10000, CHUNK,
           STAGES(keep_thousands, double_each), 10, 90000);
}
END_TEST

/* Most chunks are empty behind the first stage. */
START_TEST(empty_chunks)
{
    add_up("10000 samples, in chunks of 50, of which the thousands are kept", 10000, 50,
           STAGES(keep_thousands, keep_thousands, double_each), 10, 90000);
    add_up("10000 samples, of which nothing is kept", 10000, 50, STAGES(double_each, keep_nothing),
           0, 0);
}
END_TEST

START_TEST(negative_samples)
{
    add_up("10000 samples, negated", 10000, CHUNK, STAGES(negate), 10000, -49995000);
}
END_TEST

START_TEST(large_samples)
{
    add_up("10 samples of INT_MAX", 10, CHUNK, STAGES(raise_to_int_max), 10, 10LL * INT_MAX);
}
END_TEST

/* So many cannot be read here: those before are only counted. */
START_TEST(more_samples_than_an_int_counts)
{
    struct seismograph s;
    struct runner r;

    seismograph_open(&s, 100, 10, NO_STAGE);
    runner_start(&r, &s);
    r.sum.n = INT_MAX - 50;
    run_loop();
    expect_sum(&r, "sum.n was INT_MAX - 50, and 100 samples have come", 0, INT_MAX + 50LL, 4950);
    seismograph_close(&s);
}
END_TEST

/* ---- one chunk at a time ---- */

START_TEST(a_chunk_for_who_asks)
{
    struct seismograph s;
    struct asker a = {.name = "asker"};

    seismograph_open(&s, 5, 2, STAGES(add_one, double_each));
    s.traced = true;
    run_loop_for(100);
    expect_trace("");
    for (int k = 0; k < 2; k++) {
        ask(&a, &s);
        expect_trace("");
        run_loop_for(100);
        expect_trace_in_order(k == 0 ? "0.100  read\n0.100  add one to 2\n0.100  double 2\n"
                                       "0.100  asker: 2 samples, the first is 2\n"
                                     : "0.200  read\n0.200  add one to 2\n0.200  double 2\n"
                                       "0.200  asker: 2 samples, the first is 6\n");
    }
    seismograph_close(&s);
}
END_TEST

START_TEST(through_all_stages_before_the_next)
{
    struct seismograph s;
    struct runner r;

    seismograph_open(&s, 5, 2, STAGES(add_one, double_each));
    s.traced = true;
    runner_start(&r, &s);
    run_loop();
    expect_trace_in_order("0.000  read\n0.000  add one to 2\n0.000  double 2\n"
                          "0.000  read\n0.000  add one to 2\n0.000  double 2\n"
                          "0.000  read\n0.000  add one to 1\n0.000  double 1\n"
                          "0.000  read\n");
    seismograph_close(&s);
}
END_TEST

/* Who asks once is told of the first chunk of which something is left. */
START_TEST(what_is_empty_goes_no_further)
{
    struct seismograph s;
    struct asker a = {.name = "asker"};

    seismograph_open(&s, 1500, 500, STAGES(add_one, keep_thousands, double_each));
    s.traced = true;
    ask(&a, &s);
    run_loop();
    ask(&a, &s);
    run_loop();
    expect_trace_in_order("0.000  read\n0.000  add one to 500\n0.000  keep 0 of 500\n"
                          "0.000  read\n0.000  add one to 500\n0.000  keep 1 of 500\n"
                          "0.000  double 1\n0.000  asker: 1 samples, the first is 2000\n"
                          "0.000  read\n0.000  add one to 500\n0.000  keep 0 of 500\n"
                          "0.000  read\n0.000  asker: ITER_END\n");
    seismograph_close(&s);
}
END_TEST

/* ---- a million ---- */

START_TEST(many_chunks)
{
    watched = true;
    add_up("10000 samples, one in a chunk", 10 * 1000, 1, NO_STAGE, 10000, 49995000);
    add_up("a million samples, 10 in a chunk", 1000 * 1000, 10,
           STAGES(add_one, double_each, keep_thousands), 2000, 2001000000);
}
END_TEST

START_TEST(six_stages)
{
    watched = true;
    add_up("the last digits of a million samples, six stages", 1000 * 1000, CHUNK,
           STAGES(keep_last_digit, add_one, double_each, add_one, double_each, add_one),
           1000 * 1000, 25 * 1000 * 1000);
}
END_TEST

START_TEST(nothing_is_left_of_many)
{
    watched = true;
    add_up("10000 samples, one in a chunk, of which nothing is kept", 10 * 1000, 1,
           STAGES(add_one, keep_nothing), 0, 0);
}
END_TEST

/* A timer of no time at all, which is due at each turn of the loop. */
struct clockwork {
    struct event *tick;
    int ticks;
};

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    static const struct timeval at_once = {0};
    struct clockwork *c = arg;

    (void)fd;
    (void)what;
    c->ticks++;
    ck_assert_int_eq(event_add(c->tick, &at_once), 0);
}

START_TEST(others_have_their_turn)
{
    enum { CHUNKS = 200 };
    struct seismograph s;
    struct runner r;
    struct clockwork c = {0};

    c.tick = evtimer_new(test_base(), on_tick, &c);
    seismograph_open(&s, CHUNKS, 1, STAGES(add_one));
    on_tick(-1, EV_TIMEOUT, &c);
    runner_start(&r, &s);
    while (r.told == 0 && c.ticks < 10 * CHUNKS)
        ck_assert_int_ge(event_base_loop(test_base(), EVLOOP_ONCE), 0);
    event_free(c.tick);
    if (r.told == 0 || c.ticks < CHUNKS / 2)
        fail_test("a tape of %d chunks, and a timer that is due at each turn of the loop: calls of "
                  "the timer until the sum is told\nexpected  about %d\ngot       %d",
                  CHUNKS, CHUNKS, c.ticks);
    seismograph_close(&s);
}
END_TEST

/* ---- answers ---- */

START_TEST(one_at_a_time)
{
    struct seismograph s;
    struct asker first = {.name = "first"}, second = {.name = "second", .cb = on_item_too};

    seismograph_open(&s, 3, 1, STAGES(add_one, double_each));
    ask(&first, &s);
    ask(&second, &s);
    run_loop();
    ask(&second, &s);
    ask(&first, &s);
    run_loop();
    expect_trace_in_order("0.000  second is refused: -EBUSY\n"
                          "0.000  first: 1 samples, the first is 2\n"
                          "0.000  first is refused: -EBUSY\n"
                          "0.000  second: 1 samples, the first is 4\n");
    seismograph_close(&s);
}
END_TEST

START_TEST(the_end_stays)
{
    struct seismograph s;
    struct asker a = {.name = "asker"};

    for (int error = 0; error < 2; error++) {
        seismograph_open(&s, 1, 1, STAGES(double_each));
        s.fail_at = 2 * error;
        s.fail = -EIO;
        for (int k = 0; k < 3; k++) {
            ask(&a, &s);
            run_loop();
        }
        expect_trace_in_order(error == 0 ? "0.000  asker: 1 samples, the first is 0\n"
                                           "0.000  asker: ITER_END\n0.000  asker: ITER_END\n"
                                         : "0.000  asker: 1 samples, the first is 0\n"
                                           "0.000  asker: -EIO\n0.000  asker: -EIO\n");
        if (s.reads != 2)
            fail_test("reads of a tape with one chunk, of which three were wanted\n"
                      "expected  2: the chunk, and its end\ngot       %d",
                      s.reads);
        seismograph_close(&s);
    }
}
END_TEST

START_TEST(the_sum_is_told_of_an_error)
{
    struct seismograph s;
    struct runner r;

    seismograph_open(&s, 100, 10, STAGES(add_one));
    s.fail_at = 3;
    s.fail = -EIO;
    runner_start(&r, &s);
    run_loop();
    expect_sum(&r, "the third read fails", -EIO, 20, 210);
    seismograph_close(&s);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("21_chunk_pipeline");

    behaviour(s, "[1] all samples are added up, each as all stages have left it",
              "a stage is an iterator, and its source is another one: stages can be put behind one "
              "another (3.3.3, \"Memory efficiency\")",
              without_a_stage, stages_in_order, short_chunks, some_are_left, empty_chunks,
              negative_samples, large_samples, more_samples_than_an_int_counts);
    behaviour(s, "[1] a chunk is read for who asks, and goes through all stages before the next",
              "each asks its source when it is asked itself; a stage of which nothing is left asks "
              "again (3.3.3, \"Memory efficiency\")",
              a_chunk_for_who_asks, through_all_stages_before_the_next,
              what_is_empty_goes_no_further);
    behaviour(s, "[1] a million samples need no more memory, and no more stack, than one chunk",
              "a chunk is changed where it stands; each next is answered by the loop, so that no "
              "call stands on another (3.3.3, \"Memory efficiency\")",
              many_chunks, six_stages, nothing_is_left_of_many, others_have_their_turn);
    behaviour(
        s, "[1] one next waits at a time, and the end and errors come to who waits, and stay",
        "the tape knows whether somebody waits; a stage notes who, when the tape has accepted "
        "it; who waits is told why no other chunk could be asked for (3.3.3, \"Memory "
        "efficiency\")",
        one_at_a_time, the_end_stays, the_sum_is_told_of_an_error, a_next_without_memory,
        a_stage_without_memory, a_stage_is_refused, the_sum_without_memory, the_sum_is_refused);
    behaviour(
        s, "[1] closed or freed at any moment, it leaves nobody waiting and nothing behind",
        "close goes down to the tape, and the answer comes up through all stages; who is told "
        "may free all (3.3.3, \"Memory efficiency\")",
        closed_by_the_sum, closed_at_any_moment, freed_at_any_moment, freed_when_it_is_told,
        closed_by_the_sum_without_memory);
    return s;
}
