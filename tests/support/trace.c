/* trace.c: keeping the timeline; see trace.h. The comparison is in timeline.c.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "real.h"
#include "suite.h"
#include "timeline.h"
#include "vclock.h"
#include "verdict.h"

#define MAX_LINE 512

static struct {
    bool on;
    FILE *echo; /* or NULL */
    struct timeline lines;
    char pending[MAX_LINE]; /* a line whose newline has not come yet */
    size_t used;
} state;

static int add_line(const char *text)
{
    if (state.echo)
        fprintf(state.echo, "%6.3f  %s\n", (double)vclock_now() / 1e9, text);
    return timeline_add(&state.lines, vclock_now(), text);
}

/* The first lines say how it began; what repeats itself is seen in the last ones. */
static const char *first_and_last_lines(void)
{
    enum { FIRST = 8, LAST = 4, LINE_MOST = 120 };
    static char text[(FIRST + LAST + 1) * (LINE_MOST + 32)];
    const struct timeline *t = &state.lines;
    int used = 0;

    for (int i = 0; i < t->n; i++) {
        if (i == FIRST && t->n > FIRST + LAST) {
            used += sprintf(text + used, "  ...\n");
            i = t->n - LAST;
        }
        used += sprintf(text + used, "  %.3f  %.*s\n", (double)t->lines[i].ns / 1e9, LINE_MOST,
                        t->lines[i].text);
    }
    return text;
}

static void end_line(void)
{
    state.pending[state.used] = '\0';
    state.used = 0;
    if (add_line(state.pending) != 0)
        verdict_end(VERDICT_BROKEN,
                    "more than %d lines were printed: an endless loop that prints?\n%s",
                    TIMELINE_MAX_LINES, first_and_last_lines());
}

void trace_output(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == '\n' || state.used == MAX_LINE - 1)
            end_line();
        if (bytes[i] != '\n')
            state.pending[state.used++] = bytes[i];
    }
}

static ssize_t stream_write(void *cookie, const char *bytes, size_t n)
{
    (void)cookie;
    trace_output(bytes, n);
    return (ssize_t)n;
}

void trace_heading(const char *text)
{
    if (state.echo)
        fprintf(state.echo, "-- %s\n", text);
}

int trace_start(FILE *echo)
{
    const cookie_io_functions_t functions = {.write = stream_write};
    FILE *stream = fopencookie(NULL, "w", functions);

    if (stream == NULL)
        return -1;
    setvbuf(stream, NULL, _IOLBF, BUFSIZ);
    stdout = stream;
    if (echo)
        setvbuf(echo, NULL, _IOLBF, BUFSIZ); /* in step with what comes on stderr */
    state.echo = echo;
    state.on = true;
    return 0;
}

bool trace_is_on(void)
{
    return state.on;
}

void trace_clear(void)
{
    fflush(stdout);
    state.used = 0;
    timeline_clear(&state.lines);
}

EXPORT void trace(const char *format, ...)
{
    char line[MAX_LINE];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    fflush(stdout);
    if (add_line(line) != 0)
        fail_test("more than %d lines in the timeline: does something repeat itself for ever?\n%s",
                  TIMELINE_MAX_LINES, first_and_last_lines());
}

/* Compares the timeline with `expected`, and empties it; both side by side in `out` if they differ.
 */
static bool compare(const char *expected, bool in_order, char *out, size_t size)
{
    static struct timeline want;

    fflush(stdout);
    if (state.used > 0)
        end_line();
    timeline_clear(&want);
    timeline_parse(&want, expected);
    bool same = timeline_compare(&want, &state.lines, in_order, out, size);
    timeline_clear(&state.lines);
    return same;
}

static void expect(const char *expected, bool in_order)
{
    static char difference[8192];

    if (!compare(expected, in_order, difference, sizeof difference))
        fail_test("%s", difference);
    mark_point();
}

EXPORT void expect_trace(const char *expected)
{
    expect(expected, false);
}

EXPORT void expect_trace_in_order(const char *expected)
{
    expect(expected, true);
}
