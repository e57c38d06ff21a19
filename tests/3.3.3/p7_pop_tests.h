/* p7_pop_tests.h: exits that change their owner, empty stacks, the stack as a manager, for
 * check_p7_context_manager.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P7_POP_TESTS_H
#define P7_POP_TESTS_H

#include "p7_stack_tests.h"

static inline void pop_all(struct exit_stack *from, struct exit_stack *to)
{
    EXPECT(exit_stack_pop_all(from, to), 0, "TODO(6)");
}

START_TEST(the_other_one_owes_it)
{
    struct exit_stack *from = stack_made(), *to = stack_made();
    struct actor actors[] = {pushed_named("A"), pushed_named("B"), pushed_named("C")};
    struct told told[] = {{.who = "told of the first stack"}, {.who = "told of the other one"}};

    push(from, &actors[0]);
    push(from, &actors[1]);
    push(to, &actors[2]);
    pop_all(from, to);
    close_stack(from, -EIO, &told[0]);
    run_loop();
    close_stack(to, 0, &told[1]);
    run_loop();
    expect_trace_in_order("0.000  told of the first stack: -EIO\n"
                          "0.000  B.exit: is told 0\n"
                          "0.100  B.exit: ends\n"
                          "0.100  A.exit: is told 0\n"
                          "0.200  A.exit: ends\n"
                          "0.200  C.exit: is told 0\n"
                          "0.300  C.exit: ends\n"
                          "0.300  told of the other one: 0\n");
    exit_stack_free(from);
    exit_stack_free(to);
    for (int k = 0; k < 3; k++)
        actor_free(&actors[k]);
}
END_TEST

/* The first one is freed, and both are used again. */
START_TEST(and_nothing_else_is_common_to_them)
{
    struct exit_stack *from = stack_made(), *to = stack_made();
    struct actor a = pushed_named("A"), b = pushed_named("B");
    struct told told = {.calls = 0};

    pop_all(from, to); /* nothing */
    push(from, &a);
    pop_all(from, to);
    pop_all(from, to); /* no more than that */
    push(from, &b);
    exit_stack_free(from);
    close_stack(to, -EIO, &told);
    run_loop();
    expect_trace_in_order("0.000  A.exit: is told -EIO\n"
                          "0.100  A.exit: ends\n"
                          "0.100  told: -EIO\n");
    exit_stack_free(to);
    actor_free(&a);
    actor_free(&b);
}
END_TEST

static inline void expect_pop(struct exit_stack *from, struct exit_stack *to, int expected,
                              const char *when)
{
    const int got = exit_stack_pop_all(from, to);

    if (got != expected)
        fail_test("exit_stack_pop_all(from, to): %s\nexpected  returns %s\ngot       returns %s",
                  when, result_text(expected), result_text(got));
}

/* From one in which something is entered or that closes, and to it. */
START_TEST(a_busy_one_is_left_alone)
{
    struct exit_stack *other = stack_made();
    struct actor c = pushed_named("C");
    struct plan plan = plan_of(STACK);
    struct play play;
    struct told told = {.quiet = true};

    push(other, &c);
    play_start(&play, &plan);
    expect_pop(other, other, -EINVAL, "both are the same stack");
    for (int k = 0; k < 3; k++) {
        expect_pop(play.stack, other, -EBUSY,
                   k < 2 ? "something is being entered in `from`" : "`from` closes");
        expect_pop(other, play.stack, -EBUSY,
                   k < 2 ? "something is being entered in `to`" : "`to` closes");
        run_loop_for(k == 0 ? 150 : 300);
    }
    run_loop();
    close_stack(other, 0, &told);
    expect_pop(play.stack, other, -EBUSY, "`to` is about to close");
    expect_pop(other, play.stack, -EBUSY, "`from` is about to close");
    run_loop();
    expect_trace_in_order("0.000  A and B on a stack\n"
                          "0.000  A.enter: begins\n"
                          "0.100  A.enter: ends\n"
                          "0.100  B.enter: begins\n"
                          "0.200  B.enter: ends\n"
                          "0.200  body: begins\n"
                          "0.400  body: ends\n"
                          "0.400  B.exit: is told 0\n"
                          "0.500  B.exit: ends\n"
                          "0.500  A.exit: is told 0\n"
                          "0.600  A.exit: ends\n"
                          "0.600  told: 0\n"
                          "0.750  C.exit: is told 0\n"
                          "0.850  C.exit: ends\n");
    play_free(&play);
    exit_stack_free(other);
    actor_free(&c);
}
END_TEST

