/* p2_task_management.c: the same functions as promises that callbacks keep
 *
 * There is one coroutine for all of the four: it is suspended until its promise is settled. What
 * settles a promise is told by callbacks: a task has ended, the time is over, the promise was
 * cancelled. The time is a timer of libevent, the end of a task the on_done of a listener, and a
 * task of the set is found by its name, which lies in the set's memory.
 *
 * SPDX-License-Identifier: MIT
 */
#include "p2_task_management.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct promise;

/* What makes the four different. */
struct rules {
    int least; /* so many tasks it needs */
    void (*on_ended)(struct promise *p, int i);
    void (*on_cancel)(struct promise *p);
};

struct listener {
    struct promise *promise;
    struct task *heard, *task;
};

struct promise {
    const struct rules *rules;
    struct task *task;
    bool settled, cancelled, late;
    int result;
    int *results;
    struct event *limit; /* NULL: none */
    int timeout_ms;
    int n, left;
    struct listener listeners[];
};

static void settle(struct promise *p, int result)
{
    p->result = result;
    p->settled = true;
    task_wake(p->task, 0);
}

static void close_promise(struct promise *p)
{
    for (; p->n > 0; p->n--)
        task_free(p->listeners[p->n - 1].task);
    if (p->limit != NULL)
        event_free(p->limit);
    p->limit = NULL;
}

static void on_promise_free(struct task *t)
{
    close_promise(t->frame);
    free(t->frame);
}

static void listen_to(struct task *t)
{
    TASK_BEGIN(t);
    TASK_AWAIT(t, ((struct listener *)t->frame)->heard);
    TASK_END(t);
}

static void on_listener_done(struct task *t)
{
    struct listener *l = t->frame;
    struct promise *p = l->promise;
    if (!task_done(l->heard)) /* the scheduler is being freed */
        return;
    p->left--;
    if (!p->settled)
        p->rules->on_ended(p, (int)(l - p->listeners));
}

static void on_limit(evutil_socket_t fd, short what, void *arg)
{
    struct promise *p = arg;
    (void)fd, (void)what;
    if (p->cancelled || task_done(p->listeners[0].heard))
        return;
    p->late = true;
    task_cancel(p->listeners[0].heard);
}

static int compare(const void *a, const void *b)
{
    struct task *x = *(struct task *const *)a, *y = *(struct task *const *)b;
    return (x > y) - (x < y);
}

/* Sorted, those that are the same stand side by side, and NULL stands first. */
static int check(const struct promise *p)
{
    int error = 0;
    if (p->n < p->rules->least)
        return -EINVAL;
    struct task **sorted = calloc((size_t)p->n + 1, sizeof(struct task *));
    if (sorted == NULL)
        return -ENOMEM;
    for (int i = 0; i < p->n; i++)
        sorted[i + 1] = p->listeners[i].heard;
    qsort(sorted + 1, (size_t)p->n, sizeof(struct task *), compare);
    for (int i = 0; i < p->n; i++)
        if (sorted[i] == sorted[i + 1])
            error = -EINVAL;
    free(sorted);
    return error;
}

static int open_promise(struct promise *p)
{
    int error = check(p);
    for (int i = 0; error == 0 && i < p->n; i++) {
        struct task *t = task_spawn(p->task->sched, listen_to, &p->listeners[i]);
        if (t == NULL)
            return -ENOMEM;
        t->on_done = on_listener_done;
        p->listeners[i].task = t;
    }
    if (error == 0 && p->timeout_ms >= 0) {
        const struct timeval tv = {p->timeout_ms / 1000, p->timeout_ms % 1000 * 1000};
        p->limit = evtimer_new(p->task->sched->base, on_limit, p);
        if (p->limit == NULL || event_add(p->limit, &tv) != 0)
            error = -ENOMEM;
    }
    return error;
}

static void keep_promise(struct task *t)
{
    struct promise *p = t->frame;
    int error;

    TASK_BEGIN(t);
    error = open_promise(p);
    if (error != 0 || p->n == 0)
        settle(p, error);
    while (!p->settled) {
        TASK_SUSPEND(t);
        if (t->wake != 0) { /* whatever was settled in the meantime */
            p->cancelled = true;
            p->rules->on_cancel(p);
        }
    }
    close_promise(p);
    TASK_RETURN(t, p->result);
    TASK_END(t);
}

static struct promise *promise_new(struct sched *s, const struct rules *rules,
                                   struct task *const tasks[], int n)
{
    struct promise *p = calloc(1, sizeof(*p) + (n > 0 ? (size_t)n : 0) * sizeof(struct listener));
    if (p == NULL)
        return NULL;
    p->rules = rules;
    p->timeout_ms = -1;
    p->n = p->left = n;
    for (int i = 0; i < n; i++) {
        p->listeners[i].promise = p;
        p->listeners[i].heard = tasks[i];
    }
    p->task = task_spawn(s, keep_promise, p);
    if (p->task == NULL) {
        free(p);
        return NULL;
    }
    p->task->on_free = on_promise_free;
    return p;
}

/* ---- the four ---- */

static void give_up(struct promise *p)
{
    settle(p, -ECANCELED);
}

static void give_result(struct promise *p, int i)
{
    settle(p, task_result(p->listeners[i].heard));
}

struct task *task_shield(struct sched *s, struct task *inner)
{
    static const struct rules rules = {1, give_result, give_up};
    struct promise *p = promise_new(s, &rules, &inner, 1);
    return p != NULL ? p->task : NULL;
}

struct task *task_wait_first(struct sched *s, struct task *const tasks[], int n)
{
    static const struct rules rules = {1, settle, give_up};
    struct promise *p = promise_new(s, &rules, tasks, n);
    return p != NULL ? p->task : NULL;
}

