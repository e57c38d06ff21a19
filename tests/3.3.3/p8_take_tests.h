/* p8_take_tests.h: aiter_take(), and who asks at the wrong time: tests for
 * check_p8_async_iterator.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P8_TAKE_TESTS_H
#define P8_TAKE_TESTS_H

#include "p8_source.h"

/* A take of n of `of` numbers, and its first next. */
static void take_open(struct asker *a, struct source *s, int of, int n)
{
    *a = asker_of("a", aiter_take(test_base(), source_open(s, "source", 0, of, 100), n));
    const int error = try_to_ask(a);

    if (error == -ENOSYS)
        fail_test("aiter_next() of a take returned -ENOSYS: is it written yet? TODO(3)");
    if (error != 0)
        fail_test("aiter_next() of a take\nexpected  0\ngot       %s", result_text(error));
}

/* All of them, and the end three times; the source has been asked so often. */
static void expect_take(int of, int n, int asks, const char *timeline)
{
    struct source s;
    struct asker a;

    scene("aiter_take(base, %d items, %d), and two nexts behind its end", of, n);
    take_open(&a, &s, of, n);
    a.habit = ASKS_AGAIN;
    run_loop();
    a.habit = RESTS;
    ask_times(&a, 2);
    expect_story(timeline);
    expect_asks(&s, asks);
    expect_count("calls of the source's close by a take that nobody has closed", 0, s.closes);
    free_it(&a);
    expect_freed(&s);
}

START_TEST(three_of_many)
{
    expect_take(1000, 3, 3,
                "0.100  a: 0\n0.200  a: 1\n0.300  a: 2\n0.300  a: ITER_END\n0.300  a: ITER_END\n"
                "0.300  a: ITER_END\n");
}
END_TEST

START_TEST(none_of_many)
{
    expect_take(10, 0, 0, "0.000  a: ITER_END\n0.000  a: ITER_END\n0.000  a: ITER_END\n");
    expect_take(10, -1, 0, "0.000  a: ITER_END\n0.000  a: ITER_END\n0.000  a: ITER_END\n");
    expect_take(10, INT_MIN, 0, "0.000  a: ITER_END\n0.000  a: ITER_END\n0.000  a: ITER_END\n");
}
END_TEST

START_TEST(more_than_there_are)
{
    struct source s;
    struct asker a;

    scene("aiter_take(base, 2 items, INT_MAX)");
    take_open(&a, &s, 2, INT_MAX);
    a.habit = ASKS_AGAIN;
    run_loop();
    a.habit = RESTS;
    ask_times(&a, 1);
    expect_story("0.100  a: 0\n0.200  a: 1\n0.200  a: ITER_END\n0.200  a: ITER_END\n");
    free_it(&a);
    expect_take(2, 2, 2,
                "0.300  a: 0\n0.400  a: 1\n0.400  a: ITER_END\n0.400  a: ITER_END\n"
                "0.400  a: ITER_END\n");
}
END_TEST

START_TEST(the_source_of_a_take_fails)
{
    struct source s;
    struct asker a;

    scene("a take of 3; its source has one item, and fails");
    take_open(&a, &s, 1, 3);
    s.end = -EIO;
    run_loop();
    ask_times(&a, 2);
    expect_story("0.100  a: 0\n0.100  a: -EIO\n0.100  a: -EIO\n");
    free_it(&a);
}
END_TEST

START_TEST(two_takes_at_once)
{
    struct source s, t;
    struct asker a, b;

    scene("a: a take of 2, b: a take of 1");
    take_open(&a, &s, 9, 2);
    take_open(&b, &t, 9, 1);
    b.name = "b";
    a.habit = b.habit = ASKS_AGAIN;
    run_loop();
    expect_lines_of_story("0.100  a: 0\n0.100  b: 0\n0.100  b: ITER_END\n0.200  a: 1\n"
                          "0.200  a: ITER_END\n");
    free_it(&a);
    free_it(&b);
}
END_TEST

/* What is refused, or not told, is not taken. */
START_TEST(a_refused_next_is_not_counted)
{
    struct source s;
    struct asker a, b;

    scene("a take of 2; b asks while a waits; then the source refuses b with -ENOMEM");
    take_open(&a, &s, 10, 2);
    b = asker_of("b", a.it);
    ask(&b);
    ask(&b);
    run_loop();
    s.refuse_at = 2;
    s.refuse = -ENOMEM;
    ask_times(&b, 1);
    ask_times(&b, 1);
    ask_times(&a, 1);
    expect_story("0.000  b: refused: -EBUSY\n0.000  b: refused: -EBUSY\n0.100  a: 0\n"
                 "0.100  b: refused: -ENOMEM\n0.200  b: 1\n0.200  a: ITER_END\n");
    free_it(&a);
}
END_TEST

START_TEST(a_take_is_closed)
{
    scene("closed: takes of 0, twice, and a take of 1 with somebody waiting, and one at rest");
    for (int k = 0; k < 4; k++) { /* who waits is told by the take; by the source; nobody waits */
        struct source s;
        struct asker a;

        take_open(&a, &s, 10, k > 1);
        s.close_ms = k == 0 ? 0 : 30; /* as soon as may be: yet who waits comes first */
        if (k == 3)
            run_loop();
        close_it(&a);
        run_loop();
        ask_times(&a, 1);
        free_it(&a);
        expect_freed(&s);
    }
    expect_story("0.000  a: -ECANCELED\n0.000  a: closed\n0.000  a: -ECANCELED\n"
                 "0.000  a: -ECANCELED\n0.030  a: closed\n0.030  a: -ECANCELED\n"
                 "0.030  a: -ECANCELED\n0.060  a: closed\n0.060  a: -ECANCELED\n"
                 "0.160  a: 0\n0.190  a: closed\n0.190  a: -ECANCELED\n");
}
END_TEST

