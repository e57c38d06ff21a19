/* coro_sched.h: the scheduler behind coro.h
 *
 * Included by coro.h, which says what each function is for. Here: how a task gets from a wait into
 * the queue, from the queue into its function, and from there to its next wait or its end.
 *
 * A task that has not ended stands in exactly one place: in a queue (ready), in the heap
 * (sleeping), in the ring of its child's waiters (awaiting), in the ring `outside` (waiting for a
 * descriptor or for task_wake()), or it is the one that runs. coro_detach() takes it out of there,
 * so that it can be woken, cancelled or freed at any moment.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CORO_SCHED_H
#define CORO_SCHED_H

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define CORO_NEVER INT64_MAX

/* ---- rings: doubly linked, circular; the head is a pointer to the first ---- */

static inline void coro_append(struct task **ring, struct task *t)
{
    struct task *first = *ring != NULL ? *ring : (*ring = t->next = t->prev = t);
    t->prev = first->prev;
    t->next = first;
    first->prev->next = t;
    first->prev = t;
    t->ring = ring;
}

static inline void coro_unlink(struct task *t)
{
    if (*t->ring == t)
        *t->ring = t->next != t ? t->next : NULL;
    t->prev->next = t->next;
    t->next->prev = t->prev;
}

/* ---- the heap of sleepers ---- */

static inline bool coro_before(const struct coro_sleeper *a, const struct coro_sleeper *b)
{
    return a->deadline != b->deadline ? a->deadline < b->deadline : a->order < b->order;
}

static inline void coro_place(struct sched *s, size_t slot, struct coro_sleeper x)
{
    s->heap[slot] = x;
    x.task->slot = slot;
}

/* Puts x into the free place `slot`, or where the order of the heap wants it. */
static inline void coro_sift(struct sched *s, size_t slot, struct coro_sleeper x)
{
    for (; slot > 0 && coro_before(&x, &s->heap[(slot - 1) / 4]); slot = (slot - 1) / 4)
        coro_place(s, slot, s->heap[(slot - 1) / 4]);
    for (size_t first; (first = 4 * slot + 1) < s->sleeping;) {
        size_t best = first;
        for (size_t i = first + 1; i < first + 4 && i < s->sleeping; i++)
            if (coro_before(&s->heap[i], &s->heap[best]))
                best = i;
        if (!coro_before(&s->heap[best], &x))
            break;
        coro_place(s, slot, s->heap[best]);
        slot = best;
    }
    coro_place(s, slot, x);
}

static inline void coro_heap_remove(struct sched *s, size_t slot)
{
    struct coro_sleeper last = s->heap[--s->sleeping];
    if (slot < s->sleeping)
        coro_sift(s, slot, last);
}

/* Room for one more task: taken when it is spawned, so that falling asleep cannot fail for it. */
static inline int coro_reserve(struct sched *s)
{
    if (s->live < s->capacity)
        return 0;
    size_t capacity = s->capacity != 0 ? 2 * s->capacity : 16;
    void *heap = realloc(s->heap, capacity * sizeof(*s->heap));
    if (heap == NULL)
        return -1;
    s->heap = heap;
    s->capacity = capacity;
    return 0;
}

/* ---- when the next turn comes ---- */

static inline int64_t coro_now(struct sched *s)
{
    struct timeval tv = {0, 0};
    evutil_gettime_monotonic(s->clock, &tv);
    return (int64_t)tv.tv_sec * 1000000 + tv.tv_usec;
}

/* Tests may name a function here that adds the scheduler's own event: one that does not fail where
 * they let event_add() fail for the program's. */
#ifdef CORO_EVENT_ADD
int CORO_EVENT_ADD(struct event *ev, const struct timeval *tv);
#else
#define CORO_EVENT_ADD event_add
#endif

/* Sets `turn` to when it is needed: at once, at the first deadline, or never, so that the loop can
 * end. "At once" is a timer of 0 and not event_active(): an event that made itself active again in
 * its own callback would keep the loop from ever looking at its sockets. Only where libevent has no
 * memory for a timer is that the way out. */
