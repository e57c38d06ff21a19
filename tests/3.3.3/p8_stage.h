/* p8_stage.h: who asks iterators, for check_p8_async_iterator.c
 *
 * He writes the timeline: "a: 7" when asker a is told an item, "a: ITER_END", "a: refused: -EBUSY";
 * "a: closed" when his close is told.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P8_STAGE_H
#define P8_STAGE_H

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "p8_async_iterator.h"
#include "result_text.h"
#include "suite.h"
#include "vclock.h"

enum { TODO_RANGE = 1, TODO_LOOP, TODO_TAKE, TODO_LINES, TODO_MERGE, TODO_BUFFERED };

/* ---- what the timeline is about ---- */

static char story[512]; /* the lines of scene(), as the timeline has them; "": none */

/* The first lines of a timeline: what has been put up. Short ones: they stand side by side. */
static inline void __attribute__((format(printf, 1, 2))) scene(const char *format, ...)
{
    enum { WIDTH = 36 };
    char text[256], *word, *rest = text;
    size_t used = 0;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    while (*rest != '\0') {
        size_t n = strlen(rest);

        if (n > WIDTH) { /* up to the last blank that fits */
            for (word = rest + WIDTH; word > rest && *word != ' '; word--)
                continue;
            n = word > rest ? (size_t)(word - rest) : WIDTH;
        }
        trace("-- %.*s", (int)n, rest);
        used += (size_t)snprintf(story + used, sizeof(story) - used, "%d.%03d  -- %.*s\n",
                                 now_ms() / 1000, now_ms() % 1000, (int)n, rest);
        rest += n + (rest[n] == ' ');
    }
}

static inline const char *with_story(const char *expected)
{
    static char all[2048];

    ck_assert_int_lt(snprintf(all, sizeof(all), "%s%s", story, expected), (int)sizeof(all));
    story[0] = '\0';
    return all;
}

/* expect_trace_in_order() and expect_trace(), behind the scene. */
static inline void expect_story(const char *expected)
{
    expect_trace_in_order(with_story(expected));
}

static inline void expect_lines_of_story(const char *expected)
{
    expect_trace(with_story(expected));
}

/* ---- who asks ---- */

/* What an asker does when he is told. Asks again: behind an item only. */
enum habit { RESTS, ASKS_AGAIN, ALWAYS_ASKS, CLOSES, FREES };

struct asker {
    const char *name;
    struct aiter *it;
    enum habit habit;
    bool lines;  /* items are struct aiter_line, not int */
    bool quiet;  /* items are not traced */
    bool counts; /* items are numbers, one after the other, from `next` on */
    int next;
    bool inside;                     /* in a call of aiter_next() or aiter_close() */
    int asked, told;                 /* nexts that were not refused; answers */
    int got, last;                   /* what he was told last; the last item */
    int items;                       /* so many */
    int closes, closed;              /* calls of aiter_close(); of its cb */
    bool frees_when_closed;          /* the iterator */
    struct aiter_closing closing[4]; /* one for each of his closes */
};

static inline struct asker asker_of(const char *name, struct aiter *it)
{
    if (it == NULL)
        fail_test("%s is to ask an iterator\nexpected  an iterator\ngot       NULL", name);
    return (struct asker){.name = name, .it = it, .got = INT_MAX};
}

static inline const char *got_text(int got)
{
    return got == ITER_END ? "ITER_END" : got == ITER_ITEM ? "an item" : result_text(got);
}

static inline void ask(struct asker *a);
static inline void close_it(struct asker *a);

static inline void free_it(struct asker *a)
{
    aiter_free(a->it);
    a->it = NULL;
}

/* Byte i of a line that is too long for the timeline. */
static inline char long_text(size_t i)
{
    return (char)('a' + i % 23);
}

static inline void trace_line(const char *name, const struct aiter_line *line)
{
    enum { SHOWN = 40 };
    char text[2 * SHOWN + 1];
    size_t to = 0;

    if (line->text[line->n] != '\0')
        fail_test("%s is told a line of %zu bytes: behind them\nexpected  '\\0'\n"
                  "got       another byte: is n the length without its end?",
                  name, line->n);
    for (size_t i = 0; i < line->n && line->n > SHOWN; i++)
        if (line->text[i] != long_text(i))
            fail_test("%s is told a line of %zu bytes: byte %zu, from 0\nexpected  '%c'\n"
                      "got       '%c'",
                      name, line->n, i, long_text(i), line->text[i]);
    for (size_t i = 0; i < line->n && line->n <= SHOWN; i++) {
        const char byte = line->text[i];

        if (byte == '\0' || byte == '\r' || byte == '\n')
            text[to++] = '\\';
        text[to++] = byte == '\0' ? '0' : byte == '\r' ? 'r' : byte == '\n' ? 'n' : byte;
    }
    text[to] = '\0';
    if (line->n > SHOWN)
        trace("%s: %zu bytes", name, line->n);
    else
        trace("%s: \"%s\"", name, text);
}

