/* p5_calls.h: single calls for a worker, and a file that is written in chunks. Given.
 *
 * Copies what callers hand in, and calls your functions on a worker. You may do without this file:
 * the tests know p5_file_processor.h only.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P5_CALLS_H
#define P5_CALLS_H

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "p5_file_processor.h"

/* Yours, all for a worker. The first two move n bytes from offset `at` on, reading fewer only at
 * the end of the file; the result is how many, or a negative errno. */
static int64_t read_fully(int fd, char *bytes, size_t n, int64_t at);
static int64_t write_fully(int fd, const char *bytes, size_t n, int64_t at);
/* Before something that cannot be undone. True: the operation cannot be cancelled any more. False:
 * it was cancelled. */
static bool op_commit(struct op *op);

/* A signal that interrupts a call is no reason to give up. These two are simple. */
static inline int64_t read_some(int fd, char *bytes, size_t n)
{
    ssize_t got;

    do
        got = read(fd, bytes, n);
    while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

static inline int fsync_fully(int fd)
{
    int result;

    do
        result = fsync(fd);
    while (result != 0 && errno == EINTR);
    return result != 0 ? -errno : 0;
}

/* ---- one call ---- */

/* A call that a worker is to make. */
struct request {
    afile_cb cb;
    void *arg;
    int fd, flags;
    mode_t mode;
    int64_t at;
    bool reads; /* the bytes are for cb */
    size_t n;
    char bytes[]; /* a path, or what is to be written, or what was read */
};

static inline int64_t request_open(struct op *op, void *arg)
{
    struct request *r = arg;
    int fd = open(r->bytes, r->flags | O_CLOEXEC | O_NONBLOCK, r->mode);

    if (fd < 0)
        return -errno;
    if (op_commit(op))
        return fd;
    close(fd); /* nobody else would */
    return -ECANCELED;
}

static inline int64_t request_read(struct op *op, void *arg)
{
    struct request *r = arg;
    (void)op;
    return read_fully(r->fd, r->bytes, r->n, r->at);
}

static inline int64_t request_write(struct op *op, void *arg)
{
    struct request *r = arg;
    (void)op;
    return write_fully(r->fd, r->bytes, r->n, r->at);
}

static inline int64_t request_fsync(struct op *op, void *arg)
{
    struct request *r = arg;
    (void)op;
    return fsync_fully(r->fd);
}

static inline int64_t request_close(struct op *op, void *arg)
{
    struct request *r = arg;
    (void)op;
    return close(r->fd) == 0 ? 0 : -errno; /* interrupted, too, it has let go of fd */
}

static inline void on_request_done(int64_t result, void *arg)
{
    struct request *r = arg;
    r->cb(result, result >= 0 && r->reads ? r->bytes : NULL, r->arg);
}

/* Runs a copy of r with r->n bytes behind it: `bytes`, or room for them if that is NULL. */
static inline int request_run(struct pool *pool, op_work work, const struct request *r,
                              const void *bytes, struct op **op)
{
    struct request *copy = malloc(sizeof(*copy) + r->n);
    int error;

    if (copy == NULL)
        return -ENOMEM;
    memcpy(copy, r, sizeof(*copy));
    if (bytes != NULL)
        memcpy(copy->bytes, bytes, r->n);
    error = pool_run(pool, work, on_request_done, free, copy, op);
    if (error != 0)
        free(copy);
    return error;
}

int afile_open(struct pool *pool, const char *path, int flags, mode_t mode, afile_cb cb, void *arg,
               struct op **op)
{
    struct request r = {.cb = cb, .arg = arg, .flags = flags, .mode = mode, .n = strlen(path) + 1};
    return request_run(pool, request_open, &r, path, op);
}

int afile_read_at(struct pool *pool, int fd, size_t n, int64_t at, afile_cb cb, void *arg,
                  struct op **op)
{
    struct request r = {.cb = cb, .arg = arg, .fd = fd, .at = at, .n = n, .reads = true};
    return request_run(pool, request_read, &r, NULL, op);
}

int afile_write_at(struct pool *pool, int fd, const void *bytes, size_t n, int64_t at, afile_cb cb,
                   void *arg, struct op **op)
{
    struct request r = {.cb = cb, .arg = arg, .fd = fd, .at = at, .n = n};
    return request_run(pool, request_write, &r, bytes, op);
}

int afile_fsync(struct pool *pool, int fd, afile_cb cb, void *arg, struct op **op)
{
    struct request r = {.cb = cb, .arg = arg, .fd = fd};
    return request_run(pool, request_fsync, &r, NULL, op);
}

int afile_close(struct pool *pool, int fd, afile_cb cb, void *arg, struct op **op)
{
    struct request r = {.cb = cb, .arg = arg, .fd = fd};
    return request_run(pool, request_close, &r, NULL, op);
}

/* ---- a file that is written in chunks ---- */

struct line_out {
    int fd;
    int64_t at; /* where the next bytes go */
    int error;  /* why it cannot be written; 0 so far */
    size_t n, size;
    char *bytes; /* n that wait until there are `size` */
};

static inline int line_flush(struct line_out *out)
{
    int64_t result = write_fully(out->fd, out->bytes, out->n, out->at);

    out->at += (int64_t)out->n;
    out->n = 0;
    if (out->error == 0 && result < 0)
        out->error = (int)result;
    return out->error;
}

int line_write(struct line_out *out, const void *bytes, size_t n)
{
    const char *next = bytes;

    while (n > 0 && out->error == 0) {
        size_t room = out->size - out->n, some = n < room ? n : room;
        memcpy(out->bytes + out->n, next, some);
        out->n += some;
        next += some;
        n -= some;
        if (out->n == out->size)
            (void)line_flush(out); /* which notes the error */
    }
    return out->error;
}

#endif
