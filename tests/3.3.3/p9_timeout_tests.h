/* p9_timeout_tests.h: attempts that take too long, for check_p9_work_queue.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P9_TIMEOUT_TESTS_H
#define P9_TIMEOUT_TESTS_H

#include "p9_retry_tests.h"

/* ---- its time is over ---- */

static struct wq_options with_timeout(int workers, int ms)
{
    struct wq_options options = options_of(9, workers);

    options.job_timeout_ms = ms;
    return options;
}

/* The worker is free when the attempt has ended, not when its time is over. */
START_TEST(it_is_waited_for)
{
    const struct wq_options options = with_timeout(1, 50);
    struct shop shop;
    struct task tasks[2];

    shop_begin(&shop, &options, SHOW_RUN | SHOW_BREAK | SHOW_END);
    tasks_of(&shop, tasks, "ab", 100);
    tasks[0].obeys = true;
    tasks[0].obeys_ms = 30;
    tasks[1].ms = 40;
    put_all(tasks, 2);
    run_queue();
    expect_shown(&shop, "0.000  a: runs\n"
                        "0.050  a: breaks off\n"
                        "0.080  a: ended -ETIMEDOUT\n"
                        "0.080  b: runs\n"
                        "0.120  b: ended\n");
    expect_loop_ends_at(120);
    expect_job(&tasks[0], "a dead letter", 1, -ETIMEDOUT);
    expect_dead(wq_dead_first(shop.q), &tasks[0]);
    shop_close(&shop, tasks, 2);
}
END_TEST

/* Each has its own time, from its begin on; and so does each attempt. */
START_TEST(each_attempt_has_its_time)
{
    struct wq_options options = with_timeout(2, 50);
    struct shop shop;
    struct task tasks[3];

    options.max_attempts = 2;
    options.backoff_ms = 25;
    shop_begin(&shop, &options, SHOW_RUN | SHOW_BREAK | SHOW_END);
    tasks_of(&shop, tasks, "abc", 100);
    tasks[0].obeys = tasks[2].obeys = true;
    tasks[1].ms = 20;
    put_all(tasks, 3);
    run_queue();
    expect_shown(&shop, "0.000  a: runs\n"
                        "0.000  b: runs\n"
                        "0.020  b: ended\n"
                        "0.020  c: runs\n"
                        "0.050  a: breaks off\n"
                        "0.070  c: breaks off\n"
                        "0.075  a: runs\n"
                        "0.095  c: runs\n"
                        "0.125  a: breaks off\n"
                        "0.125  a: ended -ETIMEDOUT\n"
                        "0.145  c: breaks off\n"
                        "0.145  c: ended -ETIMEDOUT\n");
    shop_close(&shop, tasks, 3);
}
END_TEST

static void fail_in_time(struct task *t)
{
    t->fails = t->attempts;
    t->err = -EACCES;
    work_for(t, t->attempts == 1 ? 100 : 10);
}

/* Each attempt fails in its own way. */
START_TEST(the_last_attempt_counts)
{
    struct wq_options options = with_timeout(1, 50);
    struct shop shop;
    struct task tasks[1];

    options.max_attempts = 2;
    shop_begin(&shop, &options, SHOW_END);
    tasks_of(&shop, tasks, "a", BY_HAND);
    tasks[0].on_run = fail_in_time;
    tasks[0].obeys = true;
    put_all(tasks, 1);
    run_queue();
    expect_shown(&shop, "0.060  a: ended -EACCES\n");
    shop_close(&shop, tasks, 1);
}
END_TEST

static void ignore(struct task *t)
{
    (void)t;
}

static void ends_well(struct task *t)
{
    t->fails = 0;
    finish(t);
}

