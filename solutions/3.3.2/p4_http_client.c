/* p4_http_client.c: write an HTTP client on evhttp that can be left alone with a hostile server
 *
 * p4_http_client.h says what must hold, p4_client.h what a client and its calls are made of, and
 * through which hands a call runs. Given are also p4_url.h, p4_json.h, and p4_connection.h, which
 * takes care of names, of TLS, and of bytes that evhttp must not see. p4_main.h is the program.
 *
 * SPDX-License-Identifier: MIT
 */
#include "p4_client.h"
#include "p4_main.h"
#include "p4_message.h"

static int call_begin(struct http_call *call);

/* ---- what may be sent ---- */

/* Takes a URL apart, if a request may go there. 0, -EINVAL or -ENOMEM. */
static int url_parse(const char *text, struct url *url)
{
    struct evhttp_uri *uri;
    const char *scheme;
    int port, result = -EINVAL;

    uri = evhttp_uri_parse(text); /* refuses what must be encoded, line breaks too */
    if (uri == NULL)
        return -EINVAL;
    scheme = evhttp_uri_get_scheme(uri);
    port = evhttp_uri_get_port(uri); /* -1: none; 65535 at the most */
    url->tls = scheme != NULL && strcasecmp(scheme, "https") == 0;
    if (scheme == NULL || (!url->tls && strcasecmp(scheme, "http") != 0) || port == 0 ||
        evhttp_uri_get_userinfo(uri) != NULL) /* passwords end up in logs */
        goto out;
    url->port = port > 0 ? port : url->tls ? 443 : 80;
    result = url_set_host(url, evhttp_uri_get_host(uri));
    if (result == 0)
        result = url_set_target(url, evhttp_uri_get_path(uri), evhttp_uri_get_query(uri));
out:
    evhttp_uri_free(uri);
    return result;
}

/* Copies the caller's headers, if they may be sent. 0, -EINVAL or -ENOMEM. */
static int headers_copy(struct evkeyvalq *copy, const struct http_header *headers)
{
    static const char ours[] = "Connection, Content-Length, Expect, Host, Keep-Alive, "
                               "Proxy-Connection, TE, Trailer, Transfer-Encoding, Upgrade";

    for (; headers != NULL && headers->name != NULL; headers++) {
        if (headers->value == NULL || !wire_is_token(headers->name) ||
            !wire_is_value(headers->value, strlen(headers->value)) ||
            wire_has_word(ours, headers->name))
            return -EINVAL;
        if (evhttp_add_header(copy, headers->name, headers->value) != 0)
            return -ENOMEM;
    }
    return 0;
}

int http_client_request(struct http_client *client, const struct http_request *request,
                        http_response_cb on_response, void *arg, struct http_call **call)
{
    const struct timeval total = {client->total_ms / 1000, client->total_ms % 1000 * 1000};
    struct http_call *new_call;
    int result;

    if (client->closing)
        return -ESHUTDOWN;
    if (request->url == NULL || !method_is_allowed(request))
        return -EINVAL;
    new_call = call_new(client, request, on_response, arg);
    if (new_call == NULL)
        return -ENOMEM;
    result = url_parse(request->url, &new_call->url);
    if (result == 0)
        result = headers_copy(&new_call->headers, request->headers);
    if (result == 0 && event_add(new_call->timer, &total) != 0)
        result = -ENOMEM;
    if (result == 0)
        result = call_begin(new_call);
    if (result != 0) {
        call_free(new_call);
        return result;
    }
    client->calls++;
    if (call != NULL)
        *call = new_call;
    return 0;
}

/* ---- a request, and its one outcome ---- */

/* There is going to be no answer. evhttp calls on_done() next. */
static void on_failure(enum evhttp_request_error error, void *arg)
{
    struct http_call *call = arg;
    const char *why = "nothing has come for too long";
    int result = -ETIMEDOUT;

    if (error != EVREQ_HTTP_TIMEOUT) {
        result = connection_failure(call->connection, &why);
        if (result == 0) /* p4_wire.h has let all of it through, and evhttp has not */
            result = error == EVREQ_HTTP_EOF ? -ECONNRESET : -EPROTO;
    }
    call_settle(call, result, why);
}

