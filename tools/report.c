/* report.c: see report.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "report.h"

#include "text.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMPILER_LINES 60 /* shown to a person */
#define WARNING_LINES  20 /* the same, of a program that was graded */
#define WIDTH          92 /* columns of running text */

static bool colours(void)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && (no_color == NULL || *no_color == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

char *report_painted(bool good, const char *words)
{
    return text_format("%s%s%s",
                       !colours() ? ""
                       : good     ? "\033[32m"
                                  : "\033[31m",
                       words, colours() ? "\033[0m" : "");
}

/* The text holds what a learner's program printed: it must not steer the terminal. */
void report_text(const char *text, const char *indent, int most)
{
    int lines = 0;
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        if (lines++ < most) {
            fputs(length > 0 ? indent : "", stdout);
            for (size_t i = 0; i < length; i++) {
                unsigned char c = (unsigned char)text[i];
                if ((c < ' ' && c != '\t') || c == 127)
                    printf("\\x%02x", c);
                else
                    putchar(c);
            }
            putchar('\n');
        }
        text += length + (text[length] == '\n');
    }
    if (lines > most)
        printf("%s... and %d more lines: mend the first error first\n", indent, lines - most);
}

/* --- for a person ---------------------------------------------------------------------------- */

void report_wrapped(const char *text, size_t length, const char *first, const char *rest)
{
    for (const char *indent = first; length > 0; indent = rest) {
        size_t room = WIDTH - strlen(indent);
        size_t taken = length;
        if (length > room)
            for (taken = room; taken > 0 && text[taken] != ' ';)
                taken--;
        taken = taken > 0 ? taken : strcspn(text, " "); /* a word longer than the line */
        taken = taken < length ? taken : length;
        char *line = text_copy(text, taken);
        report_text(line, indent, 1);
        free(line);
        taken += strspn(text + taken, " ");
        text += taken;
        length -= taken < length ? taken : length;
    }
}

enum { UNDER = sizeof("expected  ") - 1 }; /* where what was expected stands, and what was got */

/* A row of a timeline, or of another table: wrapped, its columns could not be compared. */
static bool is_row(const char *line)
{
    bool labelled =
        strncmp(line, "expected  ", UNDER) == 0 || strncmp(line, "got       ", UNDER) == 0;
    return strstr(line + (labelled ? UNDER : 0), "  ") != NULL;
}

/* Sentences too long for a terminal are wrapped; what follows stands under what was "expected". */
static void report_findings(const char *text, const char *indent)
{
    char *rest = text_format("%s%*s", indent, UNDER, "");
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        char *line = text_copy(text, length);
        if (strlen(indent) + length <= WIDTH || is_row(line))
            report_text(length > 0 ? line : "\n", indent, INT_MAX);
        else
            report_wrapped(line, length, indent, rest);
        free(line);
        text += length + (text[length] == '\n');
    }
    free(rest);
}

/* The lines of an idea after the first stand under its text. */
static void print_idea(const char *idea, size_t length, const char *indent)
{
    char *under = text_format("%s%*s", indent, (int)strlen("the idea: "), "");
    report_wrapped(idea, length, indent, under);
    free(under);
}

/* Where the line that begins with `words` starts in the message, or its end. */
static const char *find_line(const char *message, const char *words)
{
    const char *found = strstr(message, words);
    return found != NULL && (found == message || found[-1] == '\n') ? found
                                                                    : message + strlen(message);
}

/* A message is what was found, the idea behind it, and the command to see it again. `said` holds
 * what was found for the behaviour before: the same need not be said again. */
static void print_message(const char *message, const char *indent, char **said)
{
    const char *command = find_line(message, "see it:");
    const char *idea = find_line(message, "the idea: ");
    idea = idea < command ? idea : command;
    char *findings = text_copy(message, (size_t)(idea - message));
    bool again = *said != NULL && strcmp(*said, findings) == 0;
    report_findings(again ? "the same as above\n" : findings, indent);
    free(*said);
    *said = findings;
    if (idea < command && !again)
        print_idea(idea, strcspn(idea, "\n"), indent);
    report_text(command, indent, INT_MAX);
}

static void print_behaviour(const struct behaviour *behaviour, bool explain, char **said)
{
    char *points = text_format("[%d/%d]", behaviour->points, behaviour->max);
    char *line = text_format("%s %s", points, behaviour->name);
    char *painted = report_painted(behaviour->passed, line);
    puts(painted);
    char *indent = text_format("%*s", (int)strlen(points) + 1, "");
    if (explain && !behaviour->passed)
        print_message(behaviour->message, indent, said);
    free(indent);
    free(painted);
    free(line);
    free(points);
}

