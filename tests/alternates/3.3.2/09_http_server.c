/* 09_http_server.c: another right solution: one callback for all paths, a table of methods, replies
 * in buffers of their own, and one timer for all ships, which wait in a queue
 *
 * SPDX-License-Identifier: MIT
 */
#include "09_http_server.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <json-c/json.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/time.h>

struct ship {
    STAILQ_ENTRY(ship) link;
    struct timeval due; /* on the loop's clock */
    struct evhttp_request *req;
    json_object *json;
};

struct bridge {
    struct event_base *base;
    struct evhttp *http;
    struct evhttp_bound_socket *door;
    struct event *next_up; /* for the first of the queue */
    json_object *passed;
    STAILQ_HEAD(queue, ship) queue;
};

static void reply(struct evhttp_request *req, int status, const char *phrase, json_object *json)
{
    const char *text = json_object_to_json_string(json);
    struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
    struct evbuffer *body = evbuffer_new();

    if (body == NULL || evbuffer_add(body, text, strlen(text)) != 0 ||
        evhttp_add_header(headers, "Content-Type", "application/json; charset=utf-8") != 0) {
        evhttp_send_error(req, 500, "No Memory");
        if (body != NULL)
            evbuffer_free(body);
        return;
    }
    if (evhttp_request_get_command(req) == EVHTTP_REQ_HEAD) {
        char length[20];

        evutil_snprintf(length, sizeof(length), "%zu", evbuffer_get_length(body));
        evhttp_add_header(headers, "Content-Length", length);
        evbuffer_drain(body, evbuffer_get_length(body));
    }
    evhttp_send_reply(req, status, phrase, body);
    evbuffer_free(body);
}

static void refuse(struct evhttp_request *req, int status, const char *phrase)
{
    json_object *json = json_object_new_object();

    json_object_object_add(json, "error", json_object_new_string(phrase));
    reply(req, status, phrase, json);
    json_object_put(json);
}

static int wait_for_first(struct bridge *b)
{
    struct timeval now, wait = {0, 0};
    const struct ship *first = STAILQ_FIRST(&b->queue);

    if (first == NULL || event_base_gettimeofday_cached(b->base, &now) != 0)
        return -1;
    if (evutil_timercmp(&first->due, &now, >))
        evutil_timersub(&first->due, &now, &wait);
    return event_add(b->next_up, &wait);
}

static void on_next_up(evutil_socket_t fd, short what, void *arg)
{
    struct bridge *b = arg;
    struct ship *ship = STAILQ_FIRST(&b->queue);

    (void)fd;
    (void)what;
    STAILQ_REMOVE_HEAD(&b->queue, link);
    reply(ship->req, 201, "Passed", ship->json);
    json_object_array_add(b->passed, ship->json);
    free(ship);
    (void)wait_for_first(b);
}

static json_object *parse(struct evbuffer *body)
{
    char text[BODY_MAX + 1];
    ev_ssize_t n = evbuffer_copyout(body, text, BODY_MAX);
    json_tokener *tokener = json_tokener_new();
    json_object *json, *name;

    if (tokener == NULL)
        return NULL;
    if (n < 0)
        n = 0;
    text[n] = '\0';
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    json =
        memchr(text, '\0', (size_t)n) == NULL ? json_tokener_parse_ex(tokener, text, (int)n) : NULL;
    json_tokener_free(tokener);
    if (json_object_is_type(json, json_type_object) &&
        json_object_object_get_ex(json, "name", &name) &&
        json_object_is_type(name, json_type_string) && json_object_get_string_len(name) > 0)
        return json;
    json_object_put(json);
    return NULL;
}

