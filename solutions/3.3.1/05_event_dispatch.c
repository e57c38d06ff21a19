/* 05_event_dispatch.c: a night porter, who sleeps until something happens
 *
 * 05_event_dispatch.h says what may happen, and which line it gives. The callbacks of the rounds,
 * the report and the alarm are given. Yours are: the events themselves, which porter_new() makes
 * and porter_free() frees; the bell's callback, which is called for more than one reason; and the
 * end of the loop.
 * The night in main(): ./workbook run 05_event_dispatch --virtual
 *
 * SPDX-License-Identifier: MIT
 */
#include "05_event_dispatch.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct timeval SILENCE = {.tv_sec = SILENCE_MS / 1000};
static const struct timeval ROUND = {.tv_usec = ROUND_MS * 1000};

struct porter {
    struct event_base *base; /* borrowed */
    evutil_socket_t bell;    /* readable when somebody has rung; borrowed */
    int knocks;              /* visitors who have knocked, and whom on_bell() has not seen yet */
    int visitors;            /* so far */
    int rounds;              /* so far */
    /* Four events, each for the callback of its name; owned, NULL as long as they are not made. */
    struct event *bell_event;   /* the bell can be read, a silence is over; or by hand: a knock */
    struct event *round_event;  /* ROUND_MS are over */
    struct event *report_event; /* SIGUSR1 */
    struct event *alarm_event;  /* by hand only */
};

/* ---- given: three callbacks, and what two of the porter's functions do ---- */

static void on_round(evutil_socket_t fd, short what, void *arg)
{
    struct porter *p = arg;

    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    printf("round %d\n", ++p->rounds);
}

static void on_report(evutil_socket_t signal_number, short what, void *arg)
{
    const struct porter *p = arg;

    (void)signal_number;
    (void)what;
    printf("report: visitors=%d rounds=%d\n", p->visitors, p->rounds);
}

static void on_alarm(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    puts("alarm");
}

void porter_knock(struct porter *p)
{
    p->knocks++;
    event_active(p->bell_event, EV_READ, 0); /* adds EV_READ to what on_bell() will be told */
}

void porter_alarm(struct porter *p)
{
    event_active(p->alarm_event, EV_TIMEOUT, 0);
}

/* How many visitors have come: one for each knock since the last call, and one for each byte of a
 * portion that is read from the bell; for the rest the loop will call again. A bell whose other end
 * is closed is taken out of the loop: it would be readable for ever. */
static int take_visitors(struct porter *p)
{
    int visitors = p->knocks;
    char rings[16];
    ssize_t n = read(p->bell, rings, sizeof(rings));

    p->knocks = 0;
    if (n > 0)
        visitors += (int)n;
    else if (n == 0 || (errno != EAGAIN && errno != EINTR)) /* these two: nothing now */
        (void)event_del(p->bell_event);                     /* cannot fail: it is a good one */
    return visitors;
}

/* ---- yours ---- */

static void on_bell(evutil_socket_t fd, short what, void *arg); /* stands below porter_new() */

struct porter *porter_new(struct event_base *base, evutil_socket_t bell)
{
    struct porter *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return NULL;
    p->base = base;
    p->bell = bell;
    /* EV_PERSIST: still pending when it has been called. evsignal_new() adds it by itself. */
    p->bell_event = event_new(base, bell, EV_READ | EV_PERSIST, on_bell, p);
    p->round_event = event_new(base, -1, EV_PERSIST, on_round, p);
    p->report_event = evsignal_new(base, SIGUSR1, on_report, p);
    p->alarm_event = event_new(base, -1, 0, on_alarm, p);
    if (p->bell_event == NULL || p->round_event == NULL || p->report_event == NULL ||
        p->alarm_event == NULL || event_priority_set(p->alarm_event, ALARM_PRIORITY) != 0)
        goto bad;
    /* The alarm is not added: it waits for nothing, and is only ever activated by hand. */
    if (event_add(p->bell_event, &SILENCE) != 0 || event_add(p->round_event, &ROUND) != 0 ||
        event_add(p->report_event, NULL) != 0)
        goto bad;
    return p;
bad:
    porter_free(p);
    return NULL;
}

