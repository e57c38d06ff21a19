/* 22_work_queue.c: two workers share the jobs of one queue; who put them waits until all are done
 *
 * asyncio twin:
 *     async def work(queue):
 *         while True:
 *             job = await queue.get(); await asyncio.sleep(job.seconds); queue.task_done()
 *     queue = asyncio.Queue(2)
 *     workers = [asyncio.create_task(work(queue)) for _ in range(2)]
 *     for job in jobs: await queue.put(job)
 *     await queue.join()
 *     for worker in workers: worker.cancel()
 * Run: ./22_work_queue
 * Ends when the workers have stopped: no event is pending then.
 * Notice: a worker takes the next job as soon as it has ended one, so the long jobs hold up nobody.
 * At 0.350 the queue is empty, but one job is still in work: join waits for it. A real program
 * would have as many workers as what they use can bear, and say which jobs have failed.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

enum { SLOTS = 2, WORKERS = 2, JOBS = 5, TOLD_IN_A_ROW = 16 };

static const struct job {
    const char *name;
    int ms; /* how long the work takes */
} JOB_LIST[JOBS] = {{"a", 250}, {"b", 100}, {"c", 200}, {"d", 100}, {"e", 150}};

/* Tells whoever waits how it has ended: 0, or a negative errno. The loop calls it. */
typedef void (*done_cb)(int err, void *arg);

/* One call of put, get or join, until cb is called. The memory is the caller's. */
struct call {
    const struct job *item; /* what is put, or what was got; borrowed */
    done_cb cb;
    void *arg; /* for it; borrowed */
    int err;
    struct line *line;      /* where it stands */
    TAILQ_ENTRY(call) next; /* the one behind it */
};

/* First come, first served. */
TAILQ_HEAD(line, call);

struct queue {
    const struct job *items[SLOTS]; /* a ring: n of them, from `first` on; borrowed */
    size_t first, n;
    size_t unfinished;            /* jobs put into a slot, and not yet done */
    struct line getters, putters; /* those who wait for an item, and for a free slot */
    struct line joiners;          /* those who wait until nothing is unfinished */
    struct line over;             /* those who are to be told */
    struct event *tell;           /* calls on_tell(); active as long as somebody is; owned */
    unsigned told;                /* how many, so far */
};

static void items_add(struct queue *q, const struct job *item)
{
    q->items[(q->first + q->n++) % SLOTS] = item;
    q->unfinished++;
}

static const struct job *items_take(struct queue *q)
{
    const struct job *item = q->items[q->first];

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

static void queue_put(struct queue *q, struct call *call, const struct job *item, done_cb cb,
                      void *arg)
{
    call->item = item;
    call_begin(q, call, &q->putters, cb, arg);
}

static void queue_get(struct queue *q, struct call *call, done_cb cb, void *arg)
{
    call_begin(q, call, &q->getters, cb, arg);
}

/* A call that still waits is over. One that has been served stays so: its item would be lost. */
static void queue_cancel(struct queue *q, struct call *call)
{
    if (call->line != &q->over)
        call_end(q, call, -ECANCELED);
}

/* Those who join have no item and no slot to wait for, but that nothing is unfinished. */
static void queue_settle_joiners(struct queue *q)
{
    struct call *call;

    while (q->unfinished == 0 && (call = TAILQ_FIRST(&q->joiners)) != NULL)
        call_end(q, call, 0);
}

static void queue_join(struct queue *q, struct call *call, done_cb cb, void *arg)
{
    call_begin(q, call, &q->joiners, cb, arg);
    queue_settle_joiners(q);
}

/* A job that was got is done. */
static void queue_task_done(struct queue *q)
{
    q->unfinished--;
    queue_settle_joiners(q);
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

static int queue_open(struct queue *q, struct event_base *base)
{
    TAILQ_INIT(&q->getters);
    TAILQ_INIT(&q->putters);
    TAILQ_INIT(&q->joiners);
    TAILQ_INIT(&q->over);
    q->tell = event_new(base, -1, 0, on_tell, q);
    return q->tell != NULL ? 0 : -1;
}

static void queue_close(struct queue *q)
{
    if (q->tell != NULL)
        event_free(q->tell);
}

/* ---- the workers ---- */

struct worker {
    char name;
    struct queue *queue; /* borrowed */
    struct call get;     /* its one call */
    struct event *work;  /* calls on_worked(); owned */
    bool failed;         /* the timer could not be armed */
};

static void on_got(int err, void *arg)
{
    struct worker *worker = arg;

    if (err != 0) {
        printf("%c: stops\n", worker->name);
        return;
    }
    printf("%c: begins %s\n", worker->name, worker->get.item->name);
    if (event_add(worker->work, &(struct timeval){.tv_usec = worker->get.item->ms * 1000}) != 0)
        worker->failed = true;
}

static void on_worked(evutil_socket_t fd, short what, void *arg)
{
    struct worker *worker = arg;

    (void)fd;
    (void)what;
    printf("%c: ends %s\n", worker->name, worker->get.item->name);
    queue_task_done(worker->queue);
    queue_get(worker->queue, &worker->get, on_got, worker);
}

/* ---- the program ---- */

struct program {
    struct event_base *base; /* owned, as is all below */
    struct queue queue;
    struct worker workers[WORKERS];
    struct call call; /* the one put or join that is under way */
    int put;          /* jobs, so far */
    bool joined;
};

static void on_joined(int err, void *arg)
{
    struct program *program = arg;

    program->joined = err == 0;
    puts("main: all jobs are done");
    for (int k = 0; k < WORKERS; k++)
        queue_cancel(&program->queue, &program->workers[k].get);
}

static void on_put(int err, void *arg)
{
    struct program *program = arg;

    (void)err; /* nobody cancels it */
    if (program->put < JOBS) {
        queue_put(&program->queue, &program->call, &JOB_LIST[program->put++], on_put, program);
        return;
    }
    puts("main: all jobs are put");
    queue_join(&program->queue, &program->call, on_joined, program);
}

static int program_open(struct program *program)
{
    program->base = event_base_new();
    if (program->base == NULL || queue_open(&program->queue, program->base) != 0)
        return -1;
    for (int k = 0; k < WORKERS; k++) {
        struct worker *worker = &program->workers[k];

        worker->name = (char)('A' + k);
        worker->queue = &program->queue;
        worker->work = evtimer_new(program->base, on_worked, worker);
        if (worker->work == NULL)
            return -1;
        queue_get(&program->queue, &worker->get, on_got, worker);
    }
    return 0;
}

/* Takes a half-opened program, too. */
static void program_close(struct program *program)
{
    for (int k = 0; k < WORKERS; k++)
        if (program->workers[k].work != NULL)
            event_free(program->workers[k].work);
    queue_close(&program->queue);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(void)
{
    struct program program = {0};
    int status = EXIT_FAILURE;

    if (program_open(&program) != 0) {
        fprintf(stderr, "22_work_queue: set-up: out of memory\n");
        goto cleanup;
    }
    on_put(0, &program); /* the first job */
    if (event_base_dispatch(program.base) != 1 || !program.joined) {
        fprintf(stderr, "22_work_queue: event loop: it ended before its work did\n");
        goto cleanup;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "22_work_queue: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    return status;
}
