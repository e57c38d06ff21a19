/* check_06_task_scheduling.c: the suite of 06_task_scheduling, the run queue of the print shop
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>

#include "print_shop.h"
#include "print_shop_turns.h"

/* ---- a spawned task runs from the loop ---- */

START_TEST(spawned_before_the_loop_runs)
{
    struct shop shop = shop_open();
    struct job letter = {.name = "letter", .pages = 1};

    submit(&shop, &letter);
    trace("runner_spawn() has returned");
    run_shop(&shop);
    expect_trace_in_order("0.000  runner_spawn() has returned\n"
                          "0.000  letter: page 1\n");
    runner_free(shop.runner);
}
END_TEST

START_TEST(spawned_within_a_step)
{
    struct shop shop = shop_open();
    struct job letter = {.name = "letter", .pages = 1};
    struct job thesis = {.name = "thesis", .pages = 1, .spawns = &letter};

    submit(&shop, &thesis);
    run_shop(&shop);
    expect_trace_in_order("0.000  thesis: page 1\n"
                          "0.000  thesis: has spawned letter\n"
                          "0.000  letter: page 1\n");
    runner_free(shop.runner);
}
END_TEST

/* ---- first in, first out ---- */

START_TEST(three_jobs_take_turns)
{
    struct shop shop = shop_open();
    struct job jobs[] = {{.name = "thesis", .pages = 4},
                         {.name = "letter", .pages = 1},
                         {.name = "poster", .pages = 2}};

    for (int k = 0; k < 3; k++)
        submit(&shop, &jobs[k]);
    run_shop(&shop);
    expect_trace_in_order("0.000  thesis: page 1\n"
                          "0.000  letter: page 1\n"
                          "0.000  poster: page 1\n"
                          "0.000  thesis: page 2\n"
                          "0.000  poster: page 2\n"
                          "0.000  thesis: page 3\n"
                          "0.000  thesis: page 4\n");
    runner_free(shop.runner);
}
END_TEST

/* The letter comes behind the poster, which was ready before, and in front of the thesis, which
 * yields after it has spawned the letter. */
START_TEST(spawned_by_a_task_it_comes_behind_the_others)
{
    struct shop shop = shop_open();
    struct job letter = {.name = "letter", .pages = 2};
    struct job thesis = {.name = "thesis", .pages = 2, .spawns = &letter};
    struct job poster = {.name = "poster", .pages = 2};

    submit(&shop, &thesis);
    submit(&shop, &poster);
    run_shop(&shop);
    expect_trace_in_order("0.000  thesis: page 1\n"
                          "0.000  thesis: has spawned letter\n"
                          "0.000  poster: page 1\n"
                          "0.000  letter: page 1\n"
                          "0.000  thesis: page 2\n"
                          "0.000  poster: page 2\n"
                          "0.000  letter: page 2\n");
    runner_free(shop.runner);
}
END_TEST

/* Three tasks that yield again and again make a step each while the loop goes round once. If they
 * never let it go round, that is starvation, and told below. */
START_TEST(a_turn_is_a_step_of_each)
{
    enum { JOBS = 3, ROUNDS = 20 };
    struct shop shop = shop_open();
    struct job jobs[JOBS] = {{.name = "thesis", .pages = MANY},
                             {.name = "letter", .pages = MANY},
                             {.name = "poster", .pages = MANY}};

    for (int k = 0; k < JOBS; k++)
        submit(&shop, &jobs[k]);
    run_rounds(ROUNDS);
    if (shop.steps == 0)
        fail_without_a_step();
    for (int k = 0; k < JOBS; k++)
        if (abs(jobs[k].printed - ROUNDS) > 1 && jobs[k].printed < MANY)
            fail_test("three tasks yield again and again, while the loop goes round %d times\n"
                      "expected  %d steps of each task, one a turn (or one more, or less)\n"
                      "got       %d, %d and %d steps",
                      ROUNDS, ROUNDS, jobs[0].printed, jobs[1].printed, jobs[2].printed);
    runner_free(shop.runner);
}
END_TEST

/* Those that end make the queue shorter while the turn runs. */
START_TEST(a_turn_is_a_step_of_each_that_ends)
{
    enum { JOBS = 20, ROUNDS = 2 };
    struct shop shop = shop_open();
    struct job jobs[JOBS] = {{.name = "letter"}};

    for (int k = 0; k < JOBS; k++) {
        jobs[k] = (struct job){.name = "letter", .pages = 1};
        submit(&shop, &jobs[k]);
    }
    run_rounds(ROUNDS);
    if (shop.steps == 0)
        fail_without_a_step();
    if (shop.steps != JOBS)
        fail_test("%d tasks are ready, and each ends with its first step\n"
                  "expected  %d steps in the first turn\n"
                  "got       %d steps while the loop has gone round %d times",
                  JOBS, JOBS, shop.steps, ROUNDS);
    runner_free(shop.runner);
}
END_TEST

