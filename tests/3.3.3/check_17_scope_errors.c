/* check_17_scope_errors.c: the suite of 17_scope_errors, the way out of a sale
 *
 * SPDX-License-Identifier: MIT
 */
#include "17_scope_errors.h"

#include <errno.h>

#include "sale_busy_tests.h"
#include "sale_model.h"

/* ---- order ---- */

static const char *const GOOD_SALE = "0.000  lift: is told 0\n"
                                     "0.100  lift: ends\n"
                                     "0.100  coin: is told 0\n"
                                     "0.200  coin: ends\n"
                                     "0.200  display: is told 0\n"
                                     "0.300  display: ends\n"
                                     "0.300  told: 0\n";

START_TEST(last_pushed_first_run)
{
    struct sale sale;

    sale_init(&sale);
    sale_end(&sale, 0);
    run_loop();
    expect_trace_in_order(GOOD_SALE);
    sale_free(&sale);
}
END_TEST

/* What has run is not owed any more. (A stack that is not ready again is another behaviour's.) */
START_TEST(each_exit_runs_once)
{
    struct sale sale;

    sale_init(&sale);
    sale_end(&sale, 0);
    run_loop();
    expect_trace_in_order(GOOD_SALE);
    sale.told = (struct told){.calls = 0};
    if (exits_push(sale.x, sale_exit, &sale.steps[1]) == 0) {
        sale_end(&sale, 0);
        run_loop();
        expect_trace_in_order("0.300  coin: is told 0\n"
                              "0.400  coin: ends\n"
                              "0.400  told: 0\n");
    }
    sale_free(&sale);
}
END_TEST

/* ---- the error ---- */

START_TEST(the_body_failed)
{
    struct sale sale;

    sale_init(&sale);
    sale_end(&sale, -EIO);
    run_loop();
    expect_trace_in_order("0.000  lift: is told -EIO\n"
                          "0.100  lift: ends\n"
                          "0.100  coin: is told -EIO\n"
                          "0.200  coin: ends\n"
                          "0.200  display: is told -EIO\n"
                          "0.300  display: ends\n"
                          "0.300  told: -EIO\n");
    sale_free(&sale);
}
END_TEST

START_TEST(an_exit_fails_after_a_good_body)
{
    struct sale sale;

    sale_init(&sale);
    sale.steps[2].err = -EPIPE;
    sale_end(&sale, 0);
    run_loop();
    expect_trace_in_order("0.000  lift: is told 0\n"
                          "0.100  lift: ends with -EPIPE\n"
                          "0.100  coin: is told -EPIPE\n"
                          "0.200  coin: ends\n"
                          "0.200  display: is told -EPIPE\n"
                          "0.300  display: ends\n"
                          "0.300  told: -EPIPE\n");
    sale_free(&sale);
}
END_TEST

START_TEST(an_exit_fails_after_a_body_that_failed)
{
    struct sale sale;

    sale_init(&sale);
    sale.steps[2].err = -EPIPE;
    sale_end(&sale, -EIO);
    run_loop();
    expect_trace_in_order("0.000  lift: is told -EIO\n"
                          "0.100  lift: ends with -EPIPE\n"
                          "0.100  coin: is told -EIO\n"
                          "0.200  coin: ends\n"
                          "0.200  display: is told -EIO\n"
                          "0.300  display: ends\n"
                          "0.300  told: -EIO\n");
    sale_free(&sale);
}
END_TEST

START_TEST(an_exit_cannot_be_begun)
{
    struct sale sale;

    sale_init(&sale);
    sale.steps[1].refuses = -ENOMEM;
    sale_end(&sale, 0);
    run_loop();
    expect_trace_in_order("0.000  lift: is told 0\n"
                          "0.100  lift: ends\n"
                          "0.100  coin: is told 0\n"
                          "0.100  coin: returns -ENOMEM at once\n"
                          "0.100  display: is told -ENOMEM\n"
                          "0.200  display: ends\n"
                          "0.200  told: -ENOMEM\n");
    sale_free(&sale);
}
END_TEST

