/* p1_first_tests.h: the tests of hello_world, count_up, fibonacci and count_primes, for
 * check_p1_coroutines.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P1_FIRST_TESTS_H
#define P1_FIRST_TESTS_H

#include <limits.h>
#include <stdio.h>

#include "p1_outcome.h"

/* ---- hello_world ---- */

START_TEST(hello_waits_a_second)
{
    struct jobs *jobs = begin();
    struct outcome o = {0};

    START(&o, hello_world_start(jobs, on_done, &o));
    trace("started");
    finish(jobs);
    expect_trace_in_order("0.000  started\n"
                          "0.000  Hello\n"
                          "1.000  World\n");
    expect_outcome(&o, 0, 1000);
    expect_loop_ended_at(1000);
}
END_TEST

START_TEST(hello_twice_at_once)
{
    struct jobs *jobs = begin();
    struct outcome a = {0}, b = {0};

    START(&a, hello_world_start(jobs, on_done, &a));
    run_loop_for(300);
    START(&b, hello_world_start(jobs, on_done, &b));
    finish(jobs);
    expect_trace("0.000  Hello\n0.300  Hello\n1.000  World\n1.300  World\n");
    expect_outcome(&a, 0, 1000);
    expect_outcome(&b, 0, 1300);
    expect_loop_ended_at(1300);
}
END_TEST

/* ---- count_up ---- */

START_TEST(two_count_at_the_same_time)
{
    struct jobs *jobs = begin();
    struct outcome a = {0}, b = {0};

    START(&a, count_up_start(jobs, "A", 3, on_done, &a));
    START(&b, count_up_start(jobs, "B", 3, on_done, &b));
    finish(jobs);
    expect_trace("0.000  A: 0\n0.000  B: 0\n"
                 "0.500  A: 1\n0.500  B: 1\n"
                 "1.000  A: 2\n1.000  B: 2\n"
                 "1.500  A done\n1.500  B done\n");
    expect_outcome(&a, 3, 1500);
    expect_outcome(&b, 3, 1500);
    expect_loop_ended_at(1500);
}
END_TEST

/* Starts the next job from the done of the one before. */
struct sequence {
    struct jobs *jobs;
    struct outcome a, b;
};

static void on_first_done(int result, void *arg)
{
    struct sequence *s = arg;
    on_done(result, &s->a);
    START(&s->b, count_up_start(s->jobs, "B", 2, on_done, &s->b));
}

START_TEST(one_after_the_other)
{
    struct sequence s = {.jobs = begin()};

    START(&s.a, count_up_start(s.jobs, "A", 2, on_first_done, &s));
    finish(s.jobs);
    expect_trace("0.000  A: 0\n0.500  A: 1\n1.000  A done\n"
                 "1.000  B: 0\n1.500  B: 1\n2.000  B done\n");
    expect_outcome(&s.b, 2, 2000);
    expect_loop_ended_at(2000);
}
END_TEST

START_TEST(counting_to_nothing)
{
    struct jobs *jobs = begin();
    struct outcome o = {0};

    START(&o, count_up_start(jobs, "none", 0, on_done, &o));
    finish(jobs);
    expect_trace("0.000  none done\n");
    expect_outcome(&o, 0, 0);
    expect_loop_ended_at(0);
}
END_TEST

enum { MANY = 100 };

/* The lines of MANY instances, of which the i-th counts to i % 5. */
static const char *lines_of_many(void)
{
    static char lines[MANY * 6 * 32];
    size_t used = 0;
    for (int i = 0; i < MANY; i++)
        for (int k = 0; k < i % 5; k++)
            used += (size_t)sprintf(lines + used, "%.3f  c%d: %d\n", k * 0.5, i, k);
    for (int i = 0; i < MANY; i++)
        used += (size_t)sprintf(lines + used, "%.3f  c%d done\n", i % 5 * 0.5, i);
    return lines;
}

START_TEST(a_hundred_instances)
{
    char names[MANY][8];
    struct jobs *jobs = begin();
    struct outcome o[MANY] = {0};

    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof(names[i]), "c%d", i);
        label(&o[i], "count_up_start(jobs, \"%s\", %d, ...)", names[i], i % 5);
        started(&o[i], count_up_start(jobs, names[i], i % 5, on_done, &o[i]));
    }
    for (int ms = 250; ms < 2000; ms += 500)
        after(ms, on_scrub, NULL);
    finish(jobs);
    expect_trace(lines_of_many());
    for (int i = 0; i < MANY; i++)
        expect_outcome(&o[i], i % 5, i % 5 * 500);
    expect_loop_ended_at(2000);
}
END_TEST

/* ---- fibonacci ---- */

static struct fibonacci *fibonacci(int limit)
{
    struct fibonacci *g = fibonacci_new(limit);

    if (g == NULL)
        fail_test("fibonacci_new(%d) returned NULL: is it written yet?", limit);
    return g;
}

enum { UNWRITTEN = -12345 }; /* no Fibonacci number */

/* Asks for value `i`, counted from 0. */
static void expect_value(struct fibonacci *g, int limit, int i, int expected)
{
    int value = UNWRITTEN;

    if (!fibonacci_next(g, &value))
        fail_test("value %d of fibonacci(%d): fibonacci_next() ended too early\n"
                  "expected  true, with the value %d\ngot       false",
                  i, limit, expected);
    if (value == UNWRITTEN)
        fail_test("value %d of fibonacci(%d): *value was not written\nexpected  %d", i, limit,
                  expected);
    if (value != expected)
        fail_test("value %d of fibonacci(%d) is wrong\nexpected  %d\ngot       %d", i, limit,
                  expected, value);
}

