/* 01_async_await.c: one job written three ways: callbacks, a state machine, a coroutine
 *
 * asyncio twin (of all three; each prints its tag in front):
 *     print("start");     await asyncio.sleep(0.100)    # connect
 *     print("connected"); await asyncio.sleep(0.200)    # ask
 *     print("reply");     await asyncio.sleep(0.050)    # close
 *     print("closed")
 * Run: ./01_async_await
 * Ends when the three jobs, which run side by side, are closed: no timer is left then.
 * Notice: the traces are equal. The ways differ in where they keep "what comes next": in the
 * timer's callback, in an enum, or in `resume_at`, which is how a compiler carries out `await`.
 * A real program would wait for a socket, and each of its waits could fail.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { CONNECT_MS = 100, ASK_MS = 200, CLOSE_MS = 50, JOBS = 3 };

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
enum state { STARTING, CONNECTING, ASKING, CLOSING };

struct job {
    const char *style;       /* the tag of its lines; borrowed */
    enum state state;        /* the state machine keeps here what it waits for */
    int resume_at;           /* the coroutine keeps here the line to go on from */
    struct event_base *base; /* borrowed */
    struct event *timer;     /* wakes the job; owned */
    bool failed;             /* a timer could not be armed: the job has stopped for good */
};

static void say(const struct job *job, const char *what)
{
    printf("%-13s  %s\n", job->style, what);
}

/* Has `on_time` called with this job when `ms` have passed, and returns at once. */
static void job_wait(struct job *job, int ms, event_callback_fn on_time)
{
    const struct timeval delay = {.tv_usec = ms * 1000};
    /* Plain timers that end together fire in any order. A common timeout is a queue. */
    const struct timeval *queue = event_base_init_common_timeout(job->base, &delay);

    job->failed = queue == NULL || evtimer_assign(job->timer, job->base, on_time, job) != 0 ||
                  event_add(job->timer, queue) != 0;
}

/* First way: a callback for each step. They stand last step first, because each names the next. */
static void on_closed(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    say(arg, "closed");
}

static void on_reply(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    say(arg, "reply");
    job_wait(arg, CLOSE_MS, on_closed);
}

static void on_connected(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    say(arg, "connected");
    job_wait(arg, ASK_MS, on_reply);
}

static void on_start(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    say(arg, "start");
    job_wait(arg, CONNECT_MS, on_connected);
}

/* Second way: one callback that looks up what it has been waiting for. */
static void on_machine_woken(evutil_socket_t fd, short what, void *arg)
{
    struct job *job = arg;

    (void)fd;
    (void)what;
    switch (job->state) {
    case STARTING:
        say(job, "start");
        job->state = CONNECTING;
        job_wait(job, CONNECT_MS, on_machine_woken);
        break;
    case CONNECTING:
        say(job, "connected");
        job->state = ASKING;
        job_wait(job, ASK_MS, on_machine_woken);
        break;
    case ASKING:
        say(job, "reply");
        job->state = CLOSING;
        job_wait(job, CLOSE_MS, on_machine_woken);
        break;
    case CLOSING:
        say(job, "closed");
        break;
    }
}

/* Third way: the same machine, but the macros keep the state. It reads like the asyncio twin. */
static void on_coroutine_woken(evutil_socket_t fd, short what, void *arg)
{
    struct job *job = arg;

    (void)fd;
    (void)what;
    CO_BEGIN(job);
    say(job, "start");
    job_wait(job, CONNECT_MS, on_coroutine_woken);
    CO_SUSPEND(job);
    say(job, "connected");
    job_wait(job, ASK_MS, on_coroutine_woken);
    CO_SUSPEND(job);
    say(job, "reply");
    job_wait(job, CLOSE_MS, on_coroutine_woken);
    CO_SUSPEND(job);
    say(job, "closed");
    CO_END(job);
}

/* Has the loop call `first` with the job. Nothing is printed before the loop runs. */
static int job_start(struct job *job, struct event_base *base, event_callback_fn first)
{
    job->base = base;
    job->timer = evtimer_new(base, first, job);
    if (job->timer == NULL)
        return -1;
    event_active(job->timer, EV_TIMEOUT, 0);
    return 0;
}

static void jobs_close(struct job jobs[JOBS])
{
    for (int k = 0; k < JOBS; k++) {
        if (jobs[k].timer != NULL)
            event_free(jobs[k].timer);
    }
}

int main(void)
{
    struct job jobs[JOBS] = {
        {.style = "callbacks"}, {.style = "state machine"}, {.style = "coroutine"}};
    int status = EXIT_FAILURE;
    struct event_base *base = event_base_new();

    if (base == NULL || job_start(&jobs[0], base, on_start) != 0 ||
        job_start(&jobs[1], base, on_machine_woken) != 0 ||
        job_start(&jobs[2], base, on_coroutine_woken) != 0) {
        fprintf(stderr, "01_async_await: set-up: out of memory\n");
        goto cleanup;
    }
    if (event_base_dispatch(base) != 1 || jobs[0].failed || jobs[1].failed || jobs[2].failed) {
        fprintf(stderr, "01_async_await: event loop: it ended before its work did\n");
        goto cleanup;
    }
    /* stdout remembers a write that failed: one look here serves every line above. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "01_async_await: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    jobs_close(jobs);
    if (base != NULL)
        event_base_free(base);
    return status;
}
