/* p6_websocket_server.c: a WebSocket server, all of RFC 6455 that is a server's
 *
 * p6_websocket_server.h is the contract. Given are p6_stream.h (bytes in, bytes out), p6_http.h
 * (requests), p6_utf8.h, p6_frame.h, and p6_connection.h, which says when what is here is called.
 * Sections are those of RFC 6455.
 *
 *   1. Nothing here waits, and nothing here frees a connection but conn_time() and conn_end().
 *   2. Bytes come in any portions: whatever has to be known at the next one is in struct ws_conn.
 *   3. A handler may call any function of the contract: look at c->state behind each call of one.
 *   4. Behind a Close frame nothing is sent any more: that is what WS_CLOSING and WS_ENDING mean.
 *
 * main() shows a client that talks to the server; with --port 8080 it is a server for browsers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "p6_websocket_server.h"

#include <stdint.h>

#include "p6_connection.h"
#include "p6_program.h"

/* ---- 1: the handshake (4.2) ---- */

/* What it gets: HTTP_SWITCHING_PROTOCOLS, the page with HTTP_FINE, or the status of a refusal. */
static int check_request(const struct ws_server *s, const struct ws_request *r)
{
    /* TODO(1): the request has gone through the table of the contract, from the top to the bottom.
     * See 3.3.2 "WebSocket". */
    (void)s;
    (void)r;
    return HTTP_UNAVAILABLE;
}

/* Takes the request, once its end has come, and answers it. */
static size_t take_request(struct ws_conn *c, const unsigned char *bytes, size_t n)
{
    /* TODO(1): as long as the end of the request has not come, nothing is taken. When it has come,
     * the client is refused, or a WebSocket is open, on_open is told, and what stands behind the
     * request is left. See 3.3.2 "HTTP server". */
    (void)c;
    (void)bytes;
    (void)check_request;
    return n;
}

/* ---- 2: frames (5.2, 5.3) ---- */

/* Sends a frame: FIN is set, and it has no mask. */
static void send_frame(struct ws_conn *c, int opcode, const void *payload, size_t n)
{
    /* TODO(2): header and payload are on their way. See 3.3.2 "WebSocket". */
    (void)c;
    (void)opcode;
    (void)payload;
    (void)n;
}

static void conn_fail(struct ws_conn *c, int code, const char *reason);

/* The last fragment has come. */
static void message_ended(struct ws_conn *c)
{
    /* TODO(2): on_message has got the message, and there is none any more. TODO(4): unless it is a
     * text that ends inside of a character. */
    (void)c;
}

/* Takes what there is of a data frame's payload. */
static size_t take_data(struct ws_conn *c, const unsigned char *bytes, size_t n)
{
    /* TODO(2): in an open connection what has come is unmasked behind what came before; in another
     * one it is thrown away. The frame, and the message, may be at their end. TODO(4): a text of
     * which one can tell by now that it is no UTF-8 is refused. See 3.3.2 "WebSocket". */
    (void)c;
    (void)bytes;
    (void)message_ended;
    return n;
}

static void take_control(struct ws_conn *c, const unsigned char *payload, size_t n);

/* Takes what it can of the payload: of a control frame all or nothing. */
static size_t take_payload(struct ws_conn *c, const unsigned char *bytes, size_t n)
{
    /* TODO(2): what there is of a data frame has been taken. TODO(4): a control frame that is
     * complete is unmasked and has been handed to take_control(). */
    (void)c;
    (void)bytes;
    (void)take_data;
    (void)take_control;
    return n;
}

/* Reads the length out of the first `n` bytes of a frame. Returns how many bytes the header has up
 * to the end of the length, 2, 4 or 10; or 0 as long as they have not all come. */
static size_t read_length(const unsigned char *bytes, size_t n, uint64_t *length)
{
    /* TODO(2): *length is that of the payload. See 3.3.2 "WebSocket". */
    (void)bytes;
    (void)n;
    (void)length;
    return 0;
}

/* ---- 3: what nobody may send (5.1 to 5.5) ---- */

/* What is wrong with a frame that begins like this; NULL if nothing is. */
static const char *header_error(const struct ws_conn *c, const unsigned char *bytes,
                                uint64_t length)
{
    /* TODO(3): each rule of the contract's list has been looked at. See 3.3.2 "WebSocket". */
    (void)c;
    (void)bytes;
    (void)length;
    return NULL;
}

