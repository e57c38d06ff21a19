/* p9_count_tests.h: what a queue counts, and what it costs, for
 * check_p9_work_queue.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P9_COUNT_TESTS_H
#define P9_COUNT_TESTS_H

#include <json-c/json.h>

#include "p9_end_tests.h"
#include "p9_time_tests.h"
#include "p9_wait_tests.h"

/* ---- what it counts ---- */

/* Each member that is not 0, as "name number, ". */
static void stats_text(struct wq *q, char *out, size_t size)
{
    static const char *const NAMES[] = {"scheduled", "waiting", "queued",  "running",  "retrying",
                                        "put",       "done",    "failed",  "retried",  "dead",
                                        "timed_out", "missed",  "refused", "cancelled"};
    struct json_object *stats = wq_stats(q), *member;
    size_t n = 0;

    if (stats == NULL)
        fail_test("wq_stats()\nexpected  an object\ngot       NULL");
    out[0] = '\0';
    for (size_t k = 0; k < sizeof(NAMES) / sizeof(NAMES[0]); k++) {
        if (!json_object_object_get_ex(stats, NAMES[k], &member) ||
            !json_object_is_type(member, json_type_int))
            fail_test("wq_stats()\nexpected  an integer member \"%s\"\ngot       none", NAMES[k]);
        const long long value = json_object_get_int64(member);
        if (value != 0)
            n += (size_t)snprintf(out + n, size - n, "%s%s %lld", n > 0 ? ", " : "", NAMES[k],
                                  value);
    }
    json_object_put(stats);
}

static void expect_stats(struct shop *shop, const char *when, const char *expected)
{
    char got[512];

    stats_text(shop->q, got, sizeof(got));
    if (strcmp(got, expected) != 0)
        fail_test("at %.3f wq_stats(), %s; what is not 0\nexpected  %s\ngot       %s",
                  now_ms() / 1e3, when, expected, got);
}

START_TEST(it_counts_at_each_moment)
{
    struct shop shop;
    struct task tasks[7];

    shop_at_work(&shop, tasks);
    expect_stats(&shop, "when all states occur",
                 "scheduled 1, waiting 2, queued 1, running 1, retrying 1, put 3, failed 1, "
                 "retried 1");
    CALL(-EALREADY, "for a job that is queued", wq_done(shop.q, &tasks[2].job, 0));
    CALL(0, "of a put that waits", wq_cancel(shop.q, &tasks[4].job.put));
    expect_stats(&shop, "after a wq_done() too many and a put that was cancelled",
                 "scheduled 1, waiting 1, queued 1, running 1, retrying 1, put 3, failed 1, "
                 "retried 1, refused 1");
    run_queue_for(200);
    expect_stats(&shop, "when two are done, and the third runs",
                 "scheduled 1, queued 1, running 1, put 4, done 2, failed 1, retried 1, refused 1");
    run_queue();
    expect_stats(&shop, "when all are done", "put 5, done 5, failed 1, retried 1, refused 1");
    shop_close(&shop, tasks, 7);
}
END_TEST

/* Two that take too long: one obeys, and fails twice; the other one is done all the same. */
START_TEST(it_counts_what_took_too_long)
{
    struct wq_options options = options_of(5, 2);
    struct shop shop;
    struct task tasks[2];

    options.max_attempts = 2;
    options.backoff_ms = 10;
    options.job_timeout_ms = 50;
    shop_begin(&shop, &options, 0);
    tasks_of(&shop, tasks, "ab", 100);
    tasks[0].obeys = true;
    tasks[0].obeys_ms = 5;
    tasks[1].ms = 60;
    put_all(tasks, 2);
    expect_stats(&shop, "before the first turn of the loop", "queued 2, put 2");
    run_queue_for(52);
    expect_stats(&shop, "when the time of both is over, and both run on",
                 "running 2, put 2, timed_out 2");
    run_queue_for(10);
    expect_stats(&shop, "when one has failed, and the other one is done",
                 "retrying 1, put 2, done 1, failed 1, retried 1, timed_out 2");
    run_queue();
    expect_stats(&shop, "at the end", "put 2, done 1, failed 2, retried 1, dead 1, timed_out 3");
    (void)wq_dead_take(shop.q);
    expect_stats(&shop, "when the dead letter is taken",
                 "put 2, done 1, failed 2, retried 1, dead 1, timed_out 3");
    shop_close(&shop, tasks, 2);
}
END_TEST

/* Asked to end, it has no time any more. */
START_TEST(it_counts_no_time_after_now)
{
    struct wq_options options = options_of(1, 1);
    struct shop shop;
    struct task tasks[1];

    options.job_timeout_ms = 50;
    shop_begin(&shop, &options, 0);
    tasks_of(&shop, tasks, "a", BY_HAND);
    tasks[0].obeys = true;
    tasks[0].obeys_ms = 100;
    put_all(tasks, 1);
    run_queue_for(10);
    shut_down(&shop, WQ_NOW);
    run_queue();
    expect_stats(&shop,
                 "after a shutdown NOW, job_timeout_ms 50, and a job that ended 100 ms later",
                 "put 1, cancelled 1");
    shop_close(&shop, tasks, 1);
}
END_TEST

