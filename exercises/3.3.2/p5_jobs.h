/* p5_jobs.h: what is around the work with whole files. Given.
 *
 * Copies what callers hand in, makes room for a worker, and calls your functions. You may do
 * without this file: the tests know p5_file_processor.h only.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P5_JOBS_H
#define P5_JOBS_H

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "p5_calls.h"
#include "p5_file_processor.h"
#include "p5_pool.h"
#include "p5_text.h"

/* ---- one file ---- */

enum { CHUNK = 256 * 1024 };

/* Of the loop until it is queued and after it is done, and of a worker in between. */
struct file {
    struct file_options options; /* without zeros */
    file_cb cb;                  /* of file_process(), or NULL: */
    void *arg;
    struct batch *batch;     /* the file is one of a batch */
    bool over;               /* no worker uses it any more */
    int result;              /* 0, or a negative errno */
    struct text_count count; /* of what was read; from there it gets into: */
    struct file_report report;
    struct op *op;       /* that processes it; good until the callback is called */
    struct line_out out; /* what is written, to the file `temp` */
    char *temp;          /* NULL while there is none */
    char *out_path;      /* or NULL; lies behind the path */
    char path[];
};

static inline bool job_is_good(const struct file_job *job, const struct file_options *options)
{
    return job->path != NULL &&
           (job->out_path == NULL || (options != NULL && options->line != NULL));
}

/* NULL without memory. */
static inline struct file *file_new(const struct file_job *job, const struct file_options *options)
{
    size_t n = strlen(job->path) + 1;
    size_t n_out = job->out_path != NULL ? strlen(job->out_path) + 1 : 0;
    struct file *f = calloc(1, sizeof(*f) + n + n_out);

    if (f == NULL)
        return NULL;
    memcpy(f->path, job->path, n);
    if (job->out_path != NULL)
        f->out_path = memcpy(f->path + n, job->out_path, n_out);
    if (options != NULL)
        f->options = *options;
    if (f->options.chunk == 0)
        f->options.chunk = CHUNK;
    if (f->options.max_line == 0)
        f->options.max_line = f->options.chunk;
    return f;
}

/* Yours, all for a worker. The first reads `in` to its end, through `chunk`, and counts in
 * f->count; splitter: NULL if nobody wants the lines. 0, or a negative errno. */
static int file_read(struct file *f, struct op *op, int in, char *chunk, struct splitter *splitter);
/* Makes the file that will become out_path: f->temp, its path, from malloc(), and f->out.fd. 0,
 * or a negative errno; f->temp is NULL if there is no such file. */
static int temp_open(struct file *f, int in);
/* Ends it, after `result`: out_path is what was written, or what it was before. The result is the
 * same, or the errno of what failed here. f->temp is freed. */
static int temp_close(struct file *f, struct op *op, int result);

static inline int on_line(const char *line, size_t n, int64_t number, void *arg)
{
    struct file *f = arg;
    struct line_out *out = f->temp != NULL ? &f->out : NULL;
    int error = line == NULL ? -EMSGSIZE : f->options.line(line, n, number, out, f->options.arg);

    if (error != 0 && f->out.error == 0 && f->report.n_errors++ < FILE_ERRORS_MOST)
        f->report.errors[f->report.n_errors - 1] = (struct line_error){number, error};
    return f->out.error;
}

