/* p5_pool_tests.h: the tests of pool_run() and of the limit, for check_p5_file_processor.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P5_POOL_TESTS_H
#define P5_POOL_TESTS_H

#include "p5_works.h"

/* ---- callbacks on the loop's thread ---- */

START_TEST(work_is_done_on_a_worker)
{
    struct task t = {.ms = 100, .result = 7}, fails = {.ms = 50, .result = -EIO};

    open_pool(2, 4);
    RUN(&t);
    RUN(&fails);
    run_loop();
    expect_task(&t, 7, 100);
    expect_task(&fails, -EIO, 50);
    if (now_ms() != 100)
        fail_test("an idle pool should not keep the loop running\nexpected  the loop's end at "
                  "0.100\ngot       %.3f",
                  now_ms() / 1000.0);
    close_pool();
}
END_TEST

/* A loop that sleeps until a timer at 1.000 is woken before. */
START_TEST(a_sleeping_loop_is_woken)
{
    struct task t = {.ms = 100, .result = 7};

    open_pool(1, 1);
    after(1000, trace_tick, NULL);
    RUN(&t);
    run_loop();
    expect_task(&t, 7, 100);
    close_pool();
}
END_TEST

START_TEST(threads_are_refused)
{
    faults.no_locks = true;
    const int result = pool_init();
    const bool refused = !faults.no_locks; /* who wakes the loop by other means asks for none */

    faults.no_locks = false;
    if (refused && result >= 0)
        fail_test("libevent has no locks to give\nexpected  pool_init() returns a negative errno\n"
                  "got       %s",
                  result_text(result));
}
END_TEST

START_TEST(all_workers_work_and_each_callback_comes_once)
{
    enum { N = 50, WORKERS = 3 };
    struct task tasks[N];

    memset(tasks, 0, sizeof(tasks));
    open_pool(WORKERS, N);
    for (int i = 0; i < N; i++) {
        tasks[i].ms = 10;
        tasks[i].result = i;
        RUN(&tasks[i]);
    }
    run_loop();
    for (int i = 0; i < N; i++) {
        expect_task(&tasks[i], i, (i / WORKERS + 1) * 10);
        if (tasks[i].begun != 1)
            fail_test("operation %d of %d: times that it was begun\nexpected  1\ngot       %d", i,
                      N, tasks[i].begun);
    }
    close_pool();
}
END_TEST

START_TEST(the_first_comes_first)
{
    enum { N = 5 };
    struct task tasks[N] = {{.ms = 0}};

    open_pool(1, N);
    works_begun = 0;
    for (int i = 0; i < N; i++)
        RUN(&tasks[i]);
    run_loop();
    for (int i = 0; i < N; i++)
        if (tasks[i].order != i + 1)
            fail_test("operations should be begun in the order in which they came\n"
                      "expected  number %d as the %d.\ngot       as the %d.",
                      i + 1, i + 1, tasks[i].order);
    close_pool();
}
END_TEST

static void run_task(void *arg)
{
    struct task *t = arg;
    RUN(t);
}

static void run_next(struct outcome *o)
{
    run_task(o->arg);
}

/* Each callback starts the next operation, from idle to idle. */
START_TEST(a_callback_may_start_the_next)
{
    struct task tasks[3] = {{.ms = 30}, {.ms = 20, .result = 1}, {.ms = 10, .result = 2}};

    open_pool(1, 1);
    for (int i = 0; i < 2; i++) {
        tasks[i].o.then = run_next;
        tasks[i].o.arg = &tasks[i + 1];
    }
    RUN(&tasks[0]);
    run_loop();
    expect_task(&tasks[0], 0, 30);
    expect_task(&tasks[1], 1, 50);
    expect_task(&tasks[2], 2, 60);
    close_pool();
}
END_TEST

