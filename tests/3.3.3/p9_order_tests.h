/* p9_order_tests.h: who is run when, and by how many workers, for check_p9_work_queue.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P9_ORDER_TESTS_H
#define P9_ORDER_TESTS_H

#include "p9_shown.h"

/* ---- the order ---- */

START_TEST(as_they_came)
{
    struct shop shop;
    struct task tasks[5];
    const struct wq_options options = options_of(10, 1);

    shop_begin(&shop, &options, SHOW_RUN);
    tasks_of(&shop, tasks, "abcde", 10);
    put_all(tasks, 5);
    run_queue();
    expect_in_order(&shop, "0.000  a: runs\n"
                           "0.010  b: runs\n"
                           "0.020  c: runs\n"
                           "0.030  d: runs\n"
                           "0.040  e: runs\n");
    shop_close(&shop, tasks, 5);
}
END_TEST

START_TEST(higher_ones_first)
{
    static const int priorities[] = {3, 0, 7, 3, 0, 6, 7, 1};
    struct shop shop;
    struct task tasks[8];
    const struct wq_options options = options_of(10, 1);

    shop_begin(&shop, &options, SHOW_RUN);
    tasks_of(&shop, tasks, "abcdefgh", 10);
    for (int k = 0; k < 8; k++)
        put_as(&tasks[k], priorities[k]);
    run_queue();
    expect_in_order(&shop, "0.000  c: runs\n"
                           "0.010  g: runs\n"
                           "0.020  f: runs\n"
                           "0.030  a: runs\n"
                           "0.040  d: runs\n"
                           "0.050  h: runs\n"
                           "0.060  b: runs\n"
                           "0.070  e: runs\n");
    shop_close(&shop, tasks, 8);
}
END_TEST

/* One that comes later is before those that wait, but what runs is not disturbed. */
START_TEST(a_high_one_comes_late)
{
    struct shop shop;
    struct task tasks[4];
    const struct wq_options options = options_of(10, 1);

    shop_begin(&shop, &options, SHOW_RUN | SHOW_BREAK);
    tasks_of(&shop, tasks, "abcd", 100);
    put_as(&tasks[0], 1);
    put_as(&tasks[1], 1);
    put_as(&tasks[2], 1);
    run_queue_for(50);
    CALL(0, "with slots free", wq_try_put(shop.q, &tasks[3].job, 2));
    run_queue();
    expect_in_order(&shop, "0.000  a: runs\n"
                           "0.100  d: runs\n"
                           "0.200  b: runs\n"
                           "0.300  c: runs\n");
    shop_close(&shop, tasks, 4);
}
END_TEST

/* The queue is woken by it alone; and a priority is that of one put. */
START_TEST(each_put_has_its_priority)
{
    struct shop shop;
    struct task tasks[3];
    const struct wq_options options = options_of(10, 1);

    shop_begin(&shop, &options, SHOW_RUN);
    tasks_of(&shop, tasks, "abc", 10);
    for (int k = 0; k < 2; k++) {
        CALL(0, "with slots free", wq_try_put(shop.q, &tasks[k].job, 5 * k));
        run_queue();
        if (shop.begun != k + 1)
            fail_test("a wq_try_put() that returned 0, and nothing else\n"
                      "expected  run() of its job\ngot       no call: is the loop woken?");
    }
    put_as(&tasks[2], 3);
    put_as(&tasks[1], 0);
    put_as(&tasks[0], 5);
    run_queue();
    expect_in_order(&shop, "0.000  a: runs\n"
                           "0.010  b: runs\n"
                           "0.020  a: runs\n"
                           "0.030  c: runs\n"
                           "0.040  b: runs\n");
    shop_close(&shop, tasks, 3);
}
END_TEST

START_TEST(a_priority_that_there_is_not)
{
    static const int wrong[] = {-1, WQ_PRIORITIES, INT_MIN, INT_MAX};
    struct shop shop;
    struct task tasks[1];
    const struct wq_options options = options_of(1, 1);

    shop_begin(&shop, &options, SHOW_RUN | SHOW_PUT);
    tasks_of(&shop, tasks, "a", 10);
    for (int k = 0; k < 4; k++) {
        CALL(-EINVAL, "with a priority that there is not",
             wq_put(shop.q, &tasks[0].job, wrong[k], on_put, &tasks[0]));
        CALL(-EINVAL, "with a priority that there is not",
             wq_try_put(shop.q, &tasks[0].job, wrong[k]));
    }
    run_queue_for(10);
    put_as(&tasks[0], WQ_PRIORITIES - 1);
    run_queue();
    expect_shown(&shop, "0.010  a: put\n"
                        "0.010  a: runs\n");
    shop_close(&shop, tasks, 1);
}
END_TEST

