/* p4_main.h: the program round the client; given
 *
 *     p4_http_client [--ca FILE] URL...    prints the status and the JSON of each, as they come
 *     p4_http_client                       a server and a client in one process
 *
 * The exit status is 0 if each URL had JSON with a status of 200 to 299. To be included by
 * p4_http_client.c alone.
 *
 * The second form prints the same lines at the same times as this, with `url` of a server that
 * answers /name in 100 ms, redirects /old to it, and never answers /never:
 *
 *     async def get(session, path):
 *         try:
 *             async with session.get(url + path) as r: print(path, r.status, await r.json())
 *         except asyncio.TimeoutError: print(path, "no whole answer in time")
 *         except asyncio.CancelledError: print(path, "cancelled")
 *
 *     connector = aiohttp.TCPConnector(limit_per_host=2)
 *     async with ClientSession(connector=connector, timeout=ClientTimeout(1)) as session:
 *         paths = ["/name", "/old", "/name", "/never", "/never"]
 *         tasks = [asyncio.create_task(get(session, path)) for path in paths]
 *         await asyncio.sleep(.5); tasks[4].cancel()
 *         await asyncio.wait(tasks)
 *     print("closed")
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P4_MAIN_H
#define P4_MAIN_H

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <json-c/json.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "p4_client.h"

/* What is asked for, in one of the two forms. */
struct question {
    const char *url;
    const char *shown; /* the part of it that is printed */
    struct http_call *call;
    int *failures; /* counted here */
};

static inline void on_answer(const struct http_response *r, void *arg)
{
    struct question *q = arg;

    q->call = NULL;
    if (r->error == 0 && r->status / 100 == 2 && r->json != NULL) {
        printf("%s %d %s\n", q->shown, r->status,
               json_object_to_json_string_ext(r->json, JSON_C_TO_STRING_PLAIN));
        return;
    }
    ++*q->failures;
    fprintf(stderr, "p4_http_client: %s: ", q->shown);
    if (r->error != 0)
        fprintf(stderr, "%s\n", r->why);
    else
        fprintf(stderr, "status %d%s\n", r->status, r->json != NULL ? "" : ", and no JSON");
}

/* False if http_client_request() is not written yet. */
static inline bool ask(struct http_client *client, struct question *q)
{
    const int error = http_client_get(client, q->url, on_answer, q, &q->call);

    if (error == 0)
        return true;
    ++*q->failures;
    fprintf(stderr, "p4_http_client: %s: %s\n", q->shown,
            error == -ENOSYS ? "not written yet: start with TODO(1)" : strerror(-error));
    return error != -ENOSYS;
}

/* ---- the first form ---- */

/* evhttp tells epoll of several changes for each request. Collected, they are fewer calls: a fifth
 * less work in all. It must not be used where two descriptors are one, by dup(). */
static inline struct event_base *base_for_http(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config != NULL && event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST) == 0)
        base = event_base_new_with_config(config);
    if (config != NULL)
        event_config_free(config);
    return base;
}

/* Asks for all `n` at the same time. Returns how many failed. */
static inline int fetch_all(char *const urls[], int n, const char *ca_file)
{
    struct event_base *base = base_for_http();
    const struct http_client_options options = {.base = base, .ca_file = ca_file};
    struct http_client *client = base != NULL ? http_client_new(&options) : NULL;
    struct question *questions = calloc((size_t)n, sizeof(*questions));
    bool written = true;
    int failures = 0;

    if (client == NULL || questions == NULL) {
        fprintf(stderr, "p4_http_client: out of memory\n");
        failures = 1;
    }
    for (int k = 0; written && client != NULL && questions != NULL && k < n; k++) {
        questions[k] = (struct question){.url = urls[k], .shown = urls[k], .failures = &failures};
        written = ask(client, &questions[k]);
    }
    if (client != NULL && written)
        http_client_close(client, NULL, NULL);
    else if (client != NULL)
        client_free(client); /* http_client_close() is not written either */
    if (base != NULL && event_base_dispatch(base) < 0)
        failures++;
    free(questions);
    if (base != NULL)
        event_base_free(base);
    return failures;
}

/* ---- the second form: a server and a client in one process ---- */

enum { DEMO_QUESTIONS = 5, DEMO_PER_HOST = 2, DEMO_TOTAL_MS = 1000, DEMO_CANCEL_MS = 500 };
enum { DEMO_THINKING_MS = 100, DEMO_NEVER_MS = 3000 };

struct demo {
    struct event_base *base;
    struct evhttp *server;
    struct http_client *client;
    struct question questions[DEMO_QUESTIONS];
    char urls[DEMO_QUESTIONS][64];
    int failures;
};

