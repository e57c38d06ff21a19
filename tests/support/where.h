/* where.h: naming a place in the learner's code
 *
 * A message is worth most when it names the student's own file and line. The
 * sanitizers' symbolizer does that where it is linked in; elsewhere the
 * function's name is all that can be told.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef WHERE_H
#define WHERE_H

#include <stdbool.h>
#include <stddef.h>

/* The learner's module, as dlopen() gave it: addresses inside it are the learner's. */
void where_set_module(void *handle);

/* True if `address` lies in the learner's module. */
bool where_is_learner(const void *address);

/* Writes "in count_up (exercises/3.3.1/x.c:33)" for the innermost call of the learner's on the
 * present stack; "in a library" if there is none. Returns `out`. */
const char *where_called(char *out, size_t size);

/* The same for one code address, as from a signal's context. */
const char *where_address(void *address, char *out, size_t size);

/* Writes "on_timer" for the address of a function. Returns `out`. */
const char *where_function(void *function, char *out, size_t size);

#endif
