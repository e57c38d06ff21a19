/* bad_forgotten_await.c: WRONG on purpose: a timer is armed, and the coroutine goes on at once
 *
 * asyncio twin, with the same mistake (Python at least warns: "coroutine was never awaited"):
 *     print("start");     asyncio.sleep(0.100)    # WRONG: no await
 *     print("connected"); await asyncio.sleep(0.200)
 *     print("reply")
 * Run: ./bad_forgotten_await
 * Ends when the reply is there.
 * Notice: "connected" belongs at 0.100. Arming a timer does not wait; only CO_SUSPEND, which
 * returns, does. The second event_add() then moves the timer that is still pending, so the reply
 * comes at 0.200 in place of 0.300.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { CONNECT_MS = 100, ASK_MS = 200 };

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

struct job {
    int resume_at;       /* where the next call goes on; for the macros */
    struct event *timer; /* resumes the coroutine; owned */
    bool failed;         /* the timer could not be armed */
};

static void job_wait(struct job *job, int ms)
{
    const struct timeval delay = {.tv_usec = ms * 1000};

    job->failed = job->failed || event_add(job->timer, &delay) != 0;
}

static void on_job_resumed(evutil_socket_t fd, short what, void *arg)
{
    struct job *job = arg;

    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    CO_BEGIN(job);
    puts("start");
    job_wait(job, CONNECT_MS); /* WRONG: no CO_SUSPEND follows */
    puts("connected");
    job_wait(job, ASK_MS);
    CO_SUSPEND(job);
    puts("reply");
    CO_END(job);
}

int main(void)
{
    struct job job = {.resume_at = 0};
    int status = EXIT_FAILURE;
    struct event_base *base = event_base_new();

    if (base != NULL)
        job.timer = evtimer_new(base, on_job_resumed, &job);
    if (job.timer == NULL) {
        fprintf(stderr, "bad_forgotten_await: set-up: out of memory\n");
        goto cleanup;
    }
    event_active(job.timer, EV_TIMEOUT, 0);
    if (event_base_dispatch(base) != 1 || job.failed) {
        fprintf(stderr, "bad_forgotten_await: event loop: it ended before its work did\n");
        goto cleanup;
    }
    /* stdout remembers a write that failed: one look here serves every line above. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "bad_forgotten_await: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    if (job.timer != NULL)
        event_free(job.timer);
    if (base != NULL)
        event_base_free(base);
    return status;
}
