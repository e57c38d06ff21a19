/* p2_gather_tests.h: the tests of task_gather(), for check_p2_task_management.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P2_GATHER_TESTS_H
#define P2_GATHER_TESTS_H

#include "p2_kinds.h"

/* ---- in order ---- */

START_TEST(results_in_the_order_of_the_array)
{
    static const int times[][3] = {
        {100, 200, 300}, {300, 200, 100}, {200, 300, 100}, {100, 100, 100}};
    static const int ends[] = {300, 300, 300, 100};

    for (int i = 0; i < 4; i++) {
        struct sched *s = begin();
        int results[] = {UNWRITTEN, UNWRITTEN, UNWRITTEN};
        struct actor a[] = {{.name = "A", .work_ms = times[i][0], .result = 10},
                            {.name = "B", .work_ms = times[i][1], .result = 20},
                            {.name = "C", .work_ms = times[i][2], .result = 30}};
        struct task *tasks[] = {spawn_actor(&a[0]), spawn_actor(&a[1]), spawn_actor(&a[2])};
        struct made m;
        MADE(&m, 3, task_gather(s, tasks, 3, results));
        run_to_end();
        expect_ended(&m, 0, ends[i]);
        expect_results(m.call, (const int[]){10, 20, 30}, results, 3);
        expect_loop_ended_at(m.call, ends[i]);
        strike();
    }
}
END_TEST

START_TEST(gather_copies_the_array)
{
    struct sched *s = begin();
    int results[] = {UNWRITTEN, UNWRITTEN};
    struct actor a = {.name = "A", .work_ms = 200, .result = 1}, decoy;
    struct actor b = {.name = "B", .work_ms = 100, .result = 2};
    struct task *tasks[] = {spawn_actor(&a), spawn_actor(&b)};
    struct made m;

    MADE(&m, 3, task_gather(s, tasks, 2, results));
    overwrite(&m, tasks, 2, &decoy);
    run_loop();
    expect_ended(&m, 0, 200);
    expect_results(m.call, (const int[]){1, 2}, results, 2);
    strike();
}
END_TEST

START_TEST(gather_sleeps_until_it_is_woken)
{
    expect_no_polling(GATHER);
    expect_no_polling(GATHER_FAILS);
}
END_TEST

START_TEST(gather_leaves_on_done_alone)
{
    expect_on_done_left(GATHER);
}
END_TEST

START_TEST(those_that_had_ended_count)
{
    struct sched *s = begin();
    int results[] = {UNWRITTEN, UNWRITTEN}, again[] = {UNWRITTEN, UNWRITTEN};
    struct actor a = {.name = "A", .work_ms = 100, .result = 1};
    struct actor b = {.name = "B", .work_ms = 500, .result = 2};
    struct task *tasks[] = {spawn_actor(&a), spawn_actor(&b)};
    struct made one, both;

    run_loop_for(200);
    MADE(&one, 3, task_gather(s, tasks, 2, results));
    run_loop();
    expect_ended(&one, 0, 500);
    expect_results(one.call, (const int[]){1, 2}, results, 2);
    MADE(&both, 3, task_gather(s, tasks, 2, again));
    run_loop();
    expect_ended(&both, 0, 500);
    expect_results(both.call, (const int[]){1, 2}, again, 2);
    strike();
}
END_TEST

START_TEST(gather_of_none)
{
    struct sched *s = begin();
    struct task *none[] = {NULL};
    struct made m;

    MADE(&m, 3, task_gather(s, none, 0, NULL));
    if (m.calls != 0)
        fail_test("%s ended inside the call\nexpected  on the next turn", m.call);
    run_loop();
    expect_ended(&m, 0, 0);
    strike();
}
END_TEST

START_TEST(gather_of_what_is_not_allowed)
{
    struct sched *s = begin();
    int results[3];
    struct actor a = {.name = "A", .work_ms = 100}, b = {.name = "B", .work_ms = 200};
    struct task *twice[] = {spawn_actor(&a), spawn_actor(&b), a.task}, *hole[] = {a.task, NULL};
    struct made m[3];

    MADE(&m[0], 3, task_gather(s, twice, -1, results));
    MADE(&m[1], 3, task_gather(s, twice, 3, results));
    MADE(&m[2], 3, task_gather(s, hole, 2, results));
    run_loop();
    expect_refused(&m[0], "there are no -1 tasks");
    expect_refused(&m[1], "tasks[0] and tasks[2] are the same task");
    expect_refused(&m[2], "tasks[1] is NULL");
    expect_undisturbed(&a, "task_gather(), which ended with -EINVAL");
    strike();
}
END_TEST

