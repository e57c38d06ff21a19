/* p3_error_tests.h: errors that travel, that nobody asks for, and that come out of an event
 * callback; for check_p3_exception_handling.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P3_ERROR_TESTS_H
#define P3_ERROR_TESTS_H

#include "p3_cleanup_tests.h"

/* ---- errors travel ---- */

/* A chain: each awaits the next and fails because of it; the last one fails by itself. */
struct chain {
    struct call call;
    int level;
    struct call *child; /* owned */
};

enum { LEVELS = 5 };
static const char *const chain_names[LEVELS] = {"open", "read", "parse", "load", "show"};
static const int chain_codes[LEVELS] = {-ENOENT, -EIO, -EPROTO, -ENODATA, -EBADMSG};

static void chain_release(void *frame)
{
    struct chain *f = frame;
    call_free(f->child);
    free(f);
}

static void chain(struct task *t)
{
    struct chain *f = t->frame;
    const char *name = chain_names[f->level];

    TASK_BEGIN(t);
    if (f->level == 0) {
        TASK_SLEEP(t, 100);
        TASK_RETURN(t, call_fail(&f->call, -ENOENT, name, NULL));
    }
    f->child = START((struct world *)f->call.calls->arg, chain, .level = f->level - 1);
    if (f->child == NULL)
        TASK_RETURN(t, call_fail(&f->call, -ENOMEM, name, NULL));
    TASK_AWAIT(t, f->child->task);
    if (t->wake != 0)
        TASK_RETURN(t, t->wake);
    if (call_result(f->child) < 0)
        TASK_RETURN(t, call_fail(&f->call, chain_codes[f->level], name, call_take(f->child)));
    TASK_END(t);
}

START_TEST(error_travels_through_four_awaits)
{
    struct world w;
    begin(&w);
    struct call *top = START(&w, chain, .level = 4);

    expect_result(top, "a call that has not begun", -EINPROGRESS);
    run_all(&w);
    expect_error(top, "the error at the end of four awaits", -EBADMSG,
                 "-EBADMSG show (because -ENODATA load (because -EPROTO parse (because -EIO read "
                 "(because -ENOENT open))))");
    struct call *child = ((struct chain *)top)->child;
    expect_same_text("call_error() of a call whose error was taken", "no error",
                     error_text(call_error(child)));
    expect_result(child, "a call whose error was taken", -ENODATA);
    expect_now("the loop should end with the last call", 100);
    call_free(top);
    calls_free(w.calls);
}
END_TEST

START_TEST(result_without_call_fail)
{
    struct world w;
    begin(&w);
    struct call *well = START(&w, actor, .work_ms = 100, .result = 7);
    struct call *ill = START(&w, actor, .work_ms = 100, .result = -EPIPE, .plain = true);
    struct call *gone = START(&w, actor, .work_ms = 200);

    task_cancel(gone->task);
    run_all(&w);
    expect_error(well, "a call that went well", 7, "no error");
    if (call_take(well) != NULL)
        fail_test("call_take() of a call that went well\nexpected  NULL\ngot       an error");
    expect_error(ill, "a call that returned -EPIPE, without call_fail()", -EPIPE, "-EPIPE actor");
    expect_error(gone, "a call that was cancelled before it began", -ECANCELED, "-ECANCELED actor");
    call_free(well);
    call_free(ill);
    call_free(gone);
    calls_free(w.calls);
}
END_TEST

/* Fails twice, each time with a cause, and then acts as if all were well. */
struct twice {
    struct call call;
};

static void twice(struct task *t)
{
    struct call *c = t->frame;
    int first, second;

    TASK_BEGIN(t);
    first = call_fail(c, -EIO, "first", aerr_new(-ENOENT, "open"));
    second = call_fail(c, -EPIPE, "second", aerr_new(-EPROTO, "parse"));
    if (first != -EIO || second != -EPIPE)
        fail_test("call_fail(c, -EIO, ...) and call_fail(c, -EPIPE, ...)\n"
                  "expected  -EIO and -EPIPE\ngot       %s and %s",
                  result_text(first), result_text(second));
    TASK_END(t);
}

