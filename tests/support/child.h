/* child.h: the process in which one behaviour runs
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>

#include "behaviours.h"

struct child_options {
    const char *learner; /* path of the learner's module */
    unsigned seed;       /* order of ready events; 0: as the kernel gives them */
    int cpu_seconds;     /* limit of CPU time; 0 with `debug`: none */
    int memory_mib;      /* limit of memory that the child adds */
};

/* Loads the learner's module, runs the behaviour's tests and sends the verdict; the verdict's
 * channel is open. With `debug`, nothing is limited or forbidden, each line of the timeline is
 * printed as it comes, and what came out on stderr: for people and debuggers. */
void child_run(Suite *suite, const struct behaviour *b, const struct child_options *options,
               bool debug) __attribute__((noreturn));

#endif
