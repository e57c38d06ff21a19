/* p1_outcome.h: what the suite of p1_coroutines does again and again
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P1_OUTCOME_H
#define P1_OUTCOME_H

#include <stdarg.h>
#include <string.h>

#include "p1_coroutines.h"
#include "result_text.h"
#include "suite.h"

/* What has become of one job. */
struct outcome {
    char call[96];   /* that started it, for messages */
    struct job *job; /* NULL once it has ended */
    bool started;    /* the starting call has returned */
    int calls;       /* of done */
    int result, at;  /* of the last call: what and when, in ms */
};

static void on_done(int result, void *arg)
{
    struct outcome *o = arg;
    if (!o->started)
        fail_test("%s called done before it had returned", o->call);
    o->job = NULL;
    o->calls++;
    o->result = result;
    o->at = now_ms();
}

/* START(&o, hello_world_start(jobs, on_done, &o)): starts a job, and goes on only if it did. Where
 * the text of the call does not tell which job it is, label() and started() do the same. */
#define START(o, call_of_it)                                                                       \
    do {                                                                                           \
        label((o), "%s", #call_of_it);                                                             \
        started((o), (call_of_it));                                                                \
    } while (0)

/* The callback and its argument do not matter: "hello_world_start(jobs, ...)". */
__attribute__((format(printf, 2, 3))) static void label(struct outcome *o, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(o->call, sizeof(o->call), format, args);
    va_end(args);
    char *rest = strstr(o->call, ", on_");
    if (rest != NULL)
        snprintf(rest, sizeof(o->call) - (size_t)(rest - o->call), ", ...)");
}

static void started(struct outcome *o, struct job *job)
{
    if (job == NULL)
        fail_test("%s returned NULL: is it written yet?", o->call);
    o->job = job;
    o->started = true;
}

static void expect_one_call(const struct outcome *o)
{
    if (o->calls != 1)
        fail_test("%s: done should be called once\nexpected  1 call\ngot       %d calls", o->call,
                  o->calls);
}

static void expect_outcome(const struct outcome *o, int result, int at)
{
    expect_one_call(o);
    if (o->result != result || o->at != at)
        fail_test("%s ended otherwise\nexpected  %6.3f  result %s\ngot       %6.3f  result %s",
                  o->call, at / 1000.0, result_text(result), o->at / 1000.0,
                  result_text(o->result));
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

/* Shows in the timeline: "cancel count_up". */
static void on_cancel(evutil_socket_t fd, short what, void *arg)
{
    struct outcome *o = arg;
    const char *name_end = strstr(o->call, "_start");
    (void)fd, (void)what;
    trace("cancel %.*s", name_end != NULL ? (int)(name_end - o->call) : 0, o->call);
    if (o->job != NULL)
        job_cancel(o->job);
}

static inline void on_scrub(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    scrub_stack();
}

#endif
