/* night_model.h: what a night must be, for check_16_resource_scope.c
 *
 * The same night without waiting: written as if each step were an ordinary call, it notes the
 * timeline that must come of it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef NIGHT_MODEL_H
#define NIGHT_MODEL_H

#include <stdarg.h>
#include <stdio.h>

struct model {
    char text[4096];
    size_t used;
    int ms; /* virtual time */
};

static void model_line(struct model *m, const char *format, ...)
{
    va_list args;

    m->used += (size_t)snprintf(m->text + m->used, sizeof(m->text) - m->used, "%d.%03d  ",
                                m->ms / 1000, m->ms % 1000);
    va_start(args, format);
    m->used += (size_t)vsnprintf(m->text + m->used, sizeof(m->text) - m->used, format, args);
    va_end(args);
    m->used += (size_t)snprintf(m->text + m->used, sizeof(m->text) - m->used, "\n");
    ck_assert_uint_lt(m->used, sizeof(m->text));
}

static int model_step(struct model *m, const struct step *step)
{
    if (step->refuses != 0) {
        model_line(m, "%s: returns %s at once", step->name, result_text(step->refuses));
        return step->refuses;
    }
    model_line(m, "%s: begins", step->name);
    m->ms += step->ms;
    if (step->err != 0)
        model_line(m, "%s: ends with %s", step->name, result_text(step->err));
    else
        model_line(m, "%s: ends", step->name);
    return step->err;
}

static void model_night(struct model *m, const struct sky *sky)
{
    size_t open = 0;
    int err = 0;

    while (open < sky->night.n && err == 0) {
        err = model_step(m, &sky->open[open]);
        open += err == 0;
    }
    if (sky->open[0].refuses != 0)
        return; /* night_run() has said it */
    if (err == 0)
        err = model_step(m, &sky->expose);
    while (open > 0) {
        const int closed = model_step(m, &sky->close[--open]);
        err = err != 0 ? err : closed;
    }
    model_line(m, "told: %s", result_text(err));
}

/* Numbers the ways in which one of n steps fails: 1 to n, later; n + 1 to 2 n, at once; 0: none. */
static void fail_step(struct step *steps, int n, int way, int err)
{
    if (way > n)
        steps[way - n - 1].refuses = err;
    else if (way > 0)
        steps[way - 1].err = err;
}

/* What fails in the turn-th night: three different errors. None of them means another thing than
 * the others: neither that a step is to be tried again, nor that nothing has failed. */
static int error_of(int turn, int which)
{
    static const int errors[] = {EIO, ECANCELED, EAGAIN, EBUSY, ENOMEM, ETIMEDOUT, EINTR};

    return -errors[(turn + which) % 7];
}

/* in, out: the ways in which an open or the exposure, and a close, fail. next: the close after that
 * one fails as well, 1: later, 2: at once. */
static void run_failing_night(int in, int out, int next, int turn)
{
    const int err = error_of(turn, 0);
    const int after = (out - 1) % PARTS - 1; /* closed after the one that `out` means */
    struct model m = {.ms = now_ms()};
    struct sky sky;

    sky_init(&sky);
    if (in == PARTS + 1)
        sky.expose.err = err;
    else if (in == 2 * (PARTS + 1))
        sky.expose.refuses = err;
    else
        fail_step(sky.open, PARTS, in > PARTS ? in - 1 : in, err);
    fail_step(sky.close, PARTS, out, error_of(turn, 1));
    if (next > 0 && after >= 0)
        fail_step(&sky.close[after], 1, next, error_of(turn, 2));
    model_night(&m, &sky);
    sky_run(&sky, sky.open[0].refuses);
    run_loop();
    expect_trace_in_order(m.text);
    sky_free(&sky);
}

#endif
