/* p4_http_client.c: the client in another idiom: each call helps itself
 *
 * Nobody hands out connections. A call that waits is woken when it may be its turn, by its own
 * event, looks whether it is the first in line and whether there is a place, takes it, and wakes
 * the next one. The same event is active when its outcome is known. URLs are read by hand.
 *
 * SPDX-License-Identifier: MIT
 */
#include "p4_client.h"
#include "p4_message.h"

/* ---- URLs ---- */

/* What is behind "://" up to the path: a host and perhaps a port. */
static int url_read_authority(struct url *url, const char *text, size_t n)
{
    char host[256];
    size_t length = *text == '[' ? strcspn(text, "]") + 1 : strcspn(text, ":/?#");

    if (length > n || length >= sizeof(host))
        return -EINVAL;
    (void)snprintf(host, sizeof(host), "%.*s", (int)length, text);
    url->port = url->tls ? 443 : 80;
    if (length < n) {
        char digits[8] = "";
        const size_t m = n - length - 1;
        if (text[length] != ':' || m == 0 || m > 5)
            return -EINVAL;
        memcpy(digits, text + length + 1, m);
        url->port = (int)wire_number(digits, 5, 10);
    }
    return url->port < 1 || url->port > 65535 ? -EINVAL : url_set_host(url, host);
}

static int url_read(struct url *url, const char *text)
{
    struct evhttp_uri *uri = evhttp_uri_parse(text); /* it knows which bytes may stand in it */
    size_t n;
    int result;

    if (uri == NULL)
        return -EINVAL;
    evhttp_uri_free(uri);
    url->tls = strncasecmp(text, "https://", 8) == 0;
    if (!url->tls && strncasecmp(text, "http://", 7) != 0)
        return -EINVAL;
    text += url->tls ? 8 : 7;
    n = strcspn(text, "/?#");
    result = url_read_authority(url, text, n);
    if (result != 0)
        return result;
    text += n;
    n = strcspn(text, "#");
    url->target = malloc(n + 2);
    if (url->target == NULL)
        return -ENOMEM;
    (void)snprintf(url->target, n + 2, "%s%.*s", *text == '/' ? "" : "/", (int)n, text);
    return 0;
}

static bool header_is_good(const struct http_header *h)
{
    static const char ours[] = "Connection Content-Length Expect Host Keep-Alive Proxy-Connection "
                               "TE Trailer Transfer-Encoding Upgrade";

    return wire_is_token(h->name) && !wire_has_word(ours, h->name) && h->value != NULL &&
           wire_is_value(h->value, strlen(h->value));
}

/* ---- a call and its place ---- */

static void wake(struct http_call *call)
{
    event_active(call->settled, EV_READ, 0);
}

/* The first in line may look, if there is one. Frees a host that nobody needs. */
static void host_look(struct host *host)
{
    if (!TAILQ_EMPTY(&host->waiting))
        wake(TAILQ_FIRST(&host->waiting));
    else if (host->n_connections == 0)
        host_free(host);
}

static int call_join(struct http_call *call)
{
    struct host *host = host_find(call->client, &call->url);

    if (host == NULL)
        return -ENOMEM;
    call->is_settled = false;
    host_queue(host, call);
    host_look(host);
    return 0;
}

static void on_failure(enum evhttp_request_error error, void *arg)
{
    struct http_call *call = arg;
    const char *why;
    int failure = connection_failure(call->connection, &why);

    if (failure == 0)
        failure = error == EVREQ_HTTP_TIMEOUT ? -ETIMEDOUT
                  : error == EVREQ_HTTP_EOF   ? -ECONNRESET
                                              : -EPROTO;

    call_settle(call, failure, why);
}

static void on_end(struct evhttp_request *req, void *arg)
{
    struct http_call *call = arg;

    if (req != NULL && evhttp_request_get_response_code(req) == 0) {
        on_failure(EVREQ_HTTP_EOF, call);
    } else if (req != NULL) {
        call->answer = req;
        evhttp_request_own(req);
        call_settle(call, 0, "");
    }
}