/* It was asked to end, and is done: so it is done. It was asked once. */
START_TEST(done_however_late)
{
    struct wq_options options = with_timeout(3, 50);
    struct shop shop;
    struct task tasks[3];

    options.max_attempts = 2;
    shop_begin(&shop, &options, SHOW_BREAK | SHOW_END);
    tasks_of(&shop, tasks, "abc", 500);
    tasks[0].on_break = ignore;
    tasks[1].on_break = ends_well;
    tasks[2].on_break = ignore;
    tasks[2].fails = 1;
    tasks[2].err = -EIO;
    put_all(tasks, 3);
    run_queue_for(300);
    tasks[2].ms = 10;
    run_queue();
    expect_shown(&shop, "0.050  a: breaks off\n"
                        "0.050  b: breaks off\n"
                        "0.050  c: breaks off\n"
                        "0.050  b: ended\n"
                        "0.500  a: ended\n"
                        "0.510  c: ended\n");
    shop_close(&shop, tasks, 3);
}
END_TEST

/* One that ends in time leaves no timer, and its time does not count for the next one. */
START_TEST(in_time)
{
    const struct wq_options options = with_timeout(1, 50);
    struct shop shop;
    struct task tasks[3];

    shop_begin(&shop, &options, SHOW_BREAK | SHOW_END);
    tasks_of(&shop, tasks, "abc", 40);
    tasks[2].ms = 0;
    put_all(tasks, 3);
    expect_loop_ends_at(80);
    expect_shown(&shop, "0.040  a: ended\n"
                        "0.080  b: ended\n"
                        "0.080  c: ended\n");
    shop_close(&shop, tasks, 3);
}
END_TEST

/* It holds up the loop itself, which cannot find that its time is over. */
START_TEST(over_before_anybody_looks)
{
    const struct wq_options options = with_timeout(1, 50);
    struct shop shop;
    struct task tasks[1];

    shop_begin(&shop, &options, SHOW_BREAK | SHOW_END);
    tasks_of(&shop, tasks, "a", 0);
    tasks[0].busy_ms = 80;
    tasks[0].fails = 1;
    tasks[0].err = -EIO;
    put_all(tasks, 1);
    run_queue();
    expect_shown(&shop, "0.080  a: ended -EIO\n");
    shop_close(&shop, tasks, 1);
}
END_TEST

START_TEST(no_way_to_break_it_off)
{
    struct wq_options options = with_timeout(1, 50);
    struct shop shop = {.options = options, .workers = 1, .show = SHOW_END};
    struct task tasks[1];

    options.handler = (struct wq_handler){on_run, NULL, on_ended, &shop};
    shop.q = wq_new(test_base(), &options);
    ck_assert_ptr_nonnull(shop.q);
    tasks_of(&shop, tasks, "a", 80);
    tasks[0].fails = 1;
    tasks[0].err = -EIO;
    put_all(tasks, 1);
    run_queue();
    expect_shown(&shop, "0.080  a: ended -ETIMEDOUT\n");
    shop_close(&shop, tasks, 1);
}
END_TEST

static int64_t broken_off_at;

static void note_and_free(struct task *t)
{
    broken_off_at = wq_now(t->shop->q) - t->shop->start;
    free_queue(t);
}

START_TEST(a_long_time_and_a_queue_freed_by_cancel)
{
    const struct wq_options options = with_timeout(2, INT_MAX);
    struct shop shop;
    struct task tasks[2];

    broken_off_at = -1;
    shop_begin(&shop, &options, 0);
    tasks_of(&shop, tasks, "ab", BY_HAND);
    tasks[0].on_break = tasks[1].on_break = note_and_free;
    run_queue_for(10);
    put_all(tasks, 2);
    run_queue();
    if (broken_off_at != INT64_C(10) + INT_MAX)
        fail_test("job_timeout_ms is INT_MAX, the job begins at 10 ms\n"
                  "expected  cancel() at %lld ms\ngot       %lld (-1: never)",
                  10LL + INT_MAX, (long long)broken_off_at);
    tasks_end(tasks, 2);
}
END_TEST

START_TEST(no_memory_for_its_timer)
{
    struct shop shop; /* only for its address */

    each_allocation_fails(fail_without_memory, &shop);
}
END_TEST

#endif
