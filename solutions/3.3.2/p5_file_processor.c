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

int pool_init(void)
{
    return evthread_use_pthreads() == 0 ? 0 : -ENOMEM;
}

/* The loop has something to do with op. The lock is held. */
static void op_list(struct op *op)
{
    if (!op->listed)
        TAILQ_INSERT_TAIL(&op->pool->done, op, link);
    op->listed = true;
    event_active(op->pool->wake, EV_READ, 0);
}

static void op_finish(struct op *op, int64_t result)
{
    op->state = DONE;
    op->worker = NULL;
    op->result = result;
    op_list(op);
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    struct pool *pool = w->pool;
    struct op *op;
    eventfd_t woken;

    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while ((op = TAILQ_FIRST(&pool->queue)) == NULL && !pool->stop)
            pthread_cond_wait(&pool->more, &pool->lock);
        if (op == NULL)
            break;
        TAILQ_REMOVE(&pool->queue, op, link);
        op->state = RUNNING;
        op->worker = w;
        pthread_mutex_unlock(&pool->lock);
        int64_t result = op->work(op, op->arg);
        pthread_mutex_lock(&pool->lock);
        op_finish(op, result);
        (void)eventfd_read(w->wake_fd, &woken); /* most often nobody has written to it */
    }
    if (--pool->alive == 0)
        event_active(pool->wake, EV_READ, 0);
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static void op_tell(struct op *op, int64_t result)
{
    if (op->told)
        return;
    op->told = true;
    op->pool->pending -= op->places;
    op->cb(op->cancelled ? -ECANCELED : result, op->arg);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct pool *pool = arg;
    struct op *op;
    (void)fd;
    (void)what;

    pthread_mutex_lock(&pool->lock);
    while ((op = TAILQ_FIRST(&pool->done)) != NULL) {
        TAILQ_REMOVE(&pool->done, op, link);
        op->listed = false;
        bool over = op->state == DONE; /* if not, it was cancelled, and a worker still uses it */
        int64_t result = op->result;
        pthread_mutex_unlock(&pool->lock);
        op_tell(op, result);
        if (over)
            op_free(op);
        pthread_mutex_lock(&pool->lock);
    }
    bool ended = pool->alive == 0; /* after pool_stop() */
    pthread_mutex_unlock(&pool->lock);
    if (ended)
        pool_end(pool);
    else if (pool->closing && pool->outstanding == 0)
        pool_stop(pool);
}

static int pool_refuses(const struct pool *pool, int places)
{
    if (pool->closing)
        return -ESHUTDOWN;
    return places > pool->max_ops - pool->pending ? -EAGAIN : 0;
}

int pool_run(struct pool *pool, op_work work, op_cb cb, op_release release, void *arg,
             struct op **handle)
{
    int error = pool_refuses(pool, 1);
    struct op *op = error == 0 ? op_new(pool, 1, cb, release, arg) : NULL;

    if (op == NULL)
        return error != 0 ? error : -ENOMEM;
    if (handle != NULL)
        *handle = op;
    op_queue(op, work);
    return 0;
}

/* ---- the end ---- */

int pool_shutdown(struct pool *pool, pool_cb cb, void *arg)
{
    if (pool->closing)
        return -EALREADY;
    if (pool->outstanding == 0 && event_add(pool->wake, NULL) != 0)
        return -ENOMEM;
    pool->closing = true;
    pool->cb = cb;
    pool->cb_arg = arg;
    if (pool->outstanding == 0)
        pool_stop(pool);
    return 0;
}

/* ---- reading and writing: all of it, and the errno of the call that failed ---- */

static int64_t read_fully(int fd, char *bytes, size_t n, int64_t at)
{
    size_t done = 0;
    ssize_t got = 1;

    while (done < n && got != 0) {
        got = pread(fd, bytes + done, n - done, at + (off_t)done);
        if (got < 0 && errno != EINTR)
            return -errno;
        done += got > 0 ? (size_t)got : 0;
    }
    return (int64_t)done;
}

static int64_t write_fully(int fd, const char *bytes, size_t n, int64_t at)
{
    size_t done = 0;

    while (done < n) {
        ssize_t put = pwrite(fd, bytes + done, n - done, at + (off_t)done);
        if (put < 0 && errno != EINTR)
            return -errno;
        done += put > 0 ? (size_t)put : 0;
    }
    return (int64_t)done;
}

/* ---- lines ---- */

struct splitter {
    size_t max_line;
    splitter_fn fn;
    void *arg;
    int64_t number; /* of the line under way */
    size_t n;       /* bytes that it had in the pieces before */
    bool cr;        /* the last of them was a '\r' */
    char kept[];    /* the first of them: up to max_line, and one more, for a '\r' */
};

struct splitter *splitter_new(size_t max_line, splitter_fn fn, void *arg)
{
    struct splitter *s = malloc(sizeof(*s) + max_line + 1);
    if (s != NULL)
        *s = (struct splitter){.max_line = max_line, .fn = fn, .arg = arg, .number = 1};
    return s;
}

/* The line under way has n bytes more. */
static void line_grows(struct splitter *s, const char *bytes, size_t n)
{
    size_t most = s->max_line + 1, had = s->n < most ? s->n : most;

    memcpy(s->kept + had, bytes, n < most - had ? n : most - had);
    s->n += n;
    if (n > 0)
        s->cr = bytes[n - 1] == '\r';
}

static int line_ends(struct splitter *s, const char *line, size_t n)
{
    return s->fn(n <= s->max_line ? line : NULL, n, s->number++, s->arg);
}

