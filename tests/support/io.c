/* io.c: in front of the calls that move bytes; see faults.h
 *
 * Each function asks io_begin() first: may this call be made on this thread, and
 * does a fault answer it? Then it makes the real call with the size cut down.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#undef _FILE_OFFSET_BITS /* it makes pread another name of pread64; here both are meant */
#include "faults.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "file_calls.h"
#include "inflight.h"
#include "ledger.h"
#include "real.h"
#include "trace.h"
#include "vclock.h"
#include "verdict.h"
#include "vthreads.h"
#include "where.h"

EXPORT struct faults faults;

static struct {
    atomic_long calls; /* since faults_clear() */
    atomic_size_t bytes_read;
} io;

REAL_FUNCTION(ssize_t, read, (int, void *, size_t));
REAL_FUNCTION(ssize_t, pread, (int, void *, size_t, off_t));
REAL_FUNCTION(ssize_t, pread64, (int, void *, size_t, off64_t));
REAL_FUNCTION(ssize_t, write, (int, const void *, size_t));
REAL_FUNCTION(ssize_t, pwrite, (int, const void *, size_t, off_t));
REAL_FUNCTION(ssize_t, pwrite64, (int, const void *, size_t, off64_t));
REAL_FUNCTION(ssize_t, readv, (int, const struct iovec *, int));
REAL_FUNCTION(ssize_t, writev, (int, const struct iovec *, int));
REAL_FUNCTION(ssize_t, recv, (int, void *, size_t, int));
REAL_FUNCTION(ssize_t, send, (int, const void *, size_t, int));
REAL_FUNCTION(ssize_t, recvfrom, (int, void *, size_t, int, struct sockaddr *, socklen_t *));
REAL_FUNCTION(ssize_t, sendto,
              (int, const void *, size_t, int, const struct sockaddr *, socklen_t));
REAL_FUNCTION(ssize_t, recvmsg, (int, struct msghdr *, int));
REAL_FUNCTION(ssize_t, sendmsg, (int, const struct msghdr *, int));
REAL_FUNCTION(int, accept4, (int, struct sockaddr *, socklen_t *, int));
REAL_FUNCTION(int, connect, (int, const struct sockaddr *, socklen_t));
REAL_FUNCTION(int, fsync, (int));
REAL_FUNCTION(int, getaddrinfo,
              (const char *, const char *, const struct addrinfo *, struct addrinfo **));

EXPORT void faults_clear(void)
{
    memset(&faults, 0, sizeof faults);
    io.calls = 0;
    io.bytes_read = 0;
    file_faults_clear();
}

EXPORT long faults_calls(void)
{
    return io.calls;
}

EXPORT long io_raw_write(int fd, const void *bytes, size_t n)
{
    return syscall(SYS_write, fd, bytes, n);
}

EXPORT long io_raw_read(int fd, void *bytes, size_t n)
{
    return syscall(SYS_read, fd, bytes, n);
}

/* --- rules --- */

enum what { OTHER, STREAM, FILE_ };

static enum what kind_of(int fd)
{
    struct stat st;

    if (fd <= 2 || fstat(fd, &st) != 0)
        return OTHER;
    if (S_ISSOCK(st.st_mode) || S_ISFIFO(st.st_mode))
        return STREAM;
    return S_ISREG(st.st_mode) ? FILE_ : OTHER;
}

/* True if a call on `fd` would wait now: it is in blocking mode and not ready for `events`. */
static bool would_block(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};
    int flags = fcntl(fd, F_GETFL);

    return events != 0 && flags >= 0 && !(flags & O_NONBLOCK) && poll(&p, 1, 0) == 0;
}

static void check_loop_thread(const char *call, int fd, short events, enum what what)
{
    if (what == FILE_)
        file_call_check(call);
    if (what == STREAM && would_block(fd, events) && vclock_hooks.blocked)
        vclock_hooks.blocked(call, fd);
}

/* A datagram is moved whole: half of one is another one. */
static bool is_cut(int fd)
{
    int type = 0;
    socklen_t length = sizeof type;

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_DGRAM;
}

/* What comes before a real call. Returns 0 to go on, with *n cut down; -1 with errno for a fault.
 * *waiting tells whether io_end() must count the worker as busy again. */
