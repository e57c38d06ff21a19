/* evhttp_calls.c: what stands in front of evhttp, buffers and json-c, for the learner's calls
 *
 * In each_allocation_fails() these fail, too, as they do for want of memory. The calls of a suite,
 * and libevent's of itself, are left alone: see libevent_calls.c.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <json-c/json.h>

#include "affinity.h"
#include "alloc.h"
#include "faults.h"
#include "real.h"
#include "vclock.h"
#include "where.h"

REAL_FUNCTION(struct evhttp_connection *, evhttp_connection_base_new,
              (struct event_base *, struct evdns_base *, const char *, unsigned short));
REAL_FUNCTION(struct evhttp_request *, evhttp_request_new,
              (void (*)(struct evhttp_request *, void *), void *));
REAL_FUNCTION(int, evhttp_add_header, (struct evkeyvalq *, const char *, const char *));
REAL_FUNCTION(int, evhttp_make_request,
              (struct evhttp_connection *, struct evhttp_request *, enum evhttp_cmd_type,
               const char *));
REAL_FUNCTION(struct evhttp *, evhttp_new, (struct event_base *));
REAL_FUNCTION(int, evhttp_set_cb,
              (struct evhttp *, const char *, void (*)(struct evhttp_request *, void *), void *));
REAL_FUNCTION(struct evbuffer *, evbuffer_new, (void));
REAL_FUNCTION(int, evbuffer_add, (struct evbuffer *, const void *, size_t));
REAL_FUNCTION(int, bufferevent_write, (struct bufferevent *, const void *, size_t));
REAL_FUNCTION(unsigned char *, evbuffer_pullup, (struct evbuffer *, ev_ssize_t));
REAL_FUNCTION(struct json_tokener *, json_tokener_new, (void));
REAL_FUNCTION(struct json_object *, json_object_new_array, (void));

/* The size matters to nobody: the call as a whole fails. */
#define FAILS_NOW() (CALLED_BY_LEARNER() && alloc_fails_now(sizeof(void *)))

EXPORT struct evhttp_connection *evhttp_connection_base_new(struct event_base *base,
                                                            struct evdns_base *dns,
                                                            const char *address,
                                                            unsigned short port)
{
    ON_LOOP_THREAD("evhttp_connection_base_new");
    return FAILS_NOW() ? NULL : REAL(evhttp_connection_base_new)(base, dns, address, port);
}

EXPORT struct evhttp_request *evhttp_request_new(void (*callback)(struct evhttp_request *, void *),
                                                 void *arg)
{
    ON_LOOP_THREAD("evhttp_request_new");
    return FAILS_NOW() ? NULL : REAL(evhttp_request_new)(callback, arg);
}

EXPORT int evhttp_add_header(struct evkeyvalq *headers, const char *key, const char *value)
{
    ON_LOOP_THREAD("evhttp_add_header");
    return FAILS_NOW() ? -1 : REAL(evhttp_add_header)(headers, key, value);
}

/* It owns the request also where it fails. */
EXPORT int evhttp_make_request(struct evhttp_connection *connection, struct evhttp_request *req,
                               enum evhttp_cmd_type type, const char *uri)
{
    ON_LOOP_THREAD("evhttp_make_request");
    if (!FAILS_NOW())
        return REAL(evhttp_make_request)(connection, req, type, uri);
    evhttp_request_free(req);
    return -1;
}

EXPORT struct evhttp *evhttp_new(struct event_base *base)
{
    ON_LOOP_THREAD("evhttp_new");
    return FAILS_NOW() ? NULL : REAL(evhttp_new)(base);
}

EXPORT int evhttp_set_cb(struct evhttp *http, const char *path,
                         void (*callback)(struct evhttp_request *, void *), void *arg)
{
    ON_LOOP_THREAD("evhttp_set_cb");
    return FAILS_NOW() ? -1 : REAL(evhttp_set_cb)(http, path, callback, arg);
}

/* --- buffers --- */

/* See faults.h. */
#define QUEUEING_FAILS()                                                                           \
    (faults.queueing_fails > 0 && CALLED_BY_LEARNER() && --faults.queueing_fails == 0)

EXPORT struct evbuffer *evbuffer_new(void)
{
    struct evbuffer *buffer = FAILS_NOW() ? NULL : REAL(evbuffer_new)();

    if (buffer != NULL && vclock_is_on() && !vclock_on_loop_thread())
        affinity_own(buffer);
    return buffer;
}

EXPORT int evbuffer_add(struct evbuffer *buffer, const void *bytes, size_t n)
{
    ON_OWN_THREAD("evbuffer_add", buffer);
    return FAILS_NOW() || QUEUEING_FAILS() ? -1 : REAL(evbuffer_add)(buffer, bytes, n);
}

EXPORT int bufferevent_write(struct bufferevent *bev, const void *bytes, size_t n)
{
    ON_LOOP_THREAD("bufferevent_write");
    return QUEUEING_FAILS() ? -1 : REAL(bufferevent_write)(bev, bytes, n);
}

/* It takes memory only for bytes that do not lie side by side. */
EXPORT unsigned char *evbuffer_pullup(struct evbuffer *buffer, ev_ssize_t n)
{
    ON_OWN_THREAD("evbuffer_pullup", buffer);
    const size_t all = evbuffer_get_length(buffer), wanted = n < 0 ? all : (size_t)n;

    if (wanted <= all && wanted > evbuffer_get_contiguous_space(buffer) && FAILS_NOW())
        return NULL;
    return REAL(evbuffer_pullup)(buffer, n);
}

/* --- JSON --- */

EXPORT struct json_tokener *json_tokener_new(void)
{
    return FAILS_NOW() ? NULL : REAL(json_tokener_new)();
}

EXPORT struct json_object *json_object_new_array(void)
{
    return FAILS_NOW() ? NULL : REAL(json_object_new_array)();
}