static inline int coro_arm(struct sched *s)
{
    int64_t when = s->queue[s->filling] != NULL ? 0 : CORO_NEVER;
    if (when != 0 && s->sleeping > 0)
        when = s->heap[0].deadline;
    if (when == s->armed_for)
        return 0;
    s->armed_for = when;
    if (when == CORO_NEVER)
        return event_del(s->turn);
    int64_t wait = when != 0 ? when - coro_now(s) : 0;
    if (wait < 0)
        wait = 0;
    struct timeval tv = {(time_t)(wait / 1000000), (suseconds_t)(wait % 1000000)};
    if (CORO_EVENT_ADD(s->turn, &tv) == 0)
        return 0;
    s->armed_for = 0;
    event_active(s->turn, EV_TIMEOUT, 0);
    return -1;
}

/* ---- from a wait to the queue, from the queue to the function, to the end ---- */

/* Takes a task out of whatever it stands in. */
static inline void coro_detach(struct task *t)
{
    if (t->state == TASK_SLEEPING)
        coro_heap_remove(t->sched, t->slot);
    else if (t->state != TASK_RUNNING && t->state != TASK_DONE)
        coro_unlink(t);
    if (t->state == TASK_WAITING_FD)
        event_free(t->event);
}

/* Makes a suspended task ready to go on, with `wake` as the reason. */
static inline void coro_wake(struct task *t, int wake)
{
    coro_detach(t);
    t->wake = wake;
    t->state = TASK_READY;
    coro_append(&t->sched->queue[t->sched->filling], t);
    if (!t->sched->in_turn)
        (void)coro_arm(t->sched); /* failed: the turn comes all the same */
}

static inline bool task_wake(struct task *t, int wake)
{
    if (t->state != TASK_SUSPENDED)
        return false;
    coro_wake(t, wake);
    return true;
}

static inline void coro_end(struct task *t, int result)
{
    t->result = result;
    t->state = TASK_DONE;
    t->sched->live--;
    while (t->waiters != NULL)
        coro_wake(t->waiters, result == -ECANCELED ? result : 0);
    if (t->on_done != NULL)
        t->on_done(t);
}

static inline void task_cancel(struct task *t)
{
    while (t->state == TASK_AWAITING) /* ends: coro_await() lets no circle arise */
        t = t->child;
    if (t->state == TASK_RUNNING)
        t->cancel_requested = true;
    else if (t->state == TASK_READY)
        t->wake = -ECANCELED;
    else if (t->state != TASK_DONE)
        coro_wake(t, -ECANCELED);
}

/* Tests may name a function here that overwrites the stack on which a step is going to run: then a
 * local that was kept across a wait is lost in every run, and not by chance. */
#ifdef CORO_BEFORE_STEP
void CORO_BEFORE_STEP(void);
#else
#define CORO_BEFORE_STEP() ((void)0)
#endif

/* One step of a task: from where it stopped to its next wait, or to its end. */
static inline void coro_step(struct task *t)
{
    coro_unlink(t);
    t->state = TASK_RUNNING;
    if (t->resume_at == 0 && t->wake == -ECANCELED) {
        coro_end(t, -ECANCELED);
        return;
    }
    CORO_BEFORE_STEP();
    t->fn(t);
    bool cancel = t->cancel_requested;
    t->cancel_requested = false;
    if (t->state == TASK_RUNNING)
        coro_end(t, cancel ? -ECANCELED : t->result);
    else if (cancel)
        task_cancel(t);
}

/* One turn, as in asyncio: add those whose time has come, then run what is ready now. */
static inline void coro_turn(evutil_socket_t fd, short what, void *arg)
{
    struct sched *s = arg;
    (void)fd, (void)what;
    s->armed_for = CORO_NEVER;
    s->in_turn = true;
    int64_t now = s->sleeping > 0 ? coro_now(s) : 0;
    while (s->sleeping > 0 && s->heap[0].deadline <= now)
        coro_wake(s->heap[0].task, 0);
    struct task **round = &s->queue[s->filling];
    s->filling = !s->filling;
    while (*round != NULL)
        coro_step(*round);
    s->in_turn = false;
    (void)coro_arm(s);
}

/* ---- the waits: each returns true if the task is to be suspended ---- */

static inline bool coro_yield(struct task *t)
{
    t->wake = 0;
    t->state = TASK_READY;
    coro_append(&t->sched->queue[t->sched->filling], t);
    return true;
}

