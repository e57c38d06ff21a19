/* p5_file_processor.c: another way. The loop takes all news at once, and what comes meanwhile at
 * its next turn; a worker empties its eventfd before it begins, not after. Lines are copied byte by
 * byte. Whatever is read is waited for with poll(), regular files too. The new file's name is drawn
 * here, until there is none of that name.
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
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "p5_calls.h"
#include "p5_jobs.h"
#include "p5_pool.h"
#include "p5_text.h"

/* ---- the pool ---- */

int pool_init(void)
{
    return evthread_use_pthreads() != 0 ? -ENOMEM : 0;
}

/* News of op. The lock is held. */
static void tell_loop(struct op *op)
{
    event_active(op->pool->wake, EV_READ, 0);
    if (op->listed)
        return;
    op->listed = true;
    TAILQ_INSERT_TAIL(&op->pool->done, op, link);
}

static void op_finish(struct op *op, int64_t result)
{
    op->result = result;
    op->state = DONE;
    op->worker = NULL;
    tell_loop(op);
}

/* The next operation for a worker, as soon as there is one; NULL: there never will be. */
static struct op *take(struct worker *w)
{
    struct pool *pool = w->pool;
    struct op *op;
    eventfd_t for_another;

    pthread_mutex_lock(&pool->lock);
    while (TAILQ_EMPTY(&pool->queue) && !pool->stop)
        pthread_cond_wait(&pool->more, &pool->lock);
    op = TAILQ_FIRST(&pool->queue);
    if (op != NULL) {
        TAILQ_REMOVE(&pool->queue, op, link);
        (void)eventfd_read(w->wake_fd, &for_another);
        op->worker = w;
        op->state = RUNNING;
    }
    pthread_mutex_unlock(&pool->lock);
    return op;
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    struct op *op;

    while ((op = take(w)) != NULL) {
        int64_t result = op->work(op, op->arg);
        pthread_mutex_lock(&w->pool->lock);
        op_finish(op, result);
        pthread_mutex_unlock(&w->pool->lock);
    }
    pthread_mutex_lock(&w->pool->lock);
    w->pool->alive--;
    event_active(w->pool->wake, EV_READ, 0);
    pthread_mutex_unlock(&w->pool->lock);
    return NULL;
}

/* The first of some news, which it takes out; *over: nobody else uses it any more. */
static struct op *news_next(struct pool *pool, struct op_list *news, bool *over)
{
    struct op *op;

    pthread_mutex_lock(&pool->lock);
    op = TAILQ_FIRST(news);
    if (op != NULL) {
        TAILQ_REMOVE(news, op, link);
        op->listed = false;
        *over = op->state == DONE;
    }
    pthread_mutex_unlock(&pool->lock);
    return op;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct pool *pool = arg;
    struct op_list news = TAILQ_HEAD_INITIALIZER(news);
    struct op *op;
    bool over;
    (void)fd;
    (void)what;

    pthread_mutex_lock(&pool->lock);
    bool all_ended = pool->alive == 0;
    TAILQ_CONCAT(&news, &pool->done, link);
    pthread_mutex_unlock(&pool->lock);
    while ((op = news_next(pool, &news, &over)) != NULL) {
        if (!op->told) {
            op->told = true;
            pool->pending -= op->places;
            op->cb(op->cancelled ? -ECANCELED : op->result, op->arg);
        }
        if (over)
            op_free(op);
    }
    if (all_ended)
        pool_end(pool);
    else if (pool->closing && pool->outstanding == 0)
        pool_stop(pool);
}

static int pool_refuses(const struct pool *pool, int places)
{
    return pool->closing ? -ESHUTDOWN : pool->pending > pool->max_ops - places ? -EAGAIN : 0;
}

int pool_run(struct pool *pool, op_work work, op_cb cb, op_release release, void *arg,
             struct op **handle)
{
    struct op *op;
    int error = pool_refuses(pool, 1);

    if (error != 0)
        return error;
    op = op_new(pool, 1, cb, release, arg);
    if (op == NULL)
        return -ENOMEM;
    if (handle != NULL)
        *handle = op;
    op_queue(op, work);
    return 0;
}

int pool_shutdown(struct pool *pool, pool_cb cb, void *arg)
{
    if (pool->closing)
        return -EALREADY;
    if (pool->outstanding == 0 && event_add(pool->wake, NULL) != 0)
        return -ENOMEM;
    pool->closing = true;
    pool->cb = cb;
    pool->cb_arg = arg;
    event_active(pool->wake, EV_READ, 0); /* on_wake() sees whether that is all */
    return 0;
}

/* ---- cancelling ---- */

int op_cancel(struct op *op)
{
    pthread_mutex_lock(&op->pool->lock);
    int result = op->cancelled ? 1 : op->state == COMMITTED || op->state == DONE ? -EALREADY : 0;
    if (result == 0)
        op->cancelled = true;
    if (result == 0 && op->state == QUEUED) {
        TAILQ_REMOVE(&op->pool->queue, op, link);
        op_finish(op, -ECANCELED);
    } else if (result == 0) {
        tell_loop(op);
        if (op->worker != NULL)
            (void)eventfd_write(op->worker->wake_fd, 1);
    }
    pthread_mutex_unlock(&op->pool->lock);
    if (result == 0 && op->on_cancel != NULL)
        op->on_cancel(op->arg);
    return result < 0 ? result : 0;
}

