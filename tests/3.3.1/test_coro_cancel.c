/* test_coro_cancel.c: the tests of exercises/coro.h: cancel, free, memory that runs out
 *
 * SPDX-License-Identifier: MIT
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coro_actors.h"

/* ---- cancel ---- */

START_TEST(cancelled_before_it_began)
{
    struct actor c = {"c", 3, 0, NULL, NULL}, a = {"a", 0, 0, spawn(&c, stepper), NULL};
    task_cancel(c.task);
    ck_assert(!task_done(c.task));
    spawn(&a, awaiter);
    run();
    expect_log("a(-125) "); /* its body never ran */
    ck_assert_int_eq(task_result(c.task), -ECANCELED);
    task_cancel(c.task); /* no effect any more */
    ck_assert_int_eq(task_result(c.task), -ECANCELED);
    task_free(a.task);
    task_free(c.task);
}
END_TEST

START_TEST(cancelled_asleep_it_cleans_up_first)
{
    struct actor c = {"c", 0, 0, NULL, NULL}, x = {"x", 0, 0, spawn(&c, cleaner), NULL};
    struct actor y = {"y", 0, 0, c.task, NULL}, w = {"w", 0, 0, c.task, NULL};
    spawn(&x, canceller);
    spawn(&y, canceller); /* a second request in the same turn changes nothing */
    spawn(&w, awaiter);
    run();
    expect_log("x y c(-125) x(0) y(0) c-cleaned(0) w(-125) ");
    ck_assert_int_eq(task_result(c.task), -ECANCELED);
    for (int i = 0; i < 4; i++)
        task_free((struct task *[]){c.task, x.task, y.task, w.task}[i]);
}
END_TEST

START_TEST(a_task_may_ignore_the_request)
{
    struct actor c = {"c", 7, 0, NULL, NULL}, x = {"x", 0, 0, spawn(&c, cleaner), NULL};
    spawn(&x, canceller);
    run();
    ck_assert_int_eq(task_result(c.task), 7);
    task_free(c.task);
    task_free(x.task);
}
END_TEST

START_TEST(cancel_goes_to_the_child_that_is_awaited)
{
    struct actor c = {"c", 0, 0, NULL, NULL}, p = {"p", 0, 0, spawn(&c, cleaner), NULL};
    struct actor g = {"g", 0, 0, spawn(&p, awaiter), NULL};
    struct actor x = {"x", 0, 0, spawn(&g, awaiter), NULL};
    spawn(&x, canceller);
    run();
    expect_log("x c(-125) x(0) c-cleaned(0) p(-125) g(-125) ");
    task_free(c.task);
    task_free(p.task);
    task_free(g.task);
    task_free(x.task);
}
END_TEST

START_TEST(cancelled_between_wake_up_and_step)
{
    struct actor x = {"x", 0, 0, NULL, NULL}, s = {"s", 2, 0, NULL, NULL};
    x.other = spawn(&s, stepper);
    spawn(&x, canceller);
    run();
    expect_log("s0 x x(0) "); /* s had yielded, and was ready */
    ck_assert_int_eq(task_result(s.task), -ECANCELED);
    task_free(x.task);
    task_free(s.task);
}
END_TEST

START_TEST(a_task_that_cancels_itself)
{
    struct actor a = {"a", 0, 0, NULL, NULL}, b = {"b", 5, 0, NULL, NULL};
    spawn(&a, canceller);
    spawn(&b, canceller);
    run();
    expect_log("a b a(-125) ");
    ck_assert_int_eq(task_result(a.task), 0);          /* woke, and went on to its end */
    ck_assert_int_eq(task_result(b.task), -ECANCELED); /* ended before it could wait */
    task_free(a.task);
    task_free(b.task);
}
END_TEST

/* ---- free ---- */

