/* p9_shop.h: a shop whose jobs are done by a work queue, for check_p9_work_queue.c
 *
 * Each task is a job that takes `ms`. What happens to it is written down as a line of the timeline:
 * "a: put" when its put is told, "a: runs", "a: breaks off" when cancel() is called, "a: ended" or
 * "a: ended -EIO" when ended() is. A test chooses which of the four it wants to see.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P9_SHOP_H
#define P9_SHOP_H

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "p9_turns.h"
#include "p9_work_queue.h"
#include "result_text.h"

enum { SHOW_PUT = 1, SHOW_RUN = 2, SHOW_BREAK = 4, SHOW_END = 8 };
enum { BY_HAND = -1 }; /* for `ms`: until finish() is called */

/* The call of the queue that is under way now, as text; NULL: none. */
static const char *inside;

struct shop {
    struct wq *q; /* NULL: freed */
    struct wq_options options;
    int64_t start; /* what wq_now() was at 0.000 */
    int workers;
    int show;
    int running;                /* attempts */
    int most;                   /* of them, at a time */
    int put, begun, ended;      /* how often each came */
    int early;                  /* ended() before the put was told */
    struct wq_call call, other; /* for a join, a shutdown */
    int told;                   /* of those */
    bool over;                  /* a shutdown was told that all is over */
};

struct task {
    struct wq_job job; /* the first, so that a job is a task */
    const char *name;
    struct shop *shop;
    int ms;       /* that an attempt takes; 0: done inside run(); BY_HAND */
    int fails;    /* so many attempts fail, the first ones, */
    int err;      /* with this */
    bool obeys;   /* a cancel() ends it, with -EINTR, */
    int obeys_ms; /* so much later; 0: inside cancel() */
    int busy_ms;  /* run() holds up the loop for so long */
    bool running;
    bool stopped;     /* it was unscheduled */
    int attempts;     /* that have begun, as counted here */
    int broken_off;   /* cancel() for this attempt */
    bool put_is_open; /* wq_put() gave 0, and its cb is to come */
    int told;         /* what it was told last: by the put, or by ended() */
    void (*on_put)(struct task *t);
    void (*on_run)(struct task *t);
    void (*on_break)(struct task *t);
    void (*on_end)(struct task *t);
    struct event *timer;
};

/* ---- calls of the queue ---- */

static inline const char *todo_of(const char *call)
{
    static const struct {
        const char *name, *todo;
    } todos[] = {{"wq_cancel", "TODO(2)"},
                 {"wq_join", "TODO(3)"},
                 {"wq_schedule", "TODO(6)"},
                 {"wq_unschedule", "TODO(6)"},
                 {"wq_shutdown", "TODO(7)"}};

    for (size_t k = 0; k < sizeof(todos) / sizeof(todos[0]); k++)
        if (strncmp(call, todos[k].name, strlen(todos[k].name)) == 0)
            return todos[k].todo;
    return "TODO(1)";
}

static inline void expect_result(const char *call, const char *when, int got, int expected)
{
    if (got == -ENOSYS)
        fail_test("%.*s() returned -ENOSYS: is it written yet? %s", (int)strcspn(call, "("), call,
                  todo_of(call));
    if (got != expected)
        fail_test("at %.3f %s, %s\nexpected  %s\ngot       %s", now_ms() / 1e3, call, when,
                  result_text(expected), result_text(got));
}

