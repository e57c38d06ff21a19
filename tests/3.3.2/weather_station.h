/* weather_station.h: a station that answers by script, and who asks it, for 08_http_client
 *
 * A station listens on a port of its own, and serves one connection: when a request has come, it
 * thinks, sends the first part of its script, pauses, sends the second part, and ends as the script
 * says. All of it happens in the loop of the test. What becomes of the request is noted by the one
 * who asked.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef WEATHER_STATION_H
#define WEATHER_STATION_H

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "08_http_client.h"
#include "result_text.h"
#include "suite.h"

enum { THINKS_MS = 100, PAUSES_MS = 200 };
enum ending { STAYS, CLOSES, RESETS, NOBODY_LISTENS };

/* What a station does with a request. */
struct script {
    const char *first;   /* sent THINKS_MS after the request; NULL: nothing */
    const char *second;  /* sent PAUSES_MS after that; NULL: nothing */
    enum ending ending;  /* behind the last part */
    size_t first_length; /* bytes of `first`; 0: up to its NUL */
};

/* One who asks, and whom. */
struct asker {
    const struct script *script;
    struct evconnlistener *listener; /* or NULL; owned */
    struct bufferevent *connection;  /* the station's end, or NULL; owned */
    struct event *timer;             /* before each part; owned */
    int parts_sent;
    int port;
    struct forecast_call *call; /* or NULL; owned */
    bool free_in_callback;
    bool free_behind_answer; /* in the turn of the loop in which the answer is read */
    bool inside;             /* forecast_get() has not returned yet */
    bool told_inside;
    int asked_at_ms;
    int told; /* how often */
    int told_at_ms;
    struct forecast forecast; /* what was told */
};

/* ---- the station ---- */

static void asker_free_call(struct asker *a)
{
    forecast_free(a->call);
    a->call = NULL;
}

static void station_hang_up(struct asker *a)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    if (a->connection == NULL)
        return;
    if (a->script->ending == RESETS)
        setsockopt(bufferevent_getfd(a->connection), SOL_SOCKET, SO_LINGER, &at_once,
                   sizeof(at_once));
    bufferevent_free(a->connection);
    a->connection = NULL;
}

static void station_wait(struct asker *a, int ms)
{
    const struct timeval wait = {ms / 1000, ms % 1000 * 1000};

    ck_assert_int_eq(event_add(a->timer, &wait), 0);
}

static void on_sent(struct bufferevent *connection, void *arg)
{
    struct asker *a = arg;

    (void)connection;
    if (a->free_behind_answer)
        station_wait(a, 0); /* the answer is read in the next turn, and then the timer comes */
    else if (a->parts_sent == 1 && a->script->second != NULL)
        station_wait(a, PAUSES_MS);
    else if (a->script->ending != STAYS)
        station_hang_up(a);
}

/* It is time for the next part; or, behind the last one, to free the call before it is told. */
static void on_station_timer(evutil_socket_t fd, short what, void *arg)
{
    struct asker *a = arg;
    const struct script *script = a->script;
    const char *part = a->parts_sent == 0 ? script->first : script->second;
    size_t n = part == NULL ? 0 : strlen(part);

    (void)fd;
    (void)what;
    if (a->free_behind_answer && a->parts_sent == 1) {
        asker_free_call(a);
        return;
    }
    if (a->parts_sent++ == 0 && script->first_length > 0)
        n = script->first_length;
    if (a->connection == NULL || part == NULL)
        return;
    if (n == 0) /* nothing to send, and so no on_sent() */
        on_sent(a->connection, a);
    else
        ck_assert_int_eq(bufferevent_write(a->connection, part, n), 0);
}

/* The whole request is there when its headers end: it has no body. */
static void on_request(struct bufferevent *connection, void *arg)
{
    struct evbuffer *input = bufferevent_get_input(connection);
    struct evbuffer_ptr end = evbuffer_search(input, "\r\n\r\n", 4, NULL);

    if (end.pos < 0)
        return;
    evbuffer_drain(input, evbuffer_get_length(input));
    station_wait(arg, THINKS_MS);
}

static void on_accepted(struct evconnlistener *listener, evutil_socket_t fd,
                        struct sockaddr *address, int length, void *arg)
{
    struct asker *a = arg;

