/* p8_merge_tests.h: aiter_merge(): tests for check_p8_async_iterator.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P8_MERGE_TESTS_H
#define P8_MERGE_TESTS_H

#include "p8_source.h"

enum { MOST_SOURCES = 9 };

static const char *const source_names[MOST_SOURCES] = {"s", "t", "u", "v", "w", "x", "y", "z", "q"};

/* n sources: of source i the numbers from 10 i on, so many as `lengths` says, each after ms[i]. */
static struct asker merge_asker(struct source *s, int n, const int *lengths, const int *ms)
{
    struct aiter *from[MOST_SOURCES];

    copies = copies_fail_at = 0;
    for (int i = 0; i < n; i++)
        from[i] = source_open(&s[i], source_names[i], 10 * i, lengths[i], ms[i]);
    struct aiter *it = aiter_merge(test_base(), from, n, copy_int);
    memset(from, 0x55, sizeof(from)); /* "the array is not kept" */
    return asker_of("a", it);
}

#define MERGE(s, n, lengths, ms) merge_asker((s), (n), (const int[])lengths, (const int[])ms)
#define OF(...)                                                                                    \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static void merge_first(struct asker *a)
{
    const int error = try_to_ask(a);

    if (error == -ENOSYS)
        fail_test("aiter_next() of a merge returned -ENOSYS: slot_next() is missing. TODO(1)");
    if (error != 0)
        fail_test("aiter_next() of a merge\nexpected  0\ngot       %s", result_text(error));
    run_loop();
    if (a->told == 0)
        fail_test("a merge has items: answers to a next\nexpected  1\ngot       none: is it "
                  "written yet? TODO(5)");
}

static void merge_all(struct asker *a)
{
    a->habit = ASKS_AGAIN;
    merge_first(a);
}

static void merge_close_all(struct asker *a, struct source *s, int n)
{
    free_it(a);
    for (int i = 0; i < n; i++)
        expect_freed(&s[i]);
}

/* The end has closed nothing; a close closes those that have ended, too. */
static void expect_closed_behind_the_end(struct asker *a, struct source *s, int n)
{
    for (int closed = 0; closed < 2; closed++) {
        for (int i = 0; i < n; i++)
            if (s[i].closes != closed)
                fail_test("a merge has told ITER_END%s: calls of its source %s's close\n"
                          "expected  %d\ngot       %d",
                          closed ? ", and was closed then" : ", and is not closed", s[i].name,
                          closed, s[i].closes);
        if (!closed)
            close_it(a);
        run_loop();
    }
    expect_count("a close of a merge that has told ITER_END: calls of its cb", 1, a->closed);
    merge_close_all(a, s, n);
}

START_TEST(as_they_come)
{
    struct source s[2];
    struct asker a = MERGE(s, 2, OF(3, 2), OF(100, 140));

    scene("three items, 100 ms each, and two items, 140 ms each; then one next more");
    merge_all(&a);
    expect_story("0.100  a: 0\n0.140  a: 10\n0.200  a: 1\n0.280  a: 11\n0.300  a: 2\n"
                 "0.300  a: ITER_END\n");
    ask_times(&a, 1);
    expect_lines_of_story("0.300  a: ITER_END\n");
    expect_count("nexts that sources were asked for behind their end", 0,
                 s[0].behind + s[1].behind);
    expect_closed_behind_the_end(&a, s, 2);
}
END_TEST

/* More than a few. */
START_TEST(nine_sources)
{
    struct source s[9];
    struct asker a =
        MERGE(s, 9, OF(1, 1, 1, 1, 1, 1, 1, 1, 1), OF(90, 80, 70, 60, 50, 40, 30, 20, 10));

    scene("nine sources of one item: after 90, 80, ... 10 ms");
    merge_all(&a);
    expect_story("0.010  a: 80\n0.020  a: 70\n0.030  a: 60\n0.040  a: 50\n0.050  a: 40\n"
                 "0.060  a: 30\n0.070  a: 20\n0.080  a: 10\n0.090  a: 0\n"
                 "0.090  a: ITER_END\n");
    merge_close_all(&a, s, 9);
}
END_TEST

