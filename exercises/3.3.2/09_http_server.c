/* 09_http_server.c: serves ships at a drawbridge, over HTTP
 *
 * 09_http_server.h says which request gets which reply. What has to do with JSON and with memory is
 * given. Yours is what has to do with HTTP: the server itself; a reply; which reply a request gets;
 * and the reply that comes later.
 *
 * Six requests at work: ./workbook run 09_http_server --virtual
 * For curl: ./workbook run 09_http_server 8080, and in another window
 *     curl -i http://127.0.0.1:8080/ships
 *     curl -i -H 'Content-Type: application/json' -d '{"name":"Ada"}' http://127.0.0.1:8080/ships
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
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

static const struct timeval RAISE = {.tv_sec = RAISE_MS / 1000};
/* The methods that come to our callbacks; evhttp itself answers 501 to the others. */
static const ev_uint16_t METHODS = EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST |
                                   EVHTTP_REQ_PUT | EVHTTP_REQ_PATCH | EVHTTP_REQ_DELETE |
                                   EVHTTP_REQ_OPTIONS;

struct bridge {
    struct event_base *base;            /* borrowed */
    struct evhttp *http;                /* has the connections and their requests; owned */
    struct evhttp_bound_socket *door;   /* where they come in; http's; NULL when stopped */
    int port;                           /* its number */
    struct json_object *passed;         /* an array of ships; owned */
    LIST_HEAD(ship_list, ship) waiting; /* owned */
};

/* A ship that waits; in the list of its bridge. */
struct ship {
    LIST_ENTRY(ship) link;
    struct bridge *bridge;
    struct evhttp_request *req; /* what it has asked; http's until it is answered */
    struct event *up;           /* runs on_bridge_up(); owned */
    struct json_object *json;   /* as it was sent; owned */
};

/* What is called for an event; they stand further down. */
static void on_ships(struct evhttp_request *req, void *arg);
static void on_other_path(struct evhttp_request *req, void *arg);
static void on_bridge_up(evutil_socket_t fd, short what, void *arg);

/* ---- given: the port, stop and free ---- */

/* Lets connections in on `port`. -1 if that cannot be. */
static int bridge_listen(struct bridge *b, int port)
{
    const int on = 1;
    struct sockaddr_in address;
    socklen_t size = sizeof(address);
    evutil_socket_t fd;

    b->door = evhttp_bind_socket_with_handle(b->http, "127.0.0.1", (ev_uint16_t)port);
    if (b->door == NULL)
        return -1;
    fd = evhttp_bound_socket_get_fd(b->door);
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        return -1;
    b->port = ntohs(address.sin_port);
    /* Connections inherit it: a small reply does not wait until the one before is acknowledged. */
    return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* Its request is not touched: if it was not answered, http still has it. */
static void ship_free(struct ship *ship)
{
    json_object_put(ship->json);
    if (ship->up != NULL)
        event_free(ship->up);
    free(ship);
}

int bridge_port(const struct bridge *b)
{
    return b->port;
}

void bridge_stop(struct bridge *b)
{
    if (b->door != NULL)
        evhttp_del_accept_socket(b->http, b->door); /* closes it; the connections stay */
    b->door = NULL;
}

void bridge_free(struct bridge *b)
{
    struct ship *ship;

    if (b == NULL)
        return;
    while ((ship = LIST_FIRST(&b->waiting)) != NULL) {
        LIST_REMOVE(ship, link);
        ship_free(ship);
    }
    if (b->http != NULL)
        evhttp_free(b->http); /* the door, the connections, the requests of the ships */
    json_object_put(b->passed);
    free(b);
}

/* ---- yours: the server ---- */

struct bridge *bridge_open(struct event_base *base, int port)
{
    struct bridge *b = calloc(1, sizeof(*b));

    if (b == NULL)
        return NULL;
    b->base = base;
    b->passed = json_object_new_array();
    LIST_INIT(&b->waiting);
    /* TODO(1): b->http is a server in the loop of `base`, and listens on `port`. It takes BODY_MAX
     * bytes of a body at the most, and SILENCE_SECONDS of silence; it calls on_ships() for the path
     * /ships, and on_other_path() for all others, each with the bridge, whichever of METHODS is
     * asked for. If one of these, or b->passed, could not be had, the bridge is given up at `bad`.
     * See 3.3.2 "HTTP server". */
    (void)METHODS;
    (void)on_ships;
    (void)on_other_path;
    (void)bridge_listen;
    (void)port;
    goto bad;
    return b;
bad:
    bridge_free(b);
    return NULL;
}

/* ---- yours: a reply ---- */

/* Answers `req`, once and for all. Takes `json` over. */
static void reply(struct evhttp_request *req, int status, struct json_object *json)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
    const bool is_head = evhttp_request_get_command(req) == EVHTTP_REQ_HEAD;
    size_t n;
    const char *text = json_object_to_json_string_length(json, JSON_C_TO_STRING_PLAIN, &n);
    char digits[24]; /* of `n` */

    (void)snprintf(digits, sizeof(digits), "%zu", n);
    /* TODO(2): on its way to the client are `status`, the type of JSON, the length `n`, and the `n`
     * bytes of `text`, but not for a HEAD. Without memory, any error. See 3.3.2 "HTTP server". */
    (void)headers;
    (void)is_head;
    (void)text;
    (void)status;
    json_object_put(json);
}

