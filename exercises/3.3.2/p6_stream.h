/* p6_stream.h: one TCP connection, for many small messages and for large ones; given
 *
 * A bufferevent would do, and for most programs it should. For this one it would be the slowest
 * part. It reads 4,096 bytes at a call, and asks for their number before; it registers for writing,
 * and leaves it again, each time that something is sent. Here
 *
 *     - the event for reading stays; one recv() takes what is there, up to READ_MOST bytes, into
 *       memory that all connections share. on_bytes() gets them where they lie, behind what it has
 *       left of the ones before. Only what it leaves again is copied, so an idle connection holds
 *       no memory for reading.
 *     - what is sent is written at once, and EV_WRITE waited for only when the socket is full. What
 *       on_bytes() sends is collected, and goes out in one call when it returns.
 *     - who does not read what it is sent is not listened to: above `pause_above` bytes that wait
 *       to be sent, nothing is read.
 *
 * An end, of whatever kind, is told once by on_end(), from the loop. An error of a write is not
 * reported otherwise: reading meets the same one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P6_STREAM_H
#define P6_STREAM_H

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
    READ_MOST = 256 * 1024,   /* bytes that one recv() takes */
    LEFT_MOST = 16 * 1024,    /* bytes that on_bytes() may leave for the next call */
    SENT_DIRECTLY = 8 * 1024, /* from so many bytes on, a copy costs more than a call */
    SENT_TOGETHER = 64 * 1024 /* bytes that are collected at the most */
};

/* What all streams of a loop read into. */
struct stream_room {
    unsigned char bytes[LEFT_MOST + READ_MOST];
};

struct stream_handlers {
    /* There are `n` bytes; returns how many of them it has taken. It may call all functions below
     * but stream_close(). */
    size_t (*on_bytes)(void *arg, const unsigned char *bytes, size_t n);
    void (*on_end)(void *arg); /* nothing more will come, and nothing can be sent: close it */
};

struct stream {
    evutil_socket_t fd;       /* owned */
    struct event *reading;    /* persistent; owned */
    struct event *writing;    /* pending while the socket is full; owned */
    struct evbuffer *out;     /* what waits to be sent; owned */
    unsigned char *left;      /* what on_bytes() has left; owned, NULL if that is nothing */
    size_t n_left;            /* bytes */
    struct stream_room *room; /* shared; borrowed */
    size_t pause_above;       /* bytes in `out` */
    const struct stream_handlers *handlers;
    void *arg;
    bool corked; /* on_bytes() is running */
    bool paused; /* `reading` is not pending */
    bool heard;  /* bytes have come, or could be sent at last; for its owner to reset */
    bool ending; /* stream_end() was called */
    bool gone;   /* on_end() is due, or was called */
};

/* How many bytes wait to be sent. */
static inline size_t stream_waiting(const struct stream *s)
{
    return evbuffer_get_length(s->out);
}

/* Has on_end() called by the loop, soon: nothing can be done for this connection. */
static inline void stream_break(struct stream *s)
{
    if (s->gone)
        return;
    s->gone = true;
    event_active(s->reading, EV_READ, 0); /* needs no memory, and no descriptor */
}

/* Reads on or pauses, waits for EV_WRITE or does not, as what waits to be sent wants it. */
static inline void stream_settle(struct stream *s)
{
    const bool pause = stream_waiting(s) > s->pause_above;

    if (stream_waiting(s) > 0 && !event_pending(s->writing, EV_WRITE, NULL) &&
        event_add(s->writing, NULL) != 0)
        stream_break(s);
    if (pause && !s->paused)
        (void)event_del(s->reading); /* cannot fail: the event is a good one */
    else if (!pause && s->paused && event_add(s->reading, NULL) != 0)
        stream_break(s);
    s->paused = pause;
    if (s->ending && stream_waiting(s) == 0)
        (void)shutdown(s->fd, SHUT_WR); /* fails where the client has gone: reading tells */
}

/* Sends what the socket takes. */
static inline void stream_flush(struct stream *s)
{
    if (s->gone)
        return;
    if (stream_waiting(s) > 0 && evbuffer_write(s->out, s->fd) < 0 && errno != EAGAIN &&
        errno != EINTR)
        stream_break(s);
    stream_settle(s);
}

/* Sends head and body, either of which may be empty. Of what the socket does not take, a copy
 * waits. */
