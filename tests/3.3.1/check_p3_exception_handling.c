/* check_p3_exception_handling.c: the suite of p3_exception_handling
 *
 * It sees p3_exception_handling.h only, and writes its own calls with it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "p3_cleanup_tests.h"
#include "p3_error_tests.h"
#include "p3_group_tests.h"
#include "p3_orphan_tests.h"
#include "p3_retry_tests.h"

/* ---- errors of event callbacks ---- */

/* Waits until an event callback throws into it. */
struct reader {
    struct call call;
    enum { RETURNS, RETURNS_ANOTHER, FAILS, GOES_ON } does; /* with t->wake */
    bool has_cause;                                         /* fails with a cause of its own */
    bool closes;                                            /* has a cleanup, which fails */
    struct call_exit closing;                               /* for that */
};

static int close_reader(void *arg)
{
    (void)arg;
    return -ENOSPC;
}

static void reader(struct task *t)
{
    struct reader *f = t->frame;

    TASK_BEGIN(t);
    if (f->closes)
        call_on_exit(&f->call, &f->closing, close_reader, NULL);
    TASK_SUSPEND(t);
    if (f->does == FAILS)
        TASK_RETURN(
            t, call_fail(&f->call, -EIO, "read", f->has_cause ? aerr_new(-ENOENT, "open") : NULL));
    if (f->does == RETURNS)
        TASK_RETURN(t, t->wake);
    if (f->does == RETURNS_ANOTHER)
        TASK_RETURN(t, -EBADMSG);
    TASK_SLEEP(t, 100); /* it has dealt with it */
    TASK_RETURN(t, call_fail(&f->call, -EPROTO, "parse", NULL));
    TASK_END(t);
}

static void reader_release(void *frame)
{
    free(frame);
}

/* What an event callback does. */
static void on_reset(evutil_socket_t fd, short what, void *arg)
{
    struct call *c = arg;
    (void)fd, (void)what;
    if (!call_throw(c, -ECONNRESET, "on_reset"))
        fail_test("call_throw() returned false for a call in TASK_SUSPEND: "
                  "is it written yet? TODO(4)");
    if (call_throw(c, -EPIPE, "again"))
        fail_test("call_throw() for a call that was thrown into just now\n"
                  "expected  false\ngot       true");
}

START_TEST(thrown_error_is_the_error)
{
    struct world w;
    begin(&w);
    struct call *c = START(&w, reader, .does = RETURNS);
    struct call *other = START(&w, actor, .name = "A", .work_ms = 100, .counts = 3, .result = 7);

    at(150, on_reset, c);
    run_all(&w);
    expect_trace("0.000  A: 0\n0.100  A: 1\n0.200  A: 2\n");
    expect_result(other, "a call that has nothing to do with the error of another one", 7);
    expect_error(c, "a call that was thrown into, and returned t->wake", -ECONNRESET,
                 "-ECONNRESET on_reset");
    call_free(c);
    call_free(other);
    calls_free(w.calls);
}
END_TEST

START_TEST(thrown_error_is_the_cause)
{
    struct world w;
    begin(&w);
    struct call *fails = START(&w, reader, .does = FAILS);
    struct call *another = START(&w, reader, .does = RETURNS_ANOTHER);
    struct call *goes_on = START(&w, reader, .does = GOES_ON);

    at(100, on_reset, another);
    at(100, on_reset, fails);
    at(100, on_reset, goes_on);
    run_all(&w);
    expect_error(fails, "a call that was thrown into, and failed with call_fail(..., NULL)", -EIO,
                 "-EIO read (because -ECONNRESET on_reset)");
    expect_error(another, "a call that was thrown into, and returned another number", -EBADMSG,
                 "-EBADMSG reader (because -ECONNRESET on_reset)");
    expect_error(goes_on, "a call that was thrown into, waited again, and failed later", -EPROTO,
                 "-EPROTO parse");
    call_free(fails);
    call_free(another);
    call_free(goes_on);
    calls_free(w.calls);
}
END_TEST

