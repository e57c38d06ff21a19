/* check_06_task_scheduling.c: the suite of 06_task_scheduling, the run queue of the print shop
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "06_task_scheduling.h"
#include "result_text.h"
#include "suite.h"
#include "vclock.h"

/* libevent promises no order between a turn and a timer that are due together, so a few steps more
 * or less are right. A runner that starves others lets MANY pass. */
enum { FEW = 4, MANY = 1000 };

/* ---- jobs: tasks that print pages ---- */

struct job {
    const char *name;
    int pages;
    struct job *spawns;    /* spawned while page 1 is printed; NULL: none */
    struct runner *runner; /* set by submit() */
    int printed;
};

static enum step_end print_page(void *arg);

static void submit(struct runner *r, struct job *job)
{
    int err;

    job->runner = r;
    err = runner_spawn(r, print_page, job);
    if (err != 0)
        fail_test("runner_spawn() of \"%s\"\nexpected  returns 0\ngot       returns %s", job->name,
                  result_text(err));
}

static enum step_end print_page(void *arg)
{
    struct job *job = arg;

    if (job->printed == job->pages)
        fail_test("\"%s\" has ended with page %d, by STEP_DONE, and is called once more", job->name,
                  job->pages);
    trace("%s: page %d", job->name, ++job->printed);
    if (job->printed == 1 && job->spawns != NULL) {
        submit(job->runner, job->spawns);
        trace("%s: has spawned %s", job->name, job->spawns->name);
    }
    return job->printed < job->pages ? STEP_AGAIN : STEP_DONE;
}

static struct runner *runner_or_fail(void)
{
    struct runner *r = runner_new(test_base());

    vclock_livelock_limit(20 * MANY); /* a loop that never ends is told soon */
    if (r == NULL)
        fail_test("runner_new() returned NULL");
    return r;
}

static void expect_waiting(const struct runner *r, size_t n, const char *when)
{
    if (runner_waiting(r) != n)
        fail_test("runner_waiting() %s\nexpected  %zu\ngot       %zu", when, n, runner_waiting(r));
}

/* ---- a spawned task runs from the loop ---- */

START_TEST(spawned_before_the_loop_runs)
{
    struct runner *r = runner_or_fail();
    struct job letter = {.name = "letter", .pages = 1};

    submit(r, &letter);
    trace("runner_spawn() has returned");
    run_loop();
    expect_trace_in_order("0.000  runner_spawn() has returned\n"
                          "0.000  letter: page 1\n");
    runner_free(r);
}
END_TEST

START_TEST(spawned_within_a_step)
{
    struct runner *r = runner_or_fail();
    struct job letter = {.name = "letter", .pages = 1};
    struct job thesis = {.name = "thesis", .pages = 1, .spawns = &letter};

    submit(r, &thesis);
    run_loop();
    expect_trace_in_order("0.000  thesis: page 1\n"
                          "0.000  thesis: has spawned letter\n"
                          "0.000  letter: page 1\n");
    runner_free(r);
}
END_TEST

/* ---- first in, first out ---- */

START_TEST(three_jobs_take_turns)
{
    struct runner *r = runner_or_fail();
    struct job jobs[] = {{.name = "thesis", .pages = 4},
                         {.name = "letter", .pages = 1},
                         {.name = "poster", .pages = 2}};

    for (int k = 0; k < 3; k++)
        submit(r, &jobs[k]);
    run_loop();
    expect_trace_in_order("0.000  thesis: page 1\n"
                          "0.000  letter: page 1\n"
                          "0.000  poster: page 1\n"
                          "0.000  thesis: page 2\n"
                          "0.000  poster: page 2\n"
                          "0.000  thesis: page 3\n"
                          "0.000  thesis: page 4\n");
    runner_free(r);
}
END_TEST

/* The letter comes behind the poster, which was ready before, and in front of the thesis, which
 * yields after it has spawned the letter. */
START_TEST(spawned_by_a_task_it_comes_behind_the_others)
{
    struct runner *r = runner_or_fail();
    struct job letter = {.name = "letter", .pages = 2};
    struct job thesis = {.name = "thesis", .pages = 2, .spawns = &letter};
    struct job poster = {.name = "poster", .pages = 2};

    submit(r, &thesis);
    submit(r, &poster);
    run_loop();
    expect_trace_in_order("0.000  thesis: page 1\n"
                          "0.000  thesis: has spawned letter\n"
                          "0.000  poster: page 1\n"
                          "0.000  letter: page 1\n"
                          "0.000  thesis: page 2\n"
                          "0.000  poster: page 2\n"
                          "0.000  letter: page 2\n");
    runner_free(r);
}
END_TEST

