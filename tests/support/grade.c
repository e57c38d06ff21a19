/* grade.c: grades one exercise
 *
 *     grade [--seed N] [--behaviour K] [--named NAME] [--no-fork] [--cpu S] [--wall S]
 *           SUITE.so LEARNER.so
 *
 * Runs each behaviour of the suite in a process of its own against the learner's
 * module and prints one JSON object:
 *     {"name", "points", "max", "outcome", "behaviours": [{"name", "points",
 *      "max", "passed", "message"}], "message", "seconds"}
 * Exit status 0 if it could grade, whatever the points; 2 if it could not.
 *
 * --seed N       the order of simultaneously ready events; 0: the kernel's
 * --behaviour K  only the K-th, from 1
 * --named NAME   only the one of this name, without its points; may be given several times
 * --no-fork      in this process, with nothing captured: for gdb and valgrind
 * --cpu, --wall  seconds of CPU and of real time that a behaviour may take
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <getopt.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "append.h"
#include "real.h"
#include "suite.h"
#include "supervise.h"

enum { CANNOT_GRADE = 2 };

/* The grader decides on these itself; a submission's leak is looked for by test.c, in time to be
 * part of the verdict. */
EXPORT const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "leak_check_at_exit=0:abort_on_error=0:allocator_may_return_null=0:"
           "detect_stack_use_after_return=0:max_allocation_size_mb=1024:handle_abort=0";
}

EXPORT const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
    return "print_stacktrace=1";
}

struct options {
    struct child_options child;
    const char *suite;
    int only;                          /* behaviour, from 1; 0: all */
    const char *named[MAX_BEHAVIOURS]; /* the behaviours of these names */
    int n_named;                       /* 0: all */
    int wall_seconds;
    bool no_fork;
};

/* What has come out, a place for each behaviour. */
static struct {
    bool chosen;
    struct result result;
} graded[MAX_BEHAVIOURS];

static const char *const outcome_names[] = {"passed", "failed", "crashed", "timeout", "cheating"};

/* The worst of two outcomes names the exercise's. */
static enum outcome worse(enum outcome a, enum outcome b)
{
    return a > b ? a : b;
}

/* "./build/check_01_async_await.so" -> "01_async_await" */
static void exercise_name(const char *path, char *name, size_t size)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const char prefix[] = "check_";

    if (strncmp(base, prefix, strlen(prefix)) == 0)
        base += strlen(prefix);
    snprintf(name, size, "%.*s", (int)strcspn(base, "."), base);
}

/* Is what begins at `c` a character of UTF-8? Its bytes, or 0. */
static size_t utf8_length(const unsigned char *c)
{
    size_t n = c[0] < 0x80                   ? 1
               : c[0] >= 0xc2 && c[0] < 0xe0 ? 2
               : c[0] >= 0xe0 && c[0] < 0xf0 ? 3
               : c[0] >= 0xf0 && c[0] < 0xf5 ? 4
                                             : 0;
    for (size_t k = 1; k < n; k++)
        if ((c[k] & 0xc0) != 0x80)
            return 0;
    bool longer = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
    bool nobody = (c[0] == 0xed && c[1] >= 0xa0) || (c[0] == 0xf4 && c[1] >= 0x90);
    return longer || nobody ? 0 : n;
}

/* A string of JSON is UTF-8, whatever bytes a learner's program has printed: others are shown in
 * digits. */
static json_object *json_text(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    char *shown = malloc(4 * strlen(text) + 1), *end = shown;
    if (shown == NULL)
        return json_object_new_string("");
    while (*c != '\0') {
        size_t n = utf8_length(c);
        if (n == 0) {
            end += snprintf(end, 5, "\\x%02x", *c++);
            continue;
        }
        memcpy(end, c, n);
        end += n;
        c += n;
    }
    *end = '\0';
    json_object *o = json_object_new_string(shown);
    free(shown);
    return o;
}

/* The message with what to read and how to see it again. The idea is that of the behaviour; to a
 * leak or a crash it would say nothing. */
static json_object *full_message(int i, const char *name, const struct result *r)
{
    static char text[32 * 1024];
    const struct behaviour *b = behaviour_get(i);
    bool has_idea = r->outcome == FAILED && !r->noticed;

    if (r->outcome == PASSED)
        return json_object_new_string("");
    size_t length = strlen(r->message);
    bool newline = length > 0 && r->message[length - 1] == '\n';
    snprintf(text, sizeof text, "%s%s%s%s%ssee it:   ./workbook run %s --behaviour %d", r->message,
             newline ? "" : "\n", has_idea ? "the idea: " : "", has_idea ? b->idea : "",
             has_idea ? "\n" : "", name, i + 1);
    return json_text(text);
}

