/* check_16_resource_scope.c: the suite of 16_resource_scope, the night at the observatory
 *
 * SPDX-License-Identifier: MIT
 */
#include "16_resource_scope.h"

#include <errno.h>
#include <stdlib.h>

#include "scope_steps.h"

enum { PARTS = 3 };

/* An observatory; opens take 100, 200 and 300 ms, the exposure 400, each close 100. */
struct sky {
    struct step open[PARTS], close[PARTS], expose;
    struct pair {
        struct step *open, *close;
    } pairs[PARTS];
    struct part parts[PARTS];
    struct night night;
    struct told told;
};

static int part_open(void *obj, done_cb cb, void *arg)
{
    return step_begin(((struct pair *)obj)->open, cb, arg);
}

static int part_close(void *obj, done_cb cb, void *arg)
{
    return step_begin(((struct pair *)obj)->close, cb, arg);
}

static int sky_expose(void *obj, done_cb cb, void *arg)
{
    return step_begin(obj, cb, arg);
}

static void sky_init(struct sky *sky)
{
    static const char *const opens[PARTS] = {"open dome", "open cover", "open cooling"};
    static const char *const closes[PARTS] = {"close dome", "close cover", "close cooling"};

    *sky = (struct sky){.expose = {.name = "expose", .ms = 400}};
    for (int k = 0; k < PARTS; k++) {
        sky->open[k] = (struct step){.name = opens[k], .ms = 100 * (k + 1)};
        sky->close[k] = (struct step){.name = closes[k], .ms = 100};
        sky->pairs[k] = (struct pair){&sky->open[k], &sky->close[k]};
        sky->parts[k] = (struct part){part_open, part_close, &sky->pairs[k]};
    }
    sky->night =
        (struct night){.parts = sky->parts, .n = PARTS, .expose = sky_expose, .obj = &sky->expose};
}

static void sky_free(struct sky *sky)
{
    steps_free(sky->open, PARTS);
    steps_free(sky->close, PARTS);
    steps_free(&sky->expose, 1);
}

/* Begins a night; `err` is what night_run() is to return. */
static void sky_run(struct sky *sky, int err)
{
    const int got = night_run(&sky->night, on_told, &sky->told);

    if (got != err)
        fail_test("night_run()\nexpected  returns %s\ngot       returns %s", result_text(err),
                  result_text(got));
    sky->told.may_come = got == 0;
}

#include "night_model.h" /* what must come of a night, whatever fails in it */

/* ---- the way in ---- */

#define WAY_IN                                                                                     \
    "0.000  open dome: begins\n"                                                                   \
    "0.100  open dome: ends\n"                                                                     \
    "0.100  open cover: begins\n"                                                                  \
    "0.300  open cover: ends\n"                                                                    \
    "0.300  open cooling: begins\n"                                                                \
    "0.600  open cooling: ends\n"                                                                  \
    "0.600  expose: begins\n"

START_TEST(opened_one_after_the_other)
{
    struct sky sky;

    sky_init(&sky);
    sky_run(&sky, 0);
    run_loop_for(800); /* the exposure is going on */
    expect_trace_in_order(WAY_IN);
    sky_free(&sky);
}
END_TEST

START_TEST(a_single_part_opened)
{
    struct sky sky;

    sky_init(&sky);
    sky.night.n = 1;
    sky_run(&sky, 0);
    run_loop_for(300);
    expect_trace_in_order("0.000  open dome: begins\n"
                          "0.100  open dome: ends\n"
                          "0.100  expose: begins\n");
    sky_free(&sky);
}
END_TEST

/* ---- the way out ---- */

static const char *const WHOLE_NIGHT = WAY_IN "1.000  expose: ends\n"
                                              "1.000  close cooling: begins\n"
                                              "1.100  close cooling: ends\n"
                                              "1.100  close cover: begins\n"
                                              "1.200  close cover: ends\n"
                                              "1.200  close dome: begins\n"
                                              "1.300  close dome: ends\n"
                                              "1.300  told: 0\n";

START_TEST(closed_in_reverse)
{
    struct sky sky;

    sky_init(&sky);
    sky_run(&sky, 0);
    run_loop();
    expect_trace_in_order(WHOLE_NIGHT);
    sky_free(&sky);
}
END_TEST

#include "night_own_tests.h" /* freed, run again, two at once */

/* ---- an open fails ---- */