START_TEST(freeing_what_waits_lets_the_loop_end)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    struct actor s = {"s", 3600000, 0, NULL, NULL}, r = {"r", ends[0], 0, NULL, NULL};
    struct actor a = {"a", 0, 0, spawn(&s, sleeper), NULL}, n = {"n", 1, 0, NULL, NULL};
    spawn(&r, reader);
    spawn(&a, awaiter);
    event_base_loop(base, EVLOOP_ONCE);
    spawn(&n, stepper);
    task_free(a.task);
    task_free(n.task);
    task_free(r.task);
    task_free(s.task);
    run(); /* returns at once */
    expect_log("");
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(a_task_frees_others_of_its_turn)
{
    struct actor s = {"s", 3, 0, NULL, NULL}, t = {"t", 3, 0, NULL, NULL};
    struct actor k = {"k", 0, 0, NULL, NULL}, l = {"l", 0, 0, NULL, NULL};
    spawn(&k, killer);
    k.other = spawn(&s, stepper); /* stands behind k in the queue */
    l.other = spawn(&t, stepper); /* stands before l, and has yielded by then */
    spawn(&l, killer);
    run();
    expect_log("k t0 l ");
    task_free(k.task);
    task_free(l.task);
}
END_TEST

START_TEST(on_done_may_free_the_task)
{
    struct actor a = {"a", 2, 0, NULL, NULL};
    spawn(&a, stepper)->on_done = note_and_free;
    run();
    expect_log("a0 a1 done(2) ");
}
END_TEST

START_TEST(sched_free_ends_what_is_left)
{
    struct actor s = {"s", 3600000, 0, NULL, NULL}, a = {"a", 0, 0, spawn(&s, sleeper), NULL};
    struct actor n = {"n", 1, 0, NULL, NULL};
    spawn(&a, awaiter);
    event_base_loop(base, EVLOOP_ONCE);
    spawn(&n, stepper)->on_done = note_and_free;
    sched_free(sched);
    sched = NULL;
    expect_log("done(-125) "); /* nobody's body ran */
    ck_assert_int_eq(task_result(s.task), -ECANCELED);
    ck_assert_int_eq(task_result(a.task), -ECANCELED);
    task_cancel(s.task);
    task_free(s.task);
    task_free(a.task);
    sched_free(NULL);
}
END_TEST

