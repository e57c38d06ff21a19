/* p7_managers.h: what the four managers are made of: types, making, freeing. Given.
 *
 * You may do without this file: the tests know p7_context_manager.h only.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P7_MANAGERS_H
#define P7_MANAGERS_H

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "p7_context_manager.h"
#include "p7_later.h"

/* Yours: see struct manager. `obj` is the manager's struct. */
static int timer_enter(void *obj, struct scope *in, enter_cb cb, void *arg);
static int timer_exit(void *obj, int err, done_cb cb, void *arg);
static int timeout_enter(void *obj, struct scope *in, enter_cb cb, void *arg);
static int timeout_exit(void *obj, int err, done_cb cb, void *arg);
static void on_timeout(evutil_socket_t fd, short what, void *arg); /* the time is over */
static int lock_enter(void *obj, struct scope *in, enter_cb cb, void *arg);
static int lock_exit(void *obj, int err, done_cb cb, void *arg);
static void lock_cancel(void *obj);
static int tempfile_enter(void *obj, struct scope *in, enter_cb cb, void *arg);
static int tempfile_exit(void *obj, int err, done_cb cb, void *arg);

/* ---- timer_scope ---- */

struct timer_scope {
    struct later later;
    struct event_base *base; /* borrowed */
    bool inside;             /* entered, and not exited */
    struct timeval start;    /* event_gettime_monotonic() */
    elapsed_fn on_elapsed;   /* or NULL */
    void *arg;               /* for it; borrowed */
};

struct timer_scope *timer_scope_new(struct event_base *base, elapsed_fn on_elapsed, void *arg)
{
    struct timer_scope *timer = malloc(sizeof(*timer));

    if (timer == NULL)
        return NULL;
    *timer = (struct timer_scope){.base = base, .on_elapsed = on_elapsed, .arg = arg};
    if (later_open(&timer->later, base) != 0) {
        free(timer);
        return NULL;
    }
    return timer;
}

void timer_scope_free(struct timer_scope *timer)
{
    if (timer == NULL)
        return;
    later_close(&timer->later);
    free(timer);
}

struct manager timer_scope_manager(struct timer_scope *timer)
{
    return (struct manager){.enter = timer_enter, .exit = timer_exit, .obj = timer};
}

/* ---- timeout_scope ---- */

struct timeout_scope {
    struct later later;
    struct event *timer; /* calls on_timeout(); owned */
    int ms;              /* as timeout_scope_new() was told */
    struct scope *in;    /* whom to interrupt; NULL: it is not inside */
    bool fired;          /* it has asked the body to end */
};

struct timeout_scope *timeout_scope_new(struct event_base *base, int ms)
{
    struct timeout_scope *timeout = malloc(sizeof(*timeout));

    if (timeout == NULL)
        return NULL;
    *timeout = (struct timeout_scope){.ms = ms};
    timeout->timer = evtimer_new(base, on_timeout, timeout);
    if (timeout->timer == NULL || later_open(&timeout->later, base) != 0) {
        timeout_scope_free(timeout);
        return NULL;
    }
    return timeout;
}

void timeout_scope_free(struct timeout_scope *timeout)
{
    if (timeout == NULL)
        return;
    if (timeout->timer != NULL)
        event_free(timeout->timer);
    later_close(&timeout->later);
    free(timeout);
}

struct manager timeout_scope_manager(struct timeout_scope *timeout)
{
    return (struct manager){.enter = timeout_enter, .exit = timeout_exit, .obj = timeout};
}

/* ---- lock_scope ---- */

struct lock {
    struct lock_scope *holder;      /* has it, told so or not; NULL: nobody */
    TAILQ_HEAD(, lock_scope) queue; /* who waits for it; the first is next */
};

struct lock_scope {
    struct later later;
    struct lock *lock; /* borrowed */
    bool waiting;      /* stands in its queue, */
    enter_cb cb;       /* and this one is to be told */
    void *arg;         /* for it; borrowed */
    TAILQ_ENTRY(lock_scope) link;
};

/* One that waits does not any more. */
static inline void lock_leave_queue(struct lock_scope *use)
{
    TAILQ_REMOVE(&use->lock->queue, use, link);
    use->waiting = false;
}

struct lock *lock_new(void)
{
    struct lock *lock = malloc(sizeof(*lock));

    if (lock == NULL)
        return NULL;
    lock->holder = NULL;
    TAILQ_INIT(&lock->queue);
    return lock;
}

void lock_free(struct lock *lock)
{
    free(lock);
}

struct lock_scope *lock_scope_new(struct event_base *base, struct lock *lock)
{
    struct lock_scope *use = malloc(sizeof(*use));

    if (use == NULL)
        return NULL;
    *use = (struct lock_scope){.lock = lock};
    if (later_open(&use->later, base) != 0) {
        free(use);
        return NULL;
    }
    return use;
}

void lock_scope_free(struct lock_scope *use)
{
    if (use == NULL)
        return;
    later_close(&use->later);
    free(use);
}

struct manager lock_scope_manager(struct lock_scope *use)
{
    return (struct manager){lock_enter, lock_exit, lock_cancel, use};
}

/* ---- tempfile_scope ---- */

struct tempfile_scope {
    struct later later;
    struct tempfile file; /* the value; its path is that below, its fd is -1 while there is none */
    size_t dir_length;    /* so much of the path is `dir` */
    char path[];          /* with room for TEMPFILE_NAME behind `dir` */
};

static const char TEMPFILE_NAME[] = "/tmp.XXXXXX";

struct tempfile_scope *tempfile_scope_new(struct event_base *base, const char *dir)
{
    const size_t length = strlen(dir);
    struct tempfile_scope *file = malloc(sizeof(*file) + length + sizeof(TEMPFILE_NAME));

    if (file == NULL)
        return NULL;
    *file = (struct tempfile_scope){.dir_length = length, .file = {.fd = -1, .path = file->path}};
    memcpy(file->path, dir, length);
    memcpy(file->path + length, TEMPFILE_NAME, sizeof(TEMPFILE_NAME));
    if (later_open(&file->later, base) != 0) {
        free(file);
        return NULL;
    }
    return file;
}

void tempfile_scope_free(struct tempfile_scope *file)
{
    if (file == NULL)
        return;
    later_close(&file->later);
    free(file);
}

struct manager tempfile_scope_manager(struct tempfile_scope *file)
{
    return (struct manager){.enter = tempfile_enter, .exit = tempfile_exit, .obj = file};
}

#endif
