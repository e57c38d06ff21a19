/* p2_kinds.h: the four functions that wait for tasks, one scene each, which a test can disturb at
 * any of its turns; for check_p2_task_management.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P2_KINDS_H
#define P2_KINDS_H

#include "p2_actors.h"

enum kind { SHIELD, WAIT_FIRST, GATHER, GATHER_FAILS, WAIT_FOR, WAIT_FOR_TOO_LONG, KINDS };

static const struct {
    const char *call; /* for messages */
    int todo;
    int result, at; /* undisturbed: how it ends, and when */
    bool hands_on;  /* a cancellation goes on to the tasks handed in */
} kinds[KINDS] = {
    [SHIELD] = {"task_shield(s, A)", 1, 1, 211, false},
    [WAIT_FIRST] = {"task_wait_first(s, {B, A, C}, 3)", 2, 1, 211, false},
    [GATHER] = {"task_gather(s, {B, A, C}, 3, results)", 3, 0, 401, true},
    [GATHER_FAILS] = {"task_gather(s, {B, A, C}, 3, results) of which B fails", 3, -ENODATA, 307,
                      true},
    [WAIT_FOR] = {"task_wait_for(s, A, 1000)", 4, 1, 211, true},
    [WAIT_FOR_TOO_LONG] = {"task_wait_for(s, C, 253)", 4, -ETIMEDOUT, 306, true},
};

/* A works for 211 ms, B for 307, C for 401, and each cleans up for 53: who looks again every 10 ms,
 * and does not wait to be woken, comes too late. */
struct cast {
    enum kind kind;
    struct actor actors[3]; /* handed in: n, from `first` on */
    int first, n;
    int *results; /* owned; NULL once freed */
    struct made made;
};

static struct task *call_kind(struct sched *s, struct cast *c, struct task *const tasks[3])
{
    switch (c->kind) {
    case SHIELD:
        return task_shield(s, tasks[1]);
    case WAIT_FIRST:
        return task_wait_first(s, tasks, 3);
    case GATHER:
    case GATHER_FAILS:
        return task_gather(s, tasks, 3, c->results);
    case WAIT_FOR:
        return task_wait_for(s, tasks[1], 1000);
    default:
        return task_wait_for(s, tasks[2], 253);
    }
}

/* Spawns those that are handed in and calls the function, which may return NULL. */
static struct task *play(struct sched *s, struct cast *c, enum kind kind)
{
    static const struct actor all[] = {
        {.name = "B", .work_ms = 307, .result = 2, .cleanup_ms = 53},
        {.name = "A", .work_ms = 211, .result = 1, .cleanup_ms = 53},
        {.name = "C", .work_ms = 401, .result = 3, .cleanup_ms = 53}};
    bool three = kind == WAIT_FIRST || kind == GATHER || kind == GATHER_FAILS;
    struct task *tasks[3] = {NULL, NULL, NULL};

    memset(c, 0, sizeof(*c));
    c->kind = kind;
    c->first = three ? 0 : kind == WAIT_FOR_TOO_LONG ? 2 : 1;
    c->n = three ? 3 : 1;
    c->results = calloc(3, sizeof(*c->results));
    memcpy(c->actors, all, sizeof(all));
    if (kind == GATHER_FAILS)
        c->actors[0].result = -ENODATA;
    for (int i = c->first; i < c->first + c->n; i++)
        tasks[i] = spawn_actor(&c->actors[i]);
    return call_kind(s, c, tasks);
}

static void play_made(struct sched *s, struct cast *c, enum kind kind)
{
    struct task *t = play(s, c, kind);
    keep_made(&c->made, kinds[kind].todo, kinds[kind].call, t);
}

static void end_play(struct cast *c)
{
    free(c->results);
    c->results = NULL;
}

/* What stands in results[] before the call. */
enum { UNWRITTEN = 12345 };

static void expect_results(const char *call, const int expected[], const int got[], int n)
{
    for (int i = 0; i < n; i++)
        if (got[i] != expected[i])
            fail_test("%s: results[%d] should be the result of tasks[%d]\nexpected  %s\n"
                      "got       %s",
                      call, i, i, result_text(expected[i]),
                      got[i] == UNWRITTEN ? "nothing: it was not written" : result_text(got[i]));
}

/* Nobody has disturbed those that were handed in, but for the work that took too long. */
static void expect_cast_undisturbed(const struct cast *c, const char *where)
{
    for (int i = c->first; i < c->first + c->n; i++)
        if (c->actors[i].at >= 0 || !task_done(c->actors[i].task))
            expect_undisturbed(&c->actors[i], where);
}

/* Undisturbed it ends as it should, and the loop sleeps in between. */
static void expect_no_polling(enum kind kind)
{
    enum { ENOUGH = 50 };
    struct cast c;

    play_made(begin(), &c, kind);
    run_to_end();
    expect_ended(&c.made, kinds[kind].result, kinds[kind].at);
    if (stage.turns > ENOUGH)
        fail_test("%s: the loop should sleep while nothing happens; who looks again and again?\n"
                  "expected  at most %d turns in %.3f s\ngot       %d turns",
                  c.made.call, ENOUGH, stage_ms() / 1000.0, stage.turns);
    strike();
    end_play(&c);
}

/* The on_done of those that are handed in is their owner's, and tells the owner of their end. */
static void expect_on_done_left(enum kind kind)
{
    struct cast c;

    play_made(begin(), &c, kind);
    run_to_end();
    expect_ended(&c.made, kinds[kind].result, kinds[kind].at);
    for (int i = c.first; i < c.first + c.n; i++)
        if (c.actors[i].calls != 1)
            fail_test("%s: the on_done of task %s, which was handed in, stays its owner's\n"
                      "expected  calls of on_done: 1\ngot       calls of on_done: %d",
                      c.made.call, c.actors[i].name, c.actors[i].calls);
    strike();
    end_play(&c);
}

#endif
