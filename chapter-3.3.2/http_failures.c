/* http_failures.c: which callbacks of evhttp come, and with what, for each way a GET can end
 *
 * asyncio twin: one `try` round `await session.get(url)`, with an `except` for each of
 *     ClientConnectorError, TimeoutError, ServerDisconnectedError, ClientPayloadError ...
 * Run: ./http_failures
 * Ends behind the last of its requests, which are sent one after the other: a callback stops the
 * loop, or a limit of 2 s does, where none comes.
 * Notice: the request may be missing, or be there with code 0; the error callback may come or not;
 * and both may come before evhttp_make_request() has returned.
 * A real program turns all this into one result for its caller, told once, later: 08_http_client
 * among the exercises.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { MOST_BODY = 100, NOBODYS_PORT = 1 };
static const struct timeval SILENCE = {.tv_sec = 1};
static const struct timeval CANCEL_AFTER = {.tv_usec = 500 * 1000};
static const struct timeval LIMIT = {.tv_sec = 2};

/* What is done to a request. */
struct ending {
    const char *name;
    const char *reply;  /* what the server sends before it closes; NULL: nothing, and it waits */
    bool refused;       /* nobody listens */
    bool no_descriptor; /* the process may open no more */
    bool cancelled;     /* half-way, by the client */
};

#define WHOLE "Content-Length: 14\r\n\r\n{\"name\":\"ada\"}"
static const struct ending ENDINGS[] = {
    {.name = "answered", .reply = "HTTP/1.1 200 OK\r\n" WHOLE},
    {.name = "not found", .reply = "HTTP/1.1 404 Not Found\r\n" WHOLE},
    {.name = "refused", .refused = true},
    {.name = "no descriptor", .no_descriptor = true},
    {.name = "silence"},
    {.name = "closed", .reply = ""},
    {.name = "cut", .reply = "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"name\":"},
    {.name = "cut, no length", .reply = "HTTP/1.1 200 OK\r\n\r\n{\"name\":"},
    {.name = "not HTTP", .reply = "SSH-2.0-OpenSSH_9.2\r\n"},
    {.name = "too large", .reply = "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n"},
    {.name = "cancelled", .cancelled = true},
};

struct program {
    struct event_base *base;         /* owned */
    struct evconnlistener *listener; /* the server; owned */
    unsigned short port;             /* where it listens */
    struct bufferevent *served;      /* the server's end of the connection, or NULL; owned */
    const struct ending *ending;     /* what is done to the request */
    struct evhttp_request *req;      /* libevent's */
    bool inside;                     /* evhttp_make_request() has not returned yet */
};

/* ---- the client's callbacks ---- */

static void on_error(enum evhttp_request_error error, void *arg)
{
    static const char *const NAMES[] = {
        [EVREQ_HTTP_TIMEOUT] = "TIMEOUT",
        [EVREQ_HTTP_EOF] = "EOF",
        [EVREQ_HTTP_INVALID_HEADER] = "INVALID_HEADER",
        [EVREQ_HTTP_BUFFER_ERROR] = "BUFFER_ERROR",
        [EVREQ_HTTP_REQUEST_CANCEL] = "REQUEST_CANCEL",
        [EVREQ_HTTP_DATA_TOO_LONG] = "DATA_TOO_LONG",
    };
    const struct program *program = arg;

    printf("%s: error callback, EVREQ_HTTP_%s%s\n", program->ending->name, NAMES[error],
           program->inside ? ", inside" : "");
}

static void on_done(struct evhttp_request *req, void *arg)
{
    struct program *program = arg;
    const char *inside = program->inside ? ", inside" : "";

    if (req == NULL)
        printf("%s: callback, NULL%s\n", program->ending->name, inside);
    else
        printf("%s: callback, code %d, %zu bytes%s\n", program->ending->name,
               evhttp_request_get_response_code(req),
               evbuffer_get_length(evhttp_request_get_input_buffer(req)), inside);
    (void)event_base_loopexit(program->base, NULL);
}

static void on_cancel(evutil_socket_t fd, short what, void *arg)
{
    const struct program *program = arg;

    (void)fd;
    (void)what;
    evhttp_cancel_request(program->req);
    (void)event_base_loopexit(program->base, &LIMIT); /* time enough for a callback, if one came */
}

/* ---- the server: what it is asked makes no difference to it ---- */

static void server_hang_up(struct program *program)
{
    if (program->served != NULL)
        bufferevent_free(program->served);
    program->served = NULL;
}

