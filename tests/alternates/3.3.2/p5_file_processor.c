/* p5_file_processor.c: another way. An eventfd wakes the loop, a semaphore the workers; what is
 * done comes over a stack without a lock; each operation has a descriptor that says that it was
 * cancelled. Lines are copied byte by byte. Of what is given it uses p5_calls.h and p5_text.h only.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "p5_file_processor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "p5_calls.h"
#include "p5_text.h"

/* Whoever is first, op_cancel() or the work's end, decides for good. */
enum { OPEN, CANCELLED, SEALED };

/* News for the loop. */
struct news {
    struct news *next;
    struct op *op;
    bool over; /* nobody uses the operation any more */
};

struct op {
    struct pool *pool;
    struct op *next; /* in the queue */
    op_work work;
    op_cb cb;
    op_release release;
    void *arg;
    int places, cancel_fd;
    bool told;
    struct many *many; /* of which this operation is the whole, or NULL */
    struct op *whole;  /* this one is a part of it */
    atomic_int fate;
    _Atomic int64_t bytes, result;
    struct news of_cancel, of_end;
};

struct pool {
    struct event *event;
    int fd; /* an eventfd: there are news */
    int room, open;
    bool closing;
    pool_cb cb;
    void *cb_arg;
    sem_t work; /* as many as there are in the queue, and one for each worker at
                 the end */
    pthread_mutex_t lock;
    struct op *first, **last; /* the queue */
    struct news *_Atomic news;
    atomic_int alive;
    atomic_bool ending; /* who finds nothing in the queue ends */
    int n;
    pthread_t threads[];
};

int pool_init(void)
{
    return 0; /* an eventfd is all that the workers touch */
}

static void tell_loop(struct news *news, struct op *op, bool over)
{
    int fd = op->pool->fd; /* op may be gone as soon as it is there */

    *news = (struct news){atomic_load(&op->pool->news), op, over};
    while (!atomic_compare_exchange_weak(&op->pool->news, &news->next, news))
        continue;
    (void)eventfd_write(fd, 1);
}

/* Takes the first one out of the queue, or `which`. NULL if it is not there. */
static struct op *take(struct pool *pool, struct op *which)
{
    pthread_mutex_lock(&pool->lock);
    struct op **at = &pool->first;
    while (*at != NULL && which != NULL && *at != which)
        at = &(*at)->next;
    struct op *op = *at;
    if (op != NULL && (*at = op->next) == NULL)
        pool->last = at;
    pthread_mutex_unlock(&pool->lock);
    return op;
}

static bool op_commit(struct op *op)
{
    int fate = OPEN;
    return atomic_compare_exchange_strong(&op->fate, &fate, SEALED) || fate == SEALED;
}

static void *serve(void *arg)
{
    struct pool *pool = arg;
    struct op *op = NULL;
    int fd = pool->fd;

    while (sem_wait(&pool->work) != 0 || (op = take(pool, NULL)) != NULL || !pool->ending) {
        if (op == NULL)
            continue; /* it was cancelled */
        if (op->fate == OPEN)
            op->result = op->work(op, op->arg);
        (void)op_commit(op);
        tell_loop(&op->of_end, op, true);
    }
    pool->alive--;
    (void)eventfd_write(fd, 1);
    return NULL;
}

static void pool_end(struct pool *pool)
{
    pool->ending = true;
    for (int i = 0; i < pool->n; i++)
        sem_post(&pool->work); /* for nothing */
}

