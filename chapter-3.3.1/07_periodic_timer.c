/* 07_periodic_timer.c: a tick every 100 ms, although each tick takes 30 ms of work
 *
 * asyncio twins of the first and the last way:
 *     rearm:     while True: await asyncio.sleep(0.1); tick()
 *     deadline:  def on_tick(n): tick(); loop.call_at(start + (n + 1) * 0.1, on_tick, n + 1)
 * Run: ./07_periodic_timer [rearm|persist|update|deadline]     (without a word: deadline)
 * Ends with the fifth tick: its timer is not pending any more then.
 * Notice: `rearm` is 30 ms later with every tick; `persist` is 30 ms late and stays so; `update`
 * and `deadline` are exact. What differs is the moment from which libevent counts.
 * A real program would also say what becomes of a tick that the work has swallowed.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TICKS = 5, EXIT_USAGE = 2 };
static const struct timeval PERIOD = {.tv_usec = 100 * 1000};
static const struct timespec WORK = {.tv_nsec = 30 * 1000 * 1000}; /* of every tick */

struct ticker {
    struct event_base *base; /* owned */
    struct event *timer;     /* owned */
    struct timeval deadline; /* of the next tick, on the monotonic clock; for `deadline` only */
    int ticks;               /* how many there have been */
    bool failed;             /* the timer could not be armed */
};

/* One of the four ways. */
struct way {
    const char *name;
    short flags; /* of the event */
    event_callback_fn on_tick;
};

/* What there is to do at each tick. Returns whether another one shall follow. */
static bool ticker_tick(struct ticker *ticker)
{
    printf("tick %d\n", ++ticker->ticks);
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &WORK, NULL); /* stands for a computation */
    return ticker->ticks < TICKS;
}

static void on_tick_rearm(evutil_socket_t fd, short what, void *arg)
{
    struct ticker *ticker = arg;

    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    if (ticker_tick(ticker))
        ticker->failed = event_add(ticker->timer, &PERIOD) != 0; /* WRONG: counts from this tick */
}

static void on_tick_persist(evutil_socket_t fd, short what, void *arg)
{
    struct ticker *ticker = arg;

    (void)fd;
    (void)what;
    if (!ticker_tick(ticker))
        (void)event_del(ticker->timer); /* cannot fail: the event is a good one */
    /* WRONG: the loop goes on with the cached time, which is from before the work */
}

static void on_tick_update(evutil_socket_t fd, short what, void *arg)
{
    struct ticker *ticker = arg;

    (void)fd;
    (void)what;
    if (!ticker_tick(ticker))
        (void)event_del(ticker->timer);
    (void)event_base_update_cache_time(ticker->base); /* cannot fail: the base is a good one */
}

static void on_tick_deadline(evutil_socket_t fd, short what, void *arg)
{
    struct ticker *ticker = arg;
    struct timeval now, delay;

    (void)fd;
    (void)what;
    if (!ticker_tick(ticker))
        return;
    evutil_timeradd(&ticker->deadline, &PERIOD, &ticker->deadline);
    (void)event_gettime_monotonic(ticker->base, &now); /* the clock itself, not the cache */
    evutil_timersub(&ticker->deadline, &now, &delay);
    /* The delay counts from now, event_add() from the cached time: let that be now, too. */
    (void)event_base_update_cache_time(ticker->base);
    ticker->failed = event_add(ticker->timer, &delay) != 0;
}

/* Makes the timer and arms it for the first tick, which all four ways have at the same time. */
static int ticker_open(struct ticker *ticker, const struct way *way)
{
    ticker->base = event_base_new();
    if (ticker->base == NULL || event_gettime_monotonic(ticker->base, &ticker->deadline) != 0)
        return -1;
    evutil_timeradd(&ticker->deadline, &PERIOD, &ticker->deadline);
    ticker->timer = event_new(ticker->base, -1, way->flags, way->on_tick, ticker);
    if (ticker->timer == NULL)
        return -1;
    return event_add(ticker->timer, &PERIOD);
}

static void ticker_close(struct ticker *ticker)
{
    if (ticker->timer != NULL)
        event_free(ticker->timer);
    if (ticker->base != NULL)
        event_base_free(ticker->base);
}

int main(int argc, char **argv)
{
    static const struct way WAYS[] = {{"rearm", 0, on_tick_rearm},
                                      {"persist", EV_PERSIST, on_tick_persist},
                                      {"update", EV_PERSIST, on_tick_update},
                                      {"deadline", 0, on_tick_deadline}};
    const int n_ways = (int)(sizeof(WAYS) / sizeof(WAYS[0]));
    const char *name = argc > 1 ? argv[1] : "deadline";
    struct ticker ticker = {.base = NULL};
    int status = EXIT_FAILURE;
    int k = 0;

    while (k < n_ways && strcmp(name, WAYS[k].name) != 0)
        k++;
    if (argc > 2 || k == n_ways) {
        fprintf(stderr, "usage: 07_periodic_timer [rearm|persist|update|deadline]\n");
        return EXIT_USAGE;
    }
    if (ticker_open(&ticker, &WAYS[k]) != 0) {
        fprintf(stderr, "07_periodic_timer: set-up: out of memory\n");
        goto cleanup;
    }
    if (event_base_dispatch(ticker.base) != 1 || ticker.failed) {
        fprintf(stderr, "07_periodic_timer: event loop: it ended before its work did\n");
        goto cleanup;
    }
    /* stdout remembers a write that failed: one look here serves every line above. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "07_periodic_timer: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    ticker_close(&ticker);
    return status;
}
