/* coro_dump.h: sched_dump() of coro.h, for when a program does not go on and you want to know why
 *
 * Every task that has not ended is listed once, under the one that it awaits, if any: what stands
 * in the first column is what all the others depend on.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CORO_DUMP_H
#define CORO_DUMP_H

#include <stdio.h>

/* Prints t, then, indented, the tasks that await it. */
static inline void coro_dump(const struct task *t, int depth, FILE *out)
{
    static const char *const states[] = {
        "is ready",    "runs", "sleeps", "awaits the one above", "waits for descriptor",
        "is suspended"};
    fprintf(out, "%*s%s: %s", 2 * depth, "", t->name, states[t->state]);
    if (t->state == TASK_WAITING_FD)
        fprintf(out, " %d", (int)event_get_fd(t->event));
    fputc('\n', out);
    const struct task *w = t->waiters;
    for (const struct task *first = w; w != NULL; w = w->next != first ? w->next : NULL)
        coro_dump(w, depth + 1, out);
}

static inline void sched_dump(const struct sched *s, FILE *out)
{
    const struct task *rings[] = {s->queue[0], s->queue[1], s->outside};
    for (int i = 0; i < 3; i++) {
        const struct task *t = rings[i];
        for (const struct task *first = t; t != NULL; t = t->next != first ? t->next : NULL)
            coro_dump(t, 0, out);
    }
    for (size_t i = 0; i < s->sleeping; i++)
        coro_dump(s->heap[i].task, 0, out);
}

#endif