static void on_refused_put(int err, void *arg)
{
    const struct task *t = arg;

    fail_test("wq_put() of %s returned -EBUSY the second time\n"
              "expected  the cb of the first wq_put() is called\n"
              "got       that of the second one, with %s",
              t->name, result_text(err));
}

static void expect_busy(struct task *t, const char *when)
{
    CALL(-EBUSY, when, wq_put(t->shop->q, &t->job, 7, on_refused_put, t));
    CALL(-EBUSY, when, wq_try_put(t->shop->q, &t->job, 7));
}

static void is_free_again(struct task *t)
{
    t->on_end = NULL;
    put(t);
}

/* In each state but the first one and the last. The first put is the one that counts. */
START_TEST(one_that_is_put_already)
{
    struct shop shop;
    struct task tasks[3];
    const struct wq_options options = options_of(1, 1);

    shop_begin(&shop, &options, SHOW_PUT | SHOW_RUN | SHOW_END);
    tasks_of(&shop, tasks, "abc", 10);
    tasks[0].ms = BY_HAND;
    put_all(tasks, 1);
    expect_busy(&tasks[0], "when it is accepted, and nobody has been told");
    run_queue_for(10);
    put_all(tasks + 1, 2);
    expect_busy(&tasks[0], "when it runs");
    expect_busy(&tasks[1], "when it waits for a worker");
    expect_busy(&tasks[2], "when it waits for a slot");
    finish(&tasks[0]);
    expect_busy(&tasks[0], "when it is done, and ended() is to come");
    tasks[1].on_end = is_free_again;
    run_queue();
    expect_shown(&shop, "0.000  a: put\n"
                        "0.000  a: runs\n"
                        "0.010  b: put\n"
                        "0.010  a: ended\n"
                        "0.010  b: runs\n"
                        "0.010  c: put\n"
                        "0.020  b: ended\n"
                        "0.020  b: put\n"
                        "0.020  c: runs\n"
                        "0.030  c: ended\n"
                        "0.030  b: runs\n"
                        "0.040  b: ended\n");
    shop_close(&shop, tasks, 3);
}
END_TEST

/* ---- the workers ---- */

START_TEST(all_workers_work)
{
    static const int ms[] = {30, 10, 40, 20, 10, 30};
    struct shop shop;
    struct task tasks[6];
    const struct wq_options options = options_of(10, 3);

    shop_begin(&shop, &options, SHOW_RUN | SHOW_END);
    tasks_of(&shop, tasks, "abcdef", 0);
    for (int k = 0; k < 6; k++)
        tasks[k].ms = ms[k];
    put_all(tasks, 6);
    run_queue();
    expect_shown(&shop, "0.000  a: runs\n"
                        "0.000  b: runs\n"
                        "0.000  c: runs\n"
                        "0.010  b: ended\n"
                        "0.010  d: runs\n"
                        "0.030  a: ended\n"
                        "0.030  d: ended\n"
                        "0.030  e: runs\n"
                        "0.030  f: runs\n"
                        "0.040  c: ended\n"
                        "0.040  e: ended\n"
                        "0.060  f: ended\n");
    shop_close(&shop, tasks, 6);
}
END_TEST

START_TEST(more_workers_than_jobs)
{
    struct shop shop;
    struct task tasks[3];
    const struct wq_options options = options_of(INT_MAX, INT_MAX);

    shop_begin(&shop, &options, SHOW_END);
    tasks_of(&shop, tasks, "abc", 10);
    put_all(tasks, 3);
    run_queue();
    expect_shown(&shop, "0.010  a: ended\n"
                        "0.010  b: ended\n"
                        "0.010  c: ended\n");
    shop_close(&shop, tasks, 3);
}
END_TEST

/* Done inside run(): each in its turn, however many they are, with one worker. */
START_TEST(done_inside_run)
{
    struct shop shop;
    struct task tasks[300];
    const struct wq_options options = options_of(300, 1);

    shop_begin(&shop, &options, 0);
    for (int k = 0; k < 300; k++)
        tasks[k] = task_of(&shop, "a job that is done inside run()", 0);
    put_all(tasks, 300);
    run_queue();
    if (shop.ended != 300 || shop.most != 1)
        fail_test("300 jobs are done inside run(), by one worker\n"
                  "expected  300 ended(), 1 job at a time\ngot       %d ended(), %d at a time",
                  shop.ended, shop.most);
    shop_close(&shop, tasks, 300);
}
END_TEST

