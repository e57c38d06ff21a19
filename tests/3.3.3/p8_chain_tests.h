/* p8_chain_tests.h: many items through several adaptors, and their close: tests for
 * check_p8_async_iterator.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P8_CHAIN_TESTS_H
#define P8_CHAIN_TESTS_H

#include <stdint.h>

#include "p8_source.h"

enum { HEAP_MOST = 16 * 1024, STACK_MOST = 16 * 1024 };

extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

/* 0 in a build without the sanitizer, which is the one that counts. */
static size_t heap_in_use(void)
{
    return __sanitizer_get_current_allocated_bytes ? __sanitizer_get_current_allocated_bytes() : 0;
}

/* ---- many items ---- */

/* What a loop over many of them sees. */
struct crowd {
    struct for_each loop;
    uintptr_t stack; /* of the first body */
    size_t heap;     /* in use then */
    int items, ended, result;
    long long sum;
    struct event *clock; /* is due at each turn of the loop; owned, or NULL */
    int ticks;
};

static void look_around(struct crowd *c)
{
    const uintptr_t stack = (uintptr_t)__builtin_frame_address(0);

    if (c->items == 1) {
        c->stack = stack;
        c->heap = heap_in_use();
    }
    if (c->stack > stack && c->stack - stack > STACK_MOST)
        fail_test("the stack at item %d, beside that at item 1\nexpected  as deep\n"
                  "got       %zu bytes deeper: a callback asks, and is called again before it has "
                  "returned",
                  c->items, (size_t)(c->stack - stack));
    if (c->items % 64 == 0 && heap_in_use() > c->heap + HEAP_MOST)
        fail_test("memory in use at item %d, beside that at item 1\nexpected  as much\n"
                  "got       %zu bytes more",
                  c->items, heap_in_use() - c->heap);
}

static void on_crowd_item(struct for_each *loop, void *item, void *arg)
{
    struct crowd *c = arg;

    c->items++;
    c->sum += *(int *)item;
    look_around(c);
    body_done(loop, ITER_ITEM);
}

static void on_crowd_end(int result, void *arg)
{
    struct crowd *c = arg;

    c->ended++;
    c->result = result;
    if (c->clock != NULL)
        (void)event_del(c->clock);
}

static void expect_crowd(const char *what, struct crowd *c, struct aiter *it, int items,
                         long long sum)
{
    vclock_livelock_limit(20 * 1000 * 1000);
    if (it == NULL)
        fail_test("%s\nexpected  an iterator\ngot       NULL", what);
    const int error = aiter_for_each(&c->loop, it, on_crowd_item, on_crowd_end, c);
    if (error != 0)
        fail_test("aiter_for_each() of %s\nexpected  0\ngot       %s: are TODO(1) to TODO(3) "
                  "written?",
                  what, result_text(error));
    run_loop();
    if (c->ended != 1 || c->result != 0 || c->items != items || c->sum != sum)
        fail_test("%s\nexpected  %d items, their sum %lld, the end\ngot       %d items, %lld, %s",
                  what, items, sum, c->items, c->sum,
                  c->ended == 0 ? "no end" : result_text(c->result));
    aiter_free(it);
}

static void *add_one(void *item, void *arg)
{
    (void)arg;
    ++*(int *)item;
    return item;
}

static int is_even(const void *item, void *arg)
{
    (void)arg;
    return *(const int *)item % 2 == 0;
}

enum { MANY = 1000 * 1000, SOME = 50 * 1000 };

/* 1, 2, ..., of which the even ones. */
START_TEST(a_million_items)
{
    struct crowd c = {0};
    struct aiter *it = aiter_map(aiter_range(test_base(), 0, MANY, 0), add_one, NULL);

    it = aiter_take(test_base(), aiter_filter(it, is_even, NULL), MANY);
    expect_crowd("a million numbers through map, filter and take", &c, it, MANY / 2,
                 (long long)MANY / 2 * (MANY / 2 + 1));
}
END_TEST

static void on_clock(evutil_socket_t fd, short what, void *arg)
{
    struct crowd *c = arg;
    (void)fd;
    (void)what;

    c->ticks++;
    source_add(c->clock, 0);
}

