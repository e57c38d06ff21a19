/* 15_buffering.c: a buoy at sea gathers readings, and sends them in few transmissions
 *
 * 15_buffering.h says when a batch is sent, and what becomes of bytes that the line does not take.
 * Given are the start, the end and what the loop calls. Yours is to add a reading, to send, and to
 * close. A buoy in main():
 * ./workbook run 15_buffering --virtual
 *
 * SPDX-License-Identifier: MIT
 */
#include "15_buffering.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static const struct timeval BATCH_WAIT = {.tv_usec = BATCH_WAIT_MS * 1000};

struct buoy {
    evutil_socket_t line;     /* borrowed */
    struct evbuffer *waiting; /* what is not sent yet, in order; owned, as is all below */
    struct event *deadline;   /* a timer for on_due() */
    struct event *line_ready; /* runs on_due(), once, when the line takes more */
    struct event *over;       /* runs on_over() */
    bool closing;             /* buoy_close() has been called */
    int broken;               /* a negative errno, or 0 */
    buoy_end_fn *on_end;
    void *arg;
};

/* ---- given: the end ---- */

/* Has on_end() called, with 0 or the errno that is noted. Not before the caller has returned. */
static void buoy_end(struct buoy *b)
{
    event_active(b->over, EV_TIMEOUT, 0);
}

static void on_over(evutil_socket_t fd, short what, void *arg)
{
    struct buoy *b = arg;

    (void)fd;
    (void)what;
    b->on_end(b->broken, b->arg); /* it may free `b` */
}

/* ---- yours ---- */

/* Sends all that waits, or as much of it as the line takes. There is at least one byte. */
static void buoy_send(struct buoy *b)
{
    /* TODO(2): the line has been given all that waits, with one write. No deadline is pending. If it
     * has not taken all, on_due() is called when it takes more. If it is broken, that is noted, and
     * the buoy ends; it ends, too, when it was closing and nothing waits. See 3.3.2 "Buffering". */
    (void)b;
    (void)buoy_end;
}

int buoy_add(struct buoy *b, const char *reading, size_t n)
{
    if (b->closing || b->broken != 0)
        return -EPIPE;
    /* TODO(1): the reading waits, or is refused as the header says. It is sent if the batch is full,
     * and the line is not known to take nothing; if not, the deadline of the batch is that of its
     * first byte. See 3.3.2 "Buffering". */
    (void)reading;
    (void)n;
    (void)buoy_send;
    (void)BATCH_WAIT;
    return -ENOSYS;
}

void buoy_close(struct buoy *b)
{
    if (b->closing || b->broken != 0)
        return;
    /* TODO(3): no reading is taken any more. What waits is sent, now or when the line takes more;
     * then the buoy ends. See 3.3.2 "Buffering". */
}

/* ---- given: what the loop calls, start, free ---- */

/* The deadline of a batch is over, or the line takes more. */
static void on_due(evutil_socket_t fd, short what, void *arg)
{
    struct buoy *b = arg;

    (void)fd;
    (void)what;
    if (evbuffer_get_length(b->waiting) > 0)
        buoy_send(b);
}

struct buoy *buoy_start(struct event_base *base, int line, buoy_end_fn *on_end, void *arg)
{
    struct buoy *b = calloc(1, sizeof(*b));

    if (b == NULL)
        return NULL;
    b->line = line;
    b->on_end = on_end;
    b->arg = arg;
    b->waiting = evbuffer_new();
    b->deadline = evtimer_new(base, on_due, b);
    b->line_ready = event_new(base, line, EV_WRITE, on_due, b);
    b->over = event_new(base, -1, 0, on_over, b);
    if (b->waiting == NULL || b->deadline == NULL || b->line_ready == NULL || b->over == NULL) {
        buoy_free(b);
        return NULL;
    }
    return b;
}

void buoy_free(struct buoy *b)
{
    if (b == NULL)
        return;
    if (b->over != NULL)
        event_free(b->over);
    if (b->line_ready != NULL)
        event_free(b->line_ready);
    if (b->deadline != NULL)
        event_free(b->deadline);
    if (b->waiting != NULL)
        evbuffer_free(b->waiting);
    free(b);
}

/* ---- given: main ---- */

/* What is measured when: bytes of a reading; in the end the buoy is closed. */
static const struct measure {
    int at_ms, n;
} MEASURES[] = {{0, 20}, {40, 20}, {80, 30}, {300, 10}, {700, 200}, {800, 5}, {850, 0}};
enum { MEASURES_N = sizeof(MEASURES) / sizeof(MEASURES[0]) };