START_TEST(whatever_fails)
{
    run_sales(FAILS_AT_ONCE);
}
END_TEST

/* ---- an exit that suppresses ---- */

START_TEST(suppressed_in_the_middle)
{
    struct sale sale;

    sale_init(&sale);
    sale.steps[1].err = EXIT_SUPPRESS;
    sale_end(&sale, -ENOENT);
    run_loop();
    expect_trace_in_order("0.000  lift: is told -ENOENT\n"
                          "0.100  lift: ends\n"
                          "0.100  coin: is told -ENOENT\n"
                          "0.200  coin: ends with SUPPRESS\n"
                          "0.200  display: is told 0\n"
                          "0.300  display: ends\n"
                          "0.300  told: 0\n");
    sale_free(&sale);
}
END_TEST

START_TEST(nothing_to_suppress)
{
    struct sale sale;

    sale_init(&sale);
    sale.steps[2].err = EXIT_SUPPRESS;
    sale_end(&sale, 0);
    run_loop();
    expect_trace_in_order("0.000  lift: is told 0\n"
                          "0.100  lift: ends with SUPPRESS\n"
                          "0.100  coin: is told 0\n"
                          "0.200  coin: ends\n"
                          "0.200  display: is told 0\n"
                          "0.300  display: ends\n"
                          "0.300  told: 0\n");
    sale_free(&sale);
}
END_TEST

START_TEST(an_error_behind_the_suppressed_one)
{
    struct sale sale;

    sale_init(&sale);
    sale.steps[2].err = EXIT_SUPPRESS;
    sale.steps[1].err = -EPIPE;
    sale_end(&sale, -ENOENT);
    run_loop();
    expect_trace_in_order("0.000  lift: is told -ENOENT\n"
                          "0.100  lift: ends with SUPPRESS\n"
                          "0.100  coin: is told 0\n"
                          "0.200  coin: ends with -EPIPE\n"
                          "0.200  display: is told -EPIPE\n"
                          "0.300  display: ends\n"
                          "0.300  told: -EPIPE\n");
    sale_free(&sale);
}
END_TEST

START_TEST(whatever_is_suppressed)
{
    run_sales(SUPPRESSES);
}
END_TEST

/* ---- on_left: once, from the loop ---- */

START_TEST(no_exit_is_owed)
{
    struct exits *x = exits_new(test_base());
    struct told told = {.calls = 0};

    ck_assert_ptr_nonnull(x);
    expect_unwind(x, -EIO, on_told, &told, "");
    told.may_come = true;
    run_loop();
    expect_trace_in_order("0.000  told: -EIO\n");
    exits_free(x);
}
END_TEST

START_TEST(no_exit_takes_time)
{
    struct sale sale;

    sale_init(&sale);
    for (int k = 0; k < EXITS; k++)
        sale.steps[k].refuses = -ENOMEM;
    sale_end(&sale, 0);
    run_loop();
    expect_trace_in_order("0.000  lift: is told 0\n"
                          "0.000  lift: returns -ENOMEM at once\n"
                          "0.000  coin: is told -ENOMEM\n"
                          "0.000  coin: returns -ENOMEM at once\n"
                          "0.000  display: is told -ENOMEM\n"
                          "0.000  display: returns -ENOMEM at once\n"
                          "0.000  told: -ENOMEM\n");
    sale_free(&sale);
}
END_TEST

static void on_left_free(int err, void *arg)
{
    struct sale *sale = arg;

    on_told(err, &sale->told);
    exits_free(sale->x);
    sale->x = NULL;
}

START_TEST(freed_by_on_left)
{
    struct sale sale;

    sale_init(&sale);
    expect_unwind(sale.x, 0, on_left_free, &sale, "");
    sale.told.may_come = true;
    run_loop();
    expect_trace_in_order(GOOD_SALE);
    sale_free(&sale);
}
END_TEST