/* A timer of no time has its turn between two items. */
START_TEST(others_have_their_turn)
{
    enum { ITEMS = 2000 };
    struct crowd c = {0};
    struct aiter *it = aiter_map(aiter_range(test_base(), 0, ITEMS, 0), add_one, NULL);

    c.clock = evtimer_new(test_base(), on_clock, &c);
    source_add(c.clock, 0);
    expect_crowd("2000 numbers, and a timer that is due at each turn of the loop", &c,
                 aiter_take(test_base(), it, ITEMS), ITEMS, (long long)ITEMS * (ITEMS + 1) / 2);
    event_free(c.clock);
    if (c.ticks < ITEMS / 2)
        fail_test("%d numbers, and a timer that is due at each turn of the loop: its calls\n"
                  "expected  about %d\ngot       %d",
                  ITEMS, ITEMS, c.ticks);
}
END_TEST

/* So does it for what is kept. */
START_TEST(many_through_a_merge_and_a_buffer)
{
    struct crowd c = {0};
    struct aiter *both[2] = {aiter_range(test_base(), 0, SOME / 2, 0),
                             aiter_range(test_base(), SOME / 2, SOME, 0)};
    struct aiter *it = aiter_merge(test_base(), both, 2, copy_int);

    it = aiter_buffered(test_base(), it, 8, copy_int);
    expect_crowd("50000 numbers through merge and buffered", &c, it, SOME,
                 (long long)SOME * (SOME - 1) / 2);
}
END_TEST

/* ---- the close of a chain ---- */

enum { SOURCES = 3 };

struct net {
    struct source s[SOURCES];
    struct asker a;
};

/* take(buffered(timeout(merge(chain(s, t), filter(map(u)))))) */
static void net_open(struct net *net, int of)
{
    struct event_base *base = test_base();
    struct aiter *from[SOURCES], *both[2];

    for (int i = 0; i < SOURCES; i++)
        from[i] = source_open(&net->s[i], i == 0 ? "s" : i == 1 ? "t" : "u", 10 * i, of, 100);
    both[0] = aiter_chain(base, from[0], from[1]);
    both[1] = aiter_filter(aiter_map(from[2], add_one, NULL), is_even, NULL);
    struct aiter *it = aiter_timeout(base, aiter_merge(base, both, 2, copy_int), 500 * 1000);
    it = aiter_take(base, aiter_buffered(base, it, 3, copy_int), 100);
    net->a = (struct asker){.name = "a", .it = it, .got = INT_MAX};
}

static void net_close(struct net *net)
{
    free_it(&net->a);
    for (int i = 0; i < SOURCES; i++)
        expect_freed(&net->s[i]);
}

START_TEST(all_of_a_net)
{
    struct net net;

    net_open(&net, 2);
    ask_for_all(&net.a);
    if (net.a.told == 0)
        fail_test("take(buffered(timeout(merge(...)))): answers to a next\nexpected  one\n"
                  "got       none: are TODO(1) to TODO(6) written?");
    expect_count("items of a chain of two sources of 2, merged with one of which 1 is even", 5,
                 net.a.items);
    expect_count("behind them: ITER_END", ITER_END, net.a.got);
    close_it(&net.a);
    run_loop();
    expect_count("closes that are told", 1, net.a.closed);
    net_close(&net);
}
END_TEST

/* At each moment of the first second: who waits is told, then the close, when all three are
 * shut. */
START_TEST(closed_down_to_the_sources)
{
    for (int at = 0; at < 900; at += 50) {
        struct net net;
        const int begin = now_ms();

        net_open(&net, 100);
        net.a.quiet = true;
        for (int i = 0; i < SOURCES; i++)
            net.s[i].close_ms = 10 * i;
        for (int k = 0; k < at; k += 50) {
            if (net.a.asked == net.a.told)
                ask(&net.a);
            run_loop_for(50);
        }
        if (at % 100 == 0 && net.a.asked == net.a.told)
            ask(&net.a);
        const int waits = net.a.asked > net.a.told;
        close_it(&net.a);
        close_it(&net.a);
        run_loop();
        if (waits && net.a.got != -ECANCELED)
            fail_test("take(buffered(timeout(merge(...)))) is closed after %d ms: who waits is told"
                      "\nexpected  -ECANCELED\ngot       %s",
                      now_ms() - begin, net.a.got == INT_MAX ? "nothing" : got_text(net.a.got));
        expect_count("a net is closed twice: closes that are told", 2, net.a.closed);
        for (int i = 0; i < SOURCES; i++)
            if (net.s[i].closes == 0)
                fail_test("take(buffered(timeout(merge(...)))) is closed: its source %s\n"
                          "expected  closed, too\ngot       not closed",
                          net.s[i].name);
        ask_times(&net.a, 1);
        expect_count("a next of a net that is closed: -ECANCELED", -ECANCELED, net.a.got);
        net_close(&net);
    }
}
END_TEST

