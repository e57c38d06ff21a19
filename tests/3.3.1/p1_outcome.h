/* p1_outcome.h: what the suite of p1_coroutines does again and again
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P1_OUTCOME_H
#define P1_OUTCOME_H

#include <errno.h>
#include <string.h>

#include "p1_coroutines.h"
#include "suite.h"

#define IN_WORDS(result) (result) < 0 ? strerror(-(result)) : "no error"

/* What has become of one job. */
struct outcome {
    struct job *job; /* NULL once it has ended */
    bool started;    /* the starting call has returned */
    int calls;       /* of done */
    int result, at;  /* of the last call: what and when, in ms */
};

static void on_done(int result, void *arg)
{
    struct outcome *o = arg;
    if (!o->started)
        fail_test("done was called before the call that started the job had returned");
    o->job = NULL;
    o->calls++;
    o->result = result;
    o->at = now_ms();
}

/* START(&o, hello_world_start(jobs, on_done, &o)): starts a job, and goes on only if it did. */
#define START(o, call) start((o), (call), #call)
static void start(struct outcome *o, struct job *job, const char *call)
{
    if (job == NULL)
        fail_test("%s returned NULL: is it written yet?", call);
    o->job = job;
    o->started = true;
}

static void expect_outcome(const struct outcome *o, int result, int at)
{
    if (o->calls != 1)
        fail_test("done should be called once\nexpected  1 call\ngot       %d calls", o->calls);
    if (o->result != result || o->at != at)
        fail_test("the job ended otherwise\nexpected  %6.3f  result %d (%s)\n"
                  "got       %6.3f  result %d (%s)",
                  at / 1000.0, result, IN_WORDS(result), o->at / 1000.0, o->result,
                  IN_WORDS(o->result));
}

static struct jobs *begin(void)
{
    struct jobs *jobs = jobs_new(test_base());
    ck_assert_ptr_nonnull(jobs);
    return jobs;
}

/* Runs all jobs to their end. */
static void finish(struct jobs *jobs)
{
    run_loop();
    jobs_free(jobs);
}

/* No timer may be left to wait for when the last job has ended. */
static void expect_loop_ended_at(int ms)
{
    if (now_ms() != ms)
        fail_test("the loop should have nothing to wait for after the last job\n"
                  "expected  it ends at %.3f\ngot       it ended at %.3f",
                  ms / 1000.0, now_ms() / 1000.0);
}

static void after(int ms, event_callback_fn callback, void *arg)
{
    const struct timeval tv = {ms / 1000, ms % 1000 * 1000};
    ck_assert_int_eq(event_base_once(test_base(), -1, EV_TIMEOUT, callback, arg, &tv), 0);
}

static void on_cancel(evutil_socket_t fd, short what, void *arg)
{
    struct outcome *o = arg;
    (void)fd, (void)what;
    if (o->job != NULL)
        job_cancel(o->job);
}

static inline void on_scrub(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    scrub_stack();
}

#endif
