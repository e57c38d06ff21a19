/* p9_drain_tests.h: what goes on after a shutdown, for check_p9_work_queue.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P9_DRAIN_TESTS_H
#define P9_DRAIN_TESTS_H

#include "p9_end_tests.h"
#include "p9_pause_tests.h"

/* The shutdown is not over while a job waits for its next attempt, which has its time, too. */
START_TEST(with_all_its_attempts)
{
    struct wq_options options = with_timeout(1, 50);
    struct shop shop;
    struct task tasks[1];

    options.max_attempts = 2;
    options.backoff_ms = 20;
    shop_begin(&shop, &options, SHOW_RUN | SHOW_BREAK | SHOW_END);
    tasks_of(&shop, tasks, "a", 200);
    tasks[0].obeys = true;
    put_all(tasks, 1);
    run_queue_for(10);
    trace("wq_shutdown(GRACEFUL)");
    CALL(0, "always", wq_shutdown(shop.q, WQ_GRACEFUL, &shop.call, on_told, &shop));
    run_queue();
    expect_shown(&shop, "0.000  a: runs\n"
                        "0.010  wq_shutdown(GRACEFUL)\n"
                        "0.050  a: breaks off\n"
                        "0.070  a: runs\n"
                        "0.120  a: breaks off\n"
                        "0.120  a: ended -ETIMEDOUT\n"
                        "0.120  told 0\n");
    expect_dead(wq_dead_first(shop.q), &tasks[0]);
    shop_close(&shop, tasks, 1);
}
END_TEST

/* wq_cancel() of the shutdown's call: the queue stays shut down, and NOW. */
static void nobody_waits(enum wq_shutdown how, const char *expected)
{
    struct wq_options options = options_of(2, 1);
    struct shop shop;
    struct task tasks[3];

    options.max_attempts = 2;
    options.backoff_ms = 20;
    shop_begin(&shop, &options, SHOW_RUN | SHOW_END);
    tasks_of(&shop, tasks, "abc", 30);
    tasks[0].fails = 1;
    tasks[0].err = -EIO;
    put_all(tasks, 2);
    run_queue_for(10);
    shut_down(&shop, how);
    CALL(0, "of a shutdown that is waited for", wq_cancel(shop.q, &shop.call));
    trace("cancelled: the wait for the shutdown %s", how == WQ_NOW ? "NOW" : "GRACEFUL");
    CALL(-ESHUTDOWN, "when the wait for the shutdown was cancelled",
         wq_put(shop.q, &tasks[2].job, 0, on_put, &tasks[2]));
    run_queue();
    expect_shown(&shop, expected);
    shop_close(&shop, tasks, 3);
}

START_TEST(nobody_waits_for_the_shutdown)
{
    nobody_waits(WQ_GRACEFUL, "0.000  a: runs\n"
                              "0.010  cancelled: the wait for the shutdown GRACEFUL\n"
                              "0.010  told -ECANCELED\n"
                              "0.030  b: runs\n"
                              "0.060  a: runs\n"
                              "0.060  b: ended\n"
                              "0.090  a: ended\n");
}
END_TEST

START_TEST(nobody_waits_for_the_shutdown_now)
{
    nobody_waits(WQ_NOW, "0.000  a: runs\n"
                         "0.010  cancelled: the wait for the shutdown NOW\n"
                         "0.010  b: ended -ECANCELED\n"
                         "0.010  told -ECANCELED\n"
                         "0.030  a: ended -ECANCELED\n");
}
END_TEST

/* It pauses as ever, and the shutdown waits. */
START_TEST(paused_after_the_shutdown)
{
    const struct wq_options options = options_of(2, 1);
    struct shop shop;
    struct task tasks[2];

    shop_begin(&shop, &options, SHOW_RUN | SHOW_END);
    tasks_of(&shop, tasks, "ab", 30);
    put_all(tasks, 2);
    run_queue_for(10);
    trace("wq_shutdown(GRACEFUL)");
    shut_down(&shop, WQ_GRACEFUL);
    pause_and_tell(&shop, true);
    run_queue_for(90);
    pause_and_tell(&shop, false);
    run_queue();
    expect_shown(&shop, "0.000  a: runs\n"
                        "0.010  wq_shutdown(GRACEFUL)\n"
                        "0.010  wq_pause()\n"
                        "0.030  a: ended\n"
                        "0.100  wq_resume()\n"
                        "0.100  b: runs\n"
                        "0.130  b: ended\n"
                        "0.130  told 0\n");
    shop_close(&shop, tasks, 2);
}
END_TEST

/* It does not come again: so it is a dead letter as any other. */
START_TEST(a_periodic_one_fails_at_the_end)
{
    const struct wq_options options = options_of(1, 1);
    struct shop shop;
    struct task tasks[1];

    shop_begin(&shop, &options, SHOW_RUN | SHOW_END);
    tasks_of(&shop, tasks, "a", 30);
    tasks[0].fails = 1;
    tasks[0].err = -EIO;
    schedule_every(&tasks[0], 0, 100);
    run_queue_for(10);
    shut_down(&shop, WQ_GRACEFUL);
    run_queue();
    expect_shown(&shop, "0.000  a: runs\n"
                        "0.030  a: ended -EIO\n"
                        "0.030  told 0\n");
    if (wq_dead_take(shop.q) != &tasks[0].job)
        fail_test("a periodic job has failed for good after the shutdown\n"
                  "expected  it is a dead letter: it does not come again\ngot       it is none");
    shop_close(&shop, tasks, 1);
}
END_TEST

#endif
