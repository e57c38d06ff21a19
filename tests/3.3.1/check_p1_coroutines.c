/* check_p1_coroutines.c: the suite of p1_coroutines
 *
 * It sees p1_coroutines.h only, and nothing of how the jobs are written.
 *
 * SPDX-License-Identifier: MIT
 */
#include "p1_first_tests.h"
#include "p1_last_tests.h"
#include "p1_outcome.h"

/* ---- count_all ---- */

START_TEST(all_count_at_the_same_time)
{
    struct jobs *jobs = begin();
    struct outcome o = {0};
    struct count counts[] = {{"A", 3}, {"B", 3}};

    START(&o, count_all_start(jobs, counts, 2, on_done, &o));
    for (int i = 0; i < 2; i++) /* the header says that the array is copied */
        counts[i] = (struct count){"(the caller's array has changed since)", 1};
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

        label(&o, "count_all_start() with A, B, C to %d, %d, %d", counts[0].n, counts[1].n,
              counts[2].n);
        started(&o, count_all_start(jobs, counts, 3, on_done, &o));
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
    const struct count counts[] = {{"unused", 1}};

    START(&o, count_all_start(jobs, counts, 0, on_done, &o));
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
    expect_one_call(&o);
    if ((o.result != 500 || o.at != 500) && (o.result != -ETIMEDOUT || o.at != 700))
        fail_test("%s, where the work is due at the limit, ended otherwise\n"
                  "expected   0.500  result 500, or 0.700  result -ETIMEDOUT\n"
                  "got       %6.3f  result %s",
                  o.call, o.at / 1000.0, result_text(o.result));
}
END_TEST

START_TEST(each_has_its_own_limit)
{
    struct jobs *jobs = begin();
    struct outcome o[10] = {0};

    for (int i = 0; i < 10; i++) {
        label(&o[i], "wait_for_start(jobs, 550, %d, ...)", 100 + 100 * i);
        started(&o[i], wait_for_start(jobs, 550, 100 + 100 * i, on_done, &o[i]));
    }
    finish(jobs);
    for (int i = 0; i < 10; i++)
        expect_outcome(&o[i], i < 5 ? -ETIMEDOUT : 550, i < 5 ? 300 + 100 * i : 550);
    expect_loop_ended_at(700);
}
END_TEST

/* ---- cancel ---- */

START_TEST(work_takes_its_time)
{
    struct jobs *jobs = begin();
    struct outcome a = {0}, b = {0};

    START(&a, work_start(jobs, "A", 700, 100, on_done, &a));
    START(&b, work_start(jobs, "B", 300, 100, on_done, &b));
    finish(jobs);
    expect_trace("");
    expect_outcome(&a, 700, 700);
    expect_outcome(&b, 300, 300);
    expect_loop_ended_at(700);
}
END_TEST

/* The second request comes while it cleans up: it may cut that short, but not begin it anew. */
START_TEST(work_is_cancelled_once_more)
{
    struct jobs *jobs = begin();
    struct outcome o = {0};

    START(&o, work_start(jobs, "A", 2000, 100, on_done, &o));
    after(700, on_cancel, &o);
    after(750, on_cancel, &o);
    run_loop();
    jobs_free(jobs);
    expect_one_call(&o);
    if (o.result != -ECANCELED || (o.at != 750 && o.at != 800))
        fail_test("%s, cancelled at 0.700 and, while it cleaned up, at 0.750, ended otherwise\n"
                  "expected   0.750 or 0.800  result -ECANCELED\n"
                  "got       %6.3f           result %s",
                  o.call, o.at / 1000.0, result_text(o.result));
}
END_TEST

START_TEST(work_cleans_up_when_cancelled)
{
    struct jobs *jobs = begin();
    struct outcome a = {0}, b = {0};

    START(&a, work_start(jobs, "A", 2000, 100, on_done, &a));
    START(&b, work_start(jobs, "B", 2000, 100, on_done, &b));
    after(700, on_cancel, &a);
    finish(jobs);
    expect_trace_in_order("0.700  cancel work\n0.700  A cancelled\n0.800  A cleaned\n");
    expect_outcome(&a, -ECANCELED, 800);
    expect_outcome(&b, 2000, 2000);
    expect_loop_ended_at(2000);
}
END_TEST

