/* p9_time_tests.h: jobs that come by themselves, for check_p9_work_queue.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P9_TIME_TESTS_H
#define P9_TIME_TESTS_H

#include "p9_shown.h"

/* ---- once ---- */

/* Times are those of the timeline. */
static const char *when_of(int64_t at)
{
    static char text[80];

    if (at >= now_ms())
        return "for a job that is nobody's";
    snprintf(text, sizeof(text), "with a time that is over: %.3f", (double)at / 1e3);
    return text;
}

static void schedule_as(struct task *t, int priority, int64_t at)
{
    t->stopped = false;
    CALL(0, when_of(at), wq_schedule_at(t->shop->q, &t->job, priority, t->shop->start + at));
}

static void schedule_at(struct task *t, int64_t at)
{
    schedule_as(t, 0, at);
}

static void schedule_every_as(struct task *t, int priority, int64_t first, int64_t period)
{
    t->stopped = false;
    CALL(0, when_of(first),
         wq_schedule_every(t->shop->q, &t->job, priority, t->shop->start + first, period));
}

static void schedule_every(struct task *t, int64_t first, int64_t period)
{
    schedule_every_as(t, 0, first, period);
}

static void unschedule(struct task *t, int expected, const char *when)
{
    CALL(expected, when, wq_unschedule(t->shop->q, &t->job));
    t->stopped = expected == 0 || t->running;
}

START_TEST(when_its_time_has_come)
{
    static const int at[] = {300, 100, 200, 50, 100};
    const struct wq_options options = options_of(9, 9);
    struct shop shop;
    struct task tasks[5];

    shop_begin(&shop, &options, SHOW_RUN);
    tasks_of(&shop, tasks, "abcde", 10);
    run_queue_for(100); /* so that 50 and 100 are over */
    for (int k = 0; k < 5; k++)
        schedule_at(&tasks[k], at[k]);
    CALL(-EBUSY, "for a job that is scheduled", wq_put(shop.q, &tasks[0].job, 0, NULL, NULL));
    CALL(-EBUSY, "for a job that is scheduled", wq_schedule_at(shop.q, &tasks[0].job, 0, 400));
    run_queue();
    expect_shown(&shop, "0.100  b: runs\n"
                        "0.100  d: runs\n"
                        "0.100  e: runs\n"
                        "0.200  c: runs\n"
                        "0.300  a: runs\n");
    /* It is nobody's again. */
    CALL(0, "for a time that is long over", wq_schedule_at(shop.q, &tasks[0].job, 0, INT64_MIN));
    run_queue_for(0);
    unschedule(&tasks[0], -EALREADY, "when it runs");
    run_queue();
    expect_shown(&shop, "0.310  a: runs\n");
    shop_close(&shop, tasks, 5);
}
END_TEST

/* Among those that are put, and in each turn of a periodic one. */
START_TEST(each_has_its_priority)
{
    const struct wq_options options = options_of(9, 1);
    struct shop shop;
    struct task tasks[] = {task_of(&shop, "a", 50), task_of(&shop, "b, priority 5", 50),
                           task_of(&shop, "c, priority 2", 50),
                           task_of(&shop, "d, scheduled, priority 3", 50),
                           task_of(&shop, "e, periodic, priority 4", 50)};

    shop_begin(&shop, &options, SHOW_RUN);
    put_as(&tasks[0], 7);
    put_as(&tasks[1], 5);
    put_as(&tasks[2], 2);
    schedule_as(&tasks[3], 3, 10);
    schedule_every_as(&tasks[4], 4, 10, 220);
    run_queue_for(310);
    unschedule(&tasks[4], 0, "when it waits for its next time");
    expect_shown(&shop, "0.000  a: runs\n"
                        "0.050  b, priority 5: runs\n"
                        "0.100  e, periodic, priority 4: runs\n"
                        "0.150  d, scheduled, priority 3: runs\n"
                        "0.200  c, priority 2: runs\n"
                        "0.250  e, periodic, priority 4: runs\n");
    shop_close(&shop, tasks, 5);
}
END_TEST

START_TEST(it_waits_for_a_slot)
{
    const struct wq_options options = options_of(1, 1);
    struct shop shop;
    struct task tasks[5];

    shop_begin(&shop, &options, SHOW_RUN | SHOW_PUT);
    tasks_of(&shop, tasks, "abcde", 100);
    put_all(tasks, 1);
    run_queue_for(10);
    schedule_at(&tasks[2], 20);
    put(&tasks[1]);
    put(&tasks[4]); /* waits for a slot before it */
    run_queue_for(30);
    put(&tasks[3]);
    unschedule(&tasks[2], -EALREADY, "when it waits for a slot");
    CALL(-EBUSY, "for a scheduled job that waits for a slot", wq_try_put(shop.q, &tasks[2].job, 0));
    run_queue();
    expect_shown(&shop, "0.000  a: put\n"
                        "0.000  a: runs\n"
                        "0.010  b: put\n"
                        "0.100  b: runs\n"
                        "0.100  e: put\n"
                        "0.200  e: runs\n"
                        "0.300  c: runs\n"
                        "0.300  d: put\n"
                        "0.400  d: runs\n");
    shop_close(&shop, tasks, 5);
}
END_TEST

