/* kitchen.h: cooks and orders for the suite of 22_work_queue
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef KITCHEN_H
#define KITCHEN_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "22_work_queue.h"
#include "result_text.h"
#include "suite.h"

static int told; /* calls of on_told() in this test */

/* Whoever gets, or joins. */
struct cook {
    const char *name;
    struct queue *queue;
    struct call call;
    bool joins;  /* else it gets */
    bool inside; /* its queue_get() or queue_join() has not returned */
    bool under_way;
    void (*then)(struct cook *cook); /* called when it has been told; or NULL */
    void *arg;                       /* for `then` */
};

static inline struct cook cook_of(struct queue *q, const char *name)
{
    return (struct cook){.name = name, .queue = q};
}

static inline struct cook joiner_of(struct queue *q, const char *name)
{
    return (struct cook){.name = name, .queue = q, .joins = true};
}

static inline struct queue *kitchen_open(void)
{
    struct queue *q = queue_new(test_base());

    told = 0;
    ck_assert_msg(q != NULL, "queue_new() gave NULL, with memory enough");
    return q;
}

static inline void on_told(int err, void *arg)
{
    struct cook *cook = arg;

    told++;
    if (cook->inside)
        fail_test("%s was told before %s had returned\nexpected  a call by the loop, later\n"
                  "got       a call from inside",
                  cook->name, cook->joins ? "queue_join()" : "queue_get()");
    if (!cook->under_way)
        fail_test("%s was told again: does a call that is over leave the line in which it stood?\n"
                  "expected  one cb for one call\ngot       a second one, with %s",
                  cook->name, result_text(err));
    cook->under_way = false;
    if (err != 0)
        trace("%s: %s", cook->name, result_text(err));
    else if (cook->joins)
        trace("%s: all is done", cook->name);
    else
        trace("%s: %s", cook->name, cook->call.item != NULL ? cook->call.item->dish : "no order");
    if (err != 0 && cook->call.item != NULL)
        fail_test("call->item after %s\nexpected  NULL\ngot       an order", result_text(err));
    if (cook->then != NULL)
        cook->then(cook);
}

static inline void cook_begin(struct cook *cook)
{
    cook->under_way = true;
    cook->inside = true;
    if (cook->joins)
        queue_join(cook->queue, &cook->call, on_told, cook);
    else
        queue_get(cook->queue, &cook->call, on_told, cook);
    cook->inside = false;
}

static inline void order_put(struct queue *q, struct order *order, const char *dish)
{
    order->dish = dish;
    queue_put(q, order);
}

static inline void expect_any_told(void)
{
    if (told == 0)
        fail_test(
            "expected  a cb is called for each call that is over\n"
            "got       no call at all: is anybody served, and is the loop asked for on_tell()?");
}

/* Compares what was told, and when; lines of the same time may come in any order. */
static inline void expect_told(const char *expected)
{
    expect_any_told();
    expect_trace(expected);
}

/* The same, where the order of lines of the same time matters. */
static inline void expect_told_in_order(const char *expected)
{
    expect_any_told();
    expect_trace_in_order(expected);
}

/* ---- what a call gives at once ---- */

static inline void expect_result(const char *call, const char *when, int got, int expected)
{
    if (got != expected)
        fail_test("%s, %s\nexpected  %s\ngot       %s", call, when, result_text(expected),
                  result_text(got));
}

static inline void expect_done(struct queue *q, const char *when, int expected)
{
    expect_result("queue_task_done()", when, queue_task_done(q), expected);
}

static inline void expect_back(struct queue *q, struct order *order, const char *when, int expected)
{
    expect_result("queue_put_back()", when, queue_put_back(q, order), expected);
}

static inline void expect_cancel(struct cook *cook, const char *when, int expected)
{
    cook->inside = true;
    const int got = queue_cancel(cook->queue, &cook->call);
    cook->inside = false;

    expect_result("queue_cancel()", when, got, expected);
}

/* `dish` NULL: none. */
static inline void expect_try_get(struct queue *q, const char *when, const char *dish)
{
    const struct order *order = queue_try_get(q);
    const char *got = order != NULL ? order->dish : "NULL";

    if (dish == NULL)
        dish = "NULL";
    if (strcmp(got, dish) != 0)
        fail_test("queue_try_get(), %s\nexpected  %s\ngot       %s", when, dish, got);
}

/* Three cooks of one kitchen, who are not at work yet. */
#define COOKS(q)                                                                                   \
    {                                                                                              \
        cook_of((q), "Ann"), cook_of((q), "Bob"), cook_of((q), "Cid")                              \
    }

#endif
