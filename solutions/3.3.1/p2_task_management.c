/* p2_task_management.c: write what asyncio offers for many tasks at once, on coro.h
 *
 * p2_task_management.h says what each function does. coro.h is the runtime: its first page has an
 * example, the six rules and the interface. p2_tour.h is the program that shows what is written.
 *
 * SPDX-License-Identifier: MIT
 */
#include "p2_task_management.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p2_tour.h"

/* ---- task_shield ---- */

struct wait;

/* Looks on for a task that waits: a small task of its own, which awaits one of the tasks handed in
 * and then wakes the one that waits. It is never cancelled, only freed, so that no request goes
 * through it to the task that it awaits. */
struct watcher {
    struct wait *wait;
    struct task *watched; /* borrowed */
    struct task *task;    /* owned; NULL while nobody looks on */
};

/* The frame of each task of the four; freed with the task, by on_wait_free(). */
struct wait {
    struct task *waiter; /* the task itself */
    int first;           /* index of the task that ended first; -1 while none has */
    int error;           /* the first error that one of them ended with; 0 while none has */
    int running;         /* how many have not ended */
    int failed;          /* why nobody looks on; 0 if somebody does */
    bool cancelled;      /* the waiter was, after its first step */
    int *results;        /* gather: the caller's */
    int timeout_ms;      /* wait_for; -1 for the others */
    bool timed_out;      /* the timer has cancelled the work */
    struct task *timer;  /* owned; NULL while there is none */
    int n;
    struct watcher watchers[];
};

static void watch(struct task *t)
{
    struct watcher *w = t->frame;
    struct wait *f = w->wait;

    TASK_BEGIN(t);
    TASK_AWAIT(t, w->watched);
    f->running--;
    if (f->first < 0)
        f->first = (int)(w - f->watchers);
    if (f->error == 0 && task_result(w->watched) < 0)
        f->error = task_result(w->watched);
    (void)task_wake(f->waiter, 0); /* false: it goes on as it is, and will see what stands here */
    TASK_END(t);
}

/* The tasks handed in may be freed after this. */
static void watch_end(struct wait *f)
{
    task_free(f->timer); /* often asleep still: that ends, too */
    f->timer = NULL;
    for (int i = 0; i < f->n; i++) {
        task_free(f->watchers[i].task);
        f->watchers[i].task = NULL;
    }
}

/* Whether tasks[i] is one, and not the same as one before it. */
static bool watch_allowed(const struct wait *f, int i)
{
    for (int k = 0; k < i; k++)
        if (f->watchers[k].watched == f->watchers[i].watched)
            return false;
    return f->watchers[i].watched != NULL;
}

/* Cancels the work when the time is over; also if it could not sleep: no work without a limit. */
static void run_timer(struct task *t)
{
    struct wait *f = t->frame;

    TASK_BEGIN(t);
    TASK_SLEEP(t, f->timeout_ms);
    if (f->cancelled || task_done(f->watchers[0].watched))
        TASK_RETURN(t, 0); /* it has been asked already, or need not be */
    f->timed_out = true;
    task_cancel(f->watchers[0].watched);
    TASK_END(t);
}

/* In the first step of the waiter, and not in the call: a waiter that is cancelled before it has
 * done nothing. 0, or a negative errno; watch_end() is due in any case. */
static int watch_begin(struct wait *f)
{
    struct sched *s = f->waiter->sched;
    for (int i = 0; i < f->n; i++)
        if (!watch_allowed(f, i))
            return -EINVAL;
    for (int i = 0; i < f->n; i++) {
        f->watchers[i].task = task_spawn(s, watch, &f->watchers[i]);
        if (f->watchers[i].task == NULL)
            return -ENOMEM;
    }
    if (f->timeout_ms >= 0 && (f->timer = task_spawn(s, run_timer, f)) == NULL)
        return -ENOMEM;
    return f->n < 0 ? -EINVAL : 0;
}

static void on_wait_free(struct task *t)
{
    watch_end(t->frame);
    free(t->frame);
}

static struct task *wait_spawn(struct sched *s, task_fn fn, const char *name,
                               struct task *const tasks[], int n)
{
    size_t room = n > 0 ? (size_t)n : 0;
    struct wait *f = calloc(1, sizeof(*f) + room * sizeof(f->watchers[0]));
    struct task *t = f != NULL ? task_spawn_named(s, fn, f, name) : NULL;

