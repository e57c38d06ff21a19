/* p7_stack_tests.h: what a stack owes, and in which order, for check_p7_context_manager.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P7_STACK_TESTS_H
#define P7_STACK_TESTS_H

#include "p7_timer_tests.h"

static const enum way DEALT_WITH[] = {WELL, SUPPRESSES, INSTEAD};

static inline struct exit_stack *stack_made(void)
{
    struct exit_stack *stack = exit_stack_new(test_base());

    expect_made(stack, "exit_stack_new()");
    return stack;
}

/* An exit that was pushed, not entered. */
static inline struct actor pushed_named(const char *name)
{
    struct actor actor = actor_named(name);

    actor.inside = true;
    return actor;
}

static inline void push(struct exit_stack *stack, struct actor *actor)
{
    EXPECT(exit_stack_push(stack, actor_exit, actor), 0, "TODO(4)");
}

static inline void close_stack(struct exit_stack *stack, int err, struct told *told)
{
    told->may_come = false;
    EXPECT(exit_stack_close(stack, err, on_told, told), 0, "TODO(4)");
    told->may_come = true;
}

/* ---- what an exit is told ---- */

START_TEST(the_last_one_in_is_the_first_one_out)
{
    const struct plan plan = plan_of(STACK);

    expect_play(&plan, "0.000  A.enter: begins\n"
                       "0.100  A.enter: ends\n"
                       "0.100  B.enter: begins\n"
                       "0.200  B.enter: ends\n"
                       "0.200  body: begins\n"
                       "0.400  body: ends\n"
                       "0.400  B.exit: is told 0\n"
                       "0.500  B.exit: ends\n"
                       "0.500  A.exit: is told 0\n"
                       "0.600  A.exit: ends\n"
                       "0.600  told: 0\n");
}
END_TEST

START_TEST(who_suppresses_hides_it_from_those_outside)
{
    for (enum form form = NESTED; form <= STACK_SCOPE; form++) {
        struct plan plan = plan_of(form);
        struct model m = {.plan = &plan, .start_ms = now_ms()};

        plan.body.step.err = -EIO;
        plan.b.exit.err = SCOPE_SUPPRESS;
        model_play(&m);
        ck_assert_ptr_nonnull(strstr(m.text, "B.exit: is told -EIO"));
        ck_assert_ptr_nonnull(strstr(m.text, "A.exit: is told 0"));
        ck_assert_ptr_nonnull(strstr(m.text, "told: 0"));
        expect_play(&plan, m.text);
    }
}
END_TEST

START_TEST(each_is_told_how_it_stands)
{
    static const enum way enters[] = {WELL, FAILS};
    static const struct ways ways = {{enters, enters, BODIES, DEALT_WITH, DEALT_WITH},
                                     {2, 2, 4, 3, 3}};

    for (enum form form = NESTED; form <= STACK_SCOPE; form++)
        run_plays(plan_of(form), &ways);
}
END_TEST

/* An exit may also return at once what it has to tell: then it has ended. */
START_TEST(what_it_returns_is_what_it_tells)
{
    static const enum way exits[] = {SUPPRESSES_AT_ONCE, INSTEAD_AT_ONCE};
    static const struct ways ways = {{GOES_WELL, GOES_WELL, BODIES, exits, exits}, {1, 1, 2, 2, 2}};

    for (enum form form = NESTED; form <= STACK_SCOPE; form++)
        run_plays(plan_of(form), &ways);
}
END_TEST

START_TEST(a_bare_exit)
{
    struct exit_stack *stack = stack_made();
    struct actor actors[] = {pushed_named("A"), pushed_named("B"), pushed_named("C")};
    struct told told = {.calls = 0};

    for (int k = 0; k < 3; k++)
        push(stack, &actors[k]);
    actors[1].exit.err = SCOPE_INSTEAD(-EXDEV);
    close_stack(stack, -EIO, &told);
    run_loop();
    expect_trace_in_order("0.000  C.exit: is told -EIO\n"
                          "0.100  C.exit: ends\n"
                          "0.100  B.exit: is told -EIO\n"
                          "0.200  B.exit: ends with SCOPE_INSTEAD(-EXDEV)\n"
                          "0.200  A.exit: is told -EXDEV\n"
                          "0.300  A.exit: ends\n"
                          "0.300  told: -EXDEV\n");
    exit_stack_free(stack);
    for (int k = 0; k < 3; k++)
        actor_free(&actors[k]);
}
END_TEST