/* ---- a yield starves nobody ---- */

START_TEST(a_timer_is_served)
{
    expect_guest_served(YIELDS, false);
}
END_TEST

START_TEST(a_descriptor_is_served)
{
    expect_guest_served(YIELDS, true);
}
END_TEST

START_TEST(tasks_that_spawn_and_end_starve_nobody)
{
    expect_guest_served(SPAWNS_AND_ENDS, false);
    expect_guest_served(SPAWNS_AND_ENDS, true);
}
END_TEST

START_TEST(tasks_that_spawn_and_yield_starve_nobody)
{
    expect_guest_served(SPAWNS_AND_YIELDS, false);
    expect_guest_served(SPAWNS_AND_YIELDS, true);
}
END_TEST

/* ---- the queue becomes empty, and is filled again ---- */

START_TEST(the_loop_ends_with_the_last_task)
{
    struct shop shop = shop_open();
    struct job letter = {.name = "letter", .pages = 1};
    struct job thesis = {.name = "thesis", .pages = 2};

    run_loop(); /* nobody is ready: it ends at once */
    submit(&shop, &letter);
    submit(&shop, &thesis);
    run_shop(&shop);
    expect_trace("0.000  letter: page 1\n"
                 "0.000  thesis: page 1\n"
                 "0.000  thesis: page 2\n");
    expect_waiting(shop.runner, 0, "when the loop has ended");
    runner_free(shop.runner);
}
END_TEST

/* The loop goes round until the last step has been made, and is looked at right behind it. */
START_TEST(no_turn_for_nobody)
{
    enum { ENOUGH = 10 };
    struct shop shop = shop_open();
    struct job thesis = {.name = "thesis", .pages = 2};

    submit(&shop, &thesis);
    for (int round = 0; round < ENOUGH && runner_waiting(shop.runner) > 0; round++)
        ck_assert_int_ge(event_base_loop(test_base(), EVLOOP_ONCE), 0);
    if (shop.steps == 0)
        fail_without_a_step();
    expect_waiting(shop.runner, 0, "when all pages are printed");
    if (events_in_the_loop() > 0)
        fail_test("the turn in which the last task has ended is over\n"
                  "expected  no event is pending in the loop\n"
                  "got       one is: a turn has been ordered for nobody");
    runner_free(shop.runner);
}
END_TEST

/* A customer comes through the door: a timer. */
static void on_customer(evutil_socket_t fd, short what, void *arg)
{
    struct job *job = arg;

    (void)fd;
    (void)what;
    submit(job->shop, job);
    trace("%s: submitted", job->name);
}

START_TEST(a_task_comes_when_the_queue_is_empty)
{
    struct shop shop = shop_open();
    struct job thesis = {.name = "thesis", .pages = 1};
    struct job letter = {.name = "letter", .pages = 2, .shop = &shop};
    const struct timeval delay = {.tv_usec = 100 * 1000};
    struct event *door = evtimer_new(test_base(), on_customer, &letter);

    submit(&shop, &thesis);
    ck_assert_int_eq(event_add(door, &delay), 0);
    run_shop(&shop);
    expect_trace("0.000  thesis: page 1\n"
                 "0.100  letter: submitted\n"
                 "0.100  letter: page 1\n"
                 "0.100  letter: page 2\n");
    event_free(door);
    runner_free(shop.runner);
}
END_TEST

/* ---- memory ---- */

START_TEST(freed_before_the_first_step)
{
    struct shop shop = shop_open();
    struct job jobs[] = {{.name = "thesis", .pages = 4}, {.name = "letter", .pages = 1}};

    submit(&shop, &jobs[0]);
    submit(&shop, &jobs[1]);
    runner_free(shop.runner);
    run_loop();
    expect_trace("");
    runner_free(NULL);
}
END_TEST

static void on_break(evutil_socket_t fd, short what, void *base)
{
    (void)fd;
    (void)what;
    event_base_loopbreak(base);
}

/* The loop is stopped by a timer, between two steps, when both jobs have more pages to print. */
START_TEST(freed_half_way)
{
    const struct timeval at_once = {.tv_sec = 0};
    struct shop shop = shop_open();
    struct job jobs[] = {{.name = "thesis", .pages = MANY}, {.name = "poster", .pages = MANY}};
    struct event *stop = evtimer_new(test_base(), on_break, test_base());
    int printed;

    submit(&shop, &jobs[0]);
    submit(&shop, &jobs[1]);
    ck_assert_int_eq(event_add(stop, &at_once), 0);
    run_loop();
    expect_waiting(shop.runner, 2, "when the loop was stopped and two tasks have not ended");
    printed = jobs[0].printed + jobs[1].printed;
    runner_free(shop.runner);
    run_loop();
    if (jobs[0].printed + jobs[1].printed != printed)
        fail_test("a task made a step after runner_free()");
    event_free(stop);
}
END_TEST

