/* stackful.c: the job of 01_async_await.c, in coroutines that have a stack each
 *
 * asyncio twin (the helper that waits must be `async` too; with the package greenlet, which
 * switches stacks as this program does, it could be a plain `def`):
 *     async def step(name, seconds, what): await asyncio.sleep(seconds); print(f"{name}: {what}")
 *     async def job(name):
 *         print(f"{name}: start")
 *         for seconds, what in ((0.100, "connected"), (0.200, "reply"), (0.050, "closed")):
 *             await step(name, seconds, what)
 *     await asyncio.gather(job("A"), job("B"))
 * Run: ./stackful
 * Ends when both jobs are closed: no timer is left then.
 * Notice: the wait is two calls below run_job(), and `k` there is an ordinary local: a suspension
 * keeps the whole stack. A real program would measure how deep its calls go and reuse stacks.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#ifndef __has_feature
#define __has_feature(name) 0 /* gcc before 14 has none, and says __SANITIZE_ADDRESS__ */
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/common_interface_defs.h>
#define TELL_SANITIZER(call) (call)
#else
#define TELL_SANITIZER(call) ((void)0)
#endif

enum { CONNECT_MS = 100, ASK_MS = 200, CLOSE_MS = 50, JOBS = 2 };
enum { STACK_BYTES = 64 * 1024, GUARD_BYTES = 64 * 1024 }; /* multiples of every page size */

/* One end of a switch: the loop, or a coroutine. */
struct side {
    ucontext_t registers; /* while the other side runs; the stack pointer is one of them */
    const void *bottom; /* lowest address of the stack; of the loop's, known under the sanitizer */
    size_t size;        /* of the stack, in bytes; likewise */
    void *fake_stack;   /* where the sanitizer keeps this side's locals; its own */
};

struct coroutine {
    const char *name;        /* the tag of its lines; borrowed */
    struct event_base *base; /* borrowed */
    struct event *timer;     /* resumes the coroutine; owned */
    char *memory;            /* the guard and the stack above it, mapped; owned */
    struct side own;         /* the coroutine's end of a switch, */
    struct side loop;        /* and the loop's */
    bool failed;             /* a timer could not be armed: the job has ended too soon */
};

/* Goes on where `to` was left. Returns when somebody switches back to `from`. AddressSanitizer
 * checks accesses against the bounds of the stack, so it is told which stack comes next, and, back
 * on this one, that it has come. */
static void switch_sides(struct side *from, struct side *to)
{
    TELL_SANITIZER(__sanitizer_start_switch_fiber(&from->fake_stack, to->bottom, to->size));
    (void)swapcontext(&from->registers, &to->registers); /* fails only with a broken context */
    TELL_SANITIZER(__sanitizer_finish_switch_fiber(from->fake_stack, &to->bottom, &to->size));
}

/* Suspends the coroutine for `ms`, from however deep in its calls. */
static int coroutine_sleep(struct coroutine *self, int ms)
{
    const struct timeval delay = {.tv_usec = ms * 1000};
    /* Plain timers that end together fire in any order. A common timeout is a queue. */
    const struct timeval *queue = event_base_init_common_timeout(self->base, &delay);

    if (queue == NULL || event_add(self->timer, queue) != 0)
        return -1;
    switch_sides(&self->own, &self->loop);
    return 0;
}

/* A plain function that waits: its own frame and its caller's stay on the coroutine's stack. */
static int step(struct coroutine *self, int ms, const char *what)
{
    if (coroutine_sleep(self, ms) != 0)
        return -1;
    printf("%s: %s\n", self->name, what);
    return 0;
}

static int run_job(struct coroutine *self)
{
    static const char *const WHAT[] = {"connected", "reply", "closed"};
    static const int MS[] = {CONNECT_MS, ASK_MS, CLOSE_MS};

    printf("%s: start\n", self->name);
    for (int k = 0; k < 3; k++) {
        if (step(self, MS[k], WHAT[k]) != 0)
            return -1;
    }
    return 0;
}

/* The first function on a coroutine's stack. makecontext() passes on ints: a pointer is two. */
static void coroutine_main(unsigned high, unsigned low)
{
    struct coroutine *self = (struct coroutine *)(uintptr_t)((uint64_t)high << 32 | low);
    struct side *loop = &self->loop;

    TELL_SANITIZER(__sanitizer_finish_switch_fiber(NULL, &loop->bottom, &loop->size));
    self->failed = run_job(self) != 0;
    TELL_SANITIZER(
        __sanitizer_start_switch_fiber(NULL, loop->bottom, loop->size)); /* no way back */
    (void)setcontext(&loop->registers); /* leaves this stack for good */
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
    struct coroutine *self = arg;

    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    switch_sides(&self->loop, &self->own);
}

/* Has the loop begin the coroutine. Nothing is printed before the loop runs. */
static int coroutine_open(struct coroutine *self, struct event_base *base)
{
    const uint64_t pointer = (uintptr_t)self;
    ucontext_t *registers = &self->own.registers;

    self->base = base;
    self->memory = mmap(NULL, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    /* The stack grows down. Calls too deep for it crash in the guard, and damage nothing. */
    if (self->memory == MAP_FAILED || mprotect(self->memory, GUARD_BYTES, PROT_NONE) != 0 ||
        getcontext(registers) != 0)
        return -1;
    self->own.bottom = self->memory + GUARD_BYTES;
    self->own.size = STACK_BYTES;
    /* region: first_function */
    registers->uc_stack.ss_sp = self->memory + GUARD_BYTES;
    registers->uc_stack.ss_size = STACK_BYTES;
    makecontext(registers, (void (*)(void))coroutine_main, 2, (unsigned)(pointer >> 32),
                (unsigned)pointer);
    /* end region */
    self->timer = evtimer_new(base, on_resume, self);
    if (self->timer == NULL)
        return -1;
    event_active(self->timer, EV_TIMEOUT, 0);
    return 0;
}

/* At any time but while it runs. What a suspended job has allocated would stay allocated: none of
 * its lines is run any more. */
static void coroutine_close(struct coroutine *self)
{
    if (self->timer != NULL)
        event_free(self->timer);
    if (self->memory != NULL && self->memory != MAP_FAILED)
        (void)munmap(self->memory, GUARD_BYTES + STACK_BYTES); /* it is a mapping of ours */
}

int main(void)
{
    struct coroutine jobs[JOBS] = {{.name = "A"}, {.name = "B"}};
    int status = EXIT_FAILURE;
    struct event_base *base = event_base_new();

    if (base == NULL || coroutine_open(&jobs[0], base) != 0 ||
        coroutine_open(&jobs[1], base) != 0) {
        fprintf(stderr, "stackful: set-up: out of memory\n");
        goto cleanup;
    }
    if (event_base_dispatch(base) != 1 || jobs[0].failed || jobs[1].failed) {
        fprintf(stderr, "stackful: event loop: it ended before its work did\n");
        goto cleanup;
    }
    /* stdout remembers a write that failed: one look here serves every line above. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "stackful: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    coroutine_close(&jobs[0]);
    coroutine_close(&jobs[1]);
    if (base != NULL)
        event_base_free(base);
    return status;
}
