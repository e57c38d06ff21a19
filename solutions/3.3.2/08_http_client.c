/* 08_http_client.c: asks a weather station, and makes one result of whatever libevent tells
 *
 * 08_http_client.h has the table of what can become of a request. forecast_get() is given: it sends
 * the request, and says which callbacks it wants. Yours is what they do.
 *
 * on_failure() and on_done() are called by libevent, in the ways that the lesson's http_failures.c
 * prints; on_outcome() is called by the loop, once its event is active. Until your callbacks are
 * written, nothing ever becomes of a request: ./workbook run 08_http_client --virtual
 *
 * SPDX-License-Identifier: MIT
 */
#include "08_http_client.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <json-c/json.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct forecast_call {
    forecast_cb on_forecast;
    void *arg;
    struct evhttp_connection *connection; /* to the station; owned */
    struct event *outcome;                /* runs on_outcome() when it is active; owned */
    struct forecast forecast;             /* what on_outcome() is going to tell; zeroed at first */
};

/* ---- given: an error of libevent's as an errno ---- */

static int errno_of(enum evhttp_request_error error)
{
    switch (error) {
    case EVREQ_HTTP_TIMEOUT: /* which is 0 */
        return -ETIMEDOUT;
    case EVREQ_HTTP_INVALID_HEADER:
        return -EPROTO;
    case EVREQ_HTTP_DATA_TOO_LONG:
        return -EMSGSIZE;
    default: /* the connection has ended, or there was no descriptor for one */
        return -ECONNRESET;
    }
}

/* ---- what libevent tells ---- */

/* There is going to be no answer. libevent calls on_done() next. */
static void on_failure(enum evhttp_request_error error, void *arg)
{
    struct forecast_call *call = arg;

    call->forecast.error = errno_of(error); /* on_done() tells: this is not yet the end */
}

/* Reads tomorrow's maximum out of a body that may hold anything. Returns 0, -EBADMSG if the body is
 * not as agreed, or -ENOMEM; `*celsius` is changed only with 0. */
static int read_maximum(struct evbuffer *body, int *celsius)
{
    int result = -EBADMSG;
    const size_t n = evbuffer_get_length(body);
    const char *text = (const char *)evbuffer_pullup(body, -1); /* in one piece; no NUL ends it */
    struct json_tokener *tokener = json_tokener_new();
    struct json_object *root, *max;

    if (tokener == NULL || (text == NULL && n > 0)) {
        if (tokener != NULL)
            json_tokener_free(tokener);
        return -ENOMEM;
    }
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT); /* nothing behind the object, */
    root = json_tokener_parse_ex(tokener, text, (int)n);
    if (json_tokener_get_parse_end(tokener) == n && /* not even a NUL */
        json_object_object_get_ex(root, "max", &max) && json_object_is_type(max, json_type_int)) {
        int64_t value = json_object_get_int64(max); /* an int would be clamped, not refused */

        if (value >= LOWEST_CELSIUS && value <= HIGHEST_CELSIUS) {
            *celsius = (int)value;
            result = 0;
        }
    }
    json_object_put(root); /* and `max` with it */
    json_tokener_free(tokener);
    return result;
}

/* The request has ended, one way or another. `req` is freed when this returns. */
static void on_done(struct evhttp_request *req, void *arg)
{
    struct forecast_call *call = arg;
    struct forecast *forecast = &call->forecast;

    if (req != NULL) { /* else on_failure() has been called, and has noted why */
        forecast->status = evhttp_request_get_response_code(req);
        if (forecast->status == 0) /* no connection; nobody else says so */
            forecast->error = -ECONNREFUSED;
        else if (forecast->status != HTTP_OK)
            forecast->error = -EIO;
        else
            forecast->error =
                read_maximum(evhttp_request_get_input_buffer(req), &forecast->celsius);
    }
    event_active(call->outcome, EV_TIMEOUT, 0); /* forecast_get() may not have returned yet */
}

/* ---- given: what the caller is told, and the request ---- */

/* The loop calls it, once `outcome` is active. */
static void on_outcome(evutil_socket_t fd, short what, void *arg)
{
    const struct forecast_call *call = arg;
    const struct forecast forecast = call->forecast; /* a copy: the call may be freed in there */

    (void)fd;
    (void)what;
    call->on_forecast(&forecast, call->arg);
}

/* Writes the headers of a request. */
static int request_fill(struct evhttp_request *req, int port)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
    char host[32];

    (void)snprintf(host, sizeof(host), "127.0.0.1:%d", port); /* has room for any int */
    if (evhttp_add_header(headers, "Host", host) != 0)
        return -1;
    return evhttp_add_header(headers, "Connection", "close");
}

