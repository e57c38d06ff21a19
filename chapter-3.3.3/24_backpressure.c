/* 24_backpressure.c: a producer that is faster than the consumer, and is held up by a full queue
 *
 * asyncio twin:
 *     async def produce(queue):
 *         for i in range(5): await queue.put(i); print("put", i, "size", queue.qsize())
 *     async def consume(queue):
 *         while True:
 *             print("get", await queue.get()); await asyncio.sleep(1); queue.task_done()
 *     queue = asyncio.Queue(2)
 * Run: ./24_backpressure
 * Ends when all items are consumed: no event is pending then.
 * Notice: the producer could put 5 items at once, but from the third on it waits for a free slot:
 * it gets as slow as the consumer, and never more than 2 items wait, however long it goes on. The
 * producer and the consumer are coroutines that await the queue: they hand it their own resumption
 * as the callback. In a real program the producer reads a socket, and while it waits, it does not.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

enum { SLOTS = 2, ITEMS = 5, TOLD_IN_A_ROW = 16 };
static const struct timeval ONE_SECOND = {.tv_sec = 1};

/* coroutine macros: explained in 3.3.1 */
/* A coroutine is a void function that works on a frame: a struct, zero at first, that has a member
 * `int resume_at`. Each call resumes it behind the CO_SUSPEND by which it was left last. What must
 * outlive a suspension belongs in the frame. One CO_SUSPEND a line, and none inside a switch. */
#define CO_BEGIN(frame)                                                                            \
    switch ((frame)->resume_at) {                                                                  \
    case 0:
#define CO_SUSPEND(frame)                                                                          \
    do {                                                                                           \
        (frame)->resume_at = __LINE__;                                                             \
        return;                                                                                    \
    case __LINE__:;                                                                                \
    } while (0)
#define CO_END(frame)                                                                              \
    (frame)->resume_at = -1;                                                                       \
    }
#define CO_FINISHED(frame) ((frame)->resume_at < 0)
/* end of coroutine macros */

/* Tells whoever waits how it has ended: 0, or a negative errno. The loop calls it. */
typedef void (*done_cb)(int err, void *arg);

/* One call of put or get, until cb is called. The memory is the caller's. */
struct call {
    int item; /* what is put, or what was got */
    done_cb cb;
    void *arg; /* for it; borrowed */
    int err;
    struct line *line;      /* where it stands */
    TAILQ_ENTRY(call) next; /* the one behind it */
};

/* First come, first served. */
TAILQ_HEAD(line, call);

struct queue {
    int items[SLOTS]; /* a ring: n of them, from `first` on */
    size_t first, n;
    struct line getters, putters; /* those who wait for an item, and for a free slot */
    struct line over;             /* those who are to be told */
    struct event *tell;           /* calls on_tell(); active as long as somebody is to be; owned */
    unsigned told;                /* how many, so far */
};

static void items_add(struct queue *q, int item)
{
    q->items[(q->first + q->n++) % SLOTS] = item;
}

static int items_take(struct queue *q)
{
    const int item = q->items[q->first];

    q->first = (q->first + 1) % SLOTS;
    q->n--;
    return item;
}

/* bounded queue: explained in 3.3.3 */
/* A call is over. The loop tells its caller, who is perhaps in the middle of something now. */
static void call_end(struct queue *q, struct call *call, int err)
{
    TAILQ_REMOVE(call->line, call, next);
    TAILQ_INSERT_TAIL(&q->over, call, next);
    call->line = &q->over;
    call->err = err;
    event_active(q->tell, EV_TIMEOUT, 0);
}

/* Serves the first in line, as long as there is an item or a slot for it. None is overtaken. */
static void queue_settle(struct queue *q)
{
    for (struct call *call;; call_end(q, call, 0)) {
        if ((call = TAILQ_FIRST(&q->getters)) != NULL && q->n > 0)
            call->item = items_take(q);
        else if ((call = TAILQ_FIRST(&q->putters)) != NULL && q->n < SLOTS)
            items_add(q, call->item);
        else
            return;
    }
}
/* end of bounded queue */

/* Stands at the end of the line, even if it is empty: then it is served at once, but not told. */
static void call_begin(struct queue *q, struct call *call, struct line *line, done_cb cb, void *arg)
{
    call->cb = cb;
    call->arg = arg;
    call->line = line;
    TAILQ_INSERT_TAIL(line, call, next);
    queue_settle(q);
}

/* Puts an item if nobody has to wait for that. Those who wait in line are not overtaken: while
 * there are any, there is no free slot. */
