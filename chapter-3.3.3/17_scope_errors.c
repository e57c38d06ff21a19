/* 17_scope_errors.c: a transaction: its exit is told how the body has ended
 *
 * asyncio twin:
 *     class Transaction:
 *         async def __aenter__(self): await begin()
 *         async def __aexit__(self, kind, error, traceback):
 *             await (commit() if error is None else rollback())
 *             return isinstance(error, FileExistsError)     # True: it is dealt with
 *     async with Transaction(): await pay()
 * Run: ./17_scope_errors [lost|both|full|again]
 * Ends when the scope has been left: no event is pending then.
 * Notice: in `both` the body fails, and then its exit, too: the caller is told of the first. In
 * `full` the body goes well, and its exit fails: then that is the error. In `again` the payment was
 * made before; exit takes it back, and says that all is well.
 * The database is a timer here. A real program would write the second error into a log.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BEGIN_MS = 50, PAY_MS = 100, END_MS = 50 };

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

/* ---- the database, and what can be asked of it ---- */

/* What goes wrong in a run. */
struct fate {
    const char *name;
    int pay;      /* how the body ends */
    int commit;   /* how a commit ends */
    int rollback; /* how a rollback ends */
};

static const struct fate FATES[] = {
    {.name = "well"},
    {.name = "lost", .pay = -ECONNRESET},
    {.name = "both", .pay = -ECONNRESET, .rollback = -EIO},
    {.name = "full", .commit = -ENOSPC},
    {.name = "again", .pay = -EEXIST},
};
enum { FATE_COUNT = sizeof(FATES) / sizeof(FATES[0]) };

struct program {
    struct event_base *base;  /* owned */
    struct event *reply;      /* calls on_reply(), when what was asked is done; owned */
    const char *who;          /* prints then, */
    const char *done;         /* this, or the error */
    int err;                  /* to be told then, */
    done_cb cb;               /* to this one */
    void *arg;                /* for it; borrowed */
    const struct fate *fate;  /* of this run */
    struct scope transaction; /* the one scope */
    bool left;                /* it is left */
};

static void on_reply(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    printf("%s: %s\n", program->who, program->err < 0 ? strerror(-program->err) : program->done);
    program->cb(program->err, program->arg); /* which asks the next thing, most of the time */
}

/* One thing at a time. */
static int database_ask(struct program *program, int ms, const char *who, const char *done, int err,
                        done_cb cb, void *arg)
{
    const struct timeval delay = {.tv_usec = ms * 1000};

    program->who = who;
    program->done = done;
    program->err = err;
    program->cb = cb;
    program->arg = arg;
    return event_add(program->reply, &delay) == 0 ? 0 : -ENOMEM;
}

static int begin_transaction(void *obj, done_cb cb, void *arg)
{
    return database_ask(obj, BEGIN_MS, "transaction", "begun", 0, cb, arg);
}

static int pay(void *obj, done_cb cb, void *arg)
{
    struct program *program = obj;

    return database_ask(program, PAY_MS, "payment", "made", program->fate->pay, cb, arg);
}

/* Commits, or rolls back: that depends on the body's error. */
static int end_transaction(void *obj, int err, done_cb cb, void *arg)
{
    struct program *program = obj;

    if (err == 0)
        return database_ask(program, END_MS, "transaction", "committed", program->fate->commit, cb,
                            arg);
    if (err == -EEXIST) /* somebody has paid before: the caller has what it wanted */
        return database_ask(program, END_MS, "transaction", "rolled back", SCOPE_SUPPRESS, cb, arg);
    return database_ask(program, END_MS, "transaction", "rolled back", program->fate->rollback, cb,
                        arg);
}

/* ---- the program ---- */

static void on_left(int err, void *arg)
{
    struct program *program = arg;

    printf("caller: %s\n", err == 0 ? "paid" : strerror(-err));
    program->left = true;
}

static int program_open(struct program *program)
{
    program->transaction = (struct scope){
        .enter = begin_transaction, .body = pay, .exit = end_transaction, .obj = program};
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
    struct program program = {.fate = argc == 1 ? &FATES[0] : NULL};
    int status = EXIT_FAILURE;

    for (int k = 0; k < FATE_COUNT && argc == 2; k++)
        if (strcmp(argv[1], FATES[k].name) == 0)
            program.fate = &FATES[k];
    if (program.fate == NULL) {
        fprintf(stderr, "usage: 17_scope_errors [lost|both|full|again]\n");
        return EXIT_FAILURE;
    }
    if (program_open(&program) != 0 || scope_run(&program.transaction, on_left, &program) != 0) {
        fprintf(stderr, "17_scope_errors: set-up: out of memory\n");
        goto cleanup;
    }
    if (event_base_dispatch(program.base) != 1 || !program.left) {
        fprintf(stderr, "17_scope_errors: event loop: it ended before its work did\n");
        goto cleanup;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "17_scope_errors: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    return status;
}
