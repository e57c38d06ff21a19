/* kitchen_told_tests.h: who is told, and when, for the suite of 22_work_queue
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef KITCHEN_TOLD_TESTS_H
#define KITCHEN_TOLD_TESTS_H

#include "kitchen.h"
#include "timer_guest.h"

START_TEST(an_order_is_there_already)
{
    struct queue *q = kitchen_open();
    struct cook cooks[] = COOKS(q), owner = joiner_of(q, "owner");
    struct order orders[2];

    cook_begin(&owner);
    trace("queue_join() has returned");
    order_put(q, &orders[0], "soup");
    cook_begin(&cooks[0]);
    order_put(q, &orders[1], "pie");
    cook_begin(&cooks[1]);
    trace("queue_get() has returned");
    run_loop();
    expect_told_in_order("0.000  queue_join() has returned\n"
                         "0.000  queue_get() has returned\n"
                         "0.000  owner: all is done\n"
                         "0.000  Ann: soup\n"
                         "0.000  Bob: pie\n");
    queue_free(q);
}
END_TEST

/* Who is told more often than there are orders begins nothing more. */
static void begin_again(struct cook *cook)
{
    enum { ORDERS = 3 };

    if (told <= ORDERS)
        cook_begin(cook);
}

START_TEST(the_call_is_used_again)
{
    struct queue *q = kitchen_open();
    struct cook ann = {.name = "Ann", .queue = q, .then = begin_again};
    struct order orders[3];

    cook_begin(&ann);
    order_put(q, &orders[0], "soup");
    order_put(q, &orders[1], "pie");
    run_loop_for(100);
    order_put(q, &orders[2], "tart");
    run_loop();
    expect_told_in_order("0.000  Ann: soup\n"
                         "0.000  Ann: pie\n"
                         "0.100  Ann: tart\n");
    queue_free(q);
}
END_TEST

static void free_queue(struct cook *cook)
{
    queue_free(cook->queue);
}

START_TEST(freed_by_the_first_who_is_told)
{
    struct queue *q = kitchen_open();
    struct cook cooks[] = COOKS(q);
    struct order orders[2];

    cooks[0].then = free_queue;
    for (int k = 0; k < 3; k++)
        cook_begin(&cooks[k]);
    order_put(q, &orders[0], "soup");
    order_put(q, &orders[1], "pie");
    run_loop();
    expect_told("0.000  Ann: soup\n");
}
END_TEST

static void leave_early(void *arg)
{
    struct queue *q = queue_new(test_base());
    struct cook ann = {.name = "Ann", .queue = q}, owner = joiner_of(q, "owner");
    struct order soup;

    (void)arg;
    if (q != NULL) {
        cook_begin(&owner);
        cook_begin(&ann);
        order_put(q, &soup, "soup");
    }
    queue_free(q); /* nobody has been told yet */
    run_loop_for(100);
    expect_trace("");
}

START_TEST(freed_before_anybody_is_told)
{
    leave_early(NULL);
    each_allocation_fails(leave_early, NULL);
}
END_TEST

/* Whoever is served is told: nothing but queue_new() needs memory. */
static void serve(void *arg)
{
    struct queue *q = queue_new(test_base());
    struct cook ann = cook_of(q, "Ann");
    struct order soup;

    (void)arg;
    if (q == NULL)
        return;
    cook_begin(&ann);
    order_put(q, &soup, "soup");
    run_loop();
    if (ann.under_way)
        fail_test("memory has run out behind queue_new(), and the soup is Ann's\n"
                  "expected  she is told of it: nothing but queue_new() allocates\n"
                  "got       no call of her cb");
    expect_trace("0.000  Ann: soup\n");
    queue_free(q);
}

START_TEST(served_without_memory)
{
    serve(NULL);
    each_allocation_fails(serve, NULL);
}
END_TEST

/* Puts back what has been got, and gets it again, until the timer has come. */
static void get_again(struct cook *cook)
{
    if (guest_is_served(cook->arg))
        return;
    (void)queue_put_back(cook->queue, cook->call.item);
    cook_begin(cook);
}

START_TEST(a_timer_is_served_meanwhile)
{
    struct queue *q = kitchen_open();
    struct cook ann = cook_of(q, "Ann");
    struct guest guest = {0};
    struct order soup;

    ann.then = get_again;
    ann.arg = &guest;
    order_put(q, &soup, "soup");
    cook_begin(&ann);
    run_loop();
    queue_free(q);
}
END_TEST

#endif
