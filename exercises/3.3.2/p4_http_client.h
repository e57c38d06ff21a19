/* p4_http_client.h: write an HTTP client on evhttp that can be left alone with a hostile server
 *
 * asyncio programs have aiohttp.ClientSession for this: one object for the whole program, which
 * keeps connections open and uses them again, follows redirects, gives up in time. The twin:
 *
 *     timeout = aiohttp.ClientTimeout(total=30, connect=10)
 *     connector = aiohttp.TCPConnector(limit_per_host=6)
 *     async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
 *         async with session.get(url) as response:
 *             print(response.status, await response.json())
 *
 * https://docs.aiohttp.org/en/stable/client_reference.html has all of it. HTTP itself stands in
 * RFC 9110 (https://www.rfc-editor.org/rfc/rfc9110) and RFC 9112.
 *
 * What holds for all that is asked for:
 *   - http_client_request(), _get() and _post_json() return 0 or a negative errno at once. An error
 *     means that nothing was begun: the callback is never called.
 *   - After 0 the callback is called exactly once, by the loop, never before the call has returned.
 *   - Whatever the server sends, or does not send, that comes within total_ms, and no more memory
 *     is used than the limits allow.
 * All times are milliseconds, all sizes bytes.
 *
 * evhttp does not read while it writes: an answer that comes before the request's body is out, from
 * a server that then closes, is -ECONNRESET.
 *
 * What can become of a request, in `error` and `status` of struct http_response:
 *
 *     a whole answer, with any status                         0               its status
 *     the same, and it says that it is JSON, and is not       -EBADMSG        its status
 *     more redirects than max_redirects                       -ELOOP          of the last one
 *     a redirect from https to http                           -EACCES         of that one
 *     a redirect to what is no URL for a client               -EPROTO         of that one
 *     the server's name has no address                        -EHOSTUNREACH   0
 *     no connection                                           -ECONNREFUSED   0
 *     the server's certificate is refused                     -EACCES         0
 *     no TLS, although the URL says https                     -EPROTO         0
 *     no connection after connect_ms                          -ETIMEDOUT      0
 *     no whole answer after total_ms                          -ETIMEDOUT      0
 *     the connection's end, before the answer's               -ECONNRESET     0
 *     an answer that is not HTTP/1.0 or HTTP/1.1              -EPROTO         0
 *     an answer beyond max_headers or max_body                -EMSGSIZE       0
 *     http_client_cancel()                                    -ECANCELED      0
 *     no memory                                               -ENOMEM         0
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P4_HTTP_CLIENT_H
#define P4_HTTP_CLIENT_H

#include <event2/http.h>
#include <stddef.h>

struct evbuffer;
struct evdns_base;
struct event_base;
struct evkeyvalq;
struct json_object;

struct http_client; /* a session; owned by the program, until http_client_close() */
struct http_call;   /* one request; the client's, until its callback has returned */

/* What a client does. 0 or NULL is the default. Strings are copied. */
struct http_client_options {
    struct event_base *base; /* borrowed; has no default */
    int max_per_host;        /* connections to one scheme, host and port at a time; 6 */
    int total_ms;            /* from the call to the callback, redirects and all; 30000 */
    int connect_ms;          /* of it, for one connection: name, TCP and TLS; 10000 */
    size_t max_headers;      /* of one answer, the status line and trailers with them; 64 KiB */
    size_t max_body;         /* of one answer; 1 MiB */
    int max_redirects;       /* that are followed; 10. Below 0: none, the 3xx is the answer */
    const char *user_agent;  /* "asyncio-in-c" */
    const char *ca_file;     /* PEM; whom to believe. NULL: whom the system believes */
    struct evdns_base *dns;  /* borrowed. NULL: one of the client's own, as the system says,
                              * made when there is the first name to resolve */
};

struct http_header {
    const char *name, *value;
};

/* What is asked for. All of it is copied. */
struct http_request {
    enum evhttp_cmd_type method; /* EVHTTP_REQ_GET, HEAD, POST, PUT, DELETE, OPTIONS or PATCH */
    const char *url;             /* http:// or https://, see http_client_request() */
    const struct http_header *headers; /* the last one has name NULL; NULL: none */
    const void *body;                  /* NULL: none */
    size_t body_length;
};

