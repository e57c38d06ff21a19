/* p9_end_tests.h: the end of a queue, and its pauses, for check_p9_work_queue.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P9_END_TESTS_H
#define P9_END_TESTS_H

#include "p9_shown.h"
#include "p9_time_tests.h"

/* ---- shutdown ---- */

static void shut_down(struct shop *shop, enum wq_shutdown how)
{
    CALL(0, "always",
         wq_shutdown(shop->q, how, shop->call.line == NULL ? &shop->call : &shop->other, on_closed,
                     shop));
}

static void expect_closed(struct task *t)
{
    struct wq *q = t->shop->q;

    CALL(-ESHUTDOWN, "when the queue is shut down", wq_put(q, &t->job, 0, on_put, t));
    CALL(-ESHUTDOWN, "when the queue is shut down", wq_try_put(q, &t->job, 0));
    CALL(-ESHUTDOWN, "when the queue is shut down", wq_schedule_at(q, &t->job, 0, 0));
    CALL(-ESHUTDOWN, "when the queue is shut down", wq_schedule_every(q, &t->job, 0, 0, 10));
}

/* One runs, one is queued, one waits for its next attempt, two for a slot, one for its time. */
static void shop_at_work(struct shop *shop, struct task tasks[7])
{
    struct wq_options options = options_of(1, 1);

    options.max_attempts = 2;
    options.backoff_ms = 200;
    shop_begin(shop, &options, SHOW_PUT | SHOW_BREAK | SHOW_END);
    tasks_of(shop, tasks, "abcdefg", 100);
    tasks[0].ms = 10;
    tasks[0].fails = 1;
    tasks[0].err = -EIO;
    tasks[1].obeys = true;
    tasks[1].obeys_ms = 20;
    put_all(tasks, 5);
    schedule_at(&tasks[5], 300);
    run_queue_for(50);
}

START_TEST(what_was_accepted_is_done)
{
    struct shop shop;
    struct task tasks[7];

    shop_at_work(&shop, tasks);
    shut_down(&shop, WQ_GRACEFUL);
    expect_closed(&tasks[6]);
    expect_closed(&tasks[5]);
    run_queue();
    expect_shown(&shop, "0.000  a: put\n"
                        "0.000  b: put\n"
                        "0.010  c: put\n"
                        "0.050  d: put -ESHUTDOWN\n"
                        "0.050  e: put -ESHUTDOWN\n"
                        "0.110  b: ended\n"
                        "0.210  c: ended\n"
                        "0.220  a: ended\n"
                        "0.220  told 0\n");
    expect_loop_ends_at(220);
    expect_closed(&tasks[0]);
    expect_closed(&tasks[3]);
    shut_down(&shop, WQ_NOW);
    run_queue();
    expect_shown(&shop, "0.220  told 0\n");
    shop_close(&shop, tasks, 7);
}
END_TEST

START_TEST(now_what_runs_is_waited_for)
{
    struct shop shop;
    struct task tasks[7];

    shop_at_work(&shop, tasks);
    shut_down(&shop, WQ_NOW);
    expect_closed(&tasks[5]);
    run_queue_for(5);
    shut_down(&shop, WQ_GRACEFUL); /* changes nothing any more */
    run_queue();
    expect_shown(&shop, "0.000  a: put\n"
                        "0.000  b: put\n"
                        "0.010  c: put\n"
                        "0.050  d: put -ESHUTDOWN\n"
                        "0.050  e: put -ESHUTDOWN\n"
                        "0.050  c: ended -ECANCELED\n"
                        "0.050  a: ended -ECANCELED\n"
                        "0.050  b: breaks off\n"
                        "0.070  b: ended -ECANCELED\n"
                        "0.070  told 0\n"
                        "0.070  told 0\n");
    expect_loop_ends_at(70);
    if (wq_dead_first(shop.q) != NULL)
        fail_test("after a shutdown NOW\nexpected  no dead letters: nothing has failed for good\n"
                  "got       %s",
                  ((struct task *)wq_dead_first(shop.q))->name);
    expect_job(&tasks[0], "which failed once, and was cancelled", 1, -EIO);
    expect_job(&tasks[1], "which was asked to end", 1, -ECANCELED);
    expect_job(&tasks[2], "which was cancelled before it was run", 0, 0);
    expect_closed(&tasks[1]);
    expect_job(&tasks[1], "after puts that were refused", 1, -ECANCELED);
    shop_close(&shop, tasks, 7);
}
END_TEST

