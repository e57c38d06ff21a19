/* queue_p9_bench.c: the work queue of p9_work_queue; see queue_bench.h
 *
 * Jobs have priorities, a limit of time, and a rate that is never reached; with the word "plain" in
 * front of the others, the last two are off. A worker does its job at once, and who has put it is
 * told. It is linked with the solution, whose own `main` has another name.
 *
 * SPDX-License-Identifier: MIT
 */
#include "p9_work_queue.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>

#include "queue_bench.h"

enum { TIMEOUT_MS = 60000, ATTEMPTS = 3, RATE = 1000000000, BURST = 1000000 };

struct job {
    struct wq_job job; /* the first member */
    int64_t number;
    struct job *next; /* that can be used */
};

struct shop {
    struct wq *queue;
    int64_t brought, items, sum;
    struct job *jobs;   /* owned; those in the queue, those of the workers, and one that is put */
    struct job *unused; /* of these */
    bool full;          /* one waits for a slot */
};

static void on_put(int err, void *arg);

static void bring(struct shop *shop)
{
    while (!shop->full && shop->unused != NULL && shop->brought < shop->items) {
        struct job *job = shop->unused;
        const int priority = (int)(shop->brought % WQ_PRIORITIES);
        int err;

        shop->unused = job->next;
        job->number = shop->brought++;
        err = wq_try_put(shop->queue, &job->job, priority);
        shop->full = err == -EAGAIN;
        if (err == -EAGAIN)
            err = wq_put(shop->queue, &job->job, priority, on_put, shop);
        if (err != 0)
            abort();
    }
}

static void on_put(int err, void *arg)
{
    struct shop *shop = arg;

    shop->full = false;
    if (err == 0)
        bring(shop);
}

static void run(struct wq_job *job, void *arg)
{
    struct shop *shop = arg;

    shop->sum += ((struct job *)job)->number;
    if (wq_done(shop->queue, job, 0) != 0)
        abort();
}

static void ended(struct wq_job *ended_job, int err, void *arg)
{
    struct shop *shop = arg;
    struct job *job = (struct job *)ended_job;

    if (err != 0)
        abort();
    job->next = shop->unused;
    shop->unused = job;
    bring(shop);
}

static bool plain;

static int64_t queue_run(int room, int64_t items)
{
    struct event_base *base = event_base_new();
    struct shop shop = {.items = items};
    const struct wq_options options = {.capacity = room,
                                       .workers = CONSUMERS,
                                       .max_attempts = ATTEMPTS,
                                       .backoff_ms = 1,
                                       .job_timeout_ms = plain ? 0 : TIMEOUT_MS,
                                       .rate_per_s = plain ? 0 : RATE,
                                       .burst = BURST,
                                       .handler = {.run = run, .ended = ended, .arg = &shop}};
    const int n = room + CONSUMERS + 1;
    int64_t sum = -1;

    shop.jobs = calloc((size_t)n, sizeof(*shop.jobs));
    shop.queue = base != NULL ? wq_new(base, &options) : NULL;
    if (shop.queue != NULL && shop.jobs != NULL) {
        for (int k = 0; k < n; k++) {
            shop.jobs[k].next = shop.unused;
            shop.unused = &shop.jobs[k];
        }
        bring(&shop);
        if (event_base_dispatch(base) >= 0)
            sum = shop.sum;
    }
    wq_free(shop.queue);
    free(shop.jobs);
    if (base != NULL)
        event_base_free(base);
    return sum;
}

int main(int argc, char **argv)
{
    plain = argc > 1 && strcmp(argv[1], "plain") == 0;
    return queue_bench(argc - plain, argv + plain);
}