/* ---- a yield starves nobody ---- */

/* A task that makes a timer or a descriptor ready in its first step, and goes on until its callback
 * has been called, or MANY steps have been made. */
struct waiter {
    struct runner *runner;
    struct event *event;  /* what it waits for; of the test */
    int write_fd;         /* >= 0: a byte written to it makes the event ready */
    bool by_descendants;  /* it does not yield: it spawns the next one, and ends */
    int steps, called_at; /* called_at: steps made when the callback came; -1: it has not */
};

static enum step_end step_waiter(void *arg)
{
    struct waiter *w = arg;
    const struct timeval at_once = {.tv_sec = 0};

    if (w->steps++ == 0) {
        if (w->write_fd >= 0)
            ck_assert_int_eq(write(w->write_fd, "x", 1), 1);
        ck_assert_int_eq(event_add(w->event, w->write_fd >= 0 ? NULL : &at_once), 0);
    }
    if (w->called_at >= 0 || w->steps >= MANY)
        return STEP_DONE;
    if (!w->by_descendants)
        return STEP_AGAIN;
    ck_assert_int_eq(runner_spawn(w->runner, step_waiter, w), 0);
    return STEP_DONE;
}

static void on_waited_for(evutil_socket_t fd, short what, void *arg)
{
    struct waiter *w = arg;

    (void)fd;
    (void)what;
    w->called_at = w->steps;
}

/* `steps_of`: whose steps they are. `whom`: what is kept waiting. */
static void expect_served(struct waiter *w, const char *steps_of, const char *whom)
{
    int err = runner_spawn(w->runner, step_waiter, w);

    if (err != 0)
        fail_test("runner_spawn()\nexpected  returns 0\ngot       returns %s", result_text(err));
    run_loop();
    if (w->steps == 0)
        fail_test("the loop has ended, and a spawned task has made no step");
    if (w->called_at > FEW)
        fail_test("%s; meanwhile %s is ready\n"
                  "expected  its callback comes after %d steps at the latest\n"
                  "got       its callback comes after %d steps",
                  steps_of, whom, FEW, w->called_at);
    expect_waiting(w->runner, 0, "when the loop has ended");
    event_free(w->event);
    runner_free(w->runner);
}

START_TEST(a_timer_is_served)
{
    struct waiter w = {.runner = runner_or_fail(), .write_fd = -1, .called_at = -1};

    w.event = evtimer_new(test_base(), on_waited_for, &w);
    expect_served(&w, "a task yields again and again", "a timer");
}
END_TEST

START_TEST(a_descriptor_is_served)
{
    struct waiter w = {.runner = runner_or_fail(), .called_at = -1};
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    w.write_fd = fds[1];
    w.event = event_new(test_base(), fds[0], EV_READ, on_waited_for, &w);
    expect_served(&w, "a task yields again and again", "a descriptor");
    close(fds[0]);
    close(fds[1]);
}
END_TEST

START_TEST(tasks_that_spawn_tasks_starve_nobody)
{
    struct waiter w = {
        .runner = runner_or_fail(), .write_fd = -1, .called_at = -1, .by_descendants = true};

    w.event = evtimer_new(test_base(), on_waited_for, &w);
    expect_served(&w, "each task spawns the next one and ends", "a timer");
}
END_TEST

/* ---- the queue becomes empty, and is filled again ---- */

START_TEST(the_loop_ends_with_the_last_task)
{
    struct runner *r = runner_or_fail();
    struct job letter = {.name = "letter", .pages = 1};
    struct job thesis = {.name = "thesis", .pages = 2};

    run_loop(); /* nobody is ready: it ends at once */
    submit(r, &letter);
    submit(r, &thesis);
    run_loop();
    expect_trace("0.000  letter: page 1\n"
                 "0.000  thesis: page 1\n"
                 "0.000  thesis: page 2\n");
    expect_waiting(r, 0, "when the loop has ended");
    runner_free(r);
}
END_TEST

/* A customer comes through the door: a timer. */
static void on_customer(evutil_socket_t fd, short what, void *arg)
{
    struct job *job = arg;

    (void)fd;
    (void)what;
    submit(job->runner, job);
    trace("%s: submitted", job->name);
}

