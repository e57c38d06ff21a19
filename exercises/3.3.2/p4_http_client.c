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

/* TODO(1): nothing is sent that p4_http_client.h forbids. A URL goes through evhttp_uri_parse(), and
 * what that lets through is looked at; what is left becomes a struct url. The caller's headers are
 * copied one by one. See 3.3.2 "HTTP client". */

int http_client_request(struct http_client *client, const struct http_request *request,
                        http_response_cb on_response, void *arg, struct http_call **call)
{
    const struct timeval total = {client->total_ms / 1000, client->total_ms % 1000 * 1000};
    struct http_call *new_call;
    int result;

    /* TODO(6): behind http_client_close() there is an error for it. */
    if (request->url == NULL || !method_is_allowed(request))
        return -EINVAL;
    new_call = call_new(client, request, on_response, arg);
    if (new_call == NULL)
        return -ENOMEM;
    result = -ENOSYS; /* TODO(1): 0 if its URL and its headers may be sent, and are filled in */
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

/* TODO(2): whatever evhttp does with a request, call_settle() is told what has become of it, once;
 * a whole answer is kept in `call->answer`. See 3.3.2 "HTTP client". */

/* Its connection can take a request. */
static void call_send(struct http_call *call)
{
    /* TODO(2): the request is under way, and evhttp knows whom to call; or there was no memory. */
    call_settle(call, -ENOSYS, "TODO(2)");
}

/* ---- connections that are kept ---- */

/* TODO(3): a host has max_per_host connections at the most; who finds none free waits in line, and
 * takes over the first one that is left; a connection is left to the next one as long as it is
 * good. A GET that finds out too late that it was not is sent once more. See 3.3.2 "HTTP client".
 *
 * As it stands, each call has a connection of its own. */

static int call_begin(struct http_call *call)
{
    /* TODO(3): the call has a connection, or stands in line. */
    struct host *host = host_find(call->client, &call->url);

    if (host == NULL)
        return -ENOMEM;
    call->is_settled = false;
    call->host = host;
    call->connection = host_connect(host);
    if (call->connection == NULL) {
        call->host = NULL;
        if (host->n_connections == 0)
            host_free(host);
        return -ENOMEM;
    }
    call->connection->call = call;
    if (call->connection->http != NULL) /* else on_change() goes on when the name is found */
        call_send(call);
    return 0;
}

/* Leaves the line, or its connection, to the next one. */
static void call_leave(struct http_call *call)
{
    /* TODO(3): the next in line has what it left, if there is one. */
    struct host *host = call->host;

    if (host == NULL)
        return;
    host_drop(host, call->connection);
    call->host = NULL;
    call->connection = NULL;
    if (host->n_connections == 0)
        host_free(host);
}

static void on_change(struct connection *c, int error, const char *why)
{
    /* TODO(3): also a connection that nobody uses may have ended. */
    if (error == 0)
        call_send(c->call);
    else
        call_settle(c->call, error, why);
}

/* ---- in time, or not at all ---- */

/* TODO(4): a call that is out of time, or cancelled, has left its place, and on_settled() is going
 * to tell so, whatever else had become of it. See 3.3.2 "HTTP client". */

static void on_time_out(evutil_socket_t fd, short what, void *arg)
{
    /* TODO(4): it has ended. */
    (void)fd;
    (void)what;
    (void)arg;
}

void http_client_cancel(struct http_call *call)
{
    /* TODO(4): it has ended. */
    (void)call;
}

/* ---- redirects ---- */

/* TODO(5): an answer that leads elsewhere is followed, as p4_http_client.h says: another URL,
 * perhaps another method, fewer headers. See 3.3.2 "HTTP client". */

static void on_settled(evutil_socket_t fd, short what, void *arg)
{
    struct http_call *call = arg;

    (void)fd;
    (void)what;
    call_leave(call);
    /* TODO(3), TODO(5): it has begun again, or the caller is told. */
    call_tell(call);
    /* TODO(6): if that was the last one, and the client closes, on_all_told() comes. */
}

/* ---- the end ---- */

void http_client_close(struct http_client *client, http_closed_cb on_closed, void *arg)
{
    /* TODO(6): the client takes no more calls; all_told is active as soon as none is left, be it now
     * or behind the last on_settled(). As it stands: now or never. See 3.3.2 "HTTP client". */
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
