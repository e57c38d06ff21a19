/* timer.c: how long did that take? A scope tells, also when what it measures has failed
 *
 * asyncio twin:
 *     @asynccontextmanager
 *     async def timer():
 *         start = time.time()
 *         try: yield
 *         finally: print(f"Elapsed time: {time.time() - start:.2f} seconds")
 *     async def main():
 *         try:
 *             async with timer(): await load()     # 1.5 s
 *         except OSError: print("propagated")
 * Run: ./timer [fail]
 * Ends when main has ended: no event is pending then.
 * Notice: `fail` prints the same time, and then the error comes out at the other side. Enter and
 * exit do not wait for anything, and yet their callbacks come from the loop: the contract wants it.
 * main is a coroutine; it awaits the scope as it would await any asynchronous function.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct timeval AT_ONCE = {.tv_sec = 0};
static const struct timeval LOAD = {.tv_sec = 1, .tv_usec = 500 * 1000};

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

/* Tells whoever waits how it has ended: 0, or a negative errno. What is begun by a function
 * (..., done_cb cb, void *arg) either fails at once, and the function returns why; or the function
 * returns 0, and the loop calls cb(err, arg) once, later. */
typedef void (*done_cb)(int err, void *arg);

enum scope_step { SCOPE_ENTER, SCOPE_BODY, SCOPE_EXIT };
enum { SCOPE_SUPPRESS = 1 }; /* exit says: the body's error is dealt with */

/* One run of: enter, body, exit. Whoever runs it owns it, until on_left is called. */
struct scope {
    int (*enter)(void *obj, done_cb cb, void *arg);
    int (*body)(void *obj, done_cb cb, void *arg);
    int (*exit)(void *obj, int err, done_cb cb, void *arg); /* err: how the body has ended */
    void *obj;                                              /* for the three; borrowed */
    done_cb on_left;                                        /* whom to tell in the end */
    void *arg;                                              /* for it; borrowed */
    enum scope_step step;                                   /* what is under way */
    int err;                                                /* the first error so far */
};

/* scope: explained in 3.3.3 */
/* A step has ended. It only goes forward, so that no step is begun twice. */
static void on_step_done(int err, void *arg)
{
    struct scope *s = arg;

    if (s->step == SCOPE_ENTER && err == 0) {
        s->step = SCOPE_BODY;
        err = s->body(s->obj, on_step_done, s);
        if (err == 0)
            return;
    }
    if (s->step == SCOPE_BODY) { /* was entered: exit it, however the body has ended */
        s->step = SCOPE_EXIT;
        s->err = err;
        err = s->exit(s->obj, s->err, on_step_done, s);
        if (err == 0)
            return;
    }
    if (err == SCOPE_SUPPRESS)
        s->err = 0;
    else if (s->err == 0)
        s->err = err;           /* the first error wins */
    s->on_left(s->err, s->arg); /* the last use of s: perhaps it is freed now */
}
/* end of scope */

static int scope_run(struct scope *s, done_cb on_left, void *arg)
{
    s->on_left = on_left;
    s->arg = arg;
    s->step = SCOPE_ENTER;
    s->err = 0;
    return s->enter(s->obj, on_step_done, s);
}

/* ---- what can be awaited: that a time has passed ---- */

struct pause {
    struct event *over; /* calls on_pause_over(); owned */
    int err;            /* to be told then, */
    done_cb cb;         /* to this one */
    void *arg;          /* for it; borrowed */
};

static void on_pause_over(evutil_socket_t fd, short what, void *arg)
{
    struct pause *pause = arg;

    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    pause->cb(pause->err, pause->arg);
}

static int pause_begin(struct pause *pause, const struct timeval *delay, int err, done_cb cb,
                       void *arg)
{
    pause->err = err;
    pause->cb = cb;
    pause->arg = arg;
    return event_add(pause->over, delay) == 0 ? 0 : -ENOMEM;
}

/* ---- timer(), and its body ---- */

struct program {
    int resume_at;           /* main is a coroutine: for the macros */
    struct event *step;      /* calls on_main_resumed(); owned */
    struct event_base *base; /* owned */
    struct pause pause;      /* the one thing that is under way; owned */
    struct timeval start;    /* when the timer was entered */
    struct scope timer;
    bool fails; /* the body does */
    int err;    /* what came of the scope */
};

/* start = time.time() */
static int timer_enter(void *obj, done_cb cb, void *arg)
{
    struct program *program = obj;

    (void)event_gettime_monotonic(program->base, &program->start); /* cannot fail on Linux */
    return pause_begin(&program->pause, &AT_ONCE, 0, cb, arg);
}

static int load(void *obj, done_cb cb, void *arg)
{
    struct program *program = obj;

    return pause_begin(&program->pause, &LOAD, program->fails ? -EIO : 0, cb, arg);
}

static int timer_exit(void *obj, int err, done_cb cb, void *arg)
{
    struct program *program = obj;
    struct timeval now, elapsed;

    (void)err; /* it tells the time in any case */
    (void)event_gettime_monotonic(program->base, &now);
    evutil_timersub(&now, &program->start, &elapsed);
    printf("Elapsed time: %.2f seconds\n",
           (double)elapsed.tv_sec + (double)elapsed.tv_usec / (1000 * 1000));
    return pause_begin(&program->pause, &AT_ONCE, 0, cb, arg);
}

/* ---- the program ---- */

/* Wakes main: by the loop, not from in here, where the scope is still at work. */
static void on_left(int err, void *arg)
{
    struct program *program = arg;

    program->err = err;
    event_active(program->step, EV_TIMEOUT, 0);
}

static void on_main_resumed(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;
    (void)what;
    CO_BEGIN(program);
    /* err = await scope. If it could not be begun, nobody will wake main. */
    program->err = scope_run(&program->timer, on_left, program);
    if (program->err == 0)
        CO_SUSPEND(program);
    if (program->err == 0)
        puts("loaded");
    else
        printf("propagated: %s\n", strerror(-program->err));
    CO_END(program);
}

static int program_open(struct program *program)
{
    program->timer =
        (struct scope){.enter = timer_enter, .body = load, .exit = timer_exit, .obj = program};
    program->base = event_base_new();
    if (program->base == NULL)
        return -1;
    program->pause.over = evtimer_new(program->base, on_pause_over, &program->pause);
    program->step = event_new(program->base, -1, 0, on_main_resumed, program);
    if (program->pause.over == NULL || program->step == NULL)
        return -1;
    event_active(program->step, EV_TIMEOUT, 0);
    return 0;
}

static void program_close(struct program *program)
{
    if (program->step != NULL)
        event_free(program->step);
    if (program->pause.over != NULL)
        event_free(program->pause.over);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(int argc, char **argv)
{
    struct program program = {.fails = argc == 2 && strcmp(argv[1], "fail") == 0};
    int status = EXIT_FAILURE;

    if (argc > 2 || (argc == 2 && !program.fails)) {
        fprintf(stderr, "usage: timer [fail]\n");
        return EXIT_FAILURE;
    }
    if (program_open(&program) != 0) {
        fprintf(stderr, "timer: set-up: out of memory\n");
        goto cleanup;
    }
    if (event_base_dispatch(program.base) != 1 || !CO_FINISHED(&program)) {
        fprintf(stderr, "timer: event loop: it ended before its work did\n");
        goto cleanup;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "timer: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    return status;
}
