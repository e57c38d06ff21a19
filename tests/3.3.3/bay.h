/* bay.h: lorries and fork lifts at a loading bay, for the suite of 24_backpressure
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BAY_H
#define BAY_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "24_backpressure.h"
#include "result_text.h"
#include "suite.h"

static int told; /* calls of on_told() in this test */

/* Whoever puts a crate, or gets one. */
struct driver {
    const char *name;
    struct queue *queue;
    struct call call;
    struct crate crate;                  /* of one who puts */
    bool inside;                         /* queue_put() or queue_get() has not returned */
    bool under_way;                      /* it has not failed, and cb was not called yet */
    void (*then)(struct driver *driver); /* called when it has been told; or NULL */
    void *arg;                           /* for `then` */
};

/* One who brings a crate of so many kg, which has the same name. */
static inline struct driver lorry(struct queue *q, const char *name, int kg)
{
    return (struct driver){.name = name, .queue = q, .crate = {.name = name, .kg = kg}};
}

/* One who takes crates away. */
static inline struct driver fork_lift(struct queue *q, const char *name)
{
    return (struct driver){.name = name, .queue = q};
}

static inline struct queue *bay_open(int room)
{
    struct queue *q = queue_new(test_base(), room);

    told = 0;
    ck_assert_msg(q != NULL, "queue_new() gave NULL, with memory enough");
    return q;
}

static inline void on_told(int err, void *arg)
{
    struct driver *driver = arg;
    const bool puts = driver->crate.kg > 0;
    const struct crate *item = driver->call.item;

    told++;
    if (driver->inside)
        fail_test("%s was told before %s had returned\nexpected  a call by the loop, later\n"
                  "got       a call from inside",
                  driver->name, puts ? "queue_put()" : "queue_get()");
    if (!driver->under_way)
        fail_test("%s was told, and waits for nothing\nexpected  one cb for a call that was begun, "
                  "none for one that failed\ngot       a cb with %s",
                  driver->name, result_text(err));
    driver->under_way = false;
    if (err != 0)
        trace("%s: %s", driver->name, result_text(err));
    else if (puts)
        trace("%s: is put", driver->name);
    else
        trace("%s: gets %s", driver->name, item != NULL ? item->name : "nothing");
    if (driver->then != NULL)
        driver->then(driver);
}

/* `driver` brings its crate, and queue_put() gives `expected`. */
static inline void expect_put(struct driver *driver, int expected)
{
    driver->inside = true;
    const int got = queue_put(driver->queue, &driver->call, &driver->crate, on_told, driver);
    driver->inside = false;

    driver->under_way = got == 0;
    if (got != expected)
        fail_test("queue_put() of %d kg, at %.3f\nexpected  %s\ngot       %s", driver->crate.kg,
                  now_ms() / 1e3, result_text(expected), result_text(got));
}

static inline void put(struct driver *driver)
{
    expect_put(driver, 0);
}

static inline void get(struct driver *driver)
{
    driver->under_way = driver->inside = true;
    queue_get(driver->queue, &driver->call, on_told, driver);
    driver->inside = false;
}

/* ---- what a call gives at once ---- */

static inline void expect_result(const char *call, const char *when, int got, int expected)
{
    if (got != expected)
        fail_test("%s, %s\nexpected  %s\ngot       %s", call, when, result_text(expected),
                  result_text(got));
}

static inline void expect_try_put(struct driver *driver, const char *when, int expected)
{
    expect_result("queue_try_put()", when, queue_try_put(driver->queue, &driver->crate), expected);
}

/* What call->item is when the driver was told; `expected` NULL: no crate. */
static inline void expect_item(const struct driver *driver, const char *call,
                               const struct crate *expected)
{
    const struct crate *got = driver->call.item;

    if (got != expected)
        fail_test("call->item, after %s\nexpected  %s\ngot       %s", call,
                  expected != NULL ? expected->name : "NULL", got != NULL ? got->name : "NULL");
}

/* `name` NULL: no crate. */
static inline void expect_try_get(struct queue *q, const char *when, const char *name)
{
    const struct crate *crate = queue_try_get(q);
    const char *got = crate != NULL ? crate->name : "NULL";

    if (name == NULL)
        name = "NULL";
    if (strcmp(got, name) != 0)
        fail_test("queue_try_get(), %s\nexpected  %s\ngot       %s", when, name, got);
}

static inline void expect_kg(struct queue *q, const char *when, int expected)
{
    const int got = queue_kg(q);

    if (got != expected)
        fail_test("queue_kg(), %s\nexpected  %d\ngot       %d", when, expected, got);
}

static inline void expect_cancel(struct driver *driver, const char *when, int expected)
{
    driver->inside = true;
    const int got = queue_cancel(driver->queue, &driver->call);
    driver->inside = false;

    expect_result("queue_cancel()", when, got, expected);
}

static inline void expect_any_told(void)
{
    if (told == 0)
        fail_test("expected  a cb is called for each call that is over\n"
                  "got       no call at all: is anybody served?");
}

/* Compares who was told what, and when; lines of the same time may come in any order. */
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

#endif
