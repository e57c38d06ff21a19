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

/* 16 bytes in base64: 22 characters that mean something, and two that fill up. */
static bool is_key(const char *key)
{
    return key != NULL && strlen(key) == 24 && strcmp(key + 22, "==") == 0 &&
           strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") == 22;
}

/* What it gets: HTTP_SWITCHING_PROTOCOLS, the page with HTTP_FINE, or the status of a refusal. */
static int check_request(const struct ws_server *s, const struct ws_request *r)
{
    const bool upgrade =
        ws_request_has(r, "Upgrade", "websocket") && ws_request_has(r, "Connection", "Upgrade");
    const char *version = ws_request_only(r, "Sec-WebSocket-Version");
    int status = 0;

    if (strcmp(r->method, "GET") != 0)
        return HTTP_BAD_REQUEST;
    if (!upgrade && s->options.page != NULL && strcmp(r->path, "/") == 0)
        return HTTP_FINE;
    if (s->options.path != NULL && strcmp(r->path, s->options.path) != 0)
        return HTTP_NO_SUCH_PATH;
    if (!upgrade || version == NULL || strcmp(version, "13") != 0)
        return HTTP_UPGRADE_REQUIRED;
    if (r->version < 11 || ws_request_only(r, "Host") == NULL ||
        !is_key(ws_request_only(r, "Sec-WebSocket-Key")))
        return HTTP_BAD_REQUEST;
    if (s->handlers.on_request != NULL)
        status = s->handlers.on_request(r, s->arg);
    return status != 0 ? status : HTTP_SWITCHING_PROTOCOLS;
}

/* Takes the request, once its end has come, and answers it. */
static size_t take_request(struct ws_conn *c, const unsigned char *bytes, size_t n)
{
    const struct ws_server *s = c->server;
    struct ws_request r;
    size_t taken = n;
    int status = http_parse(&r, bytes, n, &taken);

    if (status == HTTP_MORE)
        return 0;
    if (status == HTTP_FINE)
        status = check_request(s, &r);
    if (status != HTTP_SWITCHING_PROTOCOLS) {
        conn_refuse(c, status);
        return n;
    }
    if (conn_accept(c, &r) && s->handlers.on_open != NULL)
        s->handlers.on_open(c, s->arg);
    return taken;
}

/* ---- 2: frames (5.2, 5.3) ---- */

/* Sends a frame: FIN is set, and it has no mask. */
static void send_frame(struct ws_conn *c, int opcode, const void *payload, size_t n)
{
    unsigned char header[HEADER_MOST] = {(unsigned char)(LAST | opcode)};
    const size_t extra = n < LENGTH_IN_2 ? 0 : n <= UINT16_MAX ? 2 : 8;

    header[1] = (unsigned char)(extra == 0 ? n : extra == 2 ? LENGTH_IN_2 : LENGTH_IN_8);
    for (size_t k = 0; k < extra; k++)
        header[2 + k] = (unsigned char)((uint64_t)n >> 8 * (extra - 1 - k));
    stream_send(&c->stream, header, 2 + extra, payload, n);
}

static void conn_fail(struct ws_conn *c, int code, const char *reason);

/* The last fragment has come. */
static void message_ended(struct ws_conn *c)
{
    struct ws_server *s = c->server;
    struct message *m = &c->message;

    if (m->opcode == WS_TEXT && !utf8_is_whole(&m->utf8)) {
        conn_fail(c, WS_NOT_UTF8, "a character is cut off");
        return;
    }
    m->bytes[m->n] = '\0';
    if (s->handlers.on_message != NULL)
        s->handlers.on_message(c, (enum ws_opcode)m->opcode, m->bytes, m->n, s->arg);
    message_clear(m);
}

/* Takes what there is of a data frame's payload. */
static size_t take_data(struct ws_conn *c, const unsigned char *bytes, size_t n)
{
    struct message *m = &c->message;
    struct frame *f = &c->frame;
    const size_t part = n < f->missing ? n : f->missing;
    const size_t most = f->final ? m->n + f->missing : c->server->options.max_message;

    if (c->state == WS_OPEN) { /* otherwise it is thrown away */
        if (!message_reserve(m, part, most)) {
            conn_fail(c, WS_NO_MEMORY, "no memory");
            return part;
        }
        unmask(m->bytes + m->n, bytes, part, f->mask, f->have);
        if (m->opcode == WS_TEXT && !utf8_feed(&m->utf8, m->bytes + m->n, part)) {
            conn_fail(c, WS_NOT_UTF8, "a text that is no UTF-8");
            return part;
        }
        m->n += part;
    }
    f->have += part;
    f->missing -= part;
    f->begun = f->missing > 0;
    if (!f->begun && f->final && c->state == WS_OPEN)
        message_ended(c);
    return part;
}

static void take_control(struct ws_conn *c, const unsigned char *payload, size_t n);

