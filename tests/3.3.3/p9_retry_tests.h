/* p9_retry_tests.h: jobs that fail, for check_p9_work_queue.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P9_RETRY_TESTS_H
#define P9_RETRY_TESTS_H

#include "p9_shown.h"

enum { MOST_ERRNO = 133 };

/* ---- again, later ---- */

static struct task failing(struct shop *shop, const char *name, int fails, int err)
{
    struct task t = task_of(shop, name, 10);

    t.fails = fails;
    t.err = err;
    return t;
}

/* 100 ms after the first failure, 200 after the second, whichever the error. */
START_TEST(twice_as_long_each_time)
{
    struct wq_options options = options_of(1, 1);
    struct shop shop;

    options.max_attempts = 4;
    options.backoff_ms = 100;
    for (int k = 0; k <= MOST_ERRNO; k++) {
        const int err = k == 0 ? -EIO : -k;
        shop_begin(&shop, &options, k == 0 ? SHOW_RUN | SHOW_END : 0);
        struct task a = failing(&shop, "a", 3, err);
        const int start = now_ms();
        put(&a);
        run_queue();
        if (a.attempts != 4 || now_ms() - start != 740 || a.told != 0)
            fail_test("a job fails 3 times with %s, and then goes well\n"
                      "expected  4 attempts, ended 0 at 0.740\ngot       %d, ended %s at %.3f",
                      result_text(err), a.attempts, a.told == 1 ? "never" : result_text(a.told),
                      (now_ms() - start) / 1e3);
        expect_job(&a, "which has ended", 4, 0);
        expect_dead(wq_dead_first(shop.q), NULL);
        if (k == 0)
            expect_shown(&shop, "0.000  a: runs\n"
                                "0.110  a: runs\n"
                                "0.320  a: runs\n"
                                "0.730  a: runs\n"
                                "0.740  a: ended\n");
        shop_close(&shop, &a, 1);
    }
}
END_TEST

START_TEST(others_are_not_held_up)
{
    struct wq_options options = options_of(5, 1);
    struct shop shop;
    struct task tasks[4];

    options.max_attempts = 2;
    options.backoff_ms = 25;
    shop_begin(&shop, &options, SHOW_RUN | SHOW_END);
    tasks_of(&shop, tasks, "abcd", 10);
    tasks[0].fails = tasks[1].fails = 1;
    tasks[0].err = tasks[1].err = -EIO;
    put_all(tasks, 3);
    run_queue_for(15);
    CALL(0, "when a job waits for its next attempt, and slots are free",
         wq_try_put(shop.q, &tasks[3].job, 0));
    run_queue();
    expect_shown(&shop, "0.000  a: runs\n"
                        "0.010  b: runs\n"
                        "0.020  c: runs\n"
                        "0.030  c: ended\n"
                        "0.030  d: runs\n"
                        "0.040  d: ended\n"
                        "0.040  a: runs\n"
                        "0.050  a: ended\n"
                        "0.050  b: runs\n"
                        "0.060  b: ended\n");
    shop_close(&shop, tasks, 4);
}
END_TEST

/* b fails for the first time when a has failed twice: it comes back before it. */
START_TEST(each_waits_its_own_time)
{
    struct wq_options options = options_of(5, 1);
    struct shop shop;
    struct task tasks[2];

    options.max_attempts = 3;
    options.backoff_ms = 100;
    shop_begin(&shop, &options, SHOW_RUN);
    tasks_of(&shop, tasks, "ab", 10);
    for (int k = 0; k < 2; k++) {
        tasks[k].fails = 2;
        tasks[k].err = -EIO;
    }
    put(&tasks[0]);
    run_queue_for(150);
    put(&tasks[1]);
    run_queue();
    expect_shown(&shop, "0.000  a: runs\n"
                        "0.110  a: runs\n"
                        "0.150  b: runs\n"
                        "0.260  b: runs\n"
                        "0.320  a: runs\n"
                        "0.470  b: runs\n");
    shop_close(&shop, tasks, 2);
}
END_TEST

/* It comes back into a full queue, behind those of its priority, and before the lower ones. */
START_TEST(back_without_a_slot)
{
    struct wq_options options = options_of(2, 1);
    struct shop shop;
    struct task tasks[5];

    options.max_attempts = 2;
    options.backoff_ms = 5;
    shop_begin(&shop, &options, SHOW_RUN | SHOW_PUT);
    tasks_of(&shop, tasks, "abcde", 10);
    tasks[0].fails = 1;
    tasks[0].err = -EIO;
    put_as(&tasks[0], 3);
    run_queue_for(0);
    put_as(&tasks[1], 3);
    put_as(&tasks[2], 3);
    put_as(&tasks[3], 0); /* waits for a slot */
    put_as(&tasks[4], 0);
    run_queue();
    expect_shown(&shop, "0.000  a: put\n"
                        "0.000  a: runs\n"
                        "0.000  b: put\n"
                        "0.000  c: put\n"
                        "0.010  b: runs\n"
                        "0.010  d: put\n"
                        "0.020  c: runs\n"
                        "0.030  a: runs\n"
                        "0.030  e: put\n"
                        "0.040  d: runs\n"
                        "0.050  e: runs\n");
    shop_close(&shop, tasks, 5);
}
END_TEST

