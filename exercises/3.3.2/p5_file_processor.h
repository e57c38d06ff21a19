/* p5_file_processor.h: write a file processor whose loop never waits for a disk
 *
 * epoll refuses regular files, and a read() of one cannot be told not to wait. So files are the
 * business of threads: workers make the calls that may wait, and the loop is told when they are
 * done. aiofiles and libuv do just that. The pages that this mirrors:
 *     https://docs.python.org/3.11/library/asyncio-eventloop.html#asyncio.loop.run_in_executor
 *     https://docs.libuv.org/en/v1.x/fs.html
 *
 * What holds for every function here that takes a callback:
 *   - It returns at once: 0, or a negative errno. After an error nothing has begun, and its
 *     callback is never called. After 0 the callback is called once, by the loop, never before the
 *     call has returned.
 *   - Callbacks run on the loop's thread. Only a function of type op_work or line_fn runs on a
 *     worker; it must not touch libevent, nor anything else that another thread uses meanwhile.
 *   - -EAGAIN: the pool has its fill of operations, try again when one has ended. -ESHUTDOWN:
 *     pool_shutdown() has been called; so also if the pool is full. -ENOMEM: there was not enough
 *     memory.
 *   - The last parameter, if it is not NULL, gets a handle for op_cancel() and op_bytes(). It is
 *     good until the callback is called.
 *   - Paths, options and bytes handed in are copied, if nothing else is said.
 * None of them makes a file call on the loop's thread: no open(), read(), fsync(), close(),
 * rename() or unlink() of a file.
 *
 * Whatever is called here is called on the loop's thread, if nothing else is said. While an
 * operation has not ended, or a worker is still busy with one that was cancelled, the loop has
 * something to wait for; an idle pool does not keep it running, and costs no time: its workers
 * sleep until they are woken, as does one that waits for a FIFO.
 *
 * Results are 0 or more, or a negative errno.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P5_FILE_PROCESSOR_H
#define P5_FILE_PROCESSOR_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- the pool ---- */

/* Threads that wait for work. Not thread-safe but for what is said at each function. */
struct pool;

/* Something that a worker does, or will do. */
struct op;

/* To be called first of all, before event_base_new(): whatever your way of waking the loop from a
 * worker needs to have done before there is a base. 0, or a negative errno. */
int pool_init(void);

/* A pool of n_threads workers (1 or more), for at most max_ops operations (1 or more) at a time: an
 * operation counts from the call that starts it until its callback is called. NULL if a number is
 * too small, or without memory, threads or descriptors; then nothing is left behind. */
struct pool *pool_new(struct event_base *base, int n_threads, int max_ops);

/* Done on a worker. The result is 0 or more, or a negative errno. */
typedef int64_t (*op_work)(struct op *op, void *arg);

/* The end of an operation: what op_work returned, or -ECANCELED. */
typedef void (*op_cb)(int64_t result, void *arg);

/* Nobody uses `arg` any more: it may be freed. */
typedef void (*op_release)(void *arg);

/* Has a worker call work(op, arg), then the loop cb(result, arg), and then, also on the loop,
 * release(arg), unless that is NULL. Operations are begun in the order in which they came, those of
 * all functions here alike. If it was cancelled while the worker was busy with it, the worker still
 * uses `arg`: then release() is called later than cb(), when the worker has let go.
 *
 *     result = await loop.run_in_executor(pool, work, arg)
 */
int pool_run(struct pool *pool, op_work work, op_cb cb, op_release release, void *arg,
             struct op **op);

/* Cancels an operation. 0: its callback will be called with -ECANCELED, at once, whether it had
 * begun or not; if it had not, it never will. A worker cannot be stopped, but it is not left
 * waiting either: one that waits in file_process() for a FIFO that says nothing lets go of it.
 * Once more: 0, and no effect. -EALREADY: too late, its work is done, and the callback will tell
 * the result. (asyncio is content with the first half: a thread that waits is waited for at the
 * end.) */
