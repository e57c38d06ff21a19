/* p7_lock_tests.h: one inside at a time, for check_p7_context_manager.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P7_LOCK_TESTS_H
#define P7_LOCK_TESTS_H

#include "p7_timeout_tests.h"

enum { USERS = 4 };

/* Somebody who wants to be inside for 100 ms. */
struct user {
    struct lock_scope *use;
    struct watch watch;
    struct worker worker;
    struct scope *scope;
    struct told told;
};

struct house {
    struct lock *lock;
    struct user users[USERS]; /* a, b, c, d */
};

static inline void house_open(struct house *house)
{
    static const char *const names[] = {"a", "b", "c", "d"}, *const told[] = {
                                                                 "told of a", "told of b",
                                                                 "told of c", "told of d"};

    *house = (struct house){.lock = lock_new()};
    expect_made(house->lock, "lock_new()");
    for (int k = 0; k < USERS; k++) {
        struct user *user = &house->users[k];

        user->use = lock_scope_new(test_base(), house->lock);
        expect_made(user->use, "lock_scope_new()");
        user->worker = worker_named(names[k]);
        user->worker.value = house->lock;
        user->worker.step.ms = 100;
        user->told.who = told[k];
    }
}

static inline void user_come(struct user *user)
{
    const struct manager manager =
        watched(&user->watch, "lock_scope", lock_scope_manager(user->use));
    const struct body body = body_of(&user->worker);

    expect_run(scope_run(&manager, &body, on_told, &user->told, &user->scope), 0,
               user->told.calls == 0 ? "a lock_scope"
                                     : "a lock_scope that has been entered and exited before",
               "TODO(8)");
    user->told.calls = 0;
    user->told.may_come = true;
}

static inline void house_close(struct house *house)
{
    for (int k = 0; k < USERS; k++) {
        lock_scope_free(house->users[k].use);
        worker_free(&house->users[k].worker);
    }
    lock_free(house->lock);
}

START_TEST(one_at_a_time_in_the_order_of_their_coming)
{
    struct house house;

    house_open(&house);
    for (int k = 0; k < 3; k++)
        user_come(&house.users[k]);
    run_loop_for(50);
    user_come(&house.users[3]);
    run_loop();
    expect_trace("0.000  a: begins\n"
                 "0.100  a: ends\n"
                 "0.100  told of a: 0\n"
                 "0.100  b: begins\n"
                 "0.200  b: ends\n"
                 "0.200  told of b: 0\n"
                 "0.200  c: begins\n"
                 "0.300  c: ends\n"
                 "0.300  told of c: 0\n"
                 "0.300  d: begins\n"
                 "0.400  d: ends\n"
                 "0.400  told of d: 0\n");
    house_close(&house);
}
END_TEST

/* Each of them, once and twice: also one that is not the first in line. */
START_TEST(who_gives_up_has_left_the_queue)
{
    for (int k = 1; k < USERS; k++) {
        struct house house;
        char text[600];
        size_t used = 0;
        const int begun = now_ms();
        int at = begun;

        house_open(&house);
        for (int i = 0; i < USERS; i++)
            user_come(&house.users[i]);
        run_loop_for(50);
        scope_cancel(house.users[k].scope);
        scope_cancel(house.users[k].scope);
        run_loop();
        for (int i = 0; i < USERS; i++) {
            const char *name = house.users[i].worker.step.name;
            const int left = at + 100;

            if (i == k)
                continue;
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%d.%03d  %s: begins\n",
                                     at / 1000, at % 1000, name);
            if (i == 0) /* meanwhile */
                used += (size_t)snprintf(text + used, sizeof(text) - used,
                                         "%d.%03d  told of %s: -ECANCELED\n", (begun + 50) / 1000,
                                         (begun + 50) % 1000, house.users[k].worker.step.name);
            used += (size_t)snprintf(text + used, sizeof(text) - used,
                                     "%d.%03d  %s: ends\n%d.%03d  told of %s: 0\n", left / 1000,
                                     left % 1000, name, left / 1000, left % 1000, name);
            at = left;
        }
        expect_trace(text);
        house_close(&house);
    }
}
END_TEST

