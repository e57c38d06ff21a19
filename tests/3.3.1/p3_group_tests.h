/* p3_group_tests.h: groups that end well or fail, for check_p3_exception_handling.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P3_GROUP_TESTS_H
#define P3_GROUP_TESTS_H

#include "p3_cleanup_tests.h"
#include "p3_parent.h"

/* A call that comes too late. */
struct late {
    struct call call;
    int *releases;
};

static void late(struct task *t)
{
    (void)t;
    fail_test("a call that group_spawn() has refused was started all the same");
}

static void late_release(void *frame)
{
    struct late *f = frame;
    ++*f->releases;
    free(f);
}

static void expect_refused(struct group *g, const char *when)
{
    int releases = 0;
    int code = group_spawn(g, copy_of(&(struct late){.releases = &releases}, sizeof(struct late)),
                           late, late_release);
    if (code != -ECANCELED || releases != 1)
        fail_test("group_spawn() %s\nexpected  -ECANCELED, and the frame is released once\n"
                  "got       %s, and %d calls of release",
                  when, result_text(code), releases);
    code = group_spawn(g, NULL, late, late_release);
    if (code != -ECANCELED || releases != 1)
        fail_test("group_spawn(), with a frame of NULL, %s\nexpected  -ECANCELED, and no release\n"
                  "got       %s, and %d calls of release",
                  when, result_text(code), releases - 1);
}

/* The lines and times of the first four are CPython's. */
START_TEST(first_failure_cancels_and_awaits_the_others)
{
    struct world w;
    begin(&w);
    struct call *c = START(&w, parent, .n = 2,
                           .actors = {{.name = "A", .work_ms = 500, .counts = 4, .cleanup_ms = 100},
                                      {.name = "boom", .work_ms = 700, .result = -EIO}});

    run_all(&w);
    expect_trace_in_order("0.000  A: 0\n0.500  A: 1\n0.700  A cancelled\n0.800  A cleaned\n"
                          "0.800  wake 0, -EIO boom\n");
    expect_now("the loop should end with the group", 800);
    call_free(c);
    calls_free(w.calls);
    expect_trace("");
}
END_TEST

START_TEST(all_go_well)
{
    struct world w;
    begin(&w);
    struct call *c = START(&w, parent, .n = 3,
                           .actors = {{.name = "A", .work_ms = 300, .result = 1},
                                      {.name = "B", .work_ms = 100, .result = 2},
                                      {.name = "C", .work_ms = 200, .result = 3}});
    struct call *empty = START(&w, parent, .n = 0);
    struct parent *f = (struct parent *)c;

    run_all(&w);
    expect_trace("0.000  wake 0, no error\n0.300  wake 0, no error\n");
    for (int i = 0; i < 3; i++)
        expect_result(f->started[i], "a call of a group, after GROUP_WAIT", i + 1);
    expect_refused(f->group, "after GROUP_WAIT, when all calls went well");
    expect_refused(((struct parent *)empty)->group, "after GROUP_WAIT of a group without calls");
    call_free(c);
    call_free(empty);
    calls_free(w.calls);
}
END_TEST

/* Errors come together in the order in which they came, those of cleanups too. */
START_TEST(errors_stand_beside_each_other)
{
    struct world w;
    begin(&w);
    struct call *c =
        START(&w, parent, .n = 4,
              .actors = {{.name = "A", .work_ms = 900, .cleanup_ms = 300, .cleanup_code = -EPIPE},
                         {.name = "B", .work_ms = 900, .cleanup_ms = 200},
                         {.name = "C", .work_ms = 900, .cleanup_ms = 100, .cleanup_code = -ENOSPC},
                         {.name = "D", .work_ms = 100, .result = -EIO}});

    run_all(&w);
    expect_trace("0.100  A cancelled\n0.100  B cancelled\n0.100  C cancelled\n"
                 "0.200  C cleaned\n0.300  B cleaned\n0.400  A cleaned\n"
                 "0.400  wake 0, -EIO D, beside -ENOSPC C, beside -EPIPE A\n");
    call_free(c);
    calls_free(w.calls);
}
END_TEST

/* Both are due in the same turn: the first one fails, the second one may, or is cancelled. */
START_TEST(two_fail_in_the_same_turn)
{
    struct world w;
    begin(&w);
    w.quiet = true;
    struct call *c = START(&w, parent, .n = 2,
                           .actors = {{.name = "A", .work_ms = 100, .result = -EIO},
                                      {.name = "B", .work_ms = 100, .result = -EPIPE}});

    run_all(&w);
    const char *got = error_text(group_error(((struct parent *)c)->group));
    if (strcmp(got, "-EIO A") != 0 && strcmp(got, "-EIO A, beside -EPIPE B") != 0)
        fail_test("two calls of a group fail at the same time\n"
                  "expected  -EIO A, or -EIO A, beside -EPIPE B\ngot       %s",
                  got);
    expect_now("a group of which both calls fail at 0.100", 100);
    call_free(c);
    calls_free(w.calls);
}
END_TEST