/* A cause of its own stays, and a cleanup has none. */
START_TEST(thrown_error_is_no_other_cause)
{
    struct world w;
    begin(&w);
    struct call *own = START(&w, reader, .does = FAILS, .has_cause = true, .closes = true);
    struct call *fails = START(&w, reader, .does = FAILS, .closes = true);
    struct call *returns = START(&w, reader, .does = RETURNS, .closes = true);

    at(100, on_reset, own);
    at(100, on_reset, fails);
    at(100, on_reset, returns);
    run_all(&w);
    expect_error(own, "thrown into, failed with a cause of its own, and so did its cleanup", -EIO,
                 "-EIO read (because -ENOENT open), beside -ENOSPC close_reader");
    expect_error(fails, "thrown into, failed without a cause, and so did its cleanup", -EIO,
                 "-EIO read (because -ECONNRESET on_reset), beside -ENOSPC close_reader");
    expect_error(returns, "thrown into, returned t->wake, and its cleanup failed", -ECONNRESET,
                 "-ECONNRESET on_reset, beside -ENOSPC close_reader");
    call_free(own);
    call_free(fails);
    call_free(returns);
    calls_free(w.calls);
}
END_TEST

/* Throws into a call that is not in TASK_SUSPEND. */
static void throw_in_vain(struct call *c, const char *why)
{
    if (call_throw(c, -EPIPE, "in_vain"))
        fail_test("call_throw() for a call that %s\nexpected  false\ngot       true", why);
}

START_TEST(thrown_into_what_does_not_wait_for_it)
{
    struct world w;
    begin(&w);
    struct call *c = START(&w, reader, .does = RETURNS);
    struct call *sleeper = START(&w, actor, .work_ms = 100, .result = -EPIPE, .plain = true);

    throw_in_vain(c, "has not begun");
    run_loop_for(50);
    throw_in_vain(sleeper, "sleeps");
    on_reset(-1, EV_TIMEOUT, c);
    task_cancel(c->task); /* in the same turn: the request is not lost */
    throw_in_vain(c, "was cancelled");
    run_all(&w);
    throw_in_vain(c, "has ended");
    expect_error(c, "thrown into, and cancelled before it went on", -ECANCELED,
                 "-ECANCELED reader");
    expect_error(sleeper, "thrown into in vain", -EPIPE, "-EPIPE actor");
    call_free(c);
    call_free(sleeper);
    calls_free(w.calls);
}
END_TEST

static void throw_without_memory(void *arg)
{
    struct world w = {.quiet = true};
    w.calls = calls_new(test_base(), on_unhandled, &w);
    struct call *c = w.calls != NULL ? START(&w, reader, .does = FAILS) : NULL;
    (void)arg;
    if (c != NULL) {
        run_loop_for(50);
        on_reset(-1, EV_TIMEOUT, c);
        run_all(&w);
        const struct aerr *e = call_error(c);
        if (e == NULL || e->code != -EIO || call_result(c) != -EIO)
            fail_test("memory ran out when a call was thrown into, and failed\n"
                      "expected  -EIO read\ngot       %s",
                      error_text(e));
    }
    call_free(c);
    calls_free(w.calls);
}

START_TEST(thrown_without_memory)
{
    each_allocation_fails(throw_without_memory, NULL);
}
END_TEST

/* ---- -ECANCELED ---- */

START_TEST(cancel_is_not_retried)
{
    struct world w;
    struct attempts a = {.how.plain = true, .codes = {-ECANCELED}};
    begin_attempts(&w, &a);
    w.tells = true;
    struct call *c = start_retry(
        &a,
        (struct retry){.attempts = 5, .base_ms = 100, .max_ms = 1000, .retryable = on_retryable});

    run_all(&w);
    expect_trace("0.000  attempt 1\n");
    expect_result(c, "a retry whose attempt was cancelled", -ECANCELED);
    if (a.asked != 0)
        fail_test("an attempt was cancelled: retryable() is not to be asked");
    end_attempts(&a, c);
    expect_trace("");
}
END_TEST

/* Its task returned 0, but it failed of -ECANCELED. */
START_TEST(cancel_by_call_fail_is_not_retried)
{
    struct world w;
    struct attempts a = {.how.hides = true, .codes = {-ECANCELED}};
    begin_attempts(&w, &a);
    struct call *c = start_retry(&a, (struct retry){.attempts = 5, .base_ms = 100, .max_ms = 1000});

    run_all(&w);
    expect_trace("0.000  attempt 1\n");
    expect_result(c, "a retry whose attempt failed of -ECANCELED, and returned 0", -ECANCELED);
    end_attempts(&a, c);
}
END_TEST

