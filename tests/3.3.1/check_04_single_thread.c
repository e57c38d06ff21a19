/* check_04_single_thread.c: the suite of 04_single_thread, the box office
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "box_office_audits.h"
#include "box_office_sales.h"
#include "suite.h"

/* ---- sales that fail ---- */

START_TEST(a_refused_card_leaves_no_trace)
{
    struct office office;
    struct buyer *a = &office.buyers[0], *b = &office.buyers[1];

    office_open(&office, &(struct scenario){2, {-2, 2}});
    buyer_ask(a, BANK_MS);
    run_loop();
    expect_outcome(&office, a, SALE_REFUSED, BANK_MS);
    expect_seats_left(&office, "when A was refused", 2);
    buyer_ask(b, BANK_MS);
    run_loop();
    expect_outcome(&office, b, SALE_SOLD, 2 * BANK_MS);
    office_close(&office);
    expect_seats_left(&office, "when B had bought both, and the sales were freed", 0);
}
END_TEST

START_TEST(a_sale_freed_half_way_leaves_no_trace)
{
    struct office office;
    struct buyer *a = &office.buyers[0], *b = &office.buyers[1];

    office_open(&office, &(struct scenario){2, {2, 2}});
    buyer_ask(a, BANK_MS);
    run_loop_for(BANK_MS / 2);
    buyer_free(a);
    office_log(&office, 0, "A's sale is freed");
    expect_seats_left(&office, "when A's sale was freed, which the bank had not answered", 2);
    buyer_ask(b, BANK_MS);
    run_loop();
    expect_not_told(a);
    expect_outcome(&office, b, SALE_SOLD, BANK_MS / 2 + BANK_MS);
    office_close(&office);
}
END_TEST

START_TEST(sold_out_is_told_later_and_at_once)
{
    struct office office;
    struct buyer *a = &office.buyers[0], *b = &office.buyers[1];

    office_open(&office, &(struct scenario){1, {2, 2}});
    buyer_ask(a, BANK_MS);
    if (a->calls > 0)
        fail_test("A asked for 2 seats, and 1 was left: when was A told?\n"
                  "expected  by the loop\ngot       before sale_start() had returned");
    buyer_ask(b, BANK_MS);
    buyer_free(b);
    run_loop();
    expect_outcome(&office, a, SALE_SOLD_OUT, 0);
    expect_not_told(b);
    expect_seats_left(&office, "when nobody had bought", 1);
    office_close(&office);
}
END_TEST

START_TEST(on_done_may_free_sales)
{
    struct office office;
    struct buyer *a = &office.buyers[0], *b = &office.buyers[1], *c = &office.buyers[2];

    office_open(&office, &(struct scenario){6, {2, 2, -2}});
    a->freed = b;
    c->freed = c;
    buyer_ask(a, BANK_MS);
    buyer_ask(b, BANK_MS + STEP_MS);
    buyer_ask(c, BANK_MS);
    run_loop();
    expect_outcome(&office, a, SALE_SOLD, BANK_MS);
    expect_outcome(&office, c, SALE_REFUSED, BANK_MS);
    expect_not_told(b);
    expect_seats_left(&office, "when A had bought 2, and B's sale was freed", 4);
    office_close(&office);
}
END_TEST

/* Two are for sale, and A frees the sale in on_done(). */
START_TEST(on_done_may_free_its_own_sale)
{
    static const struct {
        int wants;
        enum sale_outcome outcome;
        int at_ms, left;
    } SALES[] = {
        {2, SALE_SOLD, BANK_MS, 0}, {-2, SALE_REFUSED, BANK_MS, 2}, {3, SALE_SOLD_OUT, 0, 2}};

    for (size_t k = 0; k < sizeof SALES / sizeof SALES[0]; k++) {
        struct office office;
        struct buyer *a = &office.buyers[0];
        const int begin_ms = now_ms();

        office_open(&office, &(struct scenario){2, {SALES[k].wants}});
        a->freed = a;
        buyer_ask(a, BANK_MS);
        run_loop();
        expect_outcome(&office, a, SALES[k].outcome, begin_ms + SALES[k].at_ms);
        expect_seats_left(&office, "when on_done() had freed A's sale", SALES[k].left);
        office_close(&office);
    }
}
END_TEST

/* ---- no memory ---- */

/* What was started is told of once, and what was not, never. */
static void expect_told_if_started(const char *what, bool started, int calls)
{
    if (calls != started)
        fail_test("an allocation or an event_add() fails, and %s_start() returns %s%s\n"
                  "expected  %s\ngot       %d %s of on_done()",
                  what, started ? "the " : "NULL", started ? what : "",
                  started ? "1 call of on_done(); or NULL" : "0 calls of on_done()", calls,
                  calls == 1 ? "call" : "calls");
}

/* An audit of three pieces: it is told, the sum or -ENOMEM; or it is NULL. */
static void audit_three_pieces(void *unused)
{
    struct list list = {.bookings = all_bookings(), .count = 2 * AUDIT_PIECE + 50};
    const struct audit_order order = {list.bookings, (size_t)list.count, on_look, on_audit_done,
                                      &list};

    (void)unused;
    list.audit = audit_start(test_base(), &order);
    run_loop();
    expect_told_if_started("audit", list.audit != NULL, list.calls);
    if (list.audit != NULL && list.total != -ENOMEM)
        expect_total(&list);
    audit_free(list.audit);
}

/* A sale is sold; or it is NULL, and has left no trace. */
static void sell_two(void *unused)
{
    struct office office;
    struct buyer *a = &office.buyers[0];

    (void)unused;
    office_open(&office, &(struct scenario){2, {2}});
    const struct sale_order order = {2, BANK_MS, true, on_sale_done, a};
    a->sale = sale_start(&office.theatre, &order);
    run_loop();
    expect_told_if_started("sale", a->sale != NULL, a->calls);
    expect_seats_left(&office,
                      a->sale != NULL ? "when A had bought" : "when sale_start() gave NULL",
                      a->sale != NULL ? 0 : 2);
    office_close(&office);
}

START_TEST(no_memory_for_an_audit)
{
    each_allocation_fails(audit_three_pieces, NULL);
}
END_TEST

START_TEST(no_memory_for_a_sale)
{
    each_allocation_fails(sell_two, NULL);
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
              "instance, as wide as the result; meanwhile others run, and may free it; and to be "
              "called again is to ask for it, which may fail (3.3.1, \"Single-threaded "
              "execution\")",
              every_length_is_counted, a_total_may_be_large, two_at_once, freed_half_way,
              on_done_may_free, no_memory_for_an_audit);
    behaviour(s, "[2] no seat is sold twice, in whatever order the bank answers",
              "others run at each wait: what was checked before it may be wrong after it (3.3.1, "
              "\"Single-threaded execution\")",
              three_sales_in_every_order, four_answers_in_every_order,
              four_answers_at_the_same_time);
    behaviour(
        s, "[1] a sale that fails is told so later, and leaves no trace",
        "a result comes from the loop, never from within the call that began the work; and what "
        "is taken before a wait is given back on every way out of it, also when the wait cannot "
        "begin (3.3.1, \"Single-threaded execution\")",
        a_refused_card_leaves_no_trace, a_sale_freed_half_way_leaves_no_trace,
        sold_out_is_told_later_and_at_once, on_done_may_free_sales, on_done_may_free_its_own_sale,
        no_memory_for_a_sale);
    return s;
}