void report_verdict(const struct verdict *verdict, bool brief)
{
    enum outcome outcome = verdict->outcome;
    char *title = text_format("%-24s %2d of %d points  %s", verdict->exercise->name,
                              verdict->points, verdict->max, outcome_phrase(outcome));
    char *painted = report_painted(outcome == OUTCOME_PASSED, title);
    puts(painted);
    free(painted);
    free(title);
    if (verdict->warnings && *verdict->warnings) {
        puts("  It compiles, but the compiler warns:");
        report_text(verdict->warnings, "  ", WARNING_LINES);
    }
    /* Of what is not begun, the first behaviour is explanation enough. */
    bool explain = true;
    char *said = NULL;
    for (size_t i = 0; i < verdict->count; i++) {
        if (brief && (outcome == OUTCOME_PASSED || outcome == OUTCOME_UNSTARTED))
            break;
        print_behaviour(&verdict->behaviours[i], explain, &said);
        explain = explain && (outcome != OUTCOME_UNSTARTED || verdict->behaviours[i].passed);
    }
    free(said);
    if (outcome == OUTCOME_UNSTARTED)
        report_wrapped(verdict->message, strlen(verdict->message), "  ", "  ");
    else
        report_text(verdict->message, "  ", COMPILER_LINES);
}

/* "Not written yet: TODO(3), TODO(5)": in a long file a student may not see them all. */
static void print_todos(const struct submission *submission)
{
    const char *lead = "Not written yet: ";
    for (int n = 0; submission_todo(submission, n, &n) != NULL; lead = ", ")
        printf("%sTODO(%d)", lead, n);
    puts("");
}

void report_total(const struct submission *submissions, size_t count, const struct exercise *next)
{
    int points = 0, max = 0, todo;
    const struct submission *open = NULL;
    for (size_t i = 0; i < count; i++) {
        points += submissions[i].verdict->points;
        max += submissions[i].verdict->max;
        if (open == NULL && submissions[i].verdict->outcome != OUTCOME_PASSED)
            open = &submissions[i];
    }
    printf("\n%d of %d points.", points, max);
    if (open == NULL && count == 1 &&
        strcmp(submissions[0].label, submissions[0].exercise->source) == 0)
        printf(" Well done: compare with solutions/%s/%s.c.", submissions[0].exercise->section,
               submissions[0].exercise->name);
    else if (open == NULL)
        printf(" Well done.");
    if (open == NULL && next != NULL)
        printf(" Next: %s, in %s\n", next->name, next->source);
    else if (open == NULL)
        puts("");
    else if (open->verdict->outcome == OUTCOME_CHEATING ||
             strcmp(open->label, open->exercise->source))
        puts(""); /* what to do is said above, or it is another one's file */
    else if (submission_todo(open, 0, &todo) != NULL) {
        printf(
            " Next: %sTODO(%d) in %s\nThen: ./workbook test %s     (a hint: ./workbook hint %s)\n",
            todo > 1 ? "mend what you have written, or go on with " : "", todo, open->label,
            open->exercise->name, open->exercise->name);
        if (submission_todo(open, todo, NULL) != NULL)
            print_todos(open);
    } else
        printf(" Next: change %s\nThen: ./workbook test %s     (a hint: ./workbook hint %s)\n",
               open->label, open->exercise->name, open->exercise->name);
}

/* --- for programs ---------------------------------------------------------------------------- */

void report_json(const struct submission *submissions, size_t count)
{
    struct json_object *report = json_object_new_object();
    struct json_object *exercises = json_object_new_array();
    if (!report || !exercises || json_object_object_add(report, "exercises", exercises) != 0)
        abort(); /* out of memory */
    for (size_t i = 0; i < count; i++)
        if (json_object_array_add(exercises, verdict_json(submissions[i].verdict)) != 0)
            abort();
    puts(json_object_to_json_string_ext(report,
                                        JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(report);
}

/* A '#' in a name would begin a directive, and "# SKIP" would make a failure harmless. meson
 * does not know TAP's escape "\#", so a full-width sign stands for it. */
static void print_tap_name(const char *name)
{
    for (; *name != '\0'; name++) {
        if (*name == '#')
            fputs("\uff03", stdout);
        else
            putchar((unsigned char)*name < ' ' ? ' ' : *name);
    }
    putchar('\n');
}

void report_tap_line(size_t number, bool ok, const char *name, const char *diagnostics)
{
    printf("%s %zu - ", ok ? "ok" : "not ok", number);
    print_tap_name(name);
    if (!ok)
        report_text(diagnostics, "# ", INT_MAX);
}

/* One line a behaviour; where there is none, one failure for the exercise. Returns how many. */
static size_t tap_verdict(size_t number, const struct verdict *verdict)
{
    for (size_t i = 0; i < verdict->count; i++) {
        const struct behaviour *behaviour = &verdict->behaviours[i];
        bool ok = behaviour->passed && verdict->outcome != OUTCOME_CHEATING;
        char *name = text_format("[%d] %s", behaviour->max, behaviour->name);
        report_tap_line(number + i, ok, name, behaviour->message);
        free(name);
    }
    if (verdict->count > 0) {
        report_text(verdict->message, "# ", INT_MAX);
        return verdict->count;
    }
    char *name = text_format("%s: %s", verdict->exercise->name, outcome_word(verdict->outcome));
    report_tap_line(number, false, name, verdict->message);
    free(name);
    return 1;
}

void report_tap(const struct submission *submissions, size_t count)
{
    size_t lines = 0;
    for (size_t i = 0; i < count; i++)
        lines += tap_verdict(lines + 1, submissions[i].verdict);
    printf("1..%zu\n", lines);
}
