/* 08_http_client.c: another right solution
 *
 * The outcome is told by a timer of 0. What libevent has said is kept as it came, with a copy of
 * the body, and looked at when the caller is told; the members of the object are walked through.
 *
 * SPDX-License-Identifier: MIT
 */
#include "08_http_client.h"

#include <ctype.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { NO_ERROR = -1 }; /* evhttp's errors begin with 0 */

struct forecast_call {
    forecast_cb tell;
    void *arg;
    struct evhttp_connection *connection;
    struct event *timer;
    int error;  /* of evhttp's, or NO_ERROR */
    int status; /* 0: no connection */
    size_t n;
    char body[MOST_FORECAST];
};

static bool is_blank(const char *bytes, size_t n)
{
    while (n > 0 && isspace((unsigned char)bytes[n - 1]))
        n--;
    return n == 0;
}

static bool number_of(struct json_object *value, int *celsius)
{
    int n;

    if (json_object_get_type(value) != json_type_int)
        return false;
    n = json_object_get_int(value); /* what is too large becomes the largest */
    if (n < LOWEST_CELSIUS || n > HIGHEST_CELSIUS)
        return false;
    *celsius = n;
    return true;
}

static int body_read(const struct forecast_call *call, int *celsius)
{
    struct json_tokener *tokener = json_tokener_new();
    struct json_object *object;
    size_t end;
    bool good = false;

    if (tokener == NULL)
        return -ENOMEM;
    object = json_tokener_parse_ex(tokener, call->body, (int)call->n);
    end = json_tokener_get_parse_end(tokener);
    json_tokener_free(tokener);
    if (json_object_get_type(object) == json_type_object &&
        is_blank(call->body + end, call->n - end)) {
        json_object_object_foreach(object, key, value)
        {
            if (strcmp(key, "max") == 0)
                good = number_of(value, celsius);
        }
    }
    json_object_put(object);
    return good ? 0 : -EBADMSG;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    static const int errors[] = {
        [EVREQ_HTTP_TIMEOUT] = -ETIMEDOUT,         [EVREQ_HTTP_EOF] = -ECONNRESET,
        [EVREQ_HTTP_INVALID_HEADER] = -EPROTO,     [EVREQ_HTTP_BUFFER_ERROR] = -ECONNRESET,
        [EVREQ_HTTP_REQUEST_CANCEL] = -ECONNRESET, [EVREQ_HTTP_DATA_TOO_LONG] = -EMSGSIZE};
    const struct forecast_call *call = arg;
    struct forecast f = {.status = call->status};

    (void)fd;
    (void)what;
    if (call->error != NO_ERROR)
        f.error = errors[call->error];
    else if (call->status == 0)
        f.error = -ECONNREFUSED;
    else if (call->status != HTTP_OK)
        f.error = -EIO;
    else
        f.error = body_read(call, &f.celsius);
    call->tell(&f, call->arg);
}

static void on_error(enum evhttp_request_error error, void *arg)
{
    struct forecast_call *call = arg;

    call->error = (int)error;
}

static void on_end(struct evhttp_request *req, void *arg)
{
    static const struct timeval at_once = {0};
    struct forecast_call *call = arg;

    if (req != NULL) {
        struct evbuffer *body = evhttp_request_get_input_buffer(req);
        ev_ssize_t n = evbuffer_copyout(body, call->body, sizeof(call->body));

        call->status = evhttp_request_get_response_code(req);
        call->n = n > 0 ? (size_t)n : 0;
    }
    if (event_add(call->timer, &at_once) != 0) /* without memory for the heap of timers */
        event_active(call->timer, EV_TIMEOUT, 0);
}

static bool call_send(struct forecast_call *call)
{
    struct evhttp_request *req = evhttp_request_new(on_end, call);

    if (req == NULL)
        return false;
    evhttp_request_set_error_cb(req, on_error);
    if (evhttp_add_header(evhttp_request_get_output_headers(req), "Host", "localhost") != 0) {
        evhttp_request_free(req);
        return false;
    }
    return evhttp_make_request(call->connection, req, EVHTTP_REQ_GET, "/forecast") == 0;
}

struct forecast_call *forecast_get(struct event_base *base, int port, forecast_cb on_forecast,
                                   void *arg)
{
    struct forecast_call *call = calloc(1, sizeof(*call));

    if (call == NULL)
        return NULL;
    call->tell = on_forecast;
    call->arg = arg;
    call->error = NO_ERROR;
    call->timer = evtimer_new(base, on_timer, call);
    call->connection = evhttp_connection_base_new(base, NULL, "127.0.0.1", (unsigned short)port);
    if (call->timer != NULL && call->connection != NULL) {
        evhttp_connection_set_timeout(call->connection, STATION_SILENCE_MS / 1000);
        evhttp_connection_set_max_body_size(call->connection, MOST_FORECAST);
        if (call_send(call))
            return call;
    }
    forecast_free(call);
    return NULL;
}

void forecast_free(struct forecast_call *call)
{
    if (call == NULL)
        return;
    if (call->timer != NULL)
        event_free(call->timer);
    if (call->connection != NULL)
        evhttp_connection_free(call->connection);
    free(call);
}
