/* stream.c: see stream.h
 *
 * Not a bufferevent: those are for sockets. But an evbuffer reads a pipe just as
 * well, and one persistent event tells when.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stream.h"

#include "text.h"

#include <errno.h>
#include <event2/buffer.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define CHUNK      65536 /* bytes a read() */
#define DRAIN_MOST 64    /* reads: a process that outlived its parent may write for ever */

struct stream {
    struct event *readable;
    struct evbuffer *data;
    size_t limit;
    int fd;
};

/* One read. False when there is no more, now or for ever. */
static bool read_chunk(struct stream *stream)
{
    char dropped[CHUNK];
    size_t room = stream->limit - evbuffer_get_length(stream->data);
    ssize_t n = room > 0
                    ? evbuffer_read(stream->data, stream->fd, (int)(room < CHUNK ? room : CHUNK))
                    : read(stream->fd, dropped, sizeof dropped);
    if (n < 0 && errno == EINTR)
        return true;
    if (n == 0 || (n < 0 && errno != EAGAIN))
        (void)event_del(stream->readable); /* a pipe at its end would be readable for ever */
    return n > 0;
}

/* If there is more, the loop comes back: other events have their turn first. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)read_chunk(arg);
}

struct stream *stream_new(struct event_base *base, size_t limit, int *writer)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return NULL;
    struct stream *stream = memory_new(1, sizeof *stream);
    stream->fd = ends[0];
    stream->limit = limit;
    stream->data = evbuffer_new();
    stream->readable = event_new(base, ends[0], EV_READ | EV_PERSIST, on_readable, stream);
    if (!stream->data || !stream->readable || evutil_make_socket_nonblocking(ends[0]) < 0 ||
        event_add(stream->readable, NULL) < 0) {
        (void)close(ends[1]); /* nothing was written */
        stream_free(stream);
        return NULL;
    }
    *writer = ends[1];
    return stream;
}

void stream_free(struct stream *stream)
{
    if (stream == NULL)
        return;
    if (stream->readable)
        event_free(stream->readable);
    if (stream->data)
        evbuffer_free(stream->data);
    (void)close(stream->fd); /* only read from */
    free(stream);
}

char *stream_text(struct stream *stream)
{
    for (int i = 0; i < DRAIN_MOST && read_chunk(stream); i++)
        ;
    size_t length = evbuffer_get_length(stream->data);
    char *text = memory_new(length + 1, 1);
    (void)evbuffer_copyout(stream->data, text, length); /* all: the length is the buffer's */
    return text;
}
