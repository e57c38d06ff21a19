/* async_http_client.c: a client that is entered, asked, and exited
 *
 * asyncio twin, with aiohttp:
 *     class AsyncHttpClient:
 *         async def __aenter__(self): self.session = aiohttp.ClientSession(url); return self
 *         async def get(self, path): ... return ApiResponse(status=..., data=...)
 *         async def __aexit__(self, *exc_info): await self.session.close()
 * Run: ./async_http_client
 * Ends when the last response has come, whose callback stops the loop: the server would listen on,
 * and a connection that is kept open is an event in the loop, too.
 * Notice: the server sees one connection for two requests. on_resumed() is called by the loop
 * alone, never from inside http_client_get(), however soon the outcome is known.
 * A real program has several requests under way, and several connections: p4_http_client.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <json-c/json.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_HEADERS = 8 * 1024, MOST_BODY = 64 * 1024 };
static const struct timeval SILENCE = {.tv_sec = 5};

struct api_response {
    int error;                /* 0, or a negative errno: there is no response */
    int status;               /* the HTTP status, or 0 */
    struct json_object *data; /* the body, or NULL if it is not JSON; the client's */
};

typedef void (*response_cb)(const struct api_response *response, void *arg);

/* One request at a time, on a connection that stays open for the next. */
struct http_client {
    struct evhttp_connection *connection; /* owned */
    struct event *resumed;                /* calls on_resumed(); owned */
    response_cb on_response;              /* whom to tell; NULL: no request is under way */
    void *arg;                            /* for it; borrowed */
    struct api_response response;         /* what it is going to be told */
};

/* ---- what comes back ---- */

/* NULL if the body is not JSON to its last byte, or without memory. */
static struct json_object *parse_json(struct evbuffer *body)
{
    const size_t length = evbuffer_get_length(body); /* MOST_BODY at the most */
    const char *text = (const char *)evbuffer_pullup(body, -1);
    struct json_tokener *tokener = json_tokener_new();
    struct json_object *data = NULL;

    if (tokener == NULL)
        return NULL;
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    if (text != NULL)
        data = json_tokener_parse_ex(tokener, text, (int)length);
    if (json_tokener_get_parse_end(tokener) != length) { /* a NUL, and perhaps more */
        json_object_put(data);
        data = NULL;
    }
    json_tokener_free(tokener);
    return data;
}

static void on_error(enum evhttp_request_error error, void *arg)
{
    struct http_client *client = arg;

    client->response.error = error == EVREQ_HTTP_TIMEOUT ? -ETIMEDOUT : -EPROTO;
}

/* Takes what it needs out of `req`, which is libevent's. Perhaps http_client_get() has not returned
 * yet, so that its caller is not told here, but when the loop runs on_resumed(). */
static void on_done(struct evhttp_request *req, void *arg)
{
    struct http_client *client = arg;
    struct api_response *response = &client->response;

    if (req != NULL) {
        response->status = evhttp_request_get_response_code(req);
        response->data = parse_json(evhttp_request_get_input_buffer(req));
        response->error = response->status == 0 ? -ECONNREFUSED : 0;
    }
    event_active(client->resumed, EV_TIMEOUT, 0);
}

/* The line behind the `await`. The caller may exit the client in it, or send the next request. */
static void on_resumed(evutil_socket_t fd, short what, void *arg)
{
    struct http_client *client = arg;
    struct api_response response = client->response;
    response_cb on_response = client->on_response;

    (void)fd;
    (void)what;
    client->response = (struct api_response){0};
    client->on_response = NULL;
    on_response(&response, client->arg); /* `client` is not used behind this call */
    json_object_put(response.data);
}

/* ---- enter, get, exit ---- */

static int http_client_enter(struct http_client *client, struct event_base *base,
                             const char *address, unsigned short port)
{
    *client = (struct http_client){
        .connection = evhttp_connection_base_new(base, NULL, address, port),
        .resumed = event_new(base, -1, 0, on_resumed, client),
    };
    if (client->connection == NULL || client->resumed == NULL)
        return -ENOMEM;
    evhttp_connection_set_timeout_tv(client->connection, &SILENCE);
    evhttp_connection_set_max_body_size(client->connection, MOST_BODY);
    evhttp_connection_set_max_headers_size(client->connection, MOST_HEADERS);
    return 0;
}

