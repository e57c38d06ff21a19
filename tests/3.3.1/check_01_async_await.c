/* check_01_async_await.c: the suite of 01_async_await, the espresso machine
 *
 * All is asked of BY_COROUTINE; the two ways that are given are run beside it for comparison.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "01_async_await.h"
#include "coro.h"
#include "result_text.h"
#include "suite.h"

/* One espresso, and what has become of it. */
struct cup {
    const char *machine;
    struct espresso *espresso;
    int calls;         /* of on_done */
    int result;        /* of the last call */
    bool free_in_call; /* on_done frees the espresso */
};

static void on_done(int result, void *arg)
{
    struct cup *cup = arg;

    cup->calls++;
    cup->result = result;
    if (cup->free_in_call) {
        espresso_free(cup->espresso);
        cup->espresso = NULL;
    }
}

/* Starts an espresso with these supplies. */
static void cup_start(struct cup *cup, struct sched *sched, enum espresso_way way, int beans_g,
                      int water_ml)
{
    const struct espresso_order order = {cup->machine, beans_g, water_ml};

    cup->espresso = espresso_start(sched, way, &order, on_done, cup);
    if (cup->espresso == NULL)
        fail_test("espresso_start() returned NULL for \"%s\"", cup->machine);
}

static void expect_result(const struct cup *cup, int result)
{
    if (cup->calls != 1)
        fail_test("on_done of \"%s\" should be called once\nexpected  1 call\ngot       %d calls",
                  cup->machine, cup->calls);
    if (cup->result != result)
        fail_test("the result of \"%s\" is wrong\nexpected  %s\ngot       %s", cup->machine,
                  result_text(result), result_text(cup->result));
}

START_TEST(starts_when_the_loop_runs)
{
    struct sched *sched = sched_new(test_base());
    struct cup cup = {.machine = "left"};

    cup_start(&cup, sched, BY_COROUTINE, DOSE_G, CUP_ML);
    trace("espresso_start() has returned");
    run_loop_for(GRIND_MS - 1);
    expect_trace_in_order("0.000  espresso_start() has returned\n"
                          "0.000  left: start\n");
    espresso_free(cup.espresso);
    sched_free(sched);
}
END_TEST

START_TEST(steps_follow_each_other)
{
    struct sched *sched = sched_new(test_base());
    struct cup cup = {.machine = "left"};

    cup_start(&cup, sched, BY_COROUTINE, DOSE_G, CUP_ML);
    run_loop();
    expect_trace("0.000  left: start\n"
                 "0.300  left: ground\n"
                 "0.500  left: hot\n"
                 "0.750  left: espresso\n");
    espresso_free(cup.espresso);
    sched_free(sched);
}
END_TEST

START_TEST(all_ways_print_the_same)
{
    struct sched *sched = sched_new(test_base());
    struct cup cups[] = {
        {.machine = "callbacks"}, {.machine = "machine"}, {.machine = "coroutine"}};

    for (int way = BY_CALLBACKS; way <= BY_COROUTINE; way++)
        cup_start(&cups[way], sched, (enum espresso_way)way, DOSE_G, CUP_ML);
    run_loop();
    expect_trace("0.000  callbacks: start\n"
                 "0.000  machine: start\n"
                 "0.000  coroutine: start\n"
                 "0.300  callbacks: ground\n"
                 "0.300  machine: ground\n"
                 "0.300  coroutine: ground\n"
                 "0.500  callbacks: hot\n"
                 "0.500  machine: hot\n"
                 "0.500  coroutine: hot\n"
                 "0.750  callbacks: espresso\n"
                 "0.750  machine: espresso\n"
                 "0.750  coroutine: espresso\n");
    for (int way = BY_CALLBACKS; way <= BY_COROUTINE; way++)
        espresso_free(cups[way].espresso);
    sched_free(sched);
}
END_TEST

