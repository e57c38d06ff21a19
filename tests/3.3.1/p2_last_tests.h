/* p2_last_tests.h: the tests of the task set, and of what is left over, for
 * check_p2_task_management.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P2_LAST_TESTS_H
#define P2_LAST_TESTS_H

#include "p2_kinds.h"
#include "p2_semaphore_tests.h"

/* ---- the task set ---- */

static int freed; /* calls of on_free */

static void on_free(struct task *t)
{
    (void)t;
    freed++;
}

static struct task_set *open_set(struct sched *s)
{
    struct task_set *set = task_set_new(s);

    if (set == NULL)
        fail_test("task_set_new() returned NULL: is it written yet? TODO(6)");
    freed = 0;
    return set;
}

/* `name` is gone when the call has returned. */
static struct task *spawn_in(struct task_set *set, struct actor *a, const char *name)
{
    char copy[64];

    snprintf(copy, sizeof(copy), "%s", name);
    struct task *t = task_set_spawn(set, act, a, copy);
    memset(copy, '?', sizeof(copy) - 1);
    if (t == NULL)
        fail_test("task_set_spawn() returned NULL: is it written yet? TODO(6)");
    t->on_free = on_free;
    return t;
}

/* What task_set_dump() prints, and what task_set_count() says; `names` has a line for each. */
static void expect_listed_when(const struct task_set *set, const char *names, const char *when)
{
    char text[512] = "";
    int lines = 0;
    FILE *out = fmemopen(text, sizeof(text), "w");

    task_set_dump(set, out);
    fclose(out);
    if (strcmp(text, names) != 0)
        fail_test("at %.3f%s task_set_dump() should name the tasks that have not ended\n"
                  "expected:\n%sgot:\n%s",
                  stage_ms() / 1000.0, when, names, text);
    for (const char *c = names; *c != '\0'; c++)
        lines += *c == '\n';
    if (task_set_count(set) != lines)
        fail_test("at %.3f%s task_set_count()\nexpected  %d\ngot       %d", stage_ms() / 1000.0,
                  when, lines, task_set_count(set));
}

static void expect_listed(const struct task_set *set, const char *names)
{
    expect_listed_when(set, names, "");
}

static void expect_freed(int expected)
{
    if (freed != expected)
        fail_test("at %.3f: each task of the set is freed at its end\n"
                  "expected  calls of on_free: %d\ngot       calls of on_free: %d",
                  stage_ms() / 1000.0, expected, freed);
}

START_TEST(the_set_lists_its_tasks)
{
    struct sched *s = begin();
    struct task_set *set = open_set(s);
    struct actor a[] = {{.work_ms = 300}, {.work_ms = 100}, {.work_ms = 200}, {.work_ms = 400}};

    expect_listed(set, "");
    spawn_in(set, &a[0], "copy 100%d of \"a file\"");
    spawn_in(set, &a[1], "mail");
    spawn_in(set, &a[2], "log");
    spawn_in(set, &a[3], "mail");
    expect_listed(set, "copy 100%d of \"a file\"\nmail\nlog\nmail\n");
    run_loop_for(150);
    expect_listed(set, "copy 100%d of \"a file\"\nlog\nmail\n");
    expect_freed(1);
    run_loop_for(200);
    expect_listed(set, "mail\n");
    run_to_end();
    expect_listed(set, "");
    expect_freed(4);
    expect_loop_ended_at("a task set", 400);
    task_set_free(set);
    task_set_free(NULL);
    strike();
}
END_TEST

/* Looks at the set behind the others in a turn: `yields` turns after 0.100. */
struct onlooker {
    const struct task_set *set;
    int yields;
};

static void look(struct task *t)
{
    struct onlooker *f = t->frame;

    TASK_BEGIN(t);
    TASK_SLEEP(t, 100);
    while (f->yields-- > 0)
        TASK_YIELD(t);
    expect_listed_when(f->set, "log\n", ", when mail has just ended,");
    TASK_END(t);
}

static const struct task_set *set_of_mail;

