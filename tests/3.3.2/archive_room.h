/* archive_room.h: a recording, and listeners who take it, for the suite of 14_file_stream
 *
 * A listener takes bytes when the test says so, past the harness, so that faults.h is about the
 * playback alone. listen() lets the loop run without any time going by. The queue is the output
 * buffer of the listener's bufferevent: how much was in it is noted at each change.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCHIVE_ROOM_H
#define ARCHIVE_ROOM_H

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "14_file_stream.h"
#include "faults.h"
#include "result_text.h"
#include "suite.h"

enum { NOT_TOLD = 1, ALL = 1 << 30, IDLE_TURNS = 5 };

/* One playback and who listens to it. */
struct listener {
    struct bufferevent *stream; /* the playback's end; NULL: freed */
    struct playback *playback;  /* NULL: freed */
    int fd;                     /* the listener's own end; -1: closed */
    size_t taken;               /* bytes, all of them compared with the recording */
    size_t wrong_at;            /* the first byte that was wrong */
    bool wrong, ended;
    size_t queued, most_queued, least_queued; /* the least while the recording has more */
    size_t length;                            /* of the recording */
    short enabled;                            /* of the bufferevent, when it was lent */
    int told, result;                         /* on_done(): how often, and with what */
    bool starting, frees;                     /* in playback_start(); on_done() frees both */
};

static inline unsigned char byte_at(size_t position)
{
    return (unsigned char)(position * 7 + position / 253);
}

/* A file with `length` bytes in it. Where it is positioned shall make no difference. */
static inline int make_recording(size_t length)
{
    char name[] = "/tmp/check_14_file_stream.XXXXXX";
    unsigned char *bytes = malloc(length + 1);
    int fd = mkstemp(name);

    ck_assert_ptr_nonnull(bytes);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(unlink(name), 0);
    for (size_t k = 0; k < length; k++)
        bytes[k] = byte_at(k);
    ck_assert_int_eq(io_raw_write(fd, bytes, length), (long)length);
    ck_assert_int_eq((int)lseek(fd, (off_t)length / 2, SEEK_SET), (int)length / 2);
    free(bytes);
    return fd;
}

/* The playback's output buffer has changed. */
static inline void on_queue(struct evbuffer *output, const struct evbuffer_cb_info *info, void *arg)
{
    struct listener *l = arg;
    const size_t now = info->orig_size + info->n_added - info->n_deleted;

    (void)output;
    l->queued += info->n_added;
    if (now > l->most_queued)
        l->most_queued = now;
    if (now < l->least_queued && l->queued < l->length)
        l->least_queued = now;
}

/* The bufferevent is borrowed. (Where a connection breaks, libevent itself changes what is enabled.) */
static inline void expect_as_lent(const struct listener *l, const char *when)
{
    static const char *const names[] = {"nothing", "reading", "writing", "reading and writing"};
    const int was = (l->enabled & EV_READ ? 1 : 0) + (l->enabled & EV_WRITE ? 2 : 0);
    const short now = bufferevent_get_enabled(l->stream);
    const int is = (now & EV_READ ? 1 : 0) + (now & EV_WRITE ? 2 : 0);

    if (is != was)
        fail_test("what is enabled of the listener's bufferevent, %s\n"
                  "expected  %s, as it was before: it is borrowed\ngot       %s",
                  when, names[was], names[is]);
}

static inline void on_done(int result, void *arg)
{
    struct listener *l = arg;

    if (l->starting)
        fail_test("on_done() was called inside playback_start()\nexpected  a call by the loop\n"
                  "got       a call before the caller has the playback");
    l->told++;
    l->result = result;
    if (l->told > 1)
        fail_test("on_done() was called again\nexpected  1 call\ngot       %d calls, the last with "
                  "%d",
                  l->told, result);
    if (!l->frees)
        return;
    playback_free(l->playback);
    bufferevent_free(l->stream);
    l->playback = NULL;
    l->stream = NULL;
}

/* A connection, and no playback yet. To every second listener somebody else listens. */
static inline void listener_connect(struct listener *l, size_t length)
{
    static int connected;
    int ends[2];

    (void)signal(SIGPIPE, SIG_IGN);
    *l = (struct listener){.length = length, .result = NOT_TOLD, .least_queued = SIZE_MAX};
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    l->fd = ends[0];
    l->stream = bufferevent_socket_new(test_base(), ends[1], BEV_OPT_CLOSE_ON_FREE);
    ck_assert_ptr_nonnull(l->stream);
    if (connected++ % 2 == 1)
        ck_assert_int_eq(bufferevent_enable(l->stream, EV_READ), 0);
    l->enabled = bufferevent_get_enabled(l->stream);
    ck_assert_ptr_nonnull(evbuffer_add_cb(bufferevent_get_output(l->stream), on_queue, l));
}

