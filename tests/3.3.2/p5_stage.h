/* p5_stage.h: a folder, a pool, and what has become of each operation, for
 * check_p5_file_processor.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P5_STAGE_H
#define P5_STAGE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "faults.h"
#include "fifo_peer.h"
#include "p5_file_processor.h"
#include "result_text.h"
#include "suite.h"
#include "vthreads.h"
#include "vwait.h"

enum { TODO_POOL = 1, TODO_END, TODO_CALLS, TODO_LINES, TODO_FILE, TODO_CANCEL, TODO_MANY };

static struct {
    char folder[64];
    pthread_t thread; /* the loop's */
    struct pool *pool;
    int ended; /* calls of on_end() */
    int ended_at;
    void *ended_arg;
} stage;

/* ---- the folder ---- */

static const char *path_of(const char *name)
{
    static char paths[8][128];
    static int next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof(paths[0]), "%s/%s", stage.folder, name);
    return path;
}

/* What a run that was broken off has left behind. */
static void remove_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    char path[512];

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        bool fits =
            snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) < (int)sizeof(path);
        if (fits)
            remove(path); /* but not "." and "..", which it refuses */
    }
    if (dir != NULL)
        closedir(dir);
    rmdir(folder);
}

static bool is_gone(int pid)
{
    char path[32];

    snprintf(path, sizeof(path), "/proc/%d", pid);
    return access(path, F_OK) != 0;
}

/* Folders of processes that are no more: a test that fails cannot clean up. */
static void remove_stale_folders(void)
{
    DIR *dir = opendir("/tmp");
    struct dirent *entry;
    char path[512];
    int pid;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        snprintf(path, sizeof(path), "/tmp/%s", entry->d_name);
        if (sscanf(entry->d_name, "workbook-p5-%d", &pid) == 1 && is_gone(pid))
            remove_folder(path);
    }
    if (dir != NULL)
        closedir(dir);
}

static void write_file(const char *name, const void *bytes, size_t n)
{
    FILE *file = fopen(path_of(name), "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
    ck_assert_int_eq(fclose(file), 0);
}

static void write_text(const char *name, const char *text)
{
    write_file(name, text, strlen(text));
}

/* With '\0' behind it; NULL if there is no such file. Good until the next call. */
static const char *text_of(const char *name)
{
    static char text[4096];
    FILE *file = fopen(path_of(name), "r");

    if (file == NULL)
        return NULL;
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    return text;
}

/* In one line, as C would write it; NULL: there is no such file. */
static const char *in_quotes(const char *text, char *out, size_t size)
{
    size_t n = 0;

    if (text == NULL)
        return "no such file";
    out[n++] = '"';
    for (; *text != '\0' && n + 4 < size; text++) {
        if (*text == '\n')
            out[n++] = '\\';
        out[n++] = *text == '\n' ? 'n' : *text;
    }
    out[n++] = '"';
    out[n] = '\0';
    return out;
}

static void expect_text(const char *name, const char *expected, const char *when)
{
    const char *got = text_of(name);
    char one[256], other[256];

    if (got == NULL || strcmp(got, expected) != 0)
        fail_test("%s the file \"%s\" should hold\nexpected  %s\ngot       %s", when, name,
                  in_quotes(expected, one, sizeof(one)), in_quotes(got, other, sizeof(other)));
}

/* Nothing is in the folder but these, each between blanks: " in out ". */
static void expect_folder(const char *names, const char *when)
{
    DIR *dir = opendir(stage.folder);
    struct dirent *entry;
    char name[sizeof(entry->d_name) + 3];

    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir)) != NULL) {
        snprintf(name, sizeof(name), " %s ", entry->d_name);
        if (strstr(" . .. ", name) == NULL && strstr(names, name) == NULL)
            fail_test("%s a file is left behind in the folder of the result\n"
                      "expected  %s\ngot       %s, too",
                      when, names, entry->d_name);
    }
    closedir(dir);
}

/* ---- the pool ---- */

static void open_pool(int n_threads, int max_ops)
{
    stage.thread = pthread_self();
    stage.ended = 0;
    snprintf(stage.folder, sizeof(stage.folder), "/tmp/workbook-p5-%d", (int)getpid());
    if (mkdir(stage.folder, 0700) == 0)
        remove_stale_folders();
    int error = pool_init();
    if (error != 0)
        fail_test("pool_init() returned %s: is it written yet? TODO(1)", result_text(error));
    stage.pool = pool_new(test_base(), n_threads, max_ops);
    if (stage.pool == NULL)
        fail_test("pool_new(base, %d, %d) returned NULL: is it written yet?", n_threads, max_ops);
}

static void on_end(void *arg)
{
    stage.ended++;
    stage.ended_at = now_ms();
    stage.ended_arg = arg;
}

/* Ends the pool, if that is written, and runs the loop to its end. */
static void close_pool(void)
{
    bool written = pool_shutdown(stage.pool, on_end, NULL) != -ENOSYS;

    run_loop();
    if (written && stage.ended != 1)
        fail_test("at %.3f the loop has ended, and the pool has not: pool_shutdown()\n"
                  "expected  1 call of its callback\ngot       %d",
                  now_ms() / 1000.0, stage.ended);
    rmdir(stage.folder); /* of the last test, if it is empty */
}

