/* p2_actors.h: the tasks that the suite of p2_task_management hands in, and what it looks at
 *
 * The suite owns all tasks: those that it spawns itself, the actors, and those that the learner's
 * functions return, the made ones. The stage knows them all, so that strike() can free them and see
 * whether anything else is left over.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P2_ACTORS_H
#define P2_ACTORS_H

#include <stdlib.h>
#include <string.h>

#include "p2_task_management.h"
#include "result_text.h"
#include "suite.h"

/* A task that is handed in: works, and then ends with `result`. Cancelled, it cleans up first. */
struct actor {
    const char *name;
    int work_ms, result;
    int cleanup_ms;
    bool refuses; /* cancelled, it still ends with `result` */
    bool traces;  /* notes in the timeline that it was cancelled, and that it has cleaned up */
    struct task *task;
    int requests; /* how often it woke because it was cancelled */
    int at;       /* when it ended; -1 before */
    int calls;    /* of its on_done */
};

/* A task that one of the learner's functions has made. */
struct made {
    const char *call; /* for messages */
    struct task *task;
    int calls, at; /* of its on_done; when */
    int running;   /* actors of the stage that had not ended then */
};

enum { STAGE_SIZE = 128 };

static struct {
    struct sched *sched;
    struct actor *actors[STAGE_SIZE];
    struct made *made[STAGE_SIZE];
    int n_actors, n_made;
    int start;             /* of virtual time; all times below count from here */
    int turns;             /* of run_to_end() */
    char waited_for[4096]; /* sched_dump() when the loop fell asleep for the last time */
} stage;

static int stage_ms(void)
{
    return now_ms() - stage.start;
}

static struct sched *begin(void)
{
    memset(&stage, 0, sizeof(stage));
    stage.start = now_ms();
    stage.sched = sched_new(test_base());
    ck_assert_ptr_nonnull(stage.sched);
    return stage.sched;
}

/* ---- actors ---- */

static int end_actor(struct actor *a, int result)
{
    a->at = stage_ms();
    return result;
}

static void act(struct task *t)
{
    struct actor *a = t->frame;

    TASK_BEGIN(t);
    TASK_SLEEP(t, a->work_ms);
    if (t->wake == 0)
        TASK_RETURN(t, end_actor(a, a->result));
    a->requests++;
    if (a->traces)
        trace("%s cancelled", a->name);
    TASK_SLEEP(t, a->cleanup_ms);
    a->requests += t->wake != 0;
    if (a->traces)
        trace("%s cleaned", a->name);
    TASK_RETURN(t, end_actor(a, a->refuses ? a->result : -ECANCELED));
    TASK_END(t);
}

static void on_actor_done(struct task *t)
{
    struct actor *a = t->frame;
    a->calls++;
}

static struct task *spawn_actor(struct actor *a)
{
    a->at = -1;
    a->task = task_spawn_named(stage.sched, act, a, a->name);
    ck_assert_ptr_nonnull(a->task);
    a->task->on_done = on_actor_done;
    stage.actors[stage.n_actors++] = a;
    return a->task;
}

/* Counts as count_up() of the lesson does, and notes each line. */
struct counter {
    const char *name;
    int n, i;
};

static void count_up(struct task *t)
{
    struct counter *f = t->frame;

    TASK_BEGIN(t);
    for (f->i = 0; f->i < f->n; f->i++) {
        trace("%s: %d", f->name, f->i);
        TASK_SLEEP(t, 500);
        if (t->wake != 0)
            TASK_RETURN(t, t->wake);
    }
    trace("%s done", f->name);
    TASK_RETURN(t, f->n);
    TASK_END(t);
}

/* ---- made ---- */

static void on_made_done(struct task *t)
{
    for (int i = 0; i < stage.n_made; i++) {
        struct made *m = stage.made[i];
        if (m->task != t)
            continue;
        m->calls++;
        m->at = stage_ms();
        for (int k = 0; k < stage.n_actors; k++)
            m->running += !task_done(stage.actors[k]->task);
    }
}

/* MADE(&m, 3, task_gather(s, tasks, 2, results)): calls it, and goes on only if it returned a task.
 * The number is that of its TODO. */
#define MADE(m, todo, call_of_it) keep_made((m), (todo), #call_of_it, (call_of_it))

static void keep_made(struct made *m, int todo, const char *call, struct task *t)
{
    if (t == NULL)
        fail_test("%.*s() returned NULL: is it written yet? TODO(%d)", (int)strcspn(call, "("),
                  call, todo);
    *m = (struct made){.call = call, .task = t};
    t->on_done = on_made_done;
    stage.made[stage.n_made++] = m;
}

/* What sched_dump() says, for a message. */
static const char *dump_text(void)
{
    static char text[4096];
    FILE *out = fmemopen(text, sizeof(text), "w");

    sched_dump(stage.sched, out);
    fclose(out);
    return text;
}

/* Names those that are left. A loop that has ended has nothing that would wake them. */
static void expect_done(const char *who, const struct task *t)
{
    bool goes_on = event_base_get_num_events(test_base(), EVENT_BASE_COUNT_ADDED) > 0;

    if (!task_done(t))
        fail_test("%s %s at %.3f%s\nstill there:\n%s", who,
                  goes_on ? "has not ended" : "waits for ever:", stage_ms() / 1000.0,
                  goes_on ? "" : " the loop has ended, and nothing can wake it any more",
                  dump_text());
}