static bool queue_try_put(struct queue *q, int item)
{
    if (q->n == SLOTS)
        return false;
    items_add(q, item);
    queue_settle(q);
    return true;
}

static void queue_put(struct queue *q, struct call *call, int item, done_cb cb, void *arg)
{
    call->item = item;
    call_begin(q, call, &q->putters, cb, arg);
}

static void queue_get(struct queue *q, struct call *call, done_cb cb, void *arg)
{
    call_begin(q, call, &q->getters, cb, arg);
}

/* Tells one. Now and then the loop looks at its timers and descriptors before the next one comes: a
 * put and a get that go on for ever starve nobody. */
static void on_tell(evutil_socket_t fd, short what, void *arg)
{
    struct queue *q = arg;
    struct call *call = TAILQ_FIRST(&q->over);

    (void)fd;   /* it has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    TAILQ_REMOVE(&q->over, call, next);
    if (!TAILQ_EMPTY(&q->over))
        event_active(q->tell, EV_TIMEOUT, 0);
    if (++q->told % TOLD_IN_A_ROW == 0)
        (void)event_base_loopcontinue(event_get_base(q->tell)); /* cannot fail */
    call->cb(call->err, call->arg); /* the last: here the call is begun again, or the queue freed */
}

/* ---- the two coroutines ---- */

struct producer {
    int resume_at;       /* where the next call goes on; for the macros */
    struct queue *queue; /* borrowed */
    struct call put;     /* the one that it awaits */
    int i;               /* the item */
};

static void on_producer_resumed(int err, void *arg)
{
    struct producer *p = arg;

    (void)err; /* nobody cancels a put */
    CO_BEGIN(p);
    for (p->i = 0; p->i < ITEMS; p->i++) {
        if (!queue_try_put(p->queue, p->i)) {
            queue_put(p->queue, &p->put, p->i, on_producer_resumed, p);
            CO_SUSPEND(p);
        }
        printf("put %d size %zu\n", p->i, p->queue->n);
    }
    CO_END(p);
}

struct consumer {
    int resume_at;       /* where the next call goes on; for the macros */
    struct queue *queue; /* borrowed */
    struct call get;     /* the one that it awaits */
    struct event *pause; /* calls on_paused(); owned */
    int consumed;        /* items */
    bool failed;         /* the pause could not be armed */
};

static void on_consumer_resumed(int err, void *arg)
{
    struct consumer *c = arg;

    (void)err; /* nobody cancels a get */
    CO_BEGIN(c);
    for (c->consumed = 0; c->consumed < ITEMS; c->consumed++) {
        queue_get(c->queue, &c->get, on_consumer_resumed, c);
        CO_SUSPEND(c);
        printf("get %d\n", c->get.item);
        c->failed = event_add(c->pause, &ONE_SECOND) != 0;
        CO_SUSPEND(c);
    }
    puts("joined"); /* 22_work_queue.c has the real join */
    CO_END(c);
}

static void on_paused(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    on_consumer_resumed(0, arg);
}

/* ---- the program ---- */

struct program {
    struct event_base *base; /* owned, as is all below */
    struct queue queue;
    struct producer producer;
    struct consumer consumer;
};

static int program_open(struct program *program)
{
    struct queue *q = &program->queue;

    program->producer.queue = program->consumer.queue = q;
    TAILQ_INIT(&q->getters);
    TAILQ_INIT(&q->putters);
    TAILQ_INIT(&q->over);
    program->base = event_base_new();
    if (program->base == NULL)
        return -1;
    q->tell = event_new(program->base, -1, 0, on_tell, q);
    program->consumer.pause = evtimer_new(program->base, on_paused, &program->consumer);
    return q->tell != NULL && program->consumer.pause != NULL ? 0 : -1;
}

/* Takes a half-opened program, too. */
static void program_close(struct program *program)
{
    if (program->consumer.pause != NULL)
        event_free(program->consumer.pause);
    if (program->queue.tell != NULL)
        event_free(program->queue.tell);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(void)
{
    struct program program = {0};
    int status = EXIT_FAILURE;

    if (program_open(&program) != 0) {
        fprintf(stderr, "24_backpressure: set-up: out of memory\n");
        goto cleanup;
    }
    on_producer_resumed(0, &program.producer);
    on_consumer_resumed(0, &program.consumer);
    if (event_base_dispatch(program.base) != 1 || !CO_FINISHED(&program.producer) ||
        !CO_FINISHED(&program.consumer) || program.consumer.failed) {
        fprintf(stderr, "24_backpressure: event loop: it ended before its work did\n");
        goto cleanup;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "24_backpressure: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    return status;
}
