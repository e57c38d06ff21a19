/* queue_22_bench.c: the queue of 22_work_queue; see queue_bench.h
 *
 * It has no limit: the producer puts ROOM items, joins the queue, and puts the next. Each item is
 * got, and said to be done. It is linked with the solution, whose own `main` has another name.
 *
 * SPDX-License-Identifier: MIT
 */
#include "22_work_queue.h"

#include <event2/event.h>

#include "queue_bench.h"

struct kitchen {
    struct queue *queue;
    int64_t put, items, sum;
    struct order *orders; /* owned: one for each item of a wave */
    int64_t first;        /* number of the wave's first item */
    int room;
    struct call join;
};

struct cook {
    struct kitchen *kitchen;
    struct call get;
};

static void on_joined(int err, void *arg)
{
    struct kitchen *kitchen = arg;

    if (err != 0 || kitchen->put == kitchen->items)
        return;
    kitchen->first = kitchen->put;
    for (int k = 0; k < kitchen->room && kitchen->put < kitchen->items; k++, kitchen->put++)
        queue_put(kitchen->queue, &kitchen->orders[k]);
    queue_join(kitchen->queue, &kitchen->join, on_joined, kitchen);
}

static void cook_order(struct kitchen *kitchen, const struct order *order)
{
    kitchen->sum += kitchen->first + (order - kitchen->orders);
    if (queue_task_done(kitchen->queue) != 0)
        abort();
}

static void on_got(int err, void *arg)
{
    struct cook *cook = arg;
    struct kitchen *kitchen = cook->kitchen;
    struct order *order;

    if (err != 0)
        return;
    cook_order(kitchen, cook->get.item);
    while ((order = queue_try_get(kitchen->queue)) != NULL)
        cook_order(kitchen, order);
    queue_get(kitchen->queue, &cook->get, on_got, cook);
}

static int64_t queue_run(int room, int64_t items)
{
    struct event_base *base = event_base_new();
    struct cook cooks[CONSUMERS];
    struct kitchen kitchen = {.items = items, .room = room};
    int64_t sum = -1;

    kitchen.orders = calloc((size_t)room, sizeof(*kitchen.orders));
    kitchen.queue = base != NULL ? queue_new(base) : NULL;
    if (kitchen.queue != NULL && kitchen.orders != NULL) {
        for (int k = 0; k < CONSUMERS; k++) {
            cooks[k].kitchen = &kitchen;
            queue_get(kitchen.queue, &cooks[k].get, on_got, &cooks[k]);
        }
        on_joined(0, &kitchen);
        if (event_base_dispatch(base) >= 0)
            sum = kitchen.sum;
    }
    queue_free(kitchen.queue);
    free(kitchen.orders);
    if (base != NULL)
        event_base_free(base);
    return sum;
}

int main(int argc, char **argv)
{
    return queue_bench(argc, argv);
}
