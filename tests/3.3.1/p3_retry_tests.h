/* p3_retry_tests.h: attempts and pauses, for check_p3_exception_handling.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P3_RETRY_TESTS_H
#define P3_RETRY_TESTS_H

#include <limits.h>

#include "p3_scenario.h"

/* What is attempted: each attempt takes work_ms; the last code of codes[] stays. */
struct attempts {
    struct world *w;
    struct actor how;
    int codes[4]; /* of the first attempts; 0 behind the last one */
    int made;     /* so far */
    int jitter;   /* what on_jitter() returns */
    int asked;    /* calls of on_retryable() */
    bool no_memory;
};

static struct call *on_attempt(void *arg)
{
    struct attempts *a = arg;
    struct actor frame = a->how;

    if (a->no_memory)
        return NULL;
    for (int i = 0; i < 4 && i <= a->made && a->codes[i] != 0; i++)
        frame.result = a->codes[i];
    a->made++;
    note(a->w, "attempt %d", a->made);
    return call_start(a->w->calls, copy_of(&frame, sizeof(frame)), actor, actor_release);
}

static int on_jitter(int delay_ms, void *arg)
{
    struct attempts *a = arg;
    trace("jitter(%d) = %d", delay_ms, a->jitter);
    return a->jitter;
}

static bool on_retryable(int code, void *arg)
{
    struct attempts *a = arg;
    a->asked++;
    return code != -ENOENT;
}

static void begin_attempts(struct world *w, struct attempts *a)
{
    begin(w);
    a->w = w;
    a->how.name = "attempt";
}

/* The struct is a copy that is gone when the call has returned. */
static struct call *start_retry(struct attempts *a, struct retry r)
{
    r.attempt = on_attempt;
    r.arg = a;
    struct call *c = retry_start(a->w->calls, &r);
    if (c == NULL && !a->w->quiet)
        fail_test("retry_start() returned NULL: is it written yet? TODO(6)");
    memset(&r, 0, sizeof(r));
    return c;
}

static void end_attempts(struct attempts *a, struct call *c)
{
    call_free(c);
    calls_free(a->w->calls);
}

START_TEST(pauses_double_up_to_the_most)
{
    struct world w;
    struct attempts a = {.how.work_ms = 10, .codes = {-EIO, -EAGAIN, -EPIPE, -EPROTO}};
    begin_attempts(&w, &a);
    struct call *c = start_retry(&a, (struct retry){.attempts = 6, .base_ms = 100, .max_ms = 500});

    run_all(&w);
    expect_trace("0.000  attempt 1\n0.110  attempt 2\n0.320  attempt 3\n0.730  attempt 4\n"
                 "1.240  attempt 5\n1.750  attempt 6\n");
    expect_now("six attempts of 10 ms, with pauses of 100, 200, 400, 500, 500 ms", 1760);
    expect_error(c, "all attempts failed", -EPROTO, "-EPROTO retry (because -EPROTO attempt)");
    end_attempts(&a, c);
    expect_trace("");
}
END_TEST

START_TEST(stops_when_one_goes_well)
{
    struct world w;
    struct attempts a = {.codes = {-EIO, -EAGAIN, 42}};
    begin_attempts(&w, &a);
    struct call *c = start_retry(&a, (struct retry){.attempts = 9, .base_ms = 100, .max_ms = 1000});

    trace("started");
    run_all(&w);
    expect_trace_in_order("0.000  started\n0.000  attempt 1\n0.100  attempt 2\n"
                          "0.300  attempt 3\n");
    if (w.reports != 0)
        fail_test("an attempt that failed was reported, though another one was made");
    expect_error(c, "two attempts failed, the third one went well", 42, "no error");
    end_attempts(&a, c);
    expect_trace("");
}
END_TEST

