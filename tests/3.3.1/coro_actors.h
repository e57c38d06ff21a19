/* coro_actors.h: the coroutines that the tests of coro.h run, and the log they write
 *
 * Tasks write one letter or word for each step into a log; a test compares the log. The loop is a
 * real one, with sleeps of a few milliseconds and no look at the clock.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CORO_ACTORS_H
#define CORO_ACTORS_H

#include <check.h>
#include <stdlib.h>

/* The runtime's own allocations can be made to fail: the one that counts `fail_in` down to 0. */
extern int fail_in;
void *test_calloc(size_t n, size_t size);
void *test_realloc(void *old, size_t size);
#define calloc  test_calloc
#define realloc test_realloc
#include "../../exercises/coro.h"
#undef calloc
#undef realloc

/* libevent's allocations fail while this is set. */
extern bool no_memory;

/* The loop and the scheduler of the running test. */
extern struct event_base *base;
extern struct sched *sched;
void actors_set_up(void);
void actors_tear_down(void);

/* What was noted since the last expect_log(). */
extern char noted[4096];
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void expect_log(const char *expected);

/* Runs the loop until no event is left. */
void run(void);

/* One frame for all the coroutines here. */
struct actor {
    const char *name;
    int n; /* steps, milliseconds, a descriptor, a result: see each */
    int i;
    struct task *other; /* to await, cancel or free */
    struct task *task;
};

struct task *spawn(struct actor *a, task_fn fn);

void stepper(struct task *t);   /* notes its name and the step n times, yields after each */
void sleeper(struct task *t);   /* sleeps n ms, notes its name and wake */
void awaiter(struct task *t);   /* awaits `other`, notes its name and wake */
void cleaner(struct task *t);   /* sleeps long; then cleans up with a wait; n != 0: its result */
void reader(struct task *t);    /* waits for descriptor n to be readable */
void canceller(struct task *t); /* cancels `other` or itself; ends with n, or for 0 yields first */
void killer(struct task *t);    /* frees `other` */
void quitter(struct task *t);   /* returns, and nothing more */
void suspender(struct task *t); /* is suspended until somebody wakes it, notes its name and wake */

/* on_done of tasks that nobody awaits. */
void note_and_free(struct task *t);

/* The tests of test_coro_cancel.c. */
TCase *cancel_tests(void);

#endif
