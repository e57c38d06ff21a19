/* p9_wait_tests.h: who waits for a slot, for check_p9_work_queue.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P9_WAIT_TESTS_H
#define P9_WAIT_TESTS_H

#include <json-c/json.h>

#include "p9_shown.h"

/* ---- backpressure ---- */

static int queued_of(struct wq *q)
{
    struct json_object *stats = wq_stats(q), *member = NULL;

    ck_assert_ptr_nonnull(stats);
    (void)json_object_object_get_ex(stats, "queued", &member);
    const int queued = json_object_get_int(member);
    json_object_put(stats);
    return queued;
}

static void put_the_next(struct task *t)
{
    trace("put %s size %d", t->name, queued_of(t->shop->q));
    if (strcmp(t->name, "4") != 0)
        put(t + 1);
}

static void get_it(struct task *t)
{
    trace("get %s", t->name);
    work_for(t, t->ms);
}

/* The timeline that asyncio.Queue(2) has, with one consumer that takes a second. */
START_TEST(as_fast_as_the_consumer)
{
    struct shop shop;
    struct task tasks[5];
    const struct wq_options options = options_of(2, 1);

    shop_begin(&shop, &options, 0);
    tasks_of(&shop, tasks, "01234", 1000);
    for (int k = 0; k < 5; k++) {
        tasks[k].on_put = put_the_next;
        tasks[k].on_run = get_it;
    }
    put(&tasks[0]);
    run_queue();
    trace("end");
    expect_shown(&shop, "0.000  put 0 size 1\n"
                        "0.000  put 1 size 2\n"
                        "0.000  get 0\n"
                        "0.000  put 2 size 2\n"
                        "1.000  get 1\n"
                        "1.000  put 3 size 2\n"
                        "2.000  get 2\n"
                        "2.000  put 4 size 2\n"
                        "3.000  get 3\n"
                        "4.000  get 4\n"
                        "5.000  end\n");
    shop_close(&shop, tasks, 5);
}
END_TEST

/* Whatever the priority: the line for a slot has none. */
START_TEST(slots_in_the_order_of_the_puts)
{
    struct shop shop;
    struct task tasks[6];
    const struct wq_options options = options_of(1, 1);

    shop_begin(&shop, &options, SHOW_PUT);
    tasks_of(&shop, tasks, "abcdef", 10);
    for (int k = 0; k < 6; k++)
        put_as(&tasks[k], k);
    run_queue();
    expect_in_order(&shop, "0.000  a: put\n"
                           "0.000  b: put\n"
                           "0.010  c: put\n"
                           "0.020  d: put\n"
                           "0.030  e: put\n"
                           "0.040  f: put\n");
    shop_close(&shop, tasks, 6);
}
END_TEST

static void try_to_take_the_slot(struct task *t)
{
    CALL(-EAGAIN, "when the slot that is free now is that of the first who waits",
         wq_try_put(t->shop->q, &t[4].job, 7));
    work_for(t, t->ms);
}

/* Between the end of the waiting and the cb there is time for others to come. */
START_TEST(nobody_takes_the_slot_of_another)
{
    struct shop shop;
    struct task tasks[6];
    const struct wq_options options = options_of(1, 1);

    shop_begin(&shop, &options, SHOW_PUT | SHOW_RUN);
    tasks_of(&shop, tasks, "abcdef", 10);
    CALL(0, "with a slot free", wq_try_put(shop.q, &tasks[0].job, 0));
    CALL(-EAGAIN, "when the one slot is taken", wq_try_put(shop.q, &tasks[5].job, 0));
    put(&tasks[1]);
    tasks[1].on_run = try_to_take_the_slot;
    run_queue_for(5);
    put(&tasks[2]);
    CALL(-EAGAIN, "when the queue is full, and somebody waits",
         wq_try_put(shop.q, &tasks[5].job, 7));
    put(&tasks[3]);
    run_queue();
    put(&tasks[5]);
    run_queue();
    expect_shown(&shop, "0.000  a: runs\n"
                        "0.000  b: put\n"
                        "0.010  b: runs\n"
                        "0.010  c: put\n"
                        "0.020  c: runs\n"
                        "0.020  d: put\n"
                        "0.030  d: runs\n"
                        "0.040  f: put\n"
                        "0.040  f: runs\n");
    shop_close(&shop, tasks, 6);
}
END_TEST

/* Two workers become free at once, and so do two slots. */
START_TEST(two_slots_at_once)
{
    struct shop shop;
    struct task tasks[6];
    const struct wq_options options = options_of(2, 2);

    shop_begin(&shop, &options, SHOW_PUT);
    tasks_of(&shop, tasks, "abcdef", BY_HAND);
    put_all(tasks, 2);
    run_queue_for(10);
    put_all(tasks + 2, 4);
    run_queue_for(10);
    finish(&tasks[0]);
    finish(&tasks[1]);
    run_queue();
    expect_shown(&shop, "0.000  a: put\n"
                        "0.000  b: put\n"
                        "0.010  c: put\n"
                        "0.010  d: put\n"
                        "0.020  e: put\n"
                        "0.020  f: put\n");
    shop_close(&shop, tasks, 6);
}
END_TEST