/* It is back when its time has come, though no worker is free: before one that is put later. */
START_TEST(back_while_all_are_busy)
{
    struct wq_options options = options_of(9, 1);
    struct shop shop;
    struct task tasks[3];

    options.max_attempts = 2;
    options.backoff_ms = 20;
    shop_begin(&shop, &options, SHOW_RUN);
    tasks_of(&shop, tasks, "abc", 10);
    tasks[0].fails = 1;
    tasks[0].err = -EIO;
    tasks[1].ms = 90;
    put_all(tasks, 2);
    run_queue_for(50);
    put(&tasks[2]);
    run_queue();
    expect_shown(&shop, "0.000  a: runs\n"
                        "0.010  b: runs\n"
                        "0.100  a: runs\n"
                        "0.110  c: runs\n");
    shop_close(&shop, tasks, 3);
}
END_TEST

static void fail_otherwise(struct task *t)
{
    static const int errors[] = {-EACCES, -EIO, -EAGAIN};
    const int k = (t->attempts - 1) % 3; /* it is put twice */

    expect_job(t, "in run()", k + 1, k > 0 ? errors[k - 1] : 0);
    finish_as(t, errors[k]);
    expect_job(t, "when wq_done() has returned", k + 1, errors[k]);
}

START_TEST(a_job_knows_its_attempts)
{
    struct wq_options options = options_of(1, 1);
    struct shop shop;
    struct task tasks[3];

    options.max_attempts = 3;
    options.backoff_ms = 10;
    shop_begin(&shop, &options, SHOW_END);
    tasks_of(&shop, tasks, "abc", BY_HAND);
    tasks[0].on_run = fail_otherwise;
    for (int k = 0; k < 2; k++) {
        put_all(tasks, 1);
        run_queue();
        expect_dead(wq_dead_take(shop.q), &tasks[0]);
    }
    expect_shown(&shop, "0.030  a: ended -EAGAIN\n"
                        "0.060  a: ended -EAGAIN\n");
    tasks[0].job.err = -ETIMEDOUT; /* a mark */
    put_all(tasks + 1, 1);
    run_queue_for(0);
    CALL(0, "with a slot free", wq_try_put(shop.q, &tasks[2].job, 0));
    CALL(-EAGAIN, "when the one slot is taken", wq_try_put(shop.q, &tasks[0].job, 0));
    expect_job(&tasks[0], "after a wq_try_put() that was refused", 3, -ETIMEDOUT);
    shop_close(&shop, tasks, 3);
}
END_TEST

/* 1 ms, 2, 4, 8, ... and no more than INT_MAX. */
START_TEST(as_long_as_an_int_goes)
{
    struct wq_options options = options_of(1, 1);
    struct shop shop;

    options.max_attempts = 70;
    options.backoff_ms = 1;
    shop_begin(&shop, &options, 0);
    struct task a = failing(&shop, "a", 70, -EIO);
    int64_t sum = 70 * 10;
    for (int k = 0; k < 69; k++)
        sum += k < 31 ? INT64_C(1) << k : INT_MAX;
    put(&a);
    run_queue();
    const int64_t end = wq_now(shop.q) - shop.start;
    if (a.attempts != 70 || end != sum)
        fail_test(
            "a job fails 70 times, backoff_ms is 1: delays of 1 ms, 2, 4 ..., at most INT_MAX\n"
            "expected  70 attempts, the last one ends at %lld ms\n"
            "got       %d, at %lld ms",
            (long long)sum, a.attempts, (long long)end);
    shop_close(&shop, &a, 1);
}
END_TEST