/* The loop has stopped, and the program ends: before on_left of an empty stack, and half-way. */
START_TEST(freed_when_the_loop_does_not_run)
{
    struct exits *empty = exits_new(test_base());
    struct sale half;

    ck_assert_ptr_nonnull(empty);
    expect_unwind(empty, 0, on_told, &half.told, "");
    exits_free(empty);
    sale_init(&half);
    sale_end(&half, 0);
    run_loop_for(150);
    expect_trace_in_order("0.000  lift: is told 0\n"
                          "0.100  lift: ends\n"
                          "0.100  coin: is told 0\n");
    sale_free(&half);
    run_loop();
    expect_trace_in_order("");
}
END_TEST

START_TEST(as_many_exits_as_there_is_room_for)
{
    struct step steps[MOST_EXITS + 1];
    struct exits *x = exits_new(test_base());
    struct told told = {.calls = 0};
    int begun = 0;

    ck_assert_ptr_nonnull(x);
    for (int k = 0; k <= MOST_EXITS; k++) {
        const int expected = k < MOST_EXITS ? 0 : -ENOSPC;

        steps[k] = (struct step){.name = "exit", .ms = 10, .quiet = true};
        ck_assert_int_eq(exits_push(x, sale_exit, &steps[k]), expected);
    }
    expect_unwind(x, 0, on_told, &told, "");
    told.may_come = true;
    run_loop();
    for (int k = 0; k < MOST_EXITS; k++)
        begun += steps[k].begun;
    if (begun != MOST_EXITS)
        fail_test("expected  %d exits have run\ngot       %d", MOST_EXITS, begun);
    exits_free(x);
    steps_free(steps, MOST_EXITS);
}
END_TEST

static void make_and_free(void *unused)
{
    (void)unused;
    exits_free(exits_new(test_base()));
}

START_TEST(no_memory_for_the_exits)
{
    each_allocation_fails(make_and_free, NULL);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("17_scope_errors");

    behaviour(s, "[1] the exits run in reverse order, each once, each after the one before",
              "what was begun last is ended first; an exit takes time, and the next one is begun "
              "when it has ended (3.3.3, \"Resource management\")",
              last_pushed_first_run, each_exit_runs_once);
    behaviour(s, "[1] each exit is told the error as it stands, and the first error stays",
              "an exit may need to know how it stands; that it went well itself mends nothing, and "
              "that it failed hides nothing (3.3.3, \"Errors in a scope\")",
              the_body_failed, an_exit_fails_after_a_good_body,
              an_exit_fails_after_a_body_that_failed, an_exit_cannot_be_begun, whatever_fails);
    behaviour(s, "[1] a suppressed error is hidden from the exits to come, and from the caller",
              "an exit that has dealt with an error says so; from there on all is well, until "
              "something else fails (3.3.3, \"Errors in a scope\")",
              suppressed_in_the_middle, nothing_to_suppress, an_error_behind_the_suppressed_one,
              whatever_is_suppressed);
    behaviour(s, "[1] on_left is called once, last, and from the loop, even if no exit takes time",
              "a caller may rely on it that nothing calls back before the call has returned; so "
              "what is over at once is told later (3.3.3, \"Errors in a scope\")",
              no_exit_is_owed, no_exit_takes_time, freed_by_on_left,
              freed_when_the_loop_does_not_run, as_many_exits_as_there_is_room_for,
              no_memory_for_the_exits);
    behaviour(s, "[1] until on_left, a stack answers -EBUSY and stays as it is; others are free",
              "a call that returns an error has begun nothing and changed nothing; what an "
              "unwinding has to remember is in its own struct, until on_left (3.3.3, \"Resource "
              "management\")",
              refused_before_the_first_exit, refused_while_an_exit_is_under_way,
              refused_inside_an_exit, refused_with_no_exit_owed, unwound_again_by_on_left,
              two_sales_at_once);
    return s;
}