static inline void listener_start(struct listener *l, int recording, size_t length)
{
    listener_connect(l, length);
    l->starting = true;
    l->playback = playback_start(l->stream, recording, on_done, l);
    l->starting = false;
    if (l->playback == NULL)
        fail_test("playback_start() returned NULL, with memory enough");
}

static inline void listener_hang_up(struct listener *l)
{
    if (l->fd >= 0)
        (void)close(l->fd);
    l->fd = -1;
}

static inline void listener_free(struct listener *l)
{
    playback_free(l->playback);
    if (l->stream != NULL)
        bufferevent_free(l->stream);
    run_loop_for(1); /* libevent closes the sockets of freed bufferevents when the loop runs */
    listener_hang_up(l);
}

/* Takes what is there, `most` bytes at the most. Returns how many it were. */
static inline size_t sip(struct listener *l, size_t most)
{
    static unsigned char bytes[64 * 1024];
    const size_t room = most < sizeof(bytes) ? most : sizeof(bytes);
    const long n = l->fd >= 0 ? io_raw_read(l->fd, bytes, room) : 0;

    for (long k = 0; k < n && !l->wrong; k++) {
        l->wrong_at = l->taken + (size_t)k;
        l->wrong = l->wrong_at >= l->length || bytes[k] != byte_at(l->wrong_at);
    }
    l->taken += n > 0 ? (size_t)n : 0;
    l->ended = l->ended || n == 0;
    return n > 0 ? (size_t)n : 0;
}

/* Takes up to `most` bytes, as they come. No time goes by. */
static inline void listen_to(struct listener *l, size_t most)
{
    const size_t until = most < ALL ? l->taken + most : SIZE_MAX;

    for (int idle = 0; idle < IDLE_TURNS && l->taken < until; idle++) {
        ck_assert_int_ge(event_base_loop(test_base(), EVLOOP_NONBLOCK), 0);
        if (sip(l, until - l->taken) > 0)
            idle = 0;
    }
}

/* That exactly the first `n` bytes of the recording have come. */
static inline void expect_heard(const struct listener *l, const char *what, size_t n)
{
    if (l->wrong && l->wrong_at < l->length)
        fail_test("%s: what the listener hears\nexpected  the bytes of the recording\n"
                  "got       other bytes, from byte %zu on",
                  what, l->wrong_at);
    if (l->taken != n)
        fail_test("%s: what the listener has heard\nexpected  %zu bytes\ngot       %zu bytes", what,
                  n, l->taken);
}

/* `result` may be NOT_TOLD. */
static inline void expect_told(const struct listener *l, const char *what, int result)
{
    char want[64], got[64];

    if (l->result == result)
        return;
    strcpy(want, result == NOT_TOLD ? "no call yet" : result_text(result));
    strcpy(got, l->result == NOT_TOLD ? "no call" : result_text(l->result));
    fail_test("%s: on_done(), at %.3f\nexpected  %s\ngot       %s", what, now_ms() / 1e3, want,
              got);
}

/* ---- a playback, from its first byte to its last ---- */

/* More than the kernel keeps of a connection, so that a listener who takes nothing is felt. */
enum { LONG = 1000 * 1000 + 1 };

static inline void expect_open(int recording, const char *when)
{
    if (fcntl(recording, F_GETFD) < 0)
        fail_test("the descriptor of the recording, %s\nexpected  open: it is borrowed\n"
                  "got       closed",
                  when);
}

/* Plays a recording of `length` bytes to one who listens; the faults are set by the caller. */
static inline void hear_all(size_t length, const char *how)
{
    char what[80];
    struct listener l;
    const int recording = make_recording(length);

    (void)sprintf(what, "a recording of %zu byte%s%s", length, length == 1 ? "" : "s", how);
    listener_start(&l, recording, length);
    listen_to(&l, ALL);
    expect_open(recording, "when a playback has begun");
    expect_heard(&l, what, length);
    expect_told(&l, what, 0);
    listener_free(&l);
    (void)close(recording);
}

#endif
