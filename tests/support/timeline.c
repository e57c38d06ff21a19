/* timeline.c: see timeline.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "timeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "append.h"

#define NS_PER_MS   1000000
#define MAX_ROWS    24 /* shown of a long timeline */
#define ROWS_BEFORE 4  /* of which so many before the first difference */

void timeline_clear(struct timeline *t)
{
    t->n = 0;
    t->used = 0;
}

int timeline_add(struct timeline *t, int64_t ns, const char *text)
{
    size_t size = strlen(text) + 1;

    if (t->n == TIMELINE_MAX_LINES || t->used + size > TIMELINE_MAX_TEXT)
        return -1;
    memcpy(t->store + t->used, text, size);
    t->lines[t->n++] = (struct timeline_line){ns, t->store + t->used};
    t->used += size;
    return 0;
}

void timeline_parse(struct timeline *t, const char *expected)
{
    char text[512];
    long seconds, ms;

    for (const char *line = expected; *line; line = strchr(line, '\n') + 1) {
        int n = 0;
        text[0] = '\0';
        if (sscanf(line, "%ld.%3ld  %n", &seconds, &ms, &n) != 2 || n == 0 || !strchr(line, '\n')) {
            fprintf(stderr, "suite: not a line of a timeline: %s\n", line);
            abort();
        }
        snprintf(text, sizeof text, "%.*s", (int)strcspn(line + n, "\n"), line + n);
        timeline_add(t, (int64_t)(seconds * 1000 + ms) * NS_PER_MS, text);
    }
}

/* --- order --- */

static int by_time_and_text(const void *left, const void *right)
{
    const struct timeline_line *a = left, *b = right;

    if (a->ns != b->ns)
        return a->ns < b->ns ? -1 : 1;
    return strcmp(a->text, b->text);
}

/* True if both have the same lines at the same times, those of one time in any order. */
static bool same_lines(const struct timeline *want, const struct timeline *got)
{
    static struct timeline_line a[TIMELINE_MAX_LINES], b[TIMELINE_MAX_LINES];
    bool same = want->n == got->n;

    memcpy(a, want->lines, (size_t)want->n * sizeof a[0]);
    memcpy(b, got->lines, (size_t)got->n * sizeof b[0]);
    qsort(a, (size_t)want->n, sizeof a[0], by_time_and_text);
    qsort(b, (size_t)got->n, sizeof b[0], by_time_and_text);
    for (int i = 0; i < want->n && same; i++)
        same = by_time_and_text(&a[i], &b[i]) == 0;
    return same;
}

static bool same_lines_in_order(const struct timeline *want, const struct timeline *got)
{
    bool same = want->n == got->n;

    for (int i = 0; i < want->n && same; i++)
        same = by_time_and_text(&want->lines[i], &got->lines[i]) == 0;
    return same;
}

/* The place of a line in `got`: at its own time if it is there, else anywhere. */
static int place_of(const struct timeline *got, const struct timeline_line *line)
{
    int anywhere = got->n;

    for (int i = got->n - 1; i >= 0; i--) {
        if (strcmp(got->lines[i].text, line->text) != 0)
            continue;
        if (got->lines[i].ns == line->ns)
            return i;
        anywhere = i;
    }
    return anywhere;
}

/* Where the order of lines of one time is free, shows them in the order in which they came. */
static void order_ties_as_they_came(struct timeline *want, const struct timeline *got)
{
    for (int i = 1; i < want->n; i++) {
        struct timeline_line line = want->lines[i];
        int place = place_of(got, &line), at = i;
        for (; at > 0 && want->lines[at - 1].ns == line.ns &&
               place_of(got, &want->lines[at - 1]) > place;
             at--)
            want->lines[at] = want->lines[at - 1];
        want->lines[at] = line;
    }
}

/* --- side by side --- */

/* One row of the comparison; an index is -1 where that side has no line. */
struct row {
    int want, got;
    const char *note;
    bool differs;
};

/* Finds for each wanted line the one that came: the same text, at its own time if there is one. */
static void match(const struct timeline *want, const struct timeline *got, int *match_of,
                  bool *matched)
{
    memset(matched, 0, (size_t)got->n * sizeof matched[0]);
    for (int pass = 0; pass < 2; pass++) { /* first those on time, then those at other times */
        for (int w = 0; w < want->n; w++) {
            if (pass == 0)
                match_of[w] = -1;
            for (int g = 0; g < got->n && match_of[w] < 0; g++) {
                bool on_time = got->lines[g].ns == want->lines[w].ns;
                if (matched[g] || on_time != (pass == 0) ||
                    strcmp(got->lines[g].text, want->lines[w].text) != 0)
                    continue;
                match_of[w] = g;
                matched[g] = true;
            }
        }
    }
}