START_TEST(two_stacks_at_once)
{
    struct exit_stack *stacks[] = {stack_made(), stack_made()};
    struct actor actors[] = {pushed_named("A"), pushed_named("B"), pushed_named("C"),
                             pushed_named("D")};
    struct told told[] = {{.who = "told of A and C"}, {.who = "told of B and D"}};

    for (int k = 0; k < 4; k++)
        push(stacks[k % 2], &actors[k]);
    actors[2].exit.err = SCOPE_SUPPRESS;
    close_stack(stacks[0], -EIO, &told[0]);
    run_loop_for(50);
    close_stack(stacks[1], -EPIPE, &told[1]);
    run_loop();
    expect_trace_in_order("0.000  C.exit: is told -EIO\n"
                          "0.050  D.exit: is told -EPIPE\n"
                          "0.100  C.exit: ends with SCOPE_SUPPRESS\n"
                          "0.100  A.exit: is told 0\n"
                          "0.150  D.exit: ends\n"
                          "0.150  B.exit: is told -EPIPE\n"
                          "0.200  A.exit: ends\n"
                          "0.200  told of A and C: 0\n"
                          "0.250  B.exit: ends\n"
                          "0.250  told of B and D: -EPIPE\n");
    for (int k = 0; k < 2; k++)
        exit_stack_free(stacks[k]);
    for (int k = 0; k < 4; k++)
        actor_free(&actors[k]);
}
END_TEST

/* ---- what could not be begun ---- */

START_TEST(what_could_not_be_entered_is_not_owed)
{
    struct exit_stack *stack = stack_made();
    struct actor a = actor_named("A"), b = pushed_named("B");
    const struct manager manager = manager_of(&a);
    struct told told = {.calls = 0};

    a.enter.refuses = -EMFILE;
    EXPECT(exit_stack_enter(stack, &manager, on_never_entered, NULL), -EMFILE, "TODO(4)");
    push(stack, &b);
    close_stack(stack, 0, &told);
    run_loop();
    expect_trace_in_order("0.000  A.enter: returns -EMFILE at once\n"
                          "0.000  B.exit: is told 0\n"
                          "0.100  B.exit: ends\n"
                          "0.100  told: 0\n");
    exit_stack_free(stack);
    actor_free(&b);
}
END_TEST

/* ---- memory ---- */

struct entered {
    struct exit_stack *stack;
    int calls, err;
};

static inline void on_entered_noted(int err, void *value, void *arg)
{
    struct entered *entered = arg;

    (void)value;
    entered->calls++;
    entered->err = err;
}

static inline void stack_without_memory(void *unused)
{
    struct exit_stack *stack = exit_stack_new(test_base());
    struct actor a = actor_named("A"), b = pushed_named("B");
    const struct manager manager = manager_of(&a);
    struct entered entered = {.calls = 0};
    struct told told = {.quiet = true};

    (void)unused;
    if (stack == NULL)
        return;
    int err = exit_stack_enter(stack, &manager, on_entered_noted, &entered);
    if (err != 0 && (err != -ENOMEM || a.enter.begun > 0))
        fail_test("no memory in exit_stack_enter()\nexpected  returns -ENOMEM, and enter is not "
                  "begun\ngot       returns %s%s",
                  result_text(err), a.enter.begun > 0 ? ", and enter is begun" : "");
    run_loop();
    if (entered.calls != (err == 0) || entered.err != 0)
        fail_test("A was entered, and then memory was short\nexpected  cb(0): its exit is owed by "
                  "then\ngot       %d calls, the last one with %s",
                  entered.calls, result_text(entered.err));
    const int pushed = exit_stack_push(stack, actor_exit, &b);
    if (pushed != 0)
        expect_result("exit_stack_push() without memory", pushed, -ENOMEM, "");
    close_stack(stack, -EIO, &told);
    run_loop();
    expect_told(&told, -EIO, "exit_stack_close(-EIO), where memory was short before");
    if (a.exit.begun != (err == 0) || b.exit.begun != (pushed == 0))
        fail_test("memory was short in exit_stack_enter() of A or exit_stack_push() of B\n"
                  "expected  what returned 0 is exited once\ngot       A %d times, B %d times",
                  a.exit.begun, b.exit.begun);
    exit_stack_free(stack);
    actor_free(&a);
    actor_free(&b);
}