/* ---- given: errors, and ships ---- */

static void reply_error(struct evhttp_request *req, int status, const char *why)
{
    struct json_object *json = json_object_new_object();

    (void)json_object_object_add(json, "error", json_object_new_string(why));
    reply(req, status, json);
}

static void on_other_path(struct evhttp_request *req, void *arg)
{
    (void)arg;
    reply_error(req, HTTP_NOTFOUND, "there is nothing here");
}

/* True if the request says that its body is JSON; "; charset=utf-8" may follow. */
static bool says_json(struct evhttp_request *req)
{
    static const char JSON[] = "application/json";
    const char *type = evhttp_find_header(evhttp_request_get_input_headers(req), "Content-Type");

    return type != NULL && evutil_ascii_strncasecmp(type, JSON, strlen(JSON)) == 0 &&
           strchr("; \t", type[strlen(JSON)]) != NULL; /* also at its end: the 0 is found */
}

static bool is_ship(struct json_object *json)
{
    struct json_object *name;

    return json_object_is_type(json, json_type_object) &&
           json_object_object_get_ex(json, "name", &name) &&
           json_object_is_type(name, json_type_string) && json_object_get_string_len(name) > 0;
}

/* The ship in the body of a request, for the caller to put; NULL if there is none, or no memory. */
static struct json_object *read_ship(struct evhttp_request *req)
{
    struct evbuffer *body = evhttp_request_get_input_buffer(req);
    const size_t n = evbuffer_get_length(body);
    const char *text = (const char *)evbuffer_pullup(body, -1); /* NULL: no byte, or no memory */
    struct json_tokener *tokener = json_tokener_new();
    struct json_object *json = NULL;
    bool whole;

    if (tokener == NULL)
        return NULL;
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    if (text != NULL) /* which ends without a 0 */
        json = json_tokener_parse_ex(tokener, text, (int)n);
    whole = json_tokener_get_parse_end(tokener) == n; /* a 0 is an end for it, too */
    json_tokener_free(tokener);
    if (whole && is_ship(json))
        return json;
    json_object_put(json);
    return NULL;
}

/* Has on_bridge_up() called in RAISE_MS, unless the bridge is freed before. Takes `json` over. -1
 * without memory, and nothing has changed. */
static int ship_wait(struct bridge *b, struct evhttp_request *req, struct json_object *json)
{
    struct ship *ship = calloc(1, sizeof(*ship));

    if (ship == NULL) {
        json_object_put(json);
        return -1;
    }
    ship->bridge = b;
    ship->req = req;
    ship->json = json;
    ship->up = evtimer_new(b->base, on_bridge_up, ship);
    if (ship->up == NULL || event_add(ship->up, &RAISE) != 0) {
        ship_free(ship);
        return -1;
    }
    LIST_INSERT_HEAD(&b->waiting, ship, link);
    return 0;
}

/* ---- yours: which reply a request gets ---- */

/* Somebody asks for /ships. */
static void on_ships(struct evhttp_request *req, void *arg)
{
    struct bridge *b = arg;
    const enum evhttp_cmd_type method = evhttp_request_get_command(req);
    struct json_object *ship;

    /* TODO(3): the request has got one of the replies of 09_http_server.h, 503 without memory for a
     * ship; or a ship waits, and on_bridge_up() is going to answer. See 3.3.2 "HTTP server". */
    (void)b;
    (void)method;
    (void)ship;
    (void)says_json;
    (void)read_ship;
    (void)ship_wait;
}

/* ---- yours: the reply that comes later ---- */