/* What became of it. All of it is the client's, and valid until the callback returns; json_object
 * _get() keeps the JSON longer. */
struct http_response {
    int error;                       /* 0, or a negative errno: the table above */
    const char *why;                 /* the error in words, which are others for another errno; ""
                                      * if there is none. One line, and nothing in it comes from
                                      * the server */
    int status;                      /* 100 to 599, or 0: there is no whole answer */
    const struct evkeyvalq *headers; /* of the answer, without trailers; NULL if status is 0 */
    struct evbuffer *body;           /* may be drained; NULL if status is 0 */
    struct json_object *json;        /* the body as JSON, if error is 0 and it says so: its
                                      * Content-Type is application/json or ends in +json,
                                      * whatever the letters and the parameters. NULL otherwise,
                                      * for an answer without a body, and for "null" */
};

/* May call anything of this header: new requests, cancel, close. */
typedef void (*http_response_cb)(const struct http_response *response, void *arg);
typedef void (*http_closed_cb)(void *arg);

/* NULL: there is no memory, or an option is impossible: no base, a number below 0 (but for
 * max_redirects), a user_agent that is no header's value. */
struct http_client *http_client_new(const struct http_client_options *options);

/* Begins a request. `*call` gets the handle for http_client_cancel(); `call` may be NULL.
 *
 *   The URL has the scheme http or https, a host, perhaps a port, a path, a query; a fragment is
 *   not sent. The host is a name of letters, digits, "-", "_" and ".", an IPv4 address, or an IPv6
 *   address in brackets. The port is 1 to 65535; 80 or 443 if there is none. No path is "/".
 *   The headers are the caller's, but for those that say where the request ends and where it goes:
 *   Connection, Content-Length, Expect, Host, Keep-Alive, Proxy-Connection, TE, Trailer,
 *   Transfer-Encoding and Upgrade. User-Agent and Accept have a default. A name is a token
 *   (RFC 9110, 5.6.2), a value has no control character but the tab.
 *   GET and HEAD have no body.
 *
 * Anything else is -EINVAL; other errors: -ENOMEM, and -ESHUTDOWN behind http_client_close().
 *
 * To one scheme, host and port there are at most max_per_host connections. What finds them busy
 * waits, and is served in the order in which it came; other hosts are not concerned. A connection
 * is used again if the answer allows it, and if nothing came that nobody asked for. The server may
 * close it at any time; a GET that therefore gets no byte of an answer is sent once more, on a new
 * connection, before those in line. What is not a GET is not: it may have been carried out.
 *
 * Redirects: 301, 302, 303, 307 and 308 with a Location are followed. What the method and the body
 * become: HEAD stays HEAD; a 303 makes a GET of all others; 301 and 302 make a GET of a POST; else
 * both stay. A GET has no body, and none of its headers Content-Type, -Encoding, -Language,
 * -Location. Authorization and Cookie do not go to another scheme, host or port. What a redirect
 * leads to is a new request, behind those in line. */
int http_client_request(struct http_client *client, const struct http_request *request,
                        http_response_cb on_response, void *arg, struct http_call **call);

int http_client_get(struct http_client *client, const char *url, http_response_cb on_response,
                    void *arg, struct http_call **call);

/* Sends `json`, which is borrowed, as application/json. -EINVAL if JSON has no word for it, as for
 * NaN and strings that are not UTF-8. */
int http_client_post_json(struct http_client *client, const char *url, struct json_object *json,
                          http_response_cb on_response, void *arg, struct http_call **call);

/* Whatever a call does, it ends: the loop calls its callback with -ECANCELED. Inside that callback,
 * and again, it changes nothing. Not behind it: the call is gone. NULL is allowed. */
void http_client_cancel(struct http_call *call);

/* Takes no more requests, and waits until all callbacks have been called. Then frees the client
 * with all it has, and has the loop call `on_closed`, which may be NULL. Never before this returns.
 * May be called inside a callback; once. Until then, idle connections keep the loop running. */
void http_client_close(struct http_client *client, http_closed_cb on_closed, void *arg);

#endif
