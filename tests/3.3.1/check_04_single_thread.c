/* check_04_single_thread.c: the suite of 04_single_thread, the box office
 *
 * SPDX-License-Identifier: MIT
 */
#include "box_office_audits.h"
#include "box_office_sales.h"
#include "suite.h"

/* An audit and a sale: each is done, or NULL, and then nothing has come of it. */
static void audit_and_sell(void *arg)
{
    struct list list = {.bookings = all_bookings(), .count = 3};
    struct office office;
    struct buyer *a = &office.buyers[0];

    (void)arg;
    office_open(&office, &(struct scenario){2, {2}});
    const struct audit_order audit = {list.bookings, 3, on_look, on_audit_done, &list};
    const struct sale_order sale = {2, BANK_MS, true, on_sale_done, a};
    list.audit = audit_start(test_base(), &audit);
    a->sale = sale_start(&office.theatre, &sale);
    run_loop();
    if (list.calls != (list.audit != NULL) || a->calls != (a->sale != NULL))
        fail_test("memory ran out: on_done() is for an audit and for a sale that have been started"
                  "\nexpected  %d and %d calls\ngot       %d and %d calls",
                  list.audit != NULL, a->sale != NULL, list.calls, a->calls);
    expect_seats_left(&office, "when all was over", a->sale != NULL ? 0 : 2);
    audit_free(list.audit);
    office_close(&office);
}

START_TEST(memory_runs_out)
{
    each_allocation_fails(audit_and_sell, NULL);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("04_single_thread");

    behaviour(s, "[1] an audit yields after a hundred bookings at the most",
              "nobody else runs until a callback returns, nor before what is active is called: to "
              "yield is to return, and to have the loop look at timers and sockets before it goes "
              "on (3.3.1, \"Single-threaded execution\")",
              who_rings_is_heard, at_most_a_piece_in_a_turn);
    behaviour(s, "[1] an audit counts every booking once, whoever else runs or is freed",
              "what a computation goes on with after a yield lives in its frame, one for each "
              "instance; others run meanwhile, and may free it (3.3.1, \"Single-threaded "
              "execution\")",
              every_length_is_counted, two_at_once, freed_half_way, on_done_may_free);
    behaviour(s, "[2] no seat is sold twice, in whatever order the bank answers",
              "others run at each wait: what was checked before it may be wrong after it (3.3.1, "
              "\"Single-threaded execution\")",
              three_sales_in_every_order, four_answers_in_every_order,
              four_answers_at_the_same_time);
    behaviour(
        s, "[1] a sale that fails is told so later, and leaves no trace",
        "a result comes from the loop, never from within the call that began the work; and what "
        "is taken before a wait is given back on every way out of it (3.3.1, "
        "\"Single-threaded execution\")",
        a_refused_card_leaves_no_trace, a_sale_freed_half_way_leaves_no_trace,
        sold_out_is_told_later_and_at_once, on_done_may_free_sales, memory_runs_out);
    return s;
}