static int io_begin(const char *call, int fd, short events, size_t *n, bool *waiting)
{
    *waiting = false;
    if (!vclock_is_on())
        return 0;
    enum what what = kind_of(fd);
    if (vclock_on_loop_thread()) {
        check_loop_thread(call, fd, events, what);
    } else if (what != FILE_ && fd > STDERR_FILENO && would_block(fd, events)) {
        *waiting = true;
        vthreads_wait_begin(fd, events);
    }
    if (what == FILE_ &&
        (file_call_fails(call, NULL) || (events == POLLOUT && file_write_fails(n))))
        return -1;
    if (what == OTHER || (what == FILE_ && !faults.files))
        return 0;
    long call_number = ++io.calls;
    size_t max = events == POLLIN ? faults.max_read : faults.max_write;
    if (max > 0 && *n > max && is_cut(fd))
        *n = max;
    errno = 0;
    if (faults.eagain_every > 0 && what == STREAM && call_number % faults.eagain_every == 0)
        errno = EAGAIN;
    int in_a_row = faults.eintr_in_a_row > 0 ? faults.eintr_in_a_row : 1;
    if (faults.eintr_every > 0 && call_number % faults.eintr_every < in_a_row)
        errno = EINTR;
    int *failing = events == POLLIN ? &faults.failing_reads : &faults.failing_writes;
    if (*failing > 0 && what == STREAM) {
        --*failing;
        errno = events == POLLIN ? faults.read_error : faults.write_error;
    }
    if (faults.silent && events == POLLIN && what == STREAM)
        errno = EAGAIN;
    if (faults.reset_after > 0 && events == POLLIN && io.bytes_read >= faults.reset_after)
        errno = faults.reset_errno != 0 ? faults.reset_errno : ECONNRESET;
    if (faults.write_errno != 0 && events == POLLOUT && what == STREAM)
        errno = faults.write_errno;
    return errno == 0 ? 0 : -1;
}

static ssize_t io_end(ssize_t result, short events, bool waiting)
{
    int error = errno;

    if (waiting)
        vthreads_wait_end();
    if (result > 0 && events == POLLIN)
        io.bytes_read += (size_t)result;
    errno = error;
    return result;
}

/* The body that all of them share. */
#define MOVE(call, fd, events, n, real_call)                                                       \
    do {                                                                                           \
        bool waiting;                                                                              \
        if (io_begin((call), (fd), (events), &(n), &waiting) != 0)                                 \
            return io_end(-1, (events), waiting);                                                  \
        return io_end((real_call), (events), waiting);                                             \
    } while (0)

/* Of AddressSanitizer; absent in a plain build. */
extern void *__asan_region_is_poisoned(void *begin, size_t n) __attribute__((weak));

/* Have bytes come to where there is no room? The sanitizer does not see each real call, but this. */
static ssize_t check_room(void *bytes, ssize_t n)
{
    void *bad = n > 0 && __asan_region_is_poisoned ? __asan_region_is_poisoned(bytes, n) : NULL;
    if (bad != NULL)
        (void)*(volatile char *)bad;
    return n;
}

/* A datagram that was only looked at is still there. */
static ssize_t note_received(int fd, int flags, ssize_t result)
{
    return flags & MSG_PEEK ? result : inflight_note_received(fd, result);
}

/* --- in front of libc --- */

EXPORT ssize_t read(int fd, void *bytes, size_t n)
{
    MOVE("read", fd, POLLIN, n,
         inflight_note_received(fd, check_room(bytes, REAL(read)(fd, bytes, n))));
}

EXPORT ssize_t pread(int fd, void *bytes, size_t n, off_t at)
{
    MOVE("pread", fd, POLLIN, n, check_room(bytes, REAL(pread)(fd, bytes, n, at)));
}

EXPORT ssize_t pread64(int fd, void *bytes, size_t n, off64_t at)
{
    MOVE("pread", fd, POLLIN, n, check_room(bytes, REAL(pread64)(fd, bytes, n, at)));
}

EXPORT ssize_t write(int fd, const void *bytes, size_t n)
{
    if (fd == STDOUT_FILENO && trace_is_on()) {
        trace_output(bytes, n);
        return (ssize_t)n;
    }
    MOVE("write", fd, POLLOUT, n, inflight_note_sent(fd, NULL, REAL(write)(fd, bytes, n)));
}

EXPORT ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    MOVE("pwrite", fd, POLLOUT, n, REAL(pwrite)(fd, bytes, n, at));
}

EXPORT ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
    MOVE("pwrite", fd, POLLOUT, n, REAL(pwrite64)(fd, bytes, n, at));
}

EXPORT ssize_t recv(int fd, void *bytes, size_t n, int flags)
{
    MOVE("recv", fd, POLLIN, n,
         note_received(fd, flags, check_room(bytes, REAL(recv)(fd, bytes, n, flags))));
}

EXPORT ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
    MOVE("send", fd, POLLOUT, n, inflight_note_sent(fd, NULL, REAL(send)(fd, bytes, n, flags)));
}

#define MAX_VECTOR 64 /* a longer one is cut: a short read or write, as the kernel may do */

/* The vector cut down to `limit` bytes, in `cut`; returns its length. */
static int cut_vector(struct iovec *cut, const struct iovec *v, int n, size_t limit)
{
    int used = 0;

    for (; used < n && used < MAX_VECTOR && limit > 0; used++) {
        cut[used] = v[used];
        if (cut[used].iov_len > limit)
            cut[used].iov_len = limit;
        limit -= cut[used].iov_len;
    }
    return used;
}

