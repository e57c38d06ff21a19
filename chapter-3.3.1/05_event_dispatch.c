/* 05_event_dispatch.c: four kinds of event, one loop, a callback for each
 *
 * asyncio twin:
 *     loop.call_soon(on_user)                              # by hand, once
 *     loop.call_later(0.1, on_timer)                       # and again in each on_timer()
 *     loop.add_reader(sock, on_readable)
 *     loop.add_signal_handler(signal.SIGUSR1, on_signal)
 *     loop.run_forever()                                   # until on_timer() calls loop.stop()
 * Run: ./05_event_dispatch
 * Ends with the third tick, which stops the loop: event_base_dispatch() then returns 0.
 * Notice: "urgent" was activated last and is called first, as its priority is higher; asyncio has
 * no priorities. At the end only what has EV_PERSIST and was not deleted is still pending.
 * A real program would act on the end of the stream, and on what it has read.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { URGENT, NORMAL, PRIORITIES }; /* the lower number goes first; NORMAL is the default */
enum { TICKS = 3 };
static const struct timeval TICK = {.tv_usec = 100 * 1000};
static const struct timeval WRITE_AT = {.tv_usec = 150 * 1000};
static const struct timeval SIGNAL_AT = {.tv_usec = 250 * 1000};

struct program {
    struct event_base *base;  /* owned */
    evutil_socket_t ends[2];  /* of a socket pair: we read [0], "outside" writes [1]; owned */
    struct event *routine;    /* by hand, one-shot; owned, like those below */
    struct event *urgent;     /* by hand, one-shot, of a higher priority */
    struct event *timer;      /* persistent */
    struct event *readable;   /* persistent */
    struct event *got_signal; /* persistent: evsignal_new() makes it so */
    int ticks;                /* so far */
    bool failed;              /* something went wrong in a callback */
};

static void on_user(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;   /* it has no descriptor, */
    (void)what; /* and is only ever activated by hand */
    printf("user: %s\n", (const char *)arg);
}

/* Two callbacks that stand for the world outside: in a real program it is another process. */
static void on_outside_writes(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;
    (void)what;
    if (write(program->ends[1], "abc", 3) != 3)
        program->failed = true;
}

static void on_outside_signals(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;
    (void)what;
    if (raise(SIGUSR1) != 0)
        program->failed = true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;
    char bytes[64];
    ssize_t n = read(fd, bytes, sizeof(bytes));

    (void)what; /* without a timeout this can only be EV_READ */
    if (n < 0)
        program->failed = true;
    printf("readable: %zd bytes\n", n);
}

/* Not a signal handler: libevent's own handler has noted the signal, and the loop calls this. */
static void on_signal(evutil_socket_t signal_number, short what, void *arg)
{
    (void)what;
    (void)arg;
    printf("signal: %s\n", signal_number == SIGUSR1 ? "SIGUSR1" : "another");
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;
    (void)what;
    program->ticks++;
    printf("timer: #%d\n", program->ticks);
    if (program->ticks < TICKS)
        return; /* and it comes again: EV_PERSIST has kept it pending */

    (void)event_del(program->timer); /* cannot fail: the event is a good one */
    puts("stop");
    /* The other two are still pending: without this the loop would go on waiting for them. */
    if (event_base_loopexit(program->base, NULL) != 0)
        program->failed = true;
}

static int program_open(struct program *p)
{
    p->base = event_base_new();
    if (p->base == NULL || event_base_priority_init(p->base, PRIORITIES) != 0 ||
        evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, p->ends) != 0 ||
        evutil_make_socket_nonblocking(p->ends[0]) != 0)
        return -1;
    p->routine = event_new(p->base, -1, 0, on_user, "routine");
    p->urgent = event_new(p->base, -1, 0, on_user, "urgent");
    p->timer = event_new(p->base, -1, EV_PERSIST, on_timer, p);
    p->readable = event_new(p->base, p->ends[0], EV_READ | EV_PERSIST, on_readable, p);
    p->got_signal = evsignal_new(p->base, SIGUSR1, on_signal, p);
    if (p->routine == NULL || p->urgent == NULL || p->timer == NULL || p->readable == NULL ||
        p->got_signal == NULL || event_priority_set(p->urgent, URGENT) != 0)
        return -1;
    event_active(p->routine, EV_TIMEOUT, 0); /* no need to add it: it is active at once */
    event_active(p->urgent, EV_TIMEOUT, 0);
    if (event_add(p->timer, &TICK) != 0 || event_add(p->readable, NULL) != 0 ||
        event_add(p->got_signal, NULL) != 0 ||
        event_base_once(p->base, -1, EV_TIMEOUT, on_outside_writes, p, &WRITE_AT) != 0)
        return -1;
    return event_base_once(p->base, -1, EV_TIMEOUT, on_outside_signals, p, &SIGNAL_AT);
}

static void print_if_pending(const char *name, const struct event *event)
{
    if (event_pending(event, EV_TIMEOUT | EV_READ | EV_SIGNAL, NULL))
        printf("still pending: %s\n", name);
}

static void program_close(struct program *p)
{
    struct event *const events[] = {p->got_signal, p->readable, p->timer, p->urgent, p->routine};

    for (size_t k = 0; k < sizeof(events) / sizeof(events[0]); k++) {
        if (events[k] != NULL)
            event_free(events[k]);
    }
    for (int k = 0; k < 2; k++) {
        if (p->ends[k] >= 0)
            (void)evutil_closesocket(p->ends[k]); /* nothing is written that could be lost */
    }
    if (p->base != NULL)
        event_base_free(p->base);
}

int main(void)
{
    struct program program = {.ends = {-1, -1}};
    int status = EXIT_FAILURE;

    if (program_open(&program) != 0) {
        fprintf(stderr, "05_event_dispatch: set-up: no memory, or no descriptors\n");
        goto cleanup;
    }
    if (event_base_dispatch(program.base) != 0 || program.failed) {
        fprintf(stderr, "05_event_dispatch: event loop: it ended before it was stopped\n");
        goto cleanup;
    }
    print_if_pending("user", program.routine);
    print_if_pending("timer", program.timer);
    print_if_pending("readable", program.readable);
    print_if_pending("signal", program.got_signal);
    /* stdout remembers a write that failed: one look here serves every line above. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "05_event_dispatch: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    return status;
}