static json_object *behaviour_json(int i, const char *name, const struct result *r)
{
    const struct behaviour *b = behaviour_get(i);
    json_object *o = json_object_new_object();

    json_object_object_add(o, "name", json_object_new_string(b->name));
    json_object_object_add(o, "points", json_object_new_int(r->outcome == PASSED ? b->points : 0));
    json_object_object_add(o, "max", json_object_new_int(b->points));
    json_object_object_add(o, "passed", json_object_new_boolean(r->outcome == PASSED));
    json_object_object_add(o, "message", full_message(i, name, r));
    return o;
}

static double real_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Libraries are built without frame pointers, so the quick way of noting who allocated ends in
 * them. Where a leak could not be placed, all is graded again with the thorough way. */
static void grade_again_thoroughly(char **argv)
{
    static const char variable[] = "ASAN_OPTIONS";

    if (getenv(variable))
        return;
    setenv(variable, "fast_unwind_on_malloc=0", 1);
    execv("/proc/self/exe", argv);
    unsetenv(variable); /* then the first report has to do */
}

/* The first of the names that no behaviour has, or NULL. */
static const char *unknown_name(const struct options *o)
{
    for (int k = 0; k < o->n_named; k++) {
        bool known = false;
        for (int i = 0; i < behaviours_count(); i++)
            known = known || strcmp(o->named[k], behaviour_get(i)->name) == 0;
        if (!known)
            return o->named[k];
    }
    return NULL;
}

static bool is_chosen(const struct options *o, int i)
{
    bool named = o->n_named == 0;

    for (int k = 0; k < o->n_named; k++)
        named = named || strcmp(o->named[k], behaviour_get(i)->name) == 0;
    return named && (o->only == 0 || o->only == i + 1);
}

/* Is each text in `message` from `begin` to one of the characters `ends` in `other`, too? Then
 * adds how many there are to *n. */
static bool all_stand_in(const char *message, const char *begin, const char *ends,
                         const char *other, int *n)
{
    for (const char *at = message; (at = strstr(at, begin)) != NULL; at++, (*n)++) {
        char text[512];
        size_t length = strlen(begin) + strcspn(at + strlen(begin), ends);
        snprintf(text, sizeof text, "%.*s", (int)length, at);
        if (strstr(other, text) == NULL)
            return false;
    }
    return true;
}

/* Does `other` tell of all that `message` tells of? Memory "allocated in FUNCTION (FILE:LINE)",
 * events "... for CALLBACK", descriptors. */
static bool leaks_stand_in(const char *message, const char *other)
{
    int n = 0;

    return all_stand_in(message, "allocated in ", ")", other, &n) &&
           all_stand_in(message, " for ", ",\n", other, &n) &&
           all_stand_in(message, "descriptors are left open", ":", other, &n) && n > 0;
}

/* What is never freed is left over wherever the code runs that makes it. The same leak costs the
 * points of one behaviour only: of the last that shows it, which in most suites is the one about
 * cleaning up. */
static void charge_leaks_once(void)
{
    for (int i = behaviours_count() - 1; i >= 0; i--) {
        int others = 0;
        if (!graded[i].result.leaked || graded[i].result.outcome == PASSED)
            continue;
        for (int k = 0; k < i; k++) {
            struct result *earlier = &graded[k].result;
            if (earlier->leaked && earlier->outcome != PASSED &&
                leaks_stand_in(earlier->message, graded[i].result.message)) {
                earlier->outcome = PASSED;
                others++;
            }
        }
        if (others > 0)
            append(graded[i].result.message, sizeof graded[i].result.message,
                   "\n(it is left over in %d other behaviour%s, too, and costs points once)",
                   others, others > 1 ? "s" : "");
    }
}

static json_object *report_json(const char *name, const char *why, double seconds)
{
    json_object *report = json_object_new_object();
    json_object *list = json_object_new_array();
    enum outcome outcome = PASSED;
    int points = 0, max = 0;

    for (int i = 0; i < behaviours_count(); i++) {
        const struct behaviour *b = behaviour_get(i);
        if (!graded[i].chosen)
            continue;
        outcome = worse(outcome, graded[i].result.outcome);
        max += b->points;
        points += graded[i].result.outcome == PASSED ? b->points : 0;
        json_object_array_add(list, behaviour_json(i, name, &graded[i].result));
    }
    json_object_object_add(report, "name", json_object_new_string(name));
    json_object_object_add(report, "points", json_object_new_int(points));
    json_object_object_add(report, "max", json_object_new_int(max));
    json_object_object_add(report, "outcome", json_object_new_string(outcome_names[outcome]));
    json_object_object_add(report, "behaviours", list);
    json_object_object_add(report, "message", json_object_new_string(why));
    json_object_object_add(report, "seconds", json_object_new_double(seconds));
    return report;
}