    if (t == NULL) {
        free(f);
        return NULL;
    }
    f->waiter = t;
    f->first = f->timeout_ms = -1;
    f->running = f->n = n;
    for (int i = 0; i < n; i++)
        f->watchers[i] = (struct watcher){.wait = f, .watched = tasks[i]};
    t->on_free = on_wait_free;
    return t;
}

static void shield(struct task *t)
{
    struct wait *f = t->frame;

    TASK_BEGIN(t);
    t->wake = watch_begin(f);
    while (t->wake == 0 && f->running > 0)
        TASK_SUSPEND(t);
    watch_end(f);
    TASK_RETURN(t, t->wake != 0 ? t->wake : task_result(f->watchers[0].watched));
    TASK_END(t);
}

struct task *task_shield(struct sched *s, struct task *inner)
{
    return wait_spawn(s, shield, "task_shield", &inner, 1);
}

/* ---- task_wait_first ---- */

static void wait_first(struct task *t)
{
    struct wait *f = t->frame;

    TASK_BEGIN(t);
    t->wake = f->n > 0 ? watch_begin(f) : -EINVAL;
    while (t->wake == 0 && f->first < 0)
        TASK_SUSPEND(t);
    watch_end(f); /* the others are no business of this task any more */
    TASK_RETURN(t, t->wake != 0 ? t->wake : f->first);
    TASK_END(t);
}

struct task *task_wait_first(struct sched *s, struct task *const tasks[], int n)
{
    return wait_spawn(s, wait_first, "task_wait_first", tasks, n);
}

/* ---- task_gather ---- */

/* The waiter was cancelled, perhaps not for the first time. */
static void hand_on(struct wait *f)
{
    f->cancelled = true;
    for (int i = 0; i < f->n; i++)
        task_cancel(f->watchers[i].watched);
}

static void gather(struct task *t)
{
    struct wait *f = t->frame;

    TASK_BEGIN(t);
    f->failed = watch_begin(f);
    while (f->failed == 0 && f->running > 0 && (f->error == 0 || f->cancelled)) {
        TASK_SUSPEND(t);
        if (t->wake != 0)
            hand_on(f);
    }
    watch_end(f);
    if (f->failed != 0)
        TASK_RETURN(t, f->failed);
    for (int i = 0; i < f->n; i++)
        f->results[i] = task_result(f->watchers[i].watched);
    TASK_RETURN(t, f->cancelled ? -ECANCELED : f->error);
    TASK_END(t);
}

struct task *task_gather(struct sched *s, struct task *const tasks[], int n, int results[])
{
    struct task *t = wait_spawn(s, gather, "task_gather", tasks, n);
    if (t != NULL)
        ((struct wait *)t->frame)->results = results;
    return t;
}

/* ---- task_wait_for ---- */

static void wait_for(struct task *t)
{
    struct wait *f = t->frame;

    TASK_BEGIN(t);
    f->failed = watch_begin(f);
    while (f->failed == 0 && f->running > 0) { /* until its cleanup is over, not only the limit */
        TASK_SUSPEND(t);
        if (t->wake != 0)
            hand_on(f);
    }
    watch_end(f);
    if (f->failed != 0 || f->cancelled)
        TASK_RETURN(t, f->failed != 0 ? f->failed : -ECANCELED);
    if (f->timed_out && f->error == -ECANCELED)
        TASK_RETURN(t, -ETIMEDOUT);
    TASK_RETURN(t, task_result(f->watchers[0].watched));
    TASK_END(t);
}

struct task *task_wait_for(struct sched *s, struct task *work, int timeout_ms)
{
    struct task *t = wait_spawn(s, wait_for, "task_wait_for", &work, 1);
    if (t != NULL)
        ((struct wait *)t->frame)->timeout_ms = timeout_ms > 0 ? timeout_ms : 0;
    return t;
}

/* ---- the semaphore ---- */

struct semaphore {
    int permits; /* free ones: none while a task waits that was not cancelled */
    TAILQ_HEAD(, semaphore_waiter) queue;
};

