/* check_p1_coroutines.c: the suite of p1_coroutines
 *
 * It sees p1_coroutines.h only, and nothing of how the jobs are written.
 *
 * SPDX-License-Identifier: MIT
 */
#include "p1_first_tests.h"
#include "p1_outcome.h"

/* ---- count_all ---- */

START_TEST(all_count_at_the_same_time)
{
    struct jobs *jobs = begin();
    struct outcome o = {0};
    struct count counts[] = {{"A", 3}, {"B", 3}};

    START(&o, count_all_start(jobs, counts, 2, on_done, &o));
    memset(counts, 0, sizeof(counts)); /* the array was copied */
    finish(jobs);
    expect_trace("0.000  A: 0\n0.000  B: 0\n"
                 "0.500  A: 1\n0.500  B: 1\n"
                 "1.000  A: 2\n1.000  B: 2\n"
                 "1.500  A done\n1.500  B done\n1.500  gather\n");
    expect_outcome(&o, 6, 1500);
    expect_loop_ended_at(1500);
}
END_TEST

START_TEST(children_end_in_any_order)
{
    static const int orders[][3] = {{1, 2, 3}, {3, 2, 1}, {0, 3, 0}, {2, 0, 1}};
    static const int longest[] = {3, 3, 3, 2}, sums[] = {6, 6, 3, 3};

    for (int i = 0; i < 4; i++) {
        struct jobs *jobs = begin();
        struct outcome o = {0};
        struct count counts[] = {{"A", orders[i][0]}, {"B", orders[i][1]}, {"C", orders[i][2]}};
        int end = now_ms() + longest[i] * 500;

        START(&o, count_all_start(jobs, counts, 3, on_done, &o));
        finish(jobs);
        expect_outcome(&o, sums[i], end);
        expect_loop_ended_at(end);
    }
}
END_TEST

START_TEST(no_children_at_all)
{
    struct jobs *jobs = begin();
    struct outcome o = {0};

    START(&o, count_all_start(jobs, NULL, 0, on_done, &o));
    trace("started");
    finish(jobs);
    expect_trace_in_order("0.000  started\n0.000  gather\n");
    expect_outcome(&o, 0, 0);
    expect_loop_ended_at(0);
}
END_TEST

START_TEST(two_count_alls)
{
    struct jobs *jobs = begin();
    struct outcome a = {0}, b = {0};

    START(&a, count_all_start(jobs, &(struct count){"A", 2}, 1, on_done, &a));
    START(&b, count_all_start(jobs, &(struct count){"B", 1}, 1, on_done, &b));
    finish(jobs);
    expect_trace("0.000  A: 0\n0.000  B: 0\n0.500  A: 1\n"
                 "0.500  B done\n0.500  gather\n1.000  A done\n1.000  gather\n");
    expect_outcome(&a, 2, 1000);
    expect_outcome(&b, 1, 500);
    expect_loop_ended_at(1000);
}
END_TEST

/* ---- wait_for ---- */

START_TEST(too_long_is_cancelled_and_awaited)
{
    struct jobs *jobs = begin();
    struct outcome o = {0};

    START(&o, wait_for_start(jobs, 10000, 1000, on_done, &o));
    finish(jobs);
    expect_trace_in_order("1.000  w cancelled\n1.200  w cleaned\n1.200  timeout\n");
    expect_outcome(&o, -ETIMEDOUT, 1200);
    expect_loop_ended_at(1200);
}
END_TEST

START_TEST(in_time_is_not_disturbed)
{
    struct jobs *jobs = begin();
    struct outcome o = {0};

    START(&o, wait_for_start(jobs, 300, 1000, on_done, &o));
    finish(jobs); /* nothing waits for the limit any more */
    expect_trace("");
    expect_outcome(&o, 300, 300);
    expect_loop_ended_at(300);
}
END_TEST

START_TEST(just_at_the_limit_is_one_or_the_other)
{
    struct jobs *jobs = begin();
    struct outcome o = {0};

    START(&o, wait_for_start(jobs, 500, 500, on_done, &o));
    run_loop();
    jobs_free(jobs);
    if (o.result == -ETIMEDOUT)
        expect_outcome(&o, -ETIMEDOUT, 700);
    else
        expect_outcome(&o, 500, 500);
}
END_TEST

START_TEST(each_has_its_own_limit)
{
    struct jobs *jobs = begin();
    struct outcome o[10] = {0};

    for (int i = 0; i < 10; i++)
        START(&o[i], wait_for_start(jobs, 550, 100 + 100 * i, on_done, &o[i]));
    finish(jobs);
    for (int i = 0; i < 10; i++)
        expect_outcome(&o[i], i < 5 ? -ETIMEDOUT : 550, i < 5 ? 300 + 100 * i : 550);
    expect_loop_ended_at(700);
}
END_TEST

/* ---- cancel ---- */

