/* spring.h: a well, and people with cans, for the suite of 23_flow_control
 *
 * The well holds 10 litres, and gets one each 100 ms, unless a test says otherwise.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SPRING_H
#define SPRING_H

#include <stdbool.h>
#include <stdio.h>

#include "23_flow_control.h"
#include "result_text.h"
#include "suite.h"

enum { MOST = 10, LITRE_MS = 100 };
enum { MONTHS_MOST = 100000, MONTHS_LITRE_MS = 60000 }; /* 69 days from empty to full */

static int told; /* calls of on_told() in this test */

struct person {
    const char *name;
    struct well *well;
    struct call call;
    bool inside;                         /* well_take() has not returned */
    bool under_way;                      /* it has returned 0, and cb was not called yet */
    int last;                            /* what cb was told last */
    void (*then)(struct person *person); /* called when it has been told; or NULL */
};

static inline struct person person_of(struct well *w, const char *name)
{
    return (struct person){.name = name, .well = w};
}

/* Three people who come to one well, and do not wait yet. */
#define PEOPLE(w)                                                                                  \
    {                                                                                              \
        person_of((w), "Ann"), person_of((w), "Bob"), person_of((w), "Cid")                        \
    }

static inline struct well *well_of(int most, int litre_ms)
{
    struct well *w = well_new(test_base(), most, litre_ms);

    told = 0;
    ck_assert_msg(w != NULL, "well_new() gave NULL, with memory enough");
    return w;
}

static inline struct well *well_open(void)
{
    return well_of(MOST, LITRE_MS);
}

static inline void on_told(int err, void *arg)
{
    struct person *person = arg;

    told++;
    person->last = err;
    if (person->inside)
        fail_test(
            "%s was told before well_take() had returned\nexpected  a call by the loop, later\n"
            "got       a call from inside",
            person->name);
    if (!person->under_way)
        fail_test(
            "%s was told, and waits for nothing\nexpected  one cb for a call that gave 0, none "
            "for one that failed\ngot       a cb with %s",
            person->name, result_text(err));
    person->under_way = false;
    if (err != 0)
        trace("%s: %s", person->name, result_text(err));
    else
        trace("%s: %d", person->name, person->call.litres);
    if (person->then != NULL)
        person->then(person);
}

/* `person` asks for water, and well_take() gives `expected`. */
static inline void expect_take(struct person *person, int litres, int expected)
{
    person->inside = true;
    const int got = well_take(person->well, &person->call, litres, on_told, person);
    person->inside = false;

    person->under_way = got == 0;
    if (got != expected)
        fail_test("well_take() of %d litres, at %.3f\nexpected  %s\ngot       %s", litres,
                  now_ms() / 1e3, result_text(expected), result_text(got));
}

static inline void take(struct person *person, int litres)
{
    expect_take(person, litres, 0);
}

static inline void expect_cancel(struct person *person, const char *when, int expected)
{
    person->inside = true;
    const int got = well_cancel(person->well, &person->call);
    person->inside = false;

    if (got != expected)
        fail_test("well_cancel(), %s\nexpected  %s\ngot       %s", when, result_text(expected),
                  result_text(got));
}

static inline void expect_litres(struct well *w, const char *when, int expected)
{
    const int got = well_litres(w);

    if (got != expected)
        fail_test("well_litres() at %.3f, %s\nexpected  %d\ngot       %d", now_ms() / 1e3, when,
                  expected, got);
}

/* Compares who has got how many litres, and when; the order of lines of the same time matters. */
static inline void expect_told(const char *expected)
{
    if (told == 0)
        fail_test("expected  a cb is called for each call that is over\n"
                  "got       no call at all: is anybody served?");
    expect_trace_in_order(expected);
}

#endif