static int64_t file_run(struct op *op, void *arg)
{
    struct file *f = arg;
    /* O_NONBLOCK: a FIFO is waited for in op_wait_readable(), where a cancellation is noticed. */
    int in = open(f->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    if (in < 0)
        return -errno;
    bool lines = f->options.line != NULL;
    char *chunk = malloc(f->options.chunk);
    struct splitter *splitter = lines ? splitter_new(f->options.max_line, on_line, f) : NULL;
    int result = chunk == NULL || (lines && splitter == NULL) ? -ENOMEM : 0;
    f->out.size = f->out_path != NULL ? f->options.chunk : 0;
    f->out.bytes = f->out.size > 0 ? malloc(f->out.size) : NULL;
    if (f->out.size > 0 && f->out.bytes == NULL)
        result = -ENOMEM;
    if (result == 0 && f->out_path != NULL)
        result = temp_open(f, in);
    if (result == 0)
        result = file_read(f, op, in, chunk, splitter);
    if (f->temp != NULL)
        result = temp_close(f, op, result);
    close(in);
    f->report.lines = f->count.lines;
    f->report.words = f->count.words;
    f->report.bytes = f->count.bytes;
    free(f->out.bytes);
    splitter_free(splitter);
    free(chunk);
    return result;
}

static void on_file_done(int64_t result, void *arg)
{
    struct file *f = arg;
    f->cb((int)result, result == 0 ? &f->report : NULL, f->arg);
}

int file_process(struct pool *pool, const struct file_job *job, const struct file_options *options,
                 file_cb cb, void *arg, struct op **op)
{
    struct file *f = job_is_good(job, options) ? file_new(job, options) : NULL;

    if (f == NULL)
        return job_is_good(job, options) ? -ENOMEM : -EINVAL;
    f->cb = cb;
    f->arg = arg;
    int error = pool_run(pool, file_run, on_file_done, free, f, op);
    if (error != 0)
        free(f);
    return error;
}

/* ---- many files ---- */

struct batch {
    struct op *op; /* of the whole: no worker runs it; its end is the end of the last file */
    const struct file_job *jobs; /* borrowed */
    struct file_options options;
    file_each_cb each;
    file_many_cb cb;
    void *arg;
    int n, concurrency;
    int next, told, failed; /* jobs: begun, told to each(), failed of the latter */
    int running;            /* files that have not been released */
    struct file *files[];   /* those that were begun and not told; NULL: without memory */
};

/* Yours: begins jobs, as many as may run at a time. */
static void batch_begin(struct batch *b);

static inline void on_batch_file(int64_t result, void *arg)
{
    struct file *f = arg;
    f->result = (int)result;
    f->op = NULL;
}

/* The file of jobs[i], and an operation that file_run() is to be given to; `over` is called with
 * the file when no worker uses it any more. NULL without memory. */
static inline struct file *batch_file_new(struct batch *b, int i, op_release over)
{
    struct file *f = file_new(&b->jobs[i], &b->options);

    if (f == NULL)
        return NULL;
    f->batch = b;
    f->op = op_new(b->op->pool, 0, on_batch_file, over, f);
    if (f->op == NULL) {
        free(f);
        return NULL;
    }
    f->op->batch = b->op;
    return f;
}

/* All files have been released: the last thing to be done with b. */
static inline void batch_end(struct batch *b)
{
    pthread_mutex_lock(&b->op->pool->lock);
    op_finish(b->op, b->failed);
    pthread_mutex_unlock(&b->op->pool->lock);
}

static inline void on_batch_cancel(void *arg)
{
    struct batch *b = arg;

    for (int i = b->told; i < b->next; i++)
        if (b->files[i] != NULL && b->files[i]->op != NULL)
            (void)op_cancel(b->files[i]->op); /* too late for some: those will be complete */
}

static inline void on_batch_done(int64_t result, void *arg)
{
    struct batch *b = arg;
    b->cb((int)result, b->arg);
}

static inline void batch_free(void *arg)
{
    struct batch *b = arg;

    for (int i = b->told; i < b->next; i++)
        free(b->files[i]);
    free(b);
}

int file_process_many(struct pool *pool, const struct file_job jobs[], int n, int concurrency,
                      const struct file_options *options, file_each_cb each, file_many_cb cb,
                      void *arg, struct op **op)
{
    int places = n < 1 ? 1 : n < concurrency ? n : concurrency;
    int error = n < 0 || concurrency < 1 ? -EINVAL : pool_refuses(pool, places);
    struct batch *b;

    for (int i = 0; i < n; i++)
        error = job_is_good(&jobs[i], options) ? error : -EINVAL;
    if (error != 0)
        return error;
    b = calloc(1, sizeof(*b) + (size_t)n * sizeof(b->files[0]));
    if (b == NULL || (b->op = op_new(pool, places, on_batch_done, batch_free, b)) == NULL) {
        free(b);
        return -ENOMEM;
    }
    *b = (struct batch){.op = b->op, .jobs = jobs, .each = each, .cb = cb, .arg = arg, .n = n};
    b->concurrency = concurrency;
    if (options != NULL)
        b->options = *options;
    b->op->state = RUNNING;
    b->op->on_cancel = on_batch_cancel;
    if (op != NULL)
        *op = b->op;
    batch_begin(b);
    if (n == 0)
        batch_end(b);
    if (n == 0 || b->running > 0)
        return 0;
    error = b->next == 0 ? -ENOSYS : -ENOMEM; /* nothing is written yet; no memory for any */
    pool->pending -= places;
    op_free(b->op);
    return error;
}

#endif