START_TEST(work_cleans_up_when_cancelled)
{
    struct jobs *jobs = begin();
    struct outcome a = {0}, b = {0};

    START(&a, work_start(jobs, "A", 2000, 100, on_done, &a));
    START(&b, work_start(jobs, "B", 2000, 100, on_done, &b));
    after(700, on_cancel, &a);
    finish(jobs);
    expect_trace_in_order("0.700  A cancelled\n0.800  A cleaned\n");
    expect_outcome(&a, -ECANCELED, 800);
    expect_outcome(&b, 2000, 2000);
    expect_loop_ended_at(2000);
}
END_TEST

START_TEST(cancelled_at_each_wait)
{
    struct jobs *jobs = begin();
    struct outcome hello = {0}, o[3] = {0};

    START(&hello, hello_world_start(jobs, on_done, &hello));
    after(400, on_cancel, &hello);
    for (int i = 0; i < 3; i++) {
        START(&o[i], count_up_start(jobs, (const char *[]){"A", "B", "C"}[i], 3, on_done, &o[i]));
        after(250 + 500 * i, on_cancel, &o[i]);
    }
    finish(jobs);
    expect_trace("0.000  Hello\n0.000  A: 0\n0.000  B: 0\n0.000  C: 0\n"
                 "0.500  B: 1\n0.500  C: 1\n1.000  C: 2\n");
    expect_outcome(&hello, -ECANCELED, 400);
    for (int i = 0; i < 3; i++)
        expect_outcome(&o[i], -ECANCELED, 250 + 500 * i);
    expect_loop_ended_at(1250);
}
END_TEST

START_TEST(cancelled_with_all_it_started)
{
    struct jobs *jobs = begin();
    struct outcome all = {0}, waits = {0};
    const struct count counts[] = {{"A", 1}, {"B", 4}, {"C", 4}};

    START(&all, count_all_start(jobs, counts, 3, on_done, &all));
    START(&waits, wait_for_start(jobs, 10000, 1000, on_done, &waits));
    after(700, on_cancel, &all);
    after(300, on_cancel, &waits);
    finish(jobs);
    expect_trace("0.000  A: 0\n0.000  B: 0\n0.000  C: 0\n0.300  w cancelled\n0.500  w cleaned\n"
                 "0.500  A done\n0.500  B: 1\n0.500  C: 1\n");
    expect_outcome(&waits, -ECANCELED, 500);
    expect_outcome(&all, -ECANCELED, 700);
    expect_loop_ended_at(700);
}
END_TEST

enum { KINDS = 6 };

static struct job *start_kind(struct jobs *jobs, int kind, job_done_fn done, void *arg)
{
    static const struct count counts[] = {{"A", 3}, {"B", 2}};
    switch (kind) {
    case 0:
        return hello_world_start(jobs, done, arg);
    case 1:
        return count_up_start(jobs, "C", 2, done, arg);
    case 2:
        return count_primes_start(jobs, 3000, done, arg);
    case 3:
        return work_start(jobs, "D", 800, 100, done, arg);
    case 4:
        return count_all_start(jobs, counts, 2, done, arg);
    default:
        return wait_for_start(jobs, 1000, 600, done, arg);
    }
}

/* What start_kind() does, for messages; its result and when it ends. */
static const char *const kind_calls[] = {"hello_world_start()",  "count_up_start()",
                                         "count_primes_start()", "work_start()",
                                         "count_all_start()",    "wait_for_start()"};
static const int kind_results[] = {0, 2, 430, 800, 5, -ETIMEDOUT};

static void start_all_kinds(struct jobs *jobs, struct outcome o[KINDS])
{
    for (int kind = 0; kind < KINDS; kind++)
        start(&o[kind], start_kind(jobs, kind, on_done, &o[kind]), kind_calls[kind]);
}

START_TEST(cancelled_before_it_began)
{
    struct jobs *jobs = begin();
    struct outcome o[KINDS] = {0};

    start_all_kinds(jobs, o);
    for (int kind = 0; kind < KINDS; kind++)
        job_cancel(o[kind].job);
    finish(jobs);
    expect_trace("");
    for (int kind = 0; kind < KINDS; kind++)
        expect_outcome(&o[kind], -ECANCELED, 0);
    expect_loop_ended_at(0);
}
END_TEST

static void on_third_turn(evutil_socket_t fd, short what, void *arg)
{
    struct turns *turns = arg;
    (void)fd, (void)what;
    if (++turns->n < 3)
        after(0, on_third_turn, turns);
    else
        on_cancel(-1, EV_TIMEOUT, &turns->primes);
}

START_TEST(primes_are_cancelled_between_two_turns)
{
    struct jobs *jobs = begin();
    struct turns turns = {0};

    START(&turns.primes, count_primes_start(jobs, 10000, on_done, &turns.primes));
    after(0, on_third_turn, &turns);
    finish(jobs);
    expect_outcome(&turns.primes, -ECANCELED, 0);
    expect_loop_ended_at(0);
}
END_TEST

/* ---- jobs_free, memory ---- */