/* Lists the wanted lines with what came of each, and between them what nobody wanted. */
static int pair_lines(const struct timeline *want, const struct timeline *got, struct row *rows)
{
    static int match_of[TIMELINE_MAX_LINES];
    static bool matched[TIMELINE_MAX_LINES];
    int n = 0, g = 0, last = -1;

    match(want, got, match_of, matched);
    for (int w = 0; w <= want->n; w++) {
        int64_t now = w < want->n ? want->lines[w].ns : INT64_MAX;
        int m = w < want->n ? match_of[w] : got->n;
        bool on_time = m >= 0 && w < want->n && got->lines[m].ns == now;
        bool at_end = w == want->n;
        for (; g < got->n && (at_end || got->lines[g].ns < now || (on_time && g < m)); g++)
            if (!matched[g])
                rows[n++] = (struct row){-1, g, "not expected", true};
        if (at_end)
            break;
        if (m < 0)
            rows[n++] = (struct row){w, -1, "missing", true};
        else if (on_time && m < last)
            rows[n++] = (struct row){w, m, "another order", true};
        else
            rows[n++] = (struct row){w, m, NULL, !on_time};
        last = on_time && m > last ? m : last;
    }
    return n;
}

static void cell(char *out, size_t size, const struct timeline *t, int i)
{
    if (i < 0)
        out[0] = '\0';
    else
        snprintf(out, size, "%.3f  %s", (double)t->lines[i].ns / 1e9, t->lines[i].text);
}

static void append_row(char *out, size_t size, const struct timeline *want,
                       const struct timeline *got, const struct row *row, int width)
{
    char left[600], right[600], note[64] = "";

    cell(left, sizeof left, want, row->want);
    cell(right, sizeof right, got, row->got);
    if (row->note)
        snprintf(note, sizeof note, "   <- %s", row->note);
    else if (row->differs) {
        long long ms = (want->lines[row->want].ns - got->lines[row->got].ns) / NS_PER_MS;
        snprintf(note, sizeof note, "   <- %lld ms too %s", llabs(ms), ms > 0 ? "early" : "late");
    }
    append(out, size, "%-*s %s %s%s\n", width, left, row->differs ? ">" : " ", right, note);
}

static int left_width(const struct timeline *want)
{
    const int widest = 56;
    int width = (int)strlen("expected");
    char text[600];

    for (int i = 0; i < want->n; i++) {
        cell(text, sizeof text, want, i);
        int needed = (int)strlen(text);
        if (needed > width && needed <= widest)
            width = needed;
    }
    return width;
}

/* The same lines in another order: each place with what stands there. */
static int pair_places(const struct timeline *want, const struct timeline *got, struct row *rows)
{
    for (int i = 0; i < want->n; i++) {
        bool differs = by_time_and_text(&want->lines[i], &got->lines[i]) != 0;
        rows[i] = (struct row){i, i, differs ? "another order" : NULL, differs};
    }
    return want->n;
}

static void render(const struct timeline *want, const struct timeline *got, char *out, size_t size)
{
    static struct row rows[2 * TIMELINE_MAX_LINES];
    int n = same_lines(want, got) ? pair_places(want, got, rows) : pair_lines(want, got, rows);
    int width = left_width(want);
    int first = 0;

    while (first < n && !rows[first].differs)
        first++;
    int from = n > MAX_ROWS && first > ROWS_BEFORE ? first - ROWS_BEFORE : 0;
    int to = from + MAX_ROWS < n ? from + MAX_ROWS : n;
    out[0] = '\0';
    append(out, size, "%-*s   got\n", width, "expected");
    if (from > 0)
        append(out, size, "(%d lines that agree)\n", from);
    for (int i = from; i < to; i++)
        append_row(out, size, want, got, &rows[i], width);
    if (to < n)
        append(out, size, "(%d more lines)\n", n - to);
    if (got->n == 0)
        append(out, size, "nothing was printed\n");
}

bool timeline_compare(struct timeline *want, struct timeline *got, bool in_order, char *out,
                      size_t size)
{
    bool same = in_order ? same_lines_in_order(want, got) : same_lines(want, got);

    if (!same && !in_order)
        order_ties_as_they_came(want, got);
    if (!same)
        render(want, got, out, size);
    return same;
}
