/* p7_timer_tests.h: enter, body, exit, and how long that takes, for check_p7_context_manager.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P7_TIMER_TESTS_H
#define P7_TIMER_TESTS_H

#include "p7_scope_tests.h"
#include "p7_watch.h"
#include "vclock.h"

START_TEST(enter_body_exit)
{
    struct single s = single_named("A", "body");

    single_run(&s, 0);
    run_loop();
    expect_trace_in_order("0.000  A.enter: begins\n"
                          "0.100  A.enter: ends\n"
                          "0.100  body: begins\n"
                          "0.300  body: ends\n"
                          "0.300  A.exit: is told 0\n"
                          "0.400  A.exit: ends\n"
                          "0.400  told: 0\n");
    single_free(&s);
}
END_TEST

START_TEST(manager_and_body_are_copied)
{
    struct single s = single_named("A", "body");

    s.told.quiet = true;
    single_run(&s, 0);
    run_loop();
    expect_told(&s.told, 0, "a scope whose manager and body were copied");
    single_free(&s);
}
END_TEST

/* Of gcc and clang, where the code is compiled with the address sanitizer; otherwise NULL. */
extern int __asan_address_is_poisoned(const volatile void *address) __attribute__((weak));

static inline void on_told_freed(int err, void *arg)
{
    struct single *s = arg;

    if (__asan_address_is_poisoned != NULL && __asan_address_is_poisoned(s->scope) == 0)
        fail_test("cb of scope_run() is called with %s\nexpected  the scope was freed just before: "
                  "cb is the last that happens\ngot       it is freed behind cb, or never",
                  result_text(err));
    on_told(err, &s->told);
}

/* Where enter fails, and where exit has ended. */
START_TEST(it_is_freed_before_cb)
{
    for (int k = 0; k < 2; k++) {
        struct single s = single_named("A", "body");
        const struct manager manager = manager_of(&s.actor);
        const struct body body = body_of(&s.body);

        s.actor.enter.err = k == 0 ? -EIO : 0;
        s.told.quiet = true;
        EXPECT(scope_run(&manager, &body, on_told_freed, &s, &s.scope), 0, "TODO(1)");
        s.told.may_come = true;
        run_loop();
        expect_told(&s.told, k == 0 ? -EIO : 0, "a scope that is freed before its cb");
        single_free(&s);
    }
}
END_TEST

static inline void on_elapsed_traced(double seconds, void *arg)
{
    trace("%sElapsed time: %.2f seconds", (const char *)arg, seconds);
}

static inline struct timer_scope *timer_made(const char *who)
{
    struct timer_scope *timer = timer_scope_new(test_base(), on_elapsed_traced, (void *)who);

    expect_made(timer, "timer_scope_new()");
    return timer;
}

static inline void timed_run(struct watch *watch, struct timer_scope *timer, struct worker *worker,
                             struct told *told)
{
    const struct manager manager = watched(watch, "timer_scope", timer_scope_manager(timer));
    const struct body body = body_of(worker);

    worker->value = timer;
    EXPECT(scope_run(&manager, &body, on_told, told, NULL), 0, "TODO(1), TODO(2)");
    told->may_come = true;
}

/* The sample of the lesson: a body of 1.5 s, which goes well, and which fails. */
START_TEST(a_timer_of_1_50_s)
{
    struct timer_scope *timer = timer_made("");
    struct worker body = worker_named("load");
    struct watch watch;
    struct told told = {.calls = 0};

    body.step.ms = 1500;
    timed_run(&watch, timer, &body, &told);
    run_loop_for(500);
    const struct manager manager = timer_scope_manager(timer);
    expect_busy(&manager, NULL, "a timer_scope that is inside");
    trace("enter, once more: -EBUSY"); /* and it goes on as before */
    run_loop();
    body.step.err = -EIO;
    told = (struct told){.calls = 0};
    timed_run(&watch, timer, &body, &told);
    run_loop();
    expect_trace_in_order("0.000  load: begins\n"
                          "0.500  enter, once more: -EBUSY\n"
                          "1.500  load: ends\n"
                          "1.500  Elapsed time: 1.50 seconds\n"
                          "1.500  told: 0\n"
                          "1.500  load: begins\n"
                          "3.000  load: ends with -EIO\n"
                          "3.000  Elapsed time: 1.50 seconds\n"
                          "3.000  told: -EIO\n");
    worker_free(&body);
    timer_scope_free(timer);
}
END_TEST

/* A body that waits, and then computes for 300 ms. */
struct busy {
    struct worker worker;
    done_cb cb;
    void *arg;
};

static inline void on_busy_waited(int err, void *arg)
{
    struct busy *busy = arg;

    vclock_advance_to(((int64_t)now_ms() + 300) * 1000000);
    busy->cb(err, busy->arg);
}

static inline int busy_begin(void *obj, void *value, done_cb cb, void *arg)
{
    struct busy *busy = obj;

    busy->cb = cb;
    busy->arg = arg;
    return worker_begin(&busy->worker, value, on_busy_waited, busy);
}