int splitter_feed(struct splitter *s, const char *bytes, size_t n)
{
    const char *newline, *end = bytes + n;
    int stop = 0;

    while (stop == 0 && (newline = memchr(bytes, '\n', (size_t)(end - bytes))) != NULL) {
        size_t length = (size_t)(newline - bytes);
        if (s->n == 0) { /* most often it lies in one piece, and need not be copied */
            stop = line_ends(s, bytes, length - (length > 0 && newline[-1] == '\r'));
        } else {
            line_grows(s, bytes, length);
            length = s->n - s->cr;
            s->n = 0;
            stop = line_ends(s, s->kept, length);
        }
        bytes = newline + 1;
    }
    if (stop == 0)
        line_grows(s, bytes, (size_t)(end - bytes));
    return stop;
}

int splitter_end(struct splitter *s)
{
    return s->n > 0 ? line_ends(s, s->kept, s->n) : 0;
}

void splitter_free(struct splitter *s)
{
    free(s);
}

/* ---- a whole file ---- */

/* Waits until fd can be read, or the operation is cancelled. */
static void op_wait_readable(struct op *op, int fd)
{
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN},
                           {.fd = op->worker->wake_fd, .events = POLLIN}};

    while (!op->cancelled && fds[0].revents == 0)
        (void)poll(fds, 2, -1); /* interrupted: once more */
}

static int file_read(struct file *f, struct op *op, int in, char *chunk, struct splitter *splitter)
{
    struct stat st;
    bool waits = fstat(in, &st) == 0 && !S_ISREG(st.st_mode);
    int64_t n;
    int stop = 0;

    do {
        if (waits)
            op_wait_readable(op, in);
        n = op->cancelled ? -ECANCELED : read_some(in, chunk, f->options.chunk);
        if (n > 0) {
            text_count(&f->count, chunk, (size_t)n);
            op->bytes += n;
            if (op->batch != NULL)
                op->batch->bytes += n;
            stop = splitter != NULL ? splitter_feed(splitter, chunk, (size_t)n) : 0;
        }
    } while (stop == 0 && (n > 0 || n == -EAGAIN));
    if (n == 0 && splitter != NULL)
        stop = splitter_end(splitter);
    return n < 0 ? (int)n : stop;
}

static int temp_open(struct file *f, int in)
{
    size_t size = strlen(f->out_path) + sizeof(".XXXXXX");
    char *temp = malloc(size);
    struct stat st;

    if (temp == NULL)
        return -ENOMEM;
    snprintf(temp, size, "%s.XXXXXX", f->out_path);
    f->out.fd = mkostemp(temp, O_CLOEXEC);
    if (f->out.fd < 0) {
        int error = -errno; /* free() may change it */
        free(temp);
        return error;
    }
    f->temp = temp;
    return fstat(in, &st) == 0 && fchmod(f->out.fd, st.st_mode & 0777) == 0 ? 0 : -errno;
}

static int temp_close(struct file *f, struct op *op, int result)
{
    if (result == 0)
        result = line_flush(&f->out);
    if (result == 0)
        result = fsync_fully(f->out.fd);
    if (close(f->out.fd) != 0 && result == 0)
        result = -errno;
    if (result == 0 && !op_commit(op))
        result = -ECANCELED;
    if (result == 0 && rename(f->temp, f->out_path) != 0)
        result = -errno;
    if (result != 0)
        unlink(f->temp);
    free(f->temp);
    return result;
}

/* ---- cancelling ---- */

int op_cancel(struct op *op)
{
    struct pool *pool = op->pool;

    pthread_mutex_lock(&pool->lock);
    bool too_late = !op->cancelled && op->state >= COMMITTED, first = !op->cancelled && !too_late;
    if (first) {
        op->cancelled = true;
        if (op->state == QUEUED) { /* nobody has begun it, nobody will */
            TAILQ_REMOVE(&pool->queue, op, link);
            op->state = DONE;
        } else if (op->worker != NULL) {
            (void)eventfd_write(op->worker->wake_fd, 1); /* it cannot be full */
        }
        op_list(op);
    }
    pthread_mutex_unlock(&pool->lock);
    if (first && op->on_cancel != NULL)
        op->on_cancel(op->arg);
    return too_late ? -EALREADY : 0;
}

static bool op_commit(struct op *op)
{
    pthread_mutex_lock(&op->pool->lock);
    bool good = !op->cancelled;
    op->state = good ? COMMITTED : op->state;
    pthread_mutex_unlock(&op->pool->lock);
    return good;
}

/* ---- many files ---- */

static void batch_tell(struct batch *b)
{
    while (!b->op->cancelled && b->told < b->next) {
        int i = b->told;
        struct file *f = b->files[i];
        int result = f != NULL ? f->result : -ENOMEM;
        if (f != NULL && !f->over)
            break;
        b->files[b->told++] = NULL;
        b->failed += result != 0;
        b->each(i, result, result == 0 ? &f->report : NULL, b->arg);
        free(f);
    }
}

static void on_batch_file_over(void *arg)
{
    struct file *f = arg;
    struct batch *b = f->batch;

    f->over = true;
    b->running--;
    batch_begin(b); /* before anybody is told, and takes a place of the pool */
    batch_tell(b);
    if (b->running == 0)
        batch_end(b);
}

static void batch_begin(struct batch *b)
{
    while (!b->op->cancelled && b->running < b->concurrency && b->next < b->n) {
        struct file *f = batch_file_new(b, b->next, on_batch_file_over);
        b->files[b->next++] = f;
        if (f == NULL)
            continue; /* no memory for this one: it has failed */
        b->running++;
        op_queue(f->op, file_run);
    }
}

int main(int argc, char **argv)
{
    return p5_program(argc, argv);
}
