/* sale_busy_tests.h: pushed and unwound while exits are unwound, for check_17_scope_errors.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SALE_BUSY_TESTS_H
#define SALE_BUSY_TESTS_H

#include "sale_model.h"

static void expect_busy(struct sale *sale, const char *when)
{
    int got = exits_unwind(sale->x, -EIO, on_told, &sale->other);

    if (got != -EBUSY)
        fail_test("exits_unwind() %s\nexpected  returns -EBUSY: on_left is still to come\n"
                  "got       returns %s",
                  when, result_text(got));
    trace("refused: exits_unwind(-EIO)");
    got = exits_push(sale->x, sale_exit, &sale->steps[0]);
    if (got != -EBUSY)
        fail_test("exits_push() %s\nexpected  returns -EBUSY: on_left is still to come\n"
                  "got       returns %s",
                  when, result_text(got));
}

START_TEST(refused_before_the_first_exit)
{
    struct sale sale;

    sale_init(&sale);
    sale_end(&sale, 0);
    expect_busy(&sale, "right behind an exits_unwind() that has returned 0");
    run_loop();
    expect_trace("0.000  refused: exits_unwind(-EIO)\n"
                 "0.000  lift: is told 0\n"
                 "0.100  lift: ends\n"
                 "0.100  coin: is told 0\n"
                 "0.200  coin: ends\n"
                 "0.200  display: is told 0\n"
                 "0.300  display: ends\n"
                 "0.300  told: 0\n");
    sale_free(&sale);
}
END_TEST

START_TEST(refused_while_an_exit_is_under_way)
{
    struct sale sale;

    sale_init(&sale);
    sale_end(&sale, 0);
    run_loop_for(50);
    expect_busy(&sale, "while the first exit is under way");
    run_loop_for(100);
    expect_busy(&sale, "while the second exit is under way");
    run_loop_for(100);
    expect_busy(&sale, "while the last exit is under way");
    run_loop();
    expect_trace_in_order("0.000  lift: is told 0\n"
                          "0.050  refused: exits_unwind(-EIO)\n"
                          "0.100  lift: ends\n"
                          "0.100  coin: is told 0\n"
                          "0.150  refused: exits_unwind(-EIO)\n"
                          "0.200  coin: ends\n"
                          "0.200  display: is told 0\n"
                          "0.250  refused: exits_unwind(-EIO)\n"
                          "0.300  display: ends\n"
                          "0.300  told: 0\n");
    sale_free(&sale);
}
END_TEST

/* An exit that wants to leave one more behind, and then goes its way, or cannot be begun. */
static int exit_that_pushes(void *obj, int err, done_cb cb, void *arg)
{
    struct sale *sale = obj;

    expect_busy(sale, "in an exit that is just being begun");
    return sale_exit(&sale->steps[1], err, cb, arg);
}

START_TEST(refused_inside_an_exit)
{
    for (int k = 0; k < 2; k++) {
        struct sale sale;

        sale_init(&sale);
        sale.steps[1].refuses = k == 0 ? 0 : -ENOMEM;
        ck_assert_int_eq(exits_push(sale.x, exit_that_pushes, &sale), 0);
        sale_end(&sale, 0);
        run_loop();
        if (sale.told.calls != 1)
            fail_test("expected  on_left is called once\ngot       %d times", sale.told.calls);
        sale_free(&sale);
    }
}
END_TEST

START_TEST(refused_with_no_exit_owed)
{
    struct sale sale = {.x = exits_new(test_base()), .other = {.refused = true}};

    ck_assert_ptr_nonnull(sale.x);
    sale_end(&sale, 0);
    expect_busy(&sale, "while no exit is owed, but on_left is still to come");
    run_loop();
    expect_trace_in_order("0.000  refused: exits_unwind(-EIO)\n"
                          "0.000  told: 0\n");
    sale_free(&sale);
}
END_TEST

/* The next sale begins where the first one has ended. */
static void on_left_again(int err, void *arg)
{
    struct sale *sale = arg;
    int got;

    trace("told: %s", end_text(err));
    if (sale->told.calls++ > 0)
        return;
    got = exits_push(sale->x, sale_exit, &sale->steps[1]);
    if (got != 0)
        fail_test("exits_push() in on_left\nexpected  returns 0: the unwinding is over\n"
                  "got       returns %s",
                  result_text(got));
    expect_unwind(sale->x, -EIO, on_left_again, sale, " in on_left");
}

START_TEST(unwound_again_by_on_left)
{
    struct sale sale;

    sale_init(&sale);
    expect_unwind(sale.x, 0, on_left_again, &sale, "");
    run_loop();
    expect_trace_in_order("0.000  lift: is told 0\n"
                          "0.100  lift: ends\n"
                          "0.100  coin: is told 0\n"
                          "0.200  coin: ends\n"
                          "0.200  display: is told 0\n"
                          "0.300  display: ends\n"
                          "0.300  told: 0\n"
                          "0.300  coin: is told -EIO\n"
                          "0.400  coin: ends\n"
                          "0.400  told: -EIO\n");
    sale_free(&sale);
}
END_TEST

/* B ends later than A, and its coin does not go well. */
START_TEST(two_sales_at_once)
{
    static const char *const names[2][EXITS] = {{"A: display", "A: coin", "A: lift"},
                                                {"B: display", "B: coin", "B: lift"}};
    struct sale sales[2];

    for (int k = 0; k < 2; k++) {
        sale_init(&sales[k]);
        sales[k].told.who = k == 0 ? "A: " : "B: ";
        for (int i = 0; i < EXITS; i++)
            sales[k].steps[i].name = names[k][i];
    }
    sales[1].steps[1].err = -EPIPE;
    sale_end(&sales[0], 0);
    run_loop_for(50);
    sale_end(&sales[1], 0);
    run_loop();
    expect_trace_in_order("0.000  A: lift: is told 0\n"
                          "0.050  B: lift: is told 0\n"
                          "0.100  A: lift: ends\n"
                          "0.100  A: coin: is told 0\n"
                          "0.150  B: lift: ends\n"
                          "0.150  B: coin: is told 0\n"
                          "0.200  A: coin: ends\n"
                          "0.200  A: display: is told 0\n"
                          "0.250  B: coin: ends with -EPIPE\n"
                          "0.250  B: display: is told -EPIPE\n"
                          "0.300  A: display: ends\n"
                          "0.300  A: told: 0\n"
                          "0.350  B: display: ends\n"
                          "0.350  B: told: -EPIPE\n");
    sale_free(&sales[0]);
    sale_free(&sales[1]);
}
END_TEST

#endif