struct sea {
    struct event_base *base; /* owned, as is all below */
    struct buoy *buoy;
    evutil_socket_t ends[2];   /* the buoy's end of the line, and the coast's; or -1 */
    struct event *coast_ready; /* runs on_coast() */
    struct event *clock;       /* runs on_measure() */
    int measured, received, transmissions;
    bool ended; /* all is sent */
};

static void on_end(int result, void *arg)
{
    struct sea *sea = arg;

    printf("buoy: the end, result %d\n", result);
    sea->ended = result == 0;
    (void)shutdown(sea->ends[0], SHUT_WR); /* then the coast sees the end, too */
}

/* The line takes everything: what can be read at once is one transmission. */
static void on_coast(evutil_socket_t fd, short what, void *arg)
{
    struct sea *sea = arg;
    char bytes[WAITING_MOST];
    ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

    (void)what;
    if (n <= 0) {
        (void)event_base_loopbreak(sea->base);
        return;
    }
    printf("coast: a transmission of %zd bytes\n", n);
    sea->received += (int)n;
    sea->transmissions++;
}

static void on_measure(evutil_socket_t fd, short what, void *arg)
{
    static const char READING[WAITING_MOST];
    struct sea *sea = arg;
    const struct measure *m = &MEASURES[sea->measured++];
    struct timeval wait = {0};

    (void)fd;
    (void)what;
    if (sea->measured == MEASURES_N) {
        buoy_close(sea->buoy);
        return;
    }
    printf("buoy: measures %d bytes\n", m->n);
    wait.tv_usec = (m[1].at_ms - m->at_ms) * 1000;
    if (buoy_add(sea->buoy, READING, (size_t)m->n) != 0 || event_add(sea->clock, &wait) != 0)
        (void)event_base_loopbreak(sea->base);
}

static int sea_open(struct sea *sea)
{
    static const struct timeval AT_LAST = {.tv_sec = 2};

    sea->base = event_base_new();
    if (sea->base == NULL || evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, sea->ends) != 0 ||
        evutil_make_socket_nonblocking(sea->ends[0]) != 0 ||
        evutil_make_socket_nonblocking(sea->ends[1]) != 0)
        return -1;
    sea->buoy = buoy_start(sea->base, sea->ends[0], on_end, sea);
    sea->coast_ready = event_new(sea->base, sea->ends[1], EV_READ | EV_PERSIST, on_coast, sea);
    sea->clock = evtimer_new(sea->base, on_measure, sea);
    if (sea->buoy == NULL || sea->coast_ready == NULL || sea->clock == NULL ||
        event_add(sea->coast_ready, NULL) != 0 || event_add(sea->clock, &(struct timeval){0}) != 0)
        return -1;
    return event_base_loopexit(sea->base, &AT_LAST);
}

static void sea_close(struct sea *sea)
{
    buoy_free(sea->buoy);
    if (sea->clock != NULL)
        event_free(sea->clock);
    if (sea->coast_ready != NULL)
        event_free(sea->coast_ready);
    for (int k = 0; k < 2; k++) {
        if (sea->ends[k] >= 0)
            (void)evutil_closesocket(sea->ends[k]);
    }
    if (sea->base != NULL)
        event_base_free(sea->base);
}

int main(void)
{
    struct sea sea = {.ends = {-1, -1}};
    int status = EXIT_FAILURE;

    (void)signal(SIGPIPE, SIG_IGN); /* to write to who has gone is an error, not death */
    if (sea_open(&sea) != 0)
        fprintf(stderr, "15_buffering: set-up: no memory, or no descriptor left\n");
    else if (event_base_dispatch(sea.base) != 0)
        fprintf(stderr, "15_buffering: event loop: it ended before its work did\n");
    else if (sea.measured < MEASURES_N)
        fprintf(stderr, "15_buffering: no reading is taken: start with TODO(1)\n");
    else if (sea.received == 0)
        fprintf(stderr, "15_buffering: nothing is sent: TODO(2)\n");
    else if (!sea.ended)
        fprintf(stderr, "15_buffering: it does not end: TODO(3)\n");
    else
        status = EXIT_SUCCESS;
    printf("sea: %d readings, %d transmissions\n", MEASURES_N - 1, sea.transmissions);
    sea_close(&sea);
    return status;
}
