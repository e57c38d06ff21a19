/* p8_loop_tests.h: aiter_for_each(): tests for check_p8_async_iterator.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P8_LOOP_TESTS_H
#define P8_LOOP_TESTS_H

#include <stdlib.h>

#include "p8_source.h"

/* A loop over a source, and its body, which takes `ms` for an item, or none if that is 0. */
struct worker {
    const char *name;
    struct source source;
    struct for_each loop;
    struct event *done; /* owned */
    int ms;
    int stop_at, stop; /* the body of this item (1: the first) is done with that */
    int bodies;        /* so many were begun */
    bool working, starting;
    int ended; /* calls of cb */
    int result;
    bool frees;
};

static void on_body_done(evutil_socket_t fd, short what, void *arg)
{
    struct worker *w = arg;
    (void)fd;
    (void)what;

    w->working = false;
    body_done(&w->loop, w->bodies == w->stop_at ? w->stop : ITER_ITEM);
}

static void on_work_item(struct for_each *loop, void *item, void *arg)
{
    struct worker *w = arg;

    if (w->starting || loop != &w->loop)
        fail_test("%s: the body\nexpected  a call by the loop, with its struct for_each\n"
                  "got       %s",
                  w->name, w->starting ? "a call inside aiter_for_each()" : "another one");
    if (w->working)
        fail_test("%s: at %.3f the body is called\nexpected  when it is done with the item before\n"
                  "got       a call while it is at work",
                  w->name, now_ms() / 1000.0);
    trace("%s: use %d", w->name, *(int *)item);
    w->bodies++;
    w->working = true;
    if (w->ms > 0)
        source_add(w->done, w->ms);
    else
        on_body_done(-1, EV_TIMEOUT, w);
}

static void on_loop_end(int result, void *arg)
{
    struct worker *w = arg;

    if (w->starting)
        fail_test("%s: cb was called inside aiter_for_each()", w->name);
    if (++w->ended > 1)
        fail_test("%s: calls of cb\nexpected  1\ngot       %d, the last with %s", w->name, w->ended,
                  result_text(result));
    w->result = result;
    trace("%s: end, %s", w->name, result_text(result));
    if (w->frees) {
        aiter_free(w->loop.it);
        w->loop.it = NULL;
    }
}

static void worker_open(struct worker *w, const char *name, int n)
{
    *w = (struct worker){.name = name, .ms = 50};
    source_open(&w->source, name, 0, n, 100);
    w->done = evtimer_new(test_base(), on_body_done, w);
}

static int worker_try(struct worker *w)
{
    w->starting = true;
    const int error = aiter_for_each(&w->loop, &w->source.aiter, on_work_item, on_loop_end, w);
    w->starting = false;
    return error;
}

static void worker_start(struct worker *w)
{
    const int error = worker_try(w);

    if (error == -ENOSYS)
        fail_test("aiter_for_each() returned -ENOSYS: is it written yet? TODO(2)");
    if (error != 0)
        fail_test("aiter_for_each()\nexpected  0\ngot       %s", result_text(error));
}

/* All is over: the loop was told, and its iterator closed, so many times. */
static void worker_close(struct worker *w, int closes)
{
    if (w->ended == 0)
        fail_test("%s: aiter_for_each() has returned 0, and the loop has ended: calls of cb\n"
                  "expected  1\ngot       0",
                  w->name);
    if (w->source.closes != closes)
        fail_test("%s: calls of the iterator's close\nexpected  %d\ngot       %d", w->name, closes,
                  w->source.closes);
    if (w->source.frees == 0)
        aiter_free(&w->source.aiter);
    event_free(w->done);
}

START_TEST(one_item_after_the_other)
{
    struct worker w;

    scene("three items, 100 ms each, and a body that takes 50 ms");
    worker_open(&w, "w", 3);
    w.source.traced = true;
    worker_start(&w);
    run_loop();
    expect_story("0.000  w: asked\n0.100  w: use 0\n0.150  w: asked\n0.250  w: use 1\n"
                 "0.300  w: asked\n0.400  w: use 2\n0.450  w: asked\n"
                 "0.450  w: close\n0.450  w: end, 0\n");
    worker_close(&w, 1);
}
END_TEST

