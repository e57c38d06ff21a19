/* bad_static_local.c: WRONG on purpose: two instances of count_up() share one counter
 *
 * asyncio twin: a coroutine that keeps its loop variable in a global:
 *     i = 0
 *     async def count_up(name):
 *         global i
 *         while i < 3: print(f"{name}: {i}"); i += 1; await asyncio.sleep(0.5)
 * Run: ./bad_static_local
 * Ends when both instances believe that they are done.
 * Notice: A and B should each print 0, 1, 2. They print three numbers between them, because a
 * `static` local exists once in the program, not once for each instance. It seems to work as long
 * as only one instance runs. Right: a frame for each instance, see count_up.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 3 };
static const struct timeval HALF_SECOND = {.tv_usec = 500 * 1000};

struct counter {
    const char *name;             /* printed with every number; borrowed */
    const struct timeval *length; /* of a pause; the base owns it */
    struct event *pause;          /* resumes this instance; owned */
    bool failed;                  /* the pause could not be armed */
};

static void on_counter_resumed(evutil_socket_t fd, short what, void *arg)
{
    static int i = 0; /* WRONG: one `i` for A and B */
    struct counter *counter = arg;

    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    if (i >= COUNT) {
        printf("%s done\n", counter->name);
        return;
    }
    printf("%s: %d\n", counter->name, i);
    i++;
    counter->failed = event_add(counter->pause, counter->length) != 0;
}

static int counter_open(struct counter *counter, struct event_base *base)
{
    counter->length = event_base_init_common_timeout(base, &HALF_SECOND);
    counter->pause = evtimer_new(base, on_counter_resumed, counter);
    if (counter->length == NULL || counter->pause == NULL)
        return -1;
    event_active(counter->pause, EV_TIMEOUT, 0);
    return 0;
}

static void counter_close(struct counter *counter)
{
    if (counter->pause != NULL)
        event_free(counter->pause);
}

int main(void)
{
    struct counter a = {.name = "A"};
    struct counter b = {.name = "B"};
    int status = EXIT_FAILURE;
    struct event_base *base = event_base_new();

    if (base == NULL || counter_open(&a, base) != 0 || counter_open(&b, base) != 0) {
        fprintf(stderr, "bad_static_local: set-up: out of memory\n");
        goto cleanup;
    }
    if (event_base_dispatch(base) != 1 || a.failed || b.failed) {
        fprintf(stderr, "bad_static_local: event loop: it ended before its work did\n");
        goto cleanup;
    }
    /* stdout remembers a write that failed: one look here serves every line above. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "bad_static_local: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    counter_close(&b);
    counter_close(&a);
    if (base != NULL)
        event_base_free(base);
    return status;
}