START_TEST(no_memory_for_an_exit)
{
    each_allocation_fails(stack_without_memory, NULL);
}
END_TEST

/* ---- callbacks ---- */

struct freed {
    struct exit_stack *stack;
    struct told told;
};

static inline void on_closed_free(int err, void *arg)
{
    struct freed *freed = arg;

    exit_stack_free(freed->stack);
    on_told(err, &freed->told);
}

static inline void on_entered_free(int err, void *value, void *arg)
{
    struct freed *freed = arg;

    (void)value;
    exit_stack_free(freed->stack);
    on_told(err, &freed->told);
}

/* In the callback of a close, of an enter that has failed, and of one that went well: what is owed
 * then does not run. */
START_TEST(freed_in_each_callback)
{
    struct freed freed[3] = {
        {.told.may_come = true}, {.told.may_come = true}, {.told.may_come = true}};
    struct actor a = actor_named("A"), b = actor_named("B");
    const struct manager managers[] = {manager_of(&a), manager_of(&b)};

    for (int k = 0; k < 3; k++)
        freed[k].stack = stack_made();
    a.enter.err = -EIO;
    b.enter.ms = 200;
    EXPECT(exit_stack_close(freed[0].stack, -EPIPE, on_closed_free, &freed[0]), 0, "TODO(4)");
    for (int k = 0; k < 2; k++)
        EXPECT(exit_stack_enter(freed[k + 1].stack, &managers[k], on_entered_free, &freed[k + 1]),
               0, "TODO(4)");
    run_loop();
    expect_trace_in_order("0.000  A.enter: begins\n"
                          "0.000  B.enter: begins\n"
                          "0.000  told: -EPIPE\n"
                          "0.100  A.enter: ends with -EIO\n"
                          "0.100  told: -EIO\n"
                          "0.200  B.enter: ends\n"
                          "0.200  told: 0\n");
    actor_free(&a);
    actor_free(&b);
    exit_stack_free(NULL);
}
END_TEST

struct closed_again {
    struct exit_stack *stack;
    struct actor *actor;
    struct told told;
};

static inline void on_closed_again(int err, void *arg)
{
    struct closed_again *again = arg;

    trace("told: %s; and once more", result_text(err));
    again->actor->inside = true;
    push(again->stack, again->actor);
    close_stack(again->stack, 0, &again->told);
}

/* After an error, from the callback: nothing of it is left. */
START_TEST(used_again)
{
    struct actor a = pushed_named("A");
    struct closed_again again = {.stack = stack_made(), .actor = &a};

    push(again.stack, &a);
    EXPECT(exit_stack_close(again.stack, -EIO, on_closed_again, &again), 0, "TODO(4)");
    run_loop();
    expect_trace_in_order("0.000  A.exit: is told -EIO\n"
                          "0.100  A.exit: ends\n"
                          "0.100  told: -EIO; and once more\n"
                          "0.100  A.exit: is told 0\n"
                          "0.200  A.exit: ends\n"
                          "0.200  told: 0\n");
    exit_stack_free(again.stack);
    actor_free(&a);
}
END_TEST

START_TEST(a_stack_freed_when_the_loop_does_not_run)
{
    for (enum form form = STACK; form <= STACK_SCOPE; form++)
        for (int ms = 50; ms < 600; ms += 50) {
            struct plan plan = plan_of(form);
            struct play play;

            play_start(&play, &plan);
            run_loop_for(ms);
            play_free(&play);
        }
}
END_TEST

#endif