static inline void pop_without_memory(void *unused)
{
    struct exit_stack *from = exit_stack_new(test_base()), *to = exit_stack_new(test_base());
    struct actor a = pushed_named("A");
    struct told told = {.quiet = true};

    (void)unused;
    if (from != NULL && to != NULL && exit_stack_push(from, actor_exit, &a) == 0) {
        pop_all(from, to);
        close_stack(to, 0, &told);
        run_loop();
        expect_told(&told, 0, "exit_stack_pop_all() and exit_stack_close() need no memory");
    }
    exit_stack_free(from);
    exit_stack_free(to);
    actor_free(&a);
}

START_TEST(it_needs_no_memory)
{
    each_allocation_fails(pop_without_memory, NULL);
}
END_TEST

/* ---- empty ones ---- */

START_TEST(an_empty_stack_is_closed_later)
{
    struct exit_stack *stack = stack_made();
    struct told told = {.calls = 0};

    for (int k = 0; k < 2; k++) {
        told = (struct told){.calls = 0};
        close_stack(stack, k == 0 ? 0 : -EIO, &told); /* fails if cb comes from in there */
        if (told.calls != 0)
            fail_test(
                "exit_stack_close() of an empty stack\nexpected  cb comes later, by the loop");
        EXPECT(exit_stack_push(stack, actor_exit, NULL), -EBUSY, "TODO(4)");
        run_loop();
        expect_told(&told, k == 0 ? 0 : -EIO, "an empty stack is closed");
    }
    expect_trace_in_order("0.000  told: 0\n"
                          "0.000  told: -EIO\n");
    exit_stack_free(stack);
}
END_TEST

/* The loop does not run any more. */
START_TEST(freed_before_it_is_told)
{
    struct exit_stack *stack = stack_made();
    struct told told = {.calls = 0};

    close_stack(stack, 0, &told);
    exit_stack_free(stack);
}
END_TEST

/* ---- as a manager ---- */

struct keeper {
    struct exit_stack *kept;
    struct actor *actor;
    struct worker *worker;
};

/* Enters all that is needed, and keeps it: with stack: ...; keep = stack.pop_all() */
static inline int keeper_begin(void *obj, void *value, done_cb cb, void *arg)
{
    struct keeper *keeper = obj;
    struct exit_stack *stack = value;
    const struct manager manager = exit_stack_manager(stack);

    expect_busy(&manager, NULL, "a stack that is entered");
    push(stack, keeper->actor);
    pop_all(stack, keeper->kept);
    return worker_begin(keeper->worker, NULL, cb, arg);
}

static inline void free_stack(void *stack)
{
    exit_stack_free(stack);
}

START_TEST(a_stack_freed_by_cb)
{
    struct last last = {.free = free_stack, .object = stack_made()};
    const struct manager manager = exit_stack_manager(last.object);
    struct worker worker = worker_named("body");
    struct actor a = pushed_named("A");
    const struct body body = body_of(&worker);

    push(last.object, &a);
    worker.step.err = -EIO;
    EXPECT(scope_run(&manager, &body, on_last_told, &last, NULL), 0, "TODO(1), TODO(4)");
    last.told.may_come = true;
    run_loop();
    expect_trace_in_order("0.000  body: begins\n"
                          "0.200  body: ends with -EIO\n"
                          "0.200  A.exit: is told -EIO\n"
                          "0.300  A.exit: ends\n"
                          "0.300  told: -EIO\n");
    actor_free(&a);
    worker_free(&worker);
}
END_TEST

/* Its body enters something behind an exit that is owed already, closes the stack, and enters it
 * once more. */
struct closer {
    struct exit_stack *stack;
    struct actor *pushed, *entered;
    struct worker *worker;
    struct scope *scope;
    int times; /* entered */
    done_cb cb;
    void *arg;
};