/* If it returns 0, the callback comes once, after that. Any other result is an errno, and all. */
static int http_client_get(struct http_client *client, const char *path, response_cb on_response,
                           void *arg)
{
    struct evhttp_request *req;

    if (client->on_response != NULL)
        return -EBUSY;
    req = evhttp_request_new(on_done, client);
    if (req == NULL)
        return -ENOMEM;
    evhttp_request_set_error_cb(req, on_error);
    if (evhttp_add_header(evhttp_request_get_output_headers(req), "Host", "localhost") != 0) {
        evhttp_request_free(req);
        return -ENOMEM;
    }
    client->on_response = on_response;
    client->arg = arg;
    if (evhttp_make_request(client->connection, req, EVHTTP_REQ_GET, path) == 0)
        return 0;
    client->on_response = NULL; /* and `req` is libevent's all the same */
    return -ENOMEM;
}

/* Takes a client that is half entered, or has a request under way: its callback does not come. */
static void http_client_exit(struct http_client *client)
{
    if (client->connection != NULL)
        evhttp_connection_free(client->connection); /* drops the request, and calls nobody */
    if (client->resumed != NULL)
        event_free(client->resumed);
    json_object_put(client->response.data);
    *client = (struct http_client){0};
}

/* ---- the body of the `async with`, and a server for it ---- */

static const char *const PATHS[] = {"/users/1", "/users/2"};
enum { REQUESTS = sizeof(PATHS) / sizeof(PATHS[0]) };

struct program {
    struct event_base *base;   /* owned */
    struct evhttp *server;     /* owned */
    struct http_client client; /* owned */
    int connections;           /* how many the server has seen */
    int asked;                 /* how many requests the client has sent */
    bool failed;
};

/* Counts a connection that the server is about to accept. */
static struct bufferevent *on_connection(struct event_base *base, void *arg)
{
    struct program *program = arg;

    program->connections++;
    return bufferevent_socket_new(base, -1, 0);
}

static void on_request(struct evhttp_request *req, void *unused)
{
    const bool found = strcmp(evhttp_request_get_uri(req), PATHS[0]) == 0;
    struct evbuffer *body = evbuffer_new();

    (void)unused;
    if (body == NULL || evbuffer_add_printf(body, found ? "{\"name\":\"ada\"}"
                                                        : "{\"error\":\"no such user\"}") < 0)
        evhttp_send_error(req, HTTP_INTERNAL, NULL);
    else
        evhttp_send_reply(req, found ? HTTP_OK : HTTP_NOTFOUND, NULL, body);
    if (body != NULL)
        evbuffer_free(body);
}

static void ask_next(struct program *program);

static void on_response(const struct api_response *response, void *arg)
{
    struct program *program = arg;

    if (response->error != 0)
        printf("error: %s\n", strerror(-response->error));
    else
        printf("%d %s\n", response->status,
               json_object_to_json_string_ext(response->data, JSON_C_TO_STRING_PLAIN));
    program->failed = program->failed || response->error != 0;
    ask_next(program);
}

/* for path in PATHS: response = await client.get(path) */
static void ask_next(struct program *program)
{
    if (program->asked == REQUESTS) {
        (void)event_base_loopexit(program->base, NULL);
        return;
    }
    printf("get %s\n", PATHS[program->asked]);
    if (http_client_get(&program->client, PATHS[program->asked++], on_response, program) != 0) {
        program->failed = true;
        (void)event_base_loopexit(program->base, NULL);
    }
}

static int program_open(struct program *program)
{
    struct sockaddr_in address;
    ev_socklen_t size = sizeof(address);
    struct evhttp_bound_socket *bound = NULL;

    program->base = event_base_new();
    if (program->base != NULL)
        program->server = evhttp_new(program->base);
    if (program->server != NULL)
        bound = evhttp_bind_socket_with_handle(program->server, "127.0.0.1", 0);
    if (bound == NULL ||
        getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &size) != 0)
        return -1;
    evhttp_set_bevcb(program->server, on_connection, program);
    evhttp_set_gencb(program->server, on_request, NULL);
    return http_client_enter(&program->client, program->base, "127.0.0.1", ntohs(address.sin_port));
}

static void program_close(struct program *program)
{
    http_client_exit(&program->client);
    if (program->server != NULL)
        evhttp_free(program->server);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(void)
{
    struct program program = {0};
    int status = EXIT_FAILURE;

    (void)signal(SIGPIPE, SIG_IGN); /* a write to a closed connection shall fail, not kill */
    if (program_open(&program) != 0) {
        fprintf(stderr, "async_http_client: set-up: no memory, or no socket\n");
        goto cleanup;
    }
    puts("enter");
    ask_next(&program);
    if (event_base_dispatch(program.base) != 0 || program.failed) {
        fprintf(stderr, "async_http_client: event loop: it ended before the requests did\n");
        goto cleanup;
    }
    printf("exit, after %d requests on %d connection\n", program.asked, program.connections);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "async_http_client: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    return status;
}