struct semaphore *semaphore_new(int permits)
{
    struct semaphore *semaphore = calloc(1, sizeof(*semaphore));
    if (semaphore == NULL)
        return NULL;
    semaphore->permits = permits;
    TAILQ_INIT(&semaphore->queue);
    return semaphore;
}

void semaphore_free(struct semaphore *semaphore)
{
    free(semaphore);
}

bool semaphore_wait(struct semaphore *semaphore, struct task *t, struct semaphore_waiter *waiter)
{
    if (semaphore->permits > 0) { /* a queue then holds cancelled tasks only */
        semaphore->permits--;
        return false;
    }
    waiter->task = t;
    waiter->has_permit = false;
    TAILQ_INSERT_TAIL(&semaphore->queue, waiter, link);
    return true;
}

void semaphore_woken(struct semaphore *semaphore, struct task *t, struct semaphore_waiter *waiter)
{
    if (t->wake == 0)
        return;
    if (waiter->has_permit) /* handed over, and cancelled in the same turn */
        semaphore_release(semaphore);
    else
        TAILQ_REMOVE(&semaphore->queue, waiter, link);
}

void semaphore_release(struct semaphore *semaphore)
{
    struct semaphore_waiter *waiter;

    for (waiter = TAILQ_FIRST(&semaphore->queue); waiter != NULL;
         waiter = TAILQ_NEXT(waiter, link)) {
        if (!task_wake(waiter->task, 0))
            continue; /* cancelled: it is about to leave the queue by itself */
        waiter->has_permit = true;
        TAILQ_REMOVE(&semaphore->queue, waiter, link);
        return;
    }
    semaphore->permits++;
}

/* ---- the task set ---- */

/* One task of the set. It belongs to the task that looks on, `keeper`, and is freed with it. */
struct member {
    TAILQ_ENTRY(member) link;
    struct task_set *set;
    struct task *task, *keeper; /* owned */
    char name[];
};

struct task_set {
    struct sched *sched;
    TAILQ_HEAD(, member) members; /* in the order in which they were spawned */
};

struct task_set *task_set_new(struct sched *s)
{
    struct task_set *set = calloc(1, sizeof(*set));
    if (set == NULL)
        return NULL;
    set->sched = s;
    TAILQ_INIT(&set->members);
    return set;
}

/* Does nothing but wait: what is to be done at the end is done by on_kept(). */
static void keep(struct task *t)
{
    struct member *m = t->frame;

    TASK_BEGIN(t);
    TASK_AWAIT(t, m->task);
    TASK_END(t);
}

static void member_free(struct member *m)
{
    TAILQ_REMOVE(&m->set->members, m, link);
    task_free(m->task);
    task_free(m->keeper);
    free(m);
}

static void on_kept(struct task *keeper)
{
    member_free(keeper->frame);
}

struct task *task_set_spawn(struct task_set *set, task_fn fn, void *frame, const char *name)
{
    size_t room = strlen(name) + 1;
    struct member *m = calloc(1, sizeof(*m) + room);

    if (m == NULL)
        return NULL;
    memcpy(m->name, name, room);
    m->set = set;
    m->task = task_spawn_named(set->sched, fn, frame, m->name);
    m->keeper = task_spawn(set->sched, keep, m);
    TAILQ_INSERT_TAIL(&set->members, m, link);
    if (m->task == NULL || m->keeper == NULL) {
        member_free(m);
        return NULL;
    }
    m->keeper->on_done = on_kept;
    return m->task;
}

int task_set_count(const struct task_set *set)
{
    int count = 0;
    for (const struct member *m = TAILQ_FIRST(&set->members); m != NULL; m = TAILQ_NEXT(m, link))
        count += !task_done(m->task);
    return count;
}

void task_set_dump(const struct task_set *set, FILE *out)
{
    for (const struct member *m = TAILQ_FIRST(&set->members); m != NULL; m = TAILQ_NEXT(m, link))
        if (!task_done(m->task))
            fprintf(out, "%s\n", m->name);
}

void task_set_free(struct task_set *set)
{
    while (set != NULL && !TAILQ_EMPTY(&set->members))
        member_free(TAILQ_FIRST(&set->members));
    free(set);
}

int main(void)
{
    return p2_tour();
}
