/* hints.c: see hints.h; with the command hint
 *
 * SPDX-License-Identifier: MIT
 */
#include "hints.h"

#include "report.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define README_MOST (1024 * 1024) /* bytes */

static bool korean(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && *value != '\0') /* the first that is set decides */
            return strncmp(value, "ko", 2) == 0;
    }
    return false;
}

/* The next heading of at most `depth` signs '#', from the line at `text` on, or the end. What
 * stands in a block of code is no heading. */
static const char *next_heading(const char *text, size_t depth)
{
    bool code = false;
    while (*text != '\0') {
        size_t signs = strspn(text, "#");
        if (strncmp(text, "```", 3) == 0)
            code = !code;
        else if (!code && signs > 0 && signs <= depth && text[signs] == ' ')
            break;
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return text;
}

static const char *next_line(const char *text)
{
    text += strcspn(text, "\n");
    return text + (*text == '\n');
}

/* The exercise's section of one README without its heading; NULL if there is none. */
static char *section_of_file(const struct exercise *exercise, const char *suffix)
{
    char *path = text_format("exercises/%s/README%s.md", exercise->section, suffix);
    char *readme = file_read(path, README_MOST);
    char *section = NULL;
    size_t length = strlen(exercise->name);
    const char *at = readme ? next_heading(readme, 2) : "";
    for (; *at != '\0' && section == NULL; at = next_heading(next_line(at), 2))
        if (strncmp(at, "## ", 3) == 0 && strncmp(at + 3, exercise->name, length) == 0 &&
            strchr(" :\r\n", at[3 + length]) != NULL) {
            const char *body = next_line(at);
            section = text_copy(body, (size_t)(next_heading(body, 2) - body));
        }
    free(readme);
    free(path);
    return section;
}

static char *section_of(const struct exercise *exercise)
{
    char *section = korean() ? section_of_file(exercise, ".ko") : NULL;
    if (section == NULL)
        section = section_of_file(exercise, "");
    return section ? section : text_copy("", 0);
}

char *hints_task(const struct exercise *exercise)
{
    char *section = section_of(exercise);
    char *start = section + strspn(section, " \r\n");
    if (*start == '#')
        *start = '\0'; /* hints only */
    char *end = strstr(start, "\n\n");
    if (end != NULL)
        *end = '\0';
    for (char *c = start; *c != '\0'; c++)
        if (*c == '\n')
            *c = ' ';
    char *task = text_format("%s", start);
    free(section);
    return task;
}

/* The heading of hint `level`, counted from 1, or NULL. */
static const char *find_hint(const char *section, int level)
{
    for (const char *at = next_heading(section, 3); *at; at = next_heading(next_line(at), 3))
        if (strncmp(at, "### Hint ", 9) == 0 || strncmp(at, "### 힌트 ", 11) == 0)
            if (--level == 0)
                return at;
    return NULL;
}

/* On the page a hint is folded away. Takes out the lines that do so, and of the empty lines that
 * are left, those behind another. */
static void unfold(char *text)
{
    char *out = text;
    bool empty = false;
    for (const char *line = text; *line != '\0';) {
        const char *next = next_line(line);
        size_t length = (size_t)(next - line);
        bool fold = strncmp(line, "<details>", 9) == 0 || strncmp(line, "</details>", 10) == 0;
        if (!fold && !(empty && *line == '\n')) {
            empty = *line == '\n';
            memmove(out, line, length);
            out += length;
        }
        line = next;
    }
    while (out > text && out[-1] == '\n')
        out--;
    *out = '\0';
}

static void print_hint(const char *section, int level)
{
    const char *heading = find_hint(section, level);
    const char *end = next_heading(next_line(heading), 3);
    char *text = text_copy(heading + 4, (size_t)(end - heading - 4)); /* without "### " */
    unfold(text);
    report_text(text, "", 1000);
    free(text);
}

int command_hint(struct workbook *workbook, const struct options *options)
{
    const struct exercise *exercise = catalogue_find(&workbook->exercises, options->names[0]);
    if (exercise == NULL)
        return STATUS_USAGE;
    char *section = section_of(exercise);
    char *path = text_format("%s/hints/%s", workbook->build, exercise->name);
    char *kept = file_read(path, 16);
    int hints = 0;
    while (find_hint(section, hints + 1) != NULL)
        hints++;
    int level = 1 + (kept ? atoi(kept) : 0); /* what is no number counts as 0 */
    bool news = level >= 1 && level <= hints;
    for (int i = news ? level : 1; i <= (news ? level : hints); i++)
        print_hint(section, i);
    if (hints == 0)
        fprintf(stderr, "workbook: exercises/%s/README.md has no hints for %s\n", exercise->section,
                exercise->name);
    else if (news)
        printf("\n(hint %d of %d%s)\n", level, hints, level < hints ? "; call again for more" : "");
    else
        printf("\nThese are all %d hints. The lesson: chapter-%s/README.md\n", hints,
               exercise->section);
    char *next = text_format("%d\n", level);
    if (news && file_write(path, next) < 0)
        fprintf(stderr, "workbook: cannot keep count: %s: %s\n", path, strerror(errno));
    free(next);
    free(kept);
    free(path);
    free(section);
    return hints > 0 ? STATUS_FULL : STATUS_USAGE;
}