/* Takes what it can of the payload: of a control frame all or nothing. */
static size_t take_payload(struct ws_conn *c, const unsigned char *bytes, size_t n)
{
    struct frame *f = &c->frame;
    unsigned char payload[WS_CONTROL_MOST];

    if (f->opcode < WS_CLOSE)
        return take_data(c, bytes, n);
    if (n < f->missing)
        return 0;
    n = f->missing;
    unmask(payload, bytes, n, f->mask, 0);
    f->begun = false;
    take_control(c, payload, n);
    return n;
}

/* Reads the length out of the first `n` bytes of a frame. Returns how many bytes the header has up
 * to the end of the length, 2, 4 or 10; or 0 as long as they have not all come. */
static size_t read_length(const unsigned char *bytes, size_t n, uint64_t *length)
{
    const int field = n < 2 ? 0 : bytes[1] & LENGTH;
    const size_t size = field == LENGTH_IN_2 ? 4 : field == LENGTH_IN_8 ? 10 : 2;

    if (n < size)
        return 0;
    *length = size == 2 ? (uint64_t)field : 0;
    for (size_t k = 2; k < size; k++)
        *length = *length << 8 | bytes[k];
    return size;
}

/* ---- 3: what nobody may send (5.1 to 5.5) ---- */

/* What is wrong with a frame that begins like this; NULL if nothing is. */
static const char *header_error(const struct ws_conn *c, const unsigned char *bytes,
                                uint64_t length)
{
    const int opcode = bytes[0] & OPCODE;
    const int field = bytes[1] & LENGTH;

    if ((bytes[0] & RESERVED) != 0)
        return "a reserved bit is set";
    if ((opcode > WS_BINARY && opcode < WS_CLOSE) || opcode > WS_PONG)
        return "an opcode that does not exist";
    if ((bytes[1] & MASKED) == 0)
        return "a frame without mask";
    if ((field == LENGTH_IN_2 && length < LENGTH_IN_2) ||
        (field == LENGTH_IN_8 && (length <= UINT16_MAX || length > INT64_MAX)))
        return "a length that is not in its shortest form";
    if (opcode >= WS_CLOSE && ((bytes[0] & LAST) == 0 || length > WS_CONTROL_MOST))
        return "a control frame that is too long, or a fragment";
    if (c->state == WS_OPEN && opcode == WS_CONTINUATION && c->message.opcode == 0)
        return "a continuation of nothing";
    if (c->state == WS_OPEN && (opcode == WS_TEXT || opcode == WS_BINARY) && c->message.opcode != 0)
        return "a message begins inside another one";
    return NULL;
}

/* Takes a header, once it has all come, and what there is of the payload. */
static size_t take_frame(struct ws_conn *c, const unsigned char *bytes, size_t n)
{
    uint64_t length = 0;
    const size_t size = read_length(bytes, n, &length);
    const int opcode = size > 0 ? bytes[0] & OPCODE : 0;
    const char *error = size > 0 ? header_error(c, bytes, length) : NULL;
    const size_t most = c->server->options.max_message - c->message.n;

    if (error != NULL) {
        conn_fail(c, WS_PROTOCOL_ERROR, error);
        return n;
    }
    if (opcode < WS_CLOSE && c->state == WS_OPEN && length > most) {
        conn_fail(c, WS_TOO_BIG, "a message that is too long"); /* and nobody waits for it */
        return n;
    }
    if (size == 0 || n < size + MASK_SIZE)
        return 0;
    c->frame = (struct frame){.begun = true,
                              .final = (bytes[0] & LAST) != 0,
                              .opcode = opcode,
                              .missing = (size_t)length};
    memcpy(c->frame.mask, bytes + size, MASK_SIZE);
    if (opcode == WS_TEXT || opcode == WS_BINARY)
        c->message.opcode = opcode;
    return size + MASK_SIZE + take_payload(c, bytes + size + MASK_SIZE, n - size - MASK_SIZE);
}

static size_t conn_bytes(struct ws_conn *c, const unsigned char *bytes, size_t n)
{
    size_t taken = c->state == WS_REQUEST ? take_request(c, bytes, n) : 0;

    while ((c->state == WS_OPEN || c->state == WS_CLOSING) && taken < n) {
        const size_t step = c->frame.begun ? take_payload(c, bytes + taken, n - taken)
                                           : take_frame(c, bytes + taken, n - taken);
        if (step == 0)
            return taken;
        taken += step;
    }
    return c->state == WS_ENDING ? n : taken;
}

/* ---- 4: control frames (5.5) ---- */

/* May an endpoint send this code? 1004, 1005, 1006 and 1015 are reserved, 1012 to 1014 were added
 * to the registry later; from 3000 on they belong to libraries and programs (7.4.2). */