START_TEST(stops_when_it_is_not_worth_it)
{
    struct world w;
    struct attempts a = {.codes = {-EIO, -ENOENT, 42}};
    begin_attempts(&w, &a);
    struct call *c = start_retry(
        &a,
        (struct retry){.attempts = 9, .base_ms = 100, .max_ms = 1000, .retryable = on_retryable});

    run_all(&w);
    expect_trace("0.000  attempt 1\n0.100  attempt 2\n");
    expect_error(c, "the second attempt failed of -ENOENT, which is not retryable", -ENOENT,
                 "-ENOENT retry (because -ENOENT attempt)");
    end_attempts(&a, c);
}
END_TEST

START_TEST(one_attempt_or_none)
{
    struct world w;
    struct attempts a = {.how.plain = true, .codes = {-EIO}}, none = {.no_memory = true};
    begin_attempts(&w, &a);
    none.w = &w;
    const struct retry r = {.base_ms = 100, .max_ms = 1000};
    struct call *c[4];

    for (int i = 0; i < 3; i++) {
        struct retry few = r;
        few.attempts = i - 1;
        c[i] = start_retry(&a, few);
    }
    c[3] = start_retry(&none, (struct retry){.attempts = 5, .base_ms = 100, .max_ms = 1000});
    run_all(&w);
    expect_trace("0.000  attempt 1\n");
    expect_error(c[0], "-1 attempts", -EINVAL, "-EINVAL retry");
    expect_error(c[1], "0 attempts", -EINVAL, "-EINVAL retry");
    expect_error(c[2], "1 attempt", -EIO, "-EIO retry (because -EIO actor)");
    expect_error(c[3], "attempt() returned NULL", -ENOMEM, "-ENOMEM retry");
    expect_now("nothing to pause for", 0);
    for (int i = 0; i < 3; i++)
        call_free(c[i]);
    end_attempts(&none, c[3]);
}
END_TEST

/* Four attempts with this jitter; when the second and those after it come. */
static void expect_jitter(int jitter, int second, int third, int fourth)
{
    char expected[400];
    struct world w;
    struct attempts a = {.codes = {-EIO}, .jitter = jitter};
    begin_attempts(&w, &a);
    int start = now_ms();

    trace("base_ms 100, max_ms 250");
    struct call *c = start_retry(
        &a, (struct retry){.attempts = 4, .base_ms = 100, .max_ms = 250, .jitter = on_jitter});
    run_all(&w);
    snprintf(expected, sizeof(expected),
             "%.3f  base_ms 100, max_ms 250\n%.3f  attempt 1\n%.3f  jitter(100) = %d\n"
             "%.3f  attempt 2\n%.3f  jitter(200) = %d\n%.3f  attempt 3\n"
             "%.3f  jitter(250) = %d\n%.3f  attempt 4\n",
             start / 1000.0, start / 1000.0, start / 1000.0, jitter, (start + second) / 1000.0,
             (start + second) / 1000.0, jitter, (start + third) / 1000.0, (start + third) / 1000.0,
             jitter, (start + fourth) / 1000.0);
    expect_trace_in_order(expected);
    (void)call_error(c);
    end_attempts(&a, c);
}

START_TEST(jitter_is_added_within_the_bounds)
{
    expect_jitter(0, 100, 300, 550);
    expect_jitter(30, 130, 360, 610);
    expect_jitter(-30, 70, 240, 460);
    expect_jitter(80, 180, 430, 680); /* 200 + 80, but at most 250 */
    expect_jitter(-150, 0, 50, 150);  /* 100 - 150, but at least 0 */
    expect_jitter(INT_MAX, 250, 500, 750);
    expect_jitter(INT_MIN, 0, 0, 0);
}
END_TEST

START_TEST(no_pause_at_all)
{
    struct world w;
    struct attempts a = {.codes = {-EIO, -EIO, -EIO, 42}};
    begin_attempts(&w, &a);
    struct call *c = start_retry(&a, (struct retry){.attempts = 9, .base_ms = 0, .max_ms = 100});

    run_all(&w);
    expect_trace("0.000  attempt 1\n0.000  attempt 2\n0.000  attempt 3\n0.000  attempt 4\n");
    expect_error(c, "the fourth attempt went well, at once", 42, "no error");
    end_attempts(&a, c);
}
END_TEST

