/* bad_lost_local.c: WRONG on purpose: a local variable does not survive a suspension
 *
 * asyncio twin: none. In Python the same lines are right: there a local lives in the coroutine's
 * frame. In C it lives on the stack, which is gone as soon as the coroutine suspends.
 *     async def add_up():
 *         total = 0
 *         for n in (1, 2, 3): total += n; print(f"total {total}"); await asyncio.sleep(0.1)
 * Run: ./bad_lost_local
 * Ends when three numbers are added.
 * Notice: the totals should be 1, 3, 6. Each resume is a new call, with a new `total`. This one is
 * set to 0 every time. No compiler warns: the code is legal C. Right: `total` as a member of the
 * frame.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static const struct timeval TENTH_OF_A_SECOND = {.tv_usec = 100 * 1000};

/* coroutine macros: explained in 3.3.1 */
/* A coroutine is a void function that works on a frame: a struct, zero at first, that has a member
 * `int resume_at`. Each call resumes it behind the CO_SUSPEND by which it was left last. What must
 * outlive a suspension belongs in the frame. One CO_SUSPEND a line, and none inside a switch. */
#define CO_BEGIN(frame)                                                                            \
    switch ((frame)->resume_at) {                                                                  \
    case 0:
#define CO_SUSPEND(frame)                                                                          \
    do {                                                                                           \
        (frame)->resume_at = __LINE__;                                                             \
        return;                                                                                    \
    case __LINE__:;                                                                                \
    } while (0)
#define CO_END(frame)                                                                              \
    (frame)->resume_at = -1;                                                                       \
    }
#define CO_FINISHED(frame) ((frame)->resume_at < 0)
/* end of coroutine macros */
struct adder {
    int resume_at;       /* where the next call goes on; for the macros */
    int n;               /* the number that is added: it survives, being in the frame */
    struct event *pause; /* resumes the coroutine; owned */
    bool failed;         /* the pause could not be armed */
};

static void on_adder_resumed(evutil_socket_t fd, short what, void *arg)
{
    struct adder *adder = arg;
    int total = 0; /* WRONG: it is needed after a suspension */

    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    CO_BEGIN(adder);
    for (adder->n = 1; adder->n <= 3; adder->n++) {
        total += adder->n;
        printf("total %d\n", total);
        adder->failed = event_add(adder->pause, &TENTH_OF_A_SECOND) != 0;
        CO_SUSPEND(adder);
    }
    CO_END(adder);
}

int main(void)
{
    struct adder adder = {.resume_at = 0};
    int status = EXIT_FAILURE;
    struct event_base *base = event_base_new();

    if (base != NULL)
        adder.pause = evtimer_new(base, on_adder_resumed, &adder);
    if (adder.pause == NULL) {
        fprintf(stderr, "bad_lost_local: set-up: out of memory\n");
        goto cleanup;
    }
    event_active(adder.pause, EV_TIMEOUT, 0);
    if (event_base_dispatch(base) != 1 || adder.failed) {
        fprintf(stderr, "bad_lost_local: event loop: it ended before its work did\n");
        goto cleanup;
    }
    /* stdout remembers a write that failed: one look here serves every line above. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "bad_lost_local: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    if (adder.pause != NULL)
        event_free(adder.pause);
    if (base != NULL)
        event_base_free(base);
    return status;
}