static void on_bell(evutil_socket_t fd, short what, void *arg)
{
    struct porter *p = arg;

    (void)fd;
    /* `what` is a set: both may have happened since the last call, so no `else`, and no `==`. */
    if (what & EV_TIMEOUT)
        puts("silence");
    if (what & EV_READ) {
        for (int n = take_visitors(p); n > 0; n--)
            printf("visitor %d\n", ++p->visitors);
    }
}

void porter_free(struct porter *p)
{
    if (p == NULL)
        return;
    /* event_free() deletes first, and puts back the signal's old action. A porter that is half
     * made has NULL where an event is missing, which event_free() does not take. */
    if (p->alarm_event != NULL)
        event_free(p->alarm_event);
    if (p->report_event != NULL)
        event_free(p->report_event);
    if (p->round_event != NULL)
        event_free(p->round_event);
    if (p->bell_event != NULL)
        event_free(p->bell_event);
    free(p);
}

int porter_stop(struct porter *p)
{
    return event_base_loopexit(p->base, NULL); /* loopbreak would be lost before the loop runs */
}

/* ---- given: main ---- */

/* What happens outside of the porter's lodge: a little at each tick. */
struct street {
    struct event_base *base; /* owned, as is all below */
    evutil_socket_t wire[2]; /* a socket pair: the bell, and the button at its other end */
    struct porter *porter;
    struct event *ticker;
    int tick;
    bool failed; /* something could not be done */
};

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct street *street = arg;

    (void)fd;
    (void)what;
    street->tick++;
    if (street->tick == 1) /* two ring at once */
        street->failed = write(street->wire[1], "..", 2) != 2;
    else if (street->tick == 2)
        porter_knock(street->porter);
    else if (street->tick == 3)
        street->failed = raise(SIGUSR1) != 0;
    else if (street->tick == 4)
        porter_alarm(street->porter);
    else if (street->tick == 7) /* after a silence */
        street->failed = porter_stop(street->porter) != 0;
    if (street->failed || street->tick == 8)
        (void)event_base_loopbreak(street->base); /* fails only without a base */
}

static int street_open(struct street *street)
{
    static const struct timeval TICK = {.tv_usec = 250 * 1000};

    street->base = event_base_new();
    if (street->base == NULL || event_base_priority_init(street->base, PORTER_PRIORITIES) != 0 ||
        evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, street->wire) != 0 ||
        evutil_make_socket_nonblocking(street->wire[0]) != 0)
        return -1;
    street->porter = porter_new(street->base, street->wire[0]);
    street->ticker = event_new(street->base, -1, EV_PERSIST, on_tick, street);
    if (street->porter == NULL || street->ticker == NULL)
        return -1;
    return event_add(street->ticker, &TICK);
}

static void street_close(struct street *street)
{
    if (street->ticker != NULL)
        event_free(street->ticker);
    porter_free(street->porter);
    for (int k = 0; k < 2; k++) {
        if (street->wire[k] >= 0)
            (void)evutil_closesocket(street->wire[k]); /* nothing is written that could be lost */
    }
    if (street->base != NULL)
        event_base_free(street->base);
}

int main(void)
{
    struct street street = {.wire = {-1, -1}};
    int status = EXIT_FAILURE;

    (void)signal(SIGUSR1, SIG_IGN); /* without a porter it is lost, and not deadly */
    if (street_open(&street) != 0)
        fprintf(stderr, "05_event_dispatch: no porter: start with TODO(1) in porter_new()\n");
    else if (event_base_dispatch(street.base) < 0 || street.porter->visitors == 0)
        fprintf(stderr, "05_event_dispatch: nobody has seen the visitors: TODO(2) in on_bell()\n");
    else if (street.failed || street.tick != 7)
        fprintf(stderr, "05_event_dispatch: the loop was not ended by porter_stop(): TODO(4)\n");
    else
        status = EXIT_SUCCESS;
    street_close(&street);
    return status;
}
