/* 13_file_read_write.c: writes and reads a file on a slow disk, and the loop goes on meanwhile
 *
 * asyncio twin: aiofiles, which for each operation does
 *     await loop.run_in_executor(executor, os.pwrite, fd, text, 0)
 * Run: ./13_file_read_write (it makes a file in /tmp, and removes it)
 * Ends when what was written has been read again.
 * Notice: the loop refuses to watch a file, and libevent complains on stderr, too. So a second
 * thread, the worker, makes the calls that wait for the disk; the ticks stay on time. A job and its
 * bytes belong to one thread at a time: the lists hand them over. The worker wakes the loop by
 * event_active(), for which libevent needs locks: evthread_use_pthreads(), before the base is made.
 * The disk is slow because the worker sleeps before each operation. A real program would have
 * several workers, and a limit for the jobs that wait; and it would open the file in a worker, too.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <event2/event.h>
#include <event2/thread.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 64 };
static const char TEXT[] = "Dear diary,";
static const struct timespec DISK = {.tv_nsec = 240 * 1000 * 1000}; /* an operation takes so long */
static const struct timeval TICK = {.tv_usec = 100 * 1000};

struct program;

/* What run_in_executor() is given. From executor_submit() on, until done() is called, it is the
 * executor's: the loop's thread does not touch it. */
struct job {
    STAILQ_ENTRY(job) entry;
    void (*work)(struct job *job);                    /* called on the worker's thread */
    void (*done)(struct program *p, struct job *job); /* then, on the loop's */
    int fd;                                           /* borrowed */
    char bytes[ROOM];                                 /* to write, or read */
    size_t n;                                         /* of them */
    int error;                                        /* 0, or an errno of work() */
};
STAILQ_HEAD(job_list, job);

struct executor {
    struct event *woken; /* runs on_woken(); owned */
    pthread_t worker;    /* runs worker_main(); joined */
    bool has_worker;
    pthread_mutex_t lock;   /* guards all below */
    pthread_cond_t changed; /* `todo` has a job, or `stop` is true */
    struct job_list todo, done;
    bool stop;
};

struct program {
    struct event_base *base; /* owned, as is all below */
    struct event *tick;      /* runs on_tick() each 100 ms */
    int fd;                  /* the file, or -1 */
    struct executor executor;
    struct job job; /* one is enough here: it is used again */
    bool finished;
};

/* ---- on the worker's thread: these may wait ---- */

