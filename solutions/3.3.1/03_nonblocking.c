/* 03_nonblocking.c: reads a barcode scanner without ever waiting for it
 *
 * 03_nonblocking.h says what is told to whom. scanner_start() has an event made that calls
 * on_readable(): yours is to get the line ready for it, and to write what it does.
 *
 * The outcome of a read() is a number: bytes if it is above 0, the end of the line if it is 0, and
 * if it is -1, `errno` says why. See it at work: ./workbook run 03_nonblocking --virtual
 *
 * SPDX-License-Identifier: MIT
 */
#include "03_nonblocking.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct scanner {
    struct scanner_calls calls;
    void *arg;
    struct event *readable; /* runs on_readable() when the line is ready, again and again; owned */
};

/* The loop says that the line `fd` is ready. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct scanner *s = arg;
    char bytes[SCAN_BUDGET];
    ssize_t n;
    int why;

    (void)what;
    n = read(fd, bytes, sizeof(bytes)); /* once: if there is more, the loop calls again */
    if (n > 0) {
        s->calls.on_bytes(bytes, (size_t)n, s->arg); /* the last use of `s`: it may be freed */
        return;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;                   /* the event is still pending: that is the waiting */
    why = n < 0 ? -errno : 0;     /* at once: the next call may change errno */
    (void)event_del(s->readable); /* a line that has ended is ready for ever */
    s->calls.on_end(why, s->arg);
}

struct scanner *scanner_start(struct event_base *base, int fd, const struct scanner_calls *calls,
                              void *arg)
{
    struct scanner *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->calls = *calls;
    s->arg = arg;
    s->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, s);
    if (s->readable == NULL)
        goto bad;
    if (evutil_make_socket_nonblocking(fd) != 0)
        goto bad;
    if (event_add(s->readable, NULL) != 0) /* NULL: it waits as long as it takes */
        goto bad;
    return s;
bad:
    scanner_free(s);
    return NULL;
}

/* ---- given: free, main ---- */

void scanner_free(struct scanner *s)
{
    if (s == NULL)
        return;
    if (s->readable != NULL)
        event_free(s->readable); /* pending, active or neither: it is not called any more */
    free(s);
}

static const struct timeval TICK = {.tv_usec = 100 * 1000};
static const struct timeval CLOSING_TIME = {.tv_usec = 550 * 1000};

struct till {
    struct event_base *base; /* owned */
    struct event *clock;     /* runs on_tick() each 100 ms; owned */
    struct scanner *scanner; /* owned */
    int ends[2];             /* the line: the till's end, and the scanner's, or -1; owned */
    int ticks;
    bool heard; /* bytes have come */
    bool ended; /* the end has come, in good order */
};

static void on_bytes(const char *bytes, size_t n, void *arg)
{
    struct till *till = arg;

    till->heard = true;
    printf("scanned %.*s\n", (int)n, bytes);
}

static void on_end(int why, void *arg)
{
    struct till *till = arg;

    till->ended = why == 0;
    printf("unplugged%s%s\n", why != 0 ? ": " : "", why != 0 ? strerror(-why) : "");
}

/* The clock ticks; and now and then something is scanned. */
static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    static const char *const CODES[] = {"", "4006381333931", "9780131103627", ""};
    struct till *till = arg;

    (void)fd;
    (void)what;
    puts("tick");
    if (till->ticks < 4) {
        const char *code = CODES[till->ticks++];

        if (write(till->ends[1], code, strlen(code)) < 0)
            perror("03_nonblocking: write");
    } else if (till->ends[1] >= 0) {
        (void)close(till->ends[1]);
        till->ends[1] = -1;
    }
}

static int till_open(struct till *till)
{
    const struct scanner_calls calls = {on_bytes, on_end};

    till->base = event_base_new();
    if (till->base == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, till->ends) != 0)
        return -1;
    till->clock = event_new(till->base, -1, EV_PERSIST, on_tick, till);
    if (till->clock == NULL || event_add(till->clock, &TICK) != 0)
        return -1;
    till->scanner = scanner_start(till->base, till->ends[0], &calls, till);
    if (till->scanner == NULL)
        return -1;
    return event_base_loopexit(till->base, &CLOSING_TIME);
}

static void till_close(struct till *till)
{
    scanner_free(till->scanner);
    for (int k = 0; k < 2; k++) {
        if (till->ends[k] >= 0)
            (void)close(till->ends[k]);
    }
    if (till->clock != NULL)
        event_free(till->clock);
    if (till->base != NULL)
        event_base_free(till->base);
}

/* A till with a clock. Two articles are scanned, then the scanner is unplugged. */
int main(void)
{
    struct till till = {.ends = {-1, -1}};
    int status = EXIT_FAILURE;

    if (till_open(&till) != 0) {
        fprintf(stderr, "03_nonblocking: set-up: no memory, or scanner_start() returned NULL\n");
        goto cleanup;
    }
    if (event_base_dispatch(till.base) != 0)
        fprintf(stderr, "03_nonblocking: event loop: it ended before closing time\n");
    else if (!till.heard)
        fprintf(stderr, "03_nonblocking: nothing was scanned: start with TODO(1), then TODO(2)\n");
    else if (!till.ended)
        fprintf(stderr, "03_nonblocking: nobody was told of the end: TODO(3)\n");
    else
        status = EXIT_SUCCESS;

cleanup:
    till_close(&till);
    return status;
}