static bool op_commit(struct op *op)
{
    pthread_mutex_lock(&op->pool->lock);
    if (!op->cancelled)
        op->state = COMMITTED;
    bool committed = op->state == COMMITTED;
    pthread_mutex_unlock(&op->pool->lock);
    return committed;
}

/* ---- reading and writing ---- */

static int64_t read_fully(int fd, char *bytes, size_t n, int64_t at)
{
    size_t left = n;

    while (left > 0) {
        ssize_t got = pread(fd, bytes, left, at);
        if (got == 0)
            break;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        bytes += got;
        at += got;
        left -= (size_t)got;
    }
    return (int64_t)(n - left);
}

static int64_t write_fully(int fd, const char *bytes, size_t n, int64_t at)
{
    const char *end = bytes + n;

    while (bytes < end) {
        ssize_t put = pwrite(fd, bytes, (size_t)(end - bytes), at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -errno;
        bytes += put;
        at += put;
    }
    return (int64_t)n;
}

/* ---- lines: byte by byte ---- */

struct splitter {
    splitter_fn fn;
    void *arg;
    int64_t number;
    size_t n, room; /* bytes of the line so far; how many of them find room */
    char last, line[];
};

struct splitter *splitter_new(size_t max_line, splitter_fn fn, void *arg)
{
    struct splitter *s = calloc(1, sizeof(*s) + max_line + 1);

    if (s == NULL)
        return NULL;
    s->fn = fn;
    s->arg = arg;
    s->room = max_line + 1;
    return s;
}

static int line_is_complete(struct splitter *s, bool has_end)
{
    size_t n = s->n - (has_end && s->n > 0 && s->last == '\r');

    s->n = 0;
    return s->fn(n < s->room ? s->line : NULL, n, ++s->number, s->arg);
}

int splitter_feed(struct splitter *s, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == '\n') {
            int stop = line_is_complete(s, true);
            if (stop != 0)
                return stop;
            continue;
        }
        if (s->n < s->room)
            s->line[s->n] = bytes[i];
        s->n++;
        s->last = bytes[i];
    }
    return 0;
}

int splitter_end(struct splitter *s)
{
    return s->n == 0 ? 0 : line_is_complete(s, false);
}

void splitter_free(struct splitter *s)
{
    free(s);
}

/* ---- a whole file ---- */

/* Regular files are always ready. */
static int file_read(struct file *f, struct op *op, int in, char *chunk, struct splitter *splitter)
{
    for (;;) {
        struct pollfd fds[] = {{in, POLLIN, 0}, {op->worker->wake_fd, POLLIN, 0}};
        int ready = poll(fds, 2, -1);
        if (op_cancelled(op))
            return -ECANCELED;
        if (ready < 0)
            continue;
        int64_t n = read_some(in, chunk, f->options.chunk);
        if (n == -EAGAIN)
            continue;
        if (n < 0)
            return (int)n;
        if (n == 0)
            return splitter != NULL ? splitter_end(splitter) : 0;
        text_count(&f->count, chunk, (size_t)n);
        op->bytes += n;
        if (op->batch != NULL)
            op->batch->bytes += n;
        int stop = splitter != NULL ? splitter_feed(splitter, chunk, (size_t)n) : 0;
        if (stop != 0)
            return stop;
    }
}

static int temp_open(struct file *f, int in)
{
    struct stat st;
    unsigned draw;

    if (fstat(in, &st) != 0 || asprintf(&f->temp, "%s.000000", f->out_path) < 0) {
        f->temp = NULL;
        return -ENOMEM;
    }
    do {
        (void)getrandom(&draw, sizeof(draw), 0);
        sprintf(f->temp + strlen(f->out_path), ".%06x", draw & 0xffffff);
        f->out.fd = open(f->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    } while (f->out.fd < 0 && errno == EEXIST);
    if (f->out.fd >= 0)
        return fchmod(f->out.fd, st.st_mode & ACCESSPERMS) < 0 ? -errno : 0;
    int error = errno;
    free(f->temp);
    f->temp = NULL;
    return -error;
}

static int temp_close(struct file *f, struct op *op, int result)
{
    if (result == 0)
        result = line_flush(&f->out);
    if (result == 0)
        result = fsync_fully(f->out.fd);
    if (close(f->out.fd) < 0 && result == 0)
        result = -errno;
    if (result == 0)
        result = !op_commit(op) ? -ECANCELED : rename(f->temp, f->out_path) < 0 ? -errno : 0;
    if (result < 0)
        unlink(f->temp);
    free(f->temp);
    return result;
}

/* ---- many files ---- */

static void on_over(void *arg);

static void batch_begin(struct batch *b)
{
    for (; !b->op->cancelled && b->running < b->concurrency && b->next < b->n; b->next++) {
        struct file *f = batch_file_new(b, b->next, on_over);
        b->files[b->next] = f;
        b->running += f != NULL;
        if (f != NULL)
            op_queue(f->op, file_run);
    }
}

static void on_over(void *arg)
{
    struct file *f = arg;
    struct batch *b = f->batch;

    f->over = true;
    b->running--;
    batch_begin(b);
    for (int i = b->told; i < b->next && !b->op->cancelled; i = b->told) {
        f = b->files[i];
        if (f != NULL && !f->over)
            break;
        int result = f != NULL ? f->result : -ENOMEM;
        b->files[b->told++] = NULL;
        b->failed += result != 0;
        b->each(i, result, result == 0 ? &f->report : NULL, b->arg);
        free(f);
    }
    if (b->running == 0)
        batch_end(b);
}