static void post_ship(struct bridge *b, struct evhttp_request *req)
{
    static const struct timeval RAISE = {RAISE_MS / 1000, RAISE_MS % 1000 * 1000};
    const char *type = evhttp_find_header(evhttp_request_get_input_headers(req), "content-type");
    struct ship *ship;
    bool is_first = STAILQ_EMPTY(&b->queue);

    if (type == NULL || evutil_ascii_strncasecmp(type, "application/json", 16) != 0 ||
        (type[16] != '\0' && type[16] != ';')) {
        refuse(req, 415, "Unsupported Media Type");
        return;
    }
    ship = calloc(1, sizeof(*ship));
    if (ship == NULL) {
        refuse(req, 503, "Service Unavailable");
        return;
    }
    ship->req = req;
    ship->json = parse(evhttp_request_get_input_buffer(req));
    if (ship->json == NULL) {
        free(ship);
        refuse(req, 400, "Bad Request");
        return;
    }
    event_base_gettimeofday_cached(b->base, &ship->due);
    evutil_timeradd(&ship->due, &RAISE, &ship->due);
    STAILQ_INSERT_TAIL(&b->queue, ship, link);
    if (is_first && wait_for_first(b) != 0) {
        STAILQ_INIT(&b->queue);
        json_object_put(ship->json);
        free(ship);
        refuse(req, 503, "Service Unavailable");
    }
}

static void get_ships(struct bridge *b, struct evhttp_request *req)
{
    reply(req, 200, "OK", b->passed);
}

static void on_request(struct evhttp_request *req, void *arg)
{
    static const struct {
        enum evhttp_cmd_type method;
        void (*serve)(struct bridge *, struct evhttp_request *);
    } METHODS[] = {
        {EVHTTP_REQ_GET, get_ships}, {EVHTTP_REQ_HEAD, get_ships}, {EVHTTP_REQ_POST, post_ship}};
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));

    if (path == NULL || strcmp(path, "/ships") != 0) {
        refuse(req, 404, "Not Found");
        return;
    }
    for (int k = 0; k < 3; k++) {
        if (METHODS[k].method == evhttp_request_get_command(req)) {
            METHODS[k].serve(arg, req);
            return;
        }
    }
    evhttp_add_header(evhttp_request_get_output_headers(req), "Allow", "POST,GET,HEAD");
    refuse(req, 405, "Method Not Allowed");
}

struct bridge *bridge_open(struct event_base *base, int port)
{
    struct bridge *b = calloc(1, sizeof(*b));

    if (b == NULL)
        return NULL;
    STAILQ_INIT(&b->queue);
    b->base = base;
    b->passed = json_object_new_array();
    b->next_up = evtimer_new(base, on_next_up, b);
    b->http = evhttp_new(base);
    if (b->http != NULL)
        b->door = evhttp_bind_socket_with_handle(b->http, "127.0.0.1", (ev_uint16_t)port);
    if (b->passed == NULL || b->next_up == NULL || b->door == NULL ||
        setsockopt(evhttp_bound_socket_get_fd(b->door), IPPROTO_TCP, TCP_NODELAY, &(int){1},
                   sizeof(int)) != 0) {
        bridge_free(b);
        return NULL;
    }
    evhttp_set_allowed_methods(b->http, 0xffff);
    evhttp_set_max_body_size(b->http, BODY_MAX);
    evhttp_set_timeout(b->http, SILENCE_SECONDS);
    evhttp_set_gencb(b->http, on_request, b);
    return b;
}

int bridge_port(const struct bridge *b)
{
    struct sockaddr_in address;
    socklen_t size = sizeof(address);

    getsockname(evhttp_bound_socket_get_fd(b->door), (struct sockaddr *)&address, &size);
    return ntohs(address.sin_port);
}

void bridge_stop(struct bridge *b)
{
    if (b->door == NULL)
        return;
    evhttp_del_accept_socket(b->http, b->door);
    b->door = NULL;
}

void bridge_free(struct bridge *b)
{
    struct ship *ship;

    if (b == NULL)
        return;
    if (b->http != NULL)
        evhttp_free(b->http);
    while ((ship = STAILQ_FIRST(&b->queue)) != NULL) {
        STAILQ_REMOVE_HEAD(&b->queue, link);
        json_object_put(ship->json);
        free(ship);
    }
    if (b->next_up != NULL)
        event_free(b->next_up);
    json_object_put(b->passed);
    free(b);
}
