/* 06_task_scheduling.c: who is called when: what was spawned, what yields, what waits for a time
 *
 * asyncio twin:
 *     async def count(name): print(f"{name}: 0"); await asyncio.sleep(0); print(name, "done")
 *     async def main():
 *         loop.call_later(0, print, "later0")
 *         loop.call_later(0.02, print, "later20"); loop.call_later(0.01, print, "later10")
 *         loop.call_soon(print, "soon1"); loop.call_soon(print, "soon2")
 *         asyncio.create_task(count("T"))
 *         print("main"); await asyncio.sleep(0); print("after sleep0")
 * Run: ./06_task_scheduling
 * Ends when the last timer has fired: no event is left then.
 * Notice: `main` spawns before it prints, yet its own line comes first. What is spawned is called
 * in the order of spawning, what waits for a time in the order of the deadlines, and a yield costs
 * one turn of the loop. A real program would make its tasks on demand, in a list.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static const struct timeval NO_TIME = {.tv_usec = 0};
static const struct timeval TEN_MS = {.tv_usec = 10 * 1000};
static const struct timeval TWENTY_MS = {.tv_usec = 20 * 1000};

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
struct program;

/* The frame of a coroutine. */
struct task {
    int resume_at;           /* where the next call goes on; for the macros */
    struct event *step;      /* calls it; owned */
    struct program *program; /* borrowed */
};

/* The events that print a line and no more. */
enum line { SOON1, SOON2, LATER0, LATER10, LATER20, LINES };

struct program {
    struct event_base *base;         /* owned */
    const struct timeval *next_turn; /* a common timeout of 0, so a queue; the base owns it */
    struct event *lines[LINES];      /* owned */
    struct task main, count;
    bool failed; /* a timer could not be armed */
};

/* Behind all that is active already, but still in this turn of the loop. To spawn a task, as
 * create_task() does, is to call its first piece soon. */
static void call_soon(struct event *event)
{
    event_active(event, EV_TIMEOUT, 0);
}

/* When `delay` has passed, on the next turn at the earliest. */
static void call_later(struct program *program, enum line line, const struct timeval *delay)
{
    if (event_add(program->lines[line], delay) != 0)
        program->failed = true;
}

/* With a CO_SUSPEND after it this is sleep(0): the task goes on in the next turn, behind those that
 * have come to this queue before it. */
static void task_yield(struct task *task)
{
    if (event_add(task->step, task->program->next_turn) != 0)
        task->program->failed = true;
}

static void on_main_resumed(evutil_socket_t fd, short what, void *arg)
{
    struct task *task = arg;
    struct program *program = task->program;

    (void)fd;   /* no event here has a descriptor, */
    (void)what; /* and only one thing can happen to it */
    CO_BEGIN(task);
    call_later(program, LATER20, &TWENTY_MS);
    call_later(program, LATER10, &TEN_MS);
    call_soon(program->lines[SOON1]);
    call_soon(program->lines[SOON2]);
    call_soon(program->count.step);
    puts("main");
    /* asyncio puts a timer that is due behind the tasks that are ready. A common timeout is served
     * in the order of arming, so that main has to stand in it before later0. */
    task_yield(task);
    call_later(program, LATER0, program->next_turn);
    CO_SUSPEND(task);
    puts("after sleep0");
    CO_END(task);
}

static void on_line(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    puts(arg);
}

static void on_count_resumed(evutil_socket_t fd, short what, void *arg)
{
    struct task *task = arg;

    (void)fd;
    (void)what;
    CO_BEGIN(task);
    puts("T: 0");
    task_yield(task);
    CO_SUSPEND(task);
    puts("T done");
    CO_END(task);
}

static int task_open(struct task *task, struct program *program, event_callback_fn resume)
{
    task->program = program;
    task->step = evtimer_new(program->base, resume, task);
    return task->step != NULL ? 0 : -1;
}

static int program_open(struct program *program)
{
    static char *const TEXTS[LINES] = {"soon1", "soon2", "later0", "later10", "later20"};

    program->base = event_base_new();
    if (program->base == NULL)
        return -1;
    /* region: common_timeout */
    /* A timer stands in this queue if event_add() gets this very pointer. With a 0 in another
     * struct timeval it would be an ordinary timer, in the heap. */
    program->next_turn = event_base_init_common_timeout(program->base, &NO_TIME);
    /* end region */
    if (program->next_turn == NULL || task_open(&program->main, program, on_main_resumed) != 0 ||
        task_open(&program->count, program, on_count_resumed) != 0)
        return -1;
    for (int k = 0; k < LINES; k++) {
        program->lines[k] = evtimer_new(program->base, on_line, TEXTS[k]);
        if (program->lines[k] == NULL)
            return -1;
    }
    return 0;
}

static void program_close(struct program *program)
{
    for (int k = 0; k < LINES; k++) {
        if (program->lines[k] != NULL)
            event_free(program->lines[k]);
    }
    if (program->count.step != NULL)
        event_free(program->count.step);
    if (program->main.step != NULL)
        event_free(program->main.step);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(void)
{
    struct program program = {.failed = false};
    int status = EXIT_FAILURE;

    if (program_open(&program) != 0) {
        fprintf(stderr, "06_task_scheduling: set-up: out of memory\n");
        goto cleanup;
    }
    call_soon(program.main.step);
    if (event_base_dispatch(program.base) != 1 || program.failed) {
        fprintf(stderr, "06_task_scheduling: event loop: it ended before its work did\n");
        goto cleanup;
    }
    /* stdout remembers a write that failed: one look here serves every line above. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "06_task_scheduling: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    return status;
}
