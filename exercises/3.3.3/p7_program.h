/* p7_program.h: a program that is written with p7_context_manager.h. Given.
 *
 *     p7_context_manager [well|lost|full|slow|cancel]
 *
 * Exports the rows of a table: in a transaction, on a connection, into a file of its own, within
 * 600 ms. Whatever happens, in the end the file is gone, the transaction committed or rolled back,
 * the connection closed:
 *
 *     async with AsyncExitStack() as stack:
 *         await stack.enter_async_context(timer())
 *         await stack.enter_async_context(asyncio.timeout(0.6))
 *         db = await stack.enter_async_context(connection())
 *         await stack.enter_async_context(transaction(db))
 *         file = await stack.enter_async_context(tempfile())
 *         await copy_rows(db, file)
 *
 * lost: the connection is lost while rows are copied. full: the disk is full when it commits. slow:
 * a row takes long. cancel: somebody cancels it, as Ctrl-C does; a second Ctrl-C ends the program
 * at once, as with asyncio.run(). Exit status 0 if it has ended as it should.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P7_PROGRAM_H
#define P7_PROGRAM_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "p7_context_manager.h"
#include "p7_coroutine.h"

enum { CONNECT_MS = 100, CLOSE_MS = 50, BEGIN_MS = 50, ROW_MS = 100, EXPORT_MS = 600, ROWS = 3 };

/* What is to go wrong. */
static const struct fate {
    const char *name;
    int lost_at;   /* this row is not read; 0: all are */
    int commit;    /* how it ends */
    int row_ms;    /* so long takes one */
    int cancel_ms; /* somebody cancels it then; 0: nobody does */
    int err;       /* what must come of it */
} FATES[] = {
    {"well", 0, 0, ROW_MS, 0, 0},
    {"lost", 2, 0, ROW_MS, 0, -ECONNRESET},
    {"full", 0, -ENOSPC, ROW_MS, 0, -ENOSPC},
    {"slow", 0, 0, 5 * ROW_MS, 0, -ETIMEDOUT},
    {"cancel", 0, 0, ROW_MS, 300, -ECANCELED},
};
enum { FATE_COUNT = sizeof(FATES) / sizeof(FATES[0]) };

/* ---- that a time has passed ---- */

struct wait {
    struct event *over; /* calls on_wait_over(); owned */
    const char *line;   /* to be printed then; NULL: nothing */
    int err;            /* to be told then, */
    done_cb cb;         /* to this one */
    void *arg;          /* for it; borrowed */
};

static inline void on_wait_over(evutil_socket_t fd, short what, void *arg)
{
    struct wait *wait = arg;

    (void)fd;
    (void)what;
    if (wait->line != NULL)
        puts(wait->line);
    wait->cb(wait->err, wait->arg);
}

static inline int wait_begin(struct wait *wait, int ms, const char *line, done_cb cb, void *arg)
{
    const struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    wait->line = line;
    wait->err = 0;
    wait->cb = cb;
    wait->arg = arg;
    return event_add(wait->over, &delay) == 0 ? 0 : -ENOMEM;
}

static inline void wait_cancel(struct wait *wait)
{
    wait->line = NULL;
    wait->err = -ECANCELED;
    event_active(wait->over, EV_TIMEOUT, 0);
}

/* ---- a connection: a manager that is a coroutine ---- */

struct connection {
    struct co_manager co; /* first: the frame of its task */
};

static inline void connection_run(struct task *t)
{
    struct connection *db = t->frame;

    TASK_BEGIN(t);
    TASK_SLEEP(t, CONNECT_MS);
    if (t->wake != 0)
        TASK_RETURN(t, t->wake);
    puts("connection: open");
    MANAGER_YIELD(t, db);
    TASK_SLEEP(t, CLOSE_MS);
    puts("connection: closed");
    TASK_RETURN(t, 0);
    TASK_END(t);
}

/* ---- a transaction: a manager that is three functions ---- */

struct transaction {
    struct wait wait;
    int commit; /* how a commit ends */
    enter_cb begun;
    void *arg; /* for it; borrowed */
};

static inline void on_transaction_begun(int err, void *arg)
{
    struct transaction *transaction = arg;

    transaction->begun(err, err == 0 ? transaction : NULL, transaction->arg);
}

