/* 24_backpressure.c: a bounded queue on one event of libevent
 *
 * 24_backpressure.h says what the queue promises. Given are the bay itself, and how people are told.
 * Yours is who may put a crate down, who gets one, and who has to wait.
 *
 * See an hour at the bay: ./workbook run 24_backpressure --virtual
 *
 * SPDX-License-Identifier: MIT
 */
#include "24_backpressure.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

enum { TOLD_IN_A_ROW = 16 };

/* First come, first served. */
TAILQ_HEAD(line, call);
TAILQ_HEAD(crate_list, crate);

struct queue {
    struct crate_list crates;     /* in the bay; borrowed */
    int kg, room;                 /* what they weigh, and may weigh at the most */
    struct line getters, putters; /* those who wait for a crate, and for room */
    struct line over;             /* those who are to be told */
    struct event *tell;           /* calls on_tell(); active as long as somebody is; owned */
    unsigned told;                /* how many, so far */
};

/* ---- given: the bay, and the end of a call ---- */

static void crate_add(struct queue *q, struct crate *crate)
{
    TAILQ_INSERT_TAIL(&q->crates, crate, next);
    q->kg += crate->kg;
}

/* Takes the first crate; there must be one. */
static struct crate *crate_take(struct queue *q)
{
    struct crate *crate = TAILQ_FIRST(&q->crates);

    TAILQ_REMOVE(&q->crates, crate, next);
    q->kg -= crate->kg;
    return crate;
}

int queue_kg(const struct queue *q)
{
    return q->kg;
}

/* A call is over. The loop tells its caller, who is perhaps in the middle of something now. */
static void call_end(struct queue *q, struct call *call, int err)
{
    TAILQ_REMOVE(call->line, call, next);
    TAILQ_INSERT_TAIL(&q->over, call, next);
    call->line = &q->over;
    call->err = err;
    event_active(q->tell, EV_TIMEOUT, 0);
}

/* ---- yours: who is served, and who has to wait ---- */

/* Serves the first in line, as long as there is a crate or room for it. None is overtaken. */
static void queue_settle(struct queue *q)
{
    /* TODO(1): no crate is in the bay that somebody waits for, and no room for the first one who waits
     * for room. See 3.3.3 "Backpressure". */
    (void)crate_add;
    (void)call_end;
    (void)q;
}

int queue_put(struct queue *q, struct call *call, struct crate *crate, done_cb cb, void *arg)
{
    /* TODO(2): a call whose crate can be put one day stands at the end of the line, and whoever can
     * be served is served; any other one is refused. See 3.3.3 "Backpressure". */
    (void)q;
    (void)call;
    (void)crate;
    (void)cb;
    (void)arg;
    return -ENOSYS;
}

int queue_try_put(struct queue *q, struct crate *crate)
{
    /* TODO(3): the crate is in the bay, or with somebody who has waited for it; or it is refused,
     * since that would not be possible, or not be fair. See 3.3.3 "Backpressure". */
    (void)q;
    (void)crate;
    return -ENOSYS;
}

int queue_cancel(struct queue *q, struct call *call)
{
    /* TODO(4): a call that waits is over, and those behind it get what they no longer have to wait
     * for; any other one is as it was. See 3.3.3 "Backpressure". */
    (void)q;
    (void)call;
    return -ENOSYS;
}

/* ---- given: the way to a crate, the way out, new, free ---- */

void queue_get(struct queue *q, struct call *call, done_cb cb, void *arg)
{
    *call = (struct call){.cb = cb, .arg = arg, .line = &q->getters};
    TAILQ_INSERT_TAIL(&q->getters, call, next);
    queue_settle(q);
}

struct crate *queue_try_get(struct queue *q)
{
    struct crate *crate = NULL;

    if (!TAILQ_EMPTY(&q->crates)) { /* then nobody else waits for one */
        crate = crate_take(q);
        queue_settle(q); /* now there is room */
    }
    return crate;
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

struct queue *queue_new(struct event_base *base, int room)
{
    struct queue *q = calloc(1, sizeof(*q));

    if (q == NULL)
        return NULL;
    q->room = room;
    TAILQ_INIT(&q->crates);
    TAILQ_INIT(&q->getters);
    TAILQ_INIT(&q->putters);
    TAILQ_INIT(&q->over);
    q->tell = event_new(base, -1, 0, on_tell, q);
    if (q->tell == NULL) {
        free(q);
        return NULL;
    }
    return q;
}

void queue_free(struct queue *q)
{
    if (q == NULL)
        return;
    event_free(q->tell);
    free(q);
}

/* ---- given: an hour at the bay ---- */

enum { CRATES = 6, ROOM = 100 };
static const struct timeval DRIVE = {.tv_usec = 500 * 1000};

struct bay {
    struct queue *queue; /* owned */
    struct crate crates[CRATES];
    struct call put, get; /* the lorry's, and the fork lift's */
    struct event *driven; /* calls on_driven(): the fork lift is back; owned */
    int brought, taken;   /* crates */
    int err;              /* the first one */
};

/* A lorry brings one crate after the other. */
static void on_put(int err, void *arg)
{
    struct bay *bay = arg;

    if (err == 0)
        printf("lorry: %s is put, %d kg in the bay\n", bay->crates[bay->brought].name,
               queue_kg(bay->queue));
    if (err == 0 && ++bay->brought < CRATES)
        err = queue_put(bay->queue, &bay->put, &bay->crates[bay->brought], on_put, bay);
    if (bay->err == 0)
        bay->err = err;
}

static void on_got(int err, void *arg)
{
    struct bay *bay = arg;

    if (err == 0) {
        printf("fork lift: takes %s\n", bay->get.item->name);
        bay->taken++;
        if (event_add(bay->driven, &DRIVE) != 0)
            err = -ENOMEM;
    }
    if (bay->err == 0)
        bay->err = err;
}

static void on_driven(evutil_socket_t fd, short what, void *arg)
{
    struct bay *bay = arg;

    (void)fd;
    (void)what;
    if (bay->taken < CRATES)
        queue_get(bay->queue, &bay->get, on_got, bay);
}

int main(void)
{
    struct bay bay = {.crates = {{.name = "piano", .kg = 90},
                                 {.name = "chair", .kg = 5},
                                 {.name = "safe", .kg = 80},
                                 {.name = "table", .kg = 20},
                                 {.name = "lamp", .kg = 2},
                                 {.name = "stove", .kg = 60}}};
    int status = EXIT_FAILURE;
    struct event_base *base = event_base_new();

    if (base != NULL) {
        bay.queue = queue_new(base, ROOM);
        bay.driven = evtimer_new(base, on_driven, &bay);
    }
    if (bay.queue == NULL || bay.driven == NULL || event_add(bay.driven, &DRIVE) != 0) {
        fprintf(stderr, "24_backpressure: set-up: out of memory\n");
        goto cleanup;
    }
    bay.err = queue_put(bay.queue, &bay.put, &bay.crates[0], on_put, &bay);
    if (bay.err == -ENOSYS)
        fprintf(stderr, "24_backpressure: queue_put() is TODO(2); start with TODO(1)\n");
    else if (event_base_dispatch(base) == 1 && bay.err == 0 && bay.taken == CRATES)
        status = EXIT_SUCCESS;
    else
        fprintf(stderr, "24_backpressure: %d crates of %d are taken away\n", bay.taken, CRATES);

cleanup:
    if (bay.driven != NULL)
        event_free(bay.driven);
    queue_free(bay.queue);
    if (base != NULL)
        event_base_free(base);
    return status;
}