/* It is asked once, and its end counts: done is done. */
START_TEST(first_gracefully_then_now)
{
    struct shop shop;
    struct task tasks[7];

    shop_at_work(&shop, tasks);
    tasks[1].obeys = false;
    shut_down(&shop, WQ_GRACEFUL);
    run_queue_for(5);
    shut_down(&shop, WQ_NOW);
    run_queue_for(5);
    CALL(0, "of a shutdown that is waited for", wq_cancel(shop.q, &shop.call));
    run_queue_for(5);
    shut_down(&shop, WQ_NOW);
    run_queue();
    expect_shown(&shop, "0.000  a: put\n"
                        "0.000  b: put\n"
                        "0.010  c: put\n"
                        "0.050  d: put -ESHUTDOWN\n"
                        "0.050  e: put -ESHUTDOWN\n"
                        "0.055  a: ended -ECANCELED\n"
                        "0.055  b: breaks off\n"
                        "0.055  c: ended -ECANCELED\n"
                        "0.060  told -ECANCELED\n"
                        "0.110  b: ended\n"
                        "0.110  told 0\n"
                        "0.110  told 0\n");
    shop_close(&shop, tasks, 7);
}
END_TEST

static void shut_down_gracefully(struct task *t)
{
    shut_down(t->shop, WQ_GRACEFUL);
    work_for(t, t->ms);
}

static void shut_down_now(struct task *t)
{
    shut_down(t->shop, WQ_NOW);
}

/* By a job that runs, with what is accepted and not told, and what is paused. */
START_TEST(from_a_handler)
{
    const struct wq_options options = options_of(2, 1);
    struct shop shop;
    struct task tasks[4];

    shop_begin(&shop, &options, SHOW_BREAK | SHOW_END | SHOW_PUT);
    tasks_of(&shop, tasks, "abcd", 10);
    tasks[0].on_run = shut_down_gracefully;
    tasks[1].on_run = shut_down_now;
    tasks[1].obeys = true;
    wq_pause(shop.q);
    CALL(0, "with a slot free", wq_try_put(shop.q, &tasks[0].job, 0));
    put_all(tasks + 1, 3);
    run_queue_for(10);
    wq_resume(shop.q);
    run_queue();
    expect_shown(&shop, "0.000  b: put\n"
                        "0.010  c: put\n"
                        "0.010  d: put -ESHUTDOWN\n"
                        "0.020  a: ended\n"
                        "0.020  c: ended -ECANCELED\n"
                        "0.020  b: breaks off\n"
                        "0.020  b: ended -ECANCELED\n"
                        "0.020  told 0\n"
                        "0.020  told 0\n");
    shop_close(&shop, tasks, 4);
}
END_TEST

static void shut_down_and_finish(struct task *t)
{
    shut_down_now(t);
    finish(t);
}

/* It is to be asked to end, and has ended before the loop could do it. */
START_TEST(done_before_it_is_asked)
{
    const struct wq_options options = options_of(2, 1);
    struct shop shop;
    struct task tasks[2];

    shop_begin(&shop, &options, SHOW_RUN | SHOW_BREAK | SHOW_END);
    tasks_of(&shop, tasks, "ab", 0);
    tasks[0].on_run = shut_down_and_finish;
    put_all(tasks, 2);
    run_queue();
    expect_shown(&shop, "0.000  a: runs\n"
                        "0.000  a: ended\n"
                        "0.000  b: ended -ECANCELED\n"
                        "0.000  told 0\n");
    shop_close(&shop, tasks, 2);
}
END_TEST

/* There is nothing else to do: the loop is woken for it. */
START_TEST(one_that_runs_is_asked)
{
    const struct wq_options options = options_of(1, 1);
    struct shop shop;
    struct task tasks[1];

    shop_begin(&shop, &options, SHOW_BREAK | SHOW_END);
    tasks_of(&shop, tasks, "a", 100);
    tasks[0].obeys = true;
    put_all(tasks, 1);
    run_queue_for(10);
    shut_down(&shop, WQ_NOW);
    run_queue();
    expect_shown(&shop, "0.010  a: breaks off\n"
                        "0.010  a: ended -ECANCELED\n"
                        "0.010  told 0\n");
    shop_close(&shop, tasks, 1);
}
END_TEST

