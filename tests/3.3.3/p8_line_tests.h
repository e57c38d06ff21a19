/* p8_line_tests.h: aiter_lines(): tests for check_p8_async_iterator.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P8_LINE_TESTS_H
#define P8_LINE_TESTS_H

#include <event2/bufferevent.h>
#include <sys/ioctl.h>

#include "faults.h"
#include "p8_source.h"
#include "peer.h"

enum { LINE_MOST = 10 };

struct reader {
    struct asker asker;
    struct peer *peer; /* owned */
    int fd;
};

static struct bufferevent *stream_open(struct reader *r)
{
    r->fd = peer_pair(&r->peer);
    struct bufferevent *stream = bufferevent_socket_new(test_base(), r->fd, BEV_OPT_CLOSE_ON_FREE);

    ck_assert_ptr_nonnull(stream);
    return stream;
}

static void reader_open(struct reader *r, size_t max_line)
{
    vclock_livelock_limit(20 * 1000);
    memset(r, 0, sizeof(*r));
    struct aiter *it = aiter_lines(stream_open(r), max_line);
    r->asker = asker_of("a", it);
    r->asker.lines = true;
}

static void reader_close(struct reader *r)
{
    free_it(&r->asker);
    peer_free(r->peer);
}

static void send_text(struct reader *r, int at, const char *text)
{
    peer_send(r->peer, at, text, strlen(text));
}

static void ask_for_lines(struct reader *r)
{
    const int error = try_to_ask(&r->asker);

    r->asker.habit = ASKS_AGAIN;
    if (error == -ENOSYS)
        fail_test("aiter_next() of lines returned -ENOSYS: slot_next() is missing. TODO(1)");
    if (error != 0)
        fail_test("aiter_next() of lines\nexpected  0\ngot       %s", result_text(error));
    run_loop();
    if (r->asker.told == 0)
        fail_test("lines have come: answers\nexpected  some\ngot       none: is it written yet? "
                  "TODO(4)");
}

static const char *escaped(const char *text, size_t n)
{
    static char out[128];
    size_t to = 0;

    for (size_t i = 0; i < n && to < sizeof(out) - 3; i++) {
        const char *name = text[i] == '\n' ? "\\n" : text[i] == '\r' ? "\\r" : "\\0";

        if (text[i] == '\n' || text[i] == '\r' || text[i] == '\0') {
            out[to++] = name[0];
            out[to++] = name[1];
        } else {
            out[to++] = text[i];
        }
    }
    out[to] = '\0';
    return out;
}

/* What comes of one text, in pieces as they are sent or byte by byte. */
static void expect_lines(size_t max_line, const char *text, size_t n, const char *timeline)
{
    for (int bytewise = 0; bytewise < 2; bytewise++) {
        struct reader r;

        scene("max_line %zu, %s %s", max_line,
              bytewise ? "byte by byte:" : "at once:", escaped(text, n));
        reader_open(&r, max_line);
        faults.max_read = bytewise ? 1 : 0;
        peer_send(r.peer, now_ms(), text, n);
        peer_close(r.peer, now_ms());
        ask_for_lines(&r);
        expect_story(timeline);
        reader_close(&r);
    }
}

#define EXPECT_LINES(text, timeline) expect_lines(LINE_MOST, (text), sizeof(text) - 1, (timeline))

START_TEST(several_at_once)
{
    EXPECT_LINES("one\ntwo\r\n\n\r\nthree\n",
                 "0.000  a: \"one\"\n0.000  a: \"two\"\n0.000  a: \"\"\n0.000  a: \"\"\n"
                 "0.000  a: \"three\"\n0.000  a: ITER_END\n");
}
END_TEST

START_TEST(the_last_one_has_no_end)
{
    EXPECT_LINES("one\ntwo", "0.000  a: \"one\"\n0.000  a: \"two\"\n0.000  a: ITER_END\n");
    EXPECT_LINES("one\ntwo\r", "0.000  a: \"one\"\n0.000  a: \"two\\r\"\n0.000  a: ITER_END\n");
    EXPECT_LINES("", "0.000  a: ITER_END\n");
    EXPECT_LINES("\n", "0.000  a: \"\"\n0.000  a: ITER_END\n");
}
END_TEST

START_TEST(any_bytes)
{
    EXPECT_LINES(
        "o\0ne\n\0\na\rb\n\r\rb\n",
        "0.000  a: \"o\\0ne\"\n0.000  a: \"\\0\"\n0.000  a: \"a\\rb\"\n0.000  a: \"\\r\\rb\"\n"
        "0.000  a: ITER_END\n");
    EXPECT_LINES("\0\0", "0.000  a: \"\\0\\0\"\n0.000  a: ITER_END\n");
}
END_TEST

