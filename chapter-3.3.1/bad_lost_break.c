/* bad_lost_break.c: WRONG on purpose: event_base_loopbreak() before the loop runs is lost
 *
 * asyncio twin: none. asyncio has only loop.stop(), which is kept: a run_forever() behind it makes
 * one turn and returns, like event_base_loopexit() here.
 * Run: ./bad_lost_break
 * Ends when both runs of the loop have ended.
 * Notice: both runs are told to stop before they begin. The first one ends at once. The second one
 * forgets it: a loop that starts clears the flag that loopbreak has set. It then waits for the
 * tick, and with EV_PERSIST for all that follow. Right: event_base_loopexit(base, NULL).
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

static const struct timeval TICK = {.tv_usec = 100 * 1000};

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    printf("%s: tick\n", (const char *)arg);
}

static int stop_by_loopexit(struct event_base *base)
{
    return event_base_loopexit(base, NULL);
}

static int stop_by_loopbreak(struct event_base *base)
{
    return event_base_loopbreak(base); /* WRONG: nothing runs yet that could be broken off */
}

/* Tells a loop that has a tick to wait for to stop, and only then runs it. */
static int run_stopped(const char *name, int (*stop)(struct event_base *base))
{
    int result = -1;
    struct event *tick = NULL;
    struct event_base *base = event_base_new();

    if (base != NULL)
        tick = evtimer_new(base, on_tick, (void *)name);
    if (tick == NULL || event_add(tick, &TICK) != 0)
        goto cleanup;
    printf("%s: called\n", name);
    if (stop(base) != 0 || event_base_dispatch(base) < 0)
        goto cleanup;
    printf("%s: the loop has ended\n", name);
    result = 0;

cleanup:
    if (tick != NULL)
        event_free(tick);
    if (base != NULL)
        event_base_free(base);
    return result;
}

int main(void)
{
    if (run_stopped("loopexit", stop_by_loopexit) != 0 ||
        run_stopped("loopbreak", stop_by_loopbreak) != 0) {
        fprintf(stderr, "bad_lost_break: event loop: out of memory, or it failed\n");
        return EXIT_FAILURE;
    }
    /* stdout remembers a write that failed: one look here serves every line above. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "bad_lost_break: stdout: cannot write\n");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
