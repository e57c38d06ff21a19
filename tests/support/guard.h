/* guard.h: keeping a submission from grading itself
 *
 * What runs in the child of a behaviour can do anything that a C program can.
 * Three fences keep a grade honest:
 *   - the kernel (seccomp) refuses to make processes, to signal or trace other
 *     ones, and to leave the process group;
 *   - limits on memory, CPU time, file size end what runs away;
 *   - exit() and the like are told by name and place, and a module that defines
 *     the harness's or libc's functions itself is refused.
 * A determined attacker inside the process could still read the verdict's key
 * from memory; an instructor who must exclude that reads the code as well.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>

/* With the seconds. */
#define WALL_LIMIT_TEXT                                                                            \
    "nothing came for %d seconds of real time: the program waits in a call that does not return"

enum guard_stage { GUARD_LOADING, GUARD_TESTING, GUARD_OFF };

/* In the child, before the learner's code is loaded: limits and the kernel's filter. Returns 0,
 * or -1 where the kernel has no filters (the functions below still refuse). */
int guard_install(int cpu_seconds, long memory_mib);

/* The limit of CPU time alone: when it runs out, the verdict names the place. So it does when the
 * supervisor queues SIGXCPU with the seconds of real time that have gone by. */
void guard_limit_cpu(int seconds);

/* What the learner's code is doing: told when it ends the process. */
void guard_set_stage(enum guard_stage stage);

/* Ends the behaviour as cheating if the module defines a function of the harness or of libc that
 * grading depends on. */
void guard_check_symbols(void *handle);

#endif