START_TEST(what_cannot_be_scheduled)
{
    const struct wq_options options = options_of(1, 1);
    struct shop shop;
    struct task tasks[2];

    shop_begin(&shop, &options, SHOW_RUN);
    tasks_of(&shop, tasks, "ab", 10);
    struct wq_job *job = &tasks[0].job;
    unschedule(&tasks[0], -EALREADY, "when it was never scheduled");
    CALL(-EINVAL, "without a period", wq_schedule_every(shop.q, job, 0, 10, 0));
    CALL(-EINVAL, "with a period of -1", wq_schedule_every(shop.q, job, 0, 10, -1));
    CALL(-EINVAL, "from a negative time on", wq_schedule_every(shop.q, job, 0, -1, 10));
    CALL(-EINVAL, "with priority -1", wq_schedule_every(shop.q, job, -1, 10, 10));
    CALL(-EINVAL, "with priority 8", wq_schedule_at(shop.q, job, 8, 10));
    expect_loop_ends_at(0);
    schedule_at(&tasks[0], 50);
    schedule_at(&tasks[1], 100);
    run_queue_for(10);
    unschedule(&tasks[0], 0, "when it waits for its time");
    unschedule(&tasks[0], -EALREADY, "a second time");
    put(&tasks[0]); /* it is nobody's */
    run_queue();
    expect_shown(&shop, "0.010  a: runs\n"
                        "0.100  b: runs\n");
    schedule_at(&tasks[1], 1000);
    unschedule(&tasks[1], 0, "when it waits for its time");
    expect_loop_ends_at(110);
    shop_close(&shop, tasks, 2);
}
END_TEST

/* ---- each period ---- */

static void stop_after_5(struct task *t)
{
    if (t->attempts == 5)
        unschedule(t, 0, "in its ended()");
}

/* The first time, and two more, are over: the others are where they would have been. */
START_TEST(from_a_time_in_the_past)
{
    const struct wq_options options = options_of(1, 1);
    struct shop shop;
    struct task tasks[1];

    shop_begin(&shop, &options, SHOW_RUN);
    tasks_of(&shop, tasks, "a", 10);
    tasks[0].on_end = stop_after_5;
    run_queue_for(350);
    schedule_every(&tasks[0], 100, 100);
    trace("a is to be put each 0.100, from 0.100 on");
    run_queue();
    expect_shown(&shop, "0.350  a is to be put each 0.100, from 0.100 on\n"
                        "0.350  a: runs\n"
                        "0.400  a: runs\n"
                        "0.500  a: runs\n"
                        "0.600  a: runs\n"
                        "0.700  a: runs\n");
    shop_close(&shop, tasks, 1);
}
END_TEST

/* Its time has not come: so it is not under way. */
START_TEST(a_join_waits_for_no_time)
{
    const struct wq_options options = options_of(3, 3);
    struct shop shop;
    struct task tasks[3];

    shop_begin(&shop, &options, 0);
    tasks_of(&shop, tasks, "abc", 10);
    schedule_at(&tasks[0], 500);
    schedule_every(&tasks[1], 0, 100);
    run_queue_for(20);
    put(&tasks[2]);
    CALL(0, "always", wq_join(shop.q, &shop.call, on_told, &shop));
    run_queue_for(20);
    if (shop.told != 1)
        fail_test(
            "wq_join() at 0.020: one job runs until 0.030, others are scheduled, one for 0.500,\n"
            "one for each 0.100\n"
            "expected  its cb is called at 0.030\ngot       no call by %.3f",
            now_ms() / 1e3);
    unschedule(&tasks[0], 0, "when it waits for its time");
    unschedule(&tasks[1], 0, "when it waits for its next time");
    expect_shown(&shop, "0.030  told 0\n");
    shop_close(&shop, tasks, 3);
}
END_TEST

/* The handler holds up the loop for 30 ms each time. */
START_TEST(no_drift)
{
    const struct wq_options options = options_of(1, 1);
    struct shop shop;
    struct task tasks[1];

    shop_begin(&shop, &options, SHOW_RUN);
    tasks_of(&shop, tasks, "a", 0);
    tasks[0].busy_ms = 30;
    tasks[0].on_end = stop_after_5;
    run_queue_for(20);
    schedule_every(&tasks[0], 100, 100);
    run_queue();
    expect_shown(&shop, "0.100  a: runs\n"
                        "0.200  a: runs\n"
                        "0.300  a: runs\n"
                        "0.400  a: runs\n"
                        "0.500  a: runs\n");
    shop_close(&shop, tasks, 1);
}
END_TEST

