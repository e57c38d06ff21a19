/* where.h: naming a place in the learner's code
 *
 * A message is worth most when it names the student's own file and line. The
 * child that runs the learner's code may start no process, so it writes a
 * reference, "@call{1a2b,3c4d}", offsets in the learner's module, the innermost
 * call first; the supervisor looks them up with addr2line: places.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef WHERE_H
#define WHERE_H

#include <stdbool.h>
#include <stddef.h>

#define PLACE_CALL "@call{" /* becomes "in count_up (exercises/3.3.1/x.c:33), called in ..." */
#define PLACE_NAME "@name{" /* becomes "count_up" */

/* The learner's module, as dlopen() gave it: addresses inside it are the learner's. */
void where_set_module(void *handle);

/* True if `address` lies in the learner's module. */
bool where_is_learner(const void *address);

/* In a function that stands in front of a library's: does the learner's module call it? */
#define CALLED_BY_LEARNER() where_is_learner(__builtin_return_address(0))

/* Writes a reference to the innermost calls of the learner's on the present stack; "in libevent"
 * or "in a library" if there is none. Returns `out`. */
const char *where_called(char *out, size_t size);

/* The same in a signal handler; `pc` is where the signal came, from its context. */
const char *where_interrupted(const void *pc, char *out, size_t size);

/* Writes a reference to a function's name, or the name. Returns `out`. */
const char *where_function(const void *function, char *out, size_t size);

#endif