START_TEST(a_body_that_keeps_the_loop_busy)
{
    struct timer_scope *timer = timer_made("");
    const struct manager manager = timer_scope_manager(timer);
    struct busy busy = {.worker = worker_named("body")};
    const struct body body = {busy_begin, NULL, &busy};
    struct told told = {.calls = 0};

    EXPECT(scope_run(&manager, &body, on_told, &told, NULL), 0, "TODO(1), TODO(2)");
    told.may_come = true;
    run_loop();
    expect_trace_in_order("0.000  body: begins\n"
                          "0.200  body: ends\n"
                          "0.500  Elapsed time: 0.50 seconds\n"
                          "0.500  told: 0\n");
    worker_free(&busy.worker);
    timer_scope_free(timer);
}
END_TEST

START_TEST(two_timers_at_once)
{
    struct timer_scope *timers[] = {timer_made("A: "), timer_made("B: ")};
    struct worker bodies[] = {worker_named("a"), worker_named("b")};
    struct told told[] = {{.who = "told of A"}, {.who = "told of B"}};
    struct watch watches[2];

    timed_run(&watches[0], timers[0], &bodies[0], &told[0]);
    run_loop_for(50);
    bodies[1].step.ms = 60;
    timed_run(&watches[1], timers[1], &bodies[1], &told[1]);
    run_loop();
    expect_trace_in_order("0.000  a: begins\n"
                          "0.050  b: begins\n"
                          "0.110  b: ends\n"
                          "0.110  B: Elapsed time: 0.06 seconds\n"
                          "0.110  told of B: 0\n"
                          "0.200  a: ends\n"
                          "0.200  A: Elapsed time: 0.20 seconds\n"
                          "0.200  told of A: 0\n");
    for (int k = 0; k < 2; k++) {
        worker_free(&bodies[k]);
        timer_scope_free(timers[k]);
    }
}
END_TEST

START_TEST(a_timer_is_entered_once_at_a_time)
{
    struct timer_scope *timer = timer_scope_new(test_base(), NULL, NULL);
    const struct manager manager = timer_scope_manager(timer);
    struct worker body = worker_named("body");
    struct watch watch;
    struct told told = {.calls = 0};

    expect_made(timer, "timer_scope_new()");
    timed_run(&watch, timer, &body, &told);
    expect_busy(&manager, NULL, "a timer_scope that is about to be entered");
    run_loop_for(100);
    expect_busy(&manager, NULL, "a timer_scope that is inside");
    run_loop();
    expect_told(&told, 0, "a timer_scope without on_elapsed");
    expect_trace_in_order("0.000  body: begins\n"
                          "0.200  body: ends\n"
                          "0.200  told: 0\n");
    worker_free(&body);
    timer_scope_free(timer);
    timer_scope_free(NULL);
}
END_TEST

static inline void free_timer(void *timer)
{
    timer_scope_free(timer);
}

START_TEST(a_timer_freed_by_cb)
{
    struct last last = {.free = free_timer, .object = timer_made("")};
    const struct manager manager = timer_scope_manager(last.object);
    struct worker worker = worker_named("body");
    const struct body body = body_of(&worker);

    EXPECT(scope_run(&manager, &body, on_last_told, &last, NULL), 0, "TODO(1), TODO(2)");
    last.told.may_come = true;
    run_loop();
    expect_told(&last.told, 0, "a timer_scope that is freed by cb");
    worker_free(&worker);
}
END_TEST

static inline void timer_without_memory(void *unused)
{
    struct timer_scope *timer = timer_scope_new(test_base(), NULL, NULL);
    struct worker body = worker_named("body");
    struct told told = {.may_come = true, .quiet = true};
    const struct body body_ops = body_of(&body);

    (void)unused;
    if (timer == NULL)
        return;
    const struct manager manager = timer_scope_manager(timer);
    const int err = scope_run(&manager, &body_ops, on_told, &told, NULL);
    run_loop();
    if (err == 0)
        expect_told(&told, 0, "a timer_scope where memory is missing elsewhere");
    worker_free(&body);
    timer_scope_free(timer);
}

START_TEST(no_memory_for_a_timer)
{
    each_allocation_fails(timer_without_memory, NULL);
}
END_TEST

START_TEST(a_timer_freed_when_the_loop_does_not_run)
{
    for (int ms = 0; ms <= 100; ms += 50) {
        struct timer_scope *timer = timer_made("");
        const struct manager manager = timer_scope_manager(timer);
        struct single s = single_named("", "body");
        const struct body body = body_of(&s.body);

        EXPECT(scope_run(&manager, &body, on_told, &s.told, &s.scope), 0, "TODO(1), TODO(2)");
        if (ms > 0)
            run_loop_for(ms);
        scope_free(s.scope);
        timer_scope_free(timer);
        single_free(&s);
    }
}
END_TEST

#endif
