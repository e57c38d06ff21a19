/* p9_pause_tests.h: pauses, for check_p9_work_queue.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P9_PAUSE_TESTS_H
#define P9_PAUSE_TESTS_H

#include "p9_time_tests.h"
#include "p9_timeout_tests.h"

START_TEST(nothing_begins_in_a_pause)
{
    struct wq_options options = options_of(3, 1);
    struct shop shop;
    struct task tasks[4];

    shop_begin(&shop, &options, SHOW_RUN | SHOW_END | SHOW_PUT);
    tasks_of(&shop, tasks, "abcd", 100);
    put_all(tasks, 3);
    run_queue_for(50);
    wq_pause(shop.q);
    wq_pause(shop.q);
    run_queue_for(100);
    put(&tasks[3]);
    run_queue_for(100);
    wq_resume(shop.q);
    run_queue();
    expect_shown(&shop, "0.000  a: put\n"
                        "0.000  b: put\n"
                        "0.000  c: put\n"
                        "0.000  a: runs\n"
                        "0.100  a: ended\n"
                        "0.150  d: put\n"
                        "0.250  b: runs\n"
                        "0.350  b: ended\n"
                        "0.350  c: runs\n"
                        "0.450  c: ended\n"
                        "0.450  d: runs\n"
                        "0.550  d: ended\n");
    shop_close(&shop, tasks, 4);
}
END_TEST

static void pause_it(struct task *t)
{
    wq_pause(t->shop->q);
    if (t->running)
        finish(t);
}

/* From a put's cb, a run() and an ended(): at once. */
START_TEST(paused_in_a_callback)
{
    static const char *const callbacks[] = {"the cb of its put", "run()", "ended()"};
    const struct wq_options options = options_of(2, 2);
    struct shop shop;
    struct task tasks[2];

    for (int k = 0; k < 3; k++) {
        shop_begin(&shop, &options, 0);
        tasks_of(&shop, tasks, "ab", 0);
        tasks[0].on_put = k == 0 ? pause_it : NULL;
        tasks[0].on_run = k == 1 ? pause_it : NULL;
        tasks[0].on_end = k == 2 ? pause_it : NULL;
        put_as(&tasks[0], 7);
        CALL(0, "with a slot free", wq_try_put(shop.q, &tasks[1].job, 0));
        run_queue_for(100);
        const int begun = shop.begun, expected = k > 0;
        wq_resume(shop.q);
        run_queue();
        if (begun != expected || shop.begun != 2)
            fail_test("wq_pause() in %s of the first job, wq_resume() 100 ms later\n"
                      "expected  %d run() meanwhile, 2 in all\ngot       %d, %d",
                      callbacks[k], expected, begun, shop.begun);
        shop_close(&shop, tasks, 2);
    }
}
END_TEST

static void pause_and_tell(struct shop *shop, bool paused)
{
    trace(paused ? "wq_pause()" : "wq_resume()");
    if (paused)
        wq_pause(shop->q);
    else
        wq_resume(shop->q);
}

/* It is back at 0.030, before b is put, although no attempt may begin. */
START_TEST(retries_come_back_in_a_pause)
{
    struct wq_options options = options_of(9, 1);
    struct shop shop;
    struct task tasks[2];

    options.max_attempts = 2;
    options.backoff_ms = 20;
    shop_begin(&shop, &options, SHOW_RUN | SHOW_PUT);
    tasks_of(&shop, tasks, "ab", 10);
    tasks[0].fails = 1;
    tasks[0].err = -EIO;
    put_all(tasks, 1);
    run_queue_for(5);
    pause_and_tell(&shop, true);
    run_queue_for(35);
    put(&tasks[1]);
    run_queue_for(10);
    pause_and_tell(&shop, false);
    run_queue();
    expect_in_order(&shop, "0.000  a: put\n"
                           "0.000  a: runs\n"
                           "0.005  wq_pause()\n"
                           "0.040  b: put\n"
                           "0.050  wq_resume()\n"
                           "0.050  a: runs\n"
                           "0.060  b: runs\n");
    shop_close(&shop, tasks, 2);
}
END_TEST

START_TEST(attempts_time_out_in_a_pause)
{
    const struct wq_options options = with_timeout(1, 50);
    struct shop shop;
    struct task tasks[1];

    shop_begin(&shop, &options, SHOW_RUN | SHOW_BREAK | SHOW_END);
    tasks_of(&shop, tasks, "a", 200);
    tasks[0].obeys = true;
    put_all(tasks, 1);
    run_queue_for(10);
    pause_and_tell(&shop, true);
    run_queue_for(90);
    pause_and_tell(&shop, false);
    run_queue();
    expect_in_order(&shop, "0.000  a: runs\n"
                           "0.010  wq_pause()\n"
                           "0.050  a: breaks off\n"
                           "0.050  a: ended -ETIMEDOUT\n"
                           "0.100  wq_resume()\n");
    shop_close(&shop, tasks, 1);
}
END_TEST

/* It is put at 0.030, before b, and a slot is taken. */
START_TEST(scheduled_ones_are_put_in_a_pause)
{
    const struct wq_options options = options_of(1, 1);
    struct shop shop;
    struct task tasks[2];

    shop_begin(&shop, &options, SHOW_RUN | SHOW_PUT);
    tasks_of(&shop, tasks, "ab", 10);
    schedule_at(&tasks[0], 30);
    pause_and_tell(&shop, true);
    run_queue_for(40);
    put(&tasks[1]);
    run_queue_for(10);
    pause_and_tell(&shop, false);
    run_queue();
    expect_in_order(&shop, "0.000  wq_pause()\n"
                           "0.050  wq_resume()\n"
                           "0.050  a: runs\n"
                           "0.050  b: put\n"
                           "0.060  b: runs\n");
    shop_close(&shop, tasks, 2);
}
END_TEST

#endif
