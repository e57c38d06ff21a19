/* bad_starvation.c: WRONG on purpose: a task that yields by event_active() lets nobody else run
 *
 * asyncio twin: none goes wrong like this, as sleep(0) comes back one turn later:
 *     async def wait_for_timer():
 *         loop.call_later(0, on_timer)
 *         while not timer_has_come: rounds += 1; await asyncio.sleep(0)
 * Run: ./bad_starvation
 * Ends when the timer has come. Before that the task has to give up: it would wait for ever.
 * Notice: the timer is due at once, and should come after a round or two. But libevent calls active
 * events until there are none, and looks at timers and descriptors only then; the task makes itself
 * active anew in each round. Right: event_add() with a timeout of 0, see 06_task_scheduling.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_ROUNDS = 100000 };
static const struct timeval AT_ONCE = {.tv_usec = 0};

struct program {
    struct event *timer; /* owned */
    struct event *task;  /* owned */
    int rounds;          /* of the task: how often it has yielded */
    bool timer_has_come;
    bool failed; /* the timer could not be armed */
};

static void on_task_resumed(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;   /* no event here has a descriptor, */
    (void)what; /* and only one thing can happen to it */
    if (program->timer_has_come) {
        puts("task: the timer has come");
        return;
    }
    if (program->rounds == MOST_ROUNDS) {
        printf("task: gives up after %d rounds\n", program->rounds);
        return;
    }
    if (program->rounds == 0) {
        puts("task: arms the timer");
        program->failed = event_add(program->timer, &AT_ONCE) != 0;
    }
    program->rounds++;
    event_active(program->task, EV_TIMEOUT, 0); /* WRONG: it comes back within the same turn */
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;
    (void)what;
    program->timer_has_come = true;
    printf("timer: comes after %d rounds\n", program->rounds);
}

int main(void)
{
    struct program program = {.rounds = 0};
    int status = EXIT_FAILURE;
    struct event_base *base = event_base_new();

    if (base != NULL) {
        program.timer = evtimer_new(base, on_timer, &program);
        program.task = evtimer_new(base, on_task_resumed, &program);
    }
    if (program.timer == NULL || program.task == NULL) {
        fprintf(stderr, "bad_starvation: set-up: out of memory\n");
        goto cleanup;
    }
    event_active(program.task, EV_TIMEOUT, 0);
    if (event_base_dispatch(base) != 1 || program.failed) {
        fprintf(stderr, "bad_starvation: event loop: it ended before its work did\n");
        goto cleanup;
    }
    /* stdout remembers a write that failed: one look here serves every line above. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "bad_starvation: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    if (program.task != NULL)
        event_free(program.task);
    if (program.timer != NULL)
        event_free(program.timer);
    if (base != NULL)
        event_base_free(base);
    return status;
}
