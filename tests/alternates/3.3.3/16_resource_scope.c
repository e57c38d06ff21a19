/* 16_resource_scope.c: another right solution: a callback for each kind of step
 *
 * The three begin one another, so that there is no need to note which step is under way. The way
 * out calls itself where a close is refused, instead of a loop.
 *
 * SPDX-License-Identifier: MIT
 */
#include "16_resource_scope.h"

static void on_closed(int err, void *arg);

/* Closes what is open, or tells. */
static void night_close(struct night *night)
{
    if (night->open == 0) {
        night->on_left(night->err, night->arg);
        return;
    }
    night->open--;
    const struct part *part = &night->parts[night->open];
    int err = part->close(part->obj, on_closed, night);
    if (err != 0)
        on_closed(err, night);
}

static void night_note(struct night *night, int err)
{
    if (night->err == 0)
        night->err = err;
}

static void on_closed(int err, void *arg)
{
    night_note(arg, err);
    night_close(arg);
}

static void on_exposed(int err, void *arg)
{
    night_note(arg, err);
    night_close(arg);
}

static void on_opened(int err, void *arg)
{
    struct night *night = arg;

    if (err == 0 && ++night->open < night->n) {
        const struct part *part = &night->parts[night->open];
        err = part->open(part->obj, on_opened, night);
    } else if (err == 0) {
        err = night->expose(night->obj, on_exposed, night);
    }
    if (err != 0) {
        night_note(night, err);
        night_close(night);
    }
}

int night_run(struct night *night, done_cb on_left, void *arg)
{
    night->on_left = on_left;
    night->arg = arg;
    night->open = 0;
    night->err = 0;
    return night->parts[0].open(night->parts[0].obj, on_opened, night);
}