static void call_send(struct http_call *call)
{
    struct evhttp_request *req = evhttp_request_new(on_end, call);

    if (req == NULL)
        goto bad;
    evhttp_request_set_error_cb(req, on_failure);
    evhttp_request_set_header_cb(req, on_headers);
    if (request_fill(req, call) != 0) {
        evhttp_request_free(req);
        goto bad;
    }
    wire_begin(&call->connection->wire, call->method == EVHTTP_REQ_HEAD);
    if (evhttp_make_request(call->connection->http, req, call->method, call->url.target) == 0)
        return;
bad:
    call_settle(call, -ENOMEM, "out of memory");
}

/* An idle connection, unless it has gone bad. */
static struct connection *host_idle(struct host *host)
{
    struct connection *c = TAILQ_FIRST(&host->connections);

    while (c != NULL) {
        struct connection *next = TAILQ_NEXT(c, link);
        if (c->call == NULL && connection_is_fresh(c))
            return c;
        if (c->call == NULL)
            host_drop(host, c);
        c = next;
    }
    return NULL;
}

/* It has been woken in line: is there something for it? */
static void call_help_itself(struct http_call *call)
{
    struct host *host = call->host;
    struct connection *c;

    if (call->connection != NULL || TAILQ_FIRST(&host->waiting) != call)
        return;
    c = host_idle(host);
    if (c != NULL && call->retried) {
        host_drop(host, c); /* it may be as old as the one that failed */
        wake(call);
        return;
    }
    if (c == NULL && host->n_connections == call->client->max_per_host)
        return;
    if (c == NULL)
        c = host_connect(host);
    if (c == NULL) {
        call_settle(call, -ENOMEM, "out of memory");
        return;
    }
    TAILQ_REMOVE(&host->waiting, call, link);
    call->connection = c;
    c->call = call;
    if (c->http != NULL)
        call_send(call);
    host_look(host);
}

/* Gives up its place in line, or its connection. */
static void call_part(struct http_call *call)
{
    struct connection *c = call->connection;
    struct host *host = call->host;

    call->host = NULL;
    call->connection = NULL;
    if (host == NULL)
        return;
    if (c == NULL)
        TAILQ_REMOVE(&host->waiting, call, link);
    else if (call->answer != NULL && connection_is_reusable(c))
        c->call = NULL;
    else
        host_drop(host, c);
    host_look(host);
}

static void on_change(struct connection *c, int error, const char *why)
{
    struct host *host = c->host;

    if (c->call != NULL && error == 0) {
        call_send(c->call);
    } else if (c->call != NULL) {
        call_settle(c->call, error, why);
    } else {
        host_drop(host, c);
        host_look(host);
    }
}

/* ---- the outcome ---- */

/* GET again, on a new connection, if an old one said nothing at all. */
static bool call_try_again(struct http_call *call)
{
    const struct connection *c = call->connection;
    const bool silent = c != NULL && c->used && !c->wire.began;

    if (!silent || call->error != -ECONNRESET || call->retried || call->method != EVHTTP_REQ_GET)
        return false;
    call_part(call);
    call->retried = true;
    call->error = call_join(call);
    return call->error == 0;
}

/* The rules for `status`. */
static void call_prepare_redirect(struct http_call *call, int status, bool elsewhere)
{
    const bool to_get = status == 303 ? call->method != EVHTTP_REQ_HEAD
                                      : status < 303 && call->method == EVHTTP_REQ_POST;

    if (elsewhere)
        headers_remove(&call->headers, (const char *const[]){"Authorization", "Cookie", NULL});
    if (!to_get)
        return;
    call->method = EVHTTP_REQ_GET;
    call->body_length = 0;
    headers_remove(&call->headers,
                   (const char *const[]){"Content-Type", "Content-Encoding", "Content-Language",
                                         "Content-Location", NULL});
}

