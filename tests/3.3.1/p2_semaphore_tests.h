/* p2_semaphore_tests.h: the tests of the semaphore, for check_p2_task_management.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P2_SEMAPHORE_TESTS_H
#define P2_SEMAPHORE_TESTS_H

#include "p2_actors.h"

/* Those who come for a permit, and what they have seen. */
struct room {
    struct sched *sched;
    struct semaphore *semaphore;
    int inside, most;
};

struct visitor {
    const char *name;
    int yields, after_ms; /* comes then; yields: behind those who come at the same time */
    int stays_ms;
    int visits;                          /* how often, one right after the other */
    void (*on_leave)(struct visitor *v); /* optional: instead of the release */
    struct room *room;
    struct visitor *other; /* for on_leave */
    struct task *task;
    struct semaphore_waiter waiter;
    int i;
};

static void visit(struct task *t)
{
    struct visitor *f = t->frame;

    TASK_BEGIN(t);
    while (f->yields-- > 0)
        TASK_YIELD(t);
    TASK_SLEEP(t, f->after_ms);
    for (f->i = 0; f->i < f->visits; f->i++) {
        SEMAPHORE_ACQUIRE(t, f->room->semaphore, &f->waiter);
        if (t->wake != 0)
            TASK_RETURN(t, t->wake);
        trace("enter %s", f->name);
        if (++f->room->inside > f->room->most)
            f->room->most = f->room->inside;
        TASK_SLEEP(t, f->stays_ms);
        f->room->inside--;
        trace("exit %s", f->name);
        if (f->on_leave != NULL)
            f->on_leave(f);
        else
            semaphore_release(f->room->semaphore);
    }
    TASK_RETURN(t, 1);
    TASK_END(t);
}

static void open_room(struct room *room, int permits)
{
    *room = (struct room){.sched = begin(), .semaphore = semaphore_new(permits)};
    if (room->semaphore == NULL)
        fail_test("semaphore_new() returned NULL: is it written yet? TODO(5)");
}

static void come(struct room *room, struct visitor *v)
{
    v->room = room;
    v->visits += v->visits == 0;
    memset(&v->waiter, 0xAA, sizeof(v->waiter)); /* it need not be initialised */
    v->task = task_spawn_named(room->sched, visit, v, v->name);
    ck_assert_ptr_nonnull(v->task);
}

static void expect_visitor(const struct visitor *v, int result)
{
    char who[64];

    snprintf(who, sizeof(who), "visitor %s, in SEMAPHORE_ACQUIRE,", v->name);
    expect_done(who, v->task);
    if (task_result(v->task) != result)
        fail_test("visitor %s\nexpected  %s\ngot       %s", v->name,
                  result == 1 ? "gets a permit" : "gets none: t->wake is -ECANCELED",
                  task_result(v->task) == 1 ? "gets a permit" : result_text(task_result(v->task)));
}

static void close_room(struct room *room, struct visitor *visitors, int n)
{
    for (int i = 0; i < n; i++)
        task_free(visitors[i].task);
    semaphore_free(room->semaphore);
    strike();
}

/* ---- one after the other ---- */

START_TEST(two_at_a_time)
{
    struct room room;
    struct visitor v[5];
    static const char *const names[] = {"0", "1", "2", "3", "4"};

    open_room(&room, 2);
    for (int i = 0; i < 5; i++) {
        v[i] = (struct visitor){.name = names[i], .stays_ms = 1000};
        come(&room, &v[i]);
    }
    run_loop();
    for (int i = 0; i < 5; i++)
        expect_visitor(&v[i], 1);
    expect_trace("0.000  enter 0\n0.000  enter 1\n1.000  exit 0\n1.000  exit 1\n"
                 "1.000  enter 2\n1.000  enter 3\n2.000  exit 2\n2.000  exit 3\n"
                 "2.000  enter 4\n3.000  exit 4\n");
    close_room(&room, v, 5);
}
END_TEST

