/* p9_join_tests.h: who waits for the end of all jobs, for check_p9_work_queue.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P9_JOIN_TESTS_H
#define P9_JOIN_TESTS_H

#include "p9_shown.h"

/* ---- join ---- */

static void join(struct shop *shop)
{
    CALL(0, "always", wq_join(shop->q, &shop->call, on_told, shop));
}

START_TEST(the_jobs_count_not_the_queue)
{
    struct shop shop;
    struct task tasks[3];
    const struct wq_options options = options_of(3, 2);

    shop_begin(&shop, &options, SHOW_END);
    tasks_of(&shop, tasks, "abc", 100);
    tasks[1].ms = 250;
    put_all(tasks, 3);
    join(&shop);
    run_queue();
    expect_in_order(&shop, "0.100  a: ended\n"
                           "0.200  c: ended\n"
                           "0.250  b: ended\n"
                           "0.250  told 0\n");
    shop_close(&shop, tasks, 3);
}
END_TEST

START_TEST(nothing_to_wait_for)
{
    struct shop shop;
    const struct wq_options options = options_of(1, 1);

    shop_begin(&shop, &options, 0);
    for (int k = 0; k < 3; k++) {
        join(&shop);
        trace("wq_join() has returned");
        run_queue();
        expect_in_order(&shop, "0.000  wq_join() has returned\n"
                               "0.000  told 0\n");
    }
    shop_close(&shop, NULL, 0);
}
END_TEST

static void one_more(struct task *t)
{
    put(t + 1);
}

START_TEST(jobs_that_come_meanwhile)
{
    struct shop shop;
    struct task tasks[3];
    const struct wq_options options = options_of(1, 1);

    shop_begin(&shop, &options, SHOW_END);
    tasks_of(&shop, tasks, "abc", 100);
    tasks[0].on_end = one_more;
    put_all(tasks, 1);
    join(&shop);
    run_queue_for(50);
    put(&tasks[2]);
    CALL(0, "always", wq_join(shop.q, &shop.other, on_told, &shop));
    run_queue();
    expect_in_order(&shop, "0.100  a: ended\n"
                           "0.200  c: ended\n"
                           "0.300  b: ended\n"
                           "0.300  told 0\n"
                           "0.300  told 0\n");
    shop_close(&shop, tasks, 3);
}
END_TEST

START_TEST(a_join_is_cancelled)
{
    struct shop shop;
    struct task tasks[1];
    const struct wq_options options = options_of(1, 1);

    shop_begin(&shop, &options, SHOW_END);
    tasks_of(&shop, tasks, "a", 100);
    CALL(-EALREADY, "of a call that was never begun", wq_cancel(shop.q, &shop.call));
    put_all(tasks, 1);
    join(&shop);
    CALL(0, "always", wq_join(shop.q, &shop.other, on_told, &shop));
    run_queue_for(50);
    CALL(0, "of a join that waits", wq_cancel(shop.q, &shop.call));
    CALL(-EALREADY, "a second time, before it is told", wq_cancel(shop.q, &shop.call));
    run_queue();
    CALL(-EALREADY, "of a join that was told", wq_cancel(shop.q, &shop.other));
    join(&shop);
    CALL(-EALREADY, "of a join that had nothing to wait for", wq_cancel(shop.q, &shop.call));
    run_queue();
    expect_in_order(&shop, "0.050  told -ECANCELED\n"
                           "0.100  a: ended\n"
                           "0.100  told 0\n"
                           "0.100  told 0\n");
    shop_close(&shop, tasks, 1);
}
END_TEST

#endif
