/* bad_blocking_sleep.c: WRONG on purpose: a callback that sleeps holds up everybody else
 *
 * asyncio twin: time.sleep() where `await asyncio.sleep()` is meant:
 *     async def fetch(name):
 *         print(f"{name}: begin"); time.sleep(1); print(f"{name}: end")
 *     await asyncio.gather(fetch("A"), fetch("B"))
 * Run: ./bad_blocking_sleep
 * Ends when A and B have ended: after 2 s, where 1 s would do.
 * Notice: B should begin together with A and end together with it. But the loop has one thread,
 * and that thread is asleep inside A's callback: A and B take turns, and no timer, socket or signal
 * of the whole program is served meanwhile. Right: arm a timer and return, see hello_world.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FETCH_SECONDS = 1 };

struct fetch {
    const char *name;    /* printed with every line; borrowed */
    struct event *start; /* runs it; owned */
};

static void on_fetch(evutil_socket_t fd, short what, void *arg)
{
    const struct fetch *fetch = arg;

    (void)fd;   /* this event has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    printf("%s: begin\n", fetch->name);
    if (sleep(FETCH_SECONDS) != 0) /* WRONG: it does not return to the loop */
        printf("%s: woken by a signal\n", fetch->name);
    printf("%s: end\n", fetch->name);
}

static int fetch_open(struct fetch *fetch, struct event_base *base)
{
    fetch->start = evtimer_new(base, on_fetch, fetch);
    if (fetch->start == NULL)
        return -1;
    event_active(fetch->start, EV_TIMEOUT, 0);
    return 0;
}

static void fetch_close(struct fetch *fetch)
{
    if (fetch->start != NULL)
        event_free(fetch->start);
}

int main(void)
{
    struct fetch a = {.name = "A"};
    struct fetch b = {.name = "B"};
    int status = EXIT_FAILURE;
    struct event_base *base = event_base_new();

    if (base == NULL || fetch_open(&a, base) != 0 || fetch_open(&b, base) != 0) {
        fprintf(stderr, "bad_blocking_sleep: set-up: out of memory\n");
        goto cleanup;
    }
    if (event_base_dispatch(base) != 1) {
        fprintf(stderr, "bad_blocking_sleep: event loop: it ended before its work did\n");
        goto cleanup;
    }
    /* stdout remembers a write that failed: one look here serves every line above. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "bad_blocking_sleep: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    fetch_close(&b);
    fetch_close(&a);
    if (base != NULL)
        event_base_free(base);
    return status;
}
