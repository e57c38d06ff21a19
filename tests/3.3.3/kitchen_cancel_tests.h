/* kitchen_cancel_tests.h: who cancels, for the suite of 22_work_queue
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef KITCHEN_CANCEL_TESTS_H
#define KITCHEN_CANCEL_TESTS_H

#include "kitchen.h"

START_TEST(the_one_behind_is_served)
{
    struct queue *q = kitchen_open();
    struct cook cooks[] = COOKS(q);
    struct order orders[2];

    for (int k = 0; k < 3; k++)
        cook_begin(&cooks[k]);
    run_loop_for(100);
    expect_cancel(&cooks[0], "when Ann waits", 0);
    expect_cancel(&cooks[0], "a second time, before Ann is told", -EALREADY);
    order_put(q, &orders[0], "soup");
    run_loop_for(100);
    expect_cancel(&cooks[0], "when Ann was told", -EALREADY);
    order_put(q, &orders[1], "pie");
    run_loop();
    expect_told("0.100  Ann: -ECANCELED\n"
                "0.100  Bob: soup\n"
                "0.200  Cid: pie\n");
    queue_free(q);
}
END_TEST

START_TEST(one_in_the_middle)
{
    struct queue *q = kitchen_open();
    struct cook cooks[] = COOKS(q);
    struct order orders[2];

    for (int k = 0; k < 3; k++)
        cook_begin(&cooks[k]);
    run_loop_for(100);
    expect_cancel(&cooks[1], "when Bob waits, between Ann and Cid", 0);
    order_put(q, &orders[0], "soup");
    order_put(q, &orders[1], "pie");
    run_loop();
    expect_told("0.100  Bob: -ECANCELED\n"
                "0.100  Ann: soup\n"
                "0.100  Cid: pie\n");
    queue_free(q);
}
END_TEST

/* The order is on its way: if that were forgotten, nobody would ever cook it. */
START_TEST(too_late_to_cancel)
{
    struct queue *q = kitchen_open();
    struct cook cooks[] = COOKS(q);
    struct order soup;

    cook_begin(&cooks[0]);
    cook_begin(&cooks[1]);
    order_put(q, &soup, "soup");
    expect_cancel(&cooks[0], "when the soup is Ann's, and she is not told yet", -EALREADY);
    run_loop_for(100);
    expect_cancel(&cooks[1], "when Bob waits", 0);
    run_loop();
    expect_told("0.000  Ann: soup\n"
                "0.100  Bob: -ECANCELED\n");
    queue_free(q);
}
END_TEST

START_TEST(a_join_is_cancelled)
{
    struct queue *q = kitchen_open();
    struct cook owner = joiner_of(q, "owner"), host = joiner_of(q, "host");
    struct cook guest = joiner_of(q, "guest");
    struct order soup;

    order_put(q, &soup, "soup");
    cook_begin(&owner);
    cook_begin(&host);
    cook_begin(&guest);
    expect_cancel(&host, "when the host joins, behind the owner", 0);
    expect_cancel(&owner, "when the owner waits for the end of all work", 0);
    run_loop_for(100);
    expect_try_get(q, "when the soup is nobody's", "soup");
    expect_done(q, "when the soup is ready", 0);
    expect_cancel(&guest, "when the work has ended, and the guest is not told yet", -EALREADY);
    run_loop();
    expect_told("0.000  host: -ECANCELED\n"
                "0.000  owner: -ECANCELED\n"
                "0.100  guest: all is done\n");
    queue_free(q);
}
END_TEST

#endif
