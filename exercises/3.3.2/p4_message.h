/* p4_message.h: what stands in a request, and what the caller is told of an answer; given
 *
 *     method_is_allowed()     GET, HEAD and so on
 *     request_fill()          the headers and the body that evhttp sends
 *     on_headers()            for evhttp_request_set_header_cb(): see connection_tame_headers()
 *     call_tell()             calls back: with status, headers, body, JSON
 *     headers_remove()        before they go where they must not
 *
 * Beside them stand http_client_get() and http_client_post_json(), which call
 * http_client_request(). To be included by p4_http_client.c alone.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P4_MESSAGE_H
#define P4_MESSAGE_H

#include <stdio.h>
#include <strings.h>

#include "p4_client.h"
#include "p4_json.h"

/* False for a method that is none of the client's, and for a body where there is none. */
static inline bool method_is_allowed(const struct http_request *request)
{
    switch (request->method) {
    case EVHTTP_REQ_GET:
    case EVHTTP_REQ_HEAD:
        return request->body_length == 0;
    case EVHTTP_REQ_POST:
    case EVHTTP_REQ_PUT:
    case EVHTTP_REQ_DELETE:
    case EVHTTP_REQ_OPTIONS:
    case EVHTTP_REQ_PATCH:
        return request->body_length == 0 || request->body != NULL;
    default:
        return false;
    }
}

/* `names` ends with NULL. */
static inline void headers_remove(struct evkeyvalq *headers, const char *const names[])
{
    for (; *names != NULL; names++)
        while (evhttp_remove_header(headers, *names) == 0)
            ; /* each time the first one of that name */
}

/* The caller's headers, and those without which no request is complete. */
static inline int request_add_headers(struct evhttp_request *req, const struct http_call *call)
{
    struct evkeyvalq *out = evhttp_request_get_output_headers(req);
    const struct evkeyval *header;
    char host[300], length[24];

    (void)url_print_origin(&call->url, false, host, sizeof(host)); /* a name has 253 bytes */
    (void)snprintf(length, sizeof(length), "%zu", call->body_length);
    if (evhttp_add_header(out, "Host", host) != 0) /* evhttp does not */
        return -1;
    TAILQ_FOREACH (header, &call->headers, next)
        if (evhttp_add_header(out, header->key, header->value) != 0)
            return -1;
    if ((evhttp_find_header(out, "User-Agent") == NULL &&
         evhttp_add_header(out, "User-Agent", call->client->user_agent) != 0) ||
        (evhttp_find_header(out, "Accept") == NULL && evhttp_add_header(out, "Accept", "*/*") != 0))
        return -1;
    if (call->method == EVHTTP_REQ_GET || call->method == EVHTTP_REQ_HEAD)
        return 0;
    return evhttp_add_header(out, "Content-Length", length);
}

/* Fills in what evhttp is going to send. -1 without memory. */
static inline int request_fill(struct evhttp_request *req, const struct http_call *call)
{
    if (request_add_headers(req, call) != 0)
        return -1;
    if (call->body_length == 0)
        return 0;
    return evbuffer_add_reference(evhttp_request_get_output_buffer(req), call->body,
                                  call->body_length, NULL,
                                  NULL); /* the bytes stay where they are */
}

/* The headers of an answer have come, perhaps of an interim one: the header_cb of
 * a request. */
static inline int on_headers(struct evhttp_request *req, void *arg)
{
    struct http_call *call = arg;

    if (connection_tame_headers(req, call->connection) == 0)
        return 0;
    call_settle(call, -ENOMEM, "out of memory");
    return -1;
}

/* True if an answer says that its body is JSON, and has a body. */
static inline bool has_json(const struct http_response *response, enum evhttp_cmd_type method)
{
    const char *type = evhttp_find_header(response->headers, "Content-Type");
    const size_t n = type == NULL ? 0 : strcspn(type, "; \t");

    if (method == EVHTTP_REQ_HEAD || response->status == 204 || response->status == 304)
        return false;
    return (n == 16 && strncasecmp(type, "application/json", n) == 0) ||
           (n > 5 && strncasecmp(type + n - 5, "+json", 5) == 0);
}

/* What the caller is told of an answer, if there is one. r->json is to be put. */
static inline void response_fill(struct http_response *r, const struct http_call *call)
{
    size_t n;

    if (call->answer == NULL)
        return;
    r->status = evhttp_request_get_response_code(call->answer);
    r->headers = evhttp_request_get_input_headers(call->answer);
    r->body = evhttp_request_get_input_buffer(call->answer);
    if (r->error != 0 || !has_json(r, call->method))
        return;
    n = evbuffer_get_length(r->body);
    r->error = json_parse(n > 0 ? (const char *)evbuffer_pullup(r->body, -1) : "", n, &r->json);
    if (r->error == -EBADMSG)
        r->why = "the body is not the JSON that it says it is";
    else if (r->error != 0)
        *r = (struct http_response){.error = r->error, .why = "out of memory"};
}

/* Calls back, with the outcome that call_settle() has noted. The call, which must have left its
 * host, is gone afterwards. */
static inline void call_tell(struct http_call *call)
{
    struct http_client *client = call->client;
    struct http_response r = {.error = call->error, .why = call->why};

    call->is_told = true;
    response_fill(&r, call);
    call->on_response(&r, call->arg);
    json_object_put(r.json);
    call_free(call);
    client->calls--;
}

/* ---- the short forms of http_client_request() ---- */

int http_client_get(struct http_client *client, const char *url, http_response_cb on_response,
                    void *arg, struct http_call **call)
{
    const struct http_request request = {.method = EVHTTP_REQ_GET, .url = url};

    return http_client_request(client, &request, on_response, arg, call);
}

int http_client_post_json(struct http_client *client, const char *url, struct json_object *json,
                          http_response_cb on_response, void *arg, struct http_call **call)
{
    static const struct http_header headers[] = {{"Content-Type", "application/json"},
                                                 {NULL, NULL}};
    struct http_request request = {.method = EVHTTP_REQ_POST, .url = url, .headers = headers};
    size_t where;

    request.body =
        json_object_to_json_string_length(json, JSON_C_TO_STRING_PLAIN, &request.body_length);
    if (request.body == NULL)
        return -ENOMEM;
    if (json_check(request.body, request.body_length, &where) != 0)
        return -EINVAL; /* json-c writes NaN, and any bytes that are in a string */
    return http_client_request(client, &request, on_response, arg, call);
}

#endif