/* As the pieces come: a line is told with its newline, not before. */
START_TEST(pieces)
{
    struct reader r;

    scene("pieces one\\ntw, o\\r, \\nth, ree, each 100 ms later, then the end");
    reader_open(&r, LINE_MOST);
    send_text(&r, 100, "one\ntw");
    send_text(&r, 200, "o\r");
    send_text(&r, 300, "\nth");
    send_text(&r, 400, "ree");
    peer_close(r.peer, 500);
    ask_for_lines(&r);
    expect_story("0.100  a: \"one\"\n0.300  a: \"two\"\n0.500  a: \"three\"\n"
                 "0.500  a: ITER_END\n");
    ask_times(&r.asker, 1);
    expect_lines_of_story("0.500  a: ITER_END\n");
    reader_close(&r);
}
END_TEST

START_TEST(the_stream_breaks)
{
    struct reader r;

    scene("two lines and a half, then ECONNRESET");
    reader_open(&r, LINE_MOST);
    send_text(&r, 0, "one\ntwo\nthr");
    send_text(&r, 100, "ee\n");
    faults.reset_after = 11;
    ask_for_lines(&r);
    r.asker.habit = RESTS;
    ask_times(&r.asker, 1);
    expect_story("0.000  a: \"one\"\n0.000  a: \"two\"\n0.100  a: -ECONNRESET\n"
                 "0.100  a: -ECONNRESET\n");
    reader_close(&r);
}
END_TEST

START_TEST(as_long_as_may_be)
{
    EXPECT_LINES("0123456789\n0123456789\r\n0123456789",
                 "0.000  a: \"0123456789\"\n0.000  a: \"0123456789\"\n0.000  a: \"0123456789\"\n"
                 "0.000  a: ITER_END\n");
}
END_TEST

START_TEST(too_long)
{
    EXPECT_LINES("one\n0123456789x\ntwo\n", "0.000  a: \"one\"\n0.000  a: -EMSGSIZE\n");
    EXPECT_LINES("one\n0123456789x", "0.000  a: \"one\"\n0.000  a: -EMSGSIZE\n");
    EXPECT_LINES("0123456789\r", "0.000  a: -EMSGSIZE\n");
}
END_TEST

START_TEST(too_long_for_ever)
{
    struct reader r;

    scene("a line of 11 bytes, max_line 10, and another line");
    reader_open(&r, LINE_MOST);
    send_text(&r, 0, "0123456789x\none\n");
    peer_close(r.peer, 0);
    ask_times(&r.asker, 2);
    expect_story("0.000  a: -EMSGSIZE\n0.000  a: -EMSGSIZE\n");
    reader_close(&r);
}
END_TEST

START_TEST(no_limit_and_no_room)
{
    expect_lines(SIZE_MAX, "one\r\ntwo", 8,
                 "0.000  a: \"one\"\n0.000  a: \"two\"\n0.000  a: ITER_END\n");
    expect_lines(0, "\n\r\nx\n", 5, "0.000  a: \"\"\n0.000  a: \"\"\n0.000  a: -EMSGSIZE\n");
}
END_TEST

START_TEST(two_readers_at_once)
{
    struct reader r, q;

    scene("two readers, max_line 10 and 3");
    reader_open(&r, LINE_MOST);
    reader_open(&q, 3);
    q.asker.name = "b";
    send_text(&r, 100, "one\ntw");
    send_text(&q, 150, "1\n");
    send_text(&r, 200, "o\n");
    send_text(&q, 300, "12345");
    peer_close(r.peer, 300);
    q.asker.habit = ASKS_AGAIN;
    ask(&q.asker);
    ask_for_lines(&r);
    expect_lines_of_story(
        "0.100  a: \"one\"\n0.150  b: \"1\"\n0.200  a: \"two\"\n0.300  a: ITER_END\n"
        "0.300  b: -EMSGSIZE\n");
    reader_close(&r);
    reader_close(&q);
}
END_TEST

/* Without a newline: it need not come to its end. */
START_TEST(too_long_without_an_end)
{
    struct reader r;

    scene("10 bytes at 0.100 and at 0.200, no newline, max_line 10");
    reader_open(&r, LINE_MOST);
    send_text(&r, 100, "0123456789");
    send_text(&r, 200, "0123456789");
    peer_close(r.peer, 400);
    ask_for_lines(&r);
    r.asker.habit = RESTS;
    ask_times(&r.asker, 1);
    expect_lines_of_story("0.200  a: -EMSGSIZE\n0.400  a: -EMSGSIZE\n");
    reader_close(&r);
}
END_TEST

