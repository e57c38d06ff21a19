/* p2_first_tests.h: the tests of task_shield() and task_wait_first(), for
 * check_p2_task_management.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P2_FIRST_TESTS_H
#define P2_FIRST_TESTS_H

#include "p2_kinds.h"

/* ---- shield ---- */

START_TEST(shield_gives_the_result)
{
    struct sched *s = begin();
    struct actor a = {.name = "A", .work_ms = 300, .result = 7};
    struct actor b = {.name = "B", .work_ms = 200, .result = -ENODATA};
    struct made of_a, of_b, too_late;

    spawn_actor(&a);
    MADE(&of_a, 1, task_shield(s, a.task));
    spawn_actor(&b);
    MADE(&of_b, 1, task_shield(s, b.task));
    run_loop_for(400);
    MADE(&too_late, 1, task_shield(s, a.task));
    run_loop();
    expect_ended(&of_a, 7, 300);
    expect_ended(&of_b, -ENODATA, 200);
    expect_ended(&too_late, 7, 400);
    strike();
}
END_TEST

START_TEST(shield_of_nothing)
{
    struct sched *s = begin();
    struct made m;

    MADE(&m, 1, task_shield(s, NULL));
    run_loop();
    expect_refused(&m, "NULL is no task");
    strike();
}
END_TEST

START_TEST(shield_sleeps_until_it_is_woken)
{
    expect_no_polling(SHIELD);
}
END_TEST

START_TEST(shield_leaves_on_done_alone)
{
    expect_on_done_left(SHIELD);
}
END_TEST

/* async def main():
 *     inner = asyncio.create_task(count_up("I", 3))
 *     try: await asyncio.wait_for(asyncio.shield(inner), .7)
 *     except asyncio.TimeoutError: p("timeout, inner done?", inner.done())
 *     p("->", await inner)
 * with the timeout made by hand.
 */
struct shield_scene {
    struct counter counter;
    struct task *inner;
    struct made shield;
};

static void shield_main(struct task *t)
{
    struct shield_scene *f = t->frame;

    TASK_BEGIN(t);
    f->inner = task_spawn(t->sched, count_up, &f->counter);
    MADE(&f->shield, 1, task_shield(t->sched, f->inner));
    TASK_SLEEP(t, 700);
    task_cancel(f->shield.task);
    TASK_AWAIT(t, f->shield.task);
    trace("timeout, inner done? %s", task_done(f->inner) ? "True" : "False");
    TASK_AWAIT(t, f->inner);
    trace("-> %s", result_text(task_result(f->inner)));
    TASK_END(t);
}

START_TEST(inner_goes_on_when_the_shield_is_cancelled)
{
    struct sched *s = begin();
    struct shield_scene f = {.counter = {"I", 3, 0}};
    struct task *scene = task_spawn(s, shield_main, &f);

    run_loop();
    expect_done("who awaits the shield and then its inner task", scene);
    expect_trace_in_order("0.000  I: 0\n0.500  I: 1\n0.700  timeout, inner done? False\n"
                          "1.000  I: 2\n1.500  I done\n1.500  -> 3\n");
    expect_ended(&f.shield, -ECANCELED, 700);
    task_free(scene);
    task_free(f.inner);
    strike();
}
END_TEST

START_TEST(inner_fails_later)
{
    struct sched *s = begin();
    struct actor a = {.name = "A", .work_ms = 500, .result = -ENODATA};
    struct made m;

    spawn_actor(&a);
    MADE(&m, 1, task_shield(s, a.task));
    after(200, on_cancel, m.task);
    run_loop_for(300);
    expect_ended(&m, -ECANCELED, 200);
    free_made(); /* as its owner may, while the inner task still runs */
    run_to_end();
    expect_undisturbed(&a, "task_shield(), cancelled");
    expect_loop_ended_at("task_shield(), cancelled and freed", 500);
    strike();
}
END_TEST

START_TEST(inner_is_cancelled_by_somebody_else)
{
    struct sched *s = begin();
    struct actor a = {.name = "A", .work_ms = 500, .cleanup_ms = 100};
    struct made m;

    spawn_actor(&a);
    MADE(&m, 1, task_shield(s, a.task));
    after(200, on_cancel, a.task);
    run_loop();
    expect_ended(&m, -ECANCELED, 300); /* not before the inner task */
    expect_actor(&a, "task_shield()", -ECANCELED, 300, 1);
    strike();
}
END_TEST

/* ---- wait_first ---- */

