/* p8_collect.h: a list of the items. Given: a sink that is made of for_each.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P8_COLLECT_H
#define P8_COLLECT_H

#include <errno.h>

#include "p8_async_iterator.h"

/* The body. `loop` is the first member of its struct collect; arg is for cb. */
static inline void collect_item(struct for_each *loop, void *item, void *arg)
{
    struct collect *list = (struct collect *)loop;
    void *copy = list->copy(item);

    (void)arg;
    if (copy != NULL)
        list->items[list->n++] = copy;
    body_done(loop, copy == NULL ? -ENOMEM : list->n < list->max ? ITER_ITEM : ITER_END);
}

static inline void on_nothing_collected(void *arg)
{
    struct for_each *loop = arg;

    loop->cb(0, loop->arg); /* the last use of `loop` */
}

int aiter_collect(struct collect *list, struct aiter *it, void **items, int max, aiter_copy_fn copy,
                  for_each_cb cb, void *arg)
{
    *list = (struct collect){.items = items, .max = max, .copy = copy};
    if (max > 0)
        return aiter_for_each(&list->loop, it, collect_item, cb, arg);
    list->loop.cb = cb;
    list->loop.arg = arg;
    aiter_close(it, &list->loop.closing, on_nothing_collected, &list->loop);
    return 0;
}

#endif
