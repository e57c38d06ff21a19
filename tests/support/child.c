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
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "alloc.h"
#include "append.h"
#include "guard.h"
#include "locks.h"
#include "places.h"
#include "test.h"
#include "trace.h"
#include "vclock.h"
#include "verdict.h"
#include "where.h"

/* What runs under the eyes of a person: for report(), which is called from anywhere. */
static struct {
    const struct behaviour *behaviour;
    const char *module;
} shown;

/* Prints what came out, and ends the process. */
static void report(const char *message)
{
    static char text[32 * 1024];

    guard_set_stage(GUARD_OFF);
    void *symbol = dlsym(RTLD_DEFAULT, "coverage_dump"); /* of a module that counts what has run */
    if (symbol != NULL) {
        void (*dump)(void);
        memcpy(&dump, &symbol, sizeof dump);
        dump();
    }
    snprintf(text, sizeof text, "%s", message);
    places_resolve(text, sizeof text, shown.module);
    fprintf(stderr, "%s: %s\n%s%s", shown.behaviour->name, *text ? "failed" : "passed", text,
            *text ? "\n" : "");
    syscall(SYS_exit_group, *text ? 1 : 0);
}

/* Read by ThreadSanitizer when the program begins: a race ends the behaviour. */
extern const char *__tsan_default_options(void);
__attribute__((visibility("default"))) const char *__tsan_default_options(void)
{
    return "halt_on_error=1";
}

static void load_learner(const char *path)
{
    guard_set_stage(GUARD_LOADING);
    void *module = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    if (module == NULL) {
        const char *why = dlerror();
        const char *symbol = strstr(why, "undefined symbol: ");
        verdict_end(VERDICT_BROKEN, "the program cannot be loaded: %s%s",
                    symbol ? symbol + strlen("undefined symbol: ") : why,
                    symbol ? "() is called, and defined nowhere" : "");
    }
    where_set_module(module);
    guard_check_symbols(module);
    guard_set_stage(GUARD_TESTING);
}

/* Why the behaviour failed, or NULL. What the harness noticed comes before what the suite found:
 * it is the cause more often than not. */
static const char *failure_of(SRunner *runner, const struct behaviour *b)
{
    static char both[16 * 1024];

    if (srunner_ntests_failed(runner) == 0)
        return test_finished() == b->n_tests
                   ? NULL
                   : "the test was left before its end, by a jump out of it (longjmp?)";
    TestResult **failures = srunner_failures(runner);
    const char *found = tr_msg(failures[0]);
    free(failures); /* the array only: the results are the runner's */
    const char *noticed = problem_first(), *failed = alloc_failed(), *wanted = locks_wanted();
    if (noticed != NULL && strcmp(noticed, found) == 0)
        noticed = NULL;
    both[0] = '\0';
    if (noticed)
        append(both, sizeof both, "%s\n", noticed);
    append(both, sizeof both, "%s", found);
    if (failed)
        append(both, sizeof both, "\nmemory has run out before that, on purpose: what failed is %s",
               failed);
    if (wanted)
        append(both, sizeof both, "\nmeanwhile a thread waits for the lock that was taken %s",
               wanted);
    return both;
}

void child_run(Suite *suite, const struct behaviour *b, const struct child_options *options,
               bool debug)
{
    const char *message;

    signal(SIGPIPE, SIG_DFL);
    test_choose(b, options->seed);
    if (debug) {
        shown.behaviour = b;
        shown.module = options->learner;
        verdict_redirect(report);
        if (options->cpu_seconds > 0)
            guard_limit_cpu(options->cpu_seconds);
    } else {
        (void)guard_install(options->cpu_seconds, options->memory_mib); /* -1: fewer fences */
    }
    if (trace_start(debug ? stdout : NULL) != 0)
        verdict_end(VERDICT_BROKEN, "standard output could not be captured");
    load_learner(options->learner);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run(runner, NULL, b->full_name, CK_SILENT);
    vclock_stop();
    message = failure_of(runner, b);
    verdict_end(!message          ? VERDICT_PASSED
                : test_leaked()   ? VERDICT_LEAKED
                : problem_first() ? VERDICT_BROKEN
                                  : VERDICT_FAILED,
                "%s", message ? message : "");
}
