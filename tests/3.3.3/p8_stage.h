/* p8_stage.h: who asks iterators, and a source by script, for check_p8_async_iterator.c
 *
 * Both write the timeline: "a: 7" when asker a is told an item, "a: ITER_END", "a: refused:
 * -EBUSY"; "a: closed" when his close is told. A source says "s: asked" and "s: close", if it is
 * traced.
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
    bool lines;                      /* items are struct aiter_line, not int */
    bool quiet;                      /* items are not traced */
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

static inline void trace_item(const struct asker *a, const void *item)
{
    const struct aiter_line *line = item;
    char text[64] = "";

    if (a->lines && line->text[line->n] != '\0')
        fail_test("%s is told a line of %zu bytes: behind them\nexpected  '\\0'\n"
                  "got       another byte: is n the length without its end?",
                  a->name, line->n);
    for (size_t i = 0; a->lines && i < line->n && i < sizeof(text) - 1; i++)
        text[i] = line->text[i] == '\0' ? '0' : line->text[i] == '\r' ? 'R' : line->text[i];
    if (a->lines)
        trace("%s: \"%s\"", a->name, text);
    else
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

/* ---- a source by script ---- */

/* Items first, first + 1, ..., n of them, each `ms` after its next, then `end`. */
struct source {
    struct aiter aiter;
    const char *name;
    bool traced;
    int first, n, ms;
    int end, end_ms;        /* ITER_END, or a negative errno, and how long it takes */
    int refuse_at, refuse;  /* the so-many-th next (1: the first) returns this */
    int close_ms;           /* a close takes so long */
    int asks, busy, behind; /* nexts: all that were accepted; while one waited; behind the end */
    int given;              /* items */
    int closes, frees;
    bool over; /* `end` has been told */
    bool shut;
    next_cb cb;
    void *arg;
    int item;
    struct event *turn, *told;
    TAILQ_HEAD(, aiter_closing) closers;
};

static inline void source_add(struct event *event, int ms)
{
    const struct timeval wait = {ms / 1000, ms % 1000 * 1000};

    ck_assert_int_eq(event_add(event, &wait), 0);
}

static inline int source_next(struct aiter *it, next_cb cb, void *arg)
{
    struct source *s = (struct source *)it;

    if (s->cb != NULL) {
        s->busy++;
        return -EBUSY;
    }
    if (++s->asks == s->refuse_at)
        return s->refuse;
    if (s->traced)
        trace("%s: asked", s->name);
    s->behind += s->over;
    s->cb = cb;
    s->arg = arg;
    source_add(s->turn, s->shut ? 0 : s->given == s->n ? s->end_ms : s->ms);
    return 0;
}

/* The item is gone when the call returns. */
static inline void on_source_turn(evutil_socket_t fd, short what, void *arg)
{
    struct source *s = arg;
    next_cb cb = s->cb;
    bool item = !s->shut && s->given < s->n;
    (void)fd;
    (void)what;

    s->cb = NULL;
    s->item = s->first + s->given;
    s->given += item;
    s->over = s->over || !item;
    cb(item ? ITER_ITEM : s->shut ? -ECANCELED : s->end, item ? &s->item : NULL, s->arg);
    s->item = 0x55555555;
}

static inline void on_source_closed(evutil_socket_t fd, short what, void *arg)
{
    struct source *s = arg;
    struct aiter_closing *closing = TAILQ_FIRST(&s->closers);
    (void)fd;
    (void)what;

    TAILQ_REMOVE(&s->closers, closing, line);
    if (!TAILQ_EMPTY(&s->closers))
        source_add(s->told, 0);
    closing->cb(closing->arg);
}

static inline void source_close(struct aiter *it, struct aiter_closing *closing)
{
    struct source *s = (struct source *)it;

    if (s->closes++ == 0 && s->traced)
        trace("%s: close", s->name);
    s->shut = true;
    if (s->cb != NULL)
        event_active(s->turn, EV_TIMEOUT, 0);
    if (closing->cb == NULL)
        fail_test("%s is closed, and nobody is to be told\nexpected  a cb in `closing`, by "
                  "aiter_close()\ngot       NULL",
                  s->name);
    if (TAILQ_EMPTY(&s->closers) && s->close_ms > 0)
        source_add(s->told, s->close_ms);
    else if (TAILQ_EMPTY(&s->closers))
        event_active(s->told, EV_TIMEOUT, 0);
    TAILQ_INSERT_TAIL(&s->closers, closing, line);
}

static inline void source_free(struct aiter *it)
{
    struct source *s = (struct source *)it;

    if (++s->frees > 1)
        fail_test("%s is freed\nexpected  once\ngot       a second time", s->name);
    event_free(s->turn);
    event_free(s->told);
}

/* Makes `s` a source of n items, from `first` on; returns its iterator, for an adaptor. */
static inline struct aiter *source_open(struct source *s, const char *name, int first, int n,
                                        int ms)
{
    static const struct aiter_ops ops = {source_next, source_close, source_free};

    *s = (struct source){
        .aiter = {&ops}, .name = name, .first = first, .n = n, .ms = ms, .end = ITER_END};
    s->turn = evtimer_new(test_base(), on_source_turn, s);
    s->told = evtimer_new(test_base(), on_source_closed, s);
    ck_assert_ptr_nonnull(s->turn);
    ck_assert_ptr_nonnull(s->told);
    TAILQ_INIT(&s->closers);
    return &s->aiter;
}

static inline void expect_freed(const struct source *s)
{
    if (s->frees != 1)
        fail_test("%s: an adaptor owns its source\nexpected  it is freed once, with the adaptor\n"
                  "got       freed %d times",
                  s->name, s->frees);
}

/* Nothing was asked that should not have been. */
static inline void expect_asks(const struct source *s, int asks)
{
    if (s->asks != asks)
        fail_test("at %.3f: nexts that %s was asked for\nexpected  %d\ngot       %d",
                  now_ms() / 1000.0, s->name, asks, s->asks);
}

/* A copy by the suite: not a call of the learner's, so it does not fail. */
static int copies_fail_at, copies;

static inline void *copy_int(const void *item)
{
    return ++copies == copies_fail_at ? NULL : aiter_copy_int(item);
}

#endif