START_TEST(cancelled_at_each_wait)
{
    struct jobs *jobs = begin();
    struct outcome hello = {0}, o[3] = {0};
    const char *const names[] = {"A", "B", "C"};

    START(&hello, hello_world_start(jobs, on_done, &hello));
    after(400, on_cancel, &hello);
    for (int i = 0; i < 3; i++) {
        label(&o[i], "count_up_start(jobs, \"%s\", 3, ...)", names[i]);
        started(&o[i], count_up_start(jobs, names[i], 3, on_done, &o[i]));
        after(250 + 500 * i, on_cancel, &o[i]);
    }
    finish(jobs);
    expect_trace("0.000  Hello\n0.000  A: 0\n0.000  B: 0\n0.000  C: 0\n"
                 "0.250  cancel count_up\n0.400  cancel hello_world\n"
                 "0.500  B: 1\n0.500  C: 1\n0.750  cancel count_up\n"
                 "1.000  C: 2\n1.250  cancel count_up\n");
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
    expect_trace("0.000  A: 0\n0.000  B: 0\n0.000  C: 0\n"
                 "0.300  cancel wait_for\n0.300  w cancelled\n0.500  w cleaned\n"
                 "0.500  A done\n0.500  B: 1\n0.500  C: 1\n0.700  cancel count_all\n");
    expect_outcome(&waits, -ECANCELED, 500);
    expect_outcome(&all, -ECANCELED, 700);
    expect_loop_ended_at(700);
}
END_TEST

START_TEST(limit_comes_while_it_cleans_up)
{
    struct jobs *jobs = begin();
    struct outcome o = {0};

    START(&o, wait_for_start(jobs, 10000, 1000, on_done, &o));
    after(900, on_cancel, &o);
    finish(jobs);
    expect_trace("0.900  cancel wait_for\n0.900  w cancelled\n1.100  w cleaned\n");
    expect_outcome(&o, -ECANCELED, 1100);
    expect_loop_ended_at(1100);
}
END_TEST

START_TEST(cancelled_before_it_began)
{
    struct jobs *jobs = begin();
    struct outcome o[KINDS] = {0};

    start_all_kinds(jobs, o);
    trace("cancel all");
    for (int kind = 0; kind < KINDS; kind++)
        job_cancel(o[kind].job);
    finish(jobs);
    expect_trace("0.000  cancel all\n");
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
        next_turn(turns);
    else
        on_cancel(-1, EV_TIMEOUT, &turns->primes);
}

START_TEST(primes_are_cancelled_between_two_turns)
{
    struct jobs *jobs = begin();
    struct turns turns = {0};

    START(&turns.primes, count_primes_start(jobs, 10000, on_done, &turns.primes));
    each_turn(&turns, on_third_turn);
    finish(jobs);
    event_free(turns.event);
    expect_outcome(&turns.primes, -ECANCELED, 0);
    expect_loop_ended_at(0);
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
    behaviour(s, "[1] work takes its time, and cleans up when it is cancelled",
              "after each wait read why it ended (3.3.1, \"Suspension points and resumption\")",
              work_takes_its_time, work_cleans_up_when_cancelled, work_is_cancelled_once_more);
    behaviour(
        s, "[3] count_all awaits all its children and adds up their results",
        "start all, then await each, and keep in the frame what you have so far (3.3.1, \"async "
        "and await\")",
        all_count_at_the_same_time, children_end_in_any_order, no_children_at_all, two_count_alls);
    behaviour(s, "[3] wait_for cancels what takes too long and waits for its cleanup",
              "cancelling is a request: await its answer (3.3.1, \"async and await\")",
              too_long_is_cancelled_and_awaited, in_time_is_not_disturbed,
              just_at_the_limit_is_one_or_the_other, each_has_its_own_limit);
    behaviour(s, "[2] a cancelled job stops, cleans up and ends with all that it started",
              "after each wait read why it ended (3.3.1, \"Suspension points and resumption\")",
              cancelled_at_each_wait, cancelled_with_all_it_started, limit_comes_while_it_cleans_up,
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