/* The request has ended, one way or another. */
static void on_done(struct evhttp_request *req, void *arg)
{
    struct http_call *call = arg;
    const char *why;

    if (req == NULL) /* on_failure() has been called */
        return;
    if (evhttp_request_get_response_code(req) == 0) { /* no connection; nobody else says so */
        const int error = connection_failure(call->connection, &why);
        call_settle(call, error, why);
        return;
    }
    evhttp_request_own(req); /* now it is not freed when this returns */
    call->answer = req;
    call_settle(call, 0, "");
}

/* Its connection can take a request. */
static void call_send(struct http_call *call)
{
    struct evhttp_request *req = evhttp_request_new(on_done, call);
    int result = -1;

    if (req != NULL) {
        evhttp_request_set_error_cb(req, on_failure);
        evhttp_request_set_header_cb(req, on_headers);
        result = request_fill(req, call);
        if (result != 0)
            evhttp_request_free(req);
    }
    if (result == 0) { /* evhttp_make_request() takes `req` over, also if it fails */
        wire_begin(&call->connection->wire, call->method == EVHTTP_REQ_HEAD);
        result = evhttp_make_request(call->connection->http, req, call->method, call->url.target);
    }
    if (result != 0)
        call_settle(call, -ENOMEM, "out of memory");
}

/* ---- connections that are kept ---- */

/* An idle connection that can be used again, or a new one. Idle ones that are of no use are
 * dropped. NULL: there may be no more of them, or there is no memory. */
static struct connection *host_connection(struct host *host, bool only_new)
{
    struct connection *c, *next;

    for (c = TAILQ_FIRST(&host->connections); c != NULL; c = next) {
        next = TAILQ_NEXT(c, link);
        if (c->call != NULL)
            continue;
        if (!only_new && connection_is_fresh(c))
            return c;
        host_drop(host, c);
    }
    if (host->n_connections >= host->client->max_per_host)
        return NULL;
    return host_connect(host);
}

/* Gives those in line a connection each, as far as they go. The host may be gone afterwards. */
static void host_serve(struct host *host)
{
    struct http_call *call;

    while ((call = TAILQ_FIRST(&host->waiting)) != NULL) {
        struct connection *c = host_connection(host, call->retried);

        if (c == NULL && host->n_connections >= host->client->max_per_host)
            return;
        TAILQ_REMOVE(&host->waiting, call, link);
        if (c == NULL) {
            call->host = NULL;
            call_settle(call, -ENOMEM, "out of memory");
            continue;
        }
        c->call = call;
        call->connection = c;
        if (c->http != NULL) /* else on_change() goes on when the name is found */
            call_send(call);
    }
    if (host->n_connections == 0)
        host_free(host);
}

static int call_begin(struct http_call *call)
{
    struct host *host = host_find(call->client, &call->url);

    if (host == NULL)
        return -ENOMEM;
    call->is_settled = false;
    host_queue(host, call);
    host_serve(host);
    return 0;
}

/* Leaves the line, or its connection, to the next one. */
static void call_leave(struct http_call *call)
{
    struct host *host = call->host;
    struct connection *c = call->connection;

    if (host == NULL)
        return;
    call->host = NULL;
    call->connection = NULL;
    if (c == NULL) {
        TAILQ_REMOVE(&host->waiting, call, link);
    } else if (call->answer == NULL || !connection_is_reusable(c)) {
        host_drop(host, c);
    } else {
        c->call = NULL;
        c->used = true;
    }
    host_serve(host);
}

static void on_change(struct connection *c, int error, const char *why)
{
    struct host *host = c->host;

    if (error == 0) {
        call_send(c->call);
    } else if (c->call != NULL) {
        call_settle(c->call, error, why);
    } else {
        host_drop(host, c);
        host_serve(host);
    }
}

/* True for what becomes of a GET if the server has closed an idle connection just now. */
static bool was_stale(const struct http_call *call)
{
    return call->error == -ECONNRESET && call->method == EVHTTP_REQ_GET && !call->retried &&
           call->connection->used && !call->connection->wire.began;
}

/* Sends it once more. It is in line again before its place is given away: none overtakes it. */
static void call_try_again(struct http_call *call)
{
    struct host *host = call->host;

    call->retried = true;
    call->is_settled = false;
    host_queue(host, call);
    host_drop(host, call->connection);
    call->connection = NULL;
    host_serve(host);
}