/* The slowest of its sources needs 20 ms; and there is no memory at all meanwhile. */
START_TEST(told_when_the_slowest_is_closed)
{
    scene("take(buffered(timeout(merge(...)))), closed without memory; one source takes 20 ms");
    for (int frees = 0; frees < 2; frees++) {
        struct net net;

        net_open(&net, 100);
        net.s[1].close_ms = 20;
        net.a.frees_when_closed = frees;
        ask(&net.a);
        run_loop_for(50);
        alloc_fail_at(1);
        close_it(&net.a);
        run_loop();
        alloc_fail_at(0);
        net_close(&net);
    }
    expect_story("0.050  a: -ECANCELED\n0.070  a: closed\n"
                 "0.120  a: -ECANCELED\n0.140  a: closed\n");
}
END_TEST

/* ---- those that are given ---- */

static void *to_int(void *item, void *arg)
{
    *(int *)arg = (int)*(int64_t *)item;
    return arg;
}

START_TEST(ticks)
{
    int number = 0;
    struct aiter *it = aiter_map(aiter_ticker(test_base(), 100), to_int, &number);
    struct asker a = asker_of("a", it);

    scene("a ticker of 100 ms, asked at 0, and late, at 0.350");
    ask_times(&a, 1);
    run_loop_for(250); /* ticks 2 and 3 are due at 0.200 and 0.300 */
    ask_times(&a, 2);
    close_it(&a);
    run_loop();
    ask_times(&a, 1);
    expect_story("0.100  a: 1\n0.350  a: 3\n0.400  a: 4\n0.400  a: closed\n"
                 "0.400  a: -ECANCELED\n");
    free_it(&a);
}
END_TEST

START_TEST(a_timeout)
{
    struct source s;
    struct asker a = asker_of("a", aiter_timeout(test_base(), source_open(&s, "s", 0, 9, 80), 100));

    scene("timeout(source, 100 ms): items of 80 ms, then of 120 ms; its close takes 50 ms");
    ask_times(&a, 1);
    s.ms = 120;
    s.close_ms = 50;
    ask_times(&a, 2);
    close_it(&a);
    run_loop();
    expect_story("0.080  a: 0\n0.180  a: -ETIMEDOUT\n0.230  a: -ETIMEDOUT\n"
                 "0.280  a: closed\n");
    free_it(&a);
}
END_TEST

START_TEST(a_net_is_freed_at_any_moment)
{
    for (int turns = 0; turns < 40; turns++) {
        struct net net;

        net_open(&net, 5);
        net.a.habit = ASKS_AGAIN;
        net.a.quiet = true;
        ask(&net.a);
        for (int k = 0; k < turns / 2; k++)
            (void)event_base_loop(test_base(), EVLOOP_ONCE);
        if (turns % 2 == 1)
            close_it(&net.a);
        net_close(&net);
        run_loop_for(10);
    }
}
END_TEST

static void use_a_net(void *arg)
{
    struct net net;
    (void)arg;

    net_open(&net, 2);
    net.a.quiet = true;
    for (int k = 0; k < 20 && net.a.it != NULL && net.a.got != ITER_END && net.a.got != -ENOMEM;
         k++) {
        if (try_to_ask(&net.a) != 0) /* nothing has changed: it can be tried again */
            expect_count("a next that was refused is tried again: aiter_next()", 0,
                         try_to_ask(&net.a));
        run_loop();
        expect_count("a next was accepted: answers to it", net.a.asked, net.a.told);
    }
    if (net.a.it != NULL) {
        close_it(&net.a);
        run_loop();
        expect_count("a close of what has run out of memory once: calls of its cb", 1,
                     net.a.closed);
    }
    net_close(&net); /* also what could not be made has been freed */
}

START_TEST(memory_runs_out)
{
    each_allocation_fails(use_a_net, NULL);
}
END_TEST

#endif