static size_t vector_bytes(const struct iovec *v, int n)
{
    size_t bytes = 0;

    for (int i = 0; i < n; i++)
        bytes += v[i].iov_len;
    return bytes;
}

EXPORT ssize_t readv(int fd, const struct iovec *v, int n)
{
    struct iovec cut[MAX_VECTOR];
    size_t bytes = vector_bytes(v, n);

    MOVE("readv", fd, POLLIN, bytes, REAL(readv)(fd, cut, cut_vector(cut, v, n, bytes)));
}

EXPORT ssize_t writev(int fd, const struct iovec *v, int n)
{
    struct iovec cut[MAX_VECTOR];
    size_t bytes = vector_bytes(v, n);

    MOVE("writev", fd, POLLOUT, bytes, REAL(writev)(fd, cut, cut_vector(cut, v, n, bytes)));
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    struct iovec cut[MAX_VECTOR], *whole = message->msg_iov;
    size_t n_whole = message->msg_iovlen, bytes = vector_bytes(whole, (int)n_whole);
    bool waiting;

    if (io_begin("recvmsg", fd, POLLIN, &bytes, &waiting) != 0)
        return io_end(-1, POLLIN, waiting);
    message->msg_iov = cut;
    message->msg_iovlen = (size_t)cut_vector(cut, whole, (int)n_whole, bytes);
    ssize_t result = note_received(fd, flags, REAL(recvmsg)(fd, message, flags));
    message->msg_iov = whole;
    message->msg_iovlen = n_whole;
    return io_end(result, POLLIN, waiting);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    struct iovec cut[MAX_VECTOR];
    struct msghdr part = *message;
    size_t bytes = vector_bytes(part.msg_iov, (int)part.msg_iovlen);
    bool waiting;

    if (io_begin("sendmsg", fd, POLLOUT, &bytes, &waiting) != 0)
        return io_end(-1, POLLOUT, waiting);
    part.msg_iovlen = (size_t)cut_vector(cut, part.msg_iov, (int)part.msg_iovlen, bytes);
    part.msg_iov = cut;
    ssize_t result = inflight_note_sent(fd, part.msg_name, REAL(sendmsg)(fd, &part, flags));
    return io_end(result, POLLOUT, waiting);
}

/* glibc declares these with a union in place of struct sockaddr *, for C only. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"

EXPORT ssize_t recvfrom(int fd, void *restrict bytes, size_t n, int flags,
                        struct sockaddr *restrict from, socklen_t *restrict length)
{
    MOVE("recvfrom", fd, POLLIN, n,
         note_received(fd, flags, REAL(recvfrom)(fd, bytes, n, flags, from, length)));
}

EXPORT ssize_t sendto(int fd, const void *bytes, size_t n, int flags, const struct sockaddr *to,
                      socklen_t length)
{
    MOVE("sendto", fd, POLLOUT, n,
         inflight_note_sent(fd, to, REAL(sendto)(fd, bytes, n, flags, to, length)));
}

EXPORT int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict length, int flags)
{
    if (vclock_is_on() && faults.emfile_accepts > 0) {
        faults.emfile_accepts--;
        errno = faults.accept_error != 0 ? faults.accept_error : EMFILE;
        return -1;
    }
    if (vclock_is_on() && vclock_on_loop_thread())
        check_loop_thread("accept", fd, POLLIN, STREAM);
    return REAL(accept4)(fd, address, length, flags);
}

EXPORT int accept(int fd, struct sockaddr *restrict address, socklen_t *restrict length)
{
    return accept4(fd, address, length, 0);
}

EXPORT int connect(int fd, const struct sockaddr *address, socklen_t length)
{
    char place[256];

    if (vclock_is_on() && vclock_on_loop_thread() && address->sa_family != AF_UNIX &&
        !(fcntl(fd, F_GETFL) & O_NONBLOCK))
        problem("connect() on a blocking socket %s: the loop stands still until the peer answers",
                where_called(place, sizeof place));
    return REAL(connect)(fd, address, length);
}

#pragma GCC diagnostic pop

/* It moves no bytes, but may be interrupted, and fail, like those that do. */
EXPORT int fsync(int fd)
{
    size_t n = 0;

    MOVE("fsync", fd, 0, n, REAL(fsync)(fd));
}

EXPORT int getaddrinfo(const char *restrict node, const char *restrict service,
                       const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
    char place[256];
    unsigned char address[16];
    bool numeric = (hints && (hints->ai_flags & AI_NUMERICHOST)) ||
                   (node && (inet_pton(AF_INET, node, address) == 1 ||
                             inet_pton(AF_INET6, node, address) == 1)); /* nothing to look up */

    if (vclock_is_on() && vclock_on_loop_thread() && ledger_loop_depth() > 0 && node && !numeric)
        problem(
            "getaddrinfo() on the loop's thread %s: a name look-up may take seconds, in which no "
            "event is served",
            where_called(place, sizeof place));
    return REAL(getaddrinfo)(node, service, hints, found);
}
