/* bad_masked_error.c: WRONG on purpose: a cleanup that goes well hides what went wrong before
 *
 * asyncio twin, with the same mistake:
 *     try:
 *         await save(draft)
 *     finally:
 *         return await close(draft)     # a `return` in `finally` drops the exception
 * Run: ./bad_masked_error
 * Ends when the draft is closed: no event is pending then.
 * Notice: one variable is used for whatever happened last. The save fails, the close goes well, and
 * the editor lets go of a text that is nowhere else.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct timeval DELAY = {.tv_usec = 100 * 1000};

struct program {
    struct event_base *base; /* owned */
    struct event *saved;     /* calls on_saved(); owned */
    struct event *closed;    /* calls on_closed(); owned */
    int err;                 /* 0, or a negative errno */
};

static void on_saved(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;               /* a timer has no descriptor, */
    (void)what;             /* and only one thing can happen to it */
    program->err = -ENOSPC; /* what the disk has answered */
    printf("save: %s\n", strerror(-program->err));
    if (event_add(program->closed, &DELAY) != 0)
        program->err = -ENOMEM;
}

static void on_closed(evutil_socket_t fd, short what, void *arg)
{
    const int closing = 0; /* what the disk has answered now */
    struct program *program = arg;

    (void)fd;
    (void)what;
    program->err = closing; /* WRONG: the close went well, and what of the save? */
    printf("close: %s\n", strerror(-closing));
    printf("editor: %s\n", program->err == 0 ? "saved" : "not saved: try again");
}

static int program_open(struct program *program)
{
    program->base = event_base_new();
    if (program->base == NULL)
        return -1;
    program->saved = evtimer_new(program->base, on_saved, program);
    program->closed = evtimer_new(program->base, on_closed, program);
    if (program->saved == NULL || program->closed == NULL)
        return -1;
    return event_add(program->saved, &DELAY);
}

static void program_close(struct program *program)
{
    if (program->closed != NULL)
        event_free(program->closed);
    if (program->saved != NULL)
        event_free(program->saved);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(void)
{
    struct program program = {.err = 0};
    int status = EXIT_FAILURE;

    if (program_open(&program) != 0) {
        fprintf(stderr, "bad_masked_error: set-up: out of memory\n");
        goto cleanup;
    }
    if (event_base_dispatch(program.base) != 1 || program.err != 0) {
        fprintf(stderr, "bad_masked_error: event loop: it ended before its work did\n");
        goto cleanup;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "bad_masked_error: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    return status;
}