static void settle_gather(struct promise *p, int result)
{
    for (int i = 0; i < p->n; i++)
        p->results[i] = task_result(p->listeners[i].heard);
    settle(p, result);
}

static void gather_ended(struct promise *p, int i)
{
    int result = task_result(p->listeners[i].heard);
    if (result < 0 && !p->cancelled)
        settle_gather(p, result);
    else if (p->left == 0)
        settle_gather(p, p->cancelled ? -ECANCELED : 0);
}

/* Perhaps for the second time, or when it was settled already. */
static void gather_cancelled(struct promise *p)
{
    p->settled = false;
    for (int i = 0; i < p->n; i++)
        task_cancel(p->listeners[i].heard);
    if (p->left == 0)
        settle_gather(p, -ECANCELED);
}

struct task *task_gather(struct sched *s, struct task *const tasks[], int n, int results[])
{
    static const struct rules rules = {0, gather_ended, gather_cancelled};
    struct promise *p = promise_new(s, &rules, tasks, n);
    if (p == NULL)
        return NULL;
    p->results = results;
    return p->task;
}

static void work_ended(struct promise *p, int i)
{
    int result = task_result(p->listeners[i].heard);
    settle(p, p->cancelled ? -ECANCELED : p->late && result == -ECANCELED ? -ETIMEDOUT : result);
}

static void wait_for_cancelled(struct promise *p)
{
    task_cancel(p->listeners[0].heard);
    if (p->settled)
        p->result = -ECANCELED;
}

struct task *task_wait_for(struct sched *s, struct task *work, int timeout_ms)
{
    static const struct rules rules = {1, work_ended, wait_for_cancelled};
    struct promise *p = promise_new(s, &rules, &work, 1);
    if (p == NULL)
        return NULL;
    p->timeout_ms = timeout_ms > 0 ? timeout_ms : 0;
    return p->task;
}

/* ---- the semaphore: waiter->task is NULL outside of the queue ---- */

TAILQ_HEAD(waiters, semaphore_waiter);

struct semaphore {
    int permits;
    struct waiters waiters;
};

struct semaphore *semaphore_new(int permits)
{
    struct semaphore *semaphore = malloc(sizeof(*semaphore));
    if (semaphore != NULL) {
        semaphore->permits = permits;
        TAILQ_INIT(&semaphore->waiters);
    }
    return semaphore;
}

void semaphore_free(struct semaphore *semaphore)
{
    free(semaphore);
}

static void leave(struct semaphore *semaphore, struct semaphore_waiter *waiter)
{
    if (waiter->task != NULL)
        TAILQ_REMOVE(&semaphore->waiters, waiter, link);
    waiter->task = NULL;
}

bool semaphore_wait(struct semaphore *semaphore, struct task *t, struct semaphore_waiter *waiter)
{
    if (--semaphore->permits >= 0)
        return false;
    semaphore->permits = 0;
    *waiter = (struct semaphore_waiter){.task = t};
    TAILQ_INSERT_TAIL(&semaphore->waiters, waiter, link);
    return true;
}

void semaphore_woken(struct semaphore *semaphore, struct task *t, struct semaphore_waiter *waiter)
{
    leave(semaphore, waiter);
    if (t->wake != 0 && waiter->has_permit)
        semaphore_release(semaphore);
}

void semaphore_release(struct semaphore *semaphore)
{
    struct semaphore_waiter *head;
    while ((head = TAILQ_FIRST(&semaphore->waiters)) != NULL) {
        head->has_permit = task_wake(head->task, 0);
        leave(semaphore, head); /* a cancelled one, too */
        if (head->has_permit)
            return;
    }
    semaphore->permits++;
}

/* ---- the task set ---- */

struct ring {
    struct ring *previous, *next;
};

struct entry {
    struct ring ring; /* the first member: the address of the one is that of the other */
    struct task *task;
    char name[];
};

struct task_set {
    struct sched *sched;
    struct ring ring;
};

struct task_set *task_set_new(struct sched *s)
{
    struct task_set *set = calloc(1, sizeof(*set));
    if (set == NULL)
        return NULL;
    set->sched = s;
    set->ring.previous = set->ring.next = &set->ring;
    return set;
}

/* At its end, or with the set. */
static void on_entry_done(struct task *t)
{
    struct entry *e = (struct entry *)(uintptr_t)(t->name - offsetof(struct entry, name));
    e->ring.previous->next = e->ring.next;
    e->ring.next->previous = e->ring.previous;
    task_free(t);
    free(e);
}

struct task *task_set_spawn(struct task_set *set, task_fn fn, void *frame, const char *name)
{
    struct entry *e = malloc(sizeof(*e) + strlen(name) + 1);
    if (e == NULL)
        return NULL;
    strcpy(e->name, name);
    e->task = task_spawn_named(set->sched, fn, frame, e->name);
    if (e->task == NULL) {
        free(e);
        return NULL;
    }
    e->task->on_done = on_entry_done;
    e->ring.previous = set->ring.previous;
    e->ring.next = &set->ring;
    e->ring.previous->next = e->ring.next->previous = &e->ring;
    return e->task;
}

int task_set_count(const struct task_set *set)
{
    int count = 0;
    for (const struct ring *r = set->ring.next; r != &set->ring; r = r->next)
        count++;
    return count;
}

void task_set_dump(const struct task_set *set, FILE *out)
{
    for (const struct ring *r = set->ring.next; r != &set->ring; r = r->next)
        fprintf(out, "%s\n", ((const struct entry *)r)->name);
}

void task_set_free(struct task_set *set)
{
    while (set != NULL && set->ring.next != &set->ring)
        on_entry_done(((struct entry *)set->ring.next)->task);
    free(set);
}
