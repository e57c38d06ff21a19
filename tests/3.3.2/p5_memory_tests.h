/* p5_memory_tests.h: the tests of memory that runs out, for check_p5_file_processor.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P5_MEMORY_TESTS_H
#define P5_MEMORY_TESTS_H

#include "p5_many_tests.h"

/* ---- for the pool, or for a file ---- */

static void shut_down_at_once(void)
{
    REFUSED(0, pool_shutdown(stage.pool, on_end, NULL));
    run_loop();
}

static void on_file_or_nothing(int result, const struct file_report *report, void *arg)
{
    on_file(result, report, arg);
    if (result != 0 && result != -ENOMEM)
        fail_test("memory ran out: file_process()\nexpected  0 or -ENOMEM\ngot       %s",
                  result_text(result));
}

static void all_without_memory(void *unused)
{
    struct outcome o = {.returned = true}, file = {.returned = true};
    struct file_job job = {path_of("in"), path_of("out")};
    struct pool *pool = pool_init() == 0 ? pool_new(test_base(), 2, 3) : NULL;
    (void)unused;

    stage.ended = 0;
    if (pool == NULL) {
        ck_assert_int_eq(vthreads_left(), 0);
        return;
    }
    int opened = afile_open(pool, path_of("missing"), O_RDONLY, 0, on_afile, &o, NULL);
    int begun = file_process(pool, &job, &backwards, on_file_or_nothing, &file, NULL);
    int ended = -ENOMEM;
    for (int i = 0; i < 2 && ended == -ENOMEM; i++)
        ended = pool_shutdown(pool, on_end, NULL);
    run_loop();
    if (o.calls != (opened == 0) || file.calls != (begun == 0) || stage.ended != 1)
        fail_test("memory ran out: who was told 0 gets a callback, and nobody else\n"
                  "expected  %d, %d, 1 callbacks\ngot       %d, %d, %d",
                  opened == 0, begun == 0, o.calls, file.calls, stage.ended);
    unlink(path_of("out"));
}

static void idle_without_memory(void *unused)
{
    struct pool *pool = pool_init() == 0 ? pool_new(test_base(), 1, 1) : NULL;
    int ended = -ENOMEM;
    (void)unused;

    stage.ended = 0;
    for (int i = 0; pool != NULL && i < 2 && ended == -ENOMEM; i++)
        ended = pool_shutdown(pool, on_end, NULL);
    run_loop();
    if (pool != NULL && stage.ended != 1)
        fail_test("memory ran out: pool_shutdown() that returned 0\nexpected  1 callback\n"
                  "got       %d",
                  stage.ended);
}

START_TEST(memory_runs_out)
{
    open_pool(1, 1); /* it is written */
    shut_down_at_once();
    write_text("in", "one\ntwo\n");
    each_allocation_fails(all_without_memory, NULL);
    each_allocation_fails(idle_without_memory, NULL);
    unlink(path_of("in"));
    rmdir(stage.folder);
}
END_TEST

/* ---- for one of many files ---- */

static void ignore_each(int i, int result, const struct file_report *report, void *arg)
{
    (void)i;
    (void)report;
    if (result != 0 && result != -ENOMEM)
        fail_test("memory ran out: each()\nexpected  0 or -ENOMEM\ngot       %s",
                  result_text(result));
    ++*(int *)arg;
}

static int n_all;

static void count_all(int result, void *arg)
{
    (void)result;
    (void)arg;
    n_all++;
}

static void many_without_memory(void *arg)
{
    struct many *m = arg;
    struct pool *pool = pool_init() == 0 ? pool_new(test_base(), 2, 2) : NULL;
    int told = 0;

    n_all = 0;
    if (pool == NULL)
        return;
    int result =
        file_process_many(pool, m->jobs, 3, 2, &pairs, ignore_each, count_all, &told, NULL);
    int ended = pool_shutdown(pool, NULL, NULL);
    if (ended == -ENOMEM)
        (void)pool_shutdown(pool, NULL, NULL);
    run_loop();
    if (told != (result == 0 ? 3 : 0) || n_all != (result == 0))
        fail_test(
            "memory ran out: file_process_many() returned %s\nexpected  %d calls of each(), %d "
            "of the other\ngot       %d and %d",
            result_text(result), result == 0 ? 3 : 0, result == 0, told, n_all);
}

START_TEST(no_memory_for_some_of_them)
{
    struct many m;

    open_pool(1, 1);
    make_jobs(&m, "112");
    start_many(&m, 3, 1); /* it is written */
    run_loop();
    close_pool();
    if (stage.ended != 1)
        return;
    mkdir(stage.folder, 0700);
    make_jobs(&m, "112");
    each_allocation_fails(many_without_memory, &m);
    open_pool(1, 1);
    end_many();
}
END_TEST

#endif
