/* test_coro.c: the tests of exercises/coro.h: turns, await, descriptors, generators
 *
 * SPDX-License-Identifier: MIT
 */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "coro_actors.h"

/* ---- turns ---- */

START_TEST(spawn_does_not_run_the_body)
{
    struct actor a = {"a", 1, 0, NULL, NULL}, b = {"b", 1, 0, NULL, NULL};
    spawn(&a, stepper);
    spawn(&b, stepper);
    note("main ");
    ck_assert(!task_done(a.task));
    ck_assert_int_eq(task_result(a.task), -EINPROGRESS);
    run();
    expect_log("main a0 b0 ");
    ck_assert(task_done(a.task));
    ck_assert_int_eq(task_result(a.task), 1);
    task_free(a.task);
    task_free(b.task);
    task_free(NULL);
}
END_TEST

START_TEST(yields_take_turns)
{
    struct actor a = {"a", 3, 0, NULL, NULL}, b = {"b", 2, 0, NULL, NULL};
    spawn(&a, stepper);
    spawn(&b, stepper);
    run();
    expect_log("a0 b0 a1 b1 a2 ");
    task_free(a.task);
    task_free(b.task);
}
END_TEST

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    char c;
    (void)what;
    ck_assert_int_eq(read(fd, &c, 1), 1);
    ((struct actor *)arg)->n = 0; /* lets the stepper end */
}

