/* check_22_work_queue.c: the suite of 22_work_queue, the orders of a kitchen
 *
 * SPDX-License-Identifier: MIT
 */
#include "kitchen.h"
#include "kitchen_cancel_tests.h"
#include "kitchen_told_tests.h"

/* ---- first come, first served ---- */

START_TEST(the_orders_wait)
{
    struct queue *q = kitchen_open();
    struct cook cooks[] = COOKS(q);
    struct order orders[4];

    order_put(q, &orders[0], "soup");
    order_put(q, &orders[1], "pie");
    order_put(q, &orders[2], "tart");
    for (int k = 0; k < 3; k++)
        cook_begin(&cooks[k]);
    order_put(q, &orders[3], "stew");
    run_loop();
    expect_told("0.000  Ann: soup\n"
                "0.000  Bob: pie\n"
                "0.000  Cid: tart\n");
    expect_try_get(q, "with \"stew\" left over", "stew");
    queue_free(q);
}
END_TEST

START_TEST(the_cooks_wait)
{
    struct queue *q = kitchen_open();
    struct cook cooks[] = COOKS(q);
    struct order orders[3];

    for (int k = 0; k < 3; k++)
        cook_begin(&cooks[k]);
    run_loop_for(100);
    order_put(q, &orders[0], "soup");
    order_put(q, &orders[1], "pie");
    run_loop_for(100);
    order_put(q, &orders[2], "tart");
    run_loop();
    expect_told("0.100  Ann: soup\n"
                "0.100  Bob: pie\n"
                "0.200  Cid: tart\n");
    queue_free(q);
}
END_TEST

/* Between the put and the cb there is time for others to come. */
START_TEST(nobody_takes_what_is_another_ones)
{
    struct queue *q = kitchen_open();
    struct cook cooks[] = COOKS(q);
    struct order orders[2];

    cook_begin(&cooks[0]);
    order_put(q, &orders[0], "soup");
    expect_try_get(q, "when the only order is Ann's, who has waited for it", NULL);
    cook_begin(&cooks[1]);
    order_put(q, &orders[1], "pie");
    expect_try_get(q, "when the orders are Ann's and Bob's, who have waited for them", NULL);
    run_loop();
    expect_told("0.000  Ann: soup\n"
                "0.000  Bob: pie\n");
    queue_free(q);
}
END_TEST

/* ---- an order that is put back ---- */

START_TEST(back_in_front)
{
    struct queue *q = kitchen_open();
    struct cook cooks[] = COOKS(q);
    struct order orders[3];

    order_put(q, &orders[0], "soup");
    order_put(q, &orders[1], "pie");
    order_put(q, &orders[2], "tart");
    cook_begin(&cooks[0]);
    run_loop_for(100);
    expect_back(q, &orders[0], "of the soup, which is Ann's", 0);
    for (int k = 0; k < 3; k++)
        cook_begin(&cooks[k]);
    run_loop();
    expect_told("0.000  Ann: soup\n"
                "0.100  Ann: soup\n"
                "0.100  Bob: pie\n"
                "0.100  Cid: tart\n");
    queue_free(q);
}
END_TEST

START_TEST(back_to_the_cook_who_waits)
{
    struct queue *q = kitchen_open();
    struct cook cooks[] = COOKS(q);
    struct order soup;

    order_put(q, &soup, "soup");
    for (int k = 0; k < 3; k++)
        cook_begin(&cooks[k]);
    run_loop_for(100);
    expect_back(q, &soup, "of the soup, which is Ann's", 0);
    expect_try_get(q, "when the soup has come back, and Bob has waited", NULL);
    run_loop();
    expect_told("0.000  Ann: soup\n"
                "0.100  Bob: soup\n");
    queue_free(q);
}
END_TEST

START_TEST(back_is_not_done)
{
    struct queue *q = kitchen_open();
    struct cook cooks[] = COOKS(q), owner = joiner_of(q, "owner");
    struct order soup;

    order_put(q, &soup, "soup");
    cook_begin(&cooks[0]);
    cook_begin(&owner);
    run_loop_for(100);
    expect_back(q, &soup, "of the soup, which is Ann's", 0);
    expect_back(q, &soup, "of the soup, which is nobody's any more", -EINVAL);
    run_loop_for(100);
    expect_try_get(q, "when the soup has come back, for the first time", "soup");
    expect_try_get(q, "when the soup is in work again, and nothing else was put", NULL);
    run_loop_for(100);
    expect_done(q, "when the soup is ready", 0);
    run_loop();
    expect_told("0.000  Ann: soup\n"
                "0.300  owner: all is done\n");
    queue_free(q);
}
END_TEST

