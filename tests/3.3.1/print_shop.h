/* print_shop.h: the customers of the print shop, for check_06_task_scheduling.c
 *
 * A job is a task that prints pages into the timeline. The shop counts the steps of all its jobs,
 * so that a loop that has ended without one is told by its cause.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PRINT_SHOP_H
#define PRINT_SHOP_H

#include "06_task_scheduling.h"
#include "result_text.h"
#include "suite.h"
#include "vclock.h"

/* A runner that starves others lets so many steps pass. */
enum { MANY = 1000 };

struct shop {
    struct runner *runner;
    int steps; /* made by all jobs so far */
};

struct job {
    const char *name;
    int pages;
    struct job *spawns; /* spawned while page 1 is printed; NULL: none */
    struct shop *shop;  /* set by submit() */
    int printed;
};

static struct shop shop_open(void)
{
    struct shop shop = {.runner = runner_new(test_base())};

    vclock_livelock_limit(20 * MANY); /* a loop that never ends is told soon */
    if (shop.runner == NULL)
        fail_test("runner_new() returned NULL");
    return shop;
}

static void expect_waiting(const struct runner *r, size_t n, const char *when)
{
    if (runner_waiting(r) != n)
        fail_test("runner_waiting() %s\nexpected  %zu\ngot       %zu", when, n, runner_waiting(r));
}

static int events_in_the_loop(void)
{
    return event_base_get_num_events(test_base(), EVENT_BASE_COUNT_ADDED | EVENT_BASE_COUNT_ACTIVE);
}

/* To be called outside of a step, when runner_spawn() has returned 0. */
static void expect_turn_ordered(const char *what_happened)
{
    if (events_in_the_loop() == 0)
        fail_test("%srunner_spawn() has returned 0\n"
                  "expected  a turn is ordered: an event is pending in the loop\n"
                  "got       no event is pending, and the loop has nobody to call\n"
                  "(with NULL for the time, event_add() arms no timer)",
                  what_happened);
}

/* The loop had a turn to call, has ended, and nobody has made a step. */
static void fail_without_a_step(void)
{
    fail_test("a turn was ordered, and the loop has ended\n"
              "expected  on_turn() was called, and each task in the queue has made a step\n"
              "got       on_turn() was called, and made no step");
}

static void run_shop(const struct shop *shop)
{
    run_loop();
    if (shop->steps == 0)
        fail_without_a_step();
}

static enum step_end print_page(void *arg);

static void spawn_job(struct shop *shop, struct job *job)
{
    int err;

    job->shop = shop;
    err = runner_spawn(shop->runner, print_page, job);
    if (err != 0)
        fail_test("runner_spawn()\nexpected  returns 0\ngot       returns %s", result_text(err));
}

/* Spawns a job from outside of a step. */
static void submit(struct shop *shop, struct job *job)
{
    const int steps = shop->steps;

    spawn_job(shop, job);
    if (shop->steps == steps) /* else it is run inside runner_spawn(), and the timeline tells */
        expect_turn_ordered("");
}

static enum step_end print_page(void *arg)
{
    struct job *job = arg;

    job->shop->steps++;
    if (job->printed == job->pages)
        fail_test("\"%s\" has ended with page %d, by STEP_DONE, and is called once more", job->name,
                  job->pages);
    trace("%s: page %d", job->name, ++job->printed);
    if (job->printed == 1 && job->spawns != NULL) {
        spawn_job(job->shop, job->spawns);
        trace("%s: has spawned %s", job->name, job->spawns->name);
    }
    return job->printed < job->pages ? STEP_AGAIN : STEP_DONE;
}

#endif
