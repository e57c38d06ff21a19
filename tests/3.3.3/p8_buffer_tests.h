/* p8_buffer_tests.h: aiter_buffered(): tests for check_p8_async_iterator.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P8_BUFFER_TESTS_H
#define P8_BUFFER_TESTS_H

#include "p8_source.h"

/* `of` items, 100 ms each, `n` of them ahead. */
static struct asker buffer_asker(struct source *s, int of, int n)
{
    struct aiter *from = source_open(s, "s", 0, of, 100);

    copies = copies_fail_at = 0;
    return asker_of("a", aiter_buffered(test_base(), from, n, copy_int));
}

static void buffer_ask(struct asker *a)
{
    const int told = a->told, error = try_to_ask(a);

    if (error == -ENOSYS)
        fail_test("aiter_next() of a buffer returned -ENOSYS: slot_next() is missing. TODO(1)");
    if (error != 0)
        fail_test("aiter_next() of a buffer\nexpected  0\ngot       %s", result_text(error));
    while (a->told == told && event_base_loop(test_base(), EVLOOP_ONCE) == 0)
        continue;
    if (a->told == told)
        fail_test("a buffer's source has answered: answers to a next of the buffer\nexpected  1\n"
                  "got       none: is it written yet? TODO(6)");
}

/* The source works while the asker does: 120 ms for each item, and not 220. */
START_TEST(both_work_at_once)
{
    struct source s;
    struct asker a = buffer_asker(&s, 3, 1);

    scene("items of 100 ms, one ahead, and an asker who works 120 ms on each");
    for (int k = 0; k < 4; k++) {
        buffer_ask(&a);
        run_loop_for(120);
    }
    expect_story("0.100  a: 0\n0.220  a: 1\n0.340  a: 2\n0.460  a: ITER_END\n");
    free_it(&a);
    expect_freed(&s);
}
END_TEST

static void expect_ahead(int n, int asks_at_rest, int asks_later)
{
    struct source s;
    struct asker a = buffer_asker(&s, 1000, n);

    a.quiet = true;
    s.ms = 10;
    run_loop_for(500);
    expect_asks(&s, 0); /* nobody has asked */
    buffer_ask(&a);
    run_loop_for(2000);
    if (s.asks != asks_at_rest)
        fail_test("aiter_buffered(n = %d): an item is told, and then nobody asks for 2 s: nexts "
                  "that the source was asked for\nexpected  %d\ngot       %d",
                  n, asks_at_rest, s.asks);
    buffer_ask(&a);
    buffer_ask(&a);
    run_loop_for(2000);
    if (s.asks != asks_later)
        fail_test("aiter_buffered(n = %d): three items are told, and nobody asks for 2 s: nexts "
                  "that the source was asked for\nexpected  %d\ngot       %d",
                  n, asks_later, s.asks);
    expect_count("nexts that the source was asked for while one waited", 0, s.busy);
    expect_count("the last item", 2, a.last);
    free_it(&a);
}

START_TEST(so_many_ahead)
{
    expect_ahead(1, 2, 4);
    expect_ahead(3, 4, 6);
    expect_ahead(100, 101, 103);
    expect_ahead(0, 2, 4);
    expect_ahead(-1, 2, 4);
}
END_TEST

START_TEST(as_many_as_there_are)
{
    struct source s;
    struct asker a = buffer_asker(&s, 4, INT_MAX);

    scene("4 items, n = INT_MAX");
    buffer_ask(&a);
    run_loop();
    expect_asks(&s, 5); /* the end, too */
    for (int k = 0; k < 5; k++)
        buffer_ask(&a);
    expect_story("0.100  a: 0\n0.400  a: 1\n0.400  a: 2\n0.400  a: 3\n"
                 "0.400  a: ITER_END\n0.400  a: ITER_END\n");
    expect_asks(&s, 5);
    expect_count("a buffer that nobody has closed, behind ITER_END: calls of its source's close", 0,
                 s.closes);
    close_it(&a);
    run_loop();
    expect_lines_of_story("0.400  a: closed\n");
    expect_count("a buffer that is closed behind ITER_END: calls of its source's close", 1,
                 s.closes);
    free_it(&a);
}
END_TEST

/* Between a next and its turn the source answers: what was kept comes first. */
START_TEST(the_source_is_quicker_than_the_turn)
{
    struct source s;
    struct asker a = buffer_asker(&s, 9, 5);

    scene("one item is kept; a next, and the source answers before its turn");
    buffer_ask(&a);
    run_loop_for(150);
    vclock_advance_to(310 * INT64_C(1000000)); /* item 2 is due */
    buffer_ask(&a);
    buffer_ask(&a);
    expect_story("0.100  a: 0\n0.310  a: 1\n0.310  a: 2\n");
    free_it(&a);
}
END_TEST

/* The source fails while three items are kept. */
START_TEST(an_error_keeps_its_place)
{
    struct source s;
    struct asker a = buffer_asker(&s, 4, 9);

    scene("4 items, then -EIO; one next, later five");
    s.end = -EIO;
    buffer_ask(&a);
    run_loop();
    for (int k = 0; k < 5; k++)
        buffer_ask(&a);
    expect_story("0.100  a: 0\n0.400  a: 1\n0.400  a: 2\n0.400  a: 3\n"
                 "0.400  a: -EIO\n0.400  a: -EIO\n");
    expect_asks(&s, 5);
    free_it(&a);
}
END_TEST