static bool is_code(int code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

/* Sends a Close frame: the last one. Keeps what on_close will be told. */
static void send_close(struct ws_conn *c, int code, const void *reason, size_t n)
{
    unsigned char payload[WS_CONTROL_MOST] = {(unsigned char)(code >> 8), (unsigned char)code};

    memcpy(payload + 2, reason, n);
    send_frame(c, WS_CLOSE, payload, code == WS_NO_CODE ? 0 : 2 + n);
    c->code = code;
    memcpy(c->reason, reason, n);
    c->reason[n] = '\0';
}

/* Something is wrong with what the client sends, or with us: says so, and hears nothing more. */
static void conn_fail(struct ws_conn *c, int code, const char *reason)
{
    if (c->state == WS_OPEN)
        send_close(c, code, reason, strlen(reason));
    conn_finish(c);
}

/* The client's Close frame: an answer to ours, or one that is to be answered. */
static void take_close(struct ws_conn *c, const unsigned char *payload, size_t n)
{
    const int code = n >= 2 ? payload[0] << 8 | payload[1] : WS_NO_CODE;

    if (n == 1 || (n >= 2 && !is_code(code))) {
        conn_fail(c, WS_PROTOCOL_ERROR, "a close code that nobody may send");
    } else if (n > 2 && !is_utf8(payload + 2, n - 2)) {
        conn_fail(c, WS_NOT_UTF8, "a reason that is no UTF-8");
    } else {
        if (c->state == WS_OPEN)
            send_close(c, code, payload + 2, n > 2 ? n - 2 : 0);
        conn_finish(c);
    }
}

static void take_control(struct ws_conn *c, const unsigned char *payload, size_t n)
{
    if (c->frame.opcode == WS_CLOSE)
        take_close(c, payload, n);
    else if (c->frame.opcode == WS_PING && c->state == WS_OPEN)
        send_frame(c, WS_PONG, payload, n);
}

/* ---- 5: closing (7) ---- */

int ws_close(struct ws_conn *c, int code, const char *reason)
{
    const size_t n = reason != NULL ? strlen(reason) : 0;

    if (!is_code(code) || n > WS_REASON_MOST || !is_utf8(reason, n))
        return -EINVAL;
    if (c->state != WS_OPEN)
        return -ENOTCONN;
    send_close(c, code, n > 0 ? reason : "", n);
    c->state = WS_CLOSING;
    conn_set_timer(c, c->server->options.close_ms);
    return 0;
}

static void conn_end(struct ws_conn *c)
{
    if (c->state != WS_ENDING) { /* in any other state a Close frame is missing */
        c->code = WS_ABNORMAL;
        c->reason[0] = '\0';
    }
    conn_free(c);
}

/* ---- 6: time ---- */

static void conn_time(struct ws_conn *c)
{
    const struct ws_options *o = &c->server->options;

    if (c->state == WS_OPEN && (!c->pinged || c->stream.heard)) {
        c->pinged = !c->pinged;
        if (c->pinged)
            send_frame(c, WS_PING, "", 0);
        c->stream.heard = false;
        conn_set_timer(c, c->pinged ? o->pong_timeout_ms : o->ping_ms);
        return;
    }
    if (c->state == WS_OPEN)
        send_close(c, WS_NO_MEMORY, "no answer to a ping", 19); /* perhaps it only cannot speak */
    conn_end(c);
}

/* ---- 7: sending, to one and to many ---- */

int ws_send(struct ws_conn *c, enum ws_opcode opcode, const void *data, size_t n)
{
    const size_t most = c->server->options.max_queue;
    const size_t frame = n + (n < LENGTH_IN_2 ? 2 : n <= UINT16_MAX ? 4 : HEADER_MOST);

    if (opcode != WS_TEXT && opcode != WS_BINARY)
        return -EINVAL;
    if (c->state != WS_OPEN)
        return -ENOTCONN;
    if (stream_waiting(&c->stream) + frame > most)
        stream_flush(&c->stream); /* it may be only that nobody has tried */
    if (n > most || stream_waiting(&c->stream) + frame > most) {
        conn_fail(c, WS_TOO_SLOW, "too much waits to be sent");
        return -ENOBUFS;
    }
    send_frame(c, opcode, data, n);
    return 0;
}

int ws_broadcast(struct ws_server *s, const char *path, enum ws_opcode opcode, const void *data,
                 size_t n)
{
    struct ws_conn *c;
    int count = 0;

    LIST_FOREACH(c, &s->connections, link) /* ws_send() frees none of them */
    if (c->state == WS_OPEN && (path == NULL || strcmp(c->path, path) == 0))
        count += ws_send(c, opcode, data, n) == 0;
    return count;
}

/* ---- 8: the server stops ---- */

int ws_server_stop(struct ws_server *s, int code, void (*cb)(int result, void *arg), void *arg)
{
    struct ws_conn *c;

    if (!is_code(code))
        return -EINVAL;
    if (s->listener == NULL)
        return -EALREADY;
    server_close_listener(s);
    s->stopped_cb = cb;
    s->stopped_arg = arg;
    LIST_FOREACH(c, &s->connections, link)
    if (c->state == WS_REQUEST)
        stream_break(&c->stream); /* and not conn_free(): on_request may have called this */
    else
        (void)ws_close(c, code, ""); /* fails for one that is closing: so it is */
    if (LIST_EMPTY(&s->connections))
        event_active(s->stopped, EV_TIMEOUT, 0); /* conn_free() does it for the last one */
    return 0;
}

/* ---- given: main ---- */

int main(int argc, char **argv)
{
    return argc > 1 ? program_serve(argc, argv) : demo_run();
}