START_TEST(who_has_no_work_sleeps_until_it_is_woken)
{
    struct task first = {.ms = 0}, second = {.ms = 0};
    long before = vwait_sleeps();

    open_pool(2, 2);
    RUN(&first);
    run_loop();
    after(500, run_task, &second);
    run_loop();
    long slept = vwait_sleeps() - before;
    if (slept > 0)
        fail_test("workers without work slept (usleep() or the like) %ld times in 0.500 s; who "
                  "waits for work is woken, and does not look for it again and again",
                  slept);
    expect_task(&second, 0, 500);
    if (wakes_by_itself())
        fail_test("workers without work\nexpected  sleep until there is work\n"
                  "got       wake up again and again, and look (a wait with a time-out?)");
    close_pool();
}
END_TEST

START_TEST(one_without_a_release_or_a_handle)
{
    struct outcome o = {.name = "t"};
    struct task t = {.o = {.call = "work", .returned = true}, .result = 3};

    open_pool(1, 1);
    START(&o, TODO_POOL, pool_run(stage.pool, work, on_op, NULL, &t, NULL));
    run_loop();
    expect_outcome(&t.o, 3, 0);
    close_pool();
}
END_TEST

/* ---- the limit ---- */

static void expect_room(const char *when, bool room, struct task *t)
{
    int result = pool_run(stage.pool, work, on_op, release, t, &t->o.op);

    t->o.call = "pool_run(), refused";
    t->o.returned = true;
    if (result != (room ? 0 : -EAGAIN))
        fail_test("%s: pool_run()\nexpected  %s\ngot       %s", when,
                  result_text(room ? 0 : -EAGAIN), result_text(result));
}

static struct task more[4];

static void on_one_ended(struct outcome *o)
{
    if (o->arg != NULL)
        expect_room("in the callback of one that has ended", true, o->arg);
    expect_room("when its place has been taken again", false, &more[3]);
}

START_TEST(no_more_than_max_ops_are_accepted)
{
    for (int threads = 1; threads <= 4; threads += 3) {
        struct task tasks[3] = {{.ms = 10}, {.ms = 20}, {.ms = 30}};
        memset(more, 0, sizeof(more));
        open_pool(threads, 3);
        int begin = now_ms();
        for (int i = 0; i < 3; i++)
            RUN(&tasks[i]);
        expect_room("3 of 3 places are taken", false, &more[2]);
        vwait_settle(); /* a worker has begun one: it is still not told */
        expect_room("3 of 3 places are taken, and a worker has begun", false, &more[2]);
        tasks[0].o.then = on_one_ended;
        tasks[0].o.arg = &more[0];
        run_loop();
        expect_task(&tasks[0], 0, begin + 10);
        if (more[0].o.calls != 1 || more[2].o.calls + more[3].o.calls + more[3].released > 0)
            fail_test("callbacks of an operation that was accepted, and of those that were not\n"
                      "expected  1 and 0\ngot       %d and %d",
                      more[0].o.calls, more[2].o.calls + more[3].o.calls);
        expect_room("all have ended", true, &more[1]);
        run_loop();
        close_pool();
    }
}
END_TEST

static void ignore_afile(int64_t result, const char *bytes, void *arg)
{
    (void)result;
    (void)bytes;
    (void)arg;
    fail_test("the callback of a call that was refused was called");
}

START_TEST(the_limit_holds_for_files)
{
    struct task t = {.ms = 10};

    open_pool(2, 1);
    RUN(&t);
    REFUSED(-EAGAIN, afile_open(stage.pool, path_of("in"), O_RDONLY, 0, ignore_afile, NULL, NULL));
    REFUSED(-EAGAIN, afile_write_at(stage.pool, 0, "abc", 3, 0, ignore_afile, NULL, NULL));
    run_loop();
    expect_task(&t, 0, 10);
    close_pool();
}
END_TEST

START_TEST(a_pool_of_nothing)
{
    struct task t = {.ms = 10};

    open_pool(1, 1);
    RUN(&t); /* it is written */
    run_loop();
    if (pool_new(test_base(), 0, 1) != NULL || pool_new(test_base(), 1, 0) != NULL ||
        pool_new(test_base(), -1, 1) != NULL)
        fail_test("a pool without workers or places\nexpected  NULL\ngot       a pool");
    close_pool();
}
END_TEST

#endif
