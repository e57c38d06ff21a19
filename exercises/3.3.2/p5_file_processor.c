/* p5_file_processor.c: write a file processor whose loop never waits for a disk
 *
 * p5_file_processor.h says what each function does. Given: p5_pool.h, of which a pool is made;
 * p5_calls.h and p5_jobs.h, around the work with files; p5_text.h, which counts; p5_program.h.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "p5_file_processor.h"

#include <errno.h>
#include <event2/thread.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "p5_calls.h"
#include "p5_jobs.h"
#include "p5_pool.h"
#include "p5_program.h"
#include "p5_text.h"

/* ---- the pool ---- */

/* TODO(1): workers do the work, one operation after the other, and sleep while there is none; the
 * loop, woken by them, calls what is to be called, and frees each operation when no worker uses it
 * any more. No more are accepted than there are places. See p5_pool.h, and 3.3.2 "Reading and
 * writing files". */

int pool_init(void)
{
    return -ENOSYS;
}

static void op_finish(struct op *op, int64_t result)
{
    (void)op;
    (void)result;
}

static void *worker_main(void *arg)
{
    (void)arg;
    return NULL;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

static int pool_refuses(const struct pool *pool, int places)
{
    (void)pool;
    (void)places;
    return -ENOSYS;
}

int pool_run(struct pool *pool, op_work work, op_cb cb, op_release release, void *arg,
             struct op **handle)
{
    (void)pool;
    (void)work;
    (void)cb;
    (void)release;
    (void)arg;
    (void)handle;
    return -ENOSYS;
}

/* ---- the end ---- */

int pool_shutdown(struct pool *pool, pool_cb cb, void *arg)
{
    /* TODO(2): nothing new is accepted; when all is done, the workers end, and then the pool. See
     * 3.3.2 "Reading and writing files". */
    (void)pool;
    (void)cb;
    (void)arg;
    return -ENOSYS;
}

/* ---- reading and writing: all of it, and the errno of the call that failed ---- */

/* TODO(3): all bytes are moved, in however many calls, or the errno of the call that failed is
 * told. See 3.3.1 "Non-blocking execution". */

static int64_t read_fully(int fd, char *bytes, size_t n, int64_t at)
{
    (void)fd;
    (void)bytes;
    (void)n;
    (void)at;
    return -ENOSYS;
}

static int64_t write_fully(int fd, const char *bytes, size_t n, int64_t at)
{
    (void)fd;
    (void)bytes;
    (void)n;
    (void)at;
    return -ENOSYS;
}

/* ---- lines ---- */

/* TODO(4): the lines of the stream are the same, whatever the pieces it comes in. See 3.3.2
 * "Streaming". */
struct splitter {
    size_t max_line;
};

struct splitter *splitter_new(size_t max_line, splitter_fn fn, void *arg)
{
    (void)max_line;
    (void)fn;
    (void)arg;
    return NULL;
}

int splitter_feed(struct splitter *s, const char *bytes, size_t n)
{
    (void)s;
    (void)bytes;
    (void)n;
    return -ENOSYS;
}

int splitter_end(struct splitter *s)
{
    (void)s;
    return -ENOSYS;
}

void splitter_free(struct splitter *s)
{
    free(s);
}

/* ---- a whole file ---- */

/* TODO(5): the file was read to its end, chunk by chunk, and counted; its lines went through the
 * splitter; a FIFO that says nothing can be left. See 3.3.2 "Streaming". */

static int file_read(struct file *f, struct op *op, int in, char *chunk, struct splitter *splitter)
{
    (void)f;
    (void)op;
    (void)in;
    (void)chunk;
    (void)splitter;
    return -ENOSYS;
}

/* TODO(5): there is a new file beside out_path, and in the end it has that name, or is gone. See
 * 3.3.2 "Reading and writing files". */

static int temp_open(struct file *f, int in)
{
    (void)f;
    (void)in;
    return -ENOSYS;
}

static int temp_close(struct file *f, struct op *op, int result)
{
    (void)f;
    (void)op;
    return result;
}

/* ---- cancelling ---- */

/* TODO(6): the operation is going to be told -ECANCELED, or it is too late; whoever waits for a
 * descriptor on its behalf waits no longer. See 3.3.2 "Reading and writing files". */

int op_cancel(struct op *op)
{
    (void)op;
    return -ENOSYS;
}

static bool op_commit(struct op *op)
{
    (void)op;
    return true;
}

/* ---- many files ---- */

/* TODO(7): as many files are under way as may be; those that have ended are told, in the order of
 * the jobs; then the whole ends. See 3.3.1 "Task scheduling". */

static void batch_begin(struct batch *b)
{
    (void)b;
}

int main(int argc, char **argv)
{
    return p5_program(argc, argv);
}