START_TEST(one_source_or_none)
{
    struct source s[1];
    struct asker a = MERGE(s, 1, OF(2), OF(100));

    scene("a merge of one source of 2 items; then a merge of none, closed behind its end");
    merge_all(&a);
    merge_close_all(&a, s, 1);
    a = asker_of("a", aiter_merge(test_base(), NULL, 0, copy_int));
    merge_first(&a);
    close_it(&a);
    run_loop();
    free_it(&a);
    expect_story("0.100  a: 0\n0.200  a: 1\n0.200  a: ITER_END\n0.200  a: ITER_END\n"
                 "0.200  a: closed\n");
}
END_TEST

START_TEST(sources_of_different_lengths)
{
    struct source s[3];
    struct asker a = MERGE(s, 3, OF(0, 1, 3), OF(10, 100, 30));

    scene("no items; one after 100 ms; three, 30 ms each");
    merge_all(&a);
    expect_story("0.030  a: 20\n0.060  a: 21\n0.090  a: 22\n0.100  a: 10\n"
                 "0.100  a: ITER_END\n");
    merge_close_all(&a, s, 3);
}
END_TEST

START_TEST(all_have_something_always)
{
    struct source s[3];
    struct asker a = MERGE(s, 3, OF(1000, 1000, 1000), OF(0, 0, 0));
    int told[3] = {0};

    for (int i = 0; i < 3; i++)
        s[i].first = 1000 * i;
    a.quiet = true;
    for (int k = 0; k < 60; k++) {
        ask_times(&a, 1);
        told[a.last / 1000 % 3] += a.got == ITER_ITEM;
    }
    for (int i = 0; i < 3; i++)
        if (told[i] < 18 || told[i] > 22)
            fail_test("three sources have something always: of 60 items\n"
                      "expected  about 20 of each\ngot       %d, %d and %d",
                      told[0], told[1], told[2]);
    merge_close_all(&a, s, 3);
}
END_TEST

/* Of each source one item is kept at the most, and nobody is asked before somebody waits. */
START_TEST(no_more_than_one_of_each)
{
    struct source s[2];
    struct asker a = MERGE(s, 2, OF(9, 9), OF(10, 30));

    scene("two sources, 10 ms and 30 ms; nexts at 0.100, 0.500, 0.600 and 0.700");
    run_loop_for(100);
    expect_asks(&s[0], 0);
    ask(&a);
    after_ms(500);
    expect_asks(&s[0], 1);
    expect_asks(&s[1], 1);
    for (int at = 600; at <= 800; at += 100) {
        ask(&a);
        after_ms(at);
    }
    expect_story("0.110  a: 0\n0.500  a: 10\n0.600  a: 1\n0.700  a: 11\n");
    if (s[0].asks > 3 || s[1].asks > 3)
        fail_test("nexts that two sources were asked for, of which 2 and 2 items were told\n"
                  "expected  at most one more of each\ngot       %d and %d",
                  s[0].asks, s[1].asks);
    merge_close_all(&a, s, 2);
}
END_TEST

/* ---- errors ---- */

START_TEST(one_fails_all_are_closed)
{
    struct source s[3];
    struct asker a = MERGE(s, 3, OF(9, 1, 0), OF(1000, 100, 10));

    scene("s takes 1 s, t has an item and fails, u is empty");
    s[0].traced = s[1].traced = true;
    s[1].end = -EIO;
    merge_all(&a);
    a.habit = RESTS;
    ask_times(&a, 1);
    expect_lines_of_story("0.000  s: asked\n0.000  t: asked\n0.100  a: 10\n0.100  t: asked\n"
                          "0.100  s: close\n0.100  t: close\n0.100  a: -EIO\n0.100  a: -EIO\n");
    expect_count("a source that goes on while another one fails: calls of its close", 1,
                 s[0].closes);
    expect_count("a source that has ended before another one fails: calls of its close", 1,
                 s[2].closes);
    merge_close_all(&a, s, 3);
}
END_TEST