START_TEST(the_last_one_fails_to_open)
{
    struct sky sky;

    sky_init(&sky);
    sky.open[2].err = -EIO;
    sky_run(&sky, 0);
    run_loop();
    expect_trace_in_order("0.000  open dome: begins\n"
                          "0.100  open dome: ends\n"
                          "0.100  open cover: begins\n"
                          "0.300  open cover: ends\n"
                          "0.300  open cooling: begins\n"
                          "0.600  open cooling: ends with -EIO\n"
                          "0.600  close cover: begins\n"
                          "0.700  close cover: ends\n"
                          "0.700  close dome: begins\n"
                          "0.800  close dome: ends\n"
                          "0.800  told: -EIO\n");
    sky_free(&sky);
}
END_TEST

START_TEST(the_first_one_fails_to_open)
{
    struct sky sky;

    sky_init(&sky);
    sky.open[0].err = -EIO;
    sky_run(&sky, 0);
    run_loop();
    expect_trace_in_order("0.000  open dome: begins\n"
                          "0.100  open dome: ends with -EIO\n"
                          "0.100  told: -EIO\n");
    sky_free(&sky);
}
END_TEST

START_TEST(an_open_is_refused_at_once)
{
    struct sky sky;

    sky_init(&sky);
    sky.open[1].refuses = -ENOMEM;
    sky_run(&sky, 0);
    run_loop();
    expect_trace_in_order("0.000  open dome: begins\n"
                          "0.100  open dome: ends\n"
                          "0.100  open cover: returns -ENOMEM at once\n"
                          "0.100  close dome: begins\n"
                          "0.200  close dome: ends\n"
                          "0.200  told: -ENOMEM\n");
    sky_free(&sky);
}
END_TEST

START_TEST(the_first_open_is_refused_at_once)
{
    struct sky sky;

    sky_init(&sky);
    sky.open[0].refuses = -ENOMEM;
    sky_run(&sky, -ENOMEM);
    run_loop();
    expect_trace_in_order("0.000  open dome: returns -ENOMEM at once\n");
    sky_free(&sky);
}
END_TEST

/* ---- the exposure, or a close, fails ---- */

START_TEST(the_exposure_fails)
{
    struct sky sky;

    sky_init(&sky);
    sky.night.n = 1;
    sky.expose.err = -ENOSPC;
    sky_run(&sky, 0);
    run_loop();
    expect_trace_in_order("0.000  open dome: begins\n"
                          "0.100  open dome: ends\n"
                          "0.100  expose: begins\n"
                          "0.500  expose: ends with -ENOSPC\n"
                          "0.500  close dome: begins\n"
                          "0.600  close dome: ends\n"
                          "0.600  told: -ENOSPC\n");
    sky_free(&sky);
}
END_TEST

/* One step of the way in fails, or none; one or two closes as well; each later, or at once. */
START_TEST(whatever_fails)
{
    int turn = 0;

    for (int in = 0; in <= 2 * (PARTS + 1); in++)
        for (int out = 0; out <= 2 * PARTS; out++)
            for (int next = 0; next <= (out > 0 ? 2 : 0); next++)
                run_failing_night(in, out, next, turn++);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("16_resource_scope");

    behaviour(s, "[1] each part is opened when the one before is open, then the exposure begins",
              "an open takes time: the next step is begun from the callback that tells of its end "
              "(3.3.3, \"Resource management\")",
              opened_one_after_the_other, a_single_part_opened);
    behaviour(s, "[1] each part is closed when the one behind it is closed, then on_left is called",
              "resources are closed in the reverse order, because the later one may need the "
              "earlier one; whoever waits is told last (3.3.3, \"Resource management\")",
              closed_in_reverse);
    behaviour(s, "[1] if an open fails, exactly the parts that are open are closed",
              "exit runs if and only if enter has succeeded; a function that returns an error has "
              "begun nothing, and its callback never comes (3.3.3, \"Resource management\")",
              the_last_one_fails_to_open, the_first_one_fails_to_open, an_open_is_refused_at_once,
              the_first_open_is_refused_at_once);
    behaviour(s, "[1] if the exposure or a close fails, all is closed, and the first error is told",
              "what was entered is exited, once, whatever fails; and the first error wins: what "
              "fails after it is mostly its consequence (3.3.3, \"Resource management\")",
              the_exposure_fails, whatever_fails);
    behaviour(s, "[1] on_left may free the night or run it again, and two nights may run at once",
              "what a scope has to remember is in the scope itself; what its caller has filled in "
              "stays as it is, and to tell is its last use (3.3.3, \"Resource management\")",
              freed_by_the_one_who_is_told, run_again_by_the_one_who_is_told, two_nights_at_once);
    return s;
}