/* Behind the spawns, with some of them refused: who is refused is not there, and the others are as
 * they were. */
static void expect_refused_or_queued(const struct shop *shop, const int *results, int n)
{
    size_t queued = 0;

    for (int k = 0; k < n; k++) {
        if (results[k] != 0 && results[k] != -ENOMEM)
            fail_test("runner_spawn() where memory runs out\nexpected  returns -ENOMEM\n"
                      "got       returns %s",
                      results[k] == -1 ? "-1" : result_text(results[k])); /* not "-EPERM" */
        queued += results[k] == 0;
    }
    if (runner_waiting(shop->runner) != queued)
        fail_test("memory ran out, for a task or for its turn\n"
                  "expected  tasks that wait: %zu, one for each runner_spawn() that returned 0\n"
                  "got       tasks that wait: %zu",
                  queued, runner_waiting(shop->runner));
    if (queued > 0)
        expect_turn_ordered("memory ran out, and ");
}

/* `arg`: how many jobs. Where the next turn cannot be had, the loop ends, and tasks wait; but a
 * first turn there was. */
static void jobs_of_two_pages(void *arg)
{
    enum { MOST = 3 };
    const int n = *(const int *)arg;
    struct shop shop = {.runner = runner_new(test_base())};
    struct job jobs[MOST];
    int results[MOST];

    if (shop.runner == NULL)
        return;
    for (int k = 0; k < n; k++) {
        jobs[k] = (struct job){.name = "letter", .pages = 2, .shop = &shop};
        results[k] = runner_spawn(shop.runner, print_page, &jobs[k]);
    }
    expect_refused_or_queued(&shop, results, n);
    run_loop();
    if (runner_waiting(shop.runner) > 0 && shop.steps == 0)
        fail_without_a_step();
    for (int k = 0; k < n; k++) {
        const int pages = results[k] == 0 ? 2 : 0;
        const bool may_wait = results[k] == 0 && runner_waiting(shop.runner) > 0;
        if (jobs[k].printed != pages && !may_wait)
            fail_test("memory ran out; runner_spawn() returned %s for job %d of %d\n"
                      "expected  pages printed: %d\ngot       pages printed: %d",
                      result_text(results[k]), k + 1, n, pages, jobs[k].printed);
    }
    runner_free(shop.runner);
}

START_TEST(memory_runs_out)
{
    int one = 1, three = 3;

    vclock_livelock_limit(20 * MANY);
    each_allocation_fails(jobs_of_two_pages, &one);
    each_allocation_fails(jobs_of_two_pages, &three);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("06_task_scheduling");

    behaviour(
        s, "[1] a spawned task runs from the loop, not inside runner_spawn()",
        "to spawn a task makes it ready and no more; the loop makes its steps, in a turn that "
        "comes without a wait (3.3.1, \"Task scheduling\")",
        spawned_before_the_loop_runs, spawned_within_a_step);
    behaviour(
        s, "[1] first in, first out, a step each",
        "who becomes ready, by a spawn or by a yield, goes behind all that are ready by then; "
        "a turn is one step of each that was ready when it began, and comes without a wait "
        "(3.3.1, \"Task scheduling\")",
        three_jobs_take_turns, spawned_by_a_task_it_comes_behind_the_others,
        a_turn_is_a_step_of_each, a_turn_is_a_step_of_each_that_ends);
    behaviour(s, "[1] a yield starves nobody",
              "a turn runs who was ready when it began, and the next one comes as a timer of 0: "
              "the loop looks at timers and descriptors in between (3.3.1, \"Task scheduling\")",
              a_timer_is_served, a_descriptor_is_served, tasks_that_spawn_and_end_starve_nobody,
              tasks_that_spawn_and_yield_starve_nobody);
    behaviour(s, "[1] the loop ends with the last task, and a later one starts it anew",
              "a pending event keeps the loop alive, and without one nothing is called: a turn is "
              "ordered, for at once, as long as somebody is ready and no longer (3.3.1, \"Event "
              "loop\")",
              the_loop_ends_with_the_last_task, no_turn_for_nobody,
              a_task_comes_when_the_queue_is_empty);
    behaviour(s, "[1] a task is freed when it ends, and all others with the runner",
              "the queue owns the tasks in it: at its end, half-way, or without memory for one or "
              "for its turn (3.3.1, \"Task scheduling\")",
              freed_before_the_first_step, freed_half_way, memory_runs_out);
    return s;
}
