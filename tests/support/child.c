/* child.c: see child.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "child.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guard.h"
#include "test.h"
#include "trace.h"
#include "vclock.h"
#include "verdict.h"
#include "where.h"

/* A jump over all limits of the harness: the debugger's user reads it on the screen. */
static void report_to_debugger(const struct behaviour *b, const char *message)
{
    vclock_stop();
    fprintf(stderr, "%s: %s\n%s\n", b->name, message ? "failed" : "passed", message ? message : "");
    syscall(SYS_exit_group, message ? 1 : 0);
}

static void load_learner(const char *path)
{
    guard_set_stage(GUARD_LOADING);
    void *module = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    if (module == NULL)
        verdict_end(VERDICT_FAILED, "the program cannot be loaded: %s", dlerror());
    where_set_module(module);
    guard_check_symbols(module);
    guard_set_stage(GUARD_TESTING);
}

void child_run(Suite *suite, const struct behaviour *b, const struct child_options *options,
               bool debug)
{
    char *message = NULL;

    signal(SIGPIPE, SIG_DFL);
    test_choose(b, options->seed);
    if (!debug) {
        (void)guard_install(options->cpu_seconds, options->memory_mib); /* -1: fewer fences */
        if (trace_start() != 0)
            verdict_end(VERDICT_FAILED, "standard output could not be captured");
    }
    load_learner(options->learner);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run(runner, NULL, b->full_name, CK_SILENT);
    vclock_stop();
    TestResult **failures = srunner_failures(runner);
    if (srunner_ntests_failed(runner) > 0)
        message = (char *)tr_msg(failures[0]);
    else if (test_finished() != b->n_tests)
        message = "the test was left before its end, by a jump out of it (longjmp?)";
    if (debug)
        report_to_debugger(b, message);
    verdict_end(message ? VERDICT_FAILED : VERDICT_PASSED, "%s", message ? message : "");
}
