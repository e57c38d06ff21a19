/* p9_rate_tests.h: how many attempts may begin in a second, for check_p9_work_queue.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P9_RATE_TESTS_H
#define P9_RATE_TESTS_H

#include "p9_shown.h"

/* ---- so many a second ---- */

static struct wq_options with_rate(int rate, int burst)
{
    struct wq_options options = options_of(100, 100);

    options.rate_per_s = rate;
    options.burst = burst;
    return options;
}

/* A third of a second is no whole number of milliseconds: nothing gets lost all the same. */
START_TEST(three_a_second)
{
    const struct wq_options options = with_rate(3, 1);
    struct shop shop;
    struct task tasks[7];

    shop_begin(&shop, &options, SHOW_RUN);
    tasks_of(&shop, tasks, "abcdefg", 10);
    put_all(tasks, 7);
    run_queue();
    expect_in_order(&shop, "0.000  a: runs\n"
                           "0.334  b: runs\n"
                           "0.667  c: runs\n"
                           "1.000  d: runs\n"
                           "1.334  e: runs\n"
                           "1.667  f: runs\n"
                           "2.000  g: runs\n");
    shop_close(&shop, tasks, 7);
}
END_TEST

/* What has been saved up is spent at once, and no more than `burst` is saved up. */
START_TEST(a_rush_after_a_rest)
{
    const struct wq_options options = with_rate(10, 3);
    struct shop shop;
    struct task tasks[8];

    shop_begin(&shop, &options, SHOW_RUN);
    tasks_of(&shop, tasks, "abcdefgh", 10);
    run_queue_for(250);
    put_all(tasks, 5);
    run_queue_for(240); /* 40 ms of the next token */
    put_all(tasks + 5, 1);
    run_queue_for(1000);
    put_all(tasks + 6, 2);
    run_queue();
    expect_shown(&shop, "0.250  a: runs\n"
                        "0.250  b: runs\n"
                        "0.250  c: runs\n"
                        "0.350  d: runs\n"
                        "0.450  e: runs\n"
                        "0.550  f: runs\n"
                        "1.490  g: runs\n"
                        "1.490  h: runs\n");
    shop_close(&shop, tasks, 8);
}
END_TEST

/* In a pause tokens come, but nobody takes them. */
START_TEST(tokens_come_in_a_pause)
{
    const struct wq_options options = with_rate(10, 3);
    struct shop shop;
    struct task tasks[7];

    shop_begin(&shop, &options, SHOW_RUN);
    tasks_of(&shop, tasks, "abcdefg", 10);
    put_all(tasks, 7);
    run_queue_for(150);
    trace("wq_pause()");
    wq_pause(shop.q);
    run_queue_for(150);
    trace("wq_resume()");
    wq_resume(shop.q);
    run_queue();
    expect_shown(&shop, "0.000  a: runs\n"
                        "0.000  b: runs\n"
                        "0.000  c: runs\n"
                        "0.100  d: runs\n"
                        "0.150  wq_pause()\n"
                        "0.300  wq_resume()\n"
                        "0.300  e: runs\n"
                        "0.300  f: runs\n"
                        "0.400  g: runs\n");
    shop_close(&shop, tasks, 7);
}
END_TEST

/* Full from 0.100 on: what comes until 0.140 is lost. */
START_TEST(a_full_bucket_keeps_no_part)
{
    const struct wq_options options = with_rate(10, 2);
    struct shop shop;
    struct task tasks[4];

    shop_begin(&shop, &options, SHOW_RUN);
    tasks_of(&shop, tasks, "abcd", 10);
    put_all(tasks, 1);
    run_queue_for(140);
    put_all(tasks + 1, 3);
    run_queue();
    expect_shown(&shop, "0.000  a: runs\n"
                        "0.140  b: runs\n"
                        "0.140  c: runs\n"
                        "0.240  d: runs\n");
    shop_close(&shop, tasks, 4);
}
END_TEST

/* Each attempt takes a token, and the job waits for it in the queue: a slot is taken. */
START_TEST(attempts_count_not_jobs)
{
    struct wq_options options = with_rate(10, 1);
    struct shop shop;
    struct task tasks[3];

    options.max_attempts = 2;
    options.capacity = 1;
    shop_begin(&shop, &options, SHOW_RUN | SHOW_PUT);
    tasks_of(&shop, tasks, "abc", 10);
    tasks[0].fails = 1;
    tasks[0].err = -EIO;
    put_as(&tasks[0], 1);
    put(&tasks[1]);
    put(&tasks[2]);
    run_queue();
    expect_shown(&shop, "0.000  a: put\n"
                        "0.000  a: runs\n"
                        "0.000  b: put\n"
                        "0.100  a: runs\n"
                        "0.200  b: runs\n"
                        "0.200  c: put\n"
                        "0.300  c: runs\n");
    shop_close(&shop, tasks, 3);
}
END_TEST

/* The largest numbers, after a rest of ten years. */
START_TEST(a_large_bucket)
{
    const struct wq_options options = with_rate(INT_MAX, INT_MAX);
    struct shop shop;
    struct task tasks[3];

    shop_begin(&shop, &options, 0);
    tasks_of(&shop, tasks, "abc", 10);
    put_all(tasks, 1);
    run_queue_for(10);
    vclock_advance_to(INT64_C(10) * 365 * 86400 * 1000000000);
    put_all(tasks + 1, 2);
    run_queue_for(0);
    if (shop.begun != 3)
        fail_test(
            "rate_per_s and burst are INT_MAX, after ten years\nexpected  3 attempts at once\n"
            "got       %d",
            shop.begun);
    run_queue();
    shop_close(&shop, tasks, 3);
}
END_TEST

#endif
