/* bad_fixed_window.c: WRONG on purpose: "3 requests a second", counted anew each second
 *
 * asyncio twin, as wrong:
 *     async def forget():
 *         while True: await asyncio.sleep(1); self.count = 0
 *     def allow(self):
 *         self.count += 1
 *         return self.count <= 3
 * Run: ./bad_fixed_window
 * Ends when eight requests have come.
 * Notice: the three requests of the first second come at its end, those of the next one at its
 * beginning. 6 of them pass within half a second: twice as many as the server that asked for the
 * limit expects in a whole one. Right: a token bucket. One that holds 3 and gets one each 333 ms
 * lets 4 through in any half second, and whoever wants fewer lets it hold less.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

enum { LIMIT = 3, REQUESTS = 8, FIRST_MS = 750, EACH_MS = 100 };
static const struct timeval ONE_SECOND = {.tv_sec = 1};

struct program {
    struct event_base *base; /* owned, as is all below */
    struct event *request;   /* calls on_request() */
    struct event *window;    /* calls on_window(), each second */
    int count;               /* requests in this second */
    int requests;            /* so far */
    int failed;              /* calls of event_add() */
};

static int event_add_ms(struct event *event, int ms)
{
    return event_add(event, &(struct timeval){.tv_usec = ms * 1000});
}

static void on_request(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    program->count++;
    program->requests++;
    printf("request %d: %s\n", program->requests, program->count <= LIMIT ? "passes" : "refused");
    if (program->requests < REQUESTS)
        program->failed += event_add_ms(program->request, EACH_MS) != 0;
    else
        (void)event_del(program->window); /* cannot fail: the event is a good one */
}

static void on_window(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;
    (void)what;
    program->count = 0; /* WRONG: those who have just passed are forgotten */
}

static int program_open(struct program *program)
{
    program->base = event_base_new();
    if (program->base == NULL)
        return -1;
    program->request = evtimer_new(program->base, on_request, program);
    program->window = event_new(program->base, -1, EV_PERSIST, on_window, program);
    if (program->request == NULL || program->window == NULL ||
        event_add_ms(program->request, FIRST_MS) != 0)
        return -1;
    return event_add(program->window, &ONE_SECOND);
}

/* Takes a half-opened program, too. */
static void program_close(struct program *program)
{
    if (program->window != NULL)
        event_free(program->window);
    if (program->request != NULL)
        event_free(program->request);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(void)
{
    struct program program = {0};
    int status = EXIT_FAILURE;

    if (program_open(&program) != 0)
        fprintf(stderr, "bad_fixed_window: set-up: out of memory\n");
    else if (event_base_dispatch(program.base) != 1 || program.failed > 0)
        fprintf(stderr, "bad_fixed_window: event loop: it ended before its work did\n");
    else if (fflush(stdout) != 0 || ferror(stdout))
        fprintf(stderr, "bad_fixed_window: stdout: cannot write\n");
    else
        status = EXIT_SUCCESS;
    program_close(&program);
    return status;
}
