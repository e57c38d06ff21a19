/* p8_source.h: a source by script, for check_p8_async_iterator.c
 *
 * If it is traced, it says "s: asked" and "s: close" in the timeline.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P8_SOURCE_H
#define P8_SOURCE_H

#include "p8_stage.h"

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
    s->behind += s->over && !s->shut;
    if (s->behind > 9)
        fail_test("source %s has told %s: nexts behind that\nexpected  none\n"
                  "got       %d, and on and on",
                  s->name, got_text(s->end), s->behind);
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
    const struct aiter_closing *other;

    TAILQ_FOREACH (other, &s->closers, line)
        if (other == closing)
            fail_test(
                "source %s is closed twice\nexpected  a struct aiter_closing of its own for each"
                " close\ngot       the same one again, while it waits: was it closed already?",
                s->name);
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
