/* p5_works.h: operations that take virtual time, for check_p5_file_processor.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P5_WORKS_H
#define P5_WORKS_H

#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include "p5_stage.h"
#include "vclock.h"

/* ---- works ---- */

/* A work of so many virtual ms, which then returns `result`. */
struct task {
    struct outcome o; /* first: the callback's argument */
    int ms, result;
    bool looks;       /* it ends as soon as it was cancelled; it looks every 10 ms */
    atomic_int begun; /* how often; by the worker */
    atomic_int order; /* it was the how-manieth to begin */
    int released;     /* how often */
    int released_at;
};

static atomic_int works_begun;

/* (A test that has failed is gone, and its operations with it, while workers still use them.) */
__attribute__((no_sanitize("undefined"))) static int64_t work(struct op *op, void *arg)
{
    struct task *t = arg;

    if (pthread_equal(pthread_self(), stage.thread))
        fail_test("%s: work() ran on the loop's thread, and not on a worker", t->o.call);
    t->begun++;
    t->order = ++works_begun;
    for (int ms = 0; ms < t->ms && !(t->looks && op_cancelled(op)); ms += 10)
        usleep(10 * 1000);
    return t->result;
}

static void release(void *arg)
{
    struct task *t = arg;

    if (!pthread_equal(pthread_self(), stage.thread))
        fail_anywhere("%s: release() ran on a worker, not on the loop's thread", t->o.call);
    if (t->o.calls == 0)
        fail_test("%s: release() was called before the callback", t->o.call);
    t->released++;
    t->released_at = now_ms();
}

#define RUN(t)                                                                                     \
    START_CALLED(&(t)->o, TODO_POOL, "pool_run(pool, work, cb, release, arg, &op)",                \
                 pool_run(stage.pool, work, on_op, release, (t), &(t)->o.op))

static void expect_task(const struct task *t, int64_t result, int at)
{
    expect_outcome(&t->o, result, at);
    if (t->released != 1)
        fail_test("%s: release()\nexpected  1 call\ngot       %d by %.3f", t->o.call, t->released,
                  now_ms() / 1000.0);
}

static void cancel(void *arg)
{
    struct outcome *o = arg;

    if (o->calls > 0)
        fail_test(
            "%s\nexpected  to be under way at %.3f, and to be cancelled\ngot       %s at %.3f",
            o->call, now_ms() / 1000.0, result_text((int)o->result), o->at / 1000.0);
    int result = op_cancel(o->op);

    if (result != 0)
        fail_test("at %.3f op_cancel() of\n    %s\nexpected  0\ngot       %s%s", now_ms() / 1000.0,
                  o->call, result_text(result),
                  result == -ENOSYS ? ": is it written yet? TODO(6)" : "");
    if (o->calls > 0)
        fail_test("at %.3f the callback of\n    %s\nwas called inside op_cancel(), not by the loop",
                  now_ms() / 1000.0, o->call);
}

/* ---- workers that sleep ---- */

static long switches(void)
{
    struct rusage usage;

    ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_nvcsw;
}

/* Whether workers that nobody wakes look around every now and then, however seldom: then each jump
 * of time wakes one, which goes to sleep again. Else nobody does, but for some reason of the
 * machine's: hence the rounds. */
static bool wakes_by_itself(void)
{
    enum { ROUNDS = 3, JUMPS = 50 };
    const int64_t hour = INT64_C(3600) * 1000000000;
    bool wakes = true;

    for (int round = 0; round < ROUNDS && wakes; round++) {
        vwait_settle();
        long before = switches();
        for (int i = 0; i < JUMPS; i++) {
            vclock_advance_to(now_ms() * INT64_C(1000000) + hour);
            vwait_settle();
        }
        wakes = switches() - before > JUMPS / 2;
    }
    return wakes;
}

static void on_signal(int signal)
{
    (void)signal;
}

/* What workers wait in is interrupted by a signal, at least once. */
static void interrupt_workers(void)
{
    struct sigaction action = {.sa_handler = on_signal}, before;
    const struct timespec ms = {.tv_nsec = 1000000};
    sigset_t mine, others;

    sigemptyset(&mine);
    sigaddset(&mine, SIGUSR1);
    vwait_settle();
    ck_assert_int_eq(sigaction(SIGUSR1, &action, &before), 0);
    ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, &mine, &others), 0); /* the workers get it */
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(kill(getpid(), SIGUSR1), 0);
        (void)syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &ms, NULL);
        vwait_settle();
    }
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, &others, NULL), 0);
    ck_assert_int_eq(sigaction(SIGUSR1, &before, NULL), 0);
}

#endif
