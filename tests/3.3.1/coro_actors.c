/* coro_actors.c: see coro_actors.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "coro_actors.h"

#include <stdarg.h>
#include <string.h>

int fail_in;
bool no_memory;
struct event_base *base;
struct sched *sched;
char noted[4096];

void *test_calloc(size_t n, size_t size)
{
    return fail_in > 0 && --fail_in == 0 ? NULL : calloc(n, size);
}

void *test_realloc(void *old, size_t size)
{
    return fail_in > 0 && --fail_in == 0 ? NULL : realloc(old, size);
}

static void *scarce_malloc(size_t size)
{
    return no_memory ? NULL : malloc(size);
}

static void *scarce_realloc(void *old, size_t size)
{
    return no_memory ? NULL : realloc(old, size);
}

/* Without a word: the tests make libevent fail on purpose. */
static void on_log(int severity, const char *message)
{
    (void)severity;
    (void)message;
}

void actors_set_up(void)
{
    noted[0] = '\0';
    fail_in = 0;
    event_set_mem_functions(scarce_malloc, scarce_realloc, free);
    event_set_log_callback(on_log);
    base = event_base_new();
    sched = sched_new(base);
    ck_assert_ptr_nonnull(sched);
}

void actors_tear_down(void)
{
    sched_free(sched);
    event_base_free(base);
}

void note(const char *format, ...)
{
    size_t used = strlen(noted);
    va_list args;
    va_start(args, format);
    vsnprintf(noted + used, sizeof(noted) - used, format, args);
    va_end(args);
}

void expect_log(const char *expected)
{
    ck_assert_str_eq(noted, expected);
    noted[0] = '\0';
}

void run(void)
{
    ck_assert_int_eq(event_base_dispatch(base), 1); /* it ended by itself */
}

struct task *spawn(struct actor *a, task_fn fn)
{
    a->task = task_spawn_named(sched, fn, a, a->name);
    ck_assert_ptr_nonnull(a->task);
    return a->task;
}

void stepper(struct task *t)
{
    struct actor *a = t->frame;
    TASK_BEGIN(t);
    for (a->i = 0; a->i < a->n; a->i++) {
        note("%s%d ", a->name, a->i);
        TASK_YIELD(t);
        if (t->wake != 0)
            TASK_RETURN(t, t->wake);
    }
    TASK_RETURN(t, a->n);
    TASK_END(t);
}

void sleeper(struct task *t)
{
    struct actor *a = t->frame; /* set anew at each resume, so it may be a local */

    TASK_BEGIN(t);
    TASK_SLEEP(t, a->n);
    note("%s(%d) ", a->name, t->wake);
    if (t->wake != 0)
        TASK_RETURN(t, t->wake);
    TASK_RETURN(t, a->n);
    TASK_END(t);
}

void awaiter(struct task *t)
{
    struct actor *a = t->frame;
    TASK_BEGIN(t);
    TASK_AWAIT(t, a->other);
    note("%s(%d) ", a->name, t->wake);
    TASK_RETURN(t, t->wake);
    TASK_END(t);
}

void cleaner(struct task *t)
{
    struct actor *a = t->frame;
    TASK_BEGIN(t);
    TASK_SLEEP(t, 10000);
    note("%s(%d) ", a->name, t->wake);
    TASK_SLEEP(t, 1);
    note("%s-cleaned(%d) ", a->name, t->wake);
    TASK_RETURN(t, a->n != 0 ? a->n : -ECANCELED);
    TASK_END(t);
}

void reader(struct task *t)
{
    struct actor *a = t->frame;
    TASK_BEGIN(t);
    TASK_WAIT_FD(t, a->n, EV_READ);
    note("%s(%d) ", a->name, t->wake);
    TASK_RETURN(t, t->wake);
    TASK_END(t);
}

void canceller(struct task *t)
{
    struct actor *a = t->frame;
    TASK_BEGIN(t);
    task_cancel(a->other != NULL ? a->other : t);
    note("%s ", a->name);
    if (a->n != 0)
        TASK_RETURN(t, a->n);
    TASK_YIELD(t);
    note("%s(%d) ", a->name, t->wake);
    TASK_END(t);
}

void killer(struct task *t)
{
    struct actor *a = t->frame;
    TASK_BEGIN(t);
    task_free(a->other);
    note("%s ", a->name);
    TASK_END(t);
}

void quitter(struct task *t)
{
    (void)t;
    note("q "); /* no TASK_BEGIN, no TASK_END: a plain return ends it too */
}

void note_and_free(struct task *t)
{
    note("done(%d) ", task_result(t));
    task_free(t);
}

void suspender(struct task *t)
{
    struct actor *a = t->frame;
    TASK_BEGIN(t);
    TASK_SUSPEND(t);
    note("%s(%d) ", a->name, t->wake);
    TASK_RETURN(t, t->wake);
    TASK_END(t);
}