/* The attempt had failed already when the request came, which is not lost all the same. */
START_TEST(cancel_of_a_failing_attempt_is_not_retried)
{
    struct world w;
    struct attempts a = {.how = {.notes = -EIO, .work_ms = 100}};
    begin_attempts(&w, &a);
    struct call *c = start_retry(&a, (struct retry){.attempts = 5, .base_ms = 100, .max_ms = 1000});

    at(50, on_cancel, c);
    run_all(&w);
    expect_trace("0.000  attempt 1\n0.050  cancel\n0.050  attempt cancelled\n"
                 "0.050  attempt cleaned\n");
    expect_error(c, "a retry, cancelled in an attempt that had noted -EIO", -EIO,
                 "-EIO retry (because -EIO attempt)");
    end_attempts(&a, c);
}
END_TEST

/* Neither a call nor a group; but what failed in a cleanup is. */
START_TEST(cancel_is_not_reported)
{
    struct world w;
    begin(&w);
    w.tells = true;
    struct actor a = {.work_ms = 500, .name = "A"};
    struct call *alone = START(&w, actor, .work_ms = 500, .name = "B");
    struct call *closes = START(&w, opener, .codes = {-ENOSPC});
    struct group *g = group_new(w.calls);
    if (g == NULL)
        fail_test("group_new() returned NULL: is it written yet? TODO(5)");

    group_spawn(g, copy_of(&a, sizeof(a)), actor, actor_release);
    run_loop_for(50);
    w.quiet = true;
    group_fail(g, -ECANCELED, "test", NULL);
    task_cancel(alone->task);
    task_cancel(closes->task);
    run_all(&w);
    expect_result(closes, "a call that was cancelled, and a cleanup failed", -ECANCELED);
    group_free(g);
    call_free(alone);
    expect_trace("");
    call_free(closes);
    calls_free(w.calls);
    expect_trace("0.050  unhandled: -ENOSPC close_a\n");
}
END_TEST

/* A call of a group that ended cancelled stops nobody; what its cleanup failed of does. */
START_TEST(cancel_is_no_failure_of_a_group)
{
    struct world w;
    begin(&w);
    struct call *c = START(
        &w, parent, .n = 2,
        .actors = {{.name = "A", .work_ms = 300, .result = 7}, {.name = "B", .work_ms = 900}});

    run_loop_for(100);
    task_cancel(((struct parent *)c)->started[1]->task);
    run_all(&w);
    expect_trace("0.100  B cancelled\n0.100  B cleaned\n0.300  wake 0, no error\n");
    call_free(c);

    c = START(&w, parent, .n = 1, .actors = {{.name = "A", .work_ms = 900}});
    run_loop_for(100);
    const struct opener closing = {.codes = {-ENOSPC}};
    struct group *g = ((struct parent *)c)->group;
    void *frame = copy_of(&closing, sizeof(closing));
    group_spawn(g, frame, opener, opener_release);
    at(50, on_cancel, frame);
    run_all(&w);
    expect_trace("0.450  cancel\n0.450  close a\n0.450  A cancelled\n0.450  A cleaned\n"
                 "0.450  wake 0, -ENOSPC close_a\n");
    call_free(c);
    calls_free(w.calls);
}
END_TEST

/* By what failed before, or at the same moment: the parent learns of both. */
START_TEST(cancel_is_not_swallowed)
{
    struct world w;
    begin(&w);
    struct call *c = START(&w, parent, .n = 2,
                           .actors = {{.name = "A", .work_ms = 900, .cleanup_ms = 200},
                                      {.name = "B", .work_ms = 100, .result = -EIO}});
    at(200, on_cancel, c);
    run_all(&w);
    expect_trace("0.100  A cancelled\n0.200  cancel\n0.300  A cleaned\n"
                 "0.300  wake -ECANCELED, -EIO B\n");
    call_free(c);

    c = START(&w, parent, .n = 1, .actors = {{.name = "A", .work_ms = 900}});
    struct parent *f = (struct parent *)c;
    run_loop_for(100); /* now as if the last call ended and the parent were cancelled in one turn */
    w.quiet = true;
    task_cancel(f->started[0]->task);
    for (int i = 0; i < 3 && !task_done(f->started[0]->task); i++)
        event_base_loop(test_base(), EVLOOP_ONCE);
    task_cancel(c->task);
    run_all(&w);
    expect_result(c, "a parent that was cancelled when the last call had just ended", -ECANCELED);
    call_free(c);
    calls_free(w.calls);
}
END_TEST