static void on_mail_free(struct task *t)
{
    on_free(t);
    expect_listed_when(set_of_mail, "log\n", ", in the on_free of mail,");
}

START_TEST(who_has_ended_is_not_listed)
{
    for (int yields = 0; yields < 3; yields++) {
        struct sched *s = begin();
        struct task_set *set = open_set(s);
        struct actor a[] = {{.work_ms = 100}, {.work_ms = 300}};
        struct onlooker f = {set, yields};
        set_of_mail = set;
        spawn_in(set, &a[0], "mail")->on_free = on_mail_free;
        spawn_in(set, &a[1], "log");
        struct task *onlooker = task_spawn(s, look, &f);
        run_loop();
        expect_freed(2);
        task_free(onlooker);
        task_set_free(set);
        strike();
    }
}
END_TEST

START_TEST(the_task_has_the_name)
{
    struct sched *s = begin();
    struct task_set *set = open_set(s);
    struct actor a = {.work_ms = 100};
    struct task *t = spawn_in(set, &a, "mail");

    if (strcmp(t->name, "mail") != 0)
        fail_test("the name of a task of the set, for sched_dump()\nexpected  mail\n"
                  "got       %s",
                  t->name);
    run_loop();
    task_set_free(set);
    strike();
}
END_TEST

START_TEST(tasks_of_the_set_are_cancelled)
{
    struct sched *s = begin();
    struct task_set *set = open_set(s), *other = open_set(s);
    struct actor a[] = {{.work_ms = 900, .cleanup_ms = 100}, {.work_ms = 900}, {.work_ms = 100}};
    struct task *cleans_up = spawn_in(set, &a[0], "cleans up");

    task_cancel(spawn_in(set, &a[1], "never begins"));
    spawn_in(other, &a[2], "of another set");
    after(50, on_cancel, cleans_up);
    run_loop_for(80);
    expect_listed(set, "cleans up\n"); /* it has not ended yet */
    expect_listed(other, "of another set\n");
    run_to_end();
    expect_listed(set, "");
    expect_freed(3);
    expect_loop_ended_at("task sets, all of whose tasks have ended", 150);
    task_set_free(other);
    task_set_free(set);
    strike();
}
END_TEST

START_TEST(the_set_is_freed_at_each_turn)
{
    bool more = true;

    for (int k = 0; more; k++) {
        struct sched *s = begin();
        struct task_set *set = open_set(s);
        struct actor a[] = {{.work_ms = 100}, {.work_ms = 200}, {.work_ms = 0}};
        for (int i = 0; i < 3; i++)
            spawn_in(set, &a[i], "of a set");
        for (int i = 0; i < k && more; i++)
            more = run_turn();
        if (k % 2 == 0) {
            task_set_free(set);
            run_loop();
            strike();
        } else { /* the scheduler before the set */
            sched_free(s);
            task_set_free(set);
        }
        expect_freed(3);
    }
}
END_TEST

/* ---- freed half-way ---- */

/* Frees what was made after k turns; its results are gone, too. True if it had ended. */
static bool free_after(enum kind kind, int k, bool all)
{
    struct sched *s = begin();
    struct cast c;
    char where[128];

    play_made(s, &c, kind);
    run_turns(k, &c.made);
    bool ended = task_done(c.made.task);
    free_made();
    end_play(&c);
    snprintf(where, sizeof(where), "%s, freed after turn %d", kinds[kind].call, k);
    if (all)
        free_actors();
    run_loop();
    if (!all && kind != WAIT_FOR_TOO_LONG)
        expect_cast_undisturbed(&c, where);
    strike();
    return ended;
}

START_TEST(freed_at_each_turn)
{
    for (int kind = 0; kind < KINDS; kind++)
        for (int all = 0; all < 2; all++)
            for (int k = 0; !free_after(kind, k, all); k++)
                ;
}
END_TEST