static void on_asked(struct bufferevent *served, void *arg)
{
    struct program *program = arg;
    const char *reply = program->ending->reply;
    struct evbuffer *input = bufferevent_get_input(served);

    (void)evbuffer_drain(input, evbuffer_get_length(input)); /* cannot fail: it is all there */
    if (reply != NULL && (*reply == '\0' || bufferevent_write(served, reply, strlen(reply)) != 0))
        server_hang_up(program);
}

static void on_replied(struct bufferevent *served, void *arg)
{
    (void)served;
    server_hang_up(arg);
}

static void on_accepted(struct evconnlistener *listener, evutil_socket_t fd,
                        struct sockaddr *address, int length, void *arg)
{
    struct program *program = arg;

    (void)listener;
    (void)address;
    (void)length;
    program->served = bufferevent_socket_new(program->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (program->served == NULL) {
        (void)evutil_closesocket(fd); /* without memory: the client finds it closed */
        return;
    }
    bufferevent_setcb(program->served, on_asked, on_replied, NULL, program);
    if (bufferevent_enable(program->served, EV_READ) != 0)
        server_hang_up(program);
}

/* ---- one request after the other ---- */

/* Sends the request with all that its ending asks for. */
static int send_request(struct program *program, struct evhttp_connection *connection)
{
    struct rlimit before, now;
    int result;

    if (getrlimit(RLIMIT_NOFILE, &before) != 0)
        return -1;
    now = before;
    if (program->ending->no_descriptor)
        now.rlim_cur = 0; /* what is open stays open */
    if (setrlimit(RLIMIT_NOFILE, &now) != 0)
        return -1;
    program->inside = true;
    result = evhttp_make_request(connection, program->req, EVHTTP_REQ_GET, "/");
    program->inside = false;
    if (setrlimit(RLIMIT_NOFILE, &before) != 0)
        return -1;
    return result;
}

/* Runs one request from its making to its end. */
static int run_ending(struct program *program, const struct ending *ending)
{
    const unsigned short port = ending->refused ? NOBODYS_PORT : program->port;
    struct evhttp_connection *connection =
        evhttp_connection_base_new(program->base, NULL, "127.0.0.1", port);
    int result = -1;

    if (connection == NULL)
        return -1;
    program->ending = ending;
    program->req = evhttp_request_new(on_done, program);
    if (program->req == NULL)
        goto cleanup;
    evhttp_connection_set_timeout_tv(connection, &SILENCE);
    evhttp_connection_set_max_body_size(connection, MOST_BODY);
    evhttp_request_set_error_cb(program->req, on_error);
    if (send_request(program, connection) != 0)
        goto cleanup;
    if (ending->cancelled &&
        event_base_once(program->base, -1, EV_TIMEOUT, on_cancel, program, &CANCEL_AFTER) != 0)
        goto cleanup;
    if (event_base_dispatch(program->base) == 0) /* a callback stopped it, or the limit */
        result = 0;

cleanup:
    evhttp_connection_free(connection); /* it does not go with the request */
    server_hang_up(program);
    return result;
}

static int server_open(struct program *program)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    ev_socklen_t size = sizeof(address);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK); /* and port 0: one that is free */
    program->listener =
        evconnlistener_new_bind(program->base, on_accepted, program, LEV_OPT_CLOSE_ON_FREE, -1,
                                (struct sockaddr *)&address, sizeof(address));
    if (program->listener == NULL || getsockname(evconnlistener_get_fd(program->listener),
                                                 (struct sockaddr *)&address, &size) != 0)
        return -1;
    program->port = ntohs(address.sin_port);
    return 0;
}

int main(void)
{
    struct program program = {.base = event_base_new()};
    int status = EXIT_FAILURE;

    (void)signal(SIGPIPE, SIG_IGN); /* a write to a closed connection shall fail, not kill */
    if (program.base == NULL || server_open(&program) != 0) {
        fprintf(stderr, "http_failures: set-up: no memory, or no socket\n");
        goto cleanup;
    }
    for (size_t k = 0; k < sizeof(ENDINGS) / sizeof(ENDINGS[0]); k++) {
        if (run_ending(&program, &ENDINGS[k]) != 0) {
            fprintf(stderr, "http_failures: %s: it could not be tried\n", ENDINGS[k].name);
            goto cleanup;
        }
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "http_failures: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    if (program.listener != NULL)
        evconnlistener_free(program.listener);
    if (program.base != NULL)
        event_base_free(program.base);
    return status;
}
