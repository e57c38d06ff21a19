/* places.c: see places.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "places.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "where.h"

#define MAX_REFERENCES 64

/* CALLER: a further offset of a reference to calls. */
enum style { CALL, CALLER, NAME, FRAME };

/* A reference in a text. */
struct reference {
    const char *begin, *end; /* what is replaced */
    enum style style;
    unsigned long offset; /* in the module */
    char function[128], line[512];
};

const char *places_without_folder(const char *path)
{
    char folder[512];

    if (getcwd(folder, sizeof folder) && strncmp(path, folder, strlen(folder)) == 0 &&
        path[strlen(folder)] == '/')
        return path + strlen(folder) + 1;
    return path;
}

/* Reads the reference at `at`, if one begins there; `follows`: right behind an open one. */
static bool read_reference(const char *at, const char *module, bool follows, struct reference *r)
{
    const char *slash = strrchr(module, '/');
    const char *name = slash ? slash + 1 : module;
    char *end;

    r->begin = at;
    if (strncmp(at, PLACE_CALL, strlen(PLACE_CALL)) == 0 ||
        strncmp(at, PLACE_NAME, strlen(PLACE_NAME)) == 0) {
        r->style = at[1] == PLACE_CALL[1] ? CALL : NAME;
        r->offset = strtoul(at + strlen(PLACE_CALL), &end, 16);
        r->end = *end == '}' ? end + 1 : end;
        return *end == '}' || *end == ',';
    }
    if (*at == ',' && follows) {
        r->style = CALLER;
        r->offset = strtoul(at + 1, &end, 16);
        r->end = *end == '}' ? end + 1 : end;
        return *end == '}' || *end == ',';
    }
    if (*at != '(')
        return false;
    size_t length = strcspn(at, "+)\n");
    if (at[length] != '+' || length < strlen(name) ||
        strncmp(at + length - strlen(name), name, strlen(name)) != 0)
        return false;
    r->style = FRAME;
    r->offset = strtoul(at + length + 1, &end, 16);
    r->end = end + 1;
    return *end == ')';
}

static int find_references(const char *text, const char *module, struct reference *found)
{
    int n = 0;

    for (const char *at = text; *at && n < MAX_REFERENCES; at++) {
        bool follows = n > 0 && found[n - 1].style <= CALLER && found[n - 1].end == at;
        if (!read_reference(at, module, follows, &found[n]))
            continue;
        at = found[n++].end - 1;
    }
    return n;
}

/* A line of addr2line without its end and without " (discriminator 2)". */
static bool read_line(FILE *from, char *line, int size)
{
    if (fgets(line, size, from) == NULL)
        return false;
    line[strcspn(line, "\n")] = '\0';
    char *note = strstr(line, " (discriminator");
    if (note)
        *note = '\0';
    return true;
}

/* Asks addr2line once for all of them. */
static bool look_up(struct reference *references, int n, const char *module)
{
    char command[4096];
    int used = snprintf(command, sizeof command, "exec addr2line -f -e \"$WORKBOOK_MODULE\"");
    bool found = true;

    for (int i = 0; i < n; i++)
        used +=
            snprintf(command + used, sizeof command - (size_t)used, " 0x%lx", references[i].offset);
    snprintf(command + used, sizeof command - (size_t)used, " 2>/dev/null");
    setenv("WORKBOOK_MODULE", module, 1); /* a path may hold anything */
    FILE *answer = popen(command, "r");
    if (answer == NULL)
        return false;
    for (int i = 0; i < n && found; i++)
        found = read_line(answer, references[i].function, sizeof references[i].function) &&
                read_line(answer, references[i].line, sizeof references[i].line);
    return pclose(answer) == 0 && found;
}

/* Code without a line: between a call and the library's function that it calls. */
static bool is_unknown(const struct reference *r)
{
    return r->style <= CALLER && strcmp(r->function, "??") == 0;
}

static size_t write_reference(char *out, size_t size, const struct reference *r)
{
    int n;

    if (r->style == CALLER && strstr(r->line, "coro_sched.h"))
        n = snprintf(out, size, "%s", ""); /* the scheduler calls every task */
    else if (r->style == CALLER)
        n = snprintf(out, size, ", called in %s (%s)", r->function, places_without_folder(r->line));
    else if (r->style == CALL)
        n = snprintf(out, size, "in %s (%s)", r->function, places_without_folder(r->line));
    else if (r->style == FRAME) /* as the sanitizer would have written it */
        n = snprintf(out, size, "in %s %s", r->function, r->line);
    else
        n = snprintf(out, size, "%s", r->function);
    return (size_t)n < size ? (size_t)n : size - 1;
}

void places_resolve(char *text, size_t size, const char *module)
{
    static struct reference references[MAX_REFERENCES];
    int n = find_references(text, module, references);

    if (n == 0 || !look_up(references, n, module))
        return;
    char *copy = malloc(size);
    if (copy == NULL)
        return; /* the references are better than nothing */
    size_t used = 0;
    const char *from = text;
    for (int i = 0; i <= n; i++) {
        size_t length = i < n ? (size_t)(references[i].begin - from) : strlen(from);
        length = length < size - 1 - used ? length : size - 1 - used;
        memcpy(copy + used, from, length);
        used += length;
        if (i + 1 < n && is_unknown(&references[i]) && references[i + 1].style == CALLER) {
            references[i + 1].style = references[i].style; /* told in its place */
            from = references[i].end;
        } else if (i < n) {
            used += write_reference(copy + used, size - used, &references[i]);
            from = references[i].end;
        }
    }
    copy[used] = '\0';
    memcpy(text, copy, used + 1);
    free(copy);
}