static void twice_release(void *frame)
{
    free(frame);
}

START_TEST(first_error_stays_the_first)
{
    struct world w;
    begin(&w);
    struct call *c = START(&w, twice, .call = {.result = 0});

    run_all(&w);
    expect_error(c, "a call that failed, failed again, and returned 0", -EIO,
                 "-EIO first (because -ENOENT open), beside -EPIPE second (because -EPROTO parse)");
    struct aerr *error = call_take(c);
    expect_same_text("call_take() moves the error", "no error", error_text(call_error(c)));
    aerr_free(error);
    call_free(c);
    calls_free(w.calls);
}
END_TEST

/* Cancelled, or with another code: what is returned later is no error beside the first one. */
START_TEST(first_error_and_another_number)
{
    struct world w;
    begin(&w);
    struct call *cancelled = START(&w, actor, .name = "read", .notes = -EIO, .work_ms = 100);
    struct call *another = START(&w, actor, .name = "read", .notes = -EIO, .work_ms = 100,
                                 .result = -EPIPE, .plain = true);

    run_loop_for(50);
    w.quiet = true;
    task_cancel(cancelled->task);
    run_all(&w);
    expect_error(cancelled, "call_fail(c, -EIO, ...), then cancelled, and -ECANCELED returned",
                 -EIO, "-EIO read");
    expect_error(another, "call_fail(c, -EIO, ...), and then -EPIPE returned", -EIO, "-EIO read");
    call_free(cancelled);
    call_free(another);
    calls_free(w.calls);
}
END_TEST

START_TEST(no_error_before_the_end)
{
    struct world w;
    begin(&w);
    struct call *c = START(&w, actor, .name = "read", .notes = -EIO, .work_ms = 100);

    run_loop_for(50);
    expect_result(c, "a call that has failed, and still runs", -EINPROGRESS);
    expect_same_text("call_error() of a call that has failed, and still runs", "no error",
                     error_text(call_error(c)));
    struct aerr *taken = call_take(c);
    expect_same_text("call_take() of a call that has failed, and still runs", "no error",
                     error_text(taken));
    run_all(&w);
    expect_error(c, "a call that was asked too early, and has ended now", -EIO, "-EIO read");
    call_free(c);
    calls_free(w.calls);
}
END_TEST

/* The chain ends where memory ran out, or where it always does; no link may be missing. */
static void chain_without_memory(void *arg)
{
    struct world w = {.quiet = true};
    w.calls = calls_new(test_base(), on_unhandled, &w);
    struct call *top = w.calls != NULL ? START(&w, chain, .level = 2) : NULL;
    (void)arg;
    if (top != NULL) {
        run_all(&w);
        const struct aerr *e = call_error(top);
        int level = 2;
        for (; e != NULL && e->cause != NULL && level > 0; level--)
            e = e->cause;
        int expected = level == 0 ? -ENOENT : -ENOMEM;
        if (e == NULL || e->code != expected || strcmp(e->where, chain_names[level]) != 0)
            fail_test("memory ran out somewhere; the causes should end with\n"
                      "expected  %s %s\ngot       %s",
                      result_text(expected), chain_names[level], error_text(e));
    }
    call_free(top);
    calls_free(w.calls);
}

static void twice_without_memory(void *arg)
{
    static const char *const allowed[] = {
        "-EIO first (because -ENOENT open), beside -EPIPE second (because -EPROTO parse)",
        "-EIO first, beside -EPIPE second (because -EPROTO parse)",
        "-EIO first (because -ENOENT open), beside -EPIPE second",
        "-EIO first (because -ENOENT open), beside -EPROTO parse"};
    struct world w = {.quiet = true};
    w.calls = calls_new(test_base(), on_unhandled, &w);
    struct call *c = w.calls != NULL ? START(&w, twice, .call = {.result = 0}) : NULL;
    bool found = c == NULL;
    (void)arg;
    run_loop();
    const char *text = c != NULL ? error_text(call_error(c)) : "";
    for (int i = 0; i < 4; i++)
        found = found || strcmp(text, allowed[i]) == 0;
    if (!found)
        fail_test("a second error, without memory for one of the links\n"
                  "expected  all but that link:\n          %s\ngot       %s",
                  allowed[0], text);
    call_free(c);
    calls_free(w.calls);
}