/* It is not asked again, as its time was over before; its end is waited for. */
START_TEST(asked_before_by_the_timeout)
{
    struct wq_options options = options_of(1, 1);
    struct shop shop;
    struct task tasks[1];

    options.job_timeout_ms = 50;
    shop_begin(&shop, &options, SHOW_BREAK | SHOW_END);
    tasks_of(&shop, tasks, "a", 100);
    tasks[0].obeys = true;
    tasks[0].obeys_ms = 30;
    put_all(tasks, 1);
    run_queue_for(60);
    shut_down(&shop, WQ_NOW);
    run_queue();
    expect_shown(&shop, "0.050  a: breaks off\n"
                        "0.080  a: ended -ECANCELED\n"
                        "0.080  told 0\n");
    shop_close(&shop, tasks, 1);
}
END_TEST

START_TEST(nobody_can_be_asked)
{
    struct wq_options options = options_of(1, 1);
    struct shop shop = {.options = options, .workers = 1, .show = SHOW_END};
    struct task tasks[2];

    options.handler = (struct wq_handler){on_run, NULL, on_ended, &shop};
    shop.q = wq_new(test_base(), &options);
    ck_assert_ptr_nonnull(shop.q);
    tasks_of(&shop, tasks, "ab", 100);
    put_all(tasks, 2);
    run_queue_for(10);
    shut_down(&shop, WQ_NOW);
    run_queue();
    expect_shown(&shop, "0.010  b: ended -ECANCELED\n"
                        "0.100  a: ended\n"
                        "0.100  told 0\n");
    shop_close(&shop, tasks, 2);
}
END_TEST

/* One that is periodic runs, and ends once more; one that waits for a slot has not been accepted.
 */
START_TEST(scheduled_ones_whose_time_has_come)
{
    const struct wq_options options = options_of(1, 1);
    struct shop shop;
    struct task tasks[3];

    shop_begin(&shop, &options, SHOW_RUN | SHOW_END);
    tasks_of(&shop, tasks, "abc", 100);
    schedule_every(&tasks[0], 0, 10);
    schedule_at(&tasks[1], 20);
    schedule_at(&tasks[2], 30);
    run_queue_for(50);
    shut_down(&shop, WQ_GRACEFUL);
    run_queue();
    expect_shown(&shop, "0.000  a: runs\n"
                        "0.100  a: ended\n"
                        "0.100  b: runs\n"
                        "0.200  b: ended\n"
                        "0.200  told 0\n");
    for (int k = 0; k < 3; k++)
        expect_closed(&tasks[k]);
    shop_close(&shop, tasks, 3);
}
END_TEST

static void free_at_the_end(int err, void *arg)
{
    struct shop *shop = arg;

    on_told(err, shop);
    wq_free(shop->q);
    shop->q = NULL;
}

/* Idle; paused; with a periodic job; with a put that is accepted and not told. */
START_TEST(whatever_it_is_doing)
{
    const struct wq_options options = options_of(1, 1);
    struct shop shop;
    struct task tasks[1];

    for (int k = 0; k < 8; k++) {
        const int what = k % 4, at_once = what == 0 || what == 2 || k / 4 == WQ_NOW;
        const int start = now_ms();

        shop_begin(&shop, &options, 0);
        tasks_of(&shop, tasks, "a", 10);
        if (what == 1)
            wq_pause(shop.q);
        if (what == 2)
            schedule_every(&tasks[0], now_ms() + 10, 10);
        else if (what != 0)
            put_all(tasks, 1);
        CALL(0, "always", wq_shutdown(shop.q, k / 4, &shop.call, free_at_the_end, &shop));
        run_queue();
        if (shop.told != 1 || now_ms() - start != (at_once ? 0 : 10) || shop.begun != !at_once)
            fail_test("wq_shutdown() %s, of a queue %s\n"
                      "expected  1 cb, %d ms later, %d jobs run\ngot       %d, %d ms later, %d",
                      k / 4 == WQ_NOW ? "NOW" : "GRACEFUL",
                      what == 0   ? "that is idle"
                      : what == 1 ? "that is paused, with a job in it"
                      : what == 2 ? "with a periodic job that waits for its time"
                                  : "with a job in it whose put was not told yet",
                      at_once ? 0 : 10, !at_once, shop.told, now_ms() - start, shop.begun);
        char text[32];
        snprintf(text, sizeof(text), "%.3f  told 0\n", now_ms() / 1e3);
        expect_trace(text);
        tasks_end(tasks, 1);
    }
}
END_TEST

#endif