static inline int transaction_begin(void *obj, struct scope *in, enter_cb cb, void *arg)
{
    struct transaction *transaction = obj;

    (void)in;
    transaction->begun = cb;
    transaction->arg = arg;
    return wait_begin(&transaction->wait, BEGIN_MS, "transaction: begun", on_transaction_begun,
                      transaction);
}

static inline int transaction_end(void *obj, int err, done_cb cb, void *arg)
{
    struct transaction *transaction = obj;
    const char *line = "transaction: rolled back";

    if (err == 0)
        line = transaction->commit == 0 ? "transaction: committed" : "transaction: cannot commit";
    const int failed = wait_begin(&transaction->wait, BEGIN_MS, line, cb, arg);
    if (err == 0)
        transaction->wait.err = transaction->commit;
    return failed;
}

static inline void transaction_cancel(void *obj)
{
    struct transaction *transaction = obj;

    wait_cancel(&transaction->wait);
}

/* ---- the export: a scope whose manager is a stack ---- */

enum { MANAGERS = 5 };

struct export
{
    const struct fate *fate;
    struct event_base *base;
    struct sched *sched;
    struct exit_stack *stack;
    struct timer_scope *timer;
    struct timeout_scope *timeout;
    struct connection db;
    struct transaction transaction;
    struct tempfile_scope *file_scope;
    struct event *request;   /* calls on_request(), */
    struct event *interrupt; /* and so does this one, at the first Ctrl-C */
    struct manager managers[MANAGERS];
    bool begun;  /* the body was */
    int entered; /* so many of them are */

    struct scope *scope; /* NULL: it is left */
    struct tempfile *file;
    struct wait row;
    int rows;   /* copied so far */
    done_cb cb; /* whom the body tells */
    void *arg;  /* for it; borrowed */
    int err;    /* what has come of it */
};

static inline void on_row(int err, void *arg)
{
    struct export *e = arg;

    if (err == 0 && e->rows + 1 == e->fate->lost_at)
        err = -ECONNRESET;
    if (err == 0 && dprintf(e->file->fd, "row %d\n", ++e->rows) < 0)
        err = -errno;
    if (err == 0 && e->rows < ROWS)
        err = wait_begin(&e->row, e->fate->row_ms, NULL, on_row, e);
    else if (err == 0)
        printf("copy: %d rows\n", e->rows);
    else
        printf("copy: %s\n", strerror(-err));
    if (err != 0 || e->rows == ROWS)
        e->cb(err, e->arg);
}

/* Enters the next one; behind the last one, the rows are copied. */
static inline void on_manager_entered(int err, void *value, void *arg)
{
    struct export *e = arg;

    if (err == 0 && ++e->entered == MANAGERS) {
        puts("file: made");
        e->file = value;
        err = wait_begin(&e->row, e->fate->row_ms, NULL, on_row, e);
    } else if (err == 0) {
        err = exit_stack_enter(e->stack, &e->managers[e->entered], on_manager_entered, e);
    }
    if (err != 0)
        e->cb(err, e->arg);
}

static inline int export_begin(void *obj, void *stack, done_cb cb, void *arg)
{
    struct export *e = obj;

    e->begun = true;
    e->cb = cb;
    e->arg = arg;
    return exit_stack_enter(stack, &e->managers[0], on_manager_entered, e);
}

static inline void export_cancel(void *obj)
{
    struct export *e = obj;

    if (e->entered < MANAGERS)
        exit_stack_cancel(e->stack);
    else
        wait_cancel(&e->row);
}

static inline void on_elapsed(double seconds, void *unused)
{
    (void)unused;
    printf("Elapsed time: %.2f seconds\n", seconds);
}

static inline void on_request(evutil_socket_t fd, short what, void *arg)
{
    struct export *e = arg;

    (void)fd;
    (void)what;
    puts("main: cancel");
    if (e->scope != NULL)
        scope_cancel(e->scope);
}

static inline void on_left(int err, void *arg)
{
    struct export *e = arg;

    e->err = err;
    e->scope = NULL; /* it was freed just now */
    printf("export: %s\n", err == 0 ? "done" : strerror(-err));
}

/* Whether something is to come that is not Ctrl-C. */
static inline bool export_has_events(const struct export *e)
{
    const int interrupts = event_pending(e->interrupt, EV_SIGNAL, NULL) != 0;

    return event_base_get_num_events(e->base, EVENT_BASE_COUNT_ADDED) > interrupts;
}