static inline bool coro_sleep(struct task *t, int64_t ms)
{
    const int64_t century = INT64_C(100) * 366 * 86400 * 1000;
    struct sched *s = t->sched;
    if (ms <= 0)
        return coro_yield(t);
    int64_t deadline = coro_now(s) + (ms < century ? ms : century) * 1000;
    coro_sift(s, s->sleeping++, (struct coro_sleeper){deadline, s->order++, t});
    if (t->slot == 0 && coro_arm(s) != 0) {
        coro_heap_remove(s, t->slot);
        t->wake = -ENOMEM;
        return false;
    }
    t->state = TASK_SLEEPING;
    return true;
}

static inline bool coro_await(struct task *t, struct task *child)
{
    struct task *last = child;
    while (last != NULL && last != t && last->state == TASK_AWAITING)
        last = last->child;
    if (last == NULL || last == t) {
        t->wake = last == NULL ? -EINVAL : -EDEADLK;
        return false;
    }
    if (child->state == TASK_DONE) {
        t->wake = child->result == -ECANCELED ? -ECANCELED : 0;
        return false;
    }
    t->state = TASK_AWAITING;
    t->child = child;
    coro_append(&child->waiters, t);
    return true;
}

static inline void coro_on_fd(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    coro_wake(arg, 0);
}

static inline bool coro_wait_fd(struct task *t, evutil_socket_t fd, short what)
{
    t->wake = -EINVAL; /* libevent would accept a negative descriptor, and never call */
    if (fd < 0 || (what & (EV_READ | EV_WRITE)) == 0)
        return false;
    errno = ENOMEM;
    t->event = event_new(t->sched->base, fd, what & (EV_READ | EV_WRITE), coro_on_fd, t);
    if (t->event == NULL || event_add(t->event, NULL) != 0) {
        t->wake = -errno;
        if (t->event != NULL)
            event_free(t->event);
        return false;
    }
    t->state = TASK_WAITING_FD;
    coro_append(&t->sched->outside, t);
    return true;
}

static inline bool coro_suspend(struct task *t)
{
    t->state = TASK_SUSPENDED;
    coro_append(&t->sched->outside, t);
    return true;
}

/* ---- the interface ---- */

/* Some task that has not ended and awaits nobody; NULL when no task is left. */
static inline struct task *coro_any(struct sched *s)
{
    if (s->queue[0] != NULL || s->queue[1] != NULL)
        return s->queue[0] != NULL ? s->queue[0] : s->queue[1];
    return s->sleeping > 0 ? s->heap[0].task : s->outside;
}

static inline void sched_free(struct sched *s)
{
    if (s == NULL)
        return;
    assert(!s->in_turn && "sched_free() inside a task or on_done");
    s->in_turn = true; /* nobody arms `turn` any more */
    if (s->turn != NULL)
        event_free(s->turn);
    s->turn = NULL; /* nothing can be spawned any more */
    for (struct task *t; (t = coro_any(s)) != NULL;) {
        coro_detach(t);
        coro_end(t, -ECANCELED);
    }
    if (s->clock != NULL)
        evutil_monotonic_timer_free(s->clock);
    free(s->heap);
    free(s);
}

static inline struct sched *sched_new(struct event_base *base)
{
    struct sched *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->base = base;
    s->armed_for = CORO_NEVER;
    s->clock = evutil_monotonic_timer_new();
    s->turn = event_new(base, -1, 0, coro_turn, s);
    if (s->clock == NULL || s->turn == NULL || evutil_configure_monotonic_time(s->clock, 0) != 0) {
        sched_free(s);
        return NULL;
    }
    return s;
}

#define task_spawn(s, fn, frame) task_spawn_named((s), (fn), (frame), #fn)
static inline struct task *task_spawn_named(struct sched *s, task_fn fn, void *frame,
                                            const char *name)
{
    if (s->turn == NULL || coro_reserve(s) != 0)
        return NULL;
    struct task *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return NULL;
    s->live++;
    t->sched = s;
    t->fn = fn;
    t->frame = frame;
    t->name = name;
    t->state = TASK_RUNNING; /* in no queue yet */
    coro_wake(t, 0);
    return t;
}

static inline void task_free(struct task *t)
{
    if (t == NULL)
        return;
    assert(t->state != TASK_RUNNING && "task_free() of the running task: see on_done");
    if (t->state != TASK_DONE) {
        coro_detach(t);
        t->sched->live--;
        while (t->waiters != NULL)
            coro_wake(t->waiters, -ECANCELED);
        if (!t->sched->in_turn)
            (void)coro_arm(t->sched); /* perhaps nothing is left to wait for */
    }
    if (t->on_free != NULL)
        t->on_free(t);
    free(t);
}

#endif
