/* p2_wait_for_tests.h: the tests of task_wait_for(), and of tasks that refuse a cancellation, for
 * check_p2_task_management.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P2_WAIT_FOR_TESTS_H
#define P2_WAIT_FOR_TESTS_H

#include "p2_kinds.h"

/* ---- wait_for ---- */

START_TEST(in_time)
{
    struct sched *s = begin();
    struct actor a = {.name = "A", .work_ms = 300, .result = 7};
    struct actor b = {.name = "B", .work_ms = 200, .result = -ENODATA};
    struct made of_a, of_b;

    spawn_actor(&a);
    MADE(&of_a, 4, task_wait_for(s, a.task, 1000));
    spawn_actor(&b);
    MADE(&of_b, 4, task_wait_for(s, b.task, 1000));
    run_to_end();
    expect_ended(&of_a, 7, 300);
    expect_ended(&of_b, -ENODATA, 200);
    expect_undisturbed(&a, "task_wait_for(), in time");
    expect_loop_ended_at("task_wait_for(), in time", 300); /* nothing waits for the limit */
    strike();
}
END_TEST

START_TEST(wait_for_sleeps_until_it_is_woken)
{
    expect_no_polling(WAIT_FOR);
    expect_no_polling(WAIT_FOR_TOO_LONG);
}
END_TEST

START_TEST(wait_for_leaves_on_done_alone)
{
    expect_on_done_left(WAIT_FOR);
    expect_on_done_left(WAIT_FOR_TOO_LONG);
}
END_TEST

START_TEST(too_late_is_cancelled_and_awaited)
{
    struct sched *s = begin();
    struct actor w = {.name = "w", .work_ms = 10000, .cleanup_ms = 200, .traces = true};
    struct made m;

    spawn_actor(&w);
    MADE(&m, 4, task_wait_for(s, w.task, 1000));
    run_to_end();
    trace("%s", task_result(m.task) == -ETIMEDOUT ? "timeout" : "no timeout");
    expect_ended(&m, -ETIMEDOUT, 1200);
    expect_trace_in_order("1.000  w cancelled\n1.200  w cleaned\n1.200  timeout\n");
    expect_actor(&w, "task_wait_for(), too late", -ECANCELED, 1200, 1);
    expect_loop_ended_at(m.call, 1200);
    strike();
}
END_TEST

START_TEST(due_at_the_limit)
{
    for (int i = 0; i < 3; i++) { /* the work may have been there for a while */
        struct sched *s = begin();
        struct actor a = {.name = "A", .work_ms = 500, .result = 7, .cleanup_ms = 100};
        struct made m;
        spawn_actor(&a);
        for (int k = 0; k < i; k++)
            run_turn();
        MADE(&m, 4, task_wait_for(s, a.task, 500));
        run_loop();
        expect_done(m.call, m.task);
        int end = stage_ms();
        if (m.calls != 1 || !((task_result(m.task) == 7 && end == 500) ||
                              (task_result(m.task) == -ETIMEDOUT && end == 600)))
            fail_test("%s, where the work is due at the limit, ended otherwise\n"
                      "expected   0.500  result 7, or 0.600  result -ETIMEDOUT\n"
                      "got       %6.3f  result %s",
                      m.call, end / 1000.0, result_text(task_result(m.task)));
        strike();
    }
}
END_TEST

START_TEST(no_time_at_all)
{
    struct sched *s = begin();
    struct actor a = {.name = "A", .work_ms = 100, .result = 7};
    struct actor b = {.name = "B", .work_ms = 9000}, c = {.name = "C", .work_ms = 9000};
    struct made of_a, of_b, of_c;

    spawn_actor(&a);
    run_loop();
    MADE(&of_a, 4, task_wait_for(s, a.task, 0));
    spawn_actor(&b);
    MADE(&of_b, 4, task_wait_for(s, b.task, 0));
    spawn_actor(&c);
    MADE(&of_c, 4, task_wait_for(s, c.task, -5));
    run_loop();
    expect_ended(&of_a, 7, 100); /* it had ended before */
    expect_ended(&of_b, -ETIMEDOUT, 100);
    expect_ended(&of_c, -ETIMEDOUT, 100);
    strike();
}
END_TEST

/* No time is needed for what is there already: also if it is an error, also if it is that one. */
START_TEST(no_time_for_what_was_cancelled_before)
{
    static const int limits[] = {0, -5, 500};

    for (int i = 0; i < 3; i++) {
        struct sched *s = begin();
        struct actor a = {.name = "A", .work_ms = 900};
        struct made m;
        task_cancel(spawn_actor(&a));
        run_loop();
        MADE(&m, 4, task_wait_for(s, a.task, limits[i]));
        run_loop();
        if (task_result(m.task) == -ETIMEDOUT)
            fail_test("task_wait_for(s, A, %d), where A had been cancelled, and had ended, before\n"
                      "expected  the result of A, -ECANCELED\ngot       -ETIMEDOUT",
                      limits[i]);
        expect_ended(&m, -ECANCELED, 0);
        strike();
    }
}
END_TEST

START_TEST(each_has_its_own_limit)
{
    enum { N = 10 };
    struct sched *s = begin();
    struct actor a[N];
    struct made m[N];

    for (int i = 0; i < N; i++) {
        a[i] = (struct actor){.name = "A", .work_ms = 550, .result = i, .cleanup_ms = 200};
        spawn_actor(&a[i]);
        MADE(&m[i], 4, task_wait_for(s, a[i].task, 100 + 100 * i));
    }
    run_to_end();
    for (int i = 0; i < N; i++)
        expect_ended(&m[i], i < 5 ? -ETIMEDOUT : i, i < 5 ? 300 + 100 * i : 550);
    expect_loop_ended_at("10 task_wait_for()", 700);
    strike();
}
END_TEST

