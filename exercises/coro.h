/* coro.h: coroutines in C11, run as tasks on a libevent loop
 *
 * A coroutine is a function that can stop in the middle, let others run, and later go on where it
 * stopped. C has none; but a function can note the line it has come to and return, and a
 * `switch` at its top can jump back to that line at the next call. That is all that the macros
 * below do, and it is what a compiler makes of `async def`. The C stack is gone at every wait, so
 * what must outlive one is kept in a struct, the frame.
 *
 * A task is one run of a coroutine: the function, its frame, the line to resume at, what it waits
 * for. A scheduler keeps the tasks that can go on in a first-in first-out queue, and drains it from
 * one libevent event. A turn runs what was ready when the turn began and nothing that became ready
 * in it, so that sockets and timers of the program get their turn too.
 *
 *     struct hello { int delay_ms; };
 *
 *     static void hello(struct task *t)              | async def hello(delay):
 *     {                                              |
 *         struct hello *f = t->frame;                |
 *         TASK_BEGIN(t);                             |
 *         puts("Hello");                             |     print("Hello")
 *         TASK_SLEEP(t, f->delay_ms);                |     await asyncio.sleep(delay)
 *         if (t->wake != 0)                          |
 *             TASK_RETURN(t, t->wake);               |
 *         puts("World");                             |     print("World")
 *         TASK_END(t);                               |
 *     }                                              |
 *
 * Rules
 *   1. What lives across a wait lives in the frame; a local variable does not survive.
 *   2. One wait on a line.
 *   3. No wait inside a `switch` of your own.
 *   4. After each wait read t->wake: 0, or a negative errno that says why the wait was given up.
 *   5. Never call a task function yourself: only the scheduler resumes a task.
 *   6. Who spawns a task awaits it or hands it over, and frees it with its frame.
 *
 * Interface: the scheduler
 *   sched_new(base)             a scheduler on this base; NULL without memory
 *   sched_free(s)               ends what still runs (-ECANCELED, the body is not resumed; on_done
 *                               is called), not from inside a task. The ended tasks are still
 *                               their owners' to free. Call it before event_base_free().
 *   sched_dump(s, out)          lists the tasks that have not ended and what each waits for
 * Interface: tasks, from anywhere on the loop's thread
 *   task_spawn(s, fn, frame)    a task that begins on the next turn; NULL without memory. The
 *                               caller owns the task and the frame.
 *   task_free(t)                any task but the running one, also NULL. A suspended task is taken
 *                               out of all it waits for; who awaits it wakes with -ECANCELED.
 *   task_done(t)                has it ended?
 *   task_result(t)              what it returned, -ECANCELED if cancelled; -EINPROGRESS before
 *   task_cancel(t)              asks it to stop, as asyncio does: one that has not begun never
 *                               runs; one that awaits a child hands the request to the child and
 *                               goes on when the child has ended; any other wakes from its wait
 *                               with -ECANCELED on the next turn, or from its next wait if it is
 *                               the running one. It may clean up first, with waits, or ignore the
 *                               request. No effect on a task that has ended.
 *   task_wake(t, wake)          resumes a task that is in TASK_SUSPEND, on the next turn. False, and
 *                               no effect, if it is not: because it has not come to it yet, was
 *                               woken or cancelled before, or has ended.
 *   t->on_done = fn             optional: called once when t has ended, as the last that is done
 *                               with it: fn may free t and its frame, if nobody awaits t.
 *   t->on_free = fn             optional: called by task_free(t), to free the frame with the task
 * Interface: inside a task function
 *   t->frame  t->sched          what task_spawn() was given
 *   TASK_BEGIN(t)  TASK_END(t)  around the body. Declare variables before TASK_BEGIN.
 *   TASK_RETURN(t, result)      ends the task. TASK_END, or a plain return, means a result of 0.
 *   TASK_YIELD(t)               lets everybody else that is ready go first
 *   TASK_SLEEP(t, ms)           up to 0: a yield. Those due at the same time wake in FIFO order.
 *   TASK_AWAIT(t, child)        until child has ended; does not suspend if it has. wake is
 *                               -ECANCELED if that is the child's result, -EINVAL for NULL,
 *                               -EDEADLK for itself or for a task that awaits this one in turn.
 *   TASK_WAIT_FD(t, fd, what)   until fd is ready; `what` is EV_READ, EV_WRITE or both. wake may be
 *                               -EINVAL, or what event_add() said (-EPERM for a regular file).
 *   TASK_SUSPEND(t)             until somebody calls task_wake(): what all other waits can be made
 *                               of. Whoever is to call it must know of t before.
 *   A wait that fails at once does not suspend: only wake tells.
 * Interface: generators, which need no scheduler: see the end of this file
 *
 * The scheduler itself stands in coro_sched.h, sched_dump() in coro_dump.h. Names that begin with
 * coro_ are internal.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CORO_H
#define CORO_H

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/util.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct task;
typedef void (*task_fn)(struct task *t);

enum task_state {
    TASK_READY,      /* in a queue of the scheduler */
    TASK_RUNNING,    /* its function is being called */
    TASK_SLEEPING,   /* in the heap of sleepers */
    TASK_AWAITING,   /* in the waiters of another task */
    TASK_WAITING_FD, /* has an event of its own */
    TASK_SUSPENDED,  /* somebody is going to call task_wake() */
    TASK_DONE,
};

