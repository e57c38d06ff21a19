/* bad_stolen_item.c: WRONG on purpose: who waits is woken, but the item is left for anybody
 *
 * asyncio twin, as wrong:
 *     async def get():
 *         if not items: await wake_up.wait()            # an asyncio.Event
 *         return items.pop(0)                           # IndexError: somebody was faster
 * Run: ./bad_stolen_item
 * Ends when nobody is to be woken: no event is pending then.
 * Notice: A waits for a job, one is put, and A is woken: "there is something". Before the loop comes
 * to A, B asks, and takes it. A, who came first, finds nothing. Right: call_end() of
 * 22_work_queue.c: the item is A's when it is put; to wake A is only to tell. To look again and wait
 * again would help A to a job some day, behind everybody who is faster.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_ITEMS = 4 };

struct queue {
    const char *items[MOST_ITEMS]; /* the first n; borrowed */
    int n;
    struct event *wake_up; /* calls on_wake_up() of A, who waits; owned */
};

static const char *queue_take(struct queue *q)
{
    return q->n > 0 ? q->items[--q->n] : NULL;
}

static void queue_put(struct queue *q, const char *item)
{
    q->items[q->n++] = item;                 /* WRONG: A waits, so the item is A's, */
    event_active(q->wake_up, EV_TIMEOUT, 0); /* but A is only told that there is one */
}

static void worker_print(char name, const char *item)
{
    printf("%c: %s\n", name, item != NULL ? item : "woken for nothing");
}

/* What A has waited for. */
static void on_wake_up(evutil_socket_t fd, short what, void *arg)
{
    struct queue *q = arg;

    (void)fd;   /* it has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    worker_print('A', queue_take(q));
}

int main(void)
{
    struct queue q = {0};
    int status = EXIT_FAILURE;
    struct event_base *base = event_base_new();

    if (base != NULL)
        q.wake_up = event_new(base, -1, 0, on_wake_up, &q);
    if (q.wake_up == NULL) {
        fprintf(stderr, "bad_stolen_item: set-up: out of memory\n");
        goto cleanup;
    }
    puts("A: waits");
    puts("main: puts a job");
    queue_put(&q, "takes the job");
    worker_print('B', queue_take(&q)); /* B did not have to wait */
    if (event_base_dispatch(base) != 1)
        fprintf(stderr, "bad_stolen_item: event loop: it ended before its work did\n");
    else if (fflush(stdout) != 0 || ferror(stdout))
        fprintf(stderr, "bad_stolen_item: stdout: cannot write\n");
    else
        status = EXIT_SUCCESS;

cleanup:
    if (q.wake_up != NULL)
        event_free(q.wake_up);
    if (base != NULL)
        event_base_free(base);
    return status;
}