START_TEST(a_hundred_attempts)
{
    struct world w;
    struct attempts a = {.codes = {-EIO}};
    begin_attempts(&w, &a);
    w.quiet = true;
    struct call *c = start_retry(&a, (struct retry){.attempts = 102, .base_ms = 1, .max_ms = 5});

    run_all(&w);
    if (a.made != 102)
        fail_test("attempts that were made\nexpected  102\ngot       %d", a.made);
    expect_now("102 attempts, with pauses of 1, 2, 4 and 98 times 5 ms", 497);
    (void)call_error(c);
    end_attempts(&a, c);

    struct attempts far = {.codes = {-EIO}};
    begin_attempts(&w, &far);
    w.quiet = true;
    c = start_retry(&far, (struct retry){.attempts = 2, .base_ms = INT_MAX, .max_ms = INT_MAX});
    run_loop_for(1000);
    end_attempts(&far, c);
}
END_TEST

/* Cancelled in a pause: at once. In an attempt: that one is cancelled and awaited. */
START_TEST(cancelled_in_a_pause_or_an_attempt)
{
    static const int moments[] = {5, 60, 115, 250};
    static const int cleaned[] = {100, 0, 100, 0};

    for (int i = 0; i < 4; i++) {
        char what[80];
        struct world w;
        struct attempts a = {.how = {.work_ms = 10, .cleanup_ms = 100}, .codes = {-EIO}};
        begin_attempts(&w, &a);
        w.quiet = true;
        int end = now_ms() + moments[i] + cleaned[i];
        struct call *c =
            start_retry(&a, (struct retry){.attempts = 5, .base_ms = 100, .max_ms = 1000});
        at(moments[i], on_cancel, c);
        run_all(&w);
        snprintf(what, sizeof(what), "a retry that is cancelled after %d ms, in %s", moments[i],
                 cleaned[i] > 0 ? "an attempt" : "a pause");
        expect_result(c, what, -ECANCELED);
        expect_now(what, end);
        if (w.running != 0)
            fail_test("%s: the attempt still runs", what);
        end_attempts(&a, c);
    }
}
END_TEST

START_TEST(retry_freed_at_every_moment)
{
    for (int ms = 5; ms < 400; ms += 10) {
        struct world w;
        struct attempts a = {.how = {.work_ms = 10}, .codes = {-EIO}};
        begin_attempts(&w, &a);
        w.quiet = true;
        struct call *c =
            start_retry(&a, (struct retry){.attempts = 9, .base_ms = 100, .max_ms = 1000});
        run_loop_for(ms);
        call_free(c);
        if (w.running != 0)
            fail_test("a retry was freed after %d ms\n"
                      "expected  its attempt was freed with it\ngot       it still waits",
                      ms);
        run_all(&w);
        calls_free(w.calls);
    }
}
END_TEST

static void retry_without_memory(void *arg)
{
    struct world w = {.quiet = true};
    struct attempts a = {.w = &w, .codes = {-EIO, -EIO, 42}};
    (void)arg;
    w.calls = calls_new(test_base(), on_unhandled, &w);
    struct call *c = NULL;
    if (w.calls != NULL)
        c = start_retry(&a, (struct retry){.attempts = 5, .base_ms = 100, .max_ms = 1000});
    if (c != NULL) {
        run_all(&w);
        if (call_result(c) != 42 && call_result(c) != -ENOMEM)
            fail_test("memory ran out in a retry\nexpected  42, or -ENOMEM\ngot       %s",
                      result_text(call_result(c)));
        (void)call_error(c);
    }
    call_free(c);
    calls_free(w.calls);
}

START_TEST(retry_where_memory_runs_out)
{
    struct world w;
    struct attempts a = {.codes = {42}};
    begin_attempts(&w, &a);
    struct call *c = start_retry(&a, (struct retry){.attempts = 1}); /* it is written */
    run_all(&w);
    end_attempts(&a, c);
    each_allocation_fails(retry_without_memory, NULL);
}
END_TEST

#endif