START_TEST(dead_letters)
{
    struct wq_options options = options_of(5, 2);
    struct shop shop;
    struct task tasks[3];

    options.max_attempts = 2;
    shop_begin(&shop, &options, SHOW_END);
    tasks_of(&shop, tasks, "abc", 10);
    for (int k = 0; k < 3; k++) {
        tasks[k].fails = 2 - k % 2;
        tasks[k].err = k == 0 ? -EIO : -EACCES;
    }
    put_all(tasks, 3);
    expect_dead(wq_dead_first(shop.q), NULL);
    run_queue();
    expect_shown(&shop, "0.020  a: ended -EIO\n"
                        "0.030  b: ended\n"
                        "0.030  c: ended -EACCES\n");
    expect_job(&tasks[0], "a dead letter", 2, -EIO);
    expect_job(&tasks[2], "a dead letter", 2, -EACCES);
    expect_dead(wq_dead_first(shop.q), &tasks[0]);
    expect_dead(wq_dead_next(&tasks[0].job), &tasks[2]);
    expect_dead(wq_dead_next(&tasks[2].job), NULL);
    CALL(-EBUSY, "with a dead letter that was not taken", wq_try_put(shop.q, &tasks[0].job, 0));
    expect_dead(wq_dead_take(shop.q), &tasks[0]);
    expect_dead(wq_dead_take(shop.q), &tasks[2]);
    expect_dead(wq_dead_take(shop.q), NULL);
    tasks[0].fails = 0;
    put(&tasks[0]);
    run_queue();
    expect_job(&tasks[0], "which was put again, and is done", 1, 0);
    expect_shown(&shop, "0.040  a: ended\n");
    shop_close(&shop, tasks, 3);
}
END_TEST

static void fail_now(struct task *t)
{
    finish(t);
    expect_dead(wq_dead_first(t->shop->q), NULL); /* ended() is to come, and uses the job */
}

static void take_and_put(struct task *t)
{
    if (t->told == 0)
        return;
    expect_dead(wq_dead_take(t->shop->q), t);
    t->fails = 0;
    put(t);
}

/* With one attempt the first failure is the last; ended() may take the letter, and put it again. */
START_TEST(one_attempt)
{
    const struct wq_options options = options_of(1, 1);
    struct shop shop;
    struct task tasks[2];

    shop_begin(&shop, &options, SHOW_RUN | SHOW_END);
    tasks_of(&shop, tasks, "ab", 10);
    tasks[0].fails = 1;
    tasks[0].err = -ECANCELED;
    tasks[0].on_run = fail_now;
    tasks[0].on_end = take_and_put;
    put_all(tasks, 2);
    run_queue();
    expect_shown(&shop, "0.000  a: runs\n"
                        "0.000  a: ended -ECANCELED\n"
                        "0.000  b: runs\n"
                        "0.010  b: ended\n"
                        "0.010  a: runs\n"
                        "0.010  a: ended\n");
    shop_close(&shop, tasks, 2);
}
END_TEST

START_TEST(a_join_waits_for_the_next_attempt)
{
    struct wq_options options = options_of(1, 1);
    struct shop shop;

    options.max_attempts = 2;
    options.backoff_ms = 100;
    shop_begin(&shop, &options, SHOW_RUN | SHOW_END);
    struct task a = failing(&shop, "a", 2, -EIO);
    put(&a);
    run_queue_for(5);
    CALL(0, "always", wq_join(shop.q, &shop.call, on_told, &shop));
    run_queue();
    expect_in_order(&shop, "0.000  a: runs\n"
                           "0.110  a: runs\n"
                           "0.120  a: ended -EIO\n"
                           "0.120  told 0\n");
    shop_close(&shop, &a, 1);
}
END_TEST

/* Without memory for a timer nothing is lost, nor told twice: see the header. */
static void fail_without_memory(void *timeout)
{
    struct wq_options options = options_of(1, 1);
    struct shop shop;

    const int attempts = timeout != NULL ? 2 : 3;

    options.max_attempts = attempts;
    options.backoff_ms = 20;
    options.job_timeout_ms = timeout != NULL ? 30 : 0;
    shop_open(&shop, &options, 0);
    if (shop.q == NULL)
        return;
    struct task a = failing(&shop, "a", 2, -EIO);
    const int start = now_ms();
    if (timeout != NULL)
        a.ms = BY_HAND;
    a.obeys = true;
    put(&a);
    run_queue();
    const int ms = timeout != NULL ? 80 : 90;
    if (a.attempts != attempts || now_ms() - start != ms ||
        a.told != (timeout != NULL ? -ETIMEDOUT : 0))
        fail_test("there is no memory for the timer once: a job whose first attempts fail\n"
                  "expected  %d attempts, ended %s at %.3f\ngot       %d, ended %s at %.3f",
                  attempts, result_text(timeout != NULL ? -ETIMEDOUT : 0), ms / 1e3, a.attempts,
                  a.told == 1 ? "never" : result_text(a.told), (now_ms() - start) / 1e3);
    shop_close(&shop, &a, 1);
}

START_TEST(no_memory_for_the_timer)
{
    each_allocation_fails(fail_without_memory, NULL);
}
END_TEST

#endif
