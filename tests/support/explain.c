/* explain.c: see explain.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "explain.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "append.h"
#include "places.h"

#define MAX_LEAKS 5

/* What a sanitizer says, and what that means. The first match counts. */
static const struct {
    const char *report, *meaning;
} meanings[] = {
    {"heap-use-after-free", "memory was used after it was freed"},
    {"attempting double-free", "memory was freed twice"},
    {"attempting free on address which was not malloc()-ed",
     "free() was given a pointer that malloc() did not give"},
    {"heap-buffer-overflow", "memory beside an allocated block was used"},
    {"stack-buffer-overflow", "memory beside a local variable was used"},
    {"global-buffer-overflow", "memory beside a global variable was used"},
    {"stack-use-after-scope", "a local variable was used after its block had ended"},
    {"stack-use-after-return", "a local variable was used after its function had returned"},
    {"stack-overflow", "the stack ran out: a recursion without an end?"},
    {"allocation-size-too-big", "far too much memory was asked for"},
    {"requested allocation size", "far too much memory was asked for"},
    {"out-of-memory", "memory ran out: a program under test has a limit"},
    {"out of memory", "memory ran out: a program under test has a limit"},
    {"SEGV on unknown address 0x00000000", "a NULL pointer was followed"},
    {"SEGV on unknown address", "an address was used that is not the program's"},
};

/* True if a frame's file is the learner's: neither a library's, nor the harness's, nor a suite. */
static bool is_learner_file(const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;
    const char *harness = strstr(file, "tests/support/");

    if (harness && harness + strlen("tests/support/") == name)
        return false;
    return strchr(name, '.') && strncmp(name, "check_", 6) != 0 && strncmp(file, "../", 3) != 0 &&
           strstr(file, "/sysdeps/") == NULL && strstr(file, "sanitizer") == NULL;
}

/* Reads "    #1 0x4f in brew exercises/x.c:33:5" into function and file; false if it is none of
 * the learner's. */
static bool parse_frame(const char *line, char function[128], char file[512])
{
    if (sscanf(line, " #%*d 0x%*x in %127s %511[^\n]", function, file) != 2)
        return false;
    char *build = strstr(file, " (BuildId:"); /* clang's */
    if (build)
        *build = '\0';
    return strchr(file, ':') && is_learner_file(file);
}

/* Appends " in wait (exercises/x.c:70), called in brew (exercises/x.c:33)" for the learner's frames
 * after `from`; nothing if an empty line, the end of that stack, comes first. */
static void append_place(const char *from, char *out, size_t size)
{
    const int enough = 3;
    char function[128], file[512];
    int n = 0;

    for (const char *line = from; line && n < enough; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (*line == '\n' || *line == '\0')
            return;
        if (parse_frame(line, function, file) && (n == 0 || !strstr(file, "coro_sched.h")))
            append(out, size, "%s in %s (%s)", n++ > 0 ? ", called" : "", function,
                   places_without_folder(file));
    }
}

/* The same behind `words`; nothing at all if there is no place to tell. */
static void append_told_place(const char *words, const char *from, char *out, size_t size)
{
    char place[1024] = "";

    if (from)
        append_place(from, place, sizeof place);
    if (place[0] != '\0')
        append(out, size, "%s%s", words, place);
}

/* The pattern with which the stack is overwritten before a task goes on. */
static void append_lost_local(const char *err, char *out, size_t size)
{
    if (strstr(err, "0x5555555555555555") || strstr(err, "1431655765"))
        append(out, size,
               "\na local variable was read that has not been set since the last wait: "
               "what lives across a wait lives in the frame");
}

/* "exercises/x.c:33:5: runtime error: signed integer overflow" */
static bool explain_undefined(const char *err, char *out, size_t size)
{
    const char *at = strstr(err, ": runtime error: ");
    const char *line = at;

    if (at == NULL)
        return false;
    while (line > err && line[-1] != '\n')
        line--;
    const char *place = places_without_folder(line);
    const char *stack = strstr(at, "\n    #0");
    if (strstr(at, "null pointer passed"))
        snprintf(out, size, "NULL was passed to a function that does not take it, at %.*s",
                 (int)(at - place), place);
    else if (strstr(at, "null pointer"))
        snprintf(out, size, "a NULL pointer was followed at %.*s", (int)(at - place), place);
    else
        snprintf(out, size, "undefined behaviour: %.*s", (int)strcspn(place, "\n"), place);
    append_told_place("\nit was", stack, out, size);
    return true;
}

static bool explain_address(const char *err, char *out, size_t size)
{
    const char *report = strstr(err, "ERROR: AddressSanitizer");
    const char *meaning = NULL;

    if (report == NULL)
        return false;
    size_t first_line = strcspn(report, "\n");
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0] && !meaning; i++) {
        const char *at = strstr(report, meanings[i].report);
        if (at && at < report + first_line)
            meaning = meanings[i].meaning;
    }
    if (meaning)
        snprintf(out, size, "%s", meaning);
    else
        snprintf(out, size, "%.*s", (int)first_line, report);
    const char *stack = strstr(report, "\n    #0");
    if (stack)
        append_place(stack, out, size);
    const char *freed = strstr(report, "freed by thread");
    append_told_place("\nit was freed", freed ? strchr(freed, '\n') : NULL, out, size);
    const char *allocated = strstr(report, "allocated by thread");
    append_told_place("\nit was allocated", allocated ? strchr(allocated, '\n') : NULL, out, size);
    return true;
}