static inline void on_thought(evutil_socket_t fd, short what, void *arg)
{
    struct evhttp_request *req = arg;
    const char *path = evhttp_request_get_uri(req);

    (void)fd;
    (void)what;
    if (strcmp(path, "/old") == 0) {
        (void)evhttp_add_header(evhttp_request_get_output_headers(req), "Location", "name");
        evhttp_send_reply(req, 302, "Found", NULL);
        return;
    }
    (void)evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type",
                            "application/json");
    (void)evbuffer_add_printf(evhttp_request_get_output_buffer(req), "{\"name\":\"ada\"}");
    evhttp_send_reply(req, HTTP_OK, "OK", NULL);
}

/* The server thinks before it answers: a moment, or far too long. */
static inline void on_demo_request(struct evhttp_request *req, void *arg)
{
    struct demo *demo = arg;
    const bool never = strcmp(evhttp_request_get_uri(req), "/never") == 0;
    const int ms = never ? DEMO_NEVER_MS : DEMO_THINKING_MS;
    const struct timeval thinking = {ms / 1000, ms % 1000 * 1000};

    if (event_base_once(demo->base, -1, EV_TIMEOUT, on_thought, req, &thinking) != 0)
        evhttp_send_error(req, HTTP_SERVUNAVAIL, NULL);
}

static inline void on_demo_closed(void *arg)
{
    (void)arg;
    printf("closed\n");
}

static inline void on_cancel_time(evutil_socket_t fd, short what, void *arg)
{
    struct demo *demo = arg;

    (void)fd;
    (void)what;
    http_client_cancel(demo->questions[DEMO_QUESTIONS - 1].call);
    http_client_close(demo->client, on_demo_closed, NULL);
}

static inline void on_demo_end(evutil_socket_t fd, short what, void *arg)
{
    struct demo *demo = arg;

    (void)fd;
    (void)what;
    (void)event_base_loopexit(demo->base, NULL);
}

static inline int demo_port(struct demo *demo)
{
    struct evhttp_bound_socket *bound;
    struct sockaddr_in address;
    socklen_t size = sizeof(address);

    evhttp_set_gencb(demo->server, on_demo_request, demo);
    bound = evhttp_bind_socket_with_handle(demo->server, "127.0.0.1", 0);
    if (bound == NULL ||
        getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &size) != 0)
        return -1;
    return ntohs(address.sin_port);
}

static inline int demo_run(struct demo *demo)
{
    static const char *const paths[DEMO_QUESTIONS] = {"/name", "/old", "/name", "/never", "/never"};
    const struct timeval cancel = {0, DEMO_CANCEL_MS * 1000}, end = {DEMO_NEVER_MS / 1000 + 2, 0};
    const int port = demo_port(demo);
    bool written = true;

    if (port < 0 || event_base_once(demo->base, -1, EV_TIMEOUT, on_cancel_time, demo, &cancel) ||
        event_base_once(demo->base, -1, EV_TIMEOUT, on_demo_end, demo, &end))
        return -1;
    for (int k = 0; k < DEMO_QUESTIONS && written; k++) {
        struct question *q = &demo->questions[k];
        (void)snprintf(demo->urls[k], sizeof(demo->urls[k]), "http://127.0.0.1:%d%s", port,
                       paths[k]);
        *q =
            (struct question){.url = demo->urls[k], .shown = paths[k], .failures = &demo->failures};
        written = ask(demo->client, q);
    }
    if (written)
        return event_base_dispatch(demo->base);
    client_free(demo->client); /* http_client_close() is not written either */
    return -1;
}

static inline int demo_main(void)
{
    struct demo demo = {.base = event_base_new()};
    struct http_client_options options = {
        .base = demo.base, .max_per_host = DEMO_PER_HOST, .total_ms = DEMO_TOTAL_MS};
    int result = -1;

    if (demo.base == NULL)
        return EXIT_FAILURE;
    demo.server = evhttp_new(demo.base);
    demo.client = http_client_new(&options);
    if (demo.server != NULL && demo.client != NULL)
        result = demo_run(&demo);
    if (demo.server != NULL)
        evhttp_free(demo.server);
    event_base_free(demo.base);
    return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static inline int p4_main(int argc, char **argv)
{
    const bool ca = argc > 1 && strcmp(argv[1], "--ca") == 0;
    const int first = ca ? 3 : 1;

    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return EXIT_FAILURE;
    if (argc == 1)
        return demo_main();
    if (argc <= first || argv[first][0] == '-') {
        fprintf(stderr, "usage: p4_http_client [--ca FILE] URL...\n");
        return EXIT_FAILURE;
    }
    return fetch_all(argv + first, argc - first, ca ? argv[2] : NULL) == 0 ? EXIT_SUCCESS
                                                                           : EXIT_FAILURE;
}

#endif
