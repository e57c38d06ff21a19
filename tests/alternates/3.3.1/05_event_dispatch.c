/* 05_event_dispatch.c: another right solution: events inside the struct, timers that are armed anew
 *
 * The silence has a timer of its own, the rounds are one-shot, and the loop is stopped by a
 * timeout of 0.
 *
 * SPDX-License-Identifier: MIT
 */
#include "05_event_dispatch.h"

#include <errno.h>
#include <event2/event_struct.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BELL, SILENCE, ROUND, REPORT, ALARM, EVENTS };

struct porter {
    struct event_base *base; /* borrowed */
    evutil_socket_t bell;    /* borrowed */
    int knocks, visitors, rounds;
    struct event events[EVENTS]; /* assigned from the beginning; no memory of their own */
};

/* The events are good ones: in this program that can fail for want of memory only, and then the
 * next line is missing. */
static void arm(struct porter *p, int which, int ms)
{
    const struct timeval delay = {ms / 1000, ms % 1000 * 1000};

    if (event_add(&p->events[which], &delay) != 0)
        fprintf(stderr, "05_event_dispatch: event_add: out of memory\n");
}

static void on_silence(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    puts("silence");
    arm(arg, SILENCE, SILENCE_MS);
}

static void greet(struct porter *p)
{
    printf("visitor %d\n", ++p->visitors);
    arm(p, SILENCE, SILENCE_MS);
}

static void on_bell(evutil_socket_t fd, short what, void *arg)
{
    struct porter *p = arg;
    char ring;
    ssize_t n;

    (void)what;
    for (; p->knocks > 0; p->knocks--)
        greet(p);
    n = read(fd, &ring, 1); /* one at a time: as long as there are more, the loop calls */
    if (n == 1) {
        greet(p);
        return;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    (void)event_del(&p->events[BELL]);
    (void)event_del(&p->events[SILENCE]);
}

static void on_round(evutil_socket_t fd, short what, void *arg)
{
    struct porter *p = arg;

    (void)fd;
    (void)what;
    printf("round %d\n", ++p->rounds);
    arm(p, ROUND, ROUND_MS);
}

static void on_report(evutil_socket_t fd, short what, void *arg)
{
    const struct porter *p = arg;

    (void)fd;
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
    event_active(&p->events[BELL], EV_READ, 0);
}

void porter_alarm(struct porter *p)
{
    event_active(&p->events[ALARM], EV_TIMEOUT, 0);
}

struct porter *porter_new(struct event_base *base, evutil_socket_t bell)
{
    const struct timeval silence = {.tv_sec = SILENCE_MS / 1000};
    const struct timeval round = {.tv_usec = ROUND_MS * 1000};
    struct porter *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return NULL;
    p->base = base;
    p->bell = bell;
    if (event_assign(&p->events[BELL], base, bell, EV_READ | EV_PERSIST, on_bell, p) == 0 &&
        evtimer_assign(&p->events[SILENCE], base, on_silence, p) == 0 &&
        evtimer_assign(&p->events[ROUND], base, on_round, p) == 0 &&
        evsignal_assign(&p->events[REPORT], base, SIGUSR1, on_report, p) == 0 &&
        evtimer_assign(&p->events[ALARM], base, on_alarm, p) == 0) {
        if (event_priority_set(&p->events[ALARM], ALARM_PRIORITY) == 0 &&
            event_add(&p->events[BELL], NULL) == 0 &&
            event_add(&p->events[SILENCE], &silence) == 0 &&
            event_add(&p->events[ROUND], &round) == 0 && event_add(&p->events[REPORT], NULL) == 0)
            return p;
        porter_free(p);
        return NULL;
    }
    free(p); /* nothing has been added yet */
    return NULL;
}

int porter_stop(struct porter *p)
{
    return event_base_loopexit(p->base, &(struct timeval){.tv_sec = 0});
}

void porter_free(struct porter *p)
{
    if (p == NULL)
        return;
    for (int k = 0; k < EVENTS; k++)
        (void)event_del(&p->events[k]);
    free(p);
}