START_TEST(the_first_is_found)
{
    static const int times[][3] = {{100, 200, 300}, {300, 100, 200}, {200, 300, 100}};

    for (int i = 0; i < 3; i++) {
        struct sched *s = begin();
        struct actor a[] = {{.name = "A", .work_ms = times[i][0], .result = 5},
                            {.name = "B", .work_ms = times[i][1], .result = -ENODATA},
                            {.name = "C", .work_ms = times[i][2], .result = 6}};
        struct task *tasks[] = {spawn_actor(&a[0]), spawn_actor(&a[1]), spawn_actor(&a[2])};
        struct made m;
        MADE(&m, 2, task_wait_first(s, tasks, 3));
        run_loop();
        expect_ended(&m, i, 100);
        for (int k = 0; k < 3; k++)
            expect_actor(&a[k], "task_wait_first()", a[k].result, times[i][k], 0);
        strike();
    }
}
END_TEST

START_TEST(wait_first_copies_the_array)
{
    struct sched *s = begin();
    struct actor a = {.name = "A", .work_ms = 200}, b = {.name = "B", .work_ms = 100}, decoy;
    struct task *tasks[] = {spawn_actor(&a), spawn_actor(&b)};
    struct made m;

    MADE(&m, 2, task_wait_first(s, tasks, 2));
    overwrite(&m, tasks, 2, &decoy);
    run_loop();
    expect_ended(&m, 1, 100);
    strike();
}
END_TEST

START_TEST(wait_first_sleeps_until_it_is_woken)
{
    expect_no_polling(WAIT_FIRST);
}
END_TEST

START_TEST(wait_first_leaves_on_done_alone)
{
    expect_on_done_left(WAIT_FIRST);
}
END_TEST

START_TEST(the_others_may_end_after_it_is_gone)
{
    struct sched *s = begin();
    struct actor a = {.name = "A", .work_ms = 300}, b = {.name = "B", .work_ms = 100};
    struct actor c = {.name = "C", .work_ms = 500};
    struct task *tasks[] = {spawn_actor(&a), spawn_actor(&b), spawn_actor(&c)};
    struct made m;

    MADE(&m, 2, task_wait_first(s, tasks, 3));
    run_loop_for(200);
    expect_ended(&m, 1, 100);
    task_free(b.task); /* what was handed in may be freed now: one that has ended, */
    task_free(c.task); /* and one that has not */
    stage.actors[1] = stage.actors[--stage.n_actors];
    stage.n_actors = 1;
    run_loop_for(50);
    free_made();
    run_to_end();
    expect_undisturbed(&a, "task_wait_first(), which has ended");
    expect_loop_ended_at("task_wait_first(), which has ended", 300);
    strike();
}
END_TEST

START_TEST(two_are_first)
{
    struct sched *s = begin();
    struct actor a[] = {{.name = "A", .work_ms = 300},
                        {.name = "B", .work_ms = 100, .result = 5},
                        {.name = "C", .work_ms = 100, .result = 6}};
    struct task *tasks[] = {spawn_actor(&a[0]), spawn_actor(&a[1]), spawn_actor(&a[2])};
    struct made m, too_late;

    MADE(&m, 2, task_wait_first(s, tasks, 3));
    run_loop_for(200);
    if (task_result(m.task) != 1)
        expect_ended(&m, 2, 100);
    MADE(&too_late, 2, task_wait_first(s, tasks, 2)); /* B has ended long ago */
    run_loop();
    expect_ended(&too_late, 1, 200);
    expect_undisturbed(&a[0], "task_wait_first()");
    strike();
}
END_TEST

START_TEST(wait_first_of_what_is_not_allowed)
{
    struct sched *s = begin();
    struct actor a = {.name = "A", .work_ms = 100}, b = {.name = "B", .work_ms = 200};
    struct task *twice[] = {spawn_actor(&a), spawn_actor(&b), a.task}, *hole[] = {a.task, NULL};
    struct made m[4];

    MADE(&m[0], 2, task_wait_first(s, twice, 0));
    MADE(&m[1], 2, task_wait_first(s, twice, -1));
    MADE(&m[2], 2, task_wait_first(s, twice, 3));
    MADE(&m[3], 2, task_wait_first(s, hole, 2));
    run_loop();
    expect_refused(&m[0], "there is no first of 0 tasks");
    expect_refused(&m[1], "there are no -1 tasks");
    expect_refused(&m[2], "tasks[0] and tasks[2] are the same task");
    expect_refused(&m[3], "tasks[1] is NULL");
    expect_undisturbed(&a, "task_wait_first(), which ended with -EINVAL");
    strike();
}
END_TEST

START_TEST(the_first_of_a_hundred)
{
    enum { N = 100 };
    struct sched *s = begin();
    struct actor a[N];
    struct task *tasks[N];
    struct made m;

    for (int i = 0; i < N; i++) {
        a[i] = (struct actor){.name = "one of a hundred", .work_ms = 1000 + (i + 27) % N};
        tasks[i] = spawn_actor(&a[i]);
    }
    MADE(&m, 2, task_wait_first(s, tasks, N));
    run_loop();
    expect_ended(&m, 73, 1000);
    for (int i = 0; i < N; i++)
        expect_undisturbed(&a[i], "task_wait_first()");
    strike();
}
END_TEST

#endif