/* 0: it goes on elsewhere. 1: the answer leads nowhere. Otherwise an error. */
static int call_follow(struct http_call *call)
{
    const int status = evhttp_request_get_response_code(call->answer);
    const char *to = evhttp_find_header(evhttp_request_get_input_headers(call->answer), "Location");
    struct url url = {0};
    char *text;
    int result;

    if (to == NULL || strchr("\1\2\3\7\10", status - 300) == NULL || status <= 300 ||
        status > 308 || call->client->max_redirects < 0)
        return 1;
    if (call->redirects++ == call->client->max_redirects)
        return -ELOOP;
    text = url_resolve(&call->url, to);
    result = text != NULL ? url_read(&url, text) : -ENOMEM;
    free(text);
    if (result == 0 && call->url.tls && !url.tls)
        result = -EACCES;
    if (result != 0) {
        url_clear(&url);
        return result == -EINVAL ? -EPROTO : result;
    }
    call_prepare_redirect(call, status, !url_is_same_origin(&url, &call->url));
    url_clear(&call->url);
    call->url = url;
    call->retried = false;
    call_drop_answer(call);
    return call_join(call);
}

/* Its turn in line may have come, or its outcome. */
static void on_settled(evutil_socket_t fd, short what, void *arg)
{
    struct http_call *call = arg;
    struct http_client *client = call->client;
    int result = 1;

    (void)fd;
    (void)what;
    if (!call->is_settled) {
        call_help_itself(call);
        return;
    }
    if (call_try_again(call))
        return;
    if (call->connection != NULL)
        call->connection->used = true;
    call_part(call);
    if (call->answer != NULL)
        result = call_follow(call);
    if (result == 0)
        return;
    if (result < 0) {
        call->error = result;
        call->why = strerror(-result);
    }
    if (result == -ENOMEM)
        call_drop_answer(call);
    call_tell(call);
    if (client->closing && client->calls == 0)
        event_active(client->all_told, EV_READ, 0);
}

/* ---- from outside ---- */

static void call_stop(struct http_call *call, int error, const char *why)
{
    (void)event_del(call->timer);
    call_drop_answer(call);
    call_part(call);
    call->is_settled = true;
    call->error = error;
    call->why = why;
    wake(call);
}

static void on_time_out(evutil_socket_t fd, short what, void *arg)
{
    struct http_call *call = arg;

    (void)fd;
    (void)what;
    call_stop(call, -ETIMEDOUT, "its time is over");
}

void http_client_cancel(struct http_call *call)
{
    if (call != NULL && !call->is_told)
        call_stop(call, -ECANCELED, "cancelled");
}

int http_client_request(struct http_client *client, const struct http_request *request,
                        http_response_cb on_response, void *arg, struct http_call **handle)
{
    const struct timeval total = {client->total_ms / 1000, client->total_ms % 1000 * 1000};
    const struct http_header *h = request->headers;
    struct http_call *call;
    int result = -ENOMEM;

    if (client->closing)
        return -ESHUTDOWN;
    for (; h != NULL && h->name != NULL; h++)
        if (!header_is_good(h))
            return -EINVAL;
    if (request->url == NULL || !method_is_allowed(request))
        return -EINVAL;
    call = call_new(client, request, on_response, arg);
    if (call != NULL)
        result = url_read(&call->url, request->url);
    for (h = request->headers; result == 0 && h != NULL && h->name != NULL; h++)
        result = evhttp_add_header(&call->headers, h->name, h->value) != 0 ? -ENOMEM : 0;
    if (result == 0 && event_add(call->timer, &total) != 0)
        result = -ENOMEM;
    if (result == 0)
        result = call_join(call);
    if (result != 0) {
        call_free(call);
        return result;
    }
    client->calls++;
    if (handle != NULL)
        *handle = call;
    return 0;
}

void http_client_close(struct http_client *client, http_closed_cb on_closed, void *arg)
{
    client->on_closed = on_closed;
    client->closed_arg = arg;
    client->closing = true;
    if (client->calls == 0)
        event_active(client->all_told, EV_READ, 0);
}

static void on_all_told(evutil_socket_t fd, short what, void *arg)
{
    struct http_client copy = *(struct http_client *)arg;

    (void)fd;
    (void)what;
    client_free(arg);
    if (copy.on_closed != NULL)
        copy.on_closed(copy.closed_arg);
}
