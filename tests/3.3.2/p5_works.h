/* p5_works.h: operations that take virtual time, for check_p5_file_processor.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P5_WORKS_H
#define P5_WORKS_H

#include "p5_stage.h"

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

#endif