START_TEST(two_gathers_of_the_same_tasks)
{
    struct sched *s = begin();
    int results[2][2];
    struct actor a = {.name = "A", .work_ms = 100, .result = 1};
    struct actor b = {.name = "B", .work_ms = 200, .result = 2};
    struct task *tasks[] = {spawn_actor(&a), spawn_actor(&b)}, *reversed[] = {b.task, a.task};
    struct made m[2];

    MADE(&m[0], 3, task_gather(s, tasks, 2, results[0]));
    MADE(&m[1], 3, task_gather(s, reversed, 2, results[1]));
    run_loop();
    expect_ended(&m[0], 0, 200);
    expect_ended(&m[1], 0, 200);
    expect_results(m[0].call, (const int[]){1, 2}, results[0], 2);
    expect_results(m[1].call, (const int[]){2, 1}, results[1], 2);
    strike();
}
END_TEST

/* ---- failure ---- */

/* async def main():
 *     t = asyncio.create_task(count_up("A", 4))
 *     try: await asyncio.gather(t, fail(.7))
 *     except ValueError as e: p("caught", e, "A done?", t.done())
 *     await t
 */
struct failure_scene {
    struct counter counter;
    struct actor boom;
    struct task *tasks[2];
    int results[2];
    struct made gather;
};

static void failure_main(struct task *t)
{
    struct failure_scene *f = t->frame;

    TASK_BEGIN(t);
    f->tasks[0] = task_spawn(t->sched, count_up, &f->counter);
    f->tasks[1] = spawn_actor(&f->boom);
    MADE(&f->gather, 3, task_gather(t->sched, f->tasks, 2, f->results));
    TASK_AWAIT(t, f->gather.task);
    trace("caught %s A done? %s", result_text(task_result(f->gather.task)),
          task_done(f->tasks[0]) ? "True" : "False");
    TASK_AWAIT(t, f->tasks[0]);
    TASK_END(t);
}

START_TEST(the_first_failure_is_told_at_its_time)
{
    struct sched *s = begin();
    struct failure_scene f = {.counter = {"A", 4, 0}, .results = {UNWRITTEN, UNWRITTEN}};
    f.boom = (struct actor){.name = "boom", .work_ms = 700, .result = -ENODATA};
    struct task *scene = task_spawn(s, failure_main, &f);

    run_loop();
    expect_done("who awaits the gather and then A", scene);
    expect_trace("0.000  A: 0\n0.500  A: 1\n0.700  caught -ENODATA A done? False\n"
                 "1.000  A: 2\n1.500  A: 3\n2.000  A done\n");
    expect_ended(&f.gather, -ENODATA, 700);
    /* A has ended since, but the results were those of 0.700 */
    expect_results(f.gather.call, (const int[]){-EINPROGRESS, -ENODATA}, f.results, 2);
    task_free(scene);
    task_free(f.tasks[0]);
    strike();
}
END_TEST

START_TEST(a_second_failure_changes_nothing)
{
    struct sched *s = begin();
    int *results = calloc(3, sizeof(*results));
    struct actor a[] = {{.name = "A", .work_ms = 300, .result = -EOVERFLOW},
                        {.name = "B", .work_ms = 500, .result = 1},
                        {.name = "C", .work_ms = 100, .result = -ENODATA}};
    struct task *tasks[] = {spawn_actor(&a[0]), spawn_actor(&a[1]), spawn_actor(&a[2])};
    struct made m;

    MADE(&m, 3, task_gather(s, tasks, 3, results));
    run_loop_for(200);
    expect_ended(&m, -ENODATA, 100);
    free(results); /* its owner may, as the gather has ended */
    run_loop();
    expect_ended(&m, -ENODATA, 100);
    for (int i = 0; i < 3; i++)
        expect_undisturbed(&a[i], "task_gather(), which has failed");
    strike();
}
END_TEST

START_TEST(two_fail_at_the_same_time)
{
    struct sched *s = begin();
    int results[3];
    struct actor a[] = {{.name = "A", .work_ms = 100, .result = -EOVERFLOW},
                        {.name = "B", .work_ms = 100, .result = -ENODATA},
                        {.name = "C", .work_ms = 300, .result = 3}};
    struct task *tasks[] = {spawn_actor(&a[0]), spawn_actor(&a[1]), spawn_actor(&a[2])};
    struct made m, too_late;

    MADE(&m, 3, task_gather(s, tasks, 3, results));
    run_loop_for(200);
    if (task_result(m.task) != -EOVERFLOW)
        expect_ended(&m, -ENODATA, 100);
    MADE(&too_late, 3, task_gather(s, &tasks[1], 2, results)); /* B had failed before */
    run_loop();
    expect_ended(&too_late, -ENODATA, 200);
    expect_undisturbed(&a[2], "task_gather(), which has failed");
    strike();
}
END_TEST

START_TEST(a_cancelled_task_is_a_failure)
{
    struct sched *s = begin();
    int results[2];
    struct actor a = {.name = "A", .work_ms = 300}, b = {.name = "B", .work_ms = 500};
    struct task *tasks[] = {spawn_actor(&a), spawn_actor(&b)};
    struct made m;

    MADE(&m, 3, task_gather(s, tasks, 2, results));
    after(100, on_cancel, a.task);
    run_loop();
    expect_ended(&m, -ECANCELED, 100);
    expect_undisturbed(&b, "task_gather(), one of whose tasks was cancelled by its owner");
    strike();
}
END_TEST

#endif