/* Nobody wants to know when it has got its slot, nor when it has ended. */
START_TEST(nobody_is_told)
{
    struct wq_options options = options_of(1, 1);
    struct shop shop = {.options = options, .workers = 1, .show = SHOW_RUN};
    struct task tasks[3];

    options.handler = (struct wq_handler){.run = on_run, .arg = &shop};
    shop.q = wq_new(test_base(), &options);
    ck_assert_ptr_nonnull(shop.q);
    tasks_of(&shop, tasks, "abc", 10);
    for (int k = 0; k < 3; k++)
        CALL(0, "without a cb", wq_put(shop.q, &tasks[k].job, 0, NULL, NULL));
    run_queue();
    CALL(0, "when it has ended", wq_put(shop.q, &tasks[0].job, 0, NULL, NULL));
    run_queue();
    expect_in_order(&shop, "0.000  a: runs\n"
                           "0.010  b: runs\n"
                           "0.020  c: runs\n"
                           "0.030  a: runs\n");
    shop_close(&shop, tasks, 3);
}
END_TEST

static void expect_cancel(struct task *t, int expected, const char *when)
{
    CALL(expected, when, wq_cancel(t->shop->q, &t->job.put));
}

/* The first in line, one in the middle, and the last. */
START_TEST(who_cancels_leaves_the_line)
{
    struct shop shop;
    struct task tasks[7];
    const struct wq_options options = options_of(1, 1);

    shop_begin(&shop, &options, SHOW_PUT);
    tasks_of(&shop, tasks, "abcdefg", 10);
    put_all(tasks, 1);
    run_queue_for(0);
    put_all(tasks + 1, 6); /* b is accepted */
    run_queue_for(5);
    expect_cancel(&tasks[2], 0, "of the first who waits");
    expect_cancel(&tasks[2], -EALREADY, "a second time, before it is told");
    expect_cancel(&tasks[4], 0, "of one who waits in the middle");
    expect_cancel(&tasks[6], 0, "of the last who waits");
    run_queue_for(1);
    expect_cancel(&tasks[6], -EALREADY, "of one that was told");
    run_queue();
    expect_shown(&shop, "0.000  a: put\n"
                        "0.000  b: put\n"
                        "0.005  c: put -ECANCELED\n"
                        "0.005  e: put -ECANCELED\n"
                        "0.005  g: put -ECANCELED\n"
                        "0.010  d: put\n"
                        "0.020  f: put\n");
    if (shop.begun != 4)
        fail_test("three puts of seven were cancelled\nexpected  4 jobs are run\ngot       %d",
                  shop.begun);
    shop_close(&shop, tasks, 7);
}
END_TEST

static void cancel_the_next(struct task *t)
{
    expect_cancel(t, -EALREADY, "of a put that is being told");
    expect_cancel(t + 1, -EALREADY, "of a put that has got its slot, and is not told yet");
}

START_TEST(what_is_accepted_stays)
{
    struct shop shop;
    struct task tasks[4];
    const struct wq_options options = options_of(2, 1);

    shop_begin(&shop, &options, SHOW_PUT | SHOW_END);
    tasks_of(&shop, tasks, "abcd", 10);
    expect_cancel(&tasks[0], -EALREADY, "of a put that was never begun");
    tasks[0].on_put = cancel_the_next;
    put_all(tasks, 3);
    expect_cancel(&tasks[0], -EALREADY, "of a put that has got its slot at once");
    expect_cancel(&tasks[2], 0, "of a put that waits");
    run_queue_for(5);
    expect_cancel(&tasks[0], -EALREADY, "of a put whose job runs");
    expect_cancel(&tasks[1], -EALREADY, "of a put whose job waits for a worker");
    put(&tasks[2]); /* its job is free again */
    run_queue();
    expect_shown(&shop, "0.000  a: put\n"
                        "0.000  b: put\n"
                        "0.000  c: put -ECANCELED\n"
                        "0.005  c: put\n"
                        "0.010  a: ended\n"
                        "0.020  b: ended\n"
                        "0.030  c: ended\n");
    shop_close(&shop, tasks, 4);
}
END_TEST

static void put_again(struct task *t)
{
    t->on_put = NULL;
    put(t);
}

/* One who was cancelled, and comes back when it is told, stands at the end of the line. */
START_TEST(back_at_the_end_of_the_line)
{
    struct shop shop;
    struct task tasks[4];
    const struct wq_options options = options_of(1, 1);

    shop_begin(&shop, &options, SHOW_PUT);
    tasks_of(&shop, tasks, "abcd", 10);
    put_all(tasks, 1);
    run_queue_for(0);
    put_all(tasks + 1, 3);
    tasks[2].on_put = put_again;
    expect_cancel(&tasks[2], 0, "of the first who waits");
    CALL(-EBUSY, "of a job whose put was cancelled, before that is told",
         wq_put(shop.q, &tasks[2].job, 0, on_put, &tasks[2]));
    run_queue();
    expect_shown(&shop, "0.000  a: put\n"
                        "0.000  b: put\n"
                        "0.000  c: put -ECANCELED\n"
                        "0.010  d: put\n"
                        "0.020  c: put\n");
    shop_close(&shop, tasks, 4);
}
END_TEST

static void expect_asleep(const char *when)
{
    const int turns = turns_for(60 * 1000);

    if (turns > 1)
        fail_test("60 seconds %s\nexpected  no wake-up of the loop\ngot       %d", when, turns - 1);
}

START_TEST(to_wait_costs_nothing)
{
    struct shop shop;
    struct task tasks[4];
    const struct wq_options options = options_of(1, 1);

    shop_begin(&shop, &options, SHOW_PUT);
    tasks_of(&shop, tasks, "abcd", BY_HAND);
    put_all(tasks, 4);
    run_queue_for(10);
    expect_asleep("with two puts that wait for a slot");
    expect_shown(&shop, "0.000  a: put\n"
                        "0.000  b: put\n");
    shop_close(&shop, tasks, 4);
}
END_TEST

#endif