struct forecast_call *forecast_get(struct event_base *base, int port, forecast_cb on_forecast,
                                   void *arg)
{
    static const struct timeval silence = {.tv_sec = STATION_SILENCE_MS / 1000};
    struct forecast_call *call = calloc(1, sizeof(*call));
    struct evhttp_request *req = NULL;

    if (call == NULL)
        return NULL;
    call->on_forecast = on_forecast;
    call->arg = arg;
    call->outcome = event_new(base, -1, 0, on_outcome, call);
    call->connection = evhttp_connection_base_new(base, NULL, "127.0.0.1", (unsigned short)port);
    if (call->outcome == NULL || call->connection == NULL)
        goto bad;
    evhttp_connection_set_timeout_tv(call->connection, &silence);
    evhttp_connection_set_max_body_size(call->connection, MOST_FORECAST);
    req = evhttp_request_new(on_done, call);
    if (req == NULL || request_fill(req, port) != 0)
        goto bad;
    evhttp_request_set_error_cb(req, on_failure);
    if (evhttp_make_request(call->connection, req, EVHTTP_REQ_GET, "/forecast") == 0)
        return call;
    req = NULL; /* libevent has taken it over, although it failed */
bad:
    if (req != NULL)
        evhttp_request_free(req);
    forecast_free(call);
    return NULL;
}

void forecast_free(struct forecast_call *call)
{
    if (call == NULL)
        return;
    if (call->connection != NULL)
        evhttp_connection_free(call->connection); /* and its request: nobody is told */
    if (call->outcome != NULL)
        event_free(call->outcome); /* also if it is active */
    free(call);
}

/* ---- given: main, a house with a station ---- */

static const struct timeval THINKING = {.tv_usec = 100 * 1000};
static const struct timeval EVENING = {.tv_sec = 1}; /* by then all should have been told */
enum { NOBODYS_PORT = 1 };

struct house {
    struct event_base *base;          /* owned */
    struct evhttp *station;           /* owned */
    struct forecast_call *own, *next; /* to the own station, and to one next door; owned */
    struct forecast forecast;         /* of the own station */
    int told;                         /* how many calls have been told */
};

/* Both calls have it: the last one ends the evening. */
static void on_forecast(const struct forecast *forecast, void *arg)
{
    struct house *house = arg;

    if (forecast->error != 0)
        printf("no forecast: %s\n", strerror(-forecast->error));
    else
        printf("tomorrow: up to %d degrees\n", forecast->celsius);
    if (forecast->status != 0)
        house->forecast = *forecast;
    if (++house->told == 2)
        (void)event_base_loopexit(house->base, NULL);
}

static void on_answer(evutil_socket_t fd, short what, void *arg)
{
    struct evbuffer *body = evbuffer_new();

    (void)fd;
    (void)what;
    if (body != NULL && evbuffer_add_printf(body, "{\"city\": \"Seoul\", \"max\": 31}") > 0)
        evhttp_send_reply(arg, HTTP_OK, NULL, body);
    else
        evhttp_send_error(arg, HTTP_INTERNAL, NULL);
    if (body != NULL)
        evbuffer_free(body);
}

static void on_request(struct evhttp_request *req, void *arg)
{
    if (event_base_once(arg, -1, EV_TIMEOUT, on_answer, req, &THINKING) != 0)
        evhttp_send_error(req, HTTP_INTERNAL, NULL);
}

static int house_open(struct house *house)
{
    struct sockaddr_in address;
    ev_socklen_t size = sizeof(address);
    struct evhttp_bound_socket *bound = NULL;

    house->base = event_base_new();
    if (house->base != NULL)
        house->station = evhttp_new(house->base);
    if (house->station != NULL)
        bound = evhttp_bind_socket_with_handle(house->station, "127.0.0.1", 0);
    if (bound == NULL ||
        getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &size) != 0)
        return -1;
    evhttp_set_gencb(house->station, on_request, house->base);
    house->own = forecast_get(house->base, ntohs(address.sin_port), on_forecast, house);
    house->next = forecast_get(house->base, NOBODYS_PORT, on_forecast, house);
    if (house->own == NULL || house->next == NULL)
        return -1;
    return event_base_loopexit(house->base, &EVENING);
}

static void house_close(struct house *house)
{
    forecast_free(house->own);
    forecast_free(house->next);
    if (house->station != NULL)
        evhttp_free(house->station);
    if (house->base != NULL)
        event_base_free(house->base);
}

/* A house asks its own station, which thinks for 100 ms, and one next door that is switched off. */
int main(void)
{
    struct house house = {0};
    int status = EXIT_FAILURE;

    (void)signal(SIGPIPE, SIG_IGN); /* a write to a closed connection shall fail, not kill */
    if (house_open(&house) != 0) {
        fprintf(stderr, "08_http_client: set-up: no memory, or no socket\n");
        goto cleanup;
    }
    if (event_base_dispatch(house.base) != 0)
        fprintf(stderr, "08_http_client: event loop: it ended before the evening\n");
    else if (house.told == 0)
        fprintf(stderr, "08_http_client: nothing was told: start with TODO(1), then TODO(2)\n");
    else if (house.told != 2)
        fprintf(stderr, "08_http_client: %d of 2 calls were told: TODO(2)\n", house.told);
    else if (house.forecast.status != HTTP_OK || house.forecast.celsius != 31)
        fprintf(stderr, "08_http_client: the station said 31: TODO(2), TODO(3)\n");
    else
        status = EXIT_SUCCESS;

cleanup:
    house_close(&house);
    return status;
}