/* Grades all behaviours, or the chosen ones, and prints the report. Returns 0, or -1. */
static int grade(Suite *suite, struct options *options, char **argv)
{
    char name[256], why[128] = "";
    int error = 0;
    double start = real_seconds();

    for (int i = 0; i < behaviours_count() && !error; i++) {
        struct result *result = &graded[i].result;
        if (!is_chosen(options, i))
            continue;
        error = supervise(suite, behaviour_get(i), &options->child, options->wall_seconds, result);
        if (result->unplaced_leak)
            grade_again_thoroughly(argv);
        graded[i].chosen = true;
        if (result->outcome == TIMEOUT) { /* the next one will hang too: give it less */
            options->child.cpu_seconds = 1;
            options->wall_seconds = options->wall_seconds < 2 ? options->wall_seconds : 2;
        }
    }
    if (error)
        snprintf(why, sizeof why, "no process could be started: %s", strerror(-error));
    charge_leaks_once();
    exercise_name(options->suite, name, sizeof name);
    json_object *report = report_json(name, why, real_seconds() - start);
    printf("%s\n", json_object_to_json_string_ext(report, JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(report);
    return error ? -1 : 0;
}

static Suite *load_suite(const char *path)
{
    Suite *(*make)(void);
    void *module = dlopen(path, RTLD_LAZY | RTLD_GLOBAL);
    void *symbol = module ? dlsym(module, "exercise_suite") : NULL;

    if (symbol == NULL) {
        fprintf(stderr, "grade: %s: %s\n", path, dlerror());
        return NULL;
    }
    memcpy(&make, &symbol, sizeof make);
    return make();
}

static int usage(void)
{
    fprintf(stderr, "usage: grade [--seed N] [--behaviour K] [--named NAME] [--no-fork] [--cpu S] "
                    "[--wall S] SUITE.so LEARNER.so\n");
    return CANNOT_GRADE;
}

static bool parse_options(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {
        {"seed", required_argument, NULL, 's'},
        {"behaviour", required_argument, NULL, 'b'},
        {"no-fork", no_argument, NULL, 'n'},
        {"cpu", required_argument, NULL, 'c'},
        {"wall", required_argument, NULL, 'w'},
        {"named", required_argument, NULL, 'm'},
        {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        int n = optarg ? atoi(optarg) : 0;
        if (c == 's')
            o->child.seed = (unsigned)n;
        else if (c == 'b' && n > 0)
            o->only = n;
        else if (c == 'm' && o->n_named < MAX_BEHAVIOURS)
            o->named[o->n_named++] = optarg;
        else if (c == 'n')
            o->no_fork = true;
        else if (c == 'c' && n > 0)
            o->child.cpu_seconds = n;
        else if (c == 'w' && n > 0)
            o->wall_seconds = n;
        else
            return false;
    }
    if (argc - optind != 2)
        return false;
    o->suite = argv[optind];
    o->child.learner = argv[optind + 1];
    return true;
}

int main(int argc, char **argv)
{
    const int default_cpu_seconds = 3;
    struct options options = {.child = {.memory_mib = 512}, .wall_seconds = 20};

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody reads the report any more */
    if (!parse_options(argc, argv, &options))
        return usage();
    Suite *suite = load_suite(options.suite);
    if (suite == NULL)
        return CANNOT_GRADE;
    if (options.only > behaviours_count()) {
        fprintf(stderr, "grade: there are %d behaviours only\n", behaviours_count());
        return CANNOT_GRADE;
    }
    if (unknown_name(&options)) {
        fprintf(stderr, "grade: no behaviour is called: %s\n", unknown_name(&options));
        return CANNOT_GRADE;
    }
    if (options.no_fork)
        child_run(suite, behaviour_get(options.only ? options.only - 1 : 0), &options.child, true);
    if (options.child.cpu_seconds == 0)
        options.child.cpu_seconds = default_cpu_seconds;
    return grade(suite, &options, argv) == 0 ? 0 : CANNOT_GRADE;
}