/* The job takes 230 ms, and its period is 100: each time, two or three are over. */
START_TEST(longer_than_its_period)
{
    const struct wq_options options = options_of(1, 2);
    struct shop shop;
    struct task tasks[1];

    shop_begin(&shop, &options, SHOW_RUN);
    tasks_of(&shop, tasks, "a", 230);
    tasks[0].on_end = stop_after_5;
    schedule_every(&tasks[0], 0, 100);
    run_queue_for(1000);
    tasks[0].ms = 10; /* from the next one on */
    run_queue();
    expect_shown(&shop, "0.000  a: runs\n"
                        "0.230  a: runs\n"
                        "0.460  a: runs\n"
                        "0.690  a: runs\n"
                        "0.920  a: runs\n");
    shop_close(&shop, tasks, 1);
}
END_TEST

/* Another job holds up the loop from 0.150 to 0.470: three times become one. */
START_TEST(missed_times_become_one)
{
    const struct wq_options options = options_of(2, 2);
    struct shop shop;
    struct task tasks[2];

    shop_begin(&shop, &options, SHOW_RUN);
    tasks_of(&shop, tasks, "ab", 0);
    tasks[0].on_end = stop_after_5;
    tasks[1].busy_ms = 320;
    schedule_every(&tasks[0], 100, 100);
    schedule_at(&tasks[1], 150);
    run_queue();
    expect_shown(&shop, "0.100  a: runs\n"
                        "0.150  b: runs\n"
                        "0.470  a: runs\n"
                        "0.500  a: runs\n"
                        "0.600  a: runs\n"
                        "0.700  a: runs\n");
    shop_close(&shop, tasks, 2);
}
END_TEST

static void stop_now(struct task *t)
{
    const bool again = t->attempts % 2 == 0;

    expect_job(t, "in run()", again ? 2 : 1, again ? -EIO : 0);
    if (t->attempts == 4)
        unschedule(t, -EALREADY, "when it runs");
    work_for(t, t->ms);
}

/* It fails for good each time, and comes again; when it is unscheduled, it is as any other job. */
START_TEST(it_fails_and_comes_again)
{
    struct wq_options options = options_of(1, 1);
    struct shop shop;
    struct task tasks[1];

    options.max_attempts = 2;
    options.backoff_ms = 20;
    shop_begin(&shop, &options, SHOW_RUN | SHOW_END);
    tasks_of(&shop, tasks, "a", 10);
    tasks[0].fails = 100;
    tasks[0].err = -EIO;
    tasks[0].on_run = stop_now;
    schedule_every(&tasks[0], 0, 100);
    run_queue_for(90);
    if (wq_dead_first(shop.q) != NULL)
        fail_test("a periodic job has failed for good\nexpected  it comes again\n"
                  "got       it is a dead letter");
    run_queue();
    expect_shown(&shop, "0.000  a: runs\n"
                        "0.030  a: runs\n"
                        "0.040  a: ended -EIO\n"
                        "0.100  a: runs\n"
                        "0.130  a: runs\n"
                        "0.140  a: ended -EIO\n");
    if (wq_dead_take(shop.q) != &tasks[0].job)
        fail_test("a job that was unscheduled when it ran has failed for good\n"
                  "expected  it is a dead letter\ngot       it is none");
    shop_close(&shop, tasks, 1);
}
END_TEST

START_TEST(a_very_long_period)
{
    const struct wq_options options = options_of(1, 1);
    struct shop shop;
    struct task tasks[1];

    shop_begin(&shop, &options, SHOW_RUN);
    tasks_of(&shop, tasks, "a", 0);
    run_queue_for(20);
    schedule_every(&tasks[0], 10, INT64_MAX);
    run_queue_for(1000);
    unschedule(&tasks[0], 0, "when it waits for its next time");
    expect_shown(&shop, "0.020  a: runs\n");
    shop_close(&shop, tasks, 1);
}
END_TEST

static void schedule_without_memory(void *arg)
{
    const struct wq_options options = options_of(1, 1);
    struct shop shop;
    struct task tasks[1];

    (void)arg;
    shop_open(&shop, &options, 0);
    if (shop.q == NULL)
        return;
    tasks_of(&shop, tasks, "a", 0);
    tasks[0].on_end = stop_after_5;
    const int start = now_ms();
    CALL(0, "for a job that is nobody's",
         wq_schedule_every(shop.q, &tasks[0].job, 0, wq_now(shop.q) + 100, 100));
    run_queue();
    if (tasks[0].attempts != 5 || now_ms() - start != 500)
        fail_test("there is no memory for the timer once: a job is put each 100 ms, 5 times\n"
                  "expected  5 run(), the last one at 0.500\ngot       %d, the last one at %.3f",
                  tasks[0].attempts, (now_ms() - start) / 1e3);
    shop_close(&shop, tasks, 1);
}

START_TEST(no_memory_for_its_time)
{
    each_allocation_fails(schedule_without_memory, NULL);
}
END_TEST

#endif
