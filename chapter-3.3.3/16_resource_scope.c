/* 16_resource_scope.c: two resources, opened in turn, and closed in reverse, whatever happens
 *
 * asyncio twin:
 *     async def main():
 *         async with connect() as server:             # __aenter__: 100 ms, __aexit__: 100 ms
 *             async with open_file(server) as file:   # 50 ms, 50 ms
 *                 await file.write(text)
 * Run: ./16_resource_scope [denied]
 * Ends when the outer scope has been left: no event is pending then.
 * Notice: the file is closed before the connection that it needs. With `denied`, the file is not
 * opened, so that it is neither written nor closed; but the connection is closed all the same.
 * The server is a timer here. In a real program, each step is a request to it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_MS = 100, OPEN_MS = 50, WRITE_MS = 200, CLOSE_MS = 50, DISCONNECT_MS = 100 };

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

/* ---- the server, and what can be asked of it ---- */

struct program {
    struct event_base *base; /* owned */
    struct event *reply;     /* calls on_reply(), when the server has done what is asked; owned */
    const char *line;        /* to be printed then */
    int err;                 /* to be told then, */
    done_cb cb;              /* to this one */
    void *arg;               /* for it; borrowed */
    bool denied;             /* the server refuses the file */
    struct scope connection; /* the outer one */
    struct scope file;       /* the inner one: the body of the outer one runs it */
    bool left;               /* both are left */
};

static void on_reply(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    puts(program->line);
    program->cb(program->err, program->arg); /* which asks the next thing, most of the time */
}

/* One thing at a time. */
static int server_ask(struct program *program, int ms, const char *line, int err, done_cb cb,
                      void *arg)
{
    const struct timeval delay = {.tv_usec = ms * 1000};

    program->line = line;
    program->err = err;
    program->cb = cb;
    program->arg = arg;
    return event_add(program->reply, &delay) == 0 ? 0 : -ENOMEM;
}

static int connect_server(void *obj, done_cb cb, void *arg)
{
    return server_ask(obj, CONNECT_MS, "server: connected", 0, cb, arg);
}

static int open_file(void *obj, done_cb cb, void *arg)
{
    struct program *program = obj;

    if (program->denied)
        return server_ask(program, OPEN_MS, "file: denied", -EACCES, cb, arg);
    return server_ask(program, OPEN_MS, "file: open", 0, cb, arg);
}

static int write_file(void *obj, done_cb cb, void *arg)
{
    return server_ask(obj, WRITE_MS, "file: written", 0, cb, arg);
}

static int close_file(void *obj, int err, done_cb cb, void *arg)
{
    (void)err; /* the file is closed in any case */
    return server_ask(obj, CLOSE_MS, "file: closed", 0, cb, arg);
}

static int disconnect_server(void *obj, int err, done_cb cb, void *arg)
{
    (void)err;
    return server_ask(obj, DISCONNECT_MS, "server: disconnected", 0, cb, arg);
}

/* ---- the program ---- */

/* The body of the outer scope is the inner one. */
static int use_connection(void *obj, done_cb cb, void *arg)
{
    struct program *program = obj;

    return scope_run(&program->file, cb, arg);
}

static void on_left(int err, void *arg)
{
    struct program *program = arg;

    printf("main: %s\n", err == 0 ? "done" : strerror(-err));
    program->left = true;
}

static int program_open(struct program *program)
{
    program->connection = (struct scope){
        .enter = connect_server, .body = use_connection, .exit = disconnect_server, .obj = program};
    program->file =
        (struct scope){.enter = open_file, .body = write_file, .exit = close_file, .obj = program};
    program->base = event_base_new();
    if (program->base == NULL)
        return -1;
    program->reply = evtimer_new(program->base, on_reply, program);
    return program->reply != NULL ? 0 : -1;
}

static void program_close(struct program *program)
{
    if (program->reply != NULL)
        event_free(program->reply);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(int argc, char **argv)
{
    struct program program = {.denied = argc == 2 && strcmp(argv[1], "denied") == 0};
    int status = EXIT_FAILURE;

    if (argc > 2 || (argc == 2 && !program.denied)) {
        fprintf(stderr, "usage: 16_resource_scope [denied]\n");
        return EXIT_FAILURE;
    }
    if (program_open(&program) != 0 || scope_run(&program.connection, on_left, &program) != 0) {
        fprintf(stderr, "16_resource_scope: set-up: out of memory\n");
        goto cleanup;
    }
    if (event_base_dispatch(program.base) != 1 || !program.left) {
        fprintf(stderr, "16_resource_scope: event loop: it ended before its work did\n");
        goto cleanup;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "16_resource_scope: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    return status;
}
