/* p3_orphan_tests.h: a parent that is cancelled or freed leaves nothing of its group behind, for
 * check_p3_exception_handling.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P3_ORPHAN_TESTS_H
#define P3_ORPHAN_TESTS_H

#include "p3_parent.h"

/* A is cleaned 100 ms after it was cancelled, B 150 ms; C ends at 0.050. The block takes 200 ms.
 * All is over at 0.600. */
static struct call *start_family(struct world *w)
{
    return START(w, parent, .n = 3, .body_ms = 200,
                 .actors = {{.name = "A", .work_ms = 300, .cleanup_ms = 100},
                            {.name = "B", .work_ms = 600, .cleanup_ms = 150},
                            {.name = "C", .work_ms = 50}});
}

/* The parent of start_family(), cancelled at `ms`, has ended. */
static void expect_family_ended(struct world *w, struct call *c, int ms, int ended_at)
{
    char what[80];
    struct parent *f = (struct parent *)c;

    snprintf(what, sizeof(what), "a parent, cancelled after %d ms", ms);
    expect_result(c, what, -ECANCELED);
    if (f->still_running != 0 || w->running != 0)
        fail_test("%s: calls of its group that still ran when GROUP_WAIT was over\n"
                  "expected  0\ngot       %d",
                  what, f->still_running);
    expect_now(what, ended_at);
}

START_TEST(cancelled_at_every_moment)
{
    struct world w;
    begin(&w);
    w.quiet = true;
    for (int ms = 25; ms < 600; ms += 50) {
        int start = now_ms();
        struct call *c = start_family(&w);
        at(ms, on_cancel, c);
        run_all(&w);
        expect_family_ended(&w, c, ms, start + ms + 150);
        call_free(c);
    }
    calls_free(w.calls);
}
END_TEST

/* In the turn in which C, the block, A or B ends: the one or the other comes first. */
START_TEST(cancelled_when_something_ends)
{
    static const int moments[] = {50, 200, 300, 600};
    struct world w;
    begin(&w);
    w.quiet = true;
    for (int i = 0; i < 4; i++) {
        struct call *c = start_family(&w);
        at(moments[i], on_cancel, c);
        run_all(&w);
        if (moments[i] < 600)
            expect_result(c, "a parent, cancelled when a call of its group ends", -ECANCELED);
        if (((struct parent *)c)->still_running != 0 || w.running != 0)
            fail_test("a parent, cancelled after %d ms, when something ends\n"
                      "expected  all calls of its group have ended\ngot       %d still run",
                      moments[i], ((struct parent *)c)->still_running);
        call_free(c);
    }
    calls_free(w.calls);
}
END_TEST

START_TEST(children_end_before_their_parent)
{
    struct world w;
    begin(&w);
    struct call *c = start_family(&w);

    at(100, on_cancel, c);
    run_all(&w);
    expect_trace("0.100  cancel\n0.100  A cancelled\n0.100  B cancelled\n"
                 "0.200  A cleaned\n0.250  B cleaned\n0.250  wake -ECANCELED, no error\n");
    expect_family_ended(&w, c, 100, 250);
    call_free(c);
    calls_free(w.calls);
    expect_trace("");
}
END_TEST

/* Before its first step, and when all is over. */
START_TEST(cancelled_too_early_and_too_late)
{
    struct world w;
    begin(&w);
    struct call *early = start_family(&w), *late = start_family(&w);

    task_cancel(early->task);
    run_all(&w);
    task_cancel(late->task);
    run_all(&w);
    expect_trace("0.600  wake 0, no error\n");
    expect_result(early, "a parent that was cancelled before it began", -ECANCELED);
    expect_result(late, "a parent that was cancelled after its end", 0);
    call_free(early);
    call_free(late);
    calls_free(w.calls);
}
END_TEST

START_TEST(cancelled_twice)
{
    struct world w;
    begin(&w);
    for (int first = 100; first <= 400; first += 300) { /* in the block, and in GROUP_WAIT */
        int start = now_ms();
        struct call *c = start_family(&w);
        w.quiet = first == 400;
        at(first, on_cancel, c);
        at(first, on_cancel, c);
        at(first + 50, on_cancel, c);
        run_all(&w);
        expect_family_ended(&w, c, first, start + first + 150);
        call_free(c);
    }
    calls_free(w.calls);
    expect_trace("0.100  cancel\n0.100  cancel\n0.100  A cancelled\n0.100  B cancelled\n"
                 "0.150  cancel\n0.200  A cleaned\n0.250  B cleaned\n"
                 "0.250  wake -ECANCELED, no error\n");
}
END_TEST

/* A group in a group in a call that is awaited: the request goes all the way down, the ends come
 * all the way up. */
START_TEST(cancelled_with_a_group_in_the_group)
{
    struct world w;
    begin(&w);
    const struct parent inner = {.n = 1,
                                 .actors = {{.name = "B", .work_ms = 900, .cleanup_ms = 200}}};
    struct call *c = START(&w, parent, .n = 1, .inner = copy_of(&inner, sizeof(inner)),
                           .actors = {{.name = "A", .work_ms = 900, .cleanup_ms = 100}});

    at(100, on_cancel, c);
    run_all(&w);
    int left = ((struct parent *)c)->still_running;
    if (left != 0)
        fail_test("calls of the inner group that still ran when the outer GROUP_WAIT was over\n"
                  "expected  0\ngot       %d",
                  left);
    expect_trace("0.100  cancel\n0.100  A cancelled\n0.100  B cancelled\n"
                 "0.200  A cleaned\n0.300  B cleaned\n"
                 "0.300  wake -ECANCELED, no error\n0.300  wake -ECANCELED, no error\n");
    call_free(c);
    calls_free(w.calls);
}
END_TEST

START_TEST(freed_or_closed_at_every_moment)
{
    for (int ms = 0; ms < 700; ms += 50) {
        struct world w;
        begin(&w);
        w.quiet = true;
        struct call *freed = start_family(&w);
        run_loop_for(ms + 10);
        call_free(freed);
        if (w.running != 0)
            fail_test("a parent was freed after %d ms\n"
                      "expected  the calls of its group were freed with it\n"
                      "got       %d still there",
                      ms + 10, w.running);
        struct call *closed = start_family(&w);
        run_loop_for(ms + 10);
        calls_close(w.calls);
        expect_result(closed, "a parent when the calls were closed", ms < 600 ? -ECANCELED : 0);
        call_free(closed);
        run_all(&w);
        calls_free(w.calls);
    }
}
END_TEST

#endif
