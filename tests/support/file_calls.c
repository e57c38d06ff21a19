/* file_calls.c: see file_calls.h and faults.h
 *
 * SPDX-License-Identifier: MIT
 */
#undef _FILE_OFFSET_BITS /* it would rename the functions that are defined here */
#define _GNU_SOURCE
#include "file_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "faults.h"
#include "ledger.h"
#include "real.h"
#include "vclock.h"
#include "verdict.h"
#include "vthreads.h"
#include "where.h"

static struct {
    atomic_int calls;            /* of faults.fail_call */
    atomic_size_t bytes_written; /* to regular files */
} counted;

static bool forbidden; /* to the loop thread */

REAL_FUNCTION(int, openat, (int, const char *, int, ...));
REAL_FUNCTION(int, creat, (const char *, mode_t));
REAL_FUNCTION(FILE *, fopen, (const char *, const char *));
REAL_FUNCTION(int, mkstemp, (char *));
REAL_FUNCTION(int, mkostemp, (char *, int));
REAL_FUNCTION(int, rename, (const char *, const char *));
REAL_FUNCTION(int, unlink, (const char *));
REAL_FUNCTION(int, ftruncate, (int, off_t));
REAL_FUNCTION(int, fdatasync, (int));
REAL_FUNCTION(int, eventfd, (unsigned, int));

void file_faults_clear(void)
{
    counted.calls = 0;
    counted.bytes_written = 0;
    forbidden = false;
}

EXPORT void io_forbid_files(bool forbid)
{
    forbidden = forbid;
}

void file_call_check(const char *call)
{
    char place[256];

    if (vclock_on_loop_thread() && forbidden && ledger_loop_depth() > 0)
        problem("%s() on a file, on the loop's thread, %s: while the disk works, no other event is "
                "served",
                call, where_called(place, sizeof place));
}

bool file_call_fails(const char *call, const char *path)
{
    alloc_watch_now();
    if (faults.on_file_call)
        faults.on_file_call(call, path);
    bool moves_bytes = path == NULL && strcmp(call, "close") != 0;
    if (faults.file_ms > 0 && moves_bytes && !vclock_on_loop_thread())
        vthreads_sleep_until(vclock_now() + faults.file_ms * INT64_C(1000000));
    if (faults.fail_call == NULL || strstr(call, faults.fail_call) == NULL)
        return false;
    if (++counted.calls != faults.fail_at && faults.fail_at > 0)
        return false;
    errno = faults.fail_errno;
    return true;
}

bool file_write_fails(size_t *n)
{
    if (faults.enospc_after == 0)
        return false;
    size_t left = faults.enospc_after - counted.bytes_written;
    if (*n > left)
        *n = left;
    counted.bytes_written += *n;
    errno = ENOSPC;
    return *n == 0;
}

/* --- in front of libc --- */

/* /dev/null and the like: nobody waits for a disk there. */
static bool is_device(const char *path)
{
    struct stat st;

    return path != NULL && stat(path, &st) == 0 && S_ISCHR(st.st_mode);
}

/* A call that takes a path, by the learner's code: checks it, and returns from the caller if it is
 * to fail. */
#define WATCH(call, path, failed)                                                                  \
    do {                                                                                           \
        if (vclock_is_on() && CALLED_BY_LEARNER() && !is_device(path)) {                           \
            file_call_check(call);                                                                 \
            if (file_call_fails((call), (path)))                                                   \
                return (failed);                                                                   \
        }                                                                                          \
    } while (0)

/* A call that went well leaves any value in errno: the errno of the call before is gone. */
static int spoiled(int result, bool by_learner)
{
    if (result == 0 && by_learner)
        errno = ENOTTY;
    return result;
}

/* A worker that waits in open() for the other end of a FIFO is idle. The other end finds somebody
 * there all the same. */
static int open_fifo(int dir, const char *path, int flags)
{
    int fd = REAL(openat)(dir, path, flags | O_NONBLOCK);
    struct pollfd p = {.fd = fd, .events = POLLIN};

    if (fd < 0)
        return fd;
    (void)poll(&p, 1, -1);
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    return fd;
}

static int open_at(int dir, const char *path, int flags, mode_t mode, bool by_learner)
{
    struct stat st;
    bool waits = vclock_is_on() && by_learner && !(flags & O_NONBLOCK) &&
                 (flags & O_ACCMODE) == O_RDONLY && fstatat(dir, path, &st, 0) == 0 &&
                 S_ISFIFO(st.st_mode);

    if (waits && !vclock_on_loop_thread())
        return open_fifo(dir, path, flags);
    if (waits && vclock_hooks.blocked)
        vclock_hooks.blocked("open", -1);
    return REAL(openat)(dir, path, flags, mode);
}

static mode_t mode_of(int flags, va_list args)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

EXPORT int open(const char *path, int flags, ...)
{
    va_list args;

    WATCH("open", path, -1);
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    return open_at(AT_FDCWD, path, flags, mode, CALLED_BY_LEARNER());
}

EXPORT int openat(int dir, const char *path, int flags, ...)
{
    va_list args;

    WATCH("openat", path, -1);
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    return open_at(dir, path, flags, mode, CALLED_BY_LEARNER());
}

EXPORT int creat(const char *path, mode_t mode)
{
    WATCH("open", path, -1);
    return REAL(creat)(path, mode);
}

EXPORT FILE *fopen(const char *restrict path, const char *restrict mode)
{
    WATCH("open", path, NULL);
    return REAL(fopen)(path, mode);
}

EXPORT int mkstemp(char *path)
{
    WATCH("open", path, -1);
    return REAL(mkstemp)(path);
}

EXPORT int mkostemp(char *path, int flags)
{
    WATCH("open", path, -1);
    return REAL(mkostemp)(path, flags);
}

EXPORT int rename(const char *from, const char *to)
{
    WATCH("rename", to, -1);
    return spoiled(REAL(rename)(from, to), CALLED_BY_LEARNER());
}

EXPORT int unlink(const char *path)
{
    WATCH("unlink", path, -1);
    return spoiled(REAL(unlink)(path), CALLED_BY_LEARNER());
}

EXPORT int ftruncate(int fd, off_t length)
{
    WATCH("ftruncate", NULL, -1);
    return REAL(ftruncate)(fd, length);
}

EXPORT int fdatasync(int fd)
{
    WATCH("fsync", NULL, -1);
    return REAL(fdatasync)(fd);
}

/* Programs that were compiled with 64-bit offsets, where these are another type, call these. */
#if __SIZEOF_LONG__ == 8
EXPORT int open64(const char *path, int flags, ...) __attribute__((alias("open")));
EXPORT int openat64(int dir, const char *path, int flags, ...) __attribute__((alias("openat")));
EXPORT int creat64(const char *path, mode_t mode) __attribute__((alias("creat")));
EXPORT FILE *fopen64(const char *restrict path, const char *restrict mode)
    __attribute__((alias("fopen")));
EXPORT int mkstemp64(char *path) __attribute__((alias("mkstemp")));
EXPORT int mkostemp64(char *path, int flags) __attribute__((alias("mkostemp")));
EXPORT int ftruncate64(int fd, off_t length) __attribute__((alias("ftruncate")));
#endif

/* No file, but a descriptor that may be missing: it fails like an allocation. */
EXPORT int eventfd(unsigned value, int flags)
{
    if (CALLED_BY_LEARNER() && alloc_fails_now(sizeof(int))) {
        errno = EMFILE;
        return -1;
    }
    return REAL(eventfd)(value, flags);
}