START_TEST(two_machines_are_independent)
{
    struct sched *sched = sched_new(test_base());
    struct cup left = {.machine = "left"};
    struct cup right = {.machine = "right"};

    cup_start(&left, sched, BY_COROUTINE, DOSE_G, CUP_ML);
    run_loop_for(100);
    cup_start(&right, sched, BY_COROUTINE, DOSE_G, CUP_ML);
    run_loop();
    expect_trace("0.000  left: start\n"
                 "0.100  right: start\n"
                 "0.300  left: ground\n"
                 "0.400  right: ground\n"
                 "0.500  left: hot\n"
                 "0.600  right: hot\n"
                 "0.750  left: espresso\n"
                 "0.850  right: espresso\n");
    espresso_free(left.espresso);
    espresso_free(right.espresso);
    sched_free(sched);
}
END_TEST

START_TEST(one_may_fail_while_the_other_goes_on)
{
    struct sched *sched = sched_new(test_base());
    struct cup left = {.machine = "left"};
    struct cup right = {.machine = "right"};

    cup_start(&left, sched, BY_COROUTINE, DOSE_G, CUP_ML);
    cup_start(&right, sched, BY_COROUTINE, 0, CUP_ML);
    run_loop();
    expect_trace("0.000  left: start\n"
                 "0.000  right: start\n"
                 "0.300  left: ground\n"
                 "0.300  right: no beans\n"
                 "0.500  left: hot\n"
                 "0.750  left: espresso\n");
    espresso_free(left.espresso);
    espresso_free(right.espresso);
    sched_free(sched);
}
END_TEST

START_TEST(without_beans_it_ends_after_grinding)
{
    struct sched *sched = sched_new(test_base());
    struct cup cup = {.machine = "left"};

    cup_start(&cup, sched, BY_COROUTINE, DOSE_G - 1, CUP_ML);
    run_loop();
    expect_trace("0.000  left: start\n"
                 "0.300  left: no beans\n");
    expect_result(&cup, -ENODATA);
    espresso_free(cup.espresso);
    sched_free(sched);
}
END_TEST

START_TEST(without_water_it_ends_after_heating)
{
    struct sched *sched = sched_new(test_base());
    struct cup cup = {.machine = "left"};

    cup_start(&cup, sched, BY_COROUTINE, DOSE_G, CUP_ML - 1);
    run_loop();
    expect_trace("0.000  left: start\n"
                 "0.300  left: ground\n"
                 "0.500  left: no water\n");
    expect_result(&cup, -ENODATA);
    espresso_free(cup.espresso);
    sched_free(sched);
}
END_TEST

/* Each way makes an espresso with these supplies; all print the same. */
static void all_ways_fail(int beans_g, int water_ml, const char *lines)
{
    struct sched *sched = sched_new(test_base());
    struct cup cups[] = {
        {.machine = "callbacks"}, {.machine = "machine"}, {.machine = "coroutine"}};

    for (int way = BY_CALLBACKS; way <= BY_COROUTINE; way++)
        cup_start(&cups[way], sched, (enum espresso_way)way, beans_g, water_ml);
    run_loop();
    expect_trace(lines);
    for (int way = BY_CALLBACKS; way <= BY_COROUTINE; way++) {
        expect_result(&cups[way], -ENODATA);
        espresso_free(cups[way].espresso);
    }
    sched_free(sched);
}

START_TEST(all_ways_fail_the_same)
{
    all_ways_fail(0, CUP_ML,
                  "0.000  callbacks: start\n0.000  machine: start\n0.000  coroutine: start\n"
                  "0.300  callbacks: no beans\n0.300  machine: no beans\n"
                  "0.300  coroutine: no beans\n");
    all_ways_fail(DOSE_G, 0,
                  "0.300  callbacks: start\n0.300  machine: start\n0.300  coroutine: start\n"
                  "0.600  callbacks: ground\n0.600  machine: ground\n0.600  coroutine: ground\n"
                  "0.800  callbacks: no water\n0.800  machine: no water\n"
                  "0.800  coroutine: no water\n");
}
END_TEST

/* Of the tasks of coro.h only: another idiom has no wait that could be given up. */
START_TEST(a_wait_that_is_given_up_ends_the_job)
{
    struct sched *sched = sched_new(test_base());
    struct cup cup = {.machine = "left"};

    cup_start(&cup, sched, BY_COROUTINE, DOSE_G, CUP_ML);
    run_loop_for(100);
    bool waits = sched->sleeping > 0;
    if (waits)
        task_cancel(sched->heap[0].task);
    trace("task_cancel()");
    run_loop();
    if (waits) {
        expect_trace("0.000  left: start\n"
                     "0.100  task_cancel()\n");
        expect_result(&cup, -ECANCELED);
    }
    espresso_free(cup.espresso);
    sched_free(sched);
}
END_TEST