/* Takes a header, once it has all come, and what there is of the payload. */
static size_t take_frame(struct ws_conn *c, const unsigned char *bytes, size_t n)
{
    /* TODO(2): c->frame is begun, and c->message if it is the first frame of one; header, mask, and
     * what there is of the payload are taken. TODO(3): a frame that nobody may send, or that makes
     * its message too long, is refused as soon as its length is known. */
    (void)c;
    (void)bytes;
    (void)read_length;
    (void)header_error;
    (void)take_payload;
    return n;
}

static size_t conn_bytes(struct ws_conn *c, const unsigned char *bytes, size_t n)
{
    size_t taken = c->state == WS_REQUEST ? take_request(c, bytes, n) : 0;

    /* TODO(2): all frames that are there have been taken, as long as c is open or closing. */
    (void)take_frame;
    return c->state == WS_ENDING ? n : taken;
}

/* ---- 4: control frames (5.5) ---- */

/* May an endpoint send this code? 1004, 1005, 1006 and 1015 are reserved, 1012 to 1014 were added
 * to the registry later; from 3000 on they belong to libraries and programs (7.4.2). */
static bool is_code(int code)
{
    /* TODO(5): yes, or no. */
    (void)code;
    return false;
}

/* Sends a Close frame: the last one. Keeps what on_close will be told. */
static void send_close(struct ws_conn *c, int code, const void *reason, size_t n)
{
    /* TODO(3): a Close frame is on its way, empty if the code is WS_NO_CODE; c has code and
     * reason. */
    (void)c;
    (void)code;
    (void)reason;
    (void)n;
    (void)send_frame;
}

/* Something is wrong with what the client sends, or with us: says so, and hears nothing more. */
static void conn_fail(struct ws_conn *c, int code, const char *reason)
{
    /* TODO(3): an open connection has said why; c ends. */
    (void)c;
    (void)code;
    (void)reason;
    (void)send_close;
}

/* The client's Close frame: an answer to ours, or one that is to be answered. */
static void take_close(struct ws_conn *c, const unsigned char *payload, size_t n)
{
    /* TODO(5): a Close frame that may be sent is answered, unless it is an answer itself; another
     * one is refused. Either way c ends. */
    (void)c;
    (void)payload;
    (void)n;
    (void)conn_fail;
}

static void take_control(struct ws_conn *c, const unsigned char *payload, size_t n)
{
    /* TODO(4): a ping is answered, a close taken. */
    (void)c;
    (void)payload;
    (void)n;
    (void)take_close;
}

/* ---- 5: closing (7) ---- */

int ws_close(struct ws_conn *c, int code, const char *reason)
{
    /* TODO(5): a Close frame is on its way, and close_ms run. */
    (void)c;
    (void)code;
    (void)reason;
    (void)is_code;
    return -ENOSYS;
}

static void conn_end(struct ws_conn *c)
{
    /* TODO(5): c has the code and the reason that on_close is to get. */
    conn_free(c);
}

/* ---- 6: time ---- */

static void conn_time(struct ws_conn *c)
{
    /* TODO(6): an open connection is pinged, or has shown that it is there; or it was told 1011.
     * See 3.3.1 "Task scheduling". */
    conn_end(c);
}

/* ---- 7: sending, to one and to many ---- */

int ws_send(struct ws_conn *c, enum ws_opcode opcode, const void *data, size_t n)
{
    /* TODO(2): a frame is on its way, if c is open. TODO(7): and if max_queue allows it; otherwise
     * c is closed. See 3.3.2 "Buffering". */
    (void)c;
    (void)opcode;
    (void)data;
    (void)n;
    return -ENOSYS;
}

int ws_broadcast(struct ws_server *s, const char *path, enum ws_opcode opcode, const void *data,
                 size_t n)
{
    /* TODO(7): each open connection that asked for the path has been sent it. */
    (void)s;
    (void)path;
    (void)opcode;
    (void)data;
    (void)n;
    return 0;
}

/* ---- 8: the server stops ---- */

int ws_server_stop(struct ws_server *s, int code, void (*cb)(int result, void *arg), void *arg)
{
    /* TODO(8): nobody is accepted any more, all connections are closing or broken off, and
     * s->stopped is active when there is none left, and not before. See 3.3.2 "WebSocket". */
    (void)s;
    (void)code;
    (void)cb;
    (void)arg;
    return -ENOSYS;
}

/* ---- given: main ---- */

int main(int argc, char **argv)
{
    return argc > 1 ? program_serve(argc, argv) : demo_run();
}
