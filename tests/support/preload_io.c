/* preload_io.c: reads and writes that wait, under the preloaded library
 *
 * The clock must know of a thread that waits for a descriptor: what it waits for may be the
 * program's own work at a later time, as where a worker reads a pipe that a timer's callback writes
 * to. In `grade` io.c sees to that. What comes from outside, on standard input for instance, is
 * waited for in real time.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "real.h"
#include "vclock.h"
#include "vthreads.h"

REAL_FUNCTION(ssize_t, read, (int, void *, size_t));
REAL_FUNCTION(ssize_t, write, (int, const void *, size_t));
REAL_FUNCTION(ssize_t, readv, (int, const struct iovec *, int));
REAL_FUNCTION(ssize_t, writev, (int, const struct iovec *, int));
REAL_FUNCTION(ssize_t, recv, (int, void *, size_t, int));
REAL_FUNCTION(ssize_t, send, (int, const void *, size_t, int));
REAL_FUNCTION(ssize_t, recvmsg, (int, struct msghdr *, int));
REAL_FUNCTION(ssize_t, sendmsg, (int, const struct msghdr *, int));
REAL_FUNCTION(ssize_t, recvfrom, (int, void *, size_t, int, struct sockaddr *, socklen_t *));
REAL_FUNCTION(int, accept4, (int, struct sockaddr *, socklen_t *, int));

/* A pipe, a socket, or an eventfd and the like, which have no type. */
static bool is_stream(int fd)
{
    struct stat st;

    return fd > STDERR_FILENO && fstat(fd, &st) == 0 &&
           (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || (st.st_mode & S_IFMT) == 0);
}

/* Before a call that waits until `fd` is ready: the loop thread does that here, moving time on.
 * True on a worker that is going to wait in the call itself: wait_end() comes behind it. */
static bool wait_begin(int fd, short events, int flags)
{
    struct pollfd p = {.fd = fd, .events = events};
    const int error = errno;
    bool waits = vclock_is_on() && !(flags & MSG_DONTWAIT) && is_stream(fd) &&
                 !(fcntl(fd, F_GETFL) & O_NONBLOCK) && poll(&p, 1, 0) == 0;

    if (waits && vclock_on_loop_thread()) {
        (void)poll(&p, 1, -1); /* ours, of vwait.c */
        waits = false;
    } else if (waits) {
        vthreads_wait_begin(fd, events);
    }
    errno = error;
    return waits;
}

static void wait_end(bool waits)
{
    const int error = errno;

    if (waits)
        vthreads_wait_end();
    errno = error;
}

/* The body that all of them share. */
#define WAIT_AND(type, fd, events, flags, real_call)                                               \
    do {                                                                                           \
        bool waits = wait_begin((fd), (events), (flags));                                          \
        type result = (real_call);                                                                 \
        wait_end(waits);                                                                           \
        return result;                                                                             \
    } while (0)

EXPORT ssize_t read(int fd, void *bytes, size_t n)
{
    WAIT_AND(ssize_t, fd, POLLIN, 0, REAL(read)(fd, bytes, n));
}

EXPORT ssize_t write(int fd, const void *bytes, size_t n)
{
    WAIT_AND(ssize_t, fd, POLLOUT, 0, REAL(write)(fd, bytes, n));
}

EXPORT ssize_t readv(int fd, const struct iovec *v, int n)
{
    WAIT_AND(ssize_t, fd, POLLIN, 0, REAL(readv)(fd, v, n));
}

EXPORT ssize_t writev(int fd, const struct iovec *v, int n)
{
    WAIT_AND(ssize_t, fd, POLLOUT, 0, REAL(writev)(fd, v, n));
}

EXPORT ssize_t recv(int fd, void *bytes, size_t n, int flags)
{
    WAIT_AND(ssize_t, fd, POLLIN, flags, REAL(recv)(fd, bytes, n, flags));
}

EXPORT ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
    WAIT_AND(ssize_t, fd, POLLOUT, flags, REAL(send)(fd, bytes, n, flags));
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    WAIT_AND(ssize_t, fd, POLLIN, flags, REAL(recvmsg)(fd, message, flags));
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    WAIT_AND(ssize_t, fd, POLLOUT, flags, REAL(sendmsg)(fd, message, flags));
}

/* glibc declares these with a union in place of struct sockaddr *, for C only. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"

EXPORT ssize_t recvfrom(int fd, void *restrict bytes, size_t n, int flags,
                        struct sockaddr *restrict from, socklen_t *restrict length)
{
    WAIT_AND(ssize_t, fd, POLLIN, flags, REAL(recvfrom)(fd, bytes, n, flags, from, length));
}

EXPORT int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict length, int flags)
{
    WAIT_AND(int, fd, POLLIN, 0, REAL(accept4)(fd, address, length, flags));
}

EXPORT int accept(int fd, struct sockaddr *restrict address, socklen_t *restrict length)
{
    return accept4(fd, address, length, 0);
}

#pragma GCC diagnostic pop