/* ---- join ---- */

START_TEST(the_work_counts_not_the_queue)
{
    struct queue *q = kitchen_open();
    struct cook cooks[] = COOKS(q), owner = joiner_of(q, "owner");
    struct cook guest = joiner_of(q, "guest");
    struct order orders[2];

    order_put(q, &orders[0], "soup");
    order_put(q, &orders[1], "pie");
    cook_begin(&owner);
    cook_begin(&cooks[0]);
    cook_begin(&cooks[1]);
    run_loop_for(100);
    expect_done(q, "when the soup is ready", 0);
    cook_begin(&guest);
    run_loop_for(100);
    expect_done(q, "when the pie is ready, too", 0);
    expect_told("0.000  Ann: soup\n"
                "0.000  Bob: pie\n");
    run_loop();
    expect_told_in_order("0.200  owner: all is done\n"
                         "0.200  guest: all is done\n");
    queue_free(q);
}
END_TEST

START_TEST(orders_that_come_meanwhile)
{
    struct queue *q = kitchen_open();
    struct cook cooks[] = COOKS(q), owner = joiner_of(q, "owner");
    struct order orders[2];

    order_put(q, &orders[0], "soup");
    cook_begin(&cooks[0]);
    cook_begin(&owner);
    run_loop_for(100);
    order_put(q, &orders[1], "pie");
    expect_done(q, "when the soup is ready, and the pie nobody's", 0);
    run_loop_for(100);
    expect_try_get(q, "when the pie is nobody's", "pie");
    run_loop_for(100);
    expect_done(q, "when the pie is ready", 0);
    run_loop();
    expect_told("0.000  Ann: soup\n"
                "0.300  owner: all is done\n");
    queue_free(q);
}
END_TEST

START_TEST(done_once_too_often)
{
    struct queue *q = kitchen_open();
    struct cook cooks[] = COOKS(q), owner = joiner_of(q, "owner");
    struct order orders[2];

    expect_done(q, "in a kitchen without an order", -EINVAL);
    order_put(q, &orders[0], "soup");
    expect_done(q, "when the one order is nobody's yet", -EINVAL);
    cook_begin(&cooks[0]);
    expect_done(q, "when the soup is Ann's, and she is not told yet", 0);
    expect_done(q, "a second time for the one order", -EINVAL);
    order_put(q, &orders[1], "pie");
    cook_begin(&owner);
    run_loop();
    expect_told("0.000  Ann: soup\n");
    queue_free(q);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("22_work_queue");

    behaviour(
        s, "[1] first come, first served: an order goes straight to a cook who waits",
        "hand-off: what is put belongs to the first in line at once, so that nobody who comes "
        "in between can take it (3.3.3, \"Work queue\")",
        the_orders_wait, the_cooks_wait, nobody_takes_what_is_another_ones);
    behaviour(s, "[1] an order that is put back is the next that goes out",
              "what is put back is not done: it goes to the first in line, or in front of all that "
              "wait (3.3.3, \"Work queue\")",
              back_in_front, back_to_the_cook_who_waits, back_is_not_done);
    behaviour(s, "[1] the loop tells, once, and never before the call has returned",
              "a callback that comes from inside the call finds its caller half-way; so what is "
              "over is told later, in the order in which it has ended (3.3.3, \"Work queue\")",
              the_call_is_used_again, an_order_is_there_already, freed_by_the_first_who_is_told,
              freed_before_anybody_is_told, served_without_memory, a_timer_is_served_meanwhile);
    behaviour(s, "[1] join ends with the last work, not with the empty queue",
              "what was got is unfinished until somebody says that it is done "
              "(3.3.3, \"Work queue\")",
              the_work_counts_not_the_queue, orders_that_come_meanwhile, done_once_too_often);
    behaviour(s, "[1] who cancels is told, leaves the line, and takes nothing along",
              "a call that waits is over when it is cancelled; one that was served keeps what it "
              "was given (3.3.3, \"Work queue\")",
              the_one_behind_is_served, one_in_the_middle, too_late_to_cancel, a_join_is_cancelled);
    return s;
}
