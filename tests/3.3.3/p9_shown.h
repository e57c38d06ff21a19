/* p9_shown.h: what the timeline of a shop should be, for check_p9_work_queue.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P9_SHOWN_H
#define P9_SHOWN_H

#include "p9_shop.h"

/* A shop that has done nothing is told apart. */
static inline void expect_some(const struct shop *shop)
{
    if (shop->begun == 0 && shop->put == 0 && shop->ended == 0 && shop->told == 0)
        fail_test("by %.3f nothing was called back\nexpected  run() of the jobs, and who waits is "
                  "told\ngot       no call at all: is the loop woken?",
                  now_ms() / 1e3);
}

/* The timeline has a last line, which says what queue it is; so have those that are expected. */
static inline const char *with_queue(const struct shop *shop, const char *expected)
{
    static char text[2048];
    const struct wq_options *o = &shop->options;
    char queue[160];
    size_t n = 0;

#define ADD(...) (n += (size_t)snprintf(queue + n, sizeof(queue) - n, __VA_ARGS__))
    ADD("queue of %d, %d at a time", o->capacity, o->workers);
    if (o->max_attempts > 1)
        ADD(", %d attempts, backoff %d", o->max_attempts, o->backoff_ms);
    if (o->job_timeout_ms > 0)
        ADD(", timeout %d", o->job_timeout_ms);
    if (o->rate_per_s > 0)
        ADD(", rate %d, burst %d", o->rate_per_s, o->burst);
#undef ADD
    trace("%s", queue);
    snprintf(text, sizeof(text), "%s%.3f  %s\n", expected, now_ms() / 1e3, queue);
    return text;
}

/* Compares the timeline. */
static inline void expect_shown(const struct shop *shop, const char *expected)
{
    expect_some(shop);
    expect_trace(with_queue(shop, expected));
}

static inline void expect_in_order(const struct shop *shop, const char *expected)
{
    expect_some(shop);
    expect_trace_in_order(with_queue(shop, expected));
}

static inline void expect_dead(const struct wq_job *job, struct task *expected)
{
    const char *got = job != NULL ? ((const struct task *)job)->name : "none";
    const char *wanted = expected != NULL ? expected->name : "none";

    if (strcmp(got, wanted) != 0)
        fail_test("at %.3f the first (or next) dead letter\nexpected  %s\ngot       %s",
                  now_ms() / 1e3, wanted, got);
}

/* What all may read in a job. */
static inline void expect_job(const struct task *t, const char *when, int attempts, int err)
{
    if (t->job.attempts != attempts || t->job.err != err)
        fail_test("at %.3f the members of the job of %s, %s\n"
                  "expected  attempts %d, err %s\ngot       attempts %d, err %s",
                  now_ms() / 1e3, t->name, when, attempts, result_text(err), t->job.attempts,
                  result_text(t->job.err));
}

/* The loop has nothing to wait for any more at this time. */
static inline void expect_loop_ends_at(int ms)
{
    run_queue();
    if (now_ms() != ms)
        fail_test("the loop has nothing more to wait for\nexpected  it ends at %.3f\n"
                  "got       it ends at %.3f: which timer was left?",
                  ms / 1e3, now_ms() / 1e3);
}

#endif
