/* 18_scope_cleanup.c: an exit that takes time, and is made once, whoever wants to go sooner
 *
 * asyncio twin:
 *     async def main():
 *         try: print("A: 0"); await asyncio.sleep(.5); print("A: 1"); await asyncio.sleep(.5)
 *         except asyncio.CancelledError: print("A cancelled"); raise
 *         finally: await asyncio.shield(clean())        # 100 ms, and again until it has ended
 *     task.cancel()                                     # and once more, in `twice`
 * Run: ./18_scope_cleanup [cancel|twice|late|timeout]
 * Ends when the scope has been left and the last deadline has passed: no event is pending then.
 * Notice: who has cancelled is told at 0.8, when it is clean, and not at 0.7. A second request finds
 * the exit under way, and changes nothing. `late` comes when the body has gone well: exit goes on,
 * and the caller is told of the request all the same.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 2, COUNT_MS = 500, CLEAN_MS = 100 };

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
    void (*cancel)(void *obj); /* cuts enter or body short: it tells -ECANCELED, later */
    void *obj;                 /* for the four; borrowed */
    done_cb on_left;           /* whom to tell in the end */
    void *arg;                 /* for it; borrowed */
    enum scope_step step;      /* what is under way */
    int err;                   /* the first error so far */
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

/* Asks the scope to end early; any number of times, until on_left is called. */
static void scope_cancel(struct scope *s)
{
    if (s->step != SCOPE_EXIT)
        s->cancel(s->obj);
    else if (s->err == 0)
        s->err = -ECANCELED; /* exit goes on as if nothing had been said; the caller is told */
}

/* ---- what can be awaited, and cancelled: that a time has passed ---- */

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
    (void)what; /* and it makes no difference who has made it active */
    pause->cb(pause->err, pause->arg);
}

static int pause_begin(struct pause *pause, int ms, done_cb cb, void *arg)
{
    const struct timeval delay = {.tv_usec = ms * 1000};

    pause->err = 0;
    pause->cb = cb;
    pause->arg = arg;
    return event_add(pause->over, &delay) == 0 ? 0 : -ENOMEM;
}

/* Once or several times: what is active already is not made so twice. */
static void pause_cancel(struct pause *pause)
{
    pause->err = -ECANCELED;
    event_active(pause->over, EV_TIMEOUT, 0); /* the callback deletes the timer */
}

/* ---- the three steps ---- */

struct program {
    struct event_base *base;   /* owned */
    struct pause pause;        /* the one thing that is under way; owned */
    struct event *requests[2]; /* call on_request(); owned */
    struct scope scope;
    int i;         /* counted so far */
    done_cb cb;    /* whom the body tells */
    void *arg;     /* for it; borrowed */
    bool deadline; /* the requests come from a deadline */
    bool left;     /* the scope is left */
};

static int enter(void *obj, done_cb cb, void *arg)
{
    struct program *program = obj;

    return pause_begin(&program->pause, 0, cb, arg);
}

static void on_counted(int err, void *arg)
{
    struct program *program = arg;

    if (err == 0 && ++program->i < COUNT) {
        printf("A: %d\n", program->i);
        err = pause_begin(&program->pause, COUNT_MS, on_counted, program);
        if (err == 0)
            return;
    }
    puts(err == -ECANCELED ? "A cancelled" : "A done");
    program->cb(err, program->arg);
}

/* Its cancellation comes through the pause that it waits for. */
static int count_up(void *obj, done_cb cb, void *arg)
{
    struct program *program = obj;

    program->cb = cb;
    program->arg = arg;
    printf("A: %d\n", program->i);
    return pause_begin(&program->pause, COUNT_MS, on_counted, program);
}

static void cancel(void *obj)
{
    struct program *program = obj;

    pause_cancel(&program->pause);
}

static void on_clean(int err, void *arg)
{
    struct program *program = arg;

    puts("A cleaned");
    program->cb(err, program->arg);
}

static int clean(void *obj, int err, done_cb cb, void *arg)
{
    struct program *program = obj;

    (void)err; /* it is cleaned in any case */
    program->cb = cb;
    program->arg = arg;
    return pause_begin(&program->pause, CLEAN_MS, on_clean, program);
}

/* ---- the program ---- */

static void on_request(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;
    (void)what;
    if (program->left)
        return; /* too late: nothing is under way that could be cancelled */
    puts(program->deadline ? "deadline" : "main: cancel");
    scope_cancel(&program->scope);
}

static void on_left(int err, void *arg)
{
    struct program *program = arg;

    if (err == -ECANCELED && program->deadline)
        err = -ETIMEDOUT; /* a timeout is a cancellation that tells its reason */
    printf("main: %s\n", err == 0 ? "done" : strerror(-err));
    program->left = true;
}

/* When main asks, in ms; 0: not at all. */
static const struct plan {
    const char *name;
    int request_ms[2];
    bool deadline;
} PLANS[] = {
    {"well", {0, 0}, false},    {"cancel", {700, 0}, false}, {"twice", {700, 750}, false},
    {"late", {1050, 0}, false}, {"timeout", {700, 0}, true},
};
enum { PLAN_COUNT = sizeof(PLANS) / sizeof(PLANS[0]) };

static int program_open(struct program *program, const struct plan *plan)
{
    program->deadline = plan->deadline;
    program->scope = (struct scope){
        .enter = enter, .body = count_up, .exit = clean, .cancel = cancel, .obj = program};
    program->base = event_base_new();
    if (program->base == NULL)
        return -1;
    program->pause.over = evtimer_new(program->base, on_pause_over, &program->pause);
    if (program->pause.over == NULL)
        return -1;
    for (int k = 0; k < 2; k++) {
        const int ms = plan->request_ms[k];
        const struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

        program->requests[k] = evtimer_new(program->base, on_request, program);
        if (program->requests[k] == NULL ||
            (ms > 0 && event_add(program->requests[k], &delay) != 0))
            return -1;
    }
    return scope_run(&program->scope, on_left, program);
}

static void program_close(struct program *program)
{
    for (int k = 0; k < 2; k++)
        if (program->requests[k] != NULL)
            event_free(program->requests[k]);
    if (program->pause.over != NULL)
        event_free(program->pause.over);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(int argc, char **argv)
{
    struct program program = {.i = 0};
    const struct plan *plan = argc == 1 ? &PLANS[0] : NULL;
    int status = EXIT_FAILURE;

    for (int k = 0; k < PLAN_COUNT && argc == 2; k++)
        if (strcmp(argv[1], PLANS[k].name) == 0)
            plan = &PLANS[k];
    if (plan == NULL) {
        fprintf(stderr, "usage: 18_scope_cleanup [cancel|twice|late|timeout]\n");
        return EXIT_FAILURE;
    }
    if (program_open(&program, plan) != 0) {
        fprintf(stderr, "18_scope_cleanup: set-up: out of memory\n");
        goto cleanup;
    }
    if (event_base_dispatch(program.base) != 1 || !program.left) {
        fprintf(stderr, "18_scope_cleanup: event loop: it ended before its work did\n");
        goto cleanup;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "18_scope_cleanup: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    return status;
}
