/* p3_cleanup_tests.h: what runs when a call ends, for check_p3_exception_handling.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P3_CLEANUP_TESTS_H
#define P3_CLEANUP_TESTS_H

#include "p3_scenario.h"

/* Opens a, waits 100 ms, opens b, waits, opens c, waits: each is to be closed. */
struct opener {
    struct call call;
    int result;   /* 0 or more, or the code that it fails with */
    int codes[3]; /* what closing a, b, c returns */
    struct call_exit exits[3];
};

static int close_one(struct opener *f, int i)
{
    struct world *w = f->call.calls->arg;
    w->closes++;
    note(w, "close %c", "abc"[i]);
    return f->codes[i];
}

static int close_a(void *arg)
{
    return close_one(arg, 0);
}

static int close_b(void *arg)
{
    return close_one(arg, 1);
}

static int close_c(void *arg)
{
    return close_one(arg, 2);
}

static void opener(struct task *t)
{
    struct opener *f = t->frame;

    TASK_BEGIN(t);
    call_on_exit(&f->call, &f->exits[0], close_a, f);
    TASK_SLEEP(t, 100);
    if (t->wake != 0)
        TASK_RETURN(t, t->wake);
    call_on_exit(&f->call, &f->exits[1], close_b, f);
    TASK_SLEEP(t, 100);
    if (t->wake != 0)
        TASK_RETURN(t, t->wake);
    call_on_exit(&f->call, &f->exits[2], close_c, f);
    TASK_SLEEP(t, 100);
    if (t->wake != 0)
        TASK_RETURN(t, t->wake);
    TASK_RETURN(t, f->result < 0 ? call_fail(&f->call, f->result, "work", NULL) : f->result);
    TASK_END(t);
}

static void opener_release(void *frame)
{
    free(frame);
}

static void expect_cleanups(const struct world *w, const struct call *c)
{
    if (w->closes == 0 && call_result(c) != -ENOSYS)
        fail_test("a call with cleanups has ended, and none has run: "
                  "is call_on_exit() written yet? TODO(2)");
}

/* ---- once, in reverse ---- */

START_TEST(cleanups_run_at_the_end)
{
    struct world w;
    begin(&w);
    struct call *well = START(&w, opener, .result = 7);

    run_all(&w);
    expect_cleanups(&w, well);
    expect_result(well, "a call with three cleanups", 7);
    call_free(well);
    trace("freed");
    struct call *ill = START(&w, opener, .result = -EIO);
    run_all(&w);
    expect_error(ill, "a call with three cleanups", -EIO, "-EIO work");
    call_free(ill);
    calls_free(w.calls);
    expect_trace_in_order("0.300  close c\n0.300  close b\n0.300  close a\n0.300  freed\n"
                          "0.600  close c\n0.600  close b\n0.600  close a\n");
}
END_TEST

/* Ends an opener in its k-th wait; expects the lines `closed` behind that of its end. */
static void end_half_way(struct world *w, const char *word, event_callback_fn end, int k)
{
    static const char *const closes[] = {"a", "b", "c"};
    char expected[200];
    struct call *c = START(w, opener, .result = 7);
    int when = 50 + 100 * k;
    size_t used = (size_t)snprintf(expected, sizeof(expected), "%.3f  %s\n",
                                   (now_ms() + when) / 1000.0, word);

    for (int i = k; i >= 0; i--)
        used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%.3f  close %s\n",
                                 (now_ms() + when) / 1000.0, closes[i]);
    at(when, end, c);
    run_all(w);
    if (end != on_free)
        expect_result(c, "a call that was ended half-way", -ECANCELED);
    if (end != on_free)
        call_free(c);
    expect_trace_in_order(expected);
}

START_TEST(cancelled_in_each_wait)
{
    struct world w;
    begin(&w);
    for (int k = 0; k < 3; k++)
        end_half_way(&w, "cancel", on_cancel, k);
    calls_free(w.calls);
}
END_TEST

START_TEST(freed_or_closed_in_each_wait)
{
    struct world w;
    begin(&w);
    for (int k = 0; k < 3; k++)
        end_half_way(&w, "free", on_free, k);
    calls_free(w.calls);
    for (int k = 0; k < 3; k++) {
        begin(&w);
        end_half_way(&w, "close", on_close, k);
        calls_free(w.calls);
    }
}
END_TEST

/* One that has not begun may have a cleanup already, of whoever started it. */
START_TEST(cleanup_of_one_that_never_began)
{
    struct world w;
    begin(&w);
    struct call *c[2];

    for (int i = 0; i < 2; i++) {
        c[i] = START(&w, opener, .result = 7);
        call_on_exit(c[i], &((struct opener *)c[i])->exits[2], close_c, c[i]);
    }
    task_cancel(c[0]->task);
    call_free(c[1]);
    trace("freed");
    run_all(&w);
    expect_result(c[0], "a call that was cancelled before it began", -ECANCELED);
    call_free(c[0]);
    calls_free(w.calls);
    expect_trace_in_order("0.000  close c\n0.000  freed\n0.000  close c\n");
}
END_TEST

