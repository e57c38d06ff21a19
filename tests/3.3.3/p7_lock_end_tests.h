/* p7_lock_end_tests.h: a lock without memory, and its end, for check_p7_context_manager.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P7_LOCK_END_TESTS_H
#define P7_LOCK_END_TESTS_H

#include "p7_lock_tests.h"

static inline void lock_without_memory(void *unused)
{
    struct lock *lock = lock_new();
    struct lock_scope *uses[2] = {NULL};
    struct worker workers[] = {worker_named("a"), worker_named("b")};
    struct told told[2] = {{.quiet = true, .may_come = true}, {.quiet = true, .may_come = true}};
    struct scope *scopes[2] = {NULL};

    (void)unused;
    for (int k = 0; k < 2 && lock != NULL; k++) {
        uses[k] = lock_scope_new(test_base(), lock);
        const struct body body = body_of(&workers[k]);
        if (uses[k] == NULL)
            continue;
        const struct manager manager = lock_scope_manager(uses[k]);
        if (scope_run(&manager, &body, on_told, &told[k], &scopes[k]) != 0)
            told[k] = (struct told){.calls = 1};
    }
    run_loop_for(50);
    const bool waits = scopes[0] != NULL && scopes[1] != NULL;
    if (waits) {
        scope_cancel(scopes[1]);
        run_loop_for(10);
        expect_told(&told[1], -ECANCELED,
                    "a lock_scope that waits is cancelled, at once and without memory");
    }
    run_loop();
    for (int k = 0; k < 2; k++) {
        if (uses[k] != NULL && !(k == 1 && waits))
            expect_told(&told[k], 0, "a lock_scope where memory is missing elsewhere");
        lock_scope_free(uses[k]);
        worker_free(&workers[k]);
    }
    lock_free(lock);
}

START_TEST(no_memory_for_a_lock)
{
    each_allocation_fails(lock_without_memory, NULL);
}
END_TEST

START_TEST(a_lock_freed_when_the_loop_does_not_run)
{
    for (int ms = 50; ms < 500; ms += 100) {
        struct house house;

        house_open(&house);
        for (int k = 0; k < USERS; k++)
            user_come(&house.users[k]);
        run_loop_for(ms);
        for (int k = 0; k < USERS; k++)
            if (house.users[k].told.calls == 0)
                scope_free(house.users[k].scope);
        house_close(&house);
    }
    lock_scope_free(NULL);
    lock_free(NULL);
}
END_TEST

static inline void free_use(void *use)
{
    lock_scope_free(use);
}

/* The first one is freed when it is left, the second one when it has given up; the third one goes
 * in all the same. */
START_TEST(freed_by_cb_the_others_go_on)
{
    struct lock *lock = lock_new();
    struct last lasts[3];
    struct worker workers[] = {worker_named("a"), worker_named("b"), worker_named("c")};
    struct scope *scopes[3];

    expect_made(lock, "lock_new()");
    for (int k = 0; k < 3; k++) {
        lasts[k] = (struct last){.free = free_use, .object = lock_scope_new(test_base(), lock)};
        expect_made(lasts[k].object, "lock_scope_new()");
        const struct manager manager = lock_scope_manager(lasts[k].object);
        const struct body body = body_of(&workers[k]);
        EXPECT(scope_run(&manager, &body, on_last_told, &lasts[k], &scopes[k]), 0, "TODO(8)");
        lasts[k].told.may_come = true;
    }
    run_loop_for(50);
    scope_cancel(scopes[1]);
    run_loop();
    for (int k = 0; k < 3; k++) {
        expect_told(&lasts[k].told, k == 1 ? -ECANCELED : 0, "a lock_scope that is freed by cb");
        worker_free(&workers[k]);
    }
    lock_free(lock);
}
END_TEST

#endif
