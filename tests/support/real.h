/* real.h: calling the function that one of ours stands in front of
 *
 * `grade` and the preloaded library define functions of libc themselves
 * (clock_gettime, epoll_wait, read, ...). Because the program's and preloaded
 * symbols come first in the search order, libevent and the learner's code bind
 * to ours; ours reach the next definition through REAL().
 *
 * Interface
 *   REAL_FUNCTION(int, close, (int));      once per file, at file scope
 *   return REAL(close)(fd);
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef REAL_H
#define REAL_H

/* Everything is built with hidden visibility; this is how a name gets out. */
#define EXPORT __attribute__((visibility("default")))

/* Stores the next definition of `name` in the function pointer at `slot`; aborts if none. */
void real_find(void *slot, const char *name);

/* Atomic: threads may look a name up at the same time; all find the same. */
#define REAL_FUNCTION(type, name, parameters) static type(*_Atomic real_##name) parameters
#define REAL(name)                            (real_##name ? (void)0 : real_find((void *)&real_##name, #name), real_##name)

#endif