/* Each that has ended is put again, until the timer has come. */
static void again_until_served(struct task *t)
{
    static struct guest guest;

    if (t->attempts == 1)
        guest = (struct guest){0};
    if (!guest_is_served(&guest))
        put(t);
}

START_TEST(a_timer_is_served_meanwhile)
{
    struct shop shop;
    struct task tasks[1];
    const struct wq_options options = options_of(1, 1);

    shop_begin(&shop, &options, 0);
    tasks_of(&shop, tasks, "a", 0);
    tasks[0].on_end = again_until_served;
    put_all(tasks, 1);
    run_queue();
    ck_assert_int_gt(shop.ended, 0);
    shop_close(&shop, tasks, 1);
}
END_TEST

static void done_twice(struct task *t)
{
    finish(t);
    CALL(-EALREADY, "a second time for one attempt", wq_done(t->shop->q, &t->job, 0));
    CALL(-EALREADY, "a third time, with an error", wq_done(t->shop->q, &t->job, -EIO));
}

/* It must not free the worker of another one. */
START_TEST(done_once_too_often)
{
    struct shop shop;
    struct task tasks[4];
    const struct wq_options options = options_of(10, 1);

    shop_begin(&shop, &options, SHOW_RUN | SHOW_END);
    tasks_of(&shop, tasks, "abcd", 10);
    CALL(-EALREADY, "for a job that was never put", wq_done(shop.q, &tasks[0].job, 0));
    tasks[0].on_run = done_twice;
    put_all(tasks, 3);
    CALL(-EALREADY, "for a job that waits for a worker", wq_done(shop.q, &tasks[2].job, 0));
    run_queue();
    CALL(-EALREADY, "for a job that has ended", wq_done(shop.q, &tasks[1].job, 0));
    put(&tasks[3]);
    run_queue();
    expect_shown(&shop, "0.000  a: runs\n"
                        "0.000  a: ended\n"
                        "0.000  b: runs\n"
                        "0.010  b: ended\n"
                        "0.010  c: runs\n"
                        "0.020  c: ended\n"
                        "0.020  d: runs\n"
                        "0.030  d: ended\n");
    shop_close(&shop, tasks, 4);
}
END_TEST

START_TEST(two_queues_at_once)
{
    struct shop shops[2];
    struct task tasks[6];
    const struct wq_options options = options_of(1, 1);

    for (int k = 0; k < 2; k++) {
        shop_begin(&shops[k], &options, SHOW_RUN);
        tasks_of(&shops[k], tasks + 3 * k, k == 0 ? "abc" : "xyz", 10 + 5 * k);
    }
    for (int k = 0; k < 6; k++)
        put(&tasks[k % 2 * 3 + k / 2]);
    run_queue();
    expect_shown(&shops[0], "0.000  a: runs\n"
                            "0.000  x: runs\n"
                            "0.010  b: runs\n"
                            "0.015  y: runs\n"
                            "0.020  c: runs\n"
                            "0.030  z: runs\n");
    shop_close(&shops[0], tasks, 3);
    shop_close(&shops[1], tasks + 3, 3);
}
END_TEST

/* The queue may be freed in each callback, and between any two turns of the loop. */
START_TEST(freed_at_any_moment)
{
    struct shop shop;
    struct task tasks[4];
    const struct wq_options options = options_of(1, 1);

    for (int moment = 0; moment < 10; moment++) {
        shop_begin(&shop, &options, 0);
        tasks_of(&shop, tasks, "abcd", 10);
        tasks[0].on_put = moment == 0 ? free_queue : NULL;
        tasks[0].on_run = moment == 1 ? free_queue : NULL;
        tasks[0].on_end = moment == 2 ? free_queue : NULL;
        tasks[2].on_put = moment == 3 ? free_queue : NULL;
        put_all(tasks, 4);
        for (int turns = 4; turns < moment; turns++)
            ck_assert_int_ge(event_base_loop(test_base(), EVLOOP_ONCE), 0);
        if (moment >= 4)
            free_queue(&tasks[0]);
        for (int k = 0; k < 4 && moment >= 4; k++)
            if (tasks[k].timer != NULL)
                ck_assert_int_eq(event_del(tasks[k].timer), 0);
        const int calls = shop.put + shop.begun + shop.ended;
        run_queue_for(100);
        if (shop.q != NULL || (moment >= 4 && shop.put + shop.begun + shop.ended != calls))
            fail_test("wq_free() at moment %d\nexpected  %s\ngot       %s", moment,
                      shop.q != NULL ? "a callback that frees it" : "no call after it",
                      shop.q != NULL ? "no such callback" : "a callback");
        tasks_end(tasks, 4);
    }
    wq_free(NULL);
}
END_TEST

#endif