/* asyncio's: produce and use in pairs, the cleanup, then what is behind aclosing(). */
START_TEST(as_aclosing)
{
    struct worker w;

    scene("a body that breaks off at its second item; the close takes 30 ms");
    worker_open(&w, "w", 1000 * 1000 * 1000);
    w.source.traced = true;
    w.ms = 0;
    w.stop_at = 2;
    w.stop = ITER_END;
    w.source.close_ms = 30;
    worker_start(&w);
    run_loop();
    expect_story("0.000  w: asked\n0.100  w: use 0\n0.100  w: asked\n0.200  w: use 1\n"
                 "0.200  w: close\n0.230  w: end, 0\n");
    worker_close(&w, 1);
}
END_TEST

static void expect_stop(int ms, int stop_at, int stop, const char *timeline)
{
    struct worker w;

    scene("a body that takes %d ms, and is done with item %d with %s", ms, stop_at,
          result_text(stop));
    worker_open(&w, "w", 5);
    w.ms = ms;
    w.stop_at = stop_at;
    w.stop = stop;
    worker_start(&w);
    run_loop();
    expect_story(timeline);
    worker_close(&w, 1);
}

START_TEST(the_body_breaks_off)
{
    expect_stop(50, 1, ITER_END, "0.100  w: use 0\n0.150  w: end, 0\n");
    expect_stop(0, 1, ITER_END, "0.250  w: use 0\n0.250  w: end, 0\n");
}
END_TEST

START_TEST(the_body_fails)
{
    expect_stop(50, 2, -EIO, "0.100  w: use 0\n0.250  w: use 1\n0.300  w: end, -EIO\n");
    expect_stop(0, 1, -ECANCELED, "0.400  w: use 0\n0.400  w: end, -ECANCELED\n");
}
END_TEST

START_TEST(the_iterator_fails)
{
    struct worker w;

    scene("an iterator that ends with -ECANCELED, then one that ends with -ETIMEDOUT");
    for (int n = 0; n < 2; n++) {
        worker_open(&w, "w", n);
        w.source.end = n == 0 ? -ECANCELED : -ETIMEDOUT;
        worker_start(&w);
        run_loop();
        worker_close(&w, 1);
    }
    expect_story("0.000  w: end, -ECANCELED\n0.100  w: use 0\n"
                 "0.150  w: end, -ETIMEDOUT\n");
}
END_TEST

/* The second next is refused: nobody will call the body again. */
START_TEST(a_next_is_refused)
{
    struct worker w;

    scene("the second next is refused with -ENOMEM");
    worker_open(&w, "w", 5);
    w.source.refuse_at = 2;
    w.source.refuse = -ENOMEM;
    worker_start(&w);
    run_loop();
    expect_story("0.100  w: use 0\n0.150  w: end, -ENOMEM\n");
    worker_close(&w, 1);
}
END_TEST

START_TEST(nothing_has_begun)
{
    struct worker w;

    scene("the first next is refused with -ENOMEM; then it is tried again");
    worker_open(&w, "w", 1);
    w.source.refuse_at = 1;
    w.source.refuse = -ENOMEM;
    if (worker_try(&w) != -ENOMEM)
        fail_test("aiter_for_each(), whose first next is refused\nexpected  -ENOMEM\n"
                  "got       something else");
    run_loop();
    expect_count("a loop that was refused: calls of cb, and of the iterator's close", 0,
                 w.ended + w.source.closes);
    worker_start(&w); /* it can be tried again */
    run_loop();
    expect_lines_of_story("0.100  w: use 0\n0.150  w: end, 0\n");
    worker_close(&w, 1);
}
END_TEST