static inline void trace_item(struct asker *a, const void *item)
{
    if (a->lines) {
        trace_line(a->name, item);
        return;
    }
    if (a->counts && *(const int *)item != a->next)
        fail_test("at %.3f %s is told a number\nexpected  %d\ngot       %d", now_ms() / 1000.0,
                  a->name, a->next, *(const int *)item);
    a->next++;
    trace("%s: %d", a->name, *(const int *)item);
}

static inline void on_answer(int got, void *item, void *arg)
{
    struct asker *a = arg;

    if (a->inside)
        fail_test("%s: the answer to a next\nexpected  a call by the loop, later\ngot       a call "
                  "inside aiter_next() or aiter_close()",
                  a->name);
    if (++a->told > a->asked)
        fail_test("%s: answers, for %d nexts\nexpected  %d\ngot       %d, the last with %s",
                  a->name, a->asked, a->asked, a->told, got_text(got));
    if ((got == ITER_ITEM) != (item != NULL))
        fail_test("%s: a next was told %s\nexpected  %s\ngot       %s", a->name, got_text(got),
                  got == ITER_ITEM ? "an item with it" : "NULL for the item",
                  item != NULL ? "an item" : "NULL");
    a->got = got;
    a->items += got == ITER_ITEM;
    if (a->habit == FREES)
        free_it(a);
    if (got != ITER_ITEM)
        trace("%s: %s", a->name, got_text(got));
    else if (!a->quiet)
        trace_item(a, item);
    if (got == ITER_ITEM && !a->lines)
        a->last = *(const int *)item;
    if (a->habit == ALWAYS_ASKS || (a->habit == ASKS_AGAIN && got == ITER_ITEM))
        ask(a);
    else if (a->habit == CLOSES && a->closes == 0)
        close_it(a);
}

/* The result of aiter_next(). */
static inline int try_to_ask(struct asker *a)
{
    a->asked++;
    a->inside = true;
    const int error = aiter_next(a->it, on_answer, a);
    a->inside = false;
    if (error == 0)
        return 0;
    a->asked--;
    return error;
}

/* Asks; what is refused is a line of the timeline. */
static inline void ask(struct asker *a)
{
    const int error = try_to_ask(a);

    if (error != 0)
        trace("%s: refused: %s", a->name, result_text(error));
}

/* n times, each when the one before has been answered. */
static inline void ask_times(struct asker *a, int n)
{
    for (int k = 0; k < n; k++) {
        ask(a);
        run_loop();
    }
}

static inline void ask_for_all(struct asker *a)
{
    a->habit = ASKS_AGAIN;
    ask(a);
    run_loop();
}

static inline void on_closed(void *arg)
{
    struct asker *a = arg;

    if (a->inside)
        fail_test("%s: the close is told\nexpected  by the loop, later\ngot       inside "
                  "aiter_next() or aiter_close()",
                  a->name);
    if (++a->closed > a->closes)
        fail_test("%s: calls of the cb of %d closes\nexpected  %d\ngot       %d", a->name,
                  a->closes, a->closes, a->closed);
    trace("%s: closed", a->name);
    if (a->frees_when_closed)
        free_it(a);
}

static inline void close_it(struct asker *a)
{
    const int k = a->closes++;

    ck_assert_int_lt(k, 4);
    a->inside = true;
    aiter_close(a->it, &a->closing[k], on_closed, a);
    a->inside = false;
}

/* The loop must have ended when the last thing was told: no timer was left. */
static inline void expect_end_at(int ms)
{
    if (now_ms() != ms)
        fail_test("the loop should have nothing more to wait for\nexpected  its end at %.3f\n"
                  "got       its end at %.3f: was a timer left?",
                  ms / 1000.0, now_ms() / 1000.0);
}

static inline void expect_count(const char *what, int expected, int got)
{
    if (got != expected)
        fail_test("at %.3f: %s\nexpected  %d\ngot       %d", now_ms() / 1000.0, what, expected,
                  got);
}

static inline void after_ms(int ms)
{
    run_loop_for(ms - now_ms());
}

#endif