struct task {
    task_fn fn;
    void *frame;                     /* the spawner's; the runtime never touches it */
    void (*on_done)(struct task *t); /* see above; NULL if not wanted */
    void (*on_free)(struct task *t); /* the same */
    int wake;                        /* how the last wait ended */
    int result;                      /* valid once TASK_DONE */
    int resume_at;                   /* line to go on at; 0 before the first step */
    enum task_state state;
    bool cancel_requested; /* it was running when it was cancelled */
    const char *name;      /* the function's name, for reports */
    struct sched *sched;
    struct task *waiters;             /* ring of the tasks that await this one */
    struct task *next, *prev, **ring; /* neighbours in a ring, and where its head stands */
    union {                           /* what it waits for */
        struct task *child;           /* TASK_AWAITING */
        struct event *event;          /* TASK_WAITING_FD: owned */
        size_t slot;                  /* TASK_SLEEPING: its place in the heap */
    };
};

struct coro_sleeper {
    int64_t deadline; /* microseconds on the monotonic clock */
    uint64_t order;   /* breaks ties: first asleep, first awake */
    struct task *task;
};

/* Two things replace libevent's own, and why: a queue instead of an event for each ready task (a
 * yield takes 0.01 us; event_add() with a timeout of 0 for each takes 0.10), and a heap instead of
 * a timer event for each sleeper (24 bytes instead of 128, and equal deadlines keep their order).
 */
struct sched {
    struct event_base *base; /* borrowed */
    struct evutil_monotonic_timer *clock;
    struct event *turn; /* the one event; NULL once sched_free has begun */
    int64_t armed_for;  /* when `turn` will come: a time, 0, or CORO_NEVER */
    bool in_turn;
    int filling;                     /* the queue that takes new tasks; a turn runs the other */
    struct task *queue[2];           /* rings */
    struct task *outside;            /* ring of TASK_WAITING_FD and TASK_SUSPENDED */
    struct coro_sleeper *heap;       /* a node's children stand at 4 * i + 1 and the next 3 */
    size_t sleeping, live, capacity; /* used, tasks not ended, allocated: room for all of them */
    uint64_t order;
};

static inline bool task_done(const struct task *t)
{
    return t->state == TASK_DONE;
}

static inline int task_result(const struct task *t)
{
    return t->state == TASK_DONE ? t->result : -EINPROGRESS;
}

/* ---- the macros ---- */

/* The label stands after the `return` inside the block: a step that suspends returns, the next one
 * jumps to the label, and a wait that is over at once skips the block. */
#define CORO_WAIT(t, suspends)                                                                     \
    do {                                                                                           \
        (t)->resume_at = __LINE__;                                                                 \
        if (suspends) {                                                                            \
            return;                                                                                \
        case __LINE__:;                                                                            \
        }                                                                                          \
    } while (0)

#define TASK_BEGIN(t)                                                                              \
    assert((t)->state == TASK_RUNNING && "only the scheduler may call a task function");           \
    switch ((t)->resume_at) {                                                                      \
    case 0:
#define TASK_END(t)                                                                                \
    }                                                                                              \
    (t)->result = 0
#define TASK_RETURN(t, value)                                                                      \
    do {                                                                                           \
        (t)->result = (value);                                                                     \
        return;                                                                                    \
    } while (0)
#define TASK_YIELD(t)             CORO_WAIT(t, coro_yield(t))
#define TASK_SLEEP(t, ms)         CORO_WAIT(t, coro_sleep((t), (ms)))
#define TASK_AWAIT(t, child_task) CORO_WAIT(t, coro_await((t), (child_task)))
#define TASK_WAIT_FD(t, fd, what) CORO_WAIT(t, coro_wait_fd((t), (fd), (what)))
#define TASK_SUSPEND(t)           CORO_WAIT(t, coro_suspend(t))

/* ---- generators ----
 *
 * A generator hands out values one by one to whoever calls it; it needs no loop and no scheduler.
 * Its frame holds a struct gen, zeroed before the first call. Its function returns true with the
 * next value in gen.value, or false at the end, and false at every call after that. It ends by
 * coming to GEN_END. Rules 1 to 3 hold for it too.
 *
 *     struct count { struct gen gen; int i, stop; };
 *
 *     static bool count_next(struct count *c)        | def count(stop):
 *     {                                              |
 *         GEN_BEGIN(&c->gen);                        |
 *         for (c->i = 0; c->i < c->stop; c->i++)     |     for i in range(stop):
 *             GEN_YIELD(&c->gen, c->i);              |         yield i
 *         GEN_END(&c->gen);                          |
 *     }                                              |
 */
struct gen {
    int resume_at; /* line to go on at; 0 before the first call, -1 after the end */
    int value;     /* the value last handed out */
};

#define GEN_BEGIN(g)                                                                               \
    switch ((g)->resume_at) {                                                                      \
    case 0:
#define GEN_YIELD(g, next_value)                                                                   \
    do {                                                                                           \
        (g)->value = (next_value);                                                                 \
        (g)->resume_at = __LINE__;                                                                 \
        return true;                                                                               \
    case __LINE__:;                                                                                \
    } while (0)
#define GEN_END(g)                                                                                 \
    }                                                                                              \
    (g)->resume_at = -1;                                                                           \
    return false

#include "coro_sched.h"
/* Uses what stands above. */
#include "coro_dump.h"

#endif