/* The scheduler goes first, after k turns. */
static bool end_all_after(enum kind kind, int k)
{
    struct sched *s = begin();
    struct cast c;

    play_made(s, &c, kind);
    run_turns(k, &c.made);
    bool ended = task_done(c.made.task);
    sched_free(s);
    run_loop();
    if (c.made.calls != 1)
        fail_test("%s: sched_free() ends it\nexpected  1 end\ngot       %d", kinds[kind].call,
                  c.made.calls);
    free_made();
    free_actors();
    end_play(&c);
    return ended;
}

START_TEST(the_scheduler_is_freed_at_each_turn)
{
    for (int kind = 0; kind < KINDS; kind++)
        for (int k = 0; !end_all_after(kind, k); k++)
            ;
}
END_TEST

START_TEST(the_semaphore_is_freed_at_each_turn)
{
    bool more = true;

    for (int k = 0; more; k++) {
        struct room room;
        struct visitor v[] = {{.name = "A", .stays_ms = 10},
                              {.name = "B", .stays_ms = 10},
                              {.name = "C", .stays_ms = 10}};
        open_room(&room, 1);
        for (int i = 0; i < 3; i++)
            come(&room, &v[i]);
        for (int i = 0; i < k && more; i++)
            more = run_turn();
        sched_free(room.sched);
        semaphore_free(room.semaphore);
        for (int i = 0; i < 3; i++)
            task_free(v[i].task);
    }
    semaphore_free(NULL);
}
END_TEST

/* ---- memory that runs out ---- */

/* Memory ran out for the call. Its task, if there is one, has ended and is not freed yet. */
static void expect_nothing_done(const struct cast *c)
{
    char where[128];
    int end = 0;

    snprintf(where, sizeof(where), "%s, for which memory ran out", kinds[c->kind].call);
    run_to_end();
    for (int i = c->first; i < c->first + c->n; i++) {
        expect_undisturbed(&c->actors[i], where);
        end = c->actors[i].at > end ? c->actors[i].at : end;
    }
    expect_loop_ended_at(where, end);
}

static void play_without_memory(void *arg)
{
    enum kind kind = *(enum kind *)arg;
    struct sched *s = begin();
    struct cast c;
    struct task *t = play(s, &c, kind);
    bool failed = t == NULL;

    if (t != NULL) {
        keep_made(&c.made, kinds[kind].todo, kinds[kind].call, t);
        while (!task_done(t) && run_turn())
            ;
        expect_done(kinds[kind].call, t);
        failed = task_result(t) == -ENOMEM;
        if (!failed)
            expect_ended(&c.made, kinds[kind].result, kinds[kind].at);
    }
    if (failed)
        expect_nothing_done(&c);
    free_actors(); /* they may go before the task of the four, which has ended */
    run_loop();
    strike();
    end_play(&c);
}

START_TEST(memory_runs_out_while_tasks_wait)
{
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct cast c;
        play_made(begin(), &c, kind); /* it is written */
        strike();
        end_play(&c);
        each_allocation_fails(play_without_memory, &kind);
    }
}
END_TEST

static void open_without_memory(void *arg)
{
    struct sched *s = begin();
    struct semaphore *semaphore = semaphore_new(1);
    struct task_set *set = task_set_new(s);
    struct actor a[] = {{.work_ms = 100}, {.work_ms = 200}};
    int spawned = 0;

    (void)arg;
    for (int i = 0; i < 2 && set != NULL; i++) {
        struct task *t = task_set_spawn(set, act, &a[i], "task");
        spawned += t != NULL;
        if (task_set_count(set) != spawned)
            fail_test("memory ran out in task_set_spawn(), or not\nexpected  %d in the set\n"
                      "got       %d",
                      spawned, task_set_count(set));
    }
    run_loop();
    semaphore_free(semaphore);
    task_set_free(set);
    strike();
}

START_TEST(memory_runs_out_elsewhere)
{
    struct sched *s = begin();
    struct room room;
    struct actor a = {.work_ms = 100};
    struct task_set *set = open_set(s); /* all is written */

    spawn_in(set, &a, "task");
    task_set_free(set);
    strike();
    open_room(&room, 1);
    close_room(&room, NULL, 0);
    each_allocation_fails(open_without_memory, NULL);
}
END_TEST

#endif
