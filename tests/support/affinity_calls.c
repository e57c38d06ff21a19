/* affinity_calls.c: in front of libevent: is it called on the right thread?
 *
 * Each function asks affinity.h, and makes the real call. Some more are in
 * libevent_calls.c, evhttp_calls.c and ledger.c, which do other things, too.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <event2/thread.h>
#include <stdarg.h>

#include "affinity.h"
#include "locks.h"
#include "real.h"

/* `NAME(parameters)`, which makes `check` before the real call with `arguments`. */
#define RETURNING(type, name, check, parameters, arguments)                                        \
    REAL_FUNCTION(type, name, parameters);                                                         \
    EXPORT type name parameters                                                                    \
    {                                                                                              \
        check;                                                                                     \
        return REAL(name) arguments;                                                               \
    }
#define NOT_RETURNING(name, check, parameters, arguments)                                          \
    REAL_FUNCTION(void, name, parameters);                                                         \
    EXPORT void name parameters                                                                    \
    {                                                                                              \
        check;                                                                                     \
        REAL(name) arguments;                                                                      \
    }

/* For the loop's thread alone. */
#define VALUE(type, name, parameters, arguments)                                                   \
    RETURNING(type, name, ON_LOOP_THREAD(#name), parameters, arguments)
#define VOID(name, parameters, arguments)                                                          \
    NOT_RETURNING(name, ON_LOOP_THREAD(#name), parameters, arguments)

/* --- bases and locks --- */

REAL_FUNCTION(struct event_base *, event_base_new_with_config, (const struct event_config *));
REAL_FUNCTION(void, event_base_free, (struct event_base *));
REAL_FUNCTION(int, evthread_set_lock_callbacks, (const struct evthread_lock_callbacks *));

/* event_base_new() calls it, too. */
EXPORT struct event_base *event_base_new_with_config(const struct event_config *config)
{
    struct event_base *base = REAL(event_base_new_with_config)(config);

    affinity_base_made(base);
    return base;
}

EXPORT void event_base_free(struct event_base *base)
{
    ON_LOOP_THREAD("event_base_free");
    affinity_base_gone(base);
    REAL(event_base_free)(base);
}

/* evthread_use_pthreads() calls it. */
EXPORT int evthread_set_lock_callbacks(const struct evthread_lock_callbacks *callbacks)
{
    int result = REAL(evthread_set_lock_callbacks)(callbacks);

    if (result == 0)
        affinity_locks(callbacks != NULL);
    return result;
}

/* --- events --- */

REAL_FUNCTION(void, event_active, (struct event *, int, short));

EXPORT void event_active(struct event *ev, int what, short calls)
{
    WITH_LOCKS("event_active", event_get_base(ev));
    bool held = locks_wake_begin(__builtin_return_address(0));
    REAL(event_active)(ev, what, calls);
    if (held)
        locks_wake_end();
}

RETURNING(int, event_base_loopbreak, WITH_LOCKS("event_base_loopbreak", base),
          (struct event_base * base), (base))
RETURNING(int, event_base_loopexit, WITH_LOCKS("event_base_loopexit", base),
          (struct event_base * base, const struct timeval *wait), (base, wait))

VOID(event_free, (struct event * ev), (ev))
VALUE(int, event_assign,
      (struct event * ev, struct event_base *base, evutil_socket_t fd, short what,
       event_callback_fn callback, void *arg),
      (ev, base, fd, what, callback, arg))
VALUE(int, event_remove_timer, (struct event * ev), (ev))
VALUE(int, event_priority_set, (struct event * ev, int priority), (ev, priority))
VALUE(int, event_base_update_cache_time, (struct event_base * base), (base))

/* --- buffers: whoever made one may use it --- */

#define BUFFER(type, name, buffer, parameters, arguments)                                          \
    RETURNING(type, name, ON_OWN_THREAD(#name, buffer), parameters, arguments)
#define TWO_BUFFERS(type, name, one, other, parameters, arguments)                                 \
    RETURNING(type, name, (ON_OWN_THREAD(#name, one), ON_OWN_THREAD(#name, other)), parameters,    \
              arguments)

REAL_FUNCTION(void, evbuffer_free, (struct evbuffer *));
REAL_FUNCTION(int, evbuffer_add_vprintf, (struct evbuffer *, const char *, va_list));

EXPORT void evbuffer_free(struct evbuffer *buffer)
{
    ON_OWN_THREAD("evbuffer_free", buffer);
    affinity_disown(buffer);
    REAL(evbuffer_free)(buffer);
}

EXPORT int evbuffer_add_vprintf(struct evbuffer *buffer, const char *format, va_list args)
{
    ON_OWN_THREAD("evbuffer_add_vprintf", buffer);
    return REAL(evbuffer_add_vprintf)(buffer, format, args);
}

EXPORT int evbuffer_add_printf(struct evbuffer *buffer, const char *format, ...)
{
    va_list args;

    ON_OWN_THREAD("evbuffer_add_printf", buffer);
    va_start(args, format);
    int result = REAL(evbuffer_add_vprintf)(buffer, format, args);
    va_end(args);
    return result;
}

BUFFER(int, evbuffer_prepend, b, (struct evbuffer * b, const void *bytes, size_t n), (b, bytes, n))
BUFFER(int, evbuffer_remove, b, (struct evbuffer * b, void *bytes, size_t n), (b, bytes, n))
BUFFER(ev_ssize_t, evbuffer_copyout, b, (struct evbuffer * b, void *bytes, size_t n), (b, bytes, n))
BUFFER(int, evbuffer_drain, b, (struct evbuffer * b, size_t n), (b, n))
BUFFER(int, evbuffer_expand, b, (struct evbuffer * b, size_t n), (b, n))
BUFFER(size_t, evbuffer_get_length, b, (const struct evbuffer *b), (b))
BUFFER(char *, evbuffer_readln, b, (struct evbuffer * b, size_t *n, enum evbuffer_eol_style style),
       (b, n, style))
BUFFER(int, evbuffer_reserve_space, b,
       (struct evbuffer * b, ev_ssize_t n, struct evbuffer_iovec *v, int n_v), (b, n, v, n_v))
BUFFER(int, evbuffer_commit_space, b, (struct evbuffer * b, struct evbuffer_iovec *v, int n_v),
       (b, v, n_v))
BUFFER(int, evbuffer_read, b, (struct evbuffer * b, evutil_socket_t fd, int most), (b, fd, most))
BUFFER(int, evbuffer_write, b, (struct evbuffer * b, evutil_socket_t fd), (b, fd))
BUFFER(int, evbuffer_add_file, b, (struct evbuffer * b, int fd, ev_off_t at, ev_off_t n),
       (b, fd, at, n))
BUFFER(int, evbuffer_add_reference, b,
       (struct evbuffer * b, const void *bytes, size_t n, evbuffer_ref_cleanup_cb free, void *arg),
       (b, bytes, n, free, arg))
TWO_BUFFERS(int, evbuffer_add_buffer, to, from, (struct evbuffer * to, struct evbuffer *from),
            (to, from))
TWO_BUFFERS(int, evbuffer_prepend_buffer, to, from, (struct evbuffer * to, struct evbuffer *from),
            (to, from))
TWO_BUFFERS(int, evbuffer_remove_buffer, from, to,
            (struct evbuffer * from, struct evbuffer *to, size_t n), (from, to, n))

/* --- bufferevents and listeners --- */

VALUE(struct bufferevent *, bufferevent_socket_new,
      (struct event_base * base, evutil_socket_t fd, int options), (base, fd, options))
VALUE(int, bufferevent_socket_connect,
      (struct bufferevent * bev, const struct sockaddr *address, int length),
      (bev, address, length))
VOID(bufferevent_free, (struct bufferevent * bev), (bev))
VOID(bufferevent_setcb,
     (struct bufferevent * bev, bufferevent_data_cb on_read, bufferevent_data_cb on_write,
      bufferevent_event_cb on_event, void *arg),
     (bev, on_read, on_write, on_event, arg))
VALUE(int, bufferevent_enable, (struct bufferevent * bev, short what), (bev, what))
VALUE(int, bufferevent_disable, (struct bufferevent * bev, short what), (bev, what))
VALUE(int, bufferevent_write_buffer, (struct bufferevent * bev, struct evbuffer *b), (bev, b))
VALUE(size_t, bufferevent_read, (struct bufferevent * bev, void *bytes, size_t n), (bev, bytes, n))
VALUE(int, bufferevent_read_buffer, (struct bufferevent * bev, struct evbuffer *b), (bev, b))
VALUE(struct evbuffer *, bufferevent_get_input, (struct bufferevent * bev), (bev))
VALUE(struct evbuffer *, bufferevent_get_output, (struct bufferevent * bev), (bev))
VALUE(int, bufferevent_set_timeouts,
      (struct bufferevent * bev, const struct timeval *read, const struct timeval *write),
      (bev, read, write))
VOID(bufferevent_setwatermark, (struct bufferevent * bev, short what, size_t low, size_t high),
     (bev, what, low, high))
VOID(bufferevent_trigger, (struct bufferevent * bev, short what, int options), (bev, what, options))

VALUE(struct evconnlistener *, evconnlistener_new_bind,
      (struct event_base * base, evconnlistener_cb on_accept, void *arg, unsigned flags,
       int backlog, const struct sockaddr *address, int length),
      (base, on_accept, arg, flags, backlog, address, length))
VOID(evconnlistener_free, (struct evconnlistener * listener), (listener))
VALUE(int, evconnlistener_enable, (struct evconnlistener * listener), (listener))
VALUE(int, evconnlistener_disable, (struct evconnlistener * listener), (listener))

/* --- HTTP --- */

VOID(evhttp_free, (struct evhttp * http), (http))
VOID(evhttp_connection_free, (struct evhttp_connection * connection), (connection))
VOID(evhttp_cancel_request, (struct evhttp_request * req), (req))
VOID(evhttp_request_free, (struct evhttp_request * req), (req))
VOID(evhttp_send_error, (struct evhttp_request * req, int code, const char *why), (req, code, why))
VOID(evhttp_send_reply,
     (struct evhttp_request * req, int code, const char *why, struct evbuffer *body),
     (req, code, why, body))
VOID(evhttp_send_reply_start, (struct evhttp_request * req, int code, const char *why),
     (req, code, why))
VOID(evhttp_send_reply_chunk, (struct evhttp_request * req, struct evbuffer *body), (req, body))
VOID(evhttp_send_reply_end, (struct evhttp_request * req), (req))
VALUE(struct evkeyvalq *, evhttp_request_get_input_headers, (struct evhttp_request * req), (req))
VALUE(struct evkeyvalq *, evhttp_request_get_output_headers, (struct evhttp_request * req), (req))
VALUE(struct evbuffer *, evhttp_request_get_input_buffer, (struct evhttp_request * req), (req))
VALUE(struct evbuffer *, evhttp_request_get_output_buffer, (struct evhttp_request * req), (req))