START_TEST(nobody_overtakes)
{
    struct room room;
    struct visitor v[] = {{.name = "A", .stays_ms = 100, .visits = 2}, /* comes back at once */
                          {.name = "B", .after_ms = 10, .stays_ms = 100},
                          {.name = "C", .after_ms = 20, .stays_ms = 100},
                          {.name = "D", .after_ms = 100, .stays_ms = 100}};

    open_room(&room, 1);
    for (int i = 0; i < 4; i++)
        come(&room, &v[i]);
    run_loop();
    for (int i = 0; i < 4; i++)
        expect_visitor(&v[i], 1);
    if (room.most != 1)
        fail_test("one permit\nexpected  at most 1 inside\ngot       %d inside", room.most);
    expect_trace_in_order("0.000  enter A\n0.100  exit A\n0.100  enter B\n0.200  exit B\n"
                          "0.200  enter C\n0.300  exit C\n0.300  enter D\n0.400  exit D\n"
                          "0.400  enter A\n0.500  exit A\n");
    close_room(&room, v, 4);
}
END_TEST

START_TEST(never_too_many)
{
    enum { N = 20 };
    struct room room;
    struct visitor v[N];

    open_room(&room, 3);
    for (int i = 0; i < N; i++) {
        v[i] = (struct visitor){.name = "one of 20", .after_ms = i % 7 * 10, .visits = 1 + i % 3};
        v[i].stays_ms = i * 7 % 5 * 10;
        come(&room, &v[i]);
    }
    run_loop();
    for (int i = 0; i < N; i++)
        expect_visitor(&v[i], 1);
    if (room.most != 3)
        fail_test("3 permits, 20 tasks\nexpected  at most 3 inside at a time\n"
                  "got       %d inside at a time",
                  room.most);
    close_room(&room, v, N);
}
END_TEST

/* Takes permits one after the other, as long as it need not wait. */
struct taker {
    struct semaphore *semaphore;
    int taken;
    struct semaphore_waiter waiter;
};

static void take(struct task *t)
{
    struct taker *f = t->frame;

    TASK_BEGIN(t);
    for (;;) {
        SEMAPHORE_ACQUIRE(t, f->semaphore, &f->waiter);
        if (t->wake != 0)
            TASK_RETURN(t, t->wake);
        if (++f->taken > 10)
            TASK_RETURN(t, 0);
    }
    TASK_END(t);
}

/* Takes all free permits, which should be n. */
static void expect_permits(struct room *room, int n, const char *when)
{
    struct taker f = {.semaphore = room->semaphore};
    struct task *t = task_spawn(room->sched, take, &f);

    run_turn();
    if (f.taken != n)
        fail_test("%s: how many permits are free, to be taken without a wait?\nexpected  %d\n"
                  "got       %s%d",
                  when, n, f.taken > 10 ? "more than " : "", f.taken > 10 ? 10 : f.taken);
    task_cancel(t); /* the one that it waits for */
    run_turn();
    task_free(t);
}

START_TEST(each_permit_counts)
{
    struct room room;

    open_room(&room, 2);
    expect_permits(&room, 2, "semaphore_new(2)");
    semaphore_release(room.semaphore);
    semaphore_release(room.semaphore);
    expect_permits(&room, 2, "semaphore_new(2), both taken and given back");
    close_room(&room, NULL, 0);
    open_room(&room, 0);
    for (int i = 0; i < 3; i++)
        semaphore_release(room.semaphore);
    expect_permits(&room, 3, "semaphore_new(0), and 3 given to it");
    close_room(&room, NULL, 0);
}
END_TEST

static void on_release(evutil_socket_t fd, short what, void *semaphore)
{
    (void)fd, (void)what;
    semaphore_release(semaphore);
}

START_TEST(permits_may_come_from_elsewhere)
{
    struct room room;
    struct visitor v[] = {{.name = "A", .stays_ms = 500},
                          {.name = "B", .stays_ms = 500},
                          {.name = "C", .stays_ms = 500}};

    open_room(&room, 0);
    semaphore_release(room.semaphore); /* before anybody has come */
    for (int i = 0; i < 3; i++)
        come(&room, &v[i]);
    after(100, on_release, room.semaphore); /* from a callback */
    run_loop();
    expect_trace("0.000  enter A\n0.100  enter B\n0.500  exit A\n0.500  enter C\n"
                 "0.600  exit B\n1.000  exit C\n");
    close_room(&room, v, 3);
}
END_TEST

/* ---- cancelled ---- */

