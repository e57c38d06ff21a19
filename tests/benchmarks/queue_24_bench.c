/* queue_24_bench.c: the bounded queue of 24_backpressure; see queue_bench.h
 *
 * Whoever need not wait does not, as in asyncio, where `await queue.get()` goes on at once if there
 * is something; with the word "told" in front of the others, each put and each get is told by the
 * loop. It is linked with the solution, whose own `main` has another name.
 *
 * SPDX-License-Identifier: MIT
 */
#include "24_backpressure.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>

#include "queue_bench.h"

struct bay {
    struct queue *queue;
    int64_t brought, taken, items, sum;
    struct crate *crates; /* owned; used in turn: one comes free before it is used again */
    int64_t *numbers;     /* of the crates; owned */
    int n;
    bool told;
    struct call put, gets[CONSUMERS];
};

static void on_put(int err, void *arg);

static struct crate *next_crate(struct bay *bay)
{
    const int k = (int)(bay->brought % bay->n);

    bay->numbers[k] = bay->brought++;
    bay->crates[k].kg = 1;
    return &bay->crates[k];
}

static void bring(struct bay *bay)
{
    struct crate *crate;

    while (bay->brought < bay->items) {
        crate = next_crate(bay);
        if (!bay->told && queue_try_put(bay->queue, crate) == 0)
            continue;
        if (queue_put(bay->queue, &bay->put, crate, on_put, bay) != 0)
            abort();
        return;
    }
}

static void on_put(int err, void *arg)
{
    if (err == 0)
        bring(arg);
}

static void take(struct bay *bay, const struct crate *crate)
{
    bay->sum += bay->numbers[crate - bay->crates];
    bay->taken++;
}

struct fork_lift {
    struct bay *bay;
    struct call *get;
};

static void on_got(int err, void *arg)
{
    struct fork_lift *lift = arg;
    struct bay *bay = lift->bay;
    struct crate *crate;

    if (err != 0)
        return;
    take(bay, lift->get->item);
    while (!bay->told && (crate = queue_try_get(bay->queue)) != NULL)
        take(bay, crate);
    if (bay->taken < bay->items)
        queue_get(bay->queue, lift->get, on_got, lift);
}

static bool told;

static int64_t queue_run(int room, int64_t items)
{
    struct event_base *base = event_base_new();
    struct fork_lift lifts[CONSUMERS];
    struct bay bay = {.items = items, .told = told, .n = room + CONSUMERS + 1};
    int64_t sum = -1;

    bay.crates = calloc((size_t)bay.n, sizeof(*bay.crates));
    bay.numbers = calloc((size_t)bay.n, sizeof(*bay.numbers));
    bay.queue = base != NULL ? queue_new(base, room) : NULL;
    if (bay.queue != NULL && bay.crates != NULL && bay.numbers != NULL) {
        for (int k = 0; k < CONSUMERS; k++) {
            lifts[k] = (struct fork_lift){.bay = &bay, .get = &bay.gets[k]};
            queue_get(bay.queue, lifts[k].get, on_got, &lifts[k]);
        }
        bring(&bay);
        if (event_base_dispatch(base) >= 0)
            sum = bay.sum;
    }
    queue_free(bay.queue);
    free(bay.crates);
    free(bay.numbers);
    if (base != NULL)
        event_base_free(base);
    return sum;
}

int main(int argc, char **argv)
{
    told = argc > 1 && strcmp(argv[1], "told") == 0;
    return queue_bench(argc - told, argv + told);
}