static inline void stream_send(struct stream *s, const void *head, size_t n_head, const void *body,
                               size_t n_body)
{
    struct iovec both[] = {{(void *)head, n_head}, {(void *)body, n_body}};
    const struct msghdr message = {.msg_iov = both, .msg_iovlen = 2};
    ssize_t sent = 0;
    size_t skip;

    if (s->ending || s->gone)
        return;
    if (stream_waiting(s) == 0 && (!s->corked || n_body >= SENT_DIRECTLY))
        sent = sendmsg(s->fd, &message, MSG_NOSIGNAL);
    skip = sent > 0 ? (size_t)sent : 0;
    if (skip < n_head && evbuffer_add(s->out, (const char *)head + skip, n_head - skip) != 0)
        stream_break(s);
    skip = skip > n_head ? skip - n_head : 0;
    if (skip < n_body && evbuffer_add(s->out, (const char *)body + skip, n_body - skip) != 0)
        stream_break(s);
    if (sent < 0)
        stream_settle(s);
    else if (!s->corked || stream_waiting(s) > SENT_TOGETHER)
        stream_flush(s);
}

/* Nothing more will be sent: what waits still goes out, and then the client is told the end. What
 * comes is still handed to on_bytes(), until the client's end comes, or stream_close(). */
static inline void stream_end(struct stream *s)
{
    s->ending = true;
    if (!s->corked)
        stream_flush(s);
}

/* ---- what the loop calls ---- */

static inline void stream_on_end(struct stream *s)
{
    s->gone = true;
    (void)event_del(s->reading); /* these two cannot fail */
    (void)event_del(s->writing);
    s->handlers->on_end(s->arg);
}

/* Keeps the bytes that were not taken. Those that were kept before are among them. */
static inline void stream_keep(struct stream *s, const unsigned char *bytes, size_t n)
{
    unsigned char *left = n > 0 && n <= LEFT_MOST ? malloc(n) : NULL;

    if (left != NULL)
        memcpy(left, bytes, n);
    free(s->left);
    s->left = left;
    s->n_left = n;
    if (n > 0 && left == NULL)
        stream_break(s);
}

static inline void stream_take(struct stream *s, size_t n)
{
    const unsigned char *bytes = s->room->bytes;
    size_t taken;

    s->heard = true;
    s->corked = true;
    taken = s->handlers->on_bytes(s->arg, bytes, n);
    s->corked = false;
    assert(taken <= n);
    if (taken < n || s->left != NULL)
        stream_keep(s, bytes + taken, n - taken);
    if (stream_waiting(s) > 0 || s->ending)
        stream_flush(s);
}

static inline void stream_on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct stream *s = arg;
    ssize_t n;

    (void)what;
    if (s->gone) {
        stream_on_end(s);
        return;
    }
    n = recv(fd, s->room->bytes + s->n_left, READ_MOST, 0);
    if (n > 0) {
        if (s->left != NULL)
            memcpy(s->room->bytes, s->left, s->n_left);
        stream_take(s, s->n_left + (size_t)n);
    } else if (n == 0 && s->ending && stream_waiting(s) > 0) {
        (void)event_del(s->reading); /* cannot fail; `writing` goes on */
        s->paused = true;
        s->pause_above = 0;
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        stream_on_end(s);
    }
}

static inline void stream_on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct stream *s = arg;
    const size_t waiting = stream_waiting(s);

    (void)fd;
    (void)what;
    stream_flush(s);
    if (stream_waiting(s) < waiting)
        s->heard = true;
    if (stream_waiting(s) == 0)
        (void)event_del(s->writing);
}

/* ---- open and close ---- */

/* Frees what there is, and closes the descriptor. */
static inline void stream_close(struct stream *s)
{
    if (s->reading != NULL)
        event_free(s->reading);
    if (s->writing != NULL)
        event_free(s->writing);
    if (s->out != NULL)
        evbuffer_free(s->out);
    free(s->left);
    (void)evutil_closesocket(s->fd);
}

/* Fills in *s; the socket is non-blocking, and its own from here on, also where this fails. 0, or
 * -ENOMEM: then everything has been closed. */
static inline int stream_open(struct stream *s, struct event_base *base, evutil_socket_t fd,
                              struct stream_room *room, const struct stream_handlers *handlers,
                              void *arg)
{
    *s = (struct stream){.fd = fd, .room = room, .handlers = handlers, .arg = arg};
    s->pause_above = (size_t)-1;
    s->reading = event_new(base, fd, EV_READ | EV_PERSIST, stream_on_readable, s);
    s->writing = event_new(base, fd, EV_WRITE | EV_PERSIST, stream_on_writable, s);
    s->out = evbuffer_new();
    if (s->reading != NULL && s->writing != NULL && s->out != NULL &&
        event_add(s->reading, NULL) == 0)
        return 0;
    stream_close(s);
    return -ENOMEM;
}

#endif