/* Asks behind the last value: for the first time, or `again`. */
static void expect_end(struct fibonacci *g, int limit, bool again)
{
    int value = UNWRITTEN;

    if (fibonacci_next(g, &value))
        fail_test("fibonacci(%d) %s\nexpected  false\ngot       true, %s%s", limit,
                  again ? "began again after its end" : "did not end",
                  value == UNWRITTEN ? "and *value was not written" : "with the value ",
                  value == UNWRITTEN ? "" : result_text(value));
    if (value != UNWRITTEN)
        fail_test("fibonacci(%d): at the end *value should be left alone\nexpected  false\n"
                  "got       false, and %d in *value",
                  limit, value);
}

/* Takes all values, then asks three times more; the last value, or -1, and how many there were. */
static int take_all(struct fibonacci *g, int limit, int *count)
{
    int last = -1, value = UNWRITTEN;

    for (*count = 0; fibonacci_next(g, &value); ++*count) {
        if (value == UNWRITTEN)
            fail_test("value %d of fibonacci(%d): *value was not written", *count, limit);
        if (*count == 100)
            fail_test("fibonacci(%d) did not end after 100 values", limit);
        last = value;
        value = UNWRITTEN;
        scrub_stack();
    }
    if (value != UNWRITTEN)
        fail_test("fibonacci(%d): fibonacci_next() returned false, but changed *value", limit);
    for (int i = 0; i < 3; i++)
        expect_end(g, limit, true);
    return last;
}

START_TEST(fibonacci_values)
{
    static const int expected[] = {0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89};
    struct fibonacci *a = fibonacci(100), *b = fibonacci(6);

    for (int i = 0; i < 12; i++) { /* the two are asked in turn */
        expect_value(a, 100, i, expected[i]);
        if (i < 6)
            expect_value(b, 6, i, expected[i]);
        else
            expect_end(b, 6, i > 6);
        scrub_stack();
    }
    expect_end(a, 100, false);
    fibonacci_free(a);
    fibonacci_free(b);
}
END_TEST

START_TEST(fibonacci_ends)
{
    static const int limits[] = {INT_MIN, 0, 1, 2, 5, 6, INT_MAX};
    static const int counts[] = {0, 0, 1, 3, 5, 6, 47};
    static const int lasts[] = {-1, -1, 0, 1, 3, 5, 1836311903};

    for (int i = 0; i < 7; i++) {
        struct fibonacci *g = fibonacci(limits[i]);
        int count, last = take_all(g, limits[i], &count);
        if (count != counts[i])
            fail_test("fibonacci(%d) has not its number of values\nexpected  %d values\n"
                      "got       %d values",
                      limits[i], counts[i], count);
        if (last != lasts[i])
            fail_test("the last value of fibonacci(%d) is wrong\nexpected  %d\ngot       %d",
                      limits[i], lasts[i], last);
        fibonacci_free(g);
    }
    struct fibonacci *unfinished = fibonacci(10);
    expect_value(unfinished, 10, 0, 0);
    fibonacci_free(unfinished);
    fibonacci_free(NULL);
}
END_TEST

/* ---- count_primes ---- */

/* Counts the turns of the loop while a job runs. */
struct turns {
    struct outcome primes;
    struct event *event;
    int n;
};

/* A timer of 0 comes in the next turn. event_base_once() without a time would come in this one. */
static void next_turn(struct turns *turns)
{
    const struct timeval now = {0, 0};
    ck_assert_int_eq(event_add(turns->event, &now), 0);
}

static void each_turn(struct turns *turns, event_callback_fn callback)
{
    turns->event = evtimer_new(test_base(), callback, turns);
    ck_assert_ptr_nonnull(turns->event);
    next_turn(turns);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct turns *turns = arg;
    (void)fd, (void)what;
    turns->n++;
    if (turns->primes.calls == 0)
        next_turn(turns);
}

START_TEST(primes_are_counted)
{
    static const int belows[] = {-5, 0, 2, 3, 100, 101, 102, 3000};
    static const int counts[] = {0, 0, 0, 1, 25, 25, 26, 430};
    struct jobs *jobs = begin();
    struct outcome o[8] = {0};

    for (int i = 0; i < 8; i++) {
        label(&o[i], "count_primes_start(jobs, %d, ...)", belows[i]);
        started(&o[i], count_primes_start(jobs, belows[i], on_done, &o[i]));
    }
    finish(jobs);
    for (int i = 0; i < 8; i++)
        expect_outcome(&o[i], counts[i], 0);
    expect_loop_ended_at(0);
}
END_TEST

START_TEST(primes_let_others_run)
{
    struct jobs *jobs = begin();
    struct turns turns = {0};

    START(&turns.primes, count_primes_start(jobs, 3000, on_done, &turns.primes));
    each_turn(&turns, on_turn);
    finish(jobs);
    event_free(turns.event);
    expect_outcome(&turns.primes, 430, 0);
    if (turns.n < 28 || turns.n > 34)
        fail_test("%s: 3000 numbers, and a chance for others after every 100\n"
                  "expected  about 30 turns of the loop\ngot       %d",
                  turns.primes.call, turns.n);
    expect_loop_ended_at(0);
}
END_TEST

#endif
