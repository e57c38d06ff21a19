/* p6_websocket_server.h: a WebSocket server, all of RFC 6455 that is a server's
 *
 * A program gives it an event base and a few functions; it then holds any number of connections.
 *
 *     struct ws_options o = WS_DEFAULTS;
 *     const struct ws_handlers handlers = {.on_message = echo};
 *     struct ws_server *s = ws_server_new(base, &o, &handlers, NULL);
 *     event_base_dispatch(base);
 *
 * asyncio has none itself; Python's library `websockets` does:
 *
 *     async def echo(c):                                          # c: a connection
 *         async for data in c:                                    # on_message
 *             await c.send(data)                                  # ws_send
 *     server = await websockets.serve(echo, "127.0.0.1", 8080, ping_interval=20, ping_timeout=20,
 *                                     close_timeout=10, max_size=2**20, origins=None)
 *     server.close(); await server.wait_closed()                  # ws_server_stop
 *
 *     here                                  | there
 *     --------------------------------------+------------------------------------------------------
 *     on_request(r) returns 403             | process_request, origins
 *     on_close(c, code, reason)             | ConnectionClosed: e.code, e.reason
 *     ws_close(c, 1000, "bye")              | await c.close(1000, "bye")
 *     ws_broadcast(s, path, ...)            | websockets.broadcast(connections, data)
 *     -ENOBUFS, and the slow one is closed  | await c.send() waits for the slow one
 *
 * https://www.rfc-editor.org/rfc/rfc6455; sections are named below. What a client sends is masked
 * (5.1), what this server sends never is. It offers no extension and no subprotocol: a client that
 * asks for some gets a connection without. Times are in milliseconds, sizes in bytes. Errors are
 * negative errno values. All is called from the loop's thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P6_WEBSOCKET_SERVER_H
#define P6_WEBSOCKET_SERVER_H

#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct ws_server;
struct ws_conn;
struct ws_request; /* p6_request.h has what can be asked of it */

enum ws_opcode {
    WS_CONTINUATION = 0x0,
    WS_TEXT = 0x1,
    WS_BINARY = 0x2,
    WS_CLOSE = 0x8,
    WS_PING = 0x9,
    WS_PONG = 0xa
};

/* Why a connection ends (7.4.1). 1000 to 1003, 1007 to 1014 and 3000 to 4999 may be sent; the
 * others may not, and who receives one of them has met a protocol error. */
enum ws_code {
    WS_NORMAL = 1000,
    WS_GOING_AWAY = 1001,     /* the server stops, the page is left */
    WS_PROTOCOL_ERROR = 1002, /* the client sends what nobody may */
    WS_NO_CODE = 1005,        /* never sent: the client's Close frame was empty */
    WS_ABNORMAL = 1006,       /* never sent: the end came without Close frames both ways */
    WS_NOT_UTF8 = 1007,
    WS_TOO_SLOW = 1008, /* "policy violation": more than max_queue bytes wait for it */
    WS_TOO_BIG = 1009,
    WS_NO_MEMORY = 1011 /* "internal error" */
};
enum { WS_CONTROL_MOST = 125, WS_REASON_MOST = WS_CONTROL_MOST - 2 };

struct ws_options {
    const char *address; /* to listen on, in digits, IPv4 or IPv6; NULL: 127.0.0.1 */
    int port;            /* 0: any that is free */
    const char *path;    /* to ask for; another one gets 404. NULL: any. Copied */
    const char *page;    /* HTML, for who gets "/" with no WebSocket in mind; or NULL. Borrowed */
    size_t max_message;  /* of all fragments together; a longer one is closed with 1009 */
    size_t max_queue;    /* that wait to be sent to one client, headers too. A message that makes it
                          * more is not sent, but 1008; pings, pongs and Close frames count as they
                          * wait, and are always sent. With half of it waiting, or 1 MiB, nothing is
                          * read from that client */
    int handshake_ms;    /* from accept() on; who has not asked by then is dropped */
    int ping_ms;         /* a ping, an empty one, so long after the opening, and after each look; 0:
                          * no pings */
    int pong_timeout_ms; /* a look so long after a ping: who has sent nothing since, not a pong nor
                          * anything else, is told 1011 and dropped; on_close gets 1006 */
    int close_ms;        /* who has not done its part of the closing by then is dropped */
};
#define WS_DEFAULTS                                                                                \
    {                                                                                              \
        .max_message = 1 << 20, .max_queue = 4 << 20, .handshake_ms = 10000, .ping_ms = 20000,     \
        .pong_timeout_ms = 20000, .close_ms = 10000                                                \
    }

