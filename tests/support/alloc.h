/* alloc.h: allocations that fail, in the learner's own code only
 *
 * libevent itself does not survive a failing malloc everywhere, so the learner's
 * module alone is linked with --wrap: its calls of malloc, calloc, realloc and
 * strdup arrive at __wrap_malloc and so on, which are defined here.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ALLOC_H
#define ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* Fails the `n`-th allocation from now on (1: the next); 0: none fails. */
void alloc_fail_at(long n);

/* Allocations of the learner's code since alloc_fail_at(). */
long alloc_count(void);

/* Counts an allocation of `size` bytes, or of a call of libevent that makes one. True, with errno
 * set, if it is the one that is to fail. */
#define alloc_fails_now(size) alloc_fails_in(__func__, (size))
bool alloc_fails_in(const char *call, size_t size);

/* What has been made to fail since alloc_fail_at(), and where, in words; NULL if nothing has. */
const char *alloc_failed(void);

/* The most memory that was in use at a time since alloc_watch(), beyond what was then: looked at at
 * each allocation of the learner's, and each call on a file. For suites. */
void alloc_watch(void);
size_t alloc_most(void);
void alloc_watch_now(void);

#endif
