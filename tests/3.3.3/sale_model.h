/* sale_model.h: the exits of a sale and what each must be told, for check_17_scope_errors.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SALE_MODEL_H
#define SALE_MODEL_H

#include <stdarg.h>
#include <stdio.h>

#include "17_scope_errors.h"
#include "scope_steps.h"

enum { EXITS = 3, EXIT_MS = 100 };

/* Three exits, pushed in this order, so that the lift's runs first. */
struct sale {
    struct exits *x;
    struct step steps[EXITS];
    struct told told;
    struct told other; /* whoever is refused */
};

static int sale_exit(void *obj, int err, done_cb cb, void *arg)
{
    struct step *step = obj;

    trace("%s: is told %s", step->name, end_text(err));
    return step_begin(step, cb, arg);
}

/* With all exits pushed. */
static void sale_init(struct sale *sale)
{
    static const char *const names[EXITS] = {"display", "coin", "lift"};

    *sale = (struct sale){.x = exits_new(test_base()), .other = {.refused = true}};
    ck_assert_ptr_nonnull(sale->x);
    for (int k = 0; k < EXITS; k++) {
        sale->steps[k] = (struct step){.name = names[k], .ms = EXIT_MS, .quiet = true};
        ck_assert_int_eq(exits_push(sale->x, sale_exit, &sale->steps[k]), 0);
    }
}

static void sale_free(struct sale *sale)
{
    exits_free(sale->x);
    steps_free(sale->steps, EXITS);
}

/* when: " in on_left", or "". */
static void expect_unwind(struct exits *x, int err, done_cb on_left, void *arg, const char *when)
{
    const int got = exits_unwind(x, err, on_left, arg);

    if (got != 0)
        fail_test("exits_unwind()%s\nexpected  returns 0\ngot       returns %s", when,
                  result_text(got));
}

static void sale_end(struct sale *sale, int err)
{
    expect_unwind(sale->x, err, on_told, &sale->told, "");
    sale->told.may_come = true;
}

/* What becomes of the error, when an exit ends with `result`. */
static int error_after(int err, int result)
{
    if (result == EXIT_SUPPRESS)
        return 0;
    return err != 0 ? err : result;
}

/* Notes in `text` what a sale that ends with `err` must be; it begins now. */
static void model_sale(char *text, size_t size, const struct step *steps, int err)
{
    int ms = now_ms();
    size_t used = 0;

#define LINE(...)                                                                                  \
    used += (size_t)snprintf(text + used, size - used, "%d.%03d  ", ms / 1000, ms % 1000);         \
    used += (size_t)snprintf(text + used, size - used, __VA_ARGS__)
    for (int k = EXITS - 1; k >= 0; k--) {
        const struct step *step = &steps[k];

        LINE("%s: is told %s\n", step->name, result_text(err));
        ms += step->refuses == 0 ? step->ms : 0;
        if (step->refuses != 0) {
            LINE("%s: returns %s at once\n", step->name, result_text(step->refuses));
        } else if (step->err != 0) {
            LINE("%s: ends with %s\n", step->name, end_text(step->err));
        } else {
            LINE("%s: ends\n", step->name);
        }
        err = error_after(err, step->refuses != 0 ? step->refuses : step->err);
    }
    LINE("told: %s\n", result_text(err));
#undef LINE
    ck_assert_uint_lt(used, size);
}

/* How an exit may end. */
enum way { WELL, FAILS, FAILS_AT_ONCE, SUPPRESSES };

/* turn: which errors the exits fail with. None of them means another thing than the others: neither
 * that an exit is to be tried again, nor that nothing has failed. */
static void run_sale(int err, const enum way ways[EXITS], int turn)
{
    static const int codes[] = {ENOSPC, ECANCELED, EAGAIN, EBUSY, ENOMEM, ETIMEDOUT, EINTR};
    char text[1024];
    struct sale sale;

    sale_init(&sale);
    for (int k = 0; k < EXITS; k++) {
        const int code = -codes[(turn + k) % 7];

        if (ways[k] == FAILS)
            sale.steps[k].err = code;
        else if (ways[k] == FAILS_AT_ONCE)
            sale.steps[k].refuses = code;
        else if (ways[k] == SUPPRESSES)
            sale.steps[k].err = EXIT_SUPPRESS;
    }
    model_sale(text, sizeof(text), sale.steps, err);
    sale_end(&sale, err);
    run_loop();
    expect_trace_in_order(text);
    sale_free(&sale);
}

/* All sales in which each exit goes well, fails, or ends in the third way; but for the one in which
 * no exit takes time, which is another behaviour's. */
static void run_sales(enum way third)
{
    static const int errors[] = {0, -EIO, -ECANCELED};
    const enum way ways[] = {WELL, FAILS, third};

    for (int e = 0; e < 3; e++)
        for (int k = 0; k < 27; k++) {
            const enum way chosen[EXITS] = {ways[k / 9], ways[k / 3 % 3], ways[k % 3]};
            if (third != FAILS_AT_ONCE || k != 26)
                run_sale(errors[e], chosen, 27 * e + k);
        }
}

#endif