START_TEST(a_cancelled_waiter_leaves_the_queue)
{
    struct room room;
    struct visitor v[] = {{.name = "A", .stays_ms = 100}, {.name = "C", .stays_ms = 100}};
    struct visitor *b = calloc(1, sizeof(*b));

    *b = (struct visitor){.name = "B", .stays_ms = 100};
    open_room(&room, 1);
    come(&room, &v[0]);
    come(&room, b);
    come(&room, &v[1]);
    after(50, on_cancel, b->task);
    run_loop_for(60);
    expect_visitor(b, -ECANCELED);
    task_free(b->task);
    free(b); /* with the waiter in it */
    run_loop();
    expect_visitor(&v[1], 1);
    expect_trace("0.000  enter A\n0.100  exit A\n0.100  enter C\n0.200  exit C\n");
    close_room(&room, v, 2);
}
END_TEST

static void cancel_other_first(struct visitor *v)
{
    task_cancel(v->other->task);
    semaphore_release(v->room->semaphore);
}

static void release_first(struct visitor *v)
{
    semaphore_release(v->room->semaphore);
    task_cancel(v->other->task);
}

/* A leaves and cancels B, the head of the queue, in the same turn; C waits, and D comes later. */
static void cancel_the_head(void (*on_leave)(struct visitor *v))
{
    struct room room;
    struct visitor v[] = {{.name = "A", .stays_ms = 100, .on_leave = on_leave},
                          {.name = "B", .stays_ms = 100},
                          {.name = "C", .stays_ms = 100},
                          {.name = "D", .after_ms = 150, .stays_ms = 100}};

    v[0].other = &v[1];
    open_room(&room, 1);
    for (int i = 0; i < 4; i++)
        come(&room, &v[i]);
    run_loop();
    expect_visitor(&v[0], 1);
    expect_visitor(&v[1], -ECANCELED);
    expect_visitor(&v[2], 1);
    expect_visitor(&v[3], 1);
    expect_trace("0.000  enter A\n0.100  exit A\n0.100  enter C\n0.200  exit C\n"
                 "0.200  enter D\n0.300  exit D\n");
    close_room(&room, v, 4);
}

START_TEST(the_head_is_cancelled_before_the_release)
{
    cancel_the_head(cancel_other_first);
}
END_TEST

START_TEST(the_head_is_cancelled_after_the_release)
{
    cancel_the_head(release_first);
}
END_TEST

/* The same with nobody else in the queue: the permit is there for E, who comes right after A in the
 * same turn, when B has not yet left the queue, or later. */
static void cancel_the_only_one(void (*on_leave)(struct visitor *v), bool in_the_same_turn)
{
    struct room room;
    struct visitor v[] = {{.name = "A", .stays_ms = 100, .on_leave = on_leave},
                          {.name = "B", .after_ms = 50, .stays_ms = 100},
                          {.name = "E", .yields = 3, .after_ms = 100, .stays_ms = 100}};

    v[0].other = &v[1];
    v[2].after_ms += !in_the_same_turn;
    open_room(&room, 1);
    for (int i = 0; i < 3; i++)
        come(&room, &v[i]);
    run_loop();
    expect_visitor(&v[0], 1);
    expect_visitor(&v[1], -ECANCELED);
    expect_visitor(&v[2], 1);
    close_room(&room, v, 3);
}

START_TEST(the_only_one_is_cancelled)
{
    cancel_the_only_one(cancel_other_first, true);
    cancel_the_only_one(cancel_other_first, false);
    cancel_the_only_one(release_first, true);
    cancel_the_only_one(release_first, false);
}
END_TEST

/* Cancels B, of A, B and C, after k turns. True if all had ended by then. Whatever happens, both
 * permits are there in the end: two who come then need not wait. */
static bool cancel_visitor_after(int k)
{
    struct room room;
    struct visitor v[] = {{.name = "A", .stays_ms = 10},
                          {.name = "A2", .stays_ms = 20},
                          {.name = "B", .stays_ms = 10},
                          {.name = "C", .stays_ms = 10},
                          {.name = "D"},
                          {.name = "E"}};
    bool more = true;

    open_room(&room, 2);
    for (int i = 0; i < 4; i++)
        come(&room, &v[i]);
    for (int i = 0; i < k && more; i++)
        more = run_turn();
    task_cancel(v[2].task);
    run_loop();
    expect_visitor(&v[3], 1);
    for (int i = 4; i < 6; i++) {
        v[i].stays_ms = 10;
        come(&room, &v[i]);
    }
    run_loop();
    expect_visitor(&v[4], 1);
    expect_visitor(&v[5], 1);
    close_room(&room, v, 6);
    return !more;
}

START_TEST(no_permit_is_lost)
{
    for (int k = 0; !cancel_visitor_after(k); k++)
        ;
}
END_TEST

#endif
