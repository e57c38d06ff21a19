/* test.c: what happens around each test, see test.h and suite.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "test.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "append.h"
#include "faults.h"
#include "guard.h"
#include "ledger.h"
#include "locks.h"
#include "real.h"
#include "suite.h"
#include "trace.h"
#include "vclock.h"
#include "verdict.h"
#include "vthreads.h"
#include "where.h"

#define NS_PER_MS 1000000

static struct {
    const struct behaviour *behaviour;
    unsigned seed;
    int started, finished; /* tests */
    char left[1024];       /* what the tests so far have left over in the loop, in words */
    bool leaked;           /* that, or memory */
    struct event_base *base;
} run;

/* Of LeakSanitizer; absent in a plain build. Prints its report on stderr. */
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

void test_choose(const struct behaviour *b, unsigned seed)
{
    run.behaviour = b;
    run.seed = seed;
}

int test_finished(void)
{
    return run.finished;
}

bool test_leaked(void)
{
    return run.leaked;
}

/* Fails the test for what would be wrong in any exercise. */
#define BROKEN(...)                                                                                \
    do {                                                                                           \
        problem(__VA_ARGS__);                                                                      \
        fail_test("%s", problem_first());                                                          \
    } while (0)

/* --- what the virtual clock notices --- */

static void on_deadlock(void)
{
    static char pending[4096];
    int n = ledger_pending_events(ledger_current_base(), pending, sizeof pending);

    if (n > 0)
        fail_test("at %.3f the loop would sleep for ever: nothing can wake it any more.\n"
                  "still waiting:\n%s",
                  (double)vclock_now() / 1e9, pending);
    fail_test("at %.3f the loop would sleep for ever: no event waits in it",
              (double)vclock_now() / 1e9);
}

static void on_livelock(long wakeups)
{
    static char pending[4096];

    ledger_pending_events(ledger_current_base(), pending, sizeof pending);
    BROKEN("the loop woke up %ld times at %.3f and never let time move on: something makes "
           "itself ready again and again.\nwaiting:\n%s",
           wakeups, (double)vclock_now() / 1e9, pending);
}

static void on_too_far(int64_t ns)
{
    static char pending[4096];

    ledger_pending_events(ledger_current_base(), pending, sizeof pending);
    BROKEN("the loop would sleep until %.3f, for %d years: a timer was armed for far too long.\n"
           "waiting:\n%s",
           (double)ns / 1e9, (int)((double)ns / 1e9 / 86400 / 365), pending);
}

static void on_sleep(const char *call, int64_t ns)
{
    char place[256];

    problem("%s() stopped the whole loop for %lld ms, %s: nothing else could run in that time",
            call, (long long)ns / NS_PER_MS, where_called(place, sizeof place));
}

static void on_blocked(const char *call, int fd)
{
    char place[256], which[32] = "";

    /* Outside the loop no event could be served: whoever ends a thread waits for it. */
    if (strcmp(call, "pthread_join") == 0 && ledger_loop_depth() == 0)
        return;
    if (fd >= 0)
        snprintf(which, sizeof which, " on descriptor %d", fd);
    verdict_end(VERDICT_BROKEN,
                "at %.3f %s()%s would wait on the loop's thread, %s: while it waits, no event is "
                "served. %s",
                (double)vclock_now() / 1e9, call, which, where_called(place, sizeof place),
                strncmp(call, "pthread_", strlen("pthread_")) == 0 || strcmp(call, "sem_wait") == 0
                    ? "Let the other thread wake the loop when it is ready"
                    : "Make the descriptor non-blocking and let the loop tell when it is ready, or "
                      "let another thread do what may take long");
}

static bool on_thread_created(const void *caller)
{
    return where_is_learner(caller) && alloc_fails_now(sizeof(pthread_t));
}

/* --- around a test --- */

static void begin_test(void)
{
    if (verdict_is_open())
        dprintf(STDERR_FILENO, NEXT_TEST_MARK);
    vclock_hooks.too_far = on_too_far;
    vclock_hooks.deadlock = on_deadlock;
    vclock_hooks.livelock = on_livelock;
    vclock_hooks.slept = on_sleep;
    vclock_hooks.blocked = on_blocked;
    vclock_hooks.thread_refused = on_thread_created;
    vclock_hooks.looks = locks_check_loop;
    vthreads_hooks.waits = locks_check_wait;
    vthreads_hooks.waited = locks_note_waited;
    vthreads_hooks.ends = locks_check_end;
    faults_clear();
    alloc_fail_at(0);
    locks_clear();
    trace_clear();
    vclock_shuffle(run.seed);
    vclock_livelock_limit(0);
    limit_cpu_ms(0);
    vclock_expect_outside(0);
    ledger_start();
    vclock_start();
}

