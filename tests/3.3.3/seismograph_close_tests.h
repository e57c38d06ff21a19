/* seismograph_close_tests.h: a pipeline that is closed or freed: tests for the suite of 21_chunk_pipeline
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SEISMOGRAPH_CLOSE_TESTS_H
#define SEISMOGRAPH_CLOSE_TESTS_H

#include "seismograph.h"

/* ---- close and free ---- */

/* Who has run the sum finds its source closed. */
static void expect_closed(struct seismograph *s)
{
    struct asker a = {.name = "asker"};

    ask(&a, s);
    run_loop();
    if (a.told != 1 || a.got != -ECANCELED)
        fail_test(
            "a next, when the sum has been told\nexpected  -ECANCELED: the sum has closed its "
            "source\ngot       %s",
            a.told == 0 ? "no answer" : result_text(a.got));
}

START_TEST(closed_by_the_sum)
{
    struct seismograph s;
    struct runner r;

    for (int error = 0; error < 2; error++) {
        seismograph_open(&s, 10, 10, STAGES(add_one));
        s.fail_at = 2 * error;
        s.fail = -EIO;
        runner_start(&r, &s);
        run_loop();
        expect_sum(&r, "ten samples", error ? -EIO : 0, 10, 55);
        expect_closed(&s);
        seismograph_close(&s);
    }
}
END_TEST

START_TEST(closed_at_any_moment)
{
    struct seismograph s;
    struct runner r;

    for (int turns = 0; turns < 4; turns++) {
        seismograph_open(&s, 100, 1, STAGES(add_one, double_each));
        runner_start(&r, &s);
        for (int k = 0; k < turns; k++)
            ck_assert_int_ge(event_base_loop(test_base(), EVLOOP_ONCE), 0);
        r.starting = true;
        chunks_close(s.chunks);
        chunks_close(s.chunks);
        r.starting = false;
        run_loop();
        expect_sum(&r, "closed", -ECANCELED, r.sum.n, r.sum.n * (r.sum.n + 1));
        seismograph_close(&s);
    }
}
END_TEST

START_TEST(freed_at_any_moment)
{
    struct seismograph s;
    struct runner r;

    for (int turns = 0; turns < 4; turns++) {
        seismograph_open(&s, 100, 1, STAGES(add_one, double_each));
        runner_start(&r, &s);
        for (int k = 0; k < turns; k++)
            ck_assert_int_ge(event_base_loop(test_base(), EVLOOP_ONCE), 0);
        if (turns == 3)
            chunks_close(s.chunks); /* the answer is under way */
        const long long n = r.sum.n;
        seismograph_close(&s);
        run_loop_for(10);
        expect_sum(&r, "freed", NOT_TOLD, n, n * (n + 1));
    }
    chunks_free(NULL);
}
END_TEST

START_TEST(freed_when_it_is_told)
{
    struct seismograph s;
    struct runner r;

    for (int error = 0; error < 2; error++) {
        seismograph_open(&s, 3, 1, STAGES(add_one, double_each));
        s.fail_at = 4 * error;
        s.fail = -EIO;
        runner_start(&r, &s);
        r.frees = true;
        run_loop();
        expect_sum(&r, "three samples", error ? -EIO : 0, 3, 12);
    }
}
END_TEST

static void add_up_once(void *changes)
{
    struct seismograph s;
    struct runner r = {.s = &s, .result = NOT_TOLD};

    seismograph_open(&s, 3, 1, changes);
    if (s.chunks == NULL)
        return;
    int error = sum_run(&r.sum, s.chunks, on_done, &r);
    if (error == -ENOMEM) /* nothing has begun: it can be tried again */
        error = sum_run(&r.sum, s.chunks, on_done, &r);
    run_loop();
    if (error != 0 || (r.result != 0 && r.result != -ENOMEM))
        fail_test("memory has run out once: on_done\nexpected  0, or -ENOMEM\ngot       %s",
                  error != 0             ? result_text(error)
                  : r.result == NOT_TOLD ? "no call"
                                         : result_text(r.result));
    seismograph_close(&s);
}

START_TEST(memory_runs_out)
{
    each_allocation_fails(add_up_once, STAGES(add_one, double_each));
    each_allocation_fails(add_up_once, STAGES(add_one, keep_thousands));
}
END_TEST

#endif
