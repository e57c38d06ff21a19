/* p8_stream_tests.h: aiter_lines(): long lines, a stream that is no socket, and a libevent without
 * memory: tests for check_p8_async_iterator.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P8_STREAM_TESTS_H
#define P8_STREAM_TESTS_H

#include <event2/buffer.h>
#include <stdlib.h>

#include "p8_line_tests.h"

/* A line of `n` bytes and its end, from 0.100 on in two pieces, the second one with the next. */
START_TEST(long_lines)
{
    enum { LONG = 20000, LAST = 5000, CUT = 7000 };
    static char text[LONG + 2 + LAST];
    struct reader r;

    scene("a line of 20000 bytes, in two pieces, and one of 5000 that has no end");
    for (size_t i = 0; i < LONG; i++)
        text[i] = long_text(i);
    memcpy(text + LONG, "\r\n", 2);
    memcpy(text + LONG + 2, text, LAST);
    reader_open(&r, LONG);
    peer_send(r.peer, 100, text, CUT);
    peer_send(r.peer, 200, text + CUT, sizeof(text) - CUT);
    peer_close(r.peer, 200);
    ask_for_lines(&r);
    expect_story("0.200  a: 20000 bytes\n0.200  a: 5000 bytes\n0.200  a: ITER_END\n");
    reader_close(&r);
}
END_TEST

/* Behind several lines the end is there at once, or an error: which no socket does while nothing
 * is read for nobody. */
START_TEST(the_end_comes_with_the_lines)
{
    scene("a\\nb\\nc by a bufferevent_pair_new(), with the end; then with ECONNRESET");
    for (int fails = 0; fails < 2; fails++) {
        struct bufferevent *pair[2];
        struct asker a;

        ck_assert_int_eq(bufferevent_pair_new(test_base(), BEV_OPT_DEFER_CALLBACKS, pair), 0);
        a = asker_of("a", aiter_lines(pair[0], LINE_MOST));
        a.lines = true;
        a.habit = ASKS_AGAIN;
        ask(&a);
        run_loop();
        ck_assert_int_eq(bufferevent_write(pair[1], "a\nb\nc", 5), 0);
        errno = ECONNRESET;
        if (fails)
            bufferevent_trigger_event(pair[0], BEV_EVENT_READING | BEV_EVENT_ERROR, 0);
        else
            (void)bufferevent_flush(pair[1], EV_WRITE, BEV_FINISHED);
        run_loop();
        free_it(&a);
        bufferevent_free(pair[1]);
        run_loop();
    }
    expect_story("0.000  a: \"a\"\n0.000  a: \"b\"\n0.000  a: \"c\"\n0.000  a: ITER_END\n"
                 "0.000  a: \"a\"\n0.000  a: \"b\"\n0.000  a: -ECONNRESET\n");
}
END_TEST

/* ---- libevent's own memory ---- */

static bool libevent_has_none;

static void *scarce_malloc(size_t size)
{
    return libevent_has_none ? NULL : malloc(size);
}

static void *scarce_realloc(void *old, size_t size)
{
    return libevent_has_none ? NULL : realloc(old, size);
}

/* Without a word: it is on purpose. */
static void on_libevent_log(int severity, const char *message)
{
    (void)severity;
    (void)message;
}

START_TEST(libevent_has_no_memory_for_a_line)
{
    struct reader r;

    event_set_mem_functions(scarce_malloc, scarce_realloc, free);
    event_set_log_callback(on_libevent_log);
    reader_open(&r, LINE_MOST);
    send_text(&r, 0, "one\ntwo\n");
    ask_times(&r.asker, 1);
    libevent_has_none = true;
    ask_times(&r.asker, 1);
    libevent_has_none = false;
    if (r.asker.told != 2 || (r.asker.got != ITER_ITEM && r.asker.got != -ENOMEM))
        fail_test("a whole line is there, and evbuffer_readln() or another call has no memory for "
                  "it\nexpected  the line, or -ENOMEM\ngot       %s",
                  r.asker.told < 2 ? "no answer" : got_text(r.asker.got));
    reader_close(&r);
}
END_TEST

#endif
