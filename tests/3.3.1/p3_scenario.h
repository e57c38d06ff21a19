/* p3_scenario.h: what the suite of p3_exception_handling does again and again: calls that work,
 * fail, clean up and wait for others, and what came of them in words
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P3_SCENARIO_H
#define P3_SCENARIO_H

#include <stdlib.h>
#include <string.h>

#include "p3_exception_handling.h"
#include "result_text.h"
#include "suite.h"

/* ---- in words ---- */

static void add_error_text(const struct aerr *e, char *text, size_t size)
{
    for (const struct aerr *first = e; e != NULL && strlen(text) + 80 < size; e = e->beside) {
        snprintf(text + strlen(text), size - strlen(text), "%s%s %s", e != first ? ", beside " : "",
                 result_text(e->code), e->where);
        if (e->cause == NULL)
            continue;
        strcat(text, " (because ");
        add_error_text(e->cause, text, size);
        strcat(text, ")");
    }
}

/* "-EIO load (because -ENOENT open), beside -ENOSPC close". Valid until the next call but three. */
static const char *error_text(const struct aerr *error)
{
    static char texts[4][1000];
    static int next;
    char *text = texts[next++ % 4];

    strcpy(text, error != NULL ? "" : "no error");
    add_error_text(error, text, sizeof(texts[0]));
    return text;
}

/* ---- the world in which calls run ---- */

struct world {
    struct calls *calls;
    int running; /* actors that have begun, and neither ended nor been released */
    int reports; /* calls of on_unhandled */
    int closes;  /* cleanups that have run */
    bool tells;  /* notes what on_unhandled gets */
    bool quiet;  /* notes nothing else: memory runs out in it, or it is one of many runs */
};

#define note(w, ...) ((w)->quiet ? (void)0 : trace(__VA_ARGS__))

static void on_unhandled(const struct aerr *error, void *arg)
{
    struct world *w = arg;
    w->reports++;
    if (w->tells)
        trace("unhandled: %s", error_text(error));
}

/* `why` is what should have made the last of `n` calls of on_unhandled. */
static inline void expect_reports(const struct world *w, int n, const char *why)
{
    if (w->reports != n)
        fail_test("%s: that is reported\nexpected  calls of on_unhandled so far: %d\n"
                  "got       calls of on_unhandled so far: %d",
                  why, n, w->reports);
}

static void begin(struct world *w)
{
    *w = (struct world){.calls = NULL};
    w->calls = calls_new(test_base(), on_unhandled, w);
    ck_assert_ptr_nonnull(w->calls);
}

/* Runs all to its end: no task may be left that waits for a wake-up that does not come. */
static void run_all(struct world *w)
{
    run_loop();
    if (w->calls->sched == NULL || w->calls->sched->live == 0)
        return;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(out);
    sched_dump(w->calls->sched, out);
    fclose(out);
    fail_test("the loop has ended, but these tasks have not:\n%s", text);
}

static void at(int ms, event_callback_fn callback, void *arg)
{
    const struct timeval tv = {ms / 1000, ms % 1000 * 1000};
    ck_assert_int_eq(event_base_once(test_base(), -1, EV_TIMEOUT, callback, arg, &tv), 0);
}

static void on_cancel(evutil_socket_t fd, short what, void *arg)
{
    struct call *c = arg;
    struct world *w = c->calls->arg;
    (void)fd, (void)what;
    note(w, "cancel");
    task_cancel(c->task);
}

static inline void on_free(evutil_socket_t fd, short what, void *arg)
{
    struct call *c = arg;
    struct world *w = c->calls->arg;
    (void)fd, (void)what;
    note(w, "free");
    call_free(c);
}

static inline void on_close(evutil_socket_t fd, short what, void *arg)
{
    struct call *c = arg;
    struct world *w = c->calls->arg;
    (void)fd, (void)what;
    note(w, "close");
    calls_close(c->calls);
}

/* ---- an actor: works, then ends with a result, or fails by its name; cancelled, cleans up ---- */

struct actor {
    struct call call;
    const char *name;
    int work_ms; /* of one step */
    int counts;  /* so many steps, each noted; 0: one, without a word */
    int i;
    bool runs;  /* has begun and not ended */
    int result; /* 0 or more, or the code that it fails with */
    bool plain; /* returns it without call_fail() */
    bool hides; /* returns 0 after it */
    int notes;  /* fails with that before it works; 0: does not */
    int cleanup_ms;
    int cleanup_code; /* fails with that after its cleanup; 0: it was just cancelled */
};

static void actor_runs(struct actor *f, bool runs)
{
    if (f->runs == runs)
        return; /* also if it was never started */
    ((struct world *)f->call.calls->arg)->running += runs ? 1 : -1;
    f->runs = runs;
}

static void actor(struct task *t)
{
    struct actor *f = t->frame;
    struct world *w = f->call.calls->arg;

    TASK_BEGIN(t);
    actor_runs(f, true);
    if (f->notes != 0)
        (void)call_fail(&f->call, f->notes, f->name, NULL);
    do {
        if (f->counts > 0)
            note(w, "%s: %d", f->name, f->i);
        TASK_SLEEP(t, f->work_ms);
    } while (t->wake == 0 && ++f->i < f->counts);
    if (t->wake != 0) {
        note(w, "%s cancelled", f->name);
        TASK_SLEEP(t, f->cleanup_ms);
        note(w, "%s %s", f->name, t->wake == 0 ? "cleaned" : "is disturbed in its cleanup");
        actor_runs(f, false);
        TASK_RETURN(t, f->cleanup_code == 0 ? -ECANCELED
                                            : call_fail(&f->call, f->cleanup_code, f->name, NULL));
    }
    actor_runs(f, false);
    if (f->result < 0 && !f->plain)
        (void)call_fail(&f->call, f->result, f->name, NULL);
    TASK_RETURN(t, f->hides ? 0 : f->result);
    TASK_END(t);
}

static void *copy_of(const void *frame, size_t size)
{
    void *copy = malloc(size);
    ck_assert_ptr_nonnull(copy);
    return memcpy(copy, frame, size);
}

/* START(w, actor, .name = "A", .work_ms = 100): a call of this coroutine, in a frame of the struct
 * of the same name. It needs memory of the calls. */
#define START(w, fn, ...)                                                                          \
    call_start((w)->calls, copy_of(&(struct fn){__VA_ARGS__}, sizeof(struct fn)), fn, fn##_release)

static inline void actor_release(void *frame)
{
    actor_runs(frame, false);
    free(frame);
}

/* ---- what came of it ---- */

static void expect_result(const struct call *c, const char *who, int expected)
{
    int got = call_result(c);
    if (got == -ENOSYS)
        fail_test("call_result() returned -ENOSYS: is it written yet? TODO(1)");
    if (got != expected)
        fail_test("call_result(): %s\nexpected  %s\ngot       %s", who, result_text(expected),
                  result_text(got));
}

static void expect_same_text(const char *what, const char *expected, const char *got)
{
    if (strcmp(expected, got) != 0)
        fail_test("%s\nexpected  %s\ngot       %s", what, expected, got);
}

/* Asks for the error, and expects the code of it as the result. */
static inline void expect_error(struct call *c, const char *what, int code, const char *expected)
{
    expect_result(c, what, code);
    expect_same_text(what, expected, error_text(call_error(c)));
}

static inline void expect_now(const char *what, int expected_ms)
{
    if (now_ms() != expected_ms)
        fail_test("%s\nexpected  at %.3f\ngot       at %.3f", what, expected_ms / 1000.0,
                  now_ms() / 1000.0);
}

#endif