/* What a request gets (4.2): the first line that fits. It asks for an upgrade if "Upgrade" has the
 * token websocket, and "Connection" the token Upgrade: both are lists, case does not matter. There
 * is one "Host", say, if that field comes once.
 *
 *     400   it is no HTTP (p6_http.h says so), or it is not GET
 *     431   it is longer than HTTP_HEAD_MOST bytes (p6_http.h says so)
 *     200   there is a page, and it is for "/", with a query or without, and does not ask for an
 *           upgrade: the page
 *     404   there is options.path, and it is for another one
 *     426   it does not ask for an upgrade; there is not one "Sec-WebSocket-Version", which is 13
 *     400   it is older than HTTP/1.1 (a later one will do); there is not one "Host"; there is not
 *           one "Sec-WebSocket-Key", which is 16 bytes in base64
 *     ...   what on_request returns
 *     101   a WebSocket
 *
 * What ends a connection that is open:
 *
 *     1002  a reserved bit is set, the opcode is not of the enum, there is no mask (5.1, 5.2)
 *           the length is not in its shortest form, or its highest bit is set (5.2)
 *           a control frame has more than 125 bytes, or no FIN (5.5)
 *           a continuation comes with no message begun, or another frame inside of one (5.4)
 *           a Close frame with 1 byte, or a code that nobody may send (7.4)
 *     1007  a text, or a reason, is no UTF-8: as soon as that is known, in the middle of a frame if
 *           it has to be (8.1)
 *     1009  the fragments of a message are longer than max_message, together: as soon as the length
 *           is known, and before anybody asks for memory
 *
 * These it is told in a Close frame; nothing it sends behind that is looked at. It ends as any
 * other: the server closes its direction when all is sent, and the socket when the client has done
 * so too, or close_ms after that Close frame, whatever has come behind it (7.1.1).
 *
 * While the server waits for the answer to ws_close(), it still reads frames (7.1.2). Any Close
 * frame is the answer, whatever code and reason it has. Of the others only the header is looked at:
 * the first three lines of 1002 hold, and who breaks them is not waited for any longer, as if that
 * were the answer. There is no second Close frame. The rest is thrown away: messages, however long,
 * and pings, too. */

/* Each may be NULL. They are called by the loop, never from within a function below, but for
 * on_close, which ws_server_free() calls. All functions below may be called in them, for this
 * connection and for others, but for ws_server_free(). */
struct ws_handlers {
    /* A client asks for a WebSocket, rightly. 0: it gets one; otherwise the HTTP status of the
     * refusal: 403 if ws_request_value(r, "Origin", 0) is that of a stranger, 404, 503. */
    int (*on_request)(const struct ws_request *r, void *arg);

    /* It has got one. What is sent from here on follows the answer to the request. */
    void (*on_open)(struct ws_conn *c, void *arg);

    /* A message has come, once and whole, in however many fragments: a WS_TEXT, which is UTF-8,
     * or a WS_BINARY. `data` is the server's, with a 0 behind it that does not count, and gone when
     * this returns. After ws_close(), or once a Close frame has come, there is none any more. */
    void (*on_message)(struct ws_conn *c, enum ws_opcode opcode, const void *data, size_t n,
                       void *arg);

    /* The end of a connection that was opened: once, and the last that is heard of c. `code` is
     * that of who began: of the client, 1005 if its Close frame was empty; or of ws_close() and
     * ws_server_stop(), whatever the client has answered; or of the failure, 1002, 1007, 1008, 1009
     * or 1011 for want of memory, whether or not the client has said anything to it. It is 1006 if
     * the end came with none of these: ws_close() was not answered, or nobody has closed. `reason`
     * goes with it and is never NULL. */
    void (*on_close)(struct ws_conn *c, int code, const char *reason, void *arg);
};

/* ---- the server ---- */

/* A server on `base`, which is borrowed and outlives it; options and handlers are copied. From here
 * on the process ignores SIGPIPE. NULL if there is no memory, or it cannot listen: errno says why.
 * Given. */
struct ws_server *ws_server_new(struct event_base *base, const struct ws_options *options,
                                const struct ws_handlers *handlers, void *arg);

/* The port that it listens on; -1 once it is stopped. Given. */
int ws_server_port(const struct ws_server *s);

/* How many connections it has, in whatever state. Given. */
int ws_server_connections(const struct ws_server *s);

/* Accepts nobody any more, drops who has not opened yet, and closes the others with `code`, but for
 * those that are closing: they have their time, and their code. When the last one is gone,
 * cb(0, arg) is called by the loop, in which the server may be freed. 0; -EINVAL if the code may
 * not be sent; -EALREADY if it is stopping. */
int ws_server_stop(struct ws_server *s, int code, void (*cb)(int result, void *arg), void *arg);

/* Frees a server, also NULL, at any moment but from within a handler: connections break off, which
 * on_close is told (1006), and who waits for a stop gets -ECANCELED. Given. */
void ws_server_free(struct ws_server *s);

/* ---- a connection ---- */

/* Queues a message, WS_TEXT or WS_BINARY, as one frame, and sends what the socket takes. The bytes
 * are copied where that is needed; those of a text have to be UTF-8. 0; -EINVAL for another opcode;
 * -ENOTCONN if the connection is not open: it has not been opened yet, or is closing; -ENOBUFS if
 * the frame with its header and what waits, the socket being full, are more than max_queue bytes:
 * then nothing of it is sent, and the connection fails with 1008. Unlike ws_close() that waits for
 * no answer. */
int ws_send(struct ws_conn *c, enum ws_opcode opcode, const void *data, size_t n);

/* ws_send() to each open connection that asked for `path`; NULL: to all. One that is too slow is
 * closed, as there, and the others do not notice. Returns how many it was queued for. */
int ws_broadcast(struct ws_server *s, const char *path, enum ws_opcode opcode, const void *data,
                 size_t n);

/* Begins to close: behind what is queued a Close frame is sent, and nothing else any more. When the
 * client has answered, or after close_ms, on_close is called. The reason may be NULL. 0; -EINVAL if
 * the code may not be sent, or the reason is longer than WS_REASON_MOST or no UTF-8; -ENOTCONN if
 * the connection is not open. */
int ws_close(struct ws_conn *c, int code, const char *reason);

/* Something of yours that belongs to a connection: NULL until you set it. Given. */
void ws_set_data(struct ws_conn *c, void *data);
void *ws_data(const struct ws_conn *c);

/* What it asked for, without the query: "/chat". Given. */
const char *ws_path(const struct ws_conn *c);

#endif