static void free_base(void)
{
    if (run.base)
        event_base_free(run.base);
    run.base = NULL;
}

/* Writes what is left in the loop or open, and frees the loop. False if nothing is. */
static bool find_leftovers(const char *when, char *out, size_t size)
{
    static char left[1024];

    out[0] = '\0';
    if (run.base && ledger_pending_events(run.base, left, sizeof left) > 0)
        append(out, size, "%s, events are left in the loop:\n%s", when, left);
    free_base(); /* closes what libevent still holds */
    if (out[0] == '\0' && ledger_new_descriptors(left, sizeof left) > 0)
        append(out, size, "%s, descriptors are left open: %s", when, left);
    return out[0] != '\0';
}

void test_check_leftovers(const char *when, ...)
{
    char context[128], left[sizeof run.left];
    va_list args;

    va_start(args, when);
    vsnprintf(context, sizeof context, when, args);
    va_end(args);
    if (find_leftovers(context, left, sizeof left))
        BROKEN("%s", left);
}

/* What a test leaves over does not keep the others of the behaviour from running: they may find
 * more than that. Memory is searched once, as the search takes milliseconds. */
static void check_behind_test(void)
{
    static char left[sizeof run.left]; /* not on the stack, which the search looks through */

    locks_check_loop();
    if (find_leftovers("after the test", left, sizeof left) && run.left[0] == '\0')
        snprintf(run.left, sizeof run.left, "%s", left);
    if (problem_first() || run.finished + 1 < run.behaviour->n_tests)
        return;
    vclock_stop(); /* the search waits for its own threads */
    bool memory = __lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check() != 0;
    run.leaked = memory || run.left[0] != '\0';
    if (run.leaked)
        problem("%s%s%s", run.left, memory && run.left[0] ? "\n" : "",
                memory ? "memory is left over: allocated and never freed" : "");
}

void test_run_guarded(int i)
{
    if (run.started != run.finished)
        return; /* an earlier test of this behaviour failed, and tells why */
    run.started++;
    trace_heading(run.behaviour->tests[i]->name);
    begin_test();
    run.behaviour->tests[i]->fn(0);
    check_behind_test();
    if (problem_first())
        fail_test("%s", problem_first());
    run.finished++;
}

/* --- suite.h --- */

EXPORT struct event_base *test_base(void)
{
    if (run.base == NULL)
        run.base = event_base_new();
    if (run.base == NULL)
        fail_test("no event base: out of memory?");
    return run.base;
}

EXPORT void run_loop(void)
{
    ck_assert_int_ge(event_base_dispatch(test_base()), 0);
}

static void on_stop(evutil_socket_t fd, short what, void *base)
{
    (void)fd;
    (void)what;
    event_base_loopexit(base, NULL);
}

EXPORT void run_loop_for(int ms)
{
    struct timeval wait = {ms / 1000, ms % 1000 * 1000};
    struct event *stop = evtimer_new(test_base(), on_stop, test_base());

    ck_assert_ptr_nonnull(stop);
    ck_assert_int_eq(event_add(stop, &wait), 0);
    ck_assert_int_ge(event_base_dispatch(test_base()), 0);
    event_free(stop);
}

EXPORT void fail_anywhere(const char *format, ...)
{
    char message[2048];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    verdict_end(VERDICT_FAILED, "%s", message);
}

EXPORT int now_ms(void)
{
    return (int)(vclock_now() / NS_PER_MS);
}

/* Without a sanitizer's red zones and a protector's guard, the array begins right below the return
 * address: where the locals of the function called next will be. */
EXPORT __attribute__((noinline, no_sanitize("address"), no_sanitize("undefined"))) void
scrub_stack(void)
{
    char used_before[8192];

    memset(used_before, 0x55, sizeof used_before);
    __asm__ volatile("" : : "r"(used_before) : "memory"); /* or it would be left out */
}