START_TEST(all_of_them_give_up)
{
    struct house house;

    house_open(&house);
    for (int k = 0; k < USERS; k++)
        user_come(&house.users[k]);
    run_loop_for(50);
    for (int k = USERS - 1; k >= 0; k--)
        scope_cancel(house.users[k].scope);
    run_loop();
    user_come(&house.users[2]); /* and the lock is free */
    run_loop();
    expect_trace("0.000  a: begins\n"
                 "0.050  a: is asked to end\n"
                 "0.050  told of b: -ECANCELED\n"
                 "0.050  told of c: -ECANCELED\n"
                 "0.050  told of d: -ECANCELED\n"
                 "0.060  a: ends with -ECANCELED\n"
                 "0.060  told of a: -ECANCELED\n"
                 "0.060  c: begins\n"
                 "0.160  c: ends\n"
                 "0.160  told of c: 0\n");
    house_close(&house);
}
END_TEST

/* A body at whose end something happens: when the lock is handed over, and nobody is told yet. */
struct last_words {
    struct house *house;
    done_cb cb;
    void *arg;
    void (*then)(struct house *house);
};

static inline void on_last_words(int err, void *arg)
{
    struct last_words *words = arg;
    struct house *house = words->house;
    void (*then)(struct house * house) = words->then;

    words->cb(err, words->arg);
    then(house);
}

static inline int words_begin(void *obj, void *value, done_cb cb, void *arg)
{
    struct last_words *words = obj;

    words->cb = cb;
    words->arg = arg;
    return worker_begin(&words->house->users[0].worker, value, on_last_words, words);
}

static inline void house_run(struct house *house, int waiting, void (*then)(struct house *house))
{
    struct user *first = &house->users[0];
    struct last_words words = {.house = house, .then = then};
    const struct manager manager = lock_scope_manager(first->use);
    const struct body body = {words_begin, NULL, &words};

    EXPECT(scope_run(&manager, &body, on_told, &first->told, NULL), 0, "TODO(8)");
    first->told.may_come = true;
    for (int k = 1; k <= waiting; k++)
        user_come(&house->users[k]);
    run_loop();
}

static inline void second_gives_up(struct house *house)
{
    trace("b is asked to end, d comes");
    scope_cancel(house->users[1].scope);
    user_come(&house->users[3]);
}

/* To the third one, who waits; and not to the fourth one, who comes meanwhile. */
START_TEST(who_gives_up_when_it_is_his_turn_passes_it_on)
{
    struct house house;

    house_open(&house);
    house_run(&house, 2, second_gives_up);
    expect_trace("0.000  a: begins\n"
                 "0.100  a: ends\n"
                 "0.100  b is asked to end, d comes\n"
                 "0.100  told of a: 0\n"
                 "0.100  told of b: -ECANCELED\n"
                 "0.100  c: begins\n"
                 "0.200  c: ends\n"
                 "0.200  told of c: 0\n"
                 "0.200  d: begins\n"
                 "0.300  d: ends\n"
                 "0.300  told of d: 0\n");
    house_close(&house);
}
END_TEST

static inline void another_one_comes(struct house *house)
{
    user_come(&house->users[3]);
}

START_TEST(who_comes_later_does_not_get_it_first)
{
    struct house house;

    house_open(&house);
    house_run(&house, 2, another_one_comes);
    expect_trace("0.000  a: begins\n"
                 "0.100  a: ends\n"
                 "0.100  told of a: 0\n"
                 "0.100  b: begins\n"
                 "0.200  b: ends\n"
                 "0.200  told of b: 0\n"
                 "0.200  c: begins\n"
                 "0.300  c: ends\n"
                 "0.300  told of c: 0\n"
                 "0.300  d: begins\n"
                 "0.400  d: ends\n"
                 "0.400  told of d: 0\n");
    house_close(&house);
}
END_TEST

