/* 08_http_client.c: GET a JSON resource, while the loop goes on serving others
 *
 * asyncio twin, with aiohttp:
 *     async with session.get(url) as response:
 *         return ApiResponse(response.status, await response.json())
 * Run: ./08_http_client            asks a server in the same loop, which thinks for 100 ms
 *      ./08_http_client refused    asks where nobody listens
 *      ./08_http_client 8000       asks http://127.0.0.1:8000/user
 * Ends when the request has ended: on_response() stops the loop, for the server would listen on.
 * Notice: on_response() has three ways of finding no response. What it is given is libevent's,
 * and gone when it returns.
 * A real program would look names up with evdns, and limit the whole time, not each silence.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <json-c/json.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { MOST_HEADERS = 8 * 1024, MOST_BODY = 64 * 1024 }; /* bytes */
static const struct timeval SILENCE = {.tv_sec = 5};
static const struct timeval THINKING = {.tv_usec = 100 * 1000};

struct api_response {
    int status;               /* the HTTP status */
    struct json_object *data; /* the body, or NULL if it is not JSON; owned */
};

struct program {
    struct event_base *base;              /* owned */
    struct evhttp *server;                /* or NULL; owned */
    struct evhttp_connection *connection; /* the client's; owned */
    const char *why;                      /* no response is going to come; or NULL */
    struct api_response response;
};

/* ---- the client ---- */

/* The body has a length, and no NUL behind it that would tell a parser where to stop. */
static struct json_object *parse_json(struct evbuffer *body)
{
    const size_t length = evbuffer_get_length(body);            /* MOST_BODY at the most */
    const char *text = (const char *)evbuffer_pullup(body, -1); /* all of it, in one piece */
    struct json_tokener *tokener = json_tokener_new();
    struct json_object *data = NULL;

    if (tokener == NULL || text == NULL) {
        fprintf(stderr, "08_http_client: body: empty, or no memory\n");
        goto cleanup;
    }
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT); /* nothing may stand behind the value, */
    data = json_tokener_parse_ex(tokener, text, (int)length);
    if (data == NULL) { /* "continue": the body ends in the middle of a value */
        fprintf(stderr, "08_http_client: body: %s\n",
                json_tokener_error_desc(json_tokener_get_error(tokener)));
    } else if (json_tokener_get_parse_end(tokener) != length) { /* but a NUL ends the text */
        fprintf(stderr, "08_http_client: body: there is a NUL behind the value\n");
        json_object_put(data);
        data = NULL;
    }
cleanup:
    if (tokener != NULL)
        json_tokener_free(tokener); /* what it has made is not its own */
    return data;
}

/* No response is going to come: on_response() is told so next. */
static void on_error(enum evhttp_request_error error, void *arg)
{
    struct program *program = arg;

    program->why = error == EVREQ_HTTP_TIMEOUT ? "timeout" : "no whole response";
}

/* libevent frees `req` after this callback returns, and the body with it. */
static void on_response(struct evhttp_request *req, void *arg)
{
    struct program *program = arg;
    struct api_response *response = &program->response;

    (void)event_base_loopexit(program->base, NULL);
    if (req == NULL) { /* on_error() has been called */
        printf("error: %s\n", program->why);
        return;
    }
    response->status = evhttp_request_get_response_code(req);
    if (response->status == 0) { /* no connection; and on_error() has not been called */
        puts("error: connect");
        return;
    }
    response->data = parse_json(evhttp_request_get_input_buffer(req));
    printf("%d\n", response->status);
    if (response->data != NULL)
        puts(json_object_to_json_string_ext(response->data, JSON_C_TO_STRING_PLAIN));
}

