/* verdict.h: how the child of one behaviour tells the supervisor what came out
 *
 * The child runs the learner's code, so nothing that it says is trusted as it
 * stands. The verdict goes through a pipe of its own and begins with a key that
 * the supervisor drew for this child; bytes on the pipe without the key are a
 * forgery and are told as such. No verdict is a failure.
 *
 * Interface
 *   verdict_open() in the child, then one verdict_end().
 *   problem() notes what fails the behaviour though no assertion did (a
 *   blocking call, a leak): the first one counts.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VERDICT_H
#define VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#define VERDICT_KEY_LENGTH 32 /* hexadecimal digits */

/* Takes over `fd`, the pipe's writing end, moves it out of the way, and keeps the key. */
void verdict_open(int fd, const char *key);

/* True in a child, once verdict_open() was called. */
bool verdict_is_open(void);

/* The descriptor of the verdict: not the learner's to use. */
int verdict_descriptor(void);

enum verdict_kind {
    VERDICT_PASSED = 'P',
    VERDICT_FAILED = 'F', /* by an assertion of the suite */
    VERDICT_BROKEN = 'B', /* by what the harness noticed: it is the same in any exercise */
    VERDICT_LEAKED = 'L', /* by what is left over, and by nothing else */
    VERDICT_ABORTED = 'A',
    VERDICT_TIMEOUT = 'T',
    VERDICT_CHEATING = 'C',
};

/* Sends the verdict with its message and ends the process. */
void verdict_end(enum verdict_kind kind, const char *format, ...)
    __attribute__((noreturn, format(printf, 2, 3)));

/* Where no supervisor listens: messages go to `to`, which ends the process. */
void verdict_redirect(void (*to)(const char *message));

/* On stderr, between what two tests of a behaviour print: only what comes behind the last is shown. */
#define NEXT_TEST_MARK "\x1d\n"

/* Notes a problem; the test goes on. */
void problem(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The first problem's text, or NULL. */
const char *problem_first(void);

#endif