static void on_bridge_up(evutil_socket_t fd, short what, void *arg)
{
    struct ship *ship = arg;
    struct bridge *b = ship->bridge;

    (void)fd;
    (void)what;
    /* TODO(4): the ship does not wait any more, and is freed. What it sent is the last entry of
     * b->passed, and the reply to its request, with 201. See 3.3.2 "HTTP server". */
    (void)b;
}

/* ---- given: main ---- */

static const struct timeval TURN = {.tv_usec = 750 * 1000};

/* What ships and others ask in main(), one at each turn. */
static const struct question {
    enum evhttp_cmd_type method;
    const char *text; /* of method and path */
    const char *path;
    const char *body;
} QUESTIONS[] = {
    {EVHTTP_REQ_GET, "GET /ships", "/ships", ""},
    {EVHTTP_REQ_POST, "POST /ships", "/ships", "{\"name\":\"Ada\"}"},
    {EVHTTP_REQ_POST, "POST /ships", "/ships", "[]"},
    {EVHTTP_REQ_DELETE, "DELETE /ships", "/ships", ""},
    {EVHTTP_REQ_GET, "GET /boats", "/boats", ""},
    {EVHTTP_REQ_GET, "GET /ships", "/ships", ""},
};
enum { N_QUESTIONS = sizeof(QUESTIONS) / sizeof(QUESTIONS[0]) };

struct harbour {
    struct event_base *base; /* owned, as is all below */
    struct bridge *bridge;
    struct event *turn; /* runs on_turn() */
    struct evhttp_connection *connections[N_QUESTIONS];
    int asked;
    int answered;
};

static void on_answer(struct evhttp_request *req, void *arg)
{
    struct harbour *h = arg;
    struct evbuffer *body;

    if (req == NULL || evhttp_request_get_response_code(req) == 0)
        return; /* no reply: there are too few answers in the end */
    body = evhttp_request_get_input_buffer(req);
    printf("bridge: %d %.*s\n", evhttp_request_get_response_code(req),
           (int)evbuffer_get_length(body), (const char *)evbuffer_pullup(body, -1));
    h->answered++;
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct harbour *h = arg;
    const struct question *q = &QUESTIONS[h->asked];
    struct evhttp_connection *connection;
    struct evhttp_request *req;

    (void)fd;
    (void)what;
    connection = h->asked == N_QUESTIONS
                     ? NULL
                     : evhttp_connection_base_new(h->base, NULL, "127.0.0.1",
                                                  (ev_uint16_t)bridge_port(h->bridge));
    if (connection == NULL) {
        bridge_stop(h->bridge);
        (void)event_base_loopexit(h->base, NULL); /* fails without memory: then Ctrl-C does */
        return;
    }
    h->connections[h->asked++] = connection;
    req = evhttp_request_new(on_answer, h);
    if (req == NULL)
        return;
    printf("%s %s\n", q->text, q->body);
    (void)evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type",
                            "application/json");
    (void)evbuffer_add(evhttp_request_get_output_buffer(req), q->body, strlen(q->body));
    (void)evhttp_make_request(connection, req, q->method, q->path); /* on_answer() tells */
}

static void harbour_close(struct harbour *h)
{
    for (int k = 0; k < h->asked; k++)
        evhttp_connection_free(h->connections[k]);
    if (h->turn != NULL)
        event_free(h->turn);
    bridge_free(h->bridge);
    if (h->base != NULL)
        event_base_free(h->base);
}

int main(int argc, char **argv)
{
    const bool real = argc == 2; /* with a port: for real clients, until Ctrl-C */
    struct harbour h = {.base = event_base_new()};
    int status = EXIT_FAILURE;

    (void)signal(SIGPIPE, SIG_IGN); /* or a client that leaves would end the program */
    if (h.base != NULL)
        h.bridge = bridge_open(h.base, real ? atoi(argv[1]) : 0);
    if (h.bridge == NULL) {
        fprintf(stderr, "09_http_server: no bridge: start with TODO(1), or take another port\n");
        goto cleanup;
    }
    if (real) {
        printf("http://127.0.0.1:%d/ships\n", bridge_port(h.bridge));
        (void)fflush(stdout);
    } else {
        h.turn = event_new(h.base, -1, EV_PERSIST, on_turn, &h);
        if (h.turn == NULL || event_add(h.turn, &TURN) != 0)
            goto cleanup;
    }
    if (event_base_dispatch(h.base) != 0 || h.answered != N_QUESTIONS)
        fprintf(stderr, "09_http_server: %d of %d were answered: go on with TODO(2)\n", h.answered,
                N_QUESTIONS);
    else
        status = EXIT_SUCCESS;

cleanup:
    harbour_close(&h);
    return status;
}