/* While nobody waits the bytes stay where they are. */
START_TEST(nothing_is_read_for_nobody)
{
    struct reader r;
    int waiting = 0;

    scene("a line at 0.100, two at 0.200; asked at 0.150 and at 0.250");
    reader_open(&r, LINE_MOST);
    send_text(&r, 100, "one\n");
    send_text(&r, 200, "two\nthree\n");
    run_loop_for(150);
    expect_lines_of_story("");
    ask(&r.asker);
    after_ms(250);
    ck_assert_int_eq(ioctl(r.fd, FIONREAD, &waiting), 0);
    if (waiting != 10)
        fail_test("at %.3f nobody waits for a line: bytes that are left in the socket\n"
                  "expected  10\ngot       %d",
                  now_ms() / 1000.0, waiting);
    peer_close(r.peer, 300);
    ask_for_lines(&r);
    expect_story("0.150  a: \"one\"\n0.250  a: \"two\"\n0.250  a: \"three\"\n"
                 "0.300  a: ITER_END\n");
    reader_close(&r);
}
END_TEST

START_TEST(lines_closed)
{
    struct reader r;

    scene("asked, closed at 0.050; the second time a line is on its way");
    for (int comes = 0; comes < 2; comes++) {
        reader_open(&r, LINE_MOST);
        ask(&r.asker);
        run_loop_for(50);
        if (comes)
            send_text(&r, now_ms(), "one\n");
        close_it(&r.asker);
        run_loop();
        ask_times(&r.asker, 1);
        reader_close(&r);
    }
    expect_story("0.050  a: -ECANCELED\n0.050  a: closed\n0.050  a: -ECANCELED\n"
                 "0.100  a: -ECANCELED\n0.100  a: closed\n0.100  a: -ECANCELED\n");
}
END_TEST

/* Of items that were complete none is told behind a close. */
START_TEST(lines_closed_in_the_answer)
{
    struct reader r;

    scene("two lines at once, closed when the first one is told");
    reader_open(&r, LINE_MOST);
    send_text(&r, 0, "one\ntwo\n");
    r.asker.habit = CLOSES;
    ask_times(&r.asker, 2);
    expect_story("0.000  a: \"one\"\n0.000  a: closed\n0.000  a: -ECANCELED\n");
    reader_close(&r);
}
END_TEST

START_TEST(lines_freed_in_the_answer)
{
    struct reader r;

    scene("freed in the answer: the end, a line, a line without its end, one too long");
    for (int way = 0; way < 4; way++) {
        reader_open(&r, LINE_MOST);
        send_text(&r, 0, way == 0 ? "" : way == 1 ? "one\n" : way == 2 ? "on" : "0123456789abc");
        peer_close(r.peer, 0);
        r.asker.habit = FREES;
        ask_times(&r.asker, 1);
        reader_close(&r);
    }
    expect_lines_of_story(
        "0.000  a: ITER_END\n0.000  a: \"one\"\n0.000  a: \"on\"\n0.000  a: -EMSGSIZE\n");
}
END_TEST

static void read_once(void *arg)
{
    struct reader r;
    struct aiter *it;
    (void)arg;

    memset(&r, 0, sizeof(r));
    it = aiter_lines(stream_open(&r), LINE_MOST);
    send_text(&r, now_ms(), "one");
    peer_close(r.peer, now_ms());
    if (it != NULL) {
        r.asker = asker_of("a", it);
        r.asker.lines = r.asker.quiet = true;
        if (try_to_ask(&r.asker) == -ENOMEM)
            (void)try_to_ask(&r.asker); /* it is not the second time */
        run_loop();
        if (r.asker.told != 1 || (r.asker.got != ITER_ITEM && r.asker.got != -ENOMEM))
            fail_test("memory has run out once: a line\nexpected  an item, or -ENOMEM\n"
                      "got       %s",
                      r.asker.told == 0 ? "no answer" : got_text(r.asker.got));
        if (r.asker.got == -ENOMEM) {
            ask_times(&r.asker, 1); /* it stays, although there is memory now */
            expect_lines_of_story("0.000  a: -ENOMEM\n0.000  a: -ENOMEM\n");
        }
        free_it(&r.asker);
    }
    peer_free(r.peer);
}

START_TEST(no_memory_for_a_line)
{
    each_allocation_fails(read_once, NULL);
}
END_TEST

#endif
