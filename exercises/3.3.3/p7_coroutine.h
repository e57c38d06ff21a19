/* p7_coroutine.h: a manager that is written as one coroutine, suspended at its yield. Given.
 *
 *     static void connection(struct task *t)         | @asynccontextmanager
 *     {                                              | async def connection(db):
 *         struct connection *db = t->frame;          |
 *         TASK_BEGIN(t);                             |
 *         TASK_SLEEP(t, CONNECT_MS);                 |     await asyncio.sleep(CONNECT)
 *         if (t->wake != 0)                          |
 *             TASK_RETURN(t, t->wake);               |
 *         MANAGER_YIELD(t, db);                      |     try: yield db
 *         TASK_SLEEP(t, CLOSE_MS);                   |     finally: await asyncio.sleep(CLOSE)
 *         TASK_RETURN(t, 0);                         |
 *         TASK_END(t);                               |
 *     }                                              |
 *
 * The frame begins with a struct co_manager. Behind the yield, its `err` is how it stands; what the
 * task returns is what exit tells, SCOPE_SUPPRESS included. What it returns without a yield is why
 * enter has failed.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P7_COROUTINE_H
#define P7_COROUTINE_H

#include "coro.h"
#include "p7_context_manager.h"
#include "p7_later.h"

struct co_manager {
    struct sched *sched; /* borrowed */
    task_fn fn;
    struct later later;
    struct task *task; /* owned; NULL: it is not inside */
    bool yielded;
    int err;
    enter_cb entered; /* one of these two is to be told */
    done_cb exited;
    void *arg; /* for it; borrowed */
};

/* 0 or -ENOMEM. */
static inline int co_manager_open(struct co_manager *co, struct sched *s, task_fn fn)
{
    *co = (struct co_manager){.sched = s, .fn = fn};
    return later_open(&co->later, s->base);
}

static inline void co_manager_close(struct co_manager *co)
{
    task_free(co->task);
    later_close(&co->later);
}

/* MANAGER_YIELD(t, value): has the body begun with this value, and waits for its end. */
#define MANAGER_YIELD(t, value) CORO_WAIT(t, co_manager_yield((t), (value)))

static inline bool co_manager_yield(struct task *t, void *value)
{
    struct co_manager *co = t->frame;

    co->yielded = true;
    later_tell_enter(&co->later, 0, value, co->entered, co->arg);
    return coro_suspend(t);
}

static inline void on_co_manager_done(struct task *t)
{
    struct co_manager *co = t->frame;
    const int result = task_result(t);

    task_free(t);
    co->task = NULL;
    if (co->yielded)
        later_tell_done(&co->later, result, co->exited, co->arg);
    else /* RuntimeError: generator didn't yield */
        later_tell_enter(&co->later, result != 0 ? result : -EPROTO, NULL, co->entered, co->arg);
}

static inline int co_manager_enter(void *obj, struct scope *in, enter_cb cb, void *arg)
{
    struct co_manager *co = obj;

    (void)in;
    if (co->task != NULL || later_pending(&co->later))
        return -EBUSY;
    co->task = task_spawn(co->sched, co->fn, co);
    if (co->task == NULL)
        return -ENOMEM;
    co->task->on_done = on_co_manager_done;
    co->yielded = false;
    co->entered = cb;
    co->arg = arg;
    return 0;
}

static inline int co_manager_exit(void *obj, int err, done_cb cb, void *arg)
{
    struct co_manager *co = obj;

    co->err = err;
    co->exited = cb;
    co->arg = arg;
    (void)task_wake(co->task, 0); /* it waits in its yield */
    return 0;
}

/* At its yield it is not disturbed: enter has succeeded, and exit will come. Without a task, enter
 * has failed, and is about to tell so. */
static inline void co_manager_cancel(void *obj)
{
    struct co_manager *co = obj;

    if (!co->yielded && co->task != NULL)
        task_cancel(co->task);
}

static inline struct manager co_manager(struct co_manager *co)
{
    return (struct manager){co_manager_enter, co_manager_exit, co_manager_cancel, co};
}

#endif
