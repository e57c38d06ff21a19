/* p5_pool.h: what a pool is made of. Given.
 *
 * How the workers and the loop share it is yours to write. The functions here begin and end things,
 * and count them. You may do without this file and lay a pool out in another way: the tests know
 * p5_file_processor.h only.
 *
 *     the loop's thread                            the workers
 *     pool_run()  -- queue -------------------->   work(op, arg)
 *     cb(), release()  <-------------- done --     event_active(pool->wake)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P5_POOL_H
#define P5_POOL_H

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#include "p5_file_processor.h"

enum op_state {
    QUEUED,    /* or not yet */
    RUNNING,   /* on a worker; or, of a batch, its files are under way */
    COMMITTED, /* the same, and too late to be cancelled */
    DONE
};

struct op {
    struct pool *pool;
    op_work work;
    op_cb cb;
    op_release release;
    void *arg;
    int places; /* of the pool's max_ops: 1; a batch may have more, and then its files have none */
    bool told;  /* cb was called */
    void (*on_cancel)(void *arg); /* called at the end of op_cancel(), if not NULL */
    struct op *batch;             /* whose file it processes, or NULL */
    _Atomic int64_t bytes;        /* for op_bytes() */
    atomic_bool cancelled;        /* set by the loop's thread, under the lock */
    /* Guarded by the pool's lock: */
    enum op_state state;
    struct worker *worker; /* that runs it, or NULL */
    int64_t result;        /* once DONE */
    bool listed;           /* it stands in `done` */
    TAILQ_ENTRY(op) link;  /* its place in `queue` or in `done`, never in both */
};

struct worker {
    struct pool *pool;
    pthread_t thread;
    int wake_fd; /* an eventfd: for a worker that waits for a descriptor, see op_cancel(); who was
                  * woken by it has to read it, or is woken for ever */
};

struct pool {
    /* Of the loop's thread: */
    struct event *wake;   /* calls on_wake(); added while the loop has something to wait for */
    int max_ops, pending; /* places: how many there are, and how many are taken */
    int outstanding;      /* operations that have not been freed */
    bool closing;         /* pool_shutdown() was called, with these: */
    pool_cb cb;
    void *cb_arg;
    int n; /* workers that were started */
    /* Guards all that follows: */
    pthread_mutex_t lock;
    pthread_cond_t more; /* something is in the queue, or `stop` is set */
    TAILQ_HEAD(op_list, op) queue, done;
    bool stop; /* the workers are to end when the queue is empty */
    int alive; /* workers that have not ended */
    struct worker workers[];
};

/* Yours: what a worker thread does, and what the loop does when it was woken. */
static void *worker_main(void *worker);
static void on_wake(evutil_socket_t fd, short what, void *pool);
/* Yours: the work is done, the loop will tell. Called with the lock held, on any thread. */
static void op_finish(struct op *op, int64_t result);
/* Yours: why the pool does not accept an operation that takes so many places: -ESHUTDOWN or
 * -EAGAIN; 0 if it does. */
static int pool_refuses(const struct pool *pool, int places);

static inline void pool_stop(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    pthread_cond_broadcast(&pool->more);
    pthread_mutex_unlock(&pool->lock);
}

/* Also of one that is half made. All workers have ended, or are about to. */
static inline void pool_free(struct pool *pool)
{
    for (int i = 0; i < pool->n; i++) {
        pthread_join(pool->workers[i].thread, NULL);
        close(pool->workers[i].wake_fd);
    }
    if (pool->wake != NULL)
        event_free(pool->wake);
    pthread_cond_destroy(&pool->more);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

/* All workers have ended: the pool is gone, and its owner is told. */
static inline void pool_end(struct pool *pool)
{
    pool_cb cb = pool->cb;
    void *arg = pool->cb_arg;

    pool_free(pool);
    if (cb != NULL)
        cb(arg);
}

static inline bool worker_start(struct pool *pool)
{
    struct worker *w = &pool->workers[pool->n];

    w->pool = pool;
    w->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (w->wake_fd < 0)
        return false;
    if (pthread_create(&w->thread, NULL, worker_main, w) != 0) {
        close(w->wake_fd);
        return false;
    }
    pool->n++;
    return true;
}

struct pool *pool_new(struct event_base *base, int n_threads, int max_ops)
{
    size_t room = n_threads > 0 ? (size_t)n_threads : 0;
    struct pool *pool = calloc(1, sizeof(*pool) + room * sizeof(pool->workers[0]));
    bool good;

    if (pool == NULL)
        return NULL;
    pool->max_ops = max_ops;
    pool->alive = n_threads;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->more, NULL);
    TAILQ_INIT(&pool->queue);
    TAILQ_INIT(&pool->done);
    /* Without a descriptor nothing but event_active() makes it ready; added, it counts as something
     * that the loop waits for. */
    pool->wake = event_new(base, -1, EV_READ | EV_PERSIST, on_wake, pool);
    good = pool->wake != NULL && n_threads > 0 && max_ops > 0;
    while (good && pool->n < n_threads)
        good = worker_start(pool);
    if (good)
        return pool;
    pool_stop(pool);
    pool_free(pool);
    return NULL;
}

/* An operation, or NULL without memory. The loop has something to wait for from now on. */
static inline struct op *op_new(struct pool *pool, int places, op_cb cb, op_release release,
                                void *arg)
{
    struct op *op = calloc(1, sizeof(*op));

    if (op == NULL)
        return NULL;
    if (pool->outstanding == 0 && event_add(pool->wake, NULL) != 0) {
        free(op);
        return NULL;
    }
    op->pool = pool;
    op->places = places;
    op->cb = cb;
    op->release = release;
    op->arg = arg;
    pool->pending += places;
    pool->outstanding++;
    return op;
}

/* The last thing that the loop does with op. Its places were given back before. */
static inline void op_free(struct op *op)
{
    struct pool *pool = op->pool;

    if (op->release != NULL)
        op->release(op->arg);
    free(op);
    if (--pool->outstanding == 0 && !pool->closing)
        event_del(pool->wake);
}

/* From now on a worker may begin it. */
static inline void op_queue(struct op *op, op_work work)
{
    op->work = work;
    pthread_mutex_lock(&op->pool->lock);
    TAILQ_INSERT_TAIL(&op->pool->queue, op, link);
    pthread_cond_signal(&op->pool->more);
    pthread_mutex_unlock(&op->pool->lock);
}

bool op_cancelled(const struct op *op)
{
    return op->cancelled;
}

int64_t op_bytes(const struct op *op)
{
    return op->bytes;
}

#endif