    (void)listener;
    (void)address;
    (void)length;
    ck_assert_ptr_null(a->connection);
    a->connection = bufferevent_socket_new(test_base(), fd, BEV_OPT_CLOSE_ON_FREE);
    ck_assert_ptr_nonnull(a->connection);
    bufferevent_setcb(a->connection, on_request, on_sent, NULL, a);
    bufferevent_enable(a->connection, EV_READ);
}

static void station_open(struct asker *a, const struct script *script)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert(signal(SIGPIPE, SIG_IGN) != SIG_ERR); /* the station writes to who may be gone */
    a->script = script;
    a->timer = event_new(test_base(), -1, 0, on_station_timer, a);
    a->listener = evconnlistener_new_bind(test_base(), on_accepted, a, LEV_OPT_CLOSE_ON_FREE, -1,
                                          (struct sockaddr *)&address, sizeof(address));
    ck_assert(a->timer != NULL && a->listener != NULL);
    ck_assert_int_eq(
        getsockname(evconnlistener_get_fd(a->listener), (struct sockaddr *)&address, &size), 0);
    a->port = ntohs(address.sin_port);
    if (script->ending == NOBODY_LISTENS) {
        evconnlistener_free(a->listener);
        a->listener = NULL;
    }
}

static void station_close(struct asker *a)
{
    station_hang_up(a);
    if (a->listener != NULL)
        evconnlistener_free(a->listener);
    event_free(a->timer);
}

/* ---- who asks ---- */

/* Valid until the fourth call from now. */
static const char *forecast_text(const struct forecast *f)
{
    static char texts[4][96];
    static int next;
    char *text = texts[next++ % 4];

    snprintf(text, sizeof(texts[0]), "error %s, status %d, celsius %d", result_text(f->error),
             f->status, f->celsius);
    return text;
}

static void on_forecast(const struct forecast *forecast, void *arg)
{
    struct asker *a = arg;

    a->told_inside = a->told_inside || a->inside; /* to fail here takes a descriptor */
    if (a->told > 0)
        fail_test("the callback came twice for one call\nexpected  %s\n"
                  "got       the same, and then %s",
                  forecast_text(&a->forecast), forecast_text(forecast));
    a->told++;
    a->told_at_ms = now_ms();
    a->forecast = *forecast;
    if (a->free_in_callback)
        asker_free_call(a);
}

static void asker_ask(struct asker *a)
{
    a->asked_at_ms = now_ms();
    a->inside = true;
    a->call = forecast_get(test_base(), a->port, on_forecast, a);
    a->inside = false;
}

static void expect_not_told_inside(const struct asker *a)
{
    if (a->told_inside)
        fail_test("the callback came inside forecast_get()\n"
                  "expected  after forecast_get() has returned, from the loop\n"
                  "got       before: %s",
                  forecast_text(&a->forecast));
}

/* Opens a station with a script, and asks it. */
static void asker_begin(struct asker *a, const struct script *script)
{
    station_open(a, script);
    asker_ask(a);
    expect_not_told_inside(a);
    if (a->call == NULL)
        fail_test("forecast_get() returned NULL, and there is memory");
}

/* Frees the call first, as its owner does. libevent closes connections at the next turn of the
 * loop. */
static void asker_end(struct asker *a)
{
    asker_free_call(a);
    station_close(a);
    ck_assert_int_ge(event_base_loop(test_base(), EVLOOP_NONBLOCK), 0);
}

/* `what` says what the station did. */
static void expect_forecast(const struct asker *a, const char *what,
                            const struct forecast *expected, int after_ms)
{
    const int got_after_ms = a->told_at_ms - a->asked_at_ms;

    if (a->told == 0)
        fail_test("%s\nexpected  after %.3f s: %s\n"
                  "got       no callback, in %.3f s",
                  what, after_ms / 1e3, forecast_text(expected), (now_ms() - a->asked_at_ms) / 1e3);
    if (memcmp(&a->forecast, expected, sizeof(*expected)) != 0 || got_after_ms != after_ms)
        fail_test("%s\nexpected  after %.3f s: %s\ngot       after %.3f s: %s", what,
                  after_ms / 1e3, forecast_text(expected), got_after_ms / 1e3,
                  forecast_text(&a->forecast));
}

#endif