static inline void on_closer_closed(int err, void *arg);

static inline void on_closer_entered(int err, void *value, void *arg)
{
    struct closer *closer = arg;

    (void)value;
    if (closer->entered->in != closer->scope)
        fail_test("a stack is a scope's manager, and enters something in the body, %s\n"
                  "expected  the scope is that one's `in`\ngot       %s",
                  closer->times == 0 ? "behind an exit that is owed already"
                                     : "where it was closed before: the scope is not left yet",
                  closer->entered->in == NULL ? "NULL" : "another one");
    if (err == 0)
        err = closer->times++ == 0 ? exit_stack_close(closer->stack, 0, on_closer_closed, closer)
                                   : worker_begin(closer->worker, NULL, closer->cb, closer->arg);
    if (err != 0)
        closer->cb(err, closer->arg);
}

static inline void closer_enter(struct closer *closer)
{
    const struct manager manager = manager_of(closer->entered);

    EXPECT(exit_stack_enter(closer->stack, &manager, on_closer_entered, closer), 0, "TODO(4)");
}

static inline void on_closer_closed(int err, void *arg)
{
    struct closer *closer = arg;
    const struct manager stack = exit_stack_manager(closer->stack);

    (void)err;
    expect_busy(&stack, NULL, "a stack that was closed in the body of its scope, and not exited");
    closer_enter(closer);
}

static inline int closer_begin(void *obj, void *value, done_cb cb, void *arg)
{
    struct closer *closer = obj;

    closer->cb = cb;
    closer->arg = arg;
    push(value, closer->pushed);
    closer_enter(closer);
    return 0;
}

START_TEST(a_stack_closed_in_the_body_is_still_entered)
{
    struct actor a = pushed_named("A"), b = actor_named("B");
    struct worker worker = worker_named("body");
    struct closer closer = {stack_made(), &a, &b, &worker, .scope = NULL};
    const struct manager manager = exit_stack_manager(closer.stack);
    const struct body body = {closer_begin, NULL, &closer};
    struct told told = {.calls = 0};

    EXPECT(scope_run(&manager, &body, on_told, &told, &closer.scope), 0, "TODO(1), TODO(4)");
    told.may_come = true;
    run_loop();
    expect_trace_in_order("0.000  B.enter: begins\n"
                          "0.100  B.enter: ends\n"
                          "0.100  B.exit: is told 0\n"
                          "0.200  B.exit: ends\n"
                          "0.200  A.exit: is told 0\n"
                          "0.300  A.exit: ends\n"
                          "0.300  B.enter: begins\n"
                          "0.400  B.enter: ends\n"
                          "0.400  body: begins\n"
                          "0.600  body: ends\n"
                          "0.600  B.exit: is told 0\n"
                          "0.700  B.exit: ends\n"
                          "0.700  told: 0\n");
    exit_stack_free(closer.stack);
    actor_free(&a);
    actor_free(&b);
    worker_free(&worker);
}
END_TEST

START_TEST(what_was_popped_outlives_the_scope)
{
    struct exit_stack *stack = stack_made();
    struct actor a = pushed_named("A");
    struct worker worker = worker_named("body");
    struct keeper keeper = {stack_made(), &a, &worker};
    const struct manager manager = exit_stack_manager(stack);
    const struct body body = {keeper_begin, NULL, &keeper};
    struct told told[] = {{.who = "told of the scope"}, {.who = "told of what was kept"}};

    EXPECT(scope_run(&manager, &body, on_told, &told[0], NULL), 0, "TODO(1), TODO(4)");
    told[0].may_come = true;
    run_loop();
    close_stack(keeper.kept, 0, &told[1]);
    run_loop();
    expect_trace_in_order("0.000  body: begins\n"
                          "0.200  body: ends\n"
                          "0.200  told of the scope: 0\n"
                          "0.200  A.exit: is told 0\n"
                          "0.300  A.exit: ends\n"
                          "0.300  told of what was kept: 0\n");
    exit_stack_free(stack);
    exit_stack_free(keeper.kept);
    actor_free(&a);
    worker_free(&worker);
}
END_TEST

#endif
