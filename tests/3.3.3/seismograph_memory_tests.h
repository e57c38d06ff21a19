/* seismograph_memory_tests.h: a next is refused: tests for the suite of 21_chunk_pipeline
 *
 * There is no memory for it, or somebody else waits at the tape.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SEISMOGRAPH_MEMORY_TESTS_H
#define SEISMOGRAPH_MEMORY_TESTS_H

#include "seismograph_close_tests.h"

static void ask_twice(void *changes)
{
    struct seismograph s;
    struct asker a = {.name = "asker"};

    seismograph_open(&s, 3, 1, changes);
    if (s.chunks == NULL)
        return;
    ask(&a, &s);
    const int first = a.error;
    if (first != 0)
        ask(&a, &s);
    run_loop();
    if (first == 0 && a.told == 0)
        fail_test("memory has run out once, but chunks_next() has returned 0\n"
                  "expected  an answer: a chunk, or -ENOMEM\ngot       none");
    if (first != 0 && (first != -ENOMEM || a.error != 0 || a.got != ITER_ITEM))
        fail_test("chunks_next() when memory has run out, and once more\n"
                  "expected  -ENOMEM, then 0, and a chunk: nobody waits, and there is memory\n"
                  "got       %s, then %s, and %s",
                  result_text(first), result_text(a.error), a.told > 0 ? "a chunk" : "no answer");
    seismograph_close(&s);
}

START_TEST(a_next_without_memory)
{
    each_allocation_fails(ask_twice, NO_STAGE);
    each_allocation_fails(ask_twice, STAGES(add_one, double_each));
}
END_TEST

static void expect_told(const struct asker *a, const char *what, int expected)
{
    if (a->told != 1 || a->got != expected)
        fail_test("%s: who waits is told\nexpected  %s\ngot       %s", what, result_text(expected),
                  a->told == 0   ? "nothing"
                  : a->told == 1 ? result_text(a->got)
                                 : "more than one thing");
    if (a->item)
        fail_test("%s: who waits is told %s\nexpected  without an item: NULL\ngot       an item",
                  what, result_text(expected));
}

/* Asks a pipeline behind which nothing is left, and which is short of memory. */
static void ask_for_nothing(void *unused)
{
    struct seismograph s;
    struct asker a = {.name = "asker"};

    (void)unused;
    seismograph_open(&s, 3, 1, STAGES(add_one, keep_nothing));
    if (s.chunks == NULL)
        return;
    ask(&a, &s);
    run_loop();
    if (a.error == 0 && s.reads < 4)
        expect_told(&a, "no memory to ask behind an empty chunk", -ENOMEM);
    seismograph_close(&s);
}

/* With memory enough, empty chunks go no further. If they do, another behaviour fails for that. */
static bool empty_chunks_are_right(void)
{
    struct seismograph s;
    struct asker a = {.name = "asker"};

    seismograph_open(&s, 3, 1, STAGES(add_one, keep_nothing));
    ask(&a, &s);
    run_loop();
    seismograph_close(&s);
    return a.told == 1 && a.got == ITER_END && s.reads == 4;
}

START_TEST(a_stage_without_memory)
{
    if (empty_chunks_are_right())
        each_allocation_fails(ask_for_nothing, NULL);
}
END_TEST

START_TEST(a_stage_is_refused)
{
    struct seismograph s;
    struct asker a = {.name = "asker"};

    if (!empty_chunks_are_right())
        return;
    seismograph_open(&s, 3, 1, STAGES(rival_asks_and_nothing_is_left));
    ask(&a, &s);
    run_loop();
    expect_told(&a, "an empty chunk, and somebody else waits at the tape", -EBUSY);
    seismograph_close(&s);
}
END_TEST

/* The sum of three samples; false: not begun. */
static bool add_up_three(struct seismograph *s, struct runner *r)
{
    seismograph_open(s, 3, 1, STAGES(add_one, double_each));
    if (s->chunks == NULL || sum_run(&r->sum, s->chunks, on_done, r) != 0) {
        seismograph_close(s);
        return false;
    }
    run_loop();
    return true;
}

static void sum_once(void *unused)
{
    struct seismograph s;
    struct runner r = {.s = &s, .result = NOT_TOLD};

    (void)unused;
    if (!add_up_three(&s, &r))
        return;
    if (r.result != 0 && r.result != -ENOMEM)
        fail_test("memory has run out once: on_done\nexpected  0, or -ENOMEM\ngot       %s",
                  r.result == NOT_TOLD ? "no call" : result_text(r.result));
    if (r.result == 0)
        expect_sum(&r, "three samples", 0, 3, 12);
    seismograph_close(&s);
}

START_TEST(the_sum_without_memory)
{
    each_allocation_fails(sum_once, NULL);
}
END_TEST

START_TEST(the_sum_is_refused)
{
    struct seismograph s;
    struct runner r;

    seismograph_open(&s, 3, 1, STAGES(rival_asks));
    runner_start(&r, &s);
    run_loop();
    expect_sum(&r, "somebody else waits at the tape, so that the second next is refused", -EBUSY, 1,
               0);
    seismograph_close(&s);
}
END_TEST

static void sum_and_look(void *unused)
{
    struct seismograph s;
    struct runner r = {.s = &s, .result = NOT_TOLD, .patient = true};

    (void)unused;
    if (!add_up_three(&s, &r))
        return;
    if (r.result == -ENOMEM)
        expect_closed(&s);
    seismograph_close(&s);
}

START_TEST(closed_by_the_sum_without_memory)
{
    each_allocation_fails(sum_and_look, NULL);
}
END_TEST

#endif
