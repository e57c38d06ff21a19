/* p2_cancel_tests.h: the four functions, cancelled at every moment, for check_p2_task_management.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P2_CANCEL_TESTS_H
#define P2_CANCEL_TESTS_H

#include "p2_kinds.h"

/* How things stood when it was cancelled. */
struct request {
    struct cast cast;
    bool begun;      /* the task had taken its first step */
    bool ended;      /* it had ended */
    int at;          /* ms */
    char when[80];   /* for messages */
    bool left[3];    /* the actor had not ended, */
    int requests[3]; /* and had been asked to stop so often */
};

static void cancel(struct request *r)
{
    r->at = stage_ms();
    r->ended = task_done(r->cast.made.task);
    for (int i = 0; i < 3; i++) {
        r->left[i] = r->cast.actors[i].task != NULL && !task_done(r->cast.actors[i].task);
        r->requests[i] = r->cast.actors[i].requests;
    }
    task_cancel(r->cast.made.task);
}

/* The task itself: it ends once, as it was going to, or with -ECANCELED. */
static void expect_made_cancelled(const struct request *r)
{
    const struct made *m = &r->cast.made;
    int result = r->ended ? kinds[r->cast.kind].result : -ECANCELED;

    expect_done(m->call, m->task);
    if (task_result(m->task) != result)
        fail_test("%s, cancelled %s, %s\nexpected  result %s\ngot       result %s", m->call,
                  r->when, r->ended ? "when it had ended" : "when it had not ended",
                  result_text(result), result_text(task_result(m->task)));
    if (m->calls != 1)
        fail_test("%s, cancelled %s: a task ends once\ngot       %d ends", m->call, r->when,
                  m->calls);
    if (!r->ended && (!kinds[r->cast.kind].hands_on || !r->begun) && m->at != r->at)
        fail_test("%s, cancelled %s, should end at once\nexpected  %6.3f\ngot       %6.3f", m->call,
                  r->when, r->at / 1000.0, m->at / 1000.0);
    if (!r->ended && kinds[r->cast.kind].hands_on && r->begun && m->running != 0)
        fail_test("%s, cancelled %s, ended before the tasks that were handed in\n"
                  "expected  0 of them still run\ngot       %d still run",
                  m->call, r->when, m->running);
}

/* Those handed in: asked to stop, or not. */
static void expect_cast_cancelled(const struct request *r)
{
    const struct cast *c = &r->cast;
    bool hands_on = kinds[c->kind].hands_on && r->begun && !r->ended;
    char where[160];

    snprintf(where, sizeof(where), "%s, cancelled %s", c->made.call, r->when);
    for (int i = c->first; i < c->first + c->n; i++) {
        const struct actor *a = &c->actors[i];
        if (!hands_on && !(c->kind == WAIT_FOR_TOO_LONG && r->begun))
            expect_undisturbed(a, where);
        else if (hands_on && r->left[i] && a->requests <= r->requests[i])
            fail_test("%s: task %s, which was handed in, was not asked to stop\n"
                      "expected  requests to stop: %d\ngot       requests to stop: %d",
                      where, a->name, r->requests[i] + 1, a->requests);
    }
}

/* ---- between two turns ---- */

/* Cancels after k turns, `times` times. True if it had ended by then. */
static bool cancel_after(enum kind kind, int k, int times)
{
    struct sched *s = begin();
    struct request r = {.begun = k > 0, .when = "before its first step"};

    play_made(s, &r.cast, kind);
    run_turns(k, &r.cast.made);
    for (int i = 0; i < times; i++)
        cancel(&r);
    if (k > 0)
        snprintf(r.when, sizeof(r.when), "%sat %.3f, after turn %d", times == 2 ? "twice " : "",
                 r.at / 1000.0, k);
    run_loop();
    expect_made_cancelled(&r);
    expect_cast_cancelled(&r);
    strike();
    end_play(&r.cast);
    return r.ended;
}

START_TEST(before_its_first_step)
{
    for (int kind = 0; kind < KINDS; kind++)
        cancel_after(kind, 0, 1);
}
END_TEST

START_TEST(at_each_turn)
{
    for (int kind = 0; kind < KINDS; kind++)
        for (int k = 1; !cancel_after(kind, k, 1); k++)
            ;
}
END_TEST

START_TEST(twice_at_each_turn)
{
    for (int kind = 0; kind < KINDS; kind++)
        for (int k = 1; !cancel_after(kind, k, 2); k++)
            ;
}
END_TEST

/* ---- in the turn in which something ends ---- */

/* Cancels from inside a task: `yields` turns after `ms`. */
struct canceller {
    struct request *request;
    int ms, yields;
};

