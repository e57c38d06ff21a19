/* bad_two_replies.c: a request is answered twice, and every later question gets the wrong answer
 *
 * asyncio twin: in aiohttp.web a handler returns its response, so there cannot be two.
 * Run: ./bad_two_replies
 * Ends when the client has its three answers and stops the loop.
 * Notice: the server answers "b" twice: 404, then 200. The client has one connection, and takes
 * what comes on it in order: the second answer to "b" for the answer to "c".
 * A real program would return behind each reply, as 09_http_server.c does.
 *
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const PATHS[] = {"/a", "/b", "/c"};
enum { N_PATHS = sizeof(PATHS) / sizeof(PATHS[0]) };

struct program {
    struct event_base *base;              /* owned, as are the next two */
    struct evhttp *http;                  /* the server */
    struct evhttp_connection *connection; /* the client's */
    struct evhttp_bound_socket *door;     /* http's */
    int answered;                         /* so many questions */
    bool failed;
};

static void reply(struct evhttp_request *req, int status, const char *text)
{
    struct evbuffer *output = evhttp_request_get_output_buffer(req);

    (void)evbuffer_add_printf(output, "%s %s", text, evhttp_request_get_uri(req)); /* or empty */
    evhttp_send_reply(req, status, NULL, NULL);
}

static void on_request(struct evhttp_request *req, void *arg)
{
    (void)arg;
    if (strcmp(evhttp_request_get_uri(req), "/b") == 0)
        reply(req, HTTP_NOTFOUND, "no such"); /* WRONG: it does not return */
    reply(req, HTTP_OK, "this is");
}

static void on_reply(struct evhttp_request *req, void *arg)
{
    struct program *program = arg;
    struct evbuffer *body;

    if (req == NULL || evhttp_request_get_response_code(req) == 0) {
        program->failed = true;
        (void)event_base_loopbreak(program->base); /* fails only without a base */
        return;
    }
    body = evhttp_request_get_input_buffer(req);
    printf("client: %s: %d %.*s\n", PATHS[program->answered], evhttp_request_get_response_code(req),
           (int)evbuffer_get_length(body), (char *)evbuffer_pullup(body, -1));
    if (++program->answered == N_PATHS && event_base_loopexit(program->base, NULL) != 0)
        program->failed = true;
}

/* Three questions, asked in order on one connection. */
static int program_ask(struct program *program)
{
    struct sockaddr_in address;
    socklen_t size = sizeof(address);

    if (getsockname(evhttp_bound_socket_get_fd(program->door), (struct sockaddr *)&address,
                    &size) != 0)
        return -1;
    program->connection =
        evhttp_connection_base_new(program->base, NULL, "127.0.0.1", ntohs(address.sin_port));
    if (program->connection == NULL)
        return -1;
    for (int k = 0; k < N_PATHS; k++) {
        struct evhttp_request *req = evhttp_request_new(on_reply, program);

        if (req == NULL ||
            evhttp_make_request(program->connection, req, EVHTTP_REQ_GET, PATHS[k]) != 0)
            return -1;
    }
    return 0;
}

static int program_open(struct program *program)
{
    program->base = event_base_new();
    if (program->base == NULL)
        return -1;
    program->http = evhttp_new(program->base);
    if (program->http == NULL)
        return -1;
    evhttp_set_gencb(program->http, on_request, NULL);
    program->door = evhttp_bind_socket_with_handle(program->http, "127.0.0.1", 0);
    return program->door == NULL ? -1 : program_ask(program);
}

static void program_close(struct program *program)
{
    if (program->connection != NULL)
        evhttp_connection_free(program->connection);
    if (program->http != NULL)
        evhttp_free(program->http);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(void)
{
    struct program program = {0};
    int status = EXIT_FAILURE;

    (void)signal(SIGPIPE, SIG_IGN); /* or an end that closes first would end the program */
    if (program_open(&program) != 0) {
        fprintf(stderr, "bad_two_replies: set-up: no memory, or no port\n");
        goto cleanup;
    }
    if (event_base_dispatch(program.base) != 0 || program.failed) {
        fprintf(stderr, "bad_two_replies: event loop: it ended before its work did\n");
        goto cleanup;
    }
    /* stdout remembers a write that failed: one look here serves every line above. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "bad_two_replies: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    return status;
}
