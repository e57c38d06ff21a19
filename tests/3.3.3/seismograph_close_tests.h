/* seismograph_close_tests.h: a pipeline that is closed or freed: tests for the suite of
 * 21_chunk_pipeline
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
        fail_test("a next, when the sum has been told\n"
                  "expected  -ECANCELED: the sum has closed its source\ngot       %s",
                  a.told == 0          ? "no answer"
                  : a.got == ITER_ITEM ? "a chunk"
                  : a.got == ITER_END  ? "ITER_END"
                                       : result_text(a.got));
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
        if (r.told == 0) { /* all of it in one turn of the loop: see others_have_their_turn */
            r.starting = true;
            chunks_close(s.chunks);
            chunks_close(s.chunks);
            r.starting = false;
            run_loop();
            expect_sum(&r, "closed", -ECANCELED, r.sum.n, r.sum.n * (r.sum.n + 1));
        }
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
        const bool told = r.told > 0;
        seismograph_close(&s);
        run_loop_for(10);
        if (!told)
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

#endif