START_TEST(errors_without_memory)
{
    struct world w;
    begin(&w);
    struct call *c = START(&w, chain, .level = 0);
    run_all(&w);
    expect_result(c, "a call", -ENOENT); /* it is written */
    (void)call_error(c);
    call_free(c);
    calls_free(w.calls);
    each_allocation_fails(chain_without_memory, NULL);
    each_allocation_fails(twice_without_memory, NULL);
}
END_TEST

/* ---- nobody asks ---- */

START_TEST(unhandled_is_reported_once)
{
    struct world w;
    begin(&w);
    w.tells = true;
    struct call *c = START(&w, chain, .level = 1);

    run_all(&w);
    expect_result(c, "a call", -EIO); /* does not count as asking */
    trace("free");
    call_free(c);
    if (w.reports == 0)
        fail_test("a call failed, nobody asked why, and on_unhandled was not called:\n"
                  "is call_free() written yet? TODO(3)");
    calls_free(w.calls);
    expect_trace_in_order("0.100  free\n"
                          "0.100  unhandled: -EIO read (because -ENOENT open)\n");
}
END_TEST

START_TEST(handled_is_not_reported)
{
    struct world w;
    begin(&w);
    w.tells = true;
    struct call *asked = START(&w, chain, .level = 1);
    struct call *taken = START(&w, chain, .level = 1);
    struct call *well = START(&w, actor, .result = 7);
    struct call *nobody = START(&w, actor, .name = "nobody", .result = -EIO);

    run_all(&w);
    (void)call_error(asked);
    aerr_free(call_take(taken));
    call_free(asked);
    call_free(taken);
    call_free(well);
    call_free(NULL);
    call_free(nobody);
    calls_free(w.calls);
    expect_trace("0.100  unhandled: -EIO nobody\n");
}
END_TEST

/* Whoever asks too early is not told, and has not asked: before the failure, and behind it. */
START_TEST(asked_too_early)
{
    struct world w;
    begin(&w);
    struct call *c[2] = {START(&w, chain, .level = 0),
                         START(&w, actor, .name = "read", .notes = -EIO, .work_ms = 100)};

    run_loop_for(50);
    for (int i = 0; i < 2; i++) {
        (void)call_error(c[i]);
        (void)call_error(c[i]);
    }
    run_all(&w);
    for (int i = 0; i < 2; i++) {
        w.reports = 0;
        call_free(c[i]);
        if (w.reports != 1)
            fail_test("call_error() of a call that still ran, and %s; nobody asked again\n"
                      "expected  1 call of on_unhandled\ngot       %d",
                      i == 0 ? "failed later" : "had failed already", w.reports);
    }
    calls_free(w.calls);
}
END_TEST

START_TEST(cancelled_and_a_cleanup_failed)
{
    struct world w;
    begin(&w);
    struct call *c = START(&w, opener, .codes = {-ENOSPC});

    run_loop_for(50);
    task_cancel(c->task);
    run_all(&w);
    expect_cleanups(&w, c);
    call_free(c);
    calls_free(w.calls);
    if (w.reports != 1)
        fail_test("a call was cancelled, its cleanup failed, nobody asked\n"
                  "expected  1 call of on_unhandled\ngot       %d",
                  w.reports);
    expect_trace("0.050  close a\n");
}
END_TEST

START_TEST(reported_after_the_calls_were_closed)
{
    struct world w;
    begin(&w);
    w.tells = true;
    struct call *failed = START(&w, chain, .level = 0);
    struct call *waits = START(&w, actor, .name = "A", .work_ms = 500);

    run_loop_for(200);
    calls_close(w.calls);
    expect_result(waits, "a call that was waiting when the calls were closed", -ECANCELED);
    call_free(failed);
    call_free(waits);
    calls_free(w.calls);
    expect_trace("0.200  unhandled: -ENOENT open\n");
}
END_TEST

#endif