START_TEST(the_dump_names_all_that_wait)
{
    char *text = NULL;
    size_t size = 0;
    struct actor s = {"s", 3600000, 0, NULL, NULL}, a = {"a", 0, 0, spawn(&s, sleeper), NULL};
    struct actor r = {"r", 0, 0, NULL, NULL}, n = {"n", 1, 0, NULL, NULL};
    struct actor u = {"u", 0, 0, NULL, NULL};
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    r.n = ends[0];
    spawn(&a, awaiter);
    spawn(&u, suspender);
    spawn(&r, reader);
    event_base_loop(base, EVLOOP_ONCE);
    spawn(&n, stepper);
    FILE *out = open_memstream(&text, &size);
    sched_dump(sched, out);
    fclose(out);
    note("r: waits for descriptor %d\n", ends[0]);
    ck_assert_ptr_nonnull(strstr(text, noted));
    ck_assert_ptr_nonnull(strstr(text, "n: is ready\n"));
    ck_assert_ptr_nonnull(strstr(text, "u: is suspended\n"));
    ck_assert_ptr_nonnull(strstr(text, "s: sleeps\n  a: awaits the one above\n"));
    free(text);
    for (int i = 0; i < 5; i++)
        task_free((struct task *[]){s.task, a.task, r.task, n.task, u.task}[i]);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

/* ---- suspended until woken ---- */

START_TEST(a_suspended_task_goes_on_when_it_is_woken)
{
    struct actor a = {"a", 0, 0, NULL, NULL}, b = {"b", 0, 0, NULL, NULL};
    spawn(&a, suspender);
    spawn(&b, suspender);
    ck_assert(!task_wake(a.task, 0)); /* it has not come to its wait yet */
    run();
    expect_log("");
    ck_assert(task_wake(b.task, 7));
    ck_assert(!task_wake(b.task, 8)); /* it is ready */
    ck_assert(task_wake(a.task, 0));
    expect_log("");
    run();
    expect_log("b(7) a(0) ");
    ck_assert(!task_wake(a.task, 0)); /* it has ended */
    task_free(a.task);
    task_free(b.task);
}
END_TEST

START_TEST(a_suspended_task_can_be_cancelled_and_freed)
{
    struct actor a = {"a", 0, 0, NULL, NULL}, b = {"b", 0, 0, NULL, NULL};
    struct actor c = {"c", 0, 0, NULL, NULL}, d = {"d", 0, 0, spawn(&c, suspender), NULL};
    spawn(&a, suspender);
    spawn(&b, suspender);
    spawn(&d, awaiter);
    run();
    task_cancel(a.task);
    ck_assert(!task_wake(a.task, 0));
    task_free(b.task);
    run();
    expect_log("a(-125) ");
    sched_free(sched);
    sched = NULL;
    ck_assert_int_eq(task_result(c.task), -ECANCELED);
    ck_assert_int_eq(task_result(d.task), -ECANCELED);
    task_free(a.task);
    task_free(c.task);
    task_free(d.task);
}
END_TEST

START_TEST(woken_and_then_cancelled_it_learns_of_the_cancellation)
{
    struct actor a = {"a", 0, 0, NULL, NULL};
    spawn(&a, suspender);
    run();
    ck_assert(task_wake(a.task, 0));
    task_cancel(a.task);
    run();
    expect_log("a(-125) ");
    task_free(a.task);
}
END_TEST

static void note_the_frame(struct task *t)
{
    note("freed %s ", ((struct actor *)t->frame)->name);
}

START_TEST(on_free_is_called_with_the_task)
{
    struct actor a = {"a", 1, 0, NULL, NULL}, b = {"b", 0, 0, NULL, NULL};
    spawn(&a, stepper)->on_free = note_the_frame;
    spawn(&b, suspender)->on_free = note_the_frame;
    run();
    expect_log("a0 ");
    task_free(a.task);
    task_free(b.task);
    expect_log("freed a freed b ");
}
END_TEST

/* ---- memory that runs out ---- */

START_TEST(spawn_without_memory_is_null)
{
    struct actor a = {"a", 1, 0, NULL, NULL};
    fail_in = 1;
    ck_assert_ptr_null(sched_new(base));
    for (int k = 1; k <= 2; k++) { /* the heap of sleepers, the task */
        fail_in = k;
        ck_assert_ptr_null(task_spawn(sched, stepper, &a));
    }
    ck_assert_uint_eq(sched->live, 0);
    spawn(&a, stepper);
    run();
    expect_log("a0 ");
    ck_assert_str_eq(a.task->name, "a");
    task_free(a.task);
}
END_TEST

START_TEST(the_loop_without_memory_is_told_by_wake)
{
    struct actor s = {"s", 1, 0, NULL, NULL}, y = {"y", 2, 0, NULL, NULL};
    no_memory = true; /* libevent cannot make room for its first timer */
    ck_assert_ptr_null(sched_new(base));
    spawn(&s, sleeper);
    spawn(&y, stepper);
    event_base_loop(base, EVLOOP_ONCE);
    no_memory = false;
    run();
    expect_log("s(-12) y0 y1 ");
    ck_assert_int_eq(task_result(s.task), -ENOMEM);
    task_free(s.task);
    task_free(y.task);
}
END_TEST

TCase *cancel_tests(void)
{
    TCase *tc = tcase_create("cancel and free");
    tcase_add_checked_fixture(tc, actors_set_up, actors_tear_down);
    tcase_add_test(tc, cancelled_before_it_began);
    tcase_add_test(tc, cancelled_asleep_it_cleans_up_first);
    tcase_add_test(tc, a_task_may_ignore_the_request);
    tcase_add_test(tc, cancel_goes_to_the_child_that_is_awaited);
    tcase_add_test(tc, cancelled_between_wake_up_and_step);
    tcase_add_test(tc, a_task_that_cancels_itself);
    tcase_add_test(tc, freeing_what_waits_lets_the_loop_end);
    tcase_add_test(tc, a_task_frees_others_of_its_turn);
    tcase_add_test(tc, on_done_may_free_the_task);
    tcase_add_test(tc, sched_free_ends_what_is_left);
    tcase_add_test(tc, a_suspended_task_goes_on_when_it_is_woken);
    tcase_add_test(tc, a_suspended_task_can_be_cancelled_and_freed);
    tcase_add_test(tc, woken_and_then_cancelled_it_learns_of_the_cancellation);
    tcase_add_test(tc, on_free_is_called_with_the_task);
    tcase_add_test(tc, the_dump_names_all_that_wait);
    tcase_add_test(tc, spawn_without_memory_is_null);
    tcase_add_test(tc, the_loop_without_memory_is_told_by_wake);
    return tc;
}