/* What was handed in stands there no more: the header says that the array is copied. In its place
 * stands a task that ends at once. */
static void overwrite(struct made *m, struct task *tasks[], int n, struct actor *decoy)
{
    static char call[160];

    *decoy = (struct actor){.name = "another task", .result = 99};
    spawn_actor(decoy);
    for (int i = 0; i < n; i++)
        tasks[i] = decoy->task;
    snprintf(call, sizeof(call), "%s, where the array was overwritten after the call,", m->call);
    m->call = call;
}

static void expect_ended(const struct made *m, int result, int at)
{
    expect_done(m->call, m->task);
    if (task_result(m->task) != result || m->at != at)
        fail_test("%s ended otherwise\nexpected  %6.3f  result %s\ngot       %6.3f  result %s",
                  m->call, at / 1000.0, result_text(result), m->at / 1000.0,
                  result_text(task_result(m->task)));
    if (m->calls != 1)
        fail_test("%s: a task ends once\nexpected  calls of on_done: 1\n"
                  "got       calls of on_done: %d",
                  m->call, m->calls);
}

/* What was handed in was not allowed, for the reason `why`. */
static void expect_refused(const struct made *m, const char *why)
{
    expect_done(m->call, m->task);
    if (task_result(m->task) != -EINVAL || m->at != 0)
        fail_test("%s: %s\nexpected  %6.3f  result -EINVAL\ngot       %6.3f  result %s", m->call,
                  why, 0.0, m->at / 1000.0, result_text(task_result(m->task)));
}

/* The actor ended as it would have ended alone. `where` tells what it was handed to. */
static void expect_undisturbed(const struct actor *a, const char *where)
{
    expect_done(a->name, a->task);
    if (a->requests != 0 || task_result(a->task) != a->result)
        fail_test("%s: task %s should go on undisturbed\n"
                  "expected  result %s, requests to stop: 0\n"
                  "got       result %s, requests to stop: %d",
                  where, a->name, result_text(a->result), result_text(task_result(a->task)),
                  a->requests);
}

static void expect_actor(const struct actor *a, const char *where, int result, int at, int requests)
{
    expect_done(a->name, a->task);
    if (task_result(a->task) != result || a->at != at || a->requests != requests)
        fail_test("%s: task %s, which was handed in, ended otherwise\n"
                  "expected  %6.3f  result %s, requests to stop: %d\n"
                  "got       %6.3f  result %s, requests to stop: %d",
                  where, a->name, at / 1000.0, result_text(result), requests, a->at / 1000.0,
                  result_text(task_result(a->task)), a->requests);
}

/* After run_to_end(): nothing was left that kept the loop running. */
static void expect_loop_ended_at(const char *where, int ms)
{
    if (stage_ms() != ms)
        fail_test("%s: the loop should have nothing to wait for after the last task has ended\n"
                  "expected  it ends at %.3f\ngot       it ended at %.3f\nstill there:\n%s",
                  where, ms / 1000.0, stage_ms() / 1000.0,
                  *stage.waited_for != '\0' ? stage.waited_for : "an event of the loop\n");
}

/* ---- what happens to them ---- */

static void after(int ms, event_callback_fn callback, void *arg)
{
    const struct timeval tv = {ms / 1000, ms % 1000 * 1000};
    ck_assert_int_eq(event_base_once(test_base(), -1, EV_TIMEOUT, callback, arg, &tv), 0);
}

static void on_cancel(evutil_socket_t fd, short what, void *task)
{
    (void)fd, (void)what;
    task_cancel(task);
}

/* One turn of the loop. False if there was nothing left to do. */
static bool run_turn(void)
{
    int result = event_base_loop(test_base(), EVLOOP_ONCE);
    ck_assert_int_ge(result, 0);
    return result == 0;
}

/* k turns, or fewer if `m` has ended for good by then. */
static void run_turns(int k, const struct made *m)
{
    for (int i = 0; i < k; i++)
        if (!run_turn())
            expect_done(m->call, m->task);
}

/* run_loop(), and notes how many turns it took, and what was left before time went on last. */
static void run_to_end(void)
{
    bool more = true;

    for (stage.turns = 0; more; stage.turns++) {
        char waits[sizeof(stage.waited_for)];
        int before = stage_ms();
        strcpy(waits, dump_text());
        more = run_turn();
        if (stage_ms() > before)
            strcpy(stage.waited_for, waits);
    }
}

/* Frees what the learner's functions have made. */
static void free_made(void)
{
    for (int i = 0; i < stage.n_made; i++)
        task_free(stage.made[i]->task);
    stage.n_made = 0;
}

static void free_actors(void)
{
    for (int i = 0; i < stage.n_actors; i++)
        task_free(stage.actors[i]->task);
    stage.n_actors = 0;
}

/* Frees all tasks and the scheduler, in which no other task may be left by then. */
static void strike(void)
{
    free_made();
    free_actors();
    if (stage.sched->live != 0)
        fail_test("all tasks of the test have been freed\n"
                  "expected  the scheduler has 0 tasks\ngot       it has %zu:\n%s",
                  stage.sched->live, dump_text());
    sched_free(stage.sched);
}

#endif