Suite *exercise_suite(void)
{
    Suite *s = suite_create("p3_exception_handling");
    behaviour(s, "[2] an error travels through awaits with its causes",
              "who awaits a call learns how it ended, and says why it fails itself (3.3.1, \"async "
              "and await\")",
              error_travels_through_four_awaits, result_without_call_fail,
              first_error_stays_the_first, first_error_and_another_number, no_error_before_the_end,
              errors_without_memory);
    behaviour(s, "[2] cleanups run once, in reverse, however a call ends",
              "a wait may be the last thing that a coroutine does: its end is not always its last "
              "line (3.3.1, \"Suspension points and resumption\")",
              cleanups_run_at_the_end, cancelled_in_each_wait, freed_or_closed_in_each_wait,
              cleanup_of_one_that_never_began, cleanups_come_before_who_awaits,
              cleanup_registers_another_one);
    behaviour(s, "[2] the error of a cleanup stands beside the first one",
              "what failed first is what went wrong; the rest is added to it (3.3.1, \"async and "
              "await\")",
              cleanup_error_stands_beside_the_first, cleanup_error_of_a_call_that_was_well,
              cleanup_error_of_a_cancelled_call, cleanup_error_without_memory);
    behaviour(s, "[2] an error that nobody has asked for is reported, once",
              "who starts a call owns its end as well (3.3.1, \"Coroutines\")",
              unhandled_is_reported_once, handled_is_not_reported, asked_too_early,
              cancelled_and_a_cleanup_failed, reported_after_the_calls_were_closed);
    behaviour(s, "[2] an error in an event callback fails one call, and the loop goes on",
              "a callback has no caller to tell: it wakes the task that waits (3.3.1, \"Event "
              "handling\")",
              thrown_error_is_the_error, thrown_error_is_the_cause, thrown_error_is_no_other_cause,
              thrown_into_what_does_not_wait_for_it, thrown_without_memory);
    behaviour(s, "[3] a group cancels and awaits the others when one fails, and has all errors",
              "cancelling is a request: await its answer (3.3.1, \"Task scheduling\")",
              first_failure_cancels_and_awaits_the_others, all_go_well,
              errors_stand_beside_each_other, two_fail_in_the_same_turn, block_fails,
              parent_is_woken_with_an_error, call_fails_while_the_block_goes_on,
              a_call_that_has_not_begun_never_does, a_call_of_the_group_starts_another_one,
              group_errors_that_nobody_asks_for, group_errors_that_come_late,
              group_freed_where_a_cleanup_fails, cleanup_spawns_while_the_group_is_freed,
              block_is_cancelled_with_a_cause, group_where_memory_runs_out);
    behaviour(s, "[2] a cancelled parent ends after all calls of its group",
              "who starts a call does not leave it behind (3.3.1, \"Task scheduling\")",
              children_end_before_their_parent, cancelled_at_every_moment,
              cancelled_when_something_ends, cancelled_too_early_and_too_late, cancelled_twice,
              cancelled_with_a_group_in_the_group, freed_or_closed_at_every_moment);
    behaviour(s, "[3] retry pauses longer each time and stops when it should",
              "a pause is a wait like any other: it can be cut short (3.3.1, \"Suspension points "
              "and resumption\")",
              stops_when_one_goes_well, pauses_double_up_to_the_most, stops_when_it_is_not_worth_it,
              one_attempt_or_none, jitter_is_added_within_the_bounds, no_pause_at_all,
              a_hundred_attempts, cancelled_in_a_pause_or_an_attempt, retry_freed_at_every_moment,
              retry_where_memory_runs_out);
    behaviour(s, "[2] -ECANCELED is not retried, reported, masked or swallowed",
              "a cancellation is no failure, but the answer to a request (3.3.1, \"Suspension "
              "points and resumption\")",
              cancel_is_not_retried, cancel_by_call_fail_is_not_retried,
              cancel_of_a_failing_attempt_is_not_retried, cancel_is_not_reported,
              cancel_is_no_failure_of_a_group, cancel_is_not_swallowed);
    return s;
}