static void pool_free(struct pool *pool)
{
    for (int i = 0; i < pool->n; i++)
        pthread_join(pool->threads[i], NULL);
    if (pool->event != NULL)
        event_free(pool->event);
    if (pool->fd >= 0)
        close(pool->fd);
    sem_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

static void tell(struct op *op)
{
    if (op->told)
        return;
    op->told = true;
    op->pool->room += op->places;
    op->cb(op->fate == CANCELLED ? -ECANCELED : op->result, op->arg);
}

static void op_end(struct op *op)
{
    struct pool *pool = op->pool;

    tell(op);
    if (op->release != NULL)
        op->release(op->arg);
    if (op->cancel_fd >= 0)
        close(op->cancel_fd);
    free(op);
    if (--pool->open == 0 && !pool->closing)
        event_del(pool->event);
}

static void on_news(evutil_socket_t fd, short what, void *arg)
{
    struct pool *pool = arg;
    struct news *all = NULL, *next;
    eventfd_t n;
    (void)what;

    (void)eventfd_read(fd, &n);
    for (struct news *news = atomic_exchange(&pool->news, NULL); news != NULL; news = next) {
        next = news->next; /* the last comes first: turn them round */
        news->next = all;
        all = news;
    }
    for (struct news *news = all; news != NULL; news = news->next)
        if (!news->over)
            tell(news->op); /* first: what is over is freed */
    for (; all != NULL; all = next) {
        next = all->next;
        if (all->over)
            op_end(all->op);
    }
    if (pool->closing && pool->open == 0 && pool->alive == 0) {
        pool_cb cb = pool->cb;
        void *cb_arg = pool->cb_arg;
        pool_free(pool);
        if (cb != NULL)
            cb(cb_arg);
    } else if (pool->closing && pool->open == 0) {
        pool_end(pool);
    }
}

struct pool *pool_new(struct event_base *base, int n_threads, int max_ops)
{
    size_t room = n_threads > 0 ? (size_t)n_threads : 0;
    struct pool *pool = calloc(1, sizeof(*pool) + room * sizeof(pool->threads[0]));

    if (pool == NULL)
        return NULL;
    pool->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pool->event =
        pool->fd < 0 ? NULL : event_new(base, pool->fd, EV_READ | EV_PERSIST, on_news, pool);
    pool->room = max_ops;
    pool->last = &pool->first;
    sem_init(&pool->work, 0, 0);
    pthread_mutex_init(&pool->lock, NULL);
    while (pool->event != NULL && pool->n < n_threads &&
           pthread_create(&pool->threads[pool->n], NULL, serve, pool) == 0) {
        pool->alive++;
        pool->n++;
    }
    if (pool->event != NULL && pool->n == n_threads && n_threads > 0 && max_ops > 0)
        return pool;
    pool_end(pool);
    pool_free(pool);
    return NULL;
}

static int accepts(const struct pool *pool, int places)
{
    return pool->closing ? -ESHUTDOWN : places > pool->room ? -EAGAIN : 0;
}

static struct op *op_make(struct pool *pool, int places, op_cb cb, op_release release, void *arg)
{
    struct op *op = calloc(1, sizeof(*op));

    if (op == NULL)
        return NULL;
    op->cancel_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (op->cancel_fd < 0 || (pool->open == 0 && event_add(pool->event, NULL) != 0)) {
        if (op->cancel_fd >= 0)
            close(op->cancel_fd);
        free(op);
        return NULL;
    }
    pool->open++;
    pool->room -= places;
    op->pool = pool;
    op->places = places;
    op->cb = cb;
    op->release = release;
    op->arg = arg;
    return op;
}

static void enqueue(struct op *op, op_work work)
{
    op->work = work;
    pthread_mutex_lock(&op->pool->lock);
    *op->pool->last = op;
    op->pool->last = &op->next;
    pthread_mutex_unlock(&op->pool->lock);
    sem_post(&op->pool->work);
}

int pool_run(struct pool *pool, op_work work, op_cb cb, op_release release, void *arg,
             struct op **handle_)
{
    int error = accepts(pool, 1);
    struct op *op = error != 0 ? NULL : op_make(pool, 1, cb, release, arg);

    if (op == NULL)
        return error != 0 ? error : -ENOMEM;
    if (handle_ != NULL)
        *handle_ = op;
    enqueue(op, work);
    return 0;
}

int pool_shutdown(struct pool *pool, pool_cb cb, void *arg)
{
    if (pool->closing)
        return -EALREADY;
    if (pool->open == 0 && event_add(pool->event, NULL) != 0)
        return -ENOMEM;
    pool->closing = true;
    pool->cb = cb;
    pool->cb_arg = arg;
    (void)eventfd_write(pool->fd, 1);
    return 0;
}

/* ---- cancelling ---- */

static void many_cancel(struct many *many);

int op_cancel(struct op *op)
{
    int fate = OPEN;

    if (!atomic_compare_exchange_strong(&op->fate, &fate, CANCELLED))
        return fate == CANCELLED ? 0 : -EALREADY;
    if (op->many == NULL && take(op->pool, op) != NULL) {
        tell_loop(&op->of_end, op, true);
        return 0;
    }
    tell_loop(&op->of_cancel, op, false);
    (void)eventfd_write(op->cancel_fd, 1);
    if (op->many != NULL)
        many_cancel(op->many);
    return 0;
}

bool op_cancelled(const struct op *op)
{
    return op->fate == CANCELLED;
}

int64_t op_bytes(const struct op *op)
{
    return op->bytes;
}

/* ---- single calls ---- */

static inline int64_t read_fully(int fd, char *bytes, size_t n, int64_t at)
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

static inline int64_t write_fully(int fd, const char *bytes, size_t n, int64_t at)
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

struct work {
    struct file_options options;
    file_cb cb;
    void *arg;
    struct many *many;
    int i;
    struct op *op; /* of one of many, until it was told */
    int64_t result;
    bool over;
    struct file_report report;
    struct line_out out;
    char *path, *out_path, *temp; /* `temp`: the new file's; "" while there is none */
};

static int note_error(struct file_report *report, int64_t line, int error)
{
    if (report->n_errors < FILE_ERRORS_MOST)
        report->errors[report->n_errors] = (struct line_error){line, error};
    report->n_errors++;
    return 0;
}

static int on_one_line(const char *line, size_t n, int64_t number, void *arg)
{
    struct work *w = arg;
    struct line_out *out = w->out_path != NULL ? &w->out : NULL;

    if (line == NULL)
        return note_error(&w->report, number, -EMSGSIZE);
    int error = w->options.line(line, n, number, out, w->options.arg);
    if (w->out.error != 0)
        return w->out.error;
    return error != 0 ? note_error(&w->report, number, error) : 0;
}

/* True once there is something to read; false if it was cancelled. Regular
 * files are always ready. */
static bool wait_for(struct op *op, int fd)
{
    struct pollfd fds[2] = {{fd, POLLIN, 0}, {op->cancel_fd, POLLIN, 0}};

    while (poll(fds, 2, -1) < 0)
        continue;
    return fds[1].revents == 0;
}

static int64_t pump(struct work *w, struct op *op, int in, char *chunk, struct splitter *s)
{
    struct text_count count = {0};
    int64_t n = 1;
    int stop = 0;

    while (n != 0 && stop == 0) {
        if (!wait_for(op, in))
            return -ECANCELED;
        n = read_some(in, chunk, w->options.chunk);
        if (n == -EAGAIN)
            continue;
        if (n < 0)
            return n;
        text_count(&count, chunk, (size_t)n);
        op->bytes += n;
        if (op->whole != NULL)
            op->whole->bytes += n;
        if (s != NULL)
            stop = splitter_feed(s, chunk, (size_t)n);
    }
    if (stop == 0 && s != NULL)
        stop = splitter_end(s);
    w->report.lines = count.lines;
    w->report.words = count.words;
    w->report.bytes = count.bytes;
    return stop;
}

static int64_t begin_out(struct work *w, int in)
{
    struct stat st;

    sprintf(w->temp, "%s.XXXXXX", w->out_path);
    w->out.fd = mkostemp(w->temp, O_CLOEXEC);
    w->out.size = w->options.chunk;
    if (w->out.fd < 0) {
        w->temp[0] = '\0';
        return -errno;
    }
    return fstat(in, &st) == 0 && fchmod(w->out.fd, st.st_mode & 0777) == 0 ? 0 : -errno;
}

static int64_t end_out(struct work *w, struct op *op, int64_t result)
{
    if (w->temp[0] == '\0')
        return result;
    if (result == 0)
        result = line_flush(&w->out);
    if (result == 0)
        result = fsync_fully(w->out.fd);
    if (close(w->out.fd) < 0 && result == 0)
        result = -errno;
    if (result == 0)
        result = !op_commit(op) ? -ECANCELED : rename(w->temp, w->out_path) < 0 ? -errno : 0;
    if (result < 0)
        unlink(w->temp);
    return result;
}

static int64_t run_file(struct op *op, void *arg)
{
    struct work *w = arg;
    bool lines = w->options.line != NULL, writes = w->out_path != NULL;
    int in = open(w->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (in < 0)
        return -errno;
    struct splitter *s = lines ? splitter_new(w->options.max_line, on_one_line, w) : NULL;
    char *chunks = malloc(w->options.chunk * (writes ? 2 : 1));
    int64_t result = chunks == NULL || (lines && s == NULL) ? -ENOMEM : 0;

    if (writes && result == 0) {
        w->out.bytes = chunks + w->options.chunk;
        result = begin_out(w, in);
    }
    if (result == 0)
        result = pump(w, op, in, chunks, s);
    result = end_out(w, op, result);
    free(chunks);
    splitter_free(s);
    close(in);
    return result;
}

static bool is_good(const struct file_job *job, const struct file_options *options)
{
    return job->path != NULL && (job->out_path == NULL || (options && options->line));
}

static struct work *work_new(const struct file_job *job, const struct file_options *options)
{
    size_t n = strlen(job->path) + 1, n_out = job->out_path ? strlen(job->out_path) + 1 : 1;
    struct work *w = calloc(1, sizeof(*w) + n + 2 * n_out + sizeof(".XXXXXX"));

    if (w == NULL)
        return NULL;
    w->path = strcpy((char *)(w + 1), job->path);
    w->temp = w->path + n + n_out;
    if (job->out_path != NULL)
        w->out_path = strcpy(w->path + n, job->out_path);
    if (options != NULL)
        w->options = *options;
    if (w->options.chunk == 0)
        w->options.chunk = 64 * 1024;
    if (w->options.max_line == 0)
        w->options.max_line = w->options.chunk;
    return w;
}

static void on_work_done(int64_t result, void *arg)
{
    struct work *w = arg;
    w->cb((int)result, result == 0 ? &w->report : NULL, w->arg);
}

int file_process(struct pool *pool, const struct file_job *job, const struct file_options *options,
                 file_cb cb, void *arg, struct op **op)
{
    if (!is_good(job, options))
        return -EINVAL;
    struct work *w = work_new(job, options);
    if (w == NULL)
        return -ENOMEM;
    w->cb = cb;
    w->arg = arg;
    int error = pool_run(pool, run_file, on_work_done, free, w, op);
    if (error != 0)
        free(w);
    return error;
}

/* ---- many files ---- */

struct many {
    struct op *op;
    const struct file_job *jobs;
    struct file_options options;
    file_each_cb each;
    file_many_cb cb;
    void *arg;
    int n, most, begun, told, failed, busy;
    struct work *works[]; /* of jobs told to begun; NULL: there was no memory */
};

static void on_one_done(int64_t result, void *arg)
{
    struct work *w = arg;
    w->result = result;
    w->op = NULL;
}

static void many_go_on(struct many *m);

static void on_one_over(void *arg)
{
    struct work *w = arg;
    w->over = true;
    w->many->busy--;
    many_go_on(w->many);
}

static void begin_one(struct many *m)
{
    int i = m->begun++;
    struct work *w = m->works[i] = work_new(&m->jobs[i], &m->options);

    if (w == NULL)
        return;
    w->many = m;
    w->op = op_make(m->op->pool, 0, on_one_done, on_one_over, w);
    if (w->op == NULL) {
        free(w);
        m->works[i] = NULL;
        return;
    }
    m->busy++;
    w->op->whole = m->op;
    enqueue(w->op, run_file);
}

static void begin_some(struct many *m)
{
    while (m->op->fate == OPEN && m->busy < m->most && m->begun < m->n)
        begin_one(m);
}

static void many_end(struct many *m)
{
    m->op->result = m->failed;
    (void)op_commit(m->op);
    tell_loop(&m->op->of_end, m->op, true);
}

static void many_go_on(struct many *m)
{
    begin_some(m);
    for (int i = m->told; i < m->begun && m->op->fate == OPEN; i = m->told) {
        struct work *w = m->works[i];
        if (w != NULL && !w->over)
            break;
        int result = w != NULL ? (int)w->result : -ENOMEM;
        m->works[m->told++] = NULL;
        m->failed += result != 0;
        m->each(i, result, result == 0 ? &w->report : NULL, m->arg);
        free(w);
    }
    if (m->busy == 0)
        many_end(m);
}

static void many_cancel(struct many *m)
{
    for (int i = m->told; i < m->begun; i++)
        if (m->works[i] != NULL && m->works[i]->op != NULL)
            (void)op_cancel(m->works[i]->op);
}

static void on_many_done(int64_t result, void *arg)
{
    struct many *m = arg;
    m->cb((int)result, m->arg);
}

static void many_free(void *arg)
{
    struct many *m = arg;

    while (m->begun > m->told)
        free(m->works[--m->begun]);
    free(m);
}

int file_process_many(struct pool *pool, const struct file_job jobs[], int n, int concurrency,
                      const struct file_options *options, file_each_cb each, file_many_cb cb,
                      void *arg, struct op **op)
{
    if (n < 0 || concurrency < 1)
        return -EINVAL;
    for (int i = 0; i < n; i++)
        if (!is_good(&jobs[i], options))
            return -EINVAL;
    int places = n == 0 ? 1 : n < concurrency ? n : concurrency, error = accepts(pool, places);
    if (error != 0)
        return error;
    struct many *m = calloc(1, sizeof(*m) + (size_t)n * sizeof(m->works[0]));
    if (m == NULL)
        return -ENOMEM;
    m->op = op_make(pool, places, on_many_done, many_free, m);
    if (m->op == NULL) {
        free(m);
        return -ENOMEM;
    }
    m->op->many = m;
    m->jobs = jobs;
    m->n = n;
    m->most = concurrency;
    m->each = each;
    m->cb = cb;
    m->arg = arg;
    m->options = options != NULL ? *options : (struct file_options){0};
    if (op != NULL)
        *op = m->op;
    begin_some(m);
    if (n == 0)
        many_end(m);
    if (n == 0 || m->busy > 0)
        return 0;
    m->op->told = true; /* nobody is to be told */
    pool->room += places;
    op_end(m->op);
    return -ENOMEM;
}