static int client_get(struct program *program, unsigned short port, const char *path)
{
    struct evhttp_request *req = evhttp_request_new(on_response, program);
    struct evkeyvalq *headers;
    char host[32];

    if (req == NULL)
        return -1;
    evhttp_request_set_error_cb(req, on_error);
    headers = evhttp_request_get_output_headers(req);
    (void)snprintf(host, sizeof(host), "127.0.0.1:%d", port); /* has room for any port */
    /* NULL: nobody looks names up. An address needs nobody; a name would block the loop. */
    program->connection = evhttp_connection_base_new(program->base, NULL, "127.0.0.1", port);
    if (program->connection == NULL || evhttp_add_header(headers, "Host", host) != 0 ||
        evhttp_add_header(headers, "Connection", "close") != 0) {
        evhttp_request_free(req);
        return -1;
    }
    evhttp_connection_set_timeout_tv(program->connection, &SILENCE);     /* 50 s without this */
    evhttp_connection_set_max_body_size(program->connection, MOST_BODY); /* no limit without it */
    evhttp_connection_set_max_headers_size(program->connection, MOST_HEADERS);
    puts("connect");
    return evhttp_make_request(program->connection, req, EVHTTP_REQ_GET, path); /* takes `req` */
}

/* ---- a server, so that there is somebody to ask ---- */

static void on_answer(evutil_socket_t fd, short what, void *arg)
{
    static const char USER[] = "{\"name\":\"ada\"}";
    struct evhttp_request *req = arg;
    struct evbuffer *body = evbuffer_new();

    (void)fd;
    (void)what;
    if (body == NULL || evbuffer_add(body, USER, strlen(USER)) != 0)
        evhttp_send_error(req, HTTP_INTERNAL, NULL);
    else
        evhttp_send_reply(req, HTTP_OK, NULL, body);
    if (body != NULL)
        evbuffer_free(body);
}

static void on_request(struct evhttp_request *req, void *arg)
{
    if (event_base_once(arg, -1, EV_TIMEOUT, on_answer, req, &THINKING) != 0)
        evhttp_send_error(req, HTTP_INTERNAL, NULL);
}

/* Its port, or 0: then there is none. */
static unsigned short server_open(struct program *program)
{
    struct sockaddr_in address;
    ev_socklen_t size = sizeof(address);
    struct evhttp_bound_socket *bound;

    program->server = evhttp_new(program->base);
    if (program->server == NULL)
        return 0;
    evhttp_set_gencb(program->server, on_request, program->base);
    bound = evhttp_bind_socket_with_handle(program->server, "127.0.0.1", 0); /* 0: a free port */
    if (bound == NULL ||
        getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &size) != 0)
        return 0;
    return ntohs(address.sin_port);
}

static void server_close(struct program *program)
{
    if (program->server != NULL)
        evhttp_free(program->server);
    program->server = NULL;
}

/* ---- set-up and tear-down ---- */

/* `whom` is "refused", the port of a server, or NULL. */
static int program_open(struct program *program, const char *whom)
{
    unsigned short port;

    program->base = event_base_new();
    if (program->base == NULL)
        return -1;
    if (whom != NULL && strcmp(whom, "refused") != 0) {
        port = (unsigned short)strtoul(whom, NULL, 10);
    } else {
        port = server_open(program);
        if (whom != NULL)
            server_close(program); /* from now on nobody listens there */
    }
    return port == 0 ? -1 : client_get(program, port, "/user");
}

static void program_close(struct program *program)
{
    json_object_put(program->response.data); /* once: with it goes all that it holds */
    if (program->connection != NULL)
        evhttp_connection_free(program->connection); /* it does not go with the request */
    server_close(program);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(int argc, char *argv[])
{
    struct program program = {0};
    int status = EXIT_FAILURE;

    (void)signal(SIGPIPE, SIG_IGN); /* a write to a closed connection shall fail, not kill */
    if (program_open(&program, argc > 1 ? argv[1] : NULL) != 0) {
        fprintf(stderr, "08_http_client: set-up: no memory, no socket, or no such port\n");
        goto cleanup;
    }
    if (event_base_dispatch(program.base) != 0) {
        fprintf(stderr, "08_http_client: event loop: it ended before the request did\n");
        goto cleanup;
    }
    if (program.response.data == NULL) /* what was missing has been said */
        goto cleanup;
    /* stdout remembers a write that failed: one look here serves every line above. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "08_http_client: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    return status;
}