/* Ends all jobs after `ms`: before the first turn, or while all that sleep do so. */
static void free_after(int ms)
{
    struct jobs *jobs = begin();
    struct outcome o[KINDS] = {0};

    start_all_kinds(jobs, o);
    if (ms > 0)
        run_loop_for(ms);
    trace("free");
    jobs_free(jobs);
    run_loop();
    if (ms == 0)
        expect_trace("0.000  free\n");
    for (int kind = 0; kind < KINDS; kind++)
        if (o[kind].calls != 1 || (o[kind].result != -ECANCELED && kind != 2))
            fail_test("jobs_free() while the job of %s runs\n"
                      "expected  1 call of done, with %d\ngot       %d, with %d",
                      kind_calls[kind], -ECANCELED, o[kind].calls, o[kind].result);
}

START_TEST(freed_before_they_began)
{
    free_after(0);
}
END_TEST

START_TEST(freed_while_they_wait)
{
    free_after(450);
    free_after(650); /* wait_for is in its cleanup */
}
END_TEST

/* One job of each kind: it ends as it should, or with -ENOMEM, or does not start. */
static void one_of_kind(void *arg)
{
    int kind = *(int *)arg;
    struct jobs *jobs = jobs_new(test_base());
    struct outcome o = {0};

    if (jobs == NULL)
        return;
    o.job = start_kind(jobs, kind, on_done, &o);
    o.started = o.job != NULL;
    run_loop();
    jobs_free(jobs);
    if (o.calls != o.started)
        fail_test("memory ran out in %s, which returned %s\nexpected  %d calls of done\n"
                  "got       %d",
                  kind_calls[kind], o.started ? "a job" : "NULL", o.started, o.calls);
    if (o.started && o.result != kind_results[kind] && o.result != -ENOMEM)
        fail_test("memory ran out in the job of %s\nexpected  result %d, or %d (-ENOMEM)\n"
                  "got       result %d",
                  kind_calls[kind], kind_results[kind], -ENOMEM, o.result);
}

START_TEST(memory_runs_out_in_a_job)
{
    struct jobs *jobs = begin();
    struct outcome o[KINDS] = {0};

    start_all_kinds(jobs, o); /* each is there */
    jobs_free(jobs);
    for (int kind = 0; kind < KINDS; kind++)
        each_allocation_fails(one_of_kind, &kind);
}
END_TEST

static void one_generator(void *arg)
{
    struct fibonacci *g = fibonacci_new(10);
    int value, n = 0;
    (void)arg;
    while (g != NULL && fibonacci_next(g, &value))
        n++;
    ck_assert_int_eq(n, g != NULL ? 7 : 0);
    fibonacci_free(g);
}

START_TEST(memory_runs_out_in_the_generator)
{
    fibonacci_free(fibonacci(10));
    each_allocation_fails(one_generator, NULL);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("p1_coroutines");
    behaviour(
        s, "[2] hello_world waits a second and lets others run",
        "a wait returns to the loop, which calls again when it is over (3.3.1, \"Non-blocking "
        "execution\")",
        hello_waits_a_second, hello_twice_at_once);
    behaviour(s, "[2] two count_ups run at the same time",
              "tasks take turns at their waits (3.3.1, \"Event loop\")", two_count_at_the_same_time,
              one_after_the_other, counting_to_nothing);
    behaviour(s, "[2] a hundred instances keep their own state",
              "what lives across a wait lives in the frame, one for each task (3.3.1, "
              "\"Coroutines\")",
              a_hundred_instances);
    behaviour(s, "[2] the generator yields its values and then stays at its end",
              "it goes on behind its last yield (3.3.1, \"Suspension points and resumption\")",
              fibonacci_values, fibonacci_ends);
    behaviour(s, "[1] count_primes lets others run while it computes",
              "what never waits must give way by itself (3.3.1, \"Task scheduling\")",
              primes_are_counted, primes_let_others_run);
    behaviour(s, "[3] count_all awaits all its children and adds up their results",
              "start all, then await each: a child that has ended does not keep one waiting "
              "(3.3.1, \"async and await\")",
              all_count_at_the_same_time, children_end_in_any_order, no_children_at_all,
              two_count_alls);
    behaviour(s, "[3] wait_for cancels what takes too long and waits for its cleanup",
              "cancelling is a request: await its answer (3.3.1, \"async and await\")",
              too_long_is_cancelled_and_awaited, in_time_is_not_disturbed,
              just_at_the_limit_is_one_or_the_other, each_has_its_own_limit);
    behaviour(s, "[3] a cancelled job stops, cleans up and ends with all that it started",
              "after each wait read why it ended (3.3.1, \"Suspension points and resumption\")",
              work_cleans_up_when_cancelled, cancelled_at_each_wait, cancelled_with_all_it_started,
              cancelled_before_it_began, primes_are_cancelled_between_two_turns);
    behaviour(s, "[1] jobs_free ends every job and frees all it owns",
              "who spawns a task frees it, also one that still waits (3.3.1, \"Coroutines\")",
              freed_before_they_began, freed_while_they_wait);
    behaviour(s, "[1] memory that runs out is reported, and nothing leaks",
              "look at every result that may be NULL, and free what is there (3.3.1, "
              "\"Coroutines\")",
              memory_runs_out_in_a_job, memory_runs_out_in_the_generator);
    return s;
}