int op_cancel(struct op *op);

/* For op_work, on the worker: whether it was cancelled, so that a long work can end early. */
bool op_cancelled(const struct op *op);

/* How many bytes file_process() or file_process_many() has read up to now. 0 for others. */
int64_t op_bytes(const struct op *op);

/* All is over: the workers have ended, and the pool is freed. */
typedef void (*pool_cb)(void *arg);

/* Ends the pool: takes no more operations, finishes those that it has, lets the workers end, joins
 * them, frees the pool, and calls cb(arg), which may be NULL. -EALREADY, and no effect, if it was
 * called before. May be called in a callback. Nothing here waits: a program that must end soon
 * cancels its operations first. The base is freed after cb().
 *
 *     await loop.run_in_executor(None, pool.shutdown)
 */
int pool_shutdown(struct pool *pool, pool_cb cb, void *arg);

/* ---- files ---- */

/* `bytes` is what afile_read_at() has read, good until the callback returns; NULL for the others,
 * and with an error. */
typedef void (*afile_cb)(int64_t result, const char *bytes, void *arg);

/* Opens `path` as open() does with these flags and with O_CLOEXEC and O_NONBLOCK, so that no worker
 * waits for the other end of a FIFO. Result: the descriptor, which is the caller's from then on. If
 * it is cancelled, no descriptor is left open.
 *
 *     f = await aiofiles.open(path)
 */
int afile_open(struct pool *pool, const char *path, int flags, mode_t mode, afile_cb cb, void *arg,
               struct op **op);

/* Reads n bytes from offset `at` on. Result: how many they were, fewer than n only at the end of
 * the file. What a single pread() gives, or a signal that interrupts it, does not matter. */
int afile_read_at(struct pool *pool, int fd, size_t n, int64_t at, afile_cb cb, void *arg,
                  struct op **op);

/* Writes all n bytes from offset `at` on. Result: n. After an error some of them may be written. */
int afile_write_at(struct pool *pool, int fd, const void *bytes, size_t n, int64_t at, afile_cb cb,
                   void *arg, struct op **op);

/* Result: 0, when all that was written is on the disk. */
int afile_fsync(struct pool *pool, int fd, afile_cb cb, void *arg, struct op **op);

/* Result: 0. The descriptor is gone, also after an error, but not if it was cancelled before it had
 * begun. */
int afile_close(struct pool *pool, int fd, afile_cb cb, void *arg, struct op **op);

/* ---- lines ---- */

/* Cuts a stream of bytes, in pieces of any size, into lines. It knows nothing of files and threads:
 * bytes in, lines out. A line ends with "\n" or "\r\n", which do not belong to it; the last one may
 * have no end, and then a "\r" belongs to it. It may be empty, and may hold any byte, also '\0'. */
struct splitter;

/* Line `number`, from 1: n bytes without its end. `line` is good until it returns. NULL: the line
 * had n bytes, more than max_line. What it returns, if not 0, stops the splitter. */
typedef int (*splitter_fn)(const char *line, size_t n, int64_t number, void *arg);

/* Keeps no more than max_line + 1 bytes. NULL without memory. */
struct splitter *splitter_new(size_t max_line, splitter_fn fn, void *arg);

/* The next n bytes of the stream, and its end. 0, or what fn returned: then no further call of the
 * two follows. */
int splitter_feed(struct splitter *s, const char *bytes, size_t n);
int splitter_end(struct splitter *s);

/* NULL is allowed. */
void splitter_free(struct splitter *s);

/* ---- whole files ---- */

#define FILE_ERRORS_MOST 8

struct line_error {
    int64_t line; /* its number, from 1 */
    int error;    /* a negative errno */
};

/* What is known of a file. Lines, words and bytes are those that `LC_ALL=C wc` counts: see
 * text_count() in p5_text.h. */