/* One of them fails, one is used again, and a second lock is another matter. */
START_TEST(released_by_an_error_and_taken_again)
{
    struct house house, other;

    house_open(&house);
    house_open(&other);
    house.users[0].worker.step.err = -EIO;
    other.users[3].worker.step.ms = 350;
    user_come(&house.users[0]);
    user_come(&house.users[1]);
    user_come(&other.users[3]);
    run_loop_for(150);
    house.users[0].worker.step.err = 0;
    user_come(&house.users[2]);
    user_come(&house.users[0]);
    run_loop();
    expect_trace("0.000  a: begins\n"
                 "0.000  d: begins\n"
                 "0.100  a: ends with -EIO\n"
                 "0.100  told of a: -EIO\n"
                 "0.100  b: begins\n"
                 "0.200  b: ends\n"
                 "0.200  told of b: 0\n"
                 "0.200  c: begins\n"
                 "0.300  c: ends\n"
                 "0.300  told of c: 0\n"
                 "0.300  a: begins\n"
                 "0.350  d: ends\n"
                 "0.350  told of d: 0\n"
                 "0.400  a: ends\n"
                 "0.400  told of a: 0\n");
    house_close(&house);
    house_close(&other);
}
END_TEST

/* One that is inside, one that waits, one that is about to be told: what is refused changes
 * nothing. */
START_TEST(a_lock_scope_is_entered_once_at_a_time)
{
    struct house house;
    struct manager managers[USERS];

    house_open(&house);
    for (int k = 0; k < USERS; k++)
        managers[k] = lock_scope_manager(house.users[k].use);
    user_come(&house.users[0]);
    expect_busy(&managers[0], NULL, "a lock_scope that is about to be entered");
    user_come(&house.users[1]);
    user_come(&house.users[2]);
    user_come(&house.users[3]);
    run_loop_for(50);
    expect_busy(&managers[0], NULL, "a lock_scope that is inside");
    expect_busy(&managers[1], NULL, "a lock_scope that waits");
    expect_busy(&managers[2], NULL, "a lock_scope that waits");
    trace("enter of b and of c, once more: -EBUSY"); /* and they keep their places */
    scope_cancel(house.users[1].scope);
    expect_busy(&managers[1], NULL, "a lock_scope that has given up, and is about to tell so");
    run_loop();
    expect_trace("0.000  a: begins\n"
                 "0.050  enter of b and of c, once more: -EBUSY\n"
                 "0.050  told of b: -ECANCELED\n"
                 "0.100  a: ends\n"
                 "0.100  told of a: 0\n"
                 "0.100  c: begins\n"
                 "0.200  c: ends\n"
                 "0.200  told of c: 0\n"
                 "0.200  d: begins\n"
                 "0.300  d: ends\n"
                 "0.300  told of d: 0\n");
    house_close(&house);
}
END_TEST

START_TEST(who_waits_costs_nothing)
{
    struct house house;

    house_open(&house);
    house.users[0].worker.step.ms = 60 * 1000;
    for (int k = 0; k < 3; k++)
        user_come(&house.users[k]);
    run_loop_for(30 * 1000);
    const int events =
        event_base_get_num_events(test_base(), EVENT_BASE_COUNT_ADDED | EVENT_BASE_COUNT_ACTIVE);
    if (events != 1)
        fail_test("one is inside, two wait\nexpected  1 event in the loop, that of the body\n"
                  "got       %d: who waits polls",
                  events);
    run_loop();
    expect_trace("0.000  a: begins\n"
                 "60.000  a: ends\n"
                 "60.000  told of a: 0\n"
                 "60.000  b: begins\n"
                 "60.100  b: ends\n"
                 "60.100  told of b: 0\n"
                 "60.100  c: begins\n"
                 "60.200  c: ends\n"
                 "60.200  told of c: 0\n");
    house_close(&house);
}
END_TEST

#endif