static void stop_after_3(struct task *t)
{
    if (t->attempts == 3)
        unschedule(t, 0, "in its ended()");
}

START_TEST(it_counts_what_was_missed_and_dropped)
{
    const struct wq_options options = options_of(2, 1);
    struct shop shop;
    struct task tasks[6];

    shop_begin(&shop, &options, 0);
    tasks_of(&shop, tasks, "abcdef", 330);
    tasks[0].on_end = stop_after_3;
    schedule_every(&tasks[0], 0, 100);
    run_queue_for(340);
    expect_stats(&shop,
                 "when a periodic job has taken 330 ms, its period is 100, and it runs again",
                 "running 1, put 2, done 1, missed 2");
    run_queue();
    expect_stats(&shop, "when it has run 3 times", "put 3, done 3, missed 4");
    tasks[1].obeys = true;
    put_all(tasks + 1, 4);
    schedule_at(&tasks[5], 10000);
    run_queue_for(10);
    expect_stats(&shop, "with 3 jobs, a put that waits, and a job that is scheduled",
                 "scheduled 1, waiting 1, queued 2, running 1, put 6, done 3, missed 4");
    shut_down(&shop, WQ_NOW);
    expect_stats(&shop, "right after wq_shutdown(NOW)",
                 "running 1, put 6, done 3, missed 4, cancelled 2");
    run_queue();
    expect_stats(&shop, "when all is over", "put 6, done 3, missed 4, cancelled 3");
    shop_close(&shop, tasks, 6);
}
END_TEST

/* ---- what it costs ---- */

/* With all that has a time switched on, and after all of it was used. */
START_TEST(idle_it_sleeps)
{
    struct wq_options options = options_of(2, 1);
    struct shop shop;
    struct task tasks[3];

    options.max_attempts = 2;
    options.backoff_ms = 10;
    options.job_timeout_ms = 50;
    options.rate_per_s = 100;
    options.burst = 1;
    shop_begin(&shop, &options, 0);
    tasks_of(&shop, tasks, "abc", 20);
    tasks[0].fails = 1;
    tasks[0].err = -EIO;
    put_all(tasks, 3);
    run_queue();
    if (shop.ended != 3)
        fail_test("three jobs, one of which fails once\nexpected  3 ended()\ngot       %d",
                  shop.ended);
    expect_asleep("with an idle queue: all jobs are done");
    expect_loop_ends_at(now_ms());
    shop_close(&shop, tasks, 3);
}
END_TEST

/* Paused, with jobs and tokens; or all workers are busy, with no time limit. */
START_TEST(with_nothing_to_do_it_sleeps)
{
    struct wq_options options = options_of(2, 1);
    struct shop shop;
    struct task tasks[3];

    options.rate_per_s = 100;
    options.burst = 1;
    shop_begin(&shop, &options, 0);
    tasks_of(&shop, tasks, "abc", BY_HAND);
    put_all(tasks, 3);
    run_queue_for(10);
    if (shop.begun != 1)
        fail_test("a job is put\nexpected  1 run()\ngot       %d", shop.begun);
    expect_asleep("with a worker that is busy, two jobs that wait for it, and tokens for them");
    wq_pause(shop.q);
    finish(&tasks[0]);
    run_queue_for(10);
    expect_asleep("with a queue that is paused, and two jobs in it");
    tasks[1].ms = tasks[2].ms = 10;
    wq_resume(shop.q);
    run_queue();
    shop_close(&shop, tasks, 3);
}
END_TEST

/* The token is known to come at 0.100, but nobody may take it. */
START_TEST(paused_it_waits_for_no_token)
{
    struct wq_options options = options_of(2, 2);
    struct shop shop;
    struct task tasks[2];

    options.rate_per_s = 10;
    options.burst = 1;
    shop_begin(&shop, &options, SHOW_RUN);
    tasks_of(&shop, tasks, "ab", 10);
    put_all(tasks, 2);
    run_queue_for(50);
    wq_pause(shop.q);
    expect_asleep("with a queue that was paused while a job waited for a token");
    wq_resume(shop.q);
    run_queue();
    expect_shown(&shop, "0.000  a: runs\n"
                        "60.050  b: runs\n");
    shop_close(&shop, tasks, 2);
}
END_TEST

/* One wake-up when the time has come, and one or two to call back: not one more. */
START_TEST(woken_when_the_time_has_come)
{
    const struct wq_options options = options_of(1, 1);
    struct shop shop;
    struct task tasks[1];

    shop_begin(&shop, &options, 0);
    tasks_of(&shop, tasks, "a", 0);
    schedule_every(&tasks[0], 10 * 1000, 10 * 1000);
    const int turns = turns_for(55 * 1000);
    if (tasks[0].attempts != 5 || turns > 5 * 4 + 1)
        fail_test("a job is put each 10 s, for 55 s\n"
                  "expected  5 run(), and at most 4 turns of the loop for each\n"
                  "got       %d run(), %d turns",
                  tasks[0].attempts, turns);
    unschedule(&tasks[0], 0, "when it waits for its next time");
    shop_close(&shop, tasks, 1);
}
END_TEST

#endif
