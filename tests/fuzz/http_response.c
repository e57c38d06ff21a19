/* http_response.c: any bytes as the answer to a request of p4_http_client
 *
 * The first byte of the input says in which pieces the server sends the others; then it closes. The
 * second one chooses the method, and whether a second request waits for the connection. Each request
 * must come to one end that the table of p4_http_client.h has, within the limits, and leave nothing.
 *
 * Redirects are not followed: this program talks to itself only.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz.h"
#include "p4_http_client.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

enum { HEADERS_MOST = 4096, BODY_MOST = 16384, REQUESTS_MOST = 2, TOTAL_MS = 5000 };

struct run {
    struct event_base *base;
    const uint8_t *bytes;
    size_t size, step;
    int begun, ended; /* requests */
};

/* --- the server: one connection after the other ---------------------------------------------- */

struct connection {
    struct run *run;
    struct bufferevent *stream;
    size_t sent;
};

static void on_event(struct bufferevent *stream, short what, void *arg)
{
    (void)what;
    bufferevent_free(stream);
    free(arg);
}

/* The next piece, when the last one has gone; the end behind the last. */
static void on_sent(struct bufferevent *stream, void *arg)
{
    struct connection *c = arg;
    size_t left = c->run->size - c->sent;
    size_t n = left < c->run->step ? left : c->run->step;
    if (left == 0) {
        on_event(stream, 0, c);
        return;
    }
    must(bufferevent_write(stream, c->run->bytes + c->sent, n) == 0);
    c->sent += n;
}

static void on_request(struct bufferevent *stream, void *arg)
{
    struct evbuffer *input = bufferevent_get_input(stream);
    if (evbuffer_search(input, "\r\n\r\n", 4, NULL).pos < 0)
        return;
    (void)evbuffer_drain(input, evbuffer_get_length(input));
    bufferevent_setcb(stream, NULL, on_sent, on_event, arg);
    on_sent(stream, arg);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
                      int length, void *arg)
{
    struct connection *c = calloc(1, sizeof *c);
    (void)listener;
    (void)from;
    (void)length;
    must(c != NULL);
    c->run = arg;
    c->stream = bufferevent_socket_new(c->run->base, fd, BEV_OPT_CLOSE_ON_FREE);
    must(c->stream != NULL);
    bufferevent_setcb(c->stream, on_request, NULL, on_event, c);
    must(bufferevent_enable(c->stream, EV_READ) == 0);
}

/* One socket for all inputs: one each would use up the ports, which stay taken for a minute. */
static int listening_socket(int *port)
{
    static int fd = -1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    if (fd < 0) {
        fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        must(fd >= 0 && bind(fd, (struct sockaddr *)&address, length) == 0);
    }
    must(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
    *port = ntohs(address.sin_port);
    return fd;
}

/* --- the client ------------------------------------------------------------------------------ */

static bool is_in_the_table(int error)
{
    static const int known[] = {0, -EBADMSG, -EPROTO, -ECONNRESET, -ETIMEDOUT, -EMSGSIZE};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (error == known[k])
            return true;
    return false;
}

static void on_response(const struct http_response *r, void *arg)
{
    struct run *run = arg;
    must(is_in_the_table(r->error));
    must(r->why != NULL && (r->error == 0) == (*r->why == '\0'));
    must(r->status == 0 || (r->status >= 100 && r->status <= 599));
    must((r->status != 0) == (r->error == 0 || r->error == -EBADMSG));
    must((r->headers != NULL) == (r->status != 0) && (r->body != NULL) == (r->status != 0));
    must(r->body == NULL || evbuffer_get_length(r->body) <= BODY_MOST);
    must(r->json == NULL || r->error == 0);
    for (const char *c = r->why; *c != '\0'; c++)
        must(*c >= ' ' && *c <= '~');
    run->ended++;
}

static void on_closed(void *arg)
{
    must(event_base_loopexit(arg, NULL) == 0);
}

static void ask(struct run *run, int port, int how)
{
    const struct http_client_options options = {.base = run->base,
                                                .max_per_host = 1,
                                                .total_ms = TOTAL_MS,
                                                .max_headers = HEADERS_MOST,
                                                .max_body = BODY_MOST,
                                                .max_redirects = -1};
    struct http_client *client = http_client_new(&options);
    char url[64];
    must(client != NULL);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d/", port);
    const struct http_request request = {.method = how & 1   ? EVHTTP_REQ_HEAD
                                                   : how & 2 ? EVHTTP_REQ_POST
                                                             : EVHTTP_REQ_GET,
                                         .url = url,
                                         .body = how & 2 && !(how & 1) ? "x" : NULL,
                                         .body_length = how & 2 && !(how & 1) ? 1 : 0};
    run->begun = how & 4 ? REQUESTS_MOST : 1;
    for (int k = 0; k < run->begun; k++)
        must(http_client_request(client, &request, on_response, run, NULL) == 0);
    http_client_close(client, on_closed, run->base);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    (void)signal(SIGPIPE, SIG_IGN);
    struct run run = {.bytes = data + 2, .size = size - 2};
    int port;
    run.step = data[0] == 0 ? size : data[0] * (size_t)(1 + size / 1024);
    run.base = event_base_new();
    must(run.base != NULL);
    struct evconnlistener *listener =
        evconnlistener_new(run.base, on_accept, &run, 0, 16, listening_socket(&port));
    must(listener != NULL);
    ask(&run, port, data[1]);
    must(event_base_dispatch(run.base) == 0);
    must(run.ended == run.begun);
    evconnlistener_free(listener);
    while (event_base_get_num_events(run.base, EVENT_BASE_COUNT_ADDED | EVENT_BASE_COUNT_ACTIVE) >
           0)
        must(event_base_loop(run.base, EVLOOP_ONCE) >= 0); /* the server's ends, at the most */
    event_base_free(run.base);
    return 0;
}