START_TEST(the_result_comes_once)
{
    struct sched *sched = sched_new(test_base());
    struct cup cup = {.machine = "left", .result = 1};

    cup_start(&cup, sched, BY_COROUTINE, DOSE_G, CUP_ML);
    if (cup.calls != 0)
        fail_test("on_done must not be called before espresso_start() has returned");
    run_loop();
    expect_result(&cup, 0);
    espresso_free(cup.espresso);
    sched_free(sched);
}
END_TEST

START_TEST(on_done_may_free_the_espresso)
{
    struct sched *sched = sched_new(test_base());
    struct cup cup = {.machine = "left", .result = 1, .free_in_call = true};

    cup_start(&cup, sched, BY_COROUTINE, DOSE_G, CUP_ML);
    run_loop();
    expect_result(&cup, 0);
    sched_free(sched);
}
END_TEST

START_TEST(freed_half_way_it_stops)
{
    struct sched *sched = sched_new(test_base());
    struct cup cup = {.machine = "left"};

    cup_start(&cup, sched, BY_COROUTINE, DOSE_G, CUP_ML);
    run_loop_for(50);
    espresso_free(cup.espresso);
    trace("freed");
    run_loop();
    expect_trace("0.000  left: start\n"
                 "0.050  freed\n");
    if (cup.calls != 0)
        fail_test("on_done was called for an espresso that had been freed");
    sched_free(sched);
}
END_TEST

/* It is made, or espresso_start() returns NULL and on_done is never called. */
static void make_one(void *arg)
{
    struct sched *sched = sched_new(test_base());
    const struct espresso_order order = {"left", DOSE_G, CUP_ML};

    (void)arg;
    for (int way = BY_CALLBACKS; way <= BY_COROUTINE; way++) {
        struct cup cup = {.machine = "left"};

        cup.espresso = espresso_start(sched, (enum espresso_way)way, &order, on_done, &cup);
        run_loop();
        if (cup.calls != (cup.espresso != NULL))
            fail_test("memory ran out in espresso_start(), which returned %s\n"
                      "expected  %d calls of on_done\ngot       %d",
                      cup.espresso ? "an espresso" : "NULL", cup.espresso != NULL, cup.calls);
        espresso_free(cup.espresso);
    }
    sched_free(sched);
}

START_TEST(memory_runs_out)
{
    each_allocation_fails(make_one, NULL);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("01_async_await");

    behaviour(s, "[1] the coroutine starts when the loop runs, and not before",
              "starting a task only makes it ready; the loop runs it (3.3.1, \"Coroutines\")",
              starts_when_the_loop_runs);
    behaviour(
        s, "[1] each step waits for the one before",
        "an await ends a step of the function and lets the loop go on; what follows runs when "
        "the wait is over, and knows only what is in the frame (3.3.1, \"async and await\")",
        steps_follow_each_other, all_ways_print_the_same);
    behaviour(s, "[1] two machines do not disturb each other",
              "each instance has a frame of its own, and nobody waits in the loop's one thread "
              "(3.3.1, \"Non-blocking execution\")",
              two_machines_are_independent, one_may_fail_while_the_other_goes_on);
    behaviour(s, "[1] a step that fails ends the job",
              "after each wait look at what it has come to: the lines behind an await do not know "
              "that it failed (3.3.1, \"async and await\")",
              without_beans_it_ends_after_grinding, without_water_it_ends_after_heating,
              all_ways_fail_the_same, a_wait_that_is_given_up_ends_the_job);
    behaviour(s, "[1] the result comes once, and nothing is left over",
              "a coroutine ends once, and its end is what resumes the one who waits for it (3.3.1, "
              "\"Suspension points and resumption\")",
              the_result_comes_once, on_done_may_free_the_espresso, freed_half_way_it_stops,
              memory_runs_out);
    return s;
}