START_TEST(block_fails)
{
    struct world w;
    begin(&w);
    struct call *c = START(
        &w, parent, .n = 1, .body_ms = 200, .body_code = -EPROTO,
        .actors = {{.name = "A", .work_ms = 900, .cleanup_ms = 100, .cleanup_code = -ENOSPC}});

    run_all(&w);
    expect_trace("0.200  A cancelled\n0.300  A cleaned\n"
                 "0.300  wake 0, -EPROTO body (because -ENOENT open), beside -ENOSPC A\n");
    call_free(c);
    calls_free(w.calls);
}
END_TEST

/* As by call_throw(): the group fails, and its GROUP_WAIT goes on. */
START_TEST(parent_is_woken_with_an_error)
{
    struct world w;
    begin(&w);
    struct call *c =
        START(&w, parent, .n = 1, .actors = {{.name = "A", .work_ms = 900, .cleanup_ms = 100}});

    run_loop_for(200);
    task_wake(c->task, -EPIPE);
    task_wake(c->task, -EIO); /* no effect */
    run_all(&w);
    expect_trace("0.200  A cancelled\n0.300  A cleaned\n0.300  wake 0, -EPIPE parent\n");
    call_free(c);
    calls_free(w.calls);
}
END_TEST

START_TEST(call_fails_while_the_block_goes_on)
{
    struct world w;
    begin(&w);
    struct call *c = START(&w, parent, .n = 2, .body_ms = 500,
                           .actors = {{.name = "A", .work_ms = 900, .cleanup_ms = 100},
                                      {.name = "B", .work_ms = 200, .result = -EIO}});

    run_loop_for(400);
    expect_refused(((struct parent *)c)->group, "after a call of the group has failed");
    run_all(&w);
    expect_trace("0.200  A cancelled\n0.300  A cleaned\n0.500  wake 0, -EIO B\n");
    call_free(c);
    calls_free(w.calls);
}
END_TEST

START_TEST(a_call_that_has_not_begun_never_does)
{
    struct world w;
    begin(&w);
    struct call *c = START(&w, parent, .n = 2, .body_code = -EIO,
                           .actors = {{.name = "A", .work_ms = 100, .counts = 1},
                                      {.name = "B", .work_ms = 100, .counts = 1}});

    run_all(&w);
    expect_trace("0.000  wake 0, -EIO body (because -ENOENT open)\n");
    expect_refused(((struct parent *)c)->group, "after GROUP_WAIT");
    call_free(c);
    run_all(&w);
    calls_free(w.calls);
    expect_trace("");
}
END_TEST

/* Starts another one in the group it belongs to, after 100 ms. */
struct recruiter {
    struct call call;
    struct group *group; /* borrowed */
};

static void recruiter(struct task *t)
{
    struct recruiter *f = t->frame;

    TASK_BEGIN(t);
    TASK_SLEEP(t, 100);
    group_spawn(
        f->group,
        copy_of(&(struct actor){.name = "R", .work_ms = 300, .counts = 1}, sizeof(struct actor)),
        actor, actor_release);
    TASK_END(t);
}

START_TEST(a_call_of_the_group_starts_another_one)
{
    struct world w;
    begin(&w);
    struct call *c = START(&w, parent, .n = 1, .actors = {{.name = "A", .work_ms = 50}});

    run_loop_for(20);
    struct recruiter frame = {.group = ((struct parent *)c)->group};
    group_spawn(frame.group, copy_of(&frame, sizeof(frame)), recruiter, free);
    run_all(&w);
    expect_trace("0.120  R: 0\n0.420  wake 0, no error\n");
    call_free(c);
    calls_free(w.calls);
}
END_TEST

/* Of a group that nobody asks, all errors are reported as one. */
START_TEST(group_errors_that_nobody_asks_for)
{
    struct world w;
    begin(&w);
    w.tells = true;
    struct group *g = group_new(w.calls), *asked = group_new(w.calls);
    if (g == NULL || asked == NULL)
        fail_test("group_new() returned NULL: is it written yet? TODO(5)");
    struct actor a = {.name = "A", .work_ms = 100, .result = -EIO};
    struct actor b = {.name = "B", .work_ms = 200, .cleanup_code = -EPIPE};

    group_spawn(g, copy_of(&a, sizeof(a)), actor, actor_release);
    group_spawn(g, copy_of(&b, sizeof(b)), actor, actor_release);
    group_spawn(asked, copy_of(&a, sizeof(a)), actor, actor_release);
    run_all(&w);
    expect_trace("0.100  B cancelled\n0.100  B cleaned\n");
    aerr_free(group_take(asked));
    group_free(asked);
    group_free(g);
    group_free(NULL);
    calls_free(w.calls);
    expect_trace("0.100  unhandled: -EIO A, beside -EPIPE B\n");
}
END_TEST

