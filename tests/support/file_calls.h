/* file_calls.h: calls on files, where the learner's code makes them
 *
 * Between io.c, which stands in front of the calls that move bytes, and file_calls.c, which stands
 * in front of those that take a path. What a suite can ask for is in faults.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FILE_CALLS_H
#define FILE_CALLS_H

#include <stdbool.h>
#include <stddef.h>

/* No faults of files are in force, none has been counted, and all may be used: io_forbid_files(). */
void file_faults_clear(void);

/* A call on a regular file is about to be made, of the learner's: tells the suite, takes its time.
 * True, with errno set, if it is to fail. */
bool file_call_fails(const char *call, const char *path);

/* The same for a call that writes *n bytes, which may become fewer. */
bool file_write_fails(size_t *n);

/* Told if the rule is broken: such a call on the loop's thread. */
void file_call_check(const char *call);

#endif