static void expect_closed_from_outside(int at, const char *timeline)
{
    struct worker w;

    scene("somebody, a, closes the iterator of the loop %d ms later", at);
    worker_open(&w, "w", 5);
    struct asker a = asker_of("a", &w.source.aiter);
    worker_start(&w);
    run_loop_for(at);
    close_it(&a);
    run_loop();
    expect_lines_of_story(timeline);
    worker_close(&w, 2);
}

START_TEST(somebody_closes_the_iterator)
{
    expect_closed_from_outside(20, "0.020  a: closed\n0.020  w: end, -ECANCELED\n");
    expect_closed_from_outside(120, "0.120  w: use 0\n0.140  a: closed\n"
                                    "0.170  w: end, -ECANCELED\n");
}
END_TEST

START_TEST(two_loops_at_once)
{
    struct worker v, w;

    scene("two loops: bodies that take 10 ms and 50 ms");
    worker_open(&v, "v", 2);
    worker_open(&w, "w", 3);
    v.ms = 10;
    worker_start(&v);
    worker_start(&w);
    run_loop();
    expect_lines_of_story("0.100  v: use 0\n0.100  w: use 0\n0.210  v: use 1\n0.220  v: end, 0\n"
                          "0.250  w: use 1\n0.400  w: use 2\n0.450  w: end, 0\n");
    worker_close(&v, 1);
    worker_close(&w, 1);
}
END_TEST

START_TEST(loop_freed_when_it_ends)
{
    struct worker w;

    scene("the iterator is freed in cb, at the end, and when the body has broken off");
    for (int stop = 0; stop < 2; stop++) {
        worker_open(&w, "w", 1);
        w.stop_at = stop;
        w.frees = true;
        worker_start(&w);
        run_loop();
        worker_close(&w, 1);
        expect_freed(&w.source);
    }
    expect_lines_of_story("0.100  w: use 0\n0.150  w: end, 0\n0.250  w: use 0\n0.300  w: end, 0\n");
}
END_TEST

/* A loop whose memory is freed: in cb, or in the body, which is not done then. */
struct freed_loop {
    struct for_each *loop; /* owned until then */
    struct aiter *it;      /* owned until it is freed in the body */
    bool in_body;
};

static void free_loop(struct freed_loop *f)
{
    if (f->in_body) {
        aiter_free(f->it);
        f->it = NULL;
    }
    free(f->loop);
    f->loop = NULL;
}

static void on_freed_item(struct for_each *loop, void *item, void *arg)
{
    struct freed_loop *f = arg;

    trace("f: use %d", *(int *)item);
    if (f->in_body)
        free_loop(f);
    else
        body_done(loop, ITER_ITEM);
}

static void on_freed_end(int result, void *arg)
{
    trace("f: end, %s", result_text(result));
    free_loop(arg);
}

START_TEST(memory_of_the_loop_is_freed)
{
    scene("the memory of the struct for_each is freed: in cb; with the iterator, in the body");
    for (int in_body = 0; in_body < 2; in_body++) {
        struct freed_loop f = {.in_body = in_body};

        f.it = aiter_range(test_base(), 0, 1, 100);
        f.loop = malloc(sizeof(*f.loop));
        if (f.it == NULL || aiter_for_each(f.loop, f.it, on_freed_item, on_freed_end, &f) != 0)
            fail_test("aiter_for_each() of a range\nexpected  0\ngot       an error");
        run_loop();
        aiter_free(f.it);
    }
    expect_story("0.100  f: use 0\n0.100  f: end, 0\n0.200  f: use 0\n");
}
END_TEST

/* At work, waiting, and closing: nobody is told, and nothing is left. */
START_TEST(loop_freed_at_any_moment)
{
    struct worker w;

    for (int moment = 0; moment < 3; moment++) {
        worker_open(&w, "w", 1);
        w.source.close_ms = 100;
        worker_start(&w);
        run_loop_for(moment == 0 ? 20 : moment == 1 ? 120 : 180);
        aiter_free(&w.source.aiter);
        event_free(w.done);
        run_loop();
        expect_count("a loop whose iterator is freed: calls of cb", 0, w.ended);
    }
}
END_TEST

#endif