/* Writes all, which a single call need not do, and waits until it is on the disk. */
static void write_file(struct job *job)
{
    size_t done = 0;

    (void)nanosleep(&DISK, NULL); /* too short a sleep would harm nobody */
    while (done < job->n) {
        ssize_t n = pwrite(job->fd, job->bytes + done, job->n - done, (off_t)done);

        if (n < 0 && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    job->error = done < job->n || fsync(job->fd) != 0 ? errno : 0;
}

/* Reads up to the end, or until there is no more room. */
static void read_file(struct job *job)
{
    ssize_t n;

    (void)nanosleep(&DISK, NULL);
    job->n = 0;
    do {
        n = pread(job->fd, job->bytes + job->n, ROOM - job->n, (off_t)job->n);
        job->n += n > 0 ? (size_t)n : 0;
    } while (n > 0 || (n < 0 && errno == EINTR));
    job->error = n < 0 ? errno : 0;
}

static void *worker_main(void *arg)
{
    struct executor *e = arg;
    struct job *job;

    (void)pthread_mutex_lock(&e->lock); /* cannot fail, here and below: it is a good one */
    while (!e->stop) {
        job = STAILQ_FIRST(&e->todo);
        if (job == NULL) {
            (void)pthread_cond_wait(&e->changed, &e->lock); /* lets go of the lock meanwhile */
            continue;
        }
        STAILQ_REMOVE_HEAD(&e->todo, entry);
        (void)pthread_mutex_unlock(&e->lock);
        job->work(job); /* as long as it takes: nobody else waits for it */
        (void)pthread_mutex_lock(&e->lock);
        STAILQ_INSERT_TAIL(&e->done, job, entry);
        event_active(e->woken, EV_TIMEOUT, 0); /* what another thread may do with an event */
    }
    (void)pthread_mutex_unlock(&e->lock);
    return NULL;
}

/* ---- on the loop's thread: these may not ---- */

/* Hands `job` over to the worker, and returns at once. */
static void executor_submit(struct executor *e, struct job *job)
{
    (void)pthread_mutex_lock(&e->lock);
    STAILQ_INSERT_TAIL(&e->todo, job, entry);
    (void)pthread_cond_signal(&e->changed);
    (void)pthread_mutex_unlock(&e->lock);
}

/* The worker has woken the loop: for one job, or for several. */
static void on_woken(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;
    struct job_list done = STAILQ_HEAD_INITIALIZER(done);
    struct job *job;

    (void)fd;
    (void)what;
    (void)pthread_mutex_lock(&program->executor.lock);
    STAILQ_CONCAT(&done, &program->executor.done);
    (void)pthread_mutex_unlock(&program->executor.lock); /* done() may submit the next job */
    while ((job = STAILQ_FIRST(&done)) != NULL) {
        STAILQ_REMOVE_HEAD(&done, entry);
        job->done(program, job);
    }
}

/* executor_close() frees it in either case. */
static int executor_open(struct executor *e, struct program *program)
{
    STAILQ_INIT(&e->todo);
    STAILQ_INIT(&e->done);
    e->woken = event_new(program->base, -1, 0, on_woken, program);
    if (e->woken == NULL)
        return -1;
    e->has_worker = pthread_create(&e->worker, NULL, worker_main, e) == 0;
    return e->has_worker ? 0 : -1;
}

/* Waits for the job that the worker has begun: it cannot be stopped. */
static void executor_close(struct executor *e)
{
    if (e->has_worker) {
        (void)pthread_mutex_lock(&e->lock);
        e->stop = true;
        (void)pthread_cond_signal(&e->changed);
        (void)pthread_mutex_unlock(&e->lock);
        (void)pthread_join(e->worker, NULL);
    }
    if (e->woken != NULL)
        event_free(e->woken); /* behind the worker, who uses it */
}

static void on_read(struct program *program, struct job *job)
{
    if (job->error == 0)
        printf("read: \"%.*s\"\n", (int)job->n, job->bytes);
    else
        printf("read: %s\n", strerror(job->error));
    program->finished = job->error == 0;
    if (event_base_loopexit(program->base, NULL) != 0)
        program->finished = false;
}

static void on_written(struct program *program, struct job *job)
{
    if (job->error == 0)
        printf("write: %zu bytes are on the disk\n", job->n);
    else
        printf("write: %s\n", strerror(job->error));
    job->work = read_file;
    job->done = on_read;
    puts("read: asked for");
    executor_submit(&program->executor, job);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    puts("tick");
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    puts("the file is readable"); /* what never comes */
}

/* What one does with a socket. */
static int watch_file(struct program *program)
{
    struct event *readable = event_new(program->base, program->fd, EV_READ, on_readable, NULL);

    if (readable == NULL)
        return -1;
    if (event_add(readable, NULL) != 0)
        printf("watch: %s\n", strerror(errno));
    event_free(readable);
    return 0;
}

static int program_open(struct program *program)
{
    char path[] = "/tmp/diary-XXXXXX";

    if (evthread_use_pthreads() != 0) /* before the base, or the base has no locks */
        return -1;
    program->base = event_base_new();
    program->fd = mkstemp(path);
    if (program->base == NULL || program->fd < 0 || unlink(path) != 0 || watch_file(program) != 0 ||
        executor_open(&program->executor, program) != 0)
        return -1;
    program->tick = event_new(program->base, -1, EV_PERSIST, on_tick, NULL);
    if (program->tick == NULL || event_add(program->tick, &TICK) != 0)
        return -1;
    program->job = (struct job){.work = write_file, .done = on_written, .fd = program->fd};
    program->job.n = strlen(TEXT);
    memcpy(program->job.bytes, TEXT, program->job.n);
    puts("write: asked for");
    executor_submit(&program->executor, &program->job);
    return 0;
}

/* Takes a half-opened program, too. */
static void program_close(struct program *program)
{
    executor_close(&program->executor);
    if (program->tick != NULL)
        event_free(program->tick);
    if (program->fd >= 0)
        (void)close(program->fd); /* fsync() has told whether the bytes are there */
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(void)
{
    struct program program = {
        .fd = -1,
        .executor = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER}};
    int status = EXIT_FAILURE;

    if (program_open(&program) != 0)
        fprintf(stderr, "13_file_read_write: set-up: %s\n", strerror(errno));
    else if (event_base_dispatch(program.base) != 0 || !program.finished)
        fprintf(stderr, "13_file_read_write: event loop: it ended before its work did\n");
    else if (fflush(stdout) != 0 || ferror(stdout)) /* it remembers a write that failed */
        fprintf(stderr, "13_file_read_write: stdout: cannot write\n");
    else
        status = EXIT_SUCCESS;
    program_close(&program);
    return status;
}
