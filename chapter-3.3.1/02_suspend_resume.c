/* 02_suspend_resume.c: a coroutine is left in its middle, and resumed by whoever called it
 *
 * asyncio twin (a generator: `yield` suspends it, `next()` resumes it):
 *     def fibonacci(n):
 *         a, b = 1, 1
 *         for _ in range(n): yield a; a, b = b, a + b
 *     g = fibonacci(5); next(g); next(g); ...; StopIteration
 * Run: ./02_suspend_resume
 * Ends when the coroutine does: the driver then removes its timer, the loop's last event.
 * Notice: between two ticks of the driver the coroutine is on no stack at all. What it goes on
 * with is in its frame: the line, the loop counter, and the two numbers.
 * A real program would resume it whenever there is room for one more value.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

enum { VALUES = 5 };
static const struct timeval TICK = {.tv_usec = 100 * 1000};

/* coroutine macros: explained in 3.3.1 */
/* A coroutine is a void function that works on a frame: a struct, zero at first, that has a member
 * `int resume_at`. Each call resumes it behind the CO_SUSPEND by which it was left last. What must
 * outlive a suspension belongs in the frame. One CO_SUSPEND a line, and none inside a switch. */
#define CO_BEGIN(frame)                                                                            \
    switch ((frame)->resume_at) {                                                                  \
    case 0:
#define CO_SUSPEND(frame)                                                                          \
    do {                                                                                           \
        (frame)->resume_at = __LINE__;                                                             \
        return;                                                                                    \
    case __LINE__:;                                                                                \
    } while (0)
#define CO_END(frame)                                                                              \
    (frame)->resume_at = -1;                                                                       \
    }
#define CO_FINISHED(frame) ((frame)->resume_at < 0)
/* end of coroutine macros */
/* The frame: what were locals, if a C function could be left in its middle. */
struct fibonacci {
    int resume_at; /* where the next call goes on; for the macros */
    int n;         /* how many values to yield */
    int i;         /* how many have been yielded */
    int a, b;      /* the next value, and the one behind it */
    int value;     /* the value yielded last: the caller reads it after a resume */
};

/* The driver: a timer that resumes the coroutine once a tick. */
struct driver {
    struct event *ticker; /* owned */
    struct fibonacci numbers;
    int resumes; /* resumes that brought a value */
};

/* Runs to the next value, or to the end: CO_FINISHED() tells which. */
static void fibonacci_resume(struct fibonacci *f)
{
    int sum; /* may be a local: it is not needed after a suspension */

    CO_BEGIN(f);
    f->a = 1;
    f->b = 1;
    for (f->i = 0; f->i < f->n; f->i++) {
        f->value = f->a;
        CO_SUSPEND(f);
        sum = f->a + f->b;
        f->a = f->b;
        f->b = sum;
    }
    CO_END(f);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct driver *driver = arg;

    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    fibonacci_resume(&driver->numbers);
    if (!CO_FINISHED(&driver->numbers)) {
        driver->resumes++;
        printf("yielded %d\n", driver->numbers.value);
        return;
    }
    printf("resumes=%d finished=%d\n", driver->resumes, CO_FINISHED(&driver->numbers));
    (void)event_del(driver->ticker); /* cannot fail: the event is a good one */
}

int main(void)
{
    struct driver driver = {.numbers = {.n = VALUES}};
    int status = EXIT_FAILURE;
    struct event_base *base = event_base_new();

    if (base != NULL)
        driver.ticker = event_new(base, -1, EV_PERSIST, on_tick, &driver);
    if (driver.ticker == NULL || event_add(driver.ticker, &TICK) != 0) {
        fprintf(stderr, "02_suspend_resume: set-up: out of memory\n");
        goto cleanup;
    }
    if (event_base_dispatch(base) != 1) {
        fprintf(stderr, "02_suspend_resume: event loop: it ended before its work did\n");
        goto cleanup;
    }
    /* stdout remembers a write that failed: one look here serves every line above. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "02_suspend_resume: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    if (driver.ticker != NULL)
        event_free(driver.ticker);
    if (base != NULL)
        event_base_free(base);
    return status;
}
