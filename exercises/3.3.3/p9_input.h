/* p9_input.h: the lines of a file, a pipe or a terminal, one by one, when they are wanted. Given.
 *
 * Whoever wants no line gets none, and nothing is read: then the pipe gets full, and whoever writes
 * to it waits. That is how backpressure gets out of the program. epoll refuses regular files (3.3.2
 * "Reading and writing files"); they are read a block at a time, when a line is wanted: a local
 * disk takes microseconds for it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P9_INPUT_H
#define P9_INPUT_H

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { INPUT_LINE_MOST = 1 << 20 };

/* A line without its end, the callee's to free(), with err 0, or with -EILSEQ if there is a NUL
 * byte in it: the string ends there. Or NULL, with 0 at the end, or a negative errno. */
typedef void (*input_cb)(char *line, int err, void *arg);

struct input {
    int fd;                 /* owned, unless it is stdin; -1: closed */
    bool is_file;           /* epoll does not take it */
    struct event *readable; /* calls on_readable(); owned */
    struct evbuffer *bytes; /* read, and not taken; owned */
    bool ended;             /* no more bytes will come */
    bool has_nul;           /* the line that was taken last */
    input_cb cb;
    void *arg; /* for it */
};

/* The next line of what was read; the last one may have no end. NULL: there is none (yet). */
static inline char *input_take(struct input *in)
{
    size_t n = evbuffer_get_length(in->bytes), length = 0;
    char *line = evbuffer_readln(in->bytes, &length, EVBUFFER_EOL_LF);

    if (line == NULL && in->ended && n > 0 && (line = calloc(1, n + 1)) != NULL) {
        (void)evbuffer_remove(in->bytes, line, n);
        length = n;
    }
    in->has_nul = line != NULL && strlen(line) < length;
    return line;
}

/* Called by the loop, by event_active() for what is at hand, or because there is something to be
 * read: so read() does not wait. A file is always ready. */
static inline void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct input *in = arg;
    char *line = input_take(in), bytes[4096];
    ssize_t n;

    (void)fd;
    if (line == NULL && !in->ended && (in->is_file || (what & EV_READ) != 0)) {
        n = read(in->fd, bytes, sizeof(bytes));
        if (n < 0 && errno != EINTR && errno != EAGAIN) {
            in->cb(NULL, -errno, in->arg);
            return;
        }
        if (n > 0 && evbuffer_add(in->bytes, bytes, (size_t)n) != 0) {
            in->cb(NULL, -ENOMEM, in->arg);
            return;
        }
        in->ended = n == 0;
        line = input_take(in);
    }
    if (line != NULL || in->ended)
        in->cb(line, in->has_nul ? -EILSEQ : 0, in->arg);
    else if (evbuffer_get_length(in->bytes) > INPUT_LINE_MOST)
        in->cb(NULL, -EMSGSIZE, in->arg);
    else if (in->is_file)
        event_active(in->readable, EV_TIMEOUT, 0);
    else if (event_add(in->readable, NULL) != 0)
        in->cb(NULL, -ENOMEM, in->arg);
}

/* Has the loop call cb for the next line. One at a time. */
static inline void input_next(struct input *in)
{
    event_active(in->readable, EV_TIMEOUT, 0); /* perhaps it is there */
}

/* No line is wanted any more; cb will not be called. */
static inline void input_stop(struct input *in)
{
    if (in->readable != NULL)
        (void)event_del(in->readable);
}

static inline void input_close(struct input *in)
{
    if (in->readable != NULL)
        event_free(in->readable);
    if (in->bytes != NULL)
        evbuffer_free(in->bytes);
    if (in->fd > STDIN_FILENO)
        close(in->fd);
}

/* `path` NULL: stdin. 0, or a negative errno; input_close() in any case. */
static inline int input_open(struct input *in, struct event_base *base, const char *path,
                             input_cb cb, void *arg)
{
    struct stat status;

    *in = (struct input){.cb = cb, .arg = arg};
    in->fd = path == NULL ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (in->fd < 0 || fstat(in->fd, &status) != 0)
        return -errno;
    if (S_ISDIR(status.st_mode))
        return -EISDIR;
    in->is_file = !S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode) && !isatty(in->fd);
    in->bytes = evbuffer_new();
    in->readable = in->is_file ? event_new(base, -1, 0, on_readable, in)
                               : event_new(base, in->fd, EV_READ, on_readable, in);
    return in->bytes != NULL && in->readable != NULL ? 0 : -ENOMEM;
}

#endif