/* Appends " in take (exercises/x.c:33)" for the first frame of the learner's behind `from`, which
 * looks like "    #0 take exercises/x.c:33 (x.so+0x4f)". */
static void append_race_place(const char *from, char *out, size_t size)
{
    char function[128], file[512];

    for (const char *line = strchr(from, '\n'); line && line[1] == ' ';
         line = strchr(line + 1, '\n'))
        if (sscanf(line + 1, " #%*d %127s %511s", function, file) == 2 && strchr(file, ':') &&
            is_learner_file(file)) {
            append(out, size, " in %s (%s)", function, places_without_folder(file));
            return;
        }
}

/* ThreadSanitizer's, in a build with that: the first report ends the program. */
static bool explain_race(const char *err, char *out, size_t size)
{
    const char *report = strstr(err, "WARNING: ThreadSanitizer: ");
    const char *first = report ? strchr(report, '\n') : NULL;
    const char *other = first ? strstr(first, "  Previous ") : NULL;

    if (first == NULL)
        return false;
    if (other == NULL || strstr(report, "data race") == NULL) {
        snprintf(out, size, "%.*s", (int)strcspn(report, "\n"), report);
        return true;
    }
    snprintf(out, size,
             "a data race: two threads use the same memory, one of them writes, and no "
             "lock keeps them apart");
    append(out, size, "\none was");
    append_race_place(strchr(first + 1, '\n') ? first + 1 : first, out, size);
    append(out, size, "\nthe other was");
    append_race_place(other, out, size);
    return true;
}

/* The last line on stderr: what assert() or the program itself said before it died. */
static void append_last_words(const char *err, char *out, size_t size)
{
    size_t end = strlen(err);

    while (end > 0 && err[end - 1] == '\n')
        end--;
    size_t start = end;
    while (start > 0 && err[start - 1] != '\n')
        start--;
    if (end > start)
        append(out, size, "\nit said: %.*s", (int)(end - start), err + start);
}

/* The loader's last words: "symbol lookup error: x.so: undefined symbol: brew" */
static bool explain_missing(const char *err, char *out, size_t size)
{
    static const char words[] = "undefined symbol: ";
    const char *at = strstr(err, words);

    if (strstr(err, "symbol lookup error") == NULL || at == NULL)
        return false;
    at += strlen(words);
    snprintf(out, size, "%.*s() is missing: the header promises it, and the program has it not",
             (int)strcspn(at, " ,\n"), at);
    return true;
}

void explain_death(int status, const char *err, char *out, size_t size)
{
    out[0] = '\0';
    if (explain_address(err, out, size) || explain_undefined(err, out, size)) {
        append_lost_local(err, out, size);
        return;
    }
    if (explain_missing(err, out, size) || explain_race(err, out, size))
        return;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE)
        snprintf(out, size,
                 "SIGPIPE: it wrote to a connection that the peer had closed. A network "
                 "program ignores that signal and handles EPIPE");
    else if (WIFSIGNALED(status))
        snprintf(out, size, "the program was ended by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(out, size, "the program ended with exit status %d before the test did",
                 WEXITSTATUS(status));
    append_last_words(err, out, size);
}

bool explain_leaks(const char *err, char *out, size_t size)
{
    int told = 0;
    long bytes, objects;
    bool placed = true;

    /* Blocks that only point at each other are all indirect leaks. */
    const char *kind = strstr(err, "Direct leak of ") ? "Direct leak of " : "Indirect leak of ";

    for (const char *at = err; (at = strstr(at, kind)) && told < MAX_LEAKS; at++) {
        if (sscanf(at + strlen(kind), "%ld byte(s) in %ld object(s)", &bytes, &objects) != 2)
            continue;
        char place[1024] = "";
        append_place(strchr(at, '\n'), place, sizeof place);
        placed = placed && place[0] != '\0';
        if (place[0] != '\0' && strstr(out, place))
            continue; /* told already */
        append(out, size, "\n    %ld byte%s, allocated%s", bytes, bytes == 1 ? "" : "s", place);
        if (objects > 1)
            append(out, size, ", in %ld pieces", objects);
        told++;
    }
    return placed;
}

void explain_stderr(const char *err, char *out, size_t size)
{
    const int most = 8;
    int n = 0;

    for (const char *line = err; *line && n < most; line += strspn(line, "\n")) {
        size_t length = strcspn(line, "\n");
        const char *tool = strstr(line, "Sanitizer");
        if ((tool && tool < line + length) || strncmp(line, "====", 4) == 0)
            return;
        if (length > 0)
            append(out, size, "%s\n    %.*s", n++ > 0 ? "" : "\non stderr:", (int)length, line);
        line += length;
    }
}