START_TEST(the_end_of_nothing)
{
    scene("no items: ITER_END, -EIO, -ECANCELED; two nexts each");
    for (int error = 0; error < 3; error++) {
        struct source s;
        struct asker a = buffer_asker(&s, 0, 2);

        s.end = error == 0 ? ITER_END : error == 1 ? -EIO : -ECANCELED;
        buffer_ask(&a);
        buffer_ask(&a);
        expect_asks(&s, 1);
        free_it(&a);
    }
    expect_story("0.000  a: ITER_END\n0.000  a: ITER_END\n0.000  a: -EIO\n"
                 "0.000  a: -EIO\n0.000  a: -ECANCELED\n0.000  a: -ECANCELED\n");
}
END_TEST

START_TEST(the_source_cannot_be_asked)
{
    for (int at = 1; at < 4; at++) {
        struct source s;
        struct asker a = buffer_asker(&s, 9, 2);

        s.refuse_at = at;
        s.refuse = -ENOMEM;
        for (int k = 0; k < 4; k++) {
            buffer_ask(&a);
            run_loop_for(300);
        }
        expect_count("items before the next that is refused", at - 1, a.items);
        expect_count("what is told then is -ENOMEM", -ENOMEM, a.got);
        expect_asks(&s, at);
        free_it(&a);
    }
}
END_TEST

START_TEST(an_item_cannot_be_copied)
{
    struct source s;
    struct asker a = buffer_asker(&s, 9, 3);

    scene("n = 3; the second copy fails; one next, later three");
    copies_fail_at = 2;
    buffer_ask(&a);
    run_loop();
    for (int k = 0; k < 3; k++)
        buffer_ask(&a);
    expect_story("0.100  a: 0\n0.300  a: 1\n0.300  a: -ENOMEM\n0.300  a: -ENOMEM\n");
    free_it(&a);
}
END_TEST

START_TEST(a_buffer_is_closed)
{
    scene("closes: with a next at 0, twice; with items kept; with items kept and a next");
    for (int moment = -1; moment < 3; moment++) {
        struct source s;
        struct asker a = buffer_asker(&s, 9, 2);

        s.close_ms = moment < 0 ? 0 : 30; /* as soon as may be: yet who waits comes first */
        if (moment > 0) {                 /* two are kept */
            buffer_ask(&a);
            run_loop();
        }
        if (moment != 1)
            ask(&a);
        close_it(&a);
        run_loop();
        ask_times(&a, 1);
        free_it(&a);
        expect_freed(&s);
    }
    expect_story("0.000  a: -ECANCELED\n0.000  a: closed\n0.000  a: -ECANCELED\n"
                 "0.000  a: -ECANCELED\n0.030  a: closed\n0.030  a: -ECANCELED\n"
                 "0.130  a: 0\n0.360  a: closed\n0.360  a: -ECANCELED\n"
                 "0.460  a: 0\n0.660  a: -ECANCELED\n0.690  a: closed\n"
                 "0.690  a: -ECANCELED\n");
}
END_TEST

/* The source's next waits, and nobody waits for the buffer. */
START_TEST(a_buffer_is_closed_while_it_works_ahead)
{
    struct source s;
    struct asker a = buffer_asker(&s, 9, 5);

    scene("closed at 0.250, when the source is at work and nobody waits");
    buffer_ask(&a);
    run_loop_for(150);
    close_it(&a);
    run_loop();
    ask_times(&a, 1);
    expect_story("0.100  a: 0\n0.250  a: closed\n0.250  a: -ECANCELED\n");
    expect_asks(&s, 3);
    free_it(&a);
}
END_TEST

/* An item that comes from the source; one that was kept; the end. */
START_TEST(a_buffer_is_freed_in_the_answer)
{
    for (int way = 0; way < 4; way++) {
        struct source s;
        struct asker a = buffer_asker(&s, way < 3 ? 2 : 0, 3);

        for (int k = 0; k < way % 3; k++) {
            buffer_ask(&a);
            run_loop_for(500);
        }
        a.habit = FREES;
        ask_times(&a, 1);
        if (a.it != NULL)
            fail_test("a next of a buffer was accepted: answers\nexpected  1\ngot       none");
        expect_freed(&s);
    }
}
END_TEST

START_TEST(two_buffers_at_once)
{
    struct source s, t;
    struct asker a = buffer_asker(&s, 2, 1), b = buffer_asker(&t, 2, 1);

    scene("two buffers, items of 100 ms and 70 ms");
    b.name = "b";
    t.first = 50;
    t.ms = 70;
    a.habit = b.habit = ASKS_AGAIN;
    ask(&a);
    ask(&b);
    run_loop();
    expect_lines_of_story(
        "0.070  b: 50\n0.100  a: 0\n0.140  b: 51\n0.140  b: ITER_END\n0.200  a: 1\n"
        "0.200  a: ITER_END\n");
    free_it(&a);
    free_it(&b);
}
END_TEST

#endif
