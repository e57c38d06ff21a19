/* suite.h: all that a suite of an exercise needs
 *
 * A suite tests the functions that NAME.h declares. It is a Check suite, built
 * once as a module and run by `grade` against a skeleton, a solution, a wrong
 * solution or a submission. Every behaviour runs in a process of its own, on
 * virtual time that begins at 0: sleeping costs nothing and is exact.
 *
 * Interface
 *   suite modules define   Suite *exercise_suite(void);
 *   a behaviour            behaviour(s, "[2] what must hold", "the idea (3.3.1, \"Section\")",
 *                                    test1, test2);
 *       It passes, and gives its points, when all its START_TESTs pass.
 *   a loop                 test_base() gives the event base of this test, run_loop() runs it
 *                          until no event is left. Both are watched: a loop that would sleep
 *                          for ever, a blocking call, and events, descriptors and memory left
 *                          over at the end fail the behaviour and are told by name.
 *   a timeline             trace() notes a line at the present virtual time; what the learner
 *                          prints is noted too. expect_trace() compares the whole timeline and
 *                          shows both sides when they differ.
 * Further subjects: faults.h, peer.h, locks.h, listener.h, tls_server.h, name_server.h, and of
 * vclock.h vclock_advance_to, vclock_expect_outside and vclock_livelock_limit. The rest of the
 * harness is not for suites.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>
#include <event2/event.h>
#include <stddef.h>

/* The module's one entry. */
Suite *exercise_suite(void);

/* Adds a graded behaviour. `name` is "[points] sentence"; `idea` is shown when it fails: the idea
 * behind it, with its lesson and section. The rest are START_TESTs. All strings are borrowed. */
#define behaviour(s, name, idea, ...)                                                              \
    behaviour_add((s), (name), (idea), (const TTest *const[]){__VA_ARGS__, NULL})
void behaviour_add(Suite *s, const char *name, const char *idea, const TTest *const tests[]);

/* The event base of the running test: made at the first call, freed by the harness after the
 * test, when no event may be left in it. */
struct event_base *test_base(void);

/* Runs test_base() until it has no more events. Fails the test if it would sleep for ever. */
void run_loop(void);

/* Runs test_base() for `ms` virtual milliseconds at the most. */
void run_loop_for(int ms);

/* Present virtual time, in milliseconds since the test began. */
int now_ms(void);

/* Notes a line of the timeline at the present virtual time. */
void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Compares the timeline, and empties it. `expected` holds lines "0.500  text\n": seconds with
 * three digits, two spaces, the text. Lines of the same time may come in any order. */
void expect_trace(const char *expected);

/* The same, where the order of lines of the same time matters too. */
void expect_trace_in_order(const char *expected);

/* Fails the test with a message for the learner. */
#define fail_test(...) ck_abort_msg(__VA_ARGS__)

/* The same from any thread: fail_test() jumps, which a worker must not. */
void fail_anywhere(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* From now to the end of the test so many milliseconds of CPU time are left, at least 1; 0: as many
 * as the harness gives. Where a right solution needs few, an endless loop is told sooner. */
void limit_cpu_ms(int ms);

/* Overwrites the stack below the caller, so that a local that a coroutine wrongly kept there is
 * seen to be lost. The tasks of coro.h are resumed on such a stack: CORO_BEFORE_STEP. */
void scrub_stack(void);

/* Runs `scenario(arg)` once for each allocation that the learner's code makes in it, failing the
 * k-th one, until a run needs no k-th; NULL or an error code is what `scenario` should then see.
 * Its calls of event_new(), event_add() and event_base_once() count as allocations, too, and so do
 * those that make a request, a buffer or a parser: evhttp_calls.c has the list. */
void each_allocation_fails(void (*scenario)(void *arg), void *arg);

#endif