static void cancel_in_turn(struct task *t)
{
    struct canceller *f = t->frame;

    TASK_BEGIN(t);
    TASK_SLEEP(t, f->ms);
    while (f->yields-- > 0)
        TASK_YIELD(t);
    cancel(f->request);
    TASK_END(t);
}

/* `early`: the canceller stands before the others in each turn; otherwise behind them. */
static void cancel_inside(enum kind kind, int ms, int yields, bool early)
{
    struct sched *s = begin();
    struct request r = {.begun = true};
    struct canceller f = {&r, ms, yields};
    struct task *canceller = early ? task_spawn(s, cancel_in_turn, &f) : NULL;

    play_made(s, &r.cast, kind);
    if (!early)
        canceller = task_spawn(s, cancel_in_turn, &f);
    run_loop();
    snprintf(r.when, sizeof(r.when), "by a task, %d turns after %.3f", yields, ms / 1000.0);
    expect_made_cancelled(&r);
    task_free(canceller);
    strike();
    end_play(&r.cast);
}

START_TEST(in_the_same_turn)
{
    static const int moments[] = {211, 253, 306, 307, 401};

    for (int kind = 0; kind < KINDS; kind++)
        for (int i = 0; i < 5; i++)
            for (int yields = 0; yields < 5; yields++) {
                cancel_inside(kind, moments[i], yields, false);
                cancel_inside(kind, moments[i], yields, true);
            }
}
END_TEST

/* ---- while others clean up ---- */

START_TEST(once_more_while_they_clean_up)
{
    struct sched *s = begin();
    int results[2];
    struct actor a[] = {{.name = "A", .work_ms = 900, .cleanup_ms = 100},
                        {.name = "B", .work_ms = 900, .cleanup_ms = 100},
                        {.name = "C", .work_ms = 900, .cleanup_ms = 100}};
    struct task *tasks[] = {spawn_actor(&a[0]), spawn_actor(&a[1])};
    struct made gather, wait_for;

    MADE(&gather, 3, task_gather(s, tasks, 2, results));
    spawn_actor(&a[2]);
    MADE(&wait_for, 4, task_wait_for(s, a[2].task, 500));
    after(400, on_cancel, gather.task);
    after(450, on_cancel, gather.task); /* each request is handed on */
    after(550, on_cancel, wait_for.task);
    run_loop();
    expect_actor(&a[0], "task_gather(), cancelled at 0.400 and 0.450", -ECANCELED, 450, 2);
    expect_actor(&a[1], "task_gather(), cancelled at 0.400 and 0.450", -ECANCELED, 450, 2);
    expect_ended(&gather, -ECANCELED, 450);
    expect_actor(&a[2], "task_wait_for(), over at 0.500, cancelled at 0.550", -ECANCELED, 550, 2);
    expect_ended(&wait_for, -ECANCELED, 550);
    strike();
}
END_TEST

START_TEST(the_limit_comes_while_it_cleans_up)
{
    struct sched *s = begin();
    struct actor a = {.name = "A", .work_ms = 9000, .cleanup_ms = 500};
    struct made m;

    spawn_actor(&a);
    MADE(&m, 4, task_wait_for(s, a.task, 500));
    after(300, on_cancel, m.task);
    run_loop();
    expect_actor(&a, "task_wait_for(), cancelled at 0.300, with a limit of 0.500", -ECANCELED, 800,
                 1);
    expect_ended(&m, -ECANCELED, 800);
    strike();
}
END_TEST

/* ---- by who awaits it ---- */

struct awaiter {
    struct task *child;
    int wake;
};

static void await_child(struct task *t)
{
    struct awaiter *f = t->frame;

    TASK_BEGIN(t);
    TASK_AWAIT(t, f->child);
    f->wake = t->wake;
    TASK_END(t);
}

START_TEST(through_the_task_that_awaits_it)
{
    for (int kind = 0; kind < KINDS; kind++) {
        struct sched *s = begin();
        struct request r = {.begun = true, .at = 100, .left = {true, true, true}};
        struct awaiter f = {NULL, 0};
        play_made(s, &r.cast, kind);
        f.child = r.cast.made.task;
        struct task *awaiter = task_spawn(s, await_child, &f);
        strcpy(r.when, "at 0.100 through the task that awaits it");
        after(100, on_cancel, awaiter);
        run_loop();
        expect_made_cancelled(&r);
        expect_cast_cancelled(&r);
        expect_done("who awaits it", awaiter);
        if (f.wake != -ECANCELED)
            fail_test("%s: who awaits it\nexpected  wake -ECANCELED\ngot       wake %s",
                      r.cast.made.call, result_text(f.wake));
        task_free(awaiter);
        strike();
        end_play(&r.cast);
    }
}
END_TEST

#endif