static inline int export_run(struct export *e)
{
    const struct timeval delay = {.tv_usec = e->fate->cancel_ms * 1000};
    const struct manager manager = exit_stack_manager(e->stack);
    const struct body body = {export_begin, export_cancel, e};

    e->managers[0] = timer_scope_manager(e->timer);
    e->managers[1] = timeout_scope_manager(e->timeout);
    e->managers[2] = co_manager(&e->db.co);
    e->managers[3] =
        (struct manager){transaction_begin, transaction_end, transaction_cancel, &e->transaction};
    e->managers[4] = tempfile_scope_manager(e->file_scope);
    if ((e->fate->cancel_ms > 0 && event_add(e->request, &delay) != 0) ||
        event_add(e->interrupt, NULL) != 0)
        return -ENOMEM;
    e->transaction.commit = e->fate->commit;
    e->err = scope_run(&manager, &body, on_left, e, &e->scope);
    if (e->err != 0)
        return e->err;
    while (export_has_events(e))
        if (event_base_loop(e->base, EVLOOP_ONCE) != 0)
            return -EDEADLK;
    return e->scope == NULL ? e->err : -EDEADLK;
}

/* 0 or -ENOMEM. */
static inline int export_open(struct export *e)
{
    e->base = event_base_new();
    if (e->base == NULL)
        return -ENOMEM;
    e->sched = sched_new(e->base);
    if (e->sched == NULL || co_manager_open(&e->db.co, e->sched, connection_run) != 0)
        return -ENOMEM;
    e->stack = exit_stack_new(e->base);
    e->timer = timer_scope_new(e->base, on_elapsed, NULL);
    e->timeout = timeout_scope_new(e->base, EXPORT_MS);
    e->file_scope = tempfile_scope_new(e->base, "/tmp");
    e->transaction.wait.over = evtimer_new(e->base, on_wait_over, &e->transaction.wait);
    e->row.over = evtimer_new(e->base, on_wait_over, &e->row);
    e->request = evtimer_new(e->base, on_request, e);
    e->interrupt = event_new(e->base, SIGINT, EV_SIGNAL, on_request, e); /* once */
    return e->stack != NULL && e->timer != NULL && e->timeout != NULL && e->file_scope != NULL &&
                   e->transaction.wait.over != NULL && e->row.over != NULL && e->request != NULL &&
                   e->interrupt != NULL
               ? 0
               : -ENOMEM;
}

static inline void export_close(struct export *e)
{
    struct event *const events[] = {e->transaction.wait.over, e->row.over, e->request,
                                    e->interrupt};

    scope_free(e->scope);
    exit_stack_free(e->stack);
    timer_scope_free(e->timer);
    timeout_scope_free(e->timeout);
    tempfile_scope_free(e->file_scope);
    for (int k = 0; k < 4; k++)
        if (events[k] != NULL)
            event_free(events[k]);
    if (e->sched != NULL) {
        co_manager_close(&e->db.co);
        sched_free(e->sched);
    }
    if (e->base != NULL)
        event_base_free(e->base);
}

static inline int p7_program(int argc, char **argv)
{
    struct export e = {.fate = argc == 1 ? &FATES[0] : NULL};
    const char *why;
    int err;

    for (int k = 0; k < FATE_COUNT && argc == 2; k++)
        if (strcmp(argv[1], FATES[k].name) == 0)
            e.fate = &FATES[k];
    if (e.fate == NULL) {
        fprintf(stderr, "usage: p7_context_manager [well|lost|full|slow|cancel]\n");
        return EXIT_FAILURE;
    }
    err = export_open(&e);
    if (err == 0)
        err = export_run(&e);
    if (err == e.fate->err && (fflush(stdout) != 0 || ferror(stdout)))
        err = -EIO;
    export_close(&e);
    if (err == e.fate->err)
        return EXIT_SUCCESS;
    if (err == -ENOSYS)
        why = !e.begun ? "it is not written yet: start with TODO(1)" : "see the next TODO";
    else if (err == -EDEADLK)
        why = "nothing happens any more, and it has not ended: see the next TODO";
    else
        why = err == 0 ? "it should have failed: see the next TODO" : strerror(-err);
    fprintf(stderr, "p7_context_manager: %s: %s\n", e.fate->name, why);
    return EXIT_FAILURE;
}

#endif