/* ---- what has become of an operation ---- */

struct outcome {
    const char *call; /* the text that started it */
    int todo;
    bool returned; /* from the call */
    int calls;     /* of its callback */
    int64_t result;
    int at; /* virtual ms */
    char bytes[512];
    size_t n;                        /* of them; afile_read_at() */
    struct file_report report;       /* file_process() */
    struct op *op;                   /* good until the callback */
    void (*then)(struct outcome *o); /* called in the callback, or NULL */
    void *arg;                       /* for it */
    char text[96];                   /* room for `call` */
    const char *name;                /* traced in the callback, or NULL */
};

static void note_outcome(struct outcome *o, int64_t result)
{
    if (!pthread_equal(pthread_self(), stage.thread))
        fail_anywhere("%s: its callback ran on a worker, not on the loop's thread", o->call);
    if (!o->returned)
        fail_test("%s: its callback was called before the call had returned", o->call);
    if (++o->calls > 1)
        fail_test("%s: its callback\nexpected  1 call\ngot       %d, the last with %s at %.3f",
                  o->call, o->calls, result_text((int)result), now_ms() / 1000.0);
    o->result = result;
    o->at = now_ms();
    if (o->name != NULL)
        trace("%s: %s", o->name, result_text((int)result));
    if (o->then != NULL)
        o->then(o);
}

static void on_op(int64_t result, void *arg)
{
    note_outcome(arg, result);
}

static void on_afile(int64_t result, const char *bytes, void *arg)
{
    struct outcome *o = arg;

    if (bytes != NULL && result >= 0) {
        o->n = (size_t)result < sizeof(o->bytes) ? (size_t)result : sizeof(o->bytes);
        memcpy(o->bytes, bytes, o->n);
    }
    note_outcome(o, result);
}

static void on_file(int result, const struct file_report *report, void *arg)
{
    struct outcome *o = arg;

    if ((report != NULL) != (result == 0))
        fail_test("%s: the report should be %s with the result %s", o->call,
                  result == 0 ? "there" : "NULL", result_text(result));
    if (report != NULL)
        o->report = *report;
    note_outcome(o, result);
}

static void note_start(struct outcome *o, int todo, const char *call, int result)
{
    o->call = call;
    o->todo = todo;
    o->returned = true;
    if (result == -ENOSYS)
        fail_test("%s returned -ENOSYS: is it written yet? TODO(%d)", call, todo);
    if (result != 0)
        fail_test("%s\nexpected  0\ngot       %s", call, result_text(result));
}

/* Calls a function that starts something, with `o` for its callback, and expects 0. */
#define START(o, todo, expression) START_CALLED(o, todo, #expression, expression)
#define START_CALLED(o, todo, text, expression)                                                    \
    do {                                                                                           \
        (o)->call = (text);                                                                        \
        (o)->returned = false;                                                                     \
        int started_ = (expression);                                                               \
        note_start((o), (todo), (text), started_);                                                 \
    } while (0)

/* The same where an error is expected, and so no callback. */
#define REFUSED(expected, expression)                                                              \
    do {                                                                                           \
        int got_ = (expression);                                                                   \
        if (got_ != (expected))                                                                    \
            fail_test("at %.3f %s\nexpected  %s\ngot       %s", now_ms() / 1000.0, #expression,    \
                      result_text(expected), result_text(got_));                                   \
    } while (0)

static void expect_outcome(const struct outcome *o, int64_t result, int at)
{
    if (o->calls == 0)
        fail_test(
            "%s: its callback was not called\nexpected  %s at %.3f\ngot       nothing by %.3f",
            o->call, result_text((int)result), at / 1000.0, now_ms() / 1000.0);
    if (o->result != result || o->at != at)
        fail_test("%s\nexpected  %s at %.3f\ngot       %s at %.3f", o->call,
                  result_text((int)result), at / 1000.0, result_text((int)o->result),
                  o->at / 1000.0);
}

/* ---- later ---- */

struct later {
    void (*fn)(void *arg);
    void *arg;
};

static void on_later(evutil_socket_t fd, short what, void *arg)
{
    struct later *later = arg;
    (void)fd;
    (void)what;

    later->fn(later->arg);
    free(later);
}

/* Has the loop call fn(arg) in so many ms. */
static void after(int ms, void (*fn)(void *arg), void *arg)
{
    struct timeval wait = {ms / 1000, ms % 1000 * 1000};
    struct later *later = malloc(sizeof(*later));

    ck_assert_ptr_nonnull(later);
    *later = (struct later){fn, arg};
    ck_assert_int_eq(event_base_once(test_base(), -1, EV_TIMEOUT, on_later, later, &wait), 0);
}

static void trace_tick(void *arg)
{
    (void)arg;
    trace("tick");
}

/* n ticks, `ms` apart. */
static void ticks(int n, int ms)
{
    for (int i = 1; i <= n; i++)
        after(i * ms, trace_tick, NULL);
}

#endif