/* The call gives `expected`, and calls nothing back meanwhile. */
#define CALL(expected, when, expression)                                                           \
    do {                                                                                           \
        const char *outer_ = inside;                                                               \
        inside = #expression;                                                                      \
        int got_ = (expression);                                                                   \
        inside = outer_;                                                                           \
        expect_result(#expression, (when), got_, (expected));                                      \
    } while (0)

static inline void expect_loop(const struct shop *shop, const char *callback, const char *name)
{
    called_back++;
    if (shop->over)
        fail_test("%s of %s, at %.3f\nexpected  no call after the shutdown was told 0\n"
                  "got       a call",
                  callback, name, now_ms() / 1e3);
    if (inside != NULL)
        fail_test("%s of %s was called inside %s\nexpected  a call by the loop, later\n"
                  "got       a call before the function has returned",
                  callback, name, inside);
}

/* ---- the handler ---- */

static inline void show(const struct shop *shop, int what, const char *name, const char *text)
{
    if ((shop->show & what) != 0)
        trace("%s: %s", name, text);
}

/* Ends the attempt of a task. The call stands in the messages. */
static inline void finish_as(struct task *t, int err)
{
    t->running = false;
    t->shop->running--;
    if (t->timer != NULL)
        ck_assert_int_eq(event_del(t->timer), 0);
    CALL(0, "when an attempt that run() has begun is over", wq_done(t->shop->q, &t->job, err));
}

static inline void finish(struct task *t)
{
    finish_as(t, t->attempts <= t->fails ? t->err : 0);
}

static inline void on_worked(evutil_socket_t fd, short what, void *arg)
{
    struct task *t = arg;

    (void)fd;
    (void)what;
    called_back++;
    if (t->shop->q == NULL)
        return; /* freed: nobody is to be told */
    if (t->broken_off > 0 && t->obeys)
        finish_as(t, -EINTR);
    else
        finish(t);
}

static inline void work_for(struct task *t, int ms)
{
    if (t->timer == NULL)
        t->timer = evtimer_new(test_base(), on_worked, t);
    ck_assert_ptr_nonnull(t->timer);
    ck_assert_int_eq(event_add(t->timer, &(struct timeval){ms / 1000, ms % 1000 * 1000}), 0);
}

static inline void on_run(struct wq_job *job, void *arg)
{
    struct task *t = (struct task *)job;
    struct shop *shop = arg;

    expect_loop(shop, "run()", t->name);
    show(shop, SHOW_RUN, t->name, "runs");
    if (shop != t->shop)
        fail_test("run() of %s\nexpected  the handler of its own queue is called\n"
                  "got       that of another queue",
                  t->name);
    if (t->stopped && t->job.attempts < 2)
        fail_test("run() of %s at %.3f, after wq_unschedule()\n"
                  "expected  it is not put any more\ngot       it is put again, and run",
                  t->name, now_ms() / 1e3);
    if (t->attempts >= 1000)
        fail_test("run() of %s\nexpected  it ends some time\ngot       call after call, at %.3f",
                  t->name, now_ms() / 1e3);
    if (t->running)
        fail_test("run() of %s\nexpected  no call before wq_done() of the last one\n"
                  "got       a second attempt at the same time",
                  t->name);
    if (t->put_is_open)
        fail_test("run() of %s\nexpected  its put is told before it is run\n"
                  "got       run() first",
                  t->name);
    t->running = true;
    t->broken_off = 0;
    t->attempts++;
    shop->begun++;
    if (++shop->running > shop->most)
        shop->most = shop->running;
    if (shop->running > shop->workers)
        fail_test("at %.3f %s is run\nexpected  at most %d at a time\ngot       %d", now_ms() / 1e3,
                  t->name, shop->workers, shop->running);
    if (t->busy_ms > 0)
        vclock_advance_to((now_ms() + t->busy_ms) * INT64_C(1000000));
    if (t->on_run != NULL)
        t->on_run(t);
    else if (t->ms == 0)
        finish(t);
    else if (t->ms > 0)
        work_for(t, t->ms);
}

static inline void on_break(struct wq_job *job, void *arg)
{
    struct task *t = (struct task *)job;

    expect_loop(t->shop, "cancel()", t->name);
    show(arg, SHOW_BREAK, t->name, "breaks off");
    if (!t->running || ++t->broken_off > 1)
        fail_test("cancel() of %s\nexpected  at most once while it runs\ngot       %s", t->name,
                  t->running ? "a second call" : "a call when it does not run");
    if (t->on_break != NULL)
        t->on_break(t);
    else if (t->obeys && t->obeys_ms == 0)
        finish_as(t, -EINTR);
    else if (t->obeys)
        work_for(t, t->obeys_ms);
}

static inline void on_ended(struct wq_job *job, int err, void *arg)
{
    struct task *t = (struct task *)job;
    struct shop *shop = arg;
    char text[48];

    expect_loop(t->shop, "ended()", t->name);
    snprintf(text, sizeof(text), err != 0 ? "ended %s" : "ended", result_text(err));
    show(shop, SHOW_END, t->name, text);
    if (t->running)
        fail_test("ended() of %s\nexpected  a call when no attempt of it runs\n"
                  "got       a call while it runs",
                  t->name);
    if (t->put_is_open)
        fail_test(
            "ended() of %s\nexpected  its put is told before it ends\ngot       ended() first",
            t->name);
    t->told = err;
    shop->ended++;
    if (t->on_end != NULL)
        t->on_end(t);
}

static inline void on_put(int err, void *arg)
{
    struct task *t = arg;
    char text[48];

    expect_loop(t->shop, "the cb of the put", t->name);
    snprintf(text, sizeof(text), err != 0 ? "put %s" : "put", result_text(err));
    show(t->shop, SHOW_PUT, t->name, text);
    if (!t->put_is_open)
        fail_test("the cb of the put of %s\nexpected  one call, for a wq_put() that gave 0\n"
                  "got       one more, with %s",
                  t->name, result_text(err));
    t->put_is_open = false;
    t->told = err;
    t->shop->put++;
    if (t->on_put != NULL)
        t->on_put(t);
}

/* A wq_cb of a join or a shutdown. */
static inline void on_told(int err, void *arg)
{
    struct shop *shop = arg;
    const bool over = shop->over;

    shop->over = false; /* there may be several */
    expect_loop(shop, "the cb", "a join or a shutdown");
    shop->over = over;
    shop->told++;
    trace("told %s", result_text(err));
}

/* Of a shutdown. */
static inline void on_closed(int err, void *arg)
{
    struct shop *shop = arg;

    on_told(err, shop);
    shop->over = shop->over || err == 0;
}

/* ---- a shop ---- */

static inline struct wq_options options_of(int capacity, int workers)
{
    return (struct wq_options){.capacity = capacity, .workers = workers, .max_attempts = 1};
}

static inline void shop_open(struct shop *shop, const struct wq_options *options, int what)
{
    struct wq_options o = *options;

    *shop = (struct shop){.options = o, .workers = o.workers, .show = what};
    inside = NULL;
    vclock_livelock_limit(MOST_WAKE_UPS_AT_A_TIME);
    o.handler = (struct wq_handler){on_run, on_break, on_ended, shop};
    shop->q = wq_new(test_base(), &o);
}

/* With memory enough. */
static inline void shop_begin(struct shop *shop, const struct wq_options *options, int what)
{
    shop_open(shop, options, what);
    if (shop->q == NULL)
        fail_test("wq_new() returned NULL, with memory enough");
    shop->start = wq_now(shop->q) - now_ms();
}

static inline struct task task_of(struct shop *shop, const char *name, int ms)
{
    return (struct task){.name = name, .shop = shop, .ms = ms, .told = 1};
}

/* Tasks with these names, a letter each, which take `ms`. */
static inline void tasks_of(struct shop *shop, struct task *tasks, const char *names, int ms)
{
    static char letters[256][2];

    for (; *names != '\0'; names++) {
        letters[(unsigned char)*names][0] = *names;
        *tasks++ = task_of(shop, letters[(unsigned char)*names], ms);
    }
}

static inline void tasks_end(struct task *tasks, int n)
{
    for (int k = 0; k < n; k++)
        if (tasks[k].timer != NULL)
            event_free(tasks[k].timer);
}

static inline void put_as(struct task *t, int priority)
{
    t->put_is_open = true;
    t->stopped = false;
    CALL(0, "for a job that is nobody's", wq_put(t->shop->q, &t->job, priority, on_put, t));
}

static inline void put(struct task *t)
{
    put_as(t, 0);
}

static inline void put_all(struct task *tasks, int n)
{
    for (int k = 0; k < n; k++)
        put(&tasks[k]);
}

/* Frees the queue at the end of a test. */
static inline void shop_close(struct shop *shop, struct task *tasks, int n)
{
    wq_free(shop->q);
    shop->q = NULL;
    tasks_end(tasks, n);
}

static inline void free_queue(struct task *t)
{
    wq_free(t->shop->q);
    t->shop->q = NULL;
}

#endif