START_TEST(yields_leave_a_turn_to_descriptors)
{
    struct actor a = {"", 1000000, 0, NULL, NULL};
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    struct event *ev = event_new(base, ends[0], EV_READ, on_readable, &a);
    event_add(ev, NULL);
    spawn(&a, stepper);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    run();
    ck_assert_int_lt(a.i, 10);
    task_free(a.task);
    event_free(ev);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(sleepers_wake_by_deadline_then_first_come)
{
    struct actor a[9];
    for (int i = 0; i < 9; i++) {
        a[i] = (struct actor){(const char *[]){"a", "b", "c", "d", "e", "f", "g", "h", "i"}[i],
                              (const int[]){9, 3, 6, 3, 9, 6, 3, 0, -5}[i], 0, NULL, NULL};
        spawn(&a[i], sleeper);
    }
    run();
    expect_log("h(0) i(0) b(0) d(0) g(0) c(0) f(0) a(0) e(0) ");
    for (int i = 0; i < 9; i++)
        task_free(a[i].task);
}
END_TEST

START_TEST(a_thousand_sleepers_wake_in_order)
{
    static struct actor a[1000];
    for (int i = 0; i < 1000; i++) {
        a[i] = (struct actor){"", 1 + i * 7919 % 10, 0, NULL, NULL};
        spawn(&a[i], sleeper);
    }
    event_base_loop(base, EVLOOP_ONCE); /* all are asleep now */
    for (int i = 0; i < 1000; i += 3)
        task_free(a[i].task);
    ck_assert_uint_le(sched->sleeping, 666);
    run();
    for (int i = 0; i < 1000; i++) {
        if (i % 3 == 0)
            continue;
        ck_assert_int_eq(task_result(a[i].task), a[i].n);
        task_free(a[i].task);
    }
}
END_TEST

START_TEST(a_plain_return_ends_a_task)
{
    struct actor a = {"a", 0, 0, NULL, NULL};
    spawn(&a, quitter);
    run();
    ck_assert_int_eq(task_result(a.task), 0);
    task_free(a.task);
}
END_TEST

/* ---- await ---- */

START_TEST(several_await_one_child)
{
    struct actor c = {"c", 2, 0, NULL, NULL};
    struct actor a = {"a", 0, 0, spawn(&c, sleeper), NULL}, b = {"b", 0, 0, c.task, NULL};
    spawn(&a, awaiter);
    spawn(&b, awaiter);
    run();
    expect_log("c(0) a(0) b(0) ");
    struct actor late = {"late", 0, 0, c.task, NULL}, s = {"s", 1, 0, NULL, NULL};
    spawn(&late, awaiter);
    spawn(&s, stepper);
    run();
    expect_log("late(0) s0 "); /* a finished child does not suspend */
    task_free(a.task);
    task_free(b.task);
    task_free(late.task);
    task_free(s.task);
    task_free(c.task);
}
END_TEST

START_TEST(awaiting_oneself_or_nothing_is_an_error)
{
    struct actor none = {"none", 0, 0, NULL, NULL}, self = {"self", 0, 0, NULL, NULL};
    struct actor a = {"a", 0, 0, NULL, NULL}, b = {"b", 0, 0, NULL, NULL};
    spawn(&none, awaiter);
    self.other = spawn(&self, awaiter);
    b.other = spawn(&a, awaiter);
    a.other = spawn(&b, awaiter);
    run();
    ck_assert_int_eq(task_result(none.task), -EINVAL);
    ck_assert_int_eq(task_result(self.task), -EDEADLK);
    ck_assert_int_eq(task_result(b.task), -EDEADLK); /* a awaits b: b would close the circle */
    ck_assert_int_eq(task_result(a.task), 0);
    task_free(none.task);
    task_free(self.task);
    task_free(a.task);
    task_free(b.task);
}
END_TEST

START_TEST(freeing_a_child_wakes_its_awaiters)
{
    struct actor c = {"c", 10000, 0, NULL, NULL};
    struct actor a = {"a", 0, 0, spawn(&c, sleeper), NULL};
    struct actor k = {"k", 0, 0, c.task, NULL};
    spawn(&a, awaiter);
    spawn(&k, killer);
    run();
    expect_log("k a(-125) ");
    ck_assert_int_eq(task_result(a.task), -ECANCELED);
    task_free(a.task);
    task_free(k.task);
}
END_TEST

/* ---- descriptors ---- */

START_TEST(waits_for_a_descriptor)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    struct actor a = {"a", ends[0], 0, NULL, NULL}, s = {"s", 2, 0, NULL, NULL};
    spawn(&a, reader);
    spawn(&s, stepper);
    event_base_loop(base, EVLOOP_ONCE);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    run();
    expect_log("s0 s1 a(0) ");
    task_free(a.task);
    task_free(s.task);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(waits_for_a_descriptor_are_cancelled_and_freed)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    struct actor a = {"a", ends[0], 0, NULL, NULL}, b = {"b", ends[0], 0, NULL, NULL};
    struct actor x = {"x", 0, 0, spawn(&a, reader), NULL}, k = {"k", 0, 0, spawn(&b, reader), NULL};
    spawn(&x, canceller);
    spawn(&k, killer);
    run();
    expect_log("x k a(-125) x(0) ");
    task_free(a.task);
    task_free(x.task);
    task_free(k.task);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(a_descriptor_that_cannot_be_waited_for)
{
    int file = open("/proc/self/exe", O_RDONLY);
    struct actor a = {"a", file, 0, NULL, NULL}, b = {"b", -1, 0, NULL, NULL};
    spawn(&a, reader);
    spawn(&b, reader);
    run();
    expect_log("a(-1) b(-22) ");
    task_free(a.task);
    task_free(b.task);
    close(file);
}
END_TEST

/* ---- generators ---- */

struct count {
    struct gen gen;
    int i, stop;
};

static bool count_next(struct count *c)
{
    GEN_BEGIN(&c->gen);
    for (c->i = 0; c->i < c->stop; c->i++)
        GEN_YIELD(&c->gen, c->i);
    GEN_END(&c->gen);
}

START_TEST(generators_end_for_good)
{
    struct count a = {.stop = 3}, b = {.stop = 2}, empty = {.stop = 0};
    while (count_next(&a)) {
        note("%d ", a.gen.value);
        if (count_next(&b))
            note("b%d ", b.gen.value);
    }
    expect_log("0 b0 1 b1 2 ");
    ck_assert(!count_next(&a) && !count_next(&a) && !count_next(&b) && !count_next(&empty));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("coro.h");
    TCase *tc = tcase_create("turns");
    tcase_add_checked_fixture(tc, actors_set_up, actors_tear_down);
    tcase_add_test(tc, spawn_does_not_run_the_body);
    tcase_add_test(tc, yields_take_turns);
    tcase_add_test(tc, yields_leave_a_turn_to_descriptors);
    tcase_add_test(tc, sleepers_wake_by_deadline_then_first_come);
    tcase_add_test(tc, a_thousand_sleepers_wake_in_order);
    tcase_add_test(tc, a_plain_return_ends_a_task);
    tcase_add_test(tc, several_await_one_child);
    tcase_add_test(tc, awaiting_oneself_or_nothing_is_an_error);
    tcase_add_test(tc, freeing_a_child_wakes_its_awaiters);
    tcase_add_test(tc, waits_for_a_descriptor);
    tcase_add_test(tc, waits_for_a_descriptor_are_cancelled_and_freed);
    tcase_add_test(tc, a_descriptor_that_cannot_be_waited_for);
    tcase_add_test(tc, generators_end_for_good);
    suite_add_tcase(s, tc);
    suite_add_tcase(s, cancel_tests());
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