/* ---- in time, or not at all ---- */

/* Ends a call now, whatever it is doing. */
static void call_end(struct http_call *call, int error, const char *why)
{
    (void)event_del(call->timer); /* its time may be over in this turn, too */
    call_drop_answer(call);
    call_settle(call, error, why);
    call->error = error; /* also if there was another outcome, which nobody has been told */
    call->why = why;
    call_leave(call);
}

static void on_time_out(evutil_socket_t fd, short what, void *arg)
{
    struct http_call *call = arg;

    (void)fd;
    (void)what;
    call_end(call, -ETIMEDOUT, "no whole answer in time");
}

void http_client_cancel(struct http_call *call)
{
    if (call != NULL && !call->is_told)
        call_end(call, -ECANCELED, "cancelled");
}

/* ---- redirects ---- */

/* What becomes of the method and the body. */
static void call_change_method(struct http_call *call, int status)
{
    static const char *const about_body[] = {"Content-Type", "Content-Encoding", "Content-Language",
                                             "Content-Location", NULL};

    if (call->method == EVHTTP_REQ_HEAD || status > 303 ||
        (status != 303 && call->method != EVHTTP_REQ_POST))
        return;
    call->method = EVHTTP_REQ_GET;
    call->body_length = 0;
    headers_remove(&call->headers, about_body);
}

/* Where an answer leads; NULL: nowhere. */
static const char *call_location(const struct http_call *call)
{
    const int status = evhttp_request_get_response_code(call->answer);

    if (call->client->max_redirects < 0 || status < 301 || status > 308 ||
        (status > 303 && status < 307))
        return NULL;
    return evhttp_find_header(evhttp_request_get_input_headers(call->answer), "Location");
}

/* Goes to another URL. 0 or a negative errno. */
static int call_redirect(struct http_call *call, const char *location, const char **why)
{
    static const char *const secrets[] = {"Authorization", "Cookie", NULL};
    struct url url = {0};
    char *text;
    int result;

    *why = "too many redirects";
    if (++call->redirects > call->client->max_redirects)
        return -ELOOP;
    text = url_resolve(&call->url, location);
    result = text == NULL ? -ENOMEM : url_parse(text, &url);
    free(text);
    *why = result == -ENOMEM ? "out of memory" : "a redirect to what is no URL for a client";
    if (result == 0 && call->url.tls && !url.tls) {
        *why = "a redirect from https to http";
        result = -EACCES;
    }
    if (result != 0) {
        url_clear(&url);
        return result == -EINVAL ? -EPROTO : result;
    }
    if (!url_is_same_origin(&call->url, &url))
        headers_remove(&call->headers, secrets);
    call_change_method(call, evhttp_request_get_response_code(call->answer));
    url_clear(&call->url);
    call->url = url;
    call_drop_answer(call);
    call->retried = false;
    *why = "out of memory";
    return call_begin(call);
}

static void on_settled(evutil_socket_t fd, short what, void *arg)
{
    struct http_call *call = arg;
    struct http_client *client = call->client;
    const char *location;

    (void)fd;
    (void)what;
    if (was_stale(call)) {
        call_try_again(call);
        return;
    }
    call_leave(call);
    if (call->answer != NULL && (location = call_location(call)) != NULL) {
        call->error = call_redirect(call, location, &call->why);
        if (call->error == 0)
            return;
        if (call->error == -ENOMEM)
            call_drop_answer(call);
    }
    call_tell(call);
    if (client->closing && client->calls == 0)
        event_active(client->all_told, EV_READ, 0);
}

/* ---- the end ---- */

void http_client_close(struct http_client *client, http_closed_cb on_closed, void *arg)
{
    client->closing = true;
    client->on_closed = on_closed;
    client->closed_arg = arg;
    if (client->calls == 0)
        event_active(client->all_told, EV_READ, 0);
}

static void on_all_told(evutil_socket_t fd, short what, void *arg)
{
    struct http_client *client = arg;
    const http_closed_cb on_closed = client->on_closed;
    void *const closed_arg = client->closed_arg;

    (void)fd;
    (void)what;
    client_free(client);
    if (on_closed != NULL)
        on_closed(closed_arg);
}

int main(int argc, char **argv)
{
    return p4_main(argc, argv);
}