START_TEST(an_error_comes_behind_the_items_before_it)
{
    struct source s[4];
    struct asker a = MERGE(s, 4, OF(9, 9, 0, 9), OF(10, 20, 0, 500));

    scene("items at 10 and 20 ms, an error at 30 ms, v still at work; one next, later three");
    s[3].traced = true;
    s[2].end = -ETIMEDOUT;
    s[2].end_ms = 30;
    ask_times(&a, 1);
    run_loop_for(100); /* nobody waits while it fails; the fourth one is still at work */
    ask_times(&a, 3);
    expect_story("0.000  v: asked\n0.010  a: 0\n0.030  v: close\n0.130  a: 10\n"
                 "0.130  a: -ETIMEDOUT\n0.130  a: -ETIMEDOUT\n");
    merge_close_all(&a, s, 4);
}
END_TEST

/* Between a next and its turn the first source answers: with an item, the end, an error. What was
 * kept comes first. */
START_TEST(one_is_quicker_than_the_turn)
{
    for (int way = 0; way < 3; way++) {
        struct source s[3];
        struct asker a = MERGE(s, 3, OF(way == 0, 1, 1), OF(100, 10, 20));
        const int begin = now_ms();

        s[0].end_ms = 100;
        s[0].end = way == 2 ? -EIO : ITER_END;
        ask(&a);
        run_loop_for(50);
        vclock_advance_to((begin + 120) * INT64_C(1000000));
        ask(&a);
        run_loop_for(10);
        expect_count("two were told, one was kept: the second item", 20, a.last);
        ask_times(&a, 1);
        const int expected = way == 0 ? ITER_ITEM : way == 1 ? ITER_END : -EIO;
        if (a.got != expected)
            fail_test("a source answers when a next has come, and an item of another one is kept: "
                      "behind that item\nexpected  %s\ngot       %s",
                      got_text(expected), got_text(a.got));
        merge_close_all(&a, s, 3);
    }
}
END_TEST

/* The first error is told, whatever the closed ones say. */
START_TEST(a_source_is_cancelled)
{
    struct source s[2];
    struct asker a = MERGE(s, 2, OF(0, 9), OF(0, 100));

    scene("one source tells -ECANCELED at 30 ms, the other one is at work");
    s[0].end = -ECANCELED;
    s[0].end_ms = 30;
    merge_all(&a);
    expect_lines_of_story("0.030  a: -ECANCELED\n");
    expect_count("a source that goes on while another one says -ECANCELED: calls of its close", 1,
                 s[1].closes);
    merge_close_all(&a, s, 2);
}
END_TEST

START_TEST(a_source_cannot_be_asked)
{
    for (int at = 1; at < 3; at++) {
        struct source s[2];
        struct asker a = MERGE(s, 2, OF(9, 9), OF(100, 150));

        s[1].refuse_at = at;
        s[1].refuse = -ENOMEM;
        ask_times(&a, at == 1 ? 2 : 4);
        if (a.got != -ENOMEM || a.items < 2 * (at - 1) || a.items > 3 * (at - 1))
            fail_test("one of two sources refuses next %d with -ENOMEM: the merge tells\n"
                      "expected  %s, then -ENOMEM\ngot       %d items, %s%s",
                      at, at == 1 ? "no item" : "2 or 3 items", a.items,
                      a.got == ITER_ITEM ? "and no error" : "then ",
                      a.got == ITER_ITEM ? "" : got_text(a.got));
        expect_count("the other source is closed at once: calls of its close", 1, s[0].closes);
        merge_close_all(&a, s, 2);
    }
}
END_TEST

START_TEST(no_memory_for_a_copy)
{
    struct source s[2];
    struct asker a = MERGE(s, 2, OF(9, 9), OF(10, 20));

    scene("items at 10 and 20 ms; the second one cannot be copied; nexts later");
    copies_fail_at = 1;
    ask_times(&a, 1);
    run_loop_for(100);
    ask_times(&a, 2);
    expect_story("0.010  a: 0\n0.120  a: -ENOMEM\n0.120  a: -ENOMEM\n");
    expect_count("sources of a merge that has failed: calls of the first one's close", 1,
                 s[0].closes);
    merge_close_all(&a, s, 2);
}
END_TEST

#endif