START_TEST(cancelled_by_its_owner_is_no_timeout)
{
    struct sched *s = begin();
    struct actor a = {.name = "A", .work_ms = 500, .cleanup_ms = 100};
    struct made m, nothing;

    spawn_actor(&a);
    MADE(&m, 4, task_wait_for(s, a.task, 1000));
    MADE(&nothing, 4, task_wait_for(s, NULL, 1000));
    after(200, on_cancel, a.task);
    run_to_end();
    expect_ended(&m, -ECANCELED, 300);
    expect_refused(&nothing, "NULL is no task");
    expect_loop_ended_at(m.call, 300);
    strike();
}
END_TEST

START_TEST(a_timeout_of_a_shield)
{
    struct sched *s = begin();
    struct actor a = {.name = "A", .work_ms = 1500, .result = 7};
    struct made shield, m;

    spawn_actor(&a);
    MADE(&shield, 1, task_shield(s, a.task));
    MADE(&m, 4, task_wait_for(s, shield.task, 700));
    run_loop();
    expect_ended(&m, -ETIMEDOUT, 700);
    expect_ended(&shield, -ECANCELED, 700);
    expect_undisturbed(&a, "task_wait_for() of a task_shield()");
    strike();
}
END_TEST

START_TEST(a_gather_of_timeouts)
{
    struct sched *s = begin();
    int results[] = {UNWRITTEN, UNWRITTEN};
    struct actor a = {.name = "A", .work_ms = 300, .result = 7};
    struct actor b = {.name = "B", .work_ms = 9000, .cleanup_ms = 50};
    struct made m[3];

    spawn_actor(&a);
    MADE(&m[0], 4, task_wait_for(s, a.task, 1000));
    spawn_actor(&b);
    MADE(&m[1], 4, task_wait_for(s, b.task, 400));
    struct task *tasks[] = {m[0].task, m[1].task};
    MADE(&m[2], 3, task_gather(s, tasks, 2, results));
    run_loop();
    expect_ended(&m[2], -ETIMEDOUT, 450);
    expect_results("task_gather() of two task_wait_for()", (const int[]){7, -ETIMEDOUT}, results,
                   2);
    strike();
}
END_TEST

/* ---- refusal ---- */

/* async def f():
 *     try: await asyncio.sleep(10)
 *     except asyncio.CancelledError: p("swallowed")
 *     return "ok"
 */
static void swallow(struct task *t)
{
    TASK_BEGIN(t);
    TASK_SLEEP(t, 10000);
    if (t->wake == -ECANCELED)
        trace("swallowed");
    TASK_RETURN(t, 7);
    TASK_END(t);
}

START_TEST(a_refusal_is_no_timeout)
{
    struct sched *s = begin();
    struct task *work = task_spawn(s, swallow, NULL);
    struct made m;

    MADE(&m, 4, task_wait_for(s, work, 100));
    run_loop();
    expect_done(m.call, m.task);
    trace("result %d cancelled? %s", task_result(work),
          task_result(m.task) == 7 ? "False" : "True");
    expect_trace_in_order("0.100  swallowed\n0.100  result 7 cancelled? False\n");
    expect_ended(&m, 7, 100);
    task_free(work);
    strike();
}
END_TEST

START_TEST(a_refusal_may_take_its_time)
{
    struct sched *s = begin();
    struct actor a = {.name = "A", .work_ms = 9000, .result = 7, .cleanup_ms = 500};
    struct actor b = {.name = "B", .work_ms = 9000, .result = -ENODATA, .cleanup_ms = 100};
    struct made of_a, of_b;

    a.refuses = b.refuses = true; /* B fails in its cleanup */
    spawn_actor(&a);
    MADE(&of_a, 4, task_wait_for(s, a.task, 1000));
    spawn_actor(&b);
    MADE(&of_b, 4, task_wait_for(s, b.task, 1000));
    run_loop();
    expect_ended(&of_a, 7, 1500);
    expect_ended(&of_b, -ENODATA, 1100);
    strike();
}
END_TEST

/* The one who waits was cancelled, and has not refused: what the others make of it is theirs. */
START_TEST(the_refusal_of_others_is_not_its_own)
{
    struct sched *s = begin();
    int results[] = {UNWRITTEN, UNWRITTEN};
    struct actor a[] = {{.name = "A", .work_ms = 900, .result = 7, .cleanup_ms = 300},
                        {.name = "B", .work_ms = 900, .result = 8, .cleanup_ms = 100},
                        {.name = "C", .work_ms = 900, .result = 9, .cleanup_ms = 200}};
    struct made gather, wait_for;

    a[0].refuses = a[2].refuses = true;
    struct task *tasks[] = {spawn_actor(&a[0]), spawn_actor(&a[1])};
    MADE(&gather, 3, task_gather(s, tasks, 2, results));
    spawn_actor(&a[2]);
    MADE(&wait_for, 4, task_wait_for(s, a[2].task, 800));
    after(400, on_cancel, gather.task);
    after(400, on_cancel, wait_for.task);
    run_loop();
    expect_ended(&gather, -ECANCELED, 700);
    expect_results("task_gather(), cancelled, of A, which refuses, and B, which does not",
                   (const int[]){7, -ECANCELED}, results, 2);
    expect_ended(&wait_for, -ECANCELED, 600);
    expect_actor(&a[2], "task_wait_for(), cancelled", 9, 600, 1);
    strike();
}
END_TEST

#endif