static int close_c_and_register_b(void *arg)
{
    struct opener *f = arg;
    call_on_exit(&f->call, &f->exits[1], close_b, f);
    return close_one(f, 2);
}

START_TEST(cleanup_registers_another_one)
{
    struct world w;
    begin(&w);
    struct call *c = START(&w, opener, .result = 7);
    struct opener *f = (struct opener *)c;

    call_on_exit(c, &f->exits[0], close_a, f);
    call_on_exit(c, &f->exits[2], close_c_and_register_b, f);
    task_cancel(c->task);
    run_all(&w);
    expect_cleanups(&w, c);
    call_free(c);
    calls_free(w.calls);
    expect_trace_in_order("0.000  close c\n0.000  close b\n0.000  close a\n");
}
END_TEST

/* Awaits an opener. */
struct waiter {
    struct call call;
    struct call *awaited; /* borrowed */
};

static void waiter(struct task *t)
{
    struct waiter *f = t->frame;

    TASK_BEGIN(t);
    TASK_AWAIT(t, f->awaited->task);
    trace("awaited: %d", call_result(f->awaited));
    TASK_END(t);
}

static void waiter_release(void *frame)
{
    free(frame);
}

START_TEST(cleanups_come_before_who_awaits)
{
    struct world w;
    begin(&w);
    struct call *c = START(&w, opener, .result = 7);
    struct call *waits = START(&w, waiter, .awaited = c);

    run_all(&w);
    expect_result(waits, "a call that awaits another one", 0);
    call_free(c);
    call_free(waits);
    calls_free(w.calls);
    expect_trace_in_order("0.300  close c\n0.300  close b\n0.300  close a\n"
                          "0.300  awaited: 7\n");
}
END_TEST

/* ---- a cleanup that fails ---- */

/* Runs an opener to its end, or cancels it after `cancel_ms`; a, b, c fail with codes[]. */
static void expect_failing_cleanups(int result, const int codes[3], int cancel_ms, int code,
                                    const char *expected)
{
    struct world w;
    begin(&w);
    w.quiet = true;
    struct call *c = START(&w, opener, .result = result, .codes = {codes[0], codes[1], codes[2]});

    if (cancel_ms > 0)
        at(cancel_ms, on_cancel, c);
    run_all(&w);
    if (cancel_ms == 0)
        expect_cleanups(&w, c);
    expect_error(c,
                 cancel_ms > 0 ? "cancelled, and a cleanup failed as well"
                 : result < 0  ? "the work failed, and then a cleanup as well"
                               : "the work went well, and then a cleanup failed",
                 code, expected);
    call_free(c);
    calls_free(w.calls);
}

START_TEST(cleanup_error_stands_beside_the_first)
{
    expect_failing_cleanups(-EIO, (int[]){0, -ENOSPC, 0}, 0, -EIO,
                            "-EIO work, beside -ENOSPC close_b");
    expect_failing_cleanups(-EIO, (int[]){-EPIPE, 1, -ENOSPC}, 0, -EIO,
                            "-EIO work, beside -ENOSPC close_c, beside -EPIPE close_a");
}
END_TEST

START_TEST(cleanup_error_of_a_call_that_was_well)
{
    expect_failing_cleanups(7, (int[]){0, 0, 5}, 0, 7, "no error");
    expect_failing_cleanups(7, (int[]){-ENOSPC, 0, 0}, 0, -ENOSPC, "-ENOSPC close_a");
    expect_failing_cleanups(7, (int[]){-ENOSPC, -EIO, -EPIPE}, 0, -EPIPE,
                            "-EPIPE close_c, beside -EIO close_b, beside -ENOSPC close_a");
}
END_TEST

START_TEST(cleanup_error_of_a_cancelled_call)
{
    expect_failing_cleanups(7, (int[]){-ENOSPC, 0, 0}, 50, -ECANCELED,
                            "-ECANCELED opener, beside -ENOSPC close_a");
    expect_failing_cleanups(7, (int[]){0, -EIO, 0}, 150, -ECANCELED,
                            "-ECANCELED opener, beside -EIO close_b");
}
END_TEST

static void cleanups_without_memory(void *arg)
{
    struct world w = {.quiet = true};
    w.calls = calls_new(test_base(), on_unhandled, &w);
    struct call *c =
        w.calls != NULL ? START(&w, opener, .result = -EIO, .codes = {-ENOSPC, 0, 0}) : NULL;
    (void)arg;
    run_loop();
    const char *text = c != NULL ? error_text(call_error(c)) : "-EIO work";
    if (strcmp(text, "-EIO work") != 0 && strcmp(text, "-EIO work, beside -ENOSPC close_a") != 0)
        fail_test("no memory for the error of a cleanup\n"
                  "expected  -EIO work\ngot       %s",
                  text);
    call_free(c);
    calls_free(w.calls);
}

START_TEST(cleanup_error_without_memory)
{
    expect_failing_cleanups(-EIO, (int[]){-ENOSPC, 0, 0}, 0, -EIO,
                            "-EIO work, beside -ENOSPC close_a");
    each_allocation_fails(cleanups_without_memory, NULL);
}
END_TEST

#endif