/* Its own end, and that of its source. */
START_TEST(a_take_is_closed_behind_the_end)
{
    scene("a take of 0, and one of 2 from a source of none, closed behind the end; a next");
    for (int of_source = 0; of_source < 2; of_source++) {
        struct source s;
        struct asker a;

        take_open(&a, &s, of_source ? 0 : 10, of_source ? 2 : 0);
        run_loop();
        close_it(&a);
        run_loop();
        ask_times(&a, 1);
        expect_count("a take is closed behind its end: calls of its source's close", 1, s.closes);
        free_it(&a);
    }
    expect_story("0.000  a: ITER_END\n0.000  a: closed\n0.000  a: -ECANCELED\n"
                 "0.000  a: ITER_END\n0.000  a: closed\n0.000  a: -ECANCELED\n");
}
END_TEST

START_TEST(a_take_is_freed_in_the_answer)
{
    scene("takes of 0, 1, 2, freed in the answer: the end, an item, the end of the source");
    for (int n = 0; n < 3; n++) {
        struct source s;
        struct asker a;

        take_open(&a, &s, 1, n);
        a.habit = n == 2 ? RESTS : FREES;
        run_loop();
        if (n == 2) { /* the source's end */
            a.habit = FREES;
            ask_times(&a, 1);
        }
        expect_freed(&s);
    }
    expect_lines_of_story("0.000  a: ITER_END\n0.100  a: 0\n0.200  a: 0\n0.200  a: ITER_END\n");
}
END_TEST

/* ---- -EBUSY ---- */

/* Two ask for an item of `it` at once, and then again in the other order. What they are told are
 * the numbers 0 and 1. */
static void expect_one_at_a_time(const char *what, struct aiter *it)
{
    struct asker a = asker_of("a", it), b = asker_of("b", it);

    a.quiet = b.quiet = true;
    for (int round = 0; round < 2; round++) {
        struct asker *first = round == 0 ? &a : &b, *second = round == 0 ? &b : &a;
        const int told = second->told;

        const int refused = try_to_ask(first);
        if (refused != 0)
            fail_test("%s: a next, and no other one waits\nexpected  0\ngot       %s", what,
                      result_text(refused));
        for (int k = 0; k < 2 && first->told < first->asked; k++) {
            const int error = try_to_ask(second);

            if (error != -EBUSY)
                fail_test("%s: a second next, while one waits\nexpected  -EBUSY\ngot       %s",
                          what, result_text(error));
            run_loop_for(10); /* later, it is no better */
        }
        run_loop();
        if (first->got != ITER_ITEM || first->last != round || second->told != told)
            fail_test("%s: the next that waited, when another one was refused\n"
                      "expected  item %d, for its own callback\ngot       %s%s",
                      what, round, first->got == INT_MAX ? "no answer" : got_text(first->got),
                      second->told != told ? " for the other one" : "");
    }
    free_it(&a);
}

static struct aiter *number_range(void)
{
    return aiter_range(test_base(), 0, 1000, 100);
}

static struct aiter *only(struct aiter *from)
{
    return aiter_merge(test_base(), &from, 1, copy_int);
}

START_TEST(one_next_of_a_source)
{
    struct asker a, b;

    scene("a range of 100 ms: a asks, and b 60 ms later");
    a = asker_of("a", number_range());
    b = asker_of("b", a.it);
    ask(&a);
    run_loop_for(60);
    ask(&b); /* which does not move the time of a */
    run_loop();
    expect_story("0.060  b: refused: -EBUSY\n0.100  a: 0\n");
    free_it(&a);
    expect_one_at_a_time("range, TODO(1)", number_range());
}
END_TEST

START_TEST(one_next_of_a_take)
{
    struct asker a, b;

    expect_one_at_a_time("take, TODO(3)", aiter_take(test_base(), number_range(), 5));
    scene("a take of 0: b asks while a waits for the end");
    a = asker_of("a", aiter_take(test_base(), number_range(), 0));
    b = asker_of("b", a.it);
    ask(&a); /* the end waits for its turn */
    ask(&b);
    run_loop();
    expect_lines_of_story("0.200  b: refused: -EBUSY\n0.200  a: ITER_END\n");
    free_it(&a);
}
END_TEST

START_TEST(one_next_of_a_merge)
{
    expect_one_at_a_time("merge, TODO(5)", only(number_range()));
}
END_TEST

START_TEST(one_next_of_a_buffer)
{
    expect_one_at_a_time("buffered, TODO(6)",
                         aiter_buffered(test_base(), number_range(), 3, copy_int));
}
END_TEST

START_TEST(one_next_of_a_chain)
{
    struct aiter *it = aiter_take(test_base(), number_range(), 9);

    it = aiter_buffered(test_base(), aiter_timeout(test_base(), it, 5000), 1, copy_int);
    it = aiter_chain(test_base(), only(it), number_range());
    expect_one_at_a_time("chain(merge(buffered(timeout(take(range)))), range)", it);
}
END_TEST

/* In the answer nobody waits any more. */
START_TEST(asked_in_the_answer)
{
    struct asker a = asker_of("a", aiter_take(test_base(), only(number_range()), 3));

    scene("take(merge(range)), asked again in each answer");
    ask_for_all(&a);
    expect_lines_of_story("0.100  a: 0\n0.200  a: 1\n0.300  a: 2\n0.300  a: ITER_END\n");
    free_it(&a);
}
END_TEST

#endif