START_TEST(a_task_comes_when_the_queue_is_empty)
{
    struct runner *r = runner_or_fail();
    struct job thesis = {.name = "thesis", .pages = 1};
    struct job letter = {.name = "letter", .pages = 2, .runner = r};
    const struct timeval delay = {.tv_usec = 100 * 1000};
    struct event *door = evtimer_new(test_base(), on_customer, &letter);

    submit(r, &thesis);
    ck_assert_int_eq(event_add(door, &delay), 0);
    run_loop();
    expect_trace("0.000  thesis: page 1\n"
                 "0.100  letter: submitted\n"
                 "0.100  letter: page 1\n"
                 "0.100  letter: page 2\n");
    event_free(door);
    runner_free(r);
}
END_TEST

/* ---- memory ---- */

START_TEST(freed_before_the_first_step)
{
    struct runner *r = runner_or_fail();
    struct job jobs[] = {{.name = "thesis", .pages = 4}, {.name = "letter", .pages = 1}};

    submit(r, &jobs[0]);
    submit(r, &jobs[1]);
    runner_free(r);
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
    struct runner *r = runner_or_fail();
    struct job jobs[] = {{.name = "thesis", .pages = MANY}, {.name = "poster", .pages = MANY}};
    struct event *stop = evtimer_new(test_base(), on_break, test_base());
    int printed;

    submit(r, &jobs[0]);
    submit(r, &jobs[1]);
    ck_assert_int_eq(event_add(stop, &at_once), 0);
    run_loop();
    expect_waiting(r, 2, "when the loop was stopped and two tasks have not ended");
    printed = jobs[0].printed + jobs[1].printed;
    runner_free(r);
    run_loop();
    if (jobs[0].printed + jobs[1].printed != printed)
        fail_test("a task made a step after runner_free()");
    event_free(stop);
}
END_TEST

/* The tasks of other calls are as they were. Without a next turn the loop ends, and they wait. */
static void three_jobs(void *arg)
{
    struct runner *r = runner_new(test_base());
    struct job jobs[] = {{.name = "thesis", .pages = 2},
                         {.name = "letter", .pages = 2},
                         {.name = "poster", .pages = 2}};
    int results[3];

    (void)arg;
    if (r == NULL)
        return;
    for (int k = 0; k < 3; k++)
        results[k] = runner_spawn(r, print_page, &jobs[k]);
    run_loop();
    for (int k = 0; k < 3; k++) {
        if (results[k] != 0 && results[k] != -ENOMEM)
            fail_test("runner_spawn() where memory runs out\nexpected  returns -ENOMEM\n"
                      "got       returns %s",
                      result_text(results[k]));
        if (jobs[k].printed != (results[k] == 0 ? 2 : 0) &&
            (results[k] != 0 || runner_waiting(r) == 0))
            fail_test("memory runs out; runner_spawn() of \"%s\" returned %s\n"
                      "expected  pages printed: %d\ngot       pages printed: %d",
                      jobs[k].name, result_text(results[k]), results[k] == 0 ? 2 : 0,
                      jobs[k].printed);
    }
    runner_free(r);
}

START_TEST(memory_runs_out)
{
    vclock_livelock_limit(20 * MANY);
    each_allocation_fails(three_jobs, NULL);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("06_task_scheduling");

    behaviour(s, "[1] a spawned task runs from the loop, not inside runner_spawn()",
              "to spawn a task makes it ready and no more; the loop makes its steps (3.3.1, \"Task "
              "scheduling\")",
              spawned_before_the_loop_runs, spawned_within_a_step);
    behaviour(s, "[1] first in, first out, a step each",
              "who becomes ready, by a spawn or by a yield, goes behind all that are ready by then "
              "(3.3.1, \"Task scheduling\")",
              three_jobs_take_turns, spawned_by_a_task_it_comes_behind_the_others);
    behaviour(s, "[1] a yield starves nobody",
              "a turn runs who was ready when it began, and the next one comes as a timer of 0: "
              "the loop looks at timers and descriptors in between (3.3.1, \"Task scheduling\")",
              a_timer_is_served, a_descriptor_is_served, tasks_that_spawn_tasks_starve_nobody);
    behaviour(s, "[1] the loop ends with the last task, and a later one starts it anew",
              "a pending event keeps the loop alive, and without one nothing is called: a turn is "
              "ordered as long as somebody is ready (3.3.1, \"Event loop\")",
              the_loop_ends_with_the_last_task, a_task_comes_when_the_queue_is_empty);
    behaviour(s, "[1] a task is freed when it ends, and all others with the runner",
              "the queue owns the tasks in it: at its end, half-way, or without memory (3.3.1, "
              "\"Task scheduling\")",
              freed_before_the_first_step, freed_half_way, memory_runs_out);
    return s;
}