struct file_report {
    int64_t lines; /* newlines */
    int64_t words, bytes;
    int64_t n_errors; /* lines that were too long, or that line_fn did not take */
    struct line_error errors[FILE_ERRORS_MOST]; /* the first of them */
};

/* Where a line_fn writes to. */
struct line_out;

/* Adds n bytes to the file that is written. 0, or a negative errno: then the file cannot be
 * written, and line_fn should return; it will not be called again. Inside a line_fn only. */
int line_write(struct line_out *out, const void *bytes, size_t n);

/* Called on a worker for each line, in order: see splitter_fn, but never with a line that is too
 * long. `out` is NULL if no file is written. 0, or a negative errno: that line has an error, which
 * is noted in the report, and the next one follows. `arg` is that of the options: two files that
 * are processed at the same time share it. */
typedef int (*line_fn)(const char *line, size_t n, int64_t number, struct line_out *out, void *arg);

struct file_options {
    size_t chunk;    /* bytes that are read, and written, at a time; 0: 256 KiB */
    size_t max_line; /* bytes that a line may have without its end; 0: as many as a chunk */
    line_fn line;    /* NULL: the lines are counted only, and may have any length */
    void *arg;       /* for it; must stay until no worker uses it: until the pool's end, at most */
};

struct file_job {
    const char *path;     /* a file, a FIFO, a device */
    const char *out_path; /* where the lines are written, by line_write(); NULL: nowhere */
};

/* `report` is good until the callback returns; NULL if the result is not 0. */
typedef void (*file_cb)(int result, const struct file_report *report, void *arg);

/* Reads a file from its beginning to its end, chunk by chunk, however large it is, and counts, and
 * hands its lines to options->line. It takes no more memory than two chunks and a line. Result: 0,
 * also if lines had errors. `options` may be NULL: all 0.
 *
 * out_path is changed in one step or not at all: the lines are written to a new file in the same
 * folder, named out_path and a dot and six characters, a name that no other file has, with the
 * permissions of the file that is read; when they are on the disk (fsync()), that one takes the
 * name out_path. Until then it can be cancelled. If the result is not 0, whatever out_path was
 * before is untouched, and the new file is gone, at the latest when the worker has let go of it. It
 * may be the same file as the one that is read.
 *
 * Whoever writes to a FIFO may be late, or silent: the worker waits for that, and the loop does
 * not. A signal, or a read() that answers EAGAIN after all, is no end of the waiting.
 * -EINVAL: no path, or out_path without options->line.
 */
int file_process(struct pool *pool, const struct file_job *job, const struct file_options *options,
                 file_cb cb, void *arg, struct op **op);

/* jobs[i] is over, as by file_cb. */
typedef void (*file_each_cb)(int i, int result, const struct file_report *report, void *arg);

/* Result: how many of the jobs failed; or -ECANCELED. */
typedef void (*file_many_cb)(int result, void *arg);

/* Processes n files, `concurrency` (1 or more) of them at a time, as long as there are so many;
 * each begins as soon as one before it has ended. each() is called in the order of the jobs, for
 * each as soon as it and all before it have ended; then cb(). A job that fails disturbs no other.
 *
 * Counts as `concurrency` operations of the pool, or as n, if that is less, but as 1 at least: all
 * of them are free (and max_ops allows for them), or it is -EAGAIN. Once begun, it does not depend
 * on what else the pool has to do, and is finished also after pool_shutdown().
 *
 * Cancelled: no further file is begun, those that run are cancelled, and each() is not called any
 * more. The jobs are not copied: they must stay until cb() is called. -EINVAL: n < 0, concurrency <
 * 1, or a job that file_process() would not take.
 *
 *     async with asyncio.Semaphore(concurrency): ...
 *     results = await asyncio.gather(*jobs, return_exceptions=True)
 */
int file_process_many(struct pool *pool, const struct file_job jobs[], int n, int concurrency,
                      const struct file_options *options, file_each_cb each, file_many_cb cb,
                      void *arg, struct op **op);

#endif
