/* p8_feed.h: a file, a FIFO or a terminal, as a stream that the loop can wait for. Given.
 *
 * epoll refuses files, and who reads a silent terminal waits. So each has a thread, which reads a
 * chunk, and writes it into a socket; the bufferevent has the other end of it. If nobody reads
 * there, the thread waits in send(), and reads no more: nothing is ahead by more than the socket
 * holds. So the chunks of a file come from here: who wants them, and not lines, reads the stream.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P8_FEED_H
#define P8_FEED_H

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/util.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct feed {
    pthread_t thread;
    int in, out; /* what is read; the thread's end of the socket */
    bool runs;   /* the thread is to be joined, and the two to be closed */
    int error;   /* 0, or why the thread read no further; valid when it is joined */
};

/* Like read(), but 0, too, when nobody wants more. For the thread. */
static inline ssize_t feed_read(struct feed *feed, char *bytes, size_t size)
{
    struct pollfd both[2] = {{.fd = feed->in, .events = POLLIN}, {.fd = feed->out}};
    ssize_t n;

    do {
        n = poll(both, 2, -1); /* a terminal may be silent when the program is to end */
        if (n > 0 && both[1].revents != 0)
            return 0;
        if (n > 0)
            n = read(feed->in, bytes, size);
    } while (n < 0 && (errno == EINTR || errno == EAGAIN));
    return n;
}

/* False when nobody wants more. For the thread. */
static inline bool feed_write(struct feed *feed, const char *bytes, size_t n)
{
    while (n > 0) {
        const ssize_t written = send(feed->out, bytes, n, MSG_NOSIGNAL);

        if (written < 0 && errno != EINTR)
            return false;
        bytes += written > 0 ? written : 0;
        n -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

static inline void *feed_main(void *arg)
{
    struct feed *feed = arg;
    char bytes[16 * 1024];
    ssize_t n;

    while ((n = feed_read(feed, bytes, sizeof(bytes))) > 0 && feed_write(feed, bytes, (size_t)n))
        continue;
    if (n < 0)
        feed->error = -errno;
    (void)shutdown(feed->out, SHUT_RDWR); /* the stream is told the end; if it is gone, so be it */
    return NULL;
}

/* "-" is the standard input. Returns a descriptor, or a negative errno. */
static inline int feed_open_file(const char *path)
{
    struct stat status;
    int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                    : open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
        (void)close(fd); /* it was only looked at */
        return -EISDIR;
    }
    return fd >= 0 ? fd : -errno;
}

/* Ends the thread, also one that waits; at the most it has a read of a disk to finish. Returns 0,
 * or a negative errno: why it could not read on. The stream may be freed before, or later. */
static inline int feed_close(struct feed *feed)
{
    if (!feed->runs)
        return 0;
    feed->runs = false;
    (void)shutdown(feed->out, SHUT_RDWR); /* wakes it; cannot fail but if that has been done */
    (void)pthread_join(feed->thread, NULL);
    (void)close(feed->in); /* it was only read */
    (void)close(feed->out);
    return feed->error;
}

/* Opens `path`, and begins to read it. Returns 0, or a negative errno; *stream is the caller's. */
static inline int feed_open(struct feed *feed, struct event_base *base, const char *path,
                            struct bufferevent **stream)
{
    evutil_socket_t ends[2] = {-1, -1};
    int error;

    *feed = (struct feed){.in = feed_open_file(path)};
    if (feed->in < 0)
        return feed->in;
    if (evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
        error = -errno;
        (void)close(feed->in);
        return error;
    }
    feed->out = ends[1];
    (void)evutil_make_socket_nonblocking(ends[0]); /* cannot fail: it is a socket */
    *stream = bufferevent_socket_new(base, ends[0], BEV_OPT_CLOSE_ON_FREE);
    error = *stream != NULL ? -pthread_create(&feed->thread, NULL, feed_main, feed) : -ENOMEM;
    feed->runs = error == 0;
    if (error != 0) {
        if (*stream != NULL)
            bufferevent_free(*stream);
        else
            (void)close(ends[0]);
        (void)close(ends[1]);
        (void)close(feed->in);
    }
    return error;
}

#endif
