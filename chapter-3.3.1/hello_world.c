/* hello_world.c: a coroutine that waits for one second without blocking
 *
 * asyncio twin:
 *     async def hello_world():
 *         print("Hello"); await asyncio.sleep(1); print("World")
 *     asyncio.run(hello_world())
 * Run: ./hello_world
 * Ends when no event is left to wait for: event_base_dispatch() then returns 1.
 * Notice: `await` cuts the function in two. print_hello() does not wait, it arms a timer and
 * returns to the loop; what stands behind the `await` is print_world().
 * A real program would wait for a socket or a file as well, in this same loop.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static const struct timeval AT_ONCE = {.tv_sec = 0};
static const struct timeval ONE_SECOND = {.tv_sec = 1};

/* All that the coroutine needs while it runs. */
struct hello_world {
    struct event *start; /* runs print_hello(); owned */
    struct event *pause; /* runs print_world() when the second is over; owned */
    bool failed;         /* the pause could not be armed */
};

static void print_hello(evutil_socket_t fd, short what, void *arg)
{
    struct hello_world *hello = arg;

    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    puts("Hello");
    hello->failed = event_add(hello->pause, &ONE_SECOND) != 0;
}

static void print_world(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    puts("World");
}

static int hello_world_open(struct hello_world *hello, struct event_base *base)
{
    hello->start = evtimer_new(base, print_hello, hello);
    hello->pause = evtimer_new(base, print_world, hello);
    if (hello->start == NULL || hello->pause == NULL)
        return -1;
    return event_add(hello->start, &AT_ONCE);
}

static void hello_world_close(struct hello_world *hello)
{
    if (hello->pause != NULL)
        event_free(hello->pause);
    if (hello->start != NULL)
        event_free(hello->start);
}

int main(void)
{
    struct hello_world hello = {.failed = false};
    int status = EXIT_FAILURE;
    struct event_base *base = event_base_new();

    if (base == NULL || hello_world_open(&hello, base) != 0) {
        fprintf(stderr, "hello_world: set-up: out of memory\n");
        goto cleanup;
    }
    if (event_base_dispatch(base) != 1 || hello.failed) {
        fprintf(stderr, "hello_world: event loop: it ended before its work did\n");
        goto cleanup;
    }
    /* stdout remembers a write that failed: one look here serves every puts() above. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "hello_world: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    hello_world_close(&hello);
    if (base != NULL)
        event_base_free(base);
    return status;
}