/* What comes after somebody has asked, and what comes when it is freed half-way. */
START_TEST(group_errors_that_come_late)
{
    struct world w;
    begin(&w);
    struct group *g = group_new(w.calls), *freed = group_new(w.calls);
    struct actor a = {.name = "A", .work_ms = 100, .result = -EIO};
    struct actor b = {.name = "B", .work_ms = 900, .cleanup_ms = 100, .cleanup_code = -EPIPE};
    struct opener closing = {.codes = {-ENOSPC}};

    w.tells = true;
    group_spawn(g, copy_of(&a, sizeof(a)), actor, actor_release);
    group_spawn(g, copy_of(&b, sizeof(b)), actor, actor_release);
    group_spawn(freed, copy_of(&closing, sizeof(closing)), opener, opener_release);
    run_loop_for(50);
    w.quiet = true;
    group_free(freed);
    expect_reports(&w, 1, "a group was freed while its calls ran, and a cleanup failed then");
    run_loop_for(100);
    expect_same_text("group_error() when one has failed", "-EIO A", error_text(group_error(g)));
    run_all(&w);
    group_free(g);
    expect_reports(&w, 2, "nobody asked after an error that came later than group_error()");
    calls_free(w.calls);
    expect_trace("0.050  unhandled: -ENOSPC close_a\n"
                 "0.200  unhandled: -EIO A, beside -EPIPE B\n");
}
END_TEST

/* Two wait; the one that is freed first is gone when the cleanup of the other one fails. */
START_TEST(group_freed_where_a_cleanup_fails)
{
    for (int failing = 0; failing < 2; failing++) {
        struct world w;
        begin(&w);
        w.quiet = true;
        struct group *g = group_new(w.calls);
        if (g == NULL)
            fail_test("group_new() returned NULL: is it written yet? TODO(5)");
        for (int i = 0; i < 2; i++) {
            const struct opener f = {.codes = {i == failing ? -ENOSPC : 0}};
            group_spawn(g, copy_of(&f, sizeof(f)), opener, opener_release);
        }
        run_loop_for(50);
        group_free(g);
        if (w.closes != 2 || w.reports != 1)
            fail_test("a group was freed while two calls waited, and one cleanup failed\n"
                      "expected  2 cleanups, 1 call of on_unhandled\ngot       %d, %d",
                      w.closes, w.reports);
        run_all(&w);
        calls_free(w.calls);
    }
}
END_TEST

static int spawn_in_vain(void *arg)
{
    expect_refused(arg, "in a cleanup, while group_free() runs");
    return 0;
}

START_TEST(cleanup_spawns_while_the_group_is_freed)
{
    struct world w;
    begin(&w);
    w.quiet = true;
    struct group *g = group_new(w.calls);
    if (g == NULL)
        fail_test("group_new() returned NULL: is it written yet? TODO(5)");
    for (int i = 0; i < 3; i++) {
        struct opener *f = copy_of(&(struct opener){.result = 7}, sizeof(struct opener));
        if (group_spawn(g, f, opener, opener_release) == 0)
            call_on_exit(&f->call, &f->exits[2], spawn_in_vain, g);
    }
    group_free(g);
    run_all(&w);
    calls_free(w.calls);
}
END_TEST

/* A cancellation is no error of the group; what led to it is. */
START_TEST(block_is_cancelled_with_a_cause)
{
    struct world w;
    begin(&w);
    struct group *g = group_new(w.calls);
    if (g == NULL)
        fail_test("group_new() returned NULL: is it written yet? TODO(5)");
    group_fail(g, -ECANCELED, "body", aerr_new(-ENOENT, "open"));
    expect_same_text("group_fail(g, -ECANCELED, ...) with a cause", "-ENOENT open",
                     error_text(group_error(g)));
    group_free(g);
    calls_free(w.calls);
}
END_TEST

static void group_without_memory(void *arg)
{
    struct world w = {.quiet = true};
    w.calls = calls_new(test_base(), on_unhandled, &w);
    struct call *c = NULL;
    (void)arg;
    if (w.calls != NULL)
        c = START(&w, parent, .n = 2, .body_ms = 50, .body_code = -EPROTO,
                  .actors = {{.name = "A", .work_ms = 900, .cleanup_ms = 100},
                             {.name = "B", .work_ms = 900, .cleanup_code = -ENOSPC}});
    if (c == NULL) {
        calls_free(w.calls);
        return;
    }
    run_all(&w);
    struct parent *f = (struct parent *)c;
    const struct aerr *e = f->group != NULL ? group_error(f->group) : NULL;
    if (f->group != NULL && (e == NULL || (e->code != -EPROTO && e->code != -ENOMEM)))
        fail_test("memory ran out in a group whose block fails\n"
                  "expected  -EPROTO body, or -ENOMEM spawn, first of all\ngot       %s",
                  error_text(e));
    if (f->group != NULL && !f->ended)
        fail_test("memory ran out in a group, and GROUP_WAIT did not end");
    call_free(c);
    calls_free(w.calls);
}

START_TEST(group_where_memory_runs_out)
{
    struct world w;
    begin(&w);
    struct call *c = START(&w, parent, .n = 1, .actors = {{.name = "A"}});
    run_all(&w);
    call_free(c);
    calls_free(w.calls);
    each_allocation_fails(group_without_memory, NULL);
}
END_TEST

#endif
