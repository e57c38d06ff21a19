/* 16_resource_scope.c: a night at the observatory: open, expose, close
 *
 * 16_resource_scope.h says what a night does. The parts of the observatory are given, and so is
 * night_run(), which begins the first step. Yours is what comes after each step: the next one.
 *
 * See the night: ./workbook run 16_resource_scope --virtual
 *
 * SPDX-License-Identifier: MIT
 */
#include "16_resource_scope.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- yours: what comes after a step ---- */

/* A step has ended. It only goes forward: when a part closes, no part is opened any more. */
static void on_step_done(int err, void *arg)
{
    struct night *night = arg;

    if (night->step == NIGHT_OPEN && err == 0) {
        night->open++;
        if (night->open < night->n) {
            const struct part *next = &night->parts[night->open];

            err = next->open(next->obj, on_step_done, night);
        } else {
            night->step = NIGHT_EXPOSE;
            err = night->expose(night->obj, on_step_done, night);
        }
        if (err == 0)
            return;
    }
    night->step = NIGHT_CLOSE;
    if (night->err == 0)
        night->err = err; /* the first error wins */
    while (night->open > 0) {
        const struct part *last = &night->parts[--night->open];

        err = last->close(last->obj, on_step_done, night);
        if (err == 0)
            return;
        if (night->err == 0)
            night->err = err;
    }
    night->on_left(night->err, night->arg); /* the last use: perhaps it is freed now */
}

/* ---- given: the first step ---- */

int night_run(struct night *night, done_cb on_left, void *arg)
{
    night->on_left = on_left;
    night->arg = arg;
    night->step = NIGHT_OPEN;
    night->open = 0;
    night->err = 0;
    return night->parts[0].open(night->parts[0].obj, on_step_done, night);
}

/* ---- given: an observatory, whose motors are timers; main ---- */

enum { PARTS = 3, MOTORS = 4 };

struct motor {
    const char *name;
    int ms;            /* a way takes so long */
    bool broken;       /* it does not open */
    struct event *end; /* calls on_end(); owned */
    const char *line;  /* to be printed then */
    int err;           /* to be told then, */
    done_cb cb;        /* to this one */
    void *arg;         /* for it; borrowed */
};

static void on_end(evutil_socket_t fd, short what, void *arg)
{
    struct motor *motor = arg;

    (void)fd;
    (void)what;
    printf("%s: %s\n", motor->name, motor->line);
    motor->cb(motor->err, motor->arg);
}

static int motor_start(struct motor *motor, const char *line, int err, done_cb cb, void *arg)
{
    const struct timeval delay = {.tv_usec = motor->ms * 1000};

    motor->line = line;
    motor->err = err;
    motor->cb = cb;
    motor->arg = arg;
    return event_add(motor->end, &delay) == 0 ? 0 : -ENOMEM;
}

static int motor_open(void *obj, done_cb cb, void *arg)
{
    struct motor *motor = obj;

    return motor_start(motor, motor->broken ? "is stuck" : "open", motor->broken ? -EIO : 0, cb,
                       arg);
}

static int motor_close(void *obj, done_cb cb, void *arg)
{
    return motor_start(obj, "closed", 0, cb, arg);
}

static int camera_expose(void *obj, done_cb cb, void *arg)
{
    return motor_start(obj, "a galaxy", 0, cb, arg);
}

static void on_left(int err, void *arg)
{
    printf("night: over: %s\n", strerror(-err));
    *(bool *)arg = true;
}

/* Runs one night. Returns 0, or -1 if the loop has ended before it. */
static int observe(struct event_base *base, struct motor *motors)
{
    struct part parts[PARTS];
    struct night night = {
        .parts = parts, .n = PARTS, .expose = camera_expose, .obj = &motors[PARTS]};
    bool left = false;

    for (int k = 0; k < PARTS; k++)
        parts[k] = (struct part){motor_open, motor_close, &motors[k]};
    if (night_run(&night, on_left, &left) == 0 && event_base_dispatch(base) == 1 && left)
        return 0;
    fprintf(stderr, "16_resource_scope: the night is not over, and nothing happens any more: %s\n",
            night.step == NIGHT_OPEN && night.open == 0 ? "start with TODO(1)"
                                                        : "see the next TODO");
    return -1;
}

/* A good night, and one in which the cooling fails. */
int main(void)
{
    struct motor motors[MOTORS] = {{.name = "dome", .ms = 300},
                                   {.name = "cover", .ms = 200},
                                   {.name = "cooling", .ms = 500},
                                   {.name = "exposure", .ms = 900}};
    int status = EXIT_FAILURE;
    bool ready = true;
    struct event_base *base = event_base_new();

    for (int k = 0; k < MOTORS && base != NULL; k++) {
        motors[k].end = evtimer_new(base, on_end, &motors[k]);
        ready = ready && motors[k].end != NULL;
    }
    if (base == NULL || !ready) {
        fprintf(stderr, "16_resource_scope: set-up: out of memory\n");
        goto cleanup;
    }
    if (observe(base, motors) != 0)
        goto cleanup;
    motors[PARTS - 1].broken = true;
    if (observe(base, motors) == 0)
        status = EXIT_SUCCESS;

cleanup:
    for (int k = 0; k < MOTORS; k++)
        if (motors[k].end != NULL)
            event_free(motors[k].end);
    if (base != NULL)
        event_base_free(base);
    return status;
}
