/* p6_websocket_server.c: another right solution: what nobody may send stands in a table, header and
 * payload are taken by turns in one loop, a request is on the heap, and each message is tried to be
 * sent before it is asked whether too much waits
 *
 * SPDX-License-Identifier: MIT
 */
#include "p6_websocket_server.h"

#include <stdint.h>

#include "p6_connection.h"

/* ---- frames out ---- */

static void put_frame(struct ws_conn *c, int opcode, const void *payload, size_t n)
{
    uint8_t header[10] = {(uint8_t)(0x80 | opcode), (uint8_t)n};
    size_t size = 2;

    if (n > UINT16_MAX) {
        header[1] = 127;
        for (int shift = 56; shift >= 0; shift -= 8)
            header[size++] = (uint8_t)((uint64_t)n >> shift);
    } else if (n > 125) {
        header[1] = 126;
        header[size++] = (uint8_t)(n >> 8);
        header[size++] = (uint8_t)n;
    }
    stream_send(&c->stream, header, size, payload, n);
}

static void put_close(struct ws_conn *c, int code, const char *reason)
{
    char payload[2 + WS_REASON_MOST] = {(char)(code >> 8), (char)code};

    c->code = code;
    strcpy(c->reason, reason);
    memcpy(payload + 2, reason, strlen(reason));
    put_frame(c, WS_CLOSE, payload, code == WS_NO_CODE ? 0 : strlen(reason) + 2);
}

static void refuse(struct ws_conn *c, int code)
{
    if (c->state == WS_OPEN)
        put_close(c, code, "");
    conn_finish(c);
}

static bool may_be_sent(int code)
{
    return code >= 1000 && code < 5000 && code != 1004 && code != 1005 && code != 1006 &&
           (code < 1015 || code >= 3000);
}

/* ---- frames in ---- */

/* What is wrong with a header, whose length is in `have` for the moment: 0, or the code that it is
 * refused with. */
static int judge(const struct ws_conn *c, int field)
{
    const struct frame *f = &c->frame;
    const int opcode = f->opcode & OPCODE;
    const bool control = opcode >= WS_CLOSE, begins = opcode == WS_TEXT || opcode == WS_BINARY;
    const bool open = c->state == WS_OPEN;
    const struct {
        bool wrong;
        int code;
    } rules[] = {
        {(f->opcode & RESERVED) != 0, 1002},
        {!begins && !control && opcode != WS_CONTINUATION, 1002},
        {opcode > WS_PONG, 1002},
        {field == 126 && f->have < 126, 1002},
        {field == 127 && (f->have < 65536 || f->have >> 63 != 0), 1002},
        {control && (f->have > WS_CONTROL_MOST || !f->final), 1002},
        {open && begins && c->message.opcode != 0, 1002},
        {open && opcode == WS_CONTINUATION && c->message.opcode == 0, 1002},
        {open && !control && f->have > c->server->options.max_message - c->message.n, 1009},
    };

    for (size_t k = 0; k < sizeof(rules) / sizeof(rules[0]); k++)
        if (rules[k].wrong)
            return rules[k].code;
    return 0;
}

static void on_ping_or_close(struct ws_conn *c, int opcode, char *payload, size_t n)
{
    const int code = n < 2 ? WS_NO_CODE : (uint8_t)payload[0] << 8 | (uint8_t)payload[1];

    if (opcode == WS_PING && c->state == WS_OPEN)
        put_frame(c, WS_PONG, payload, n);
    if (opcode != WS_CLOSE)
        return;
    payload[n] = '\0';
    if (n == 1 || (n > 1 && !may_be_sent(code))) {
        refuse(c, WS_PROTOCOL_ERROR);
    } else if (n > 2 && !is_utf8(payload + 2, n - 2)) {
        refuse(c, WS_NOT_UTF8);
    } else {
        if (c->state == WS_OPEN)
            put_close(c, code, n > 2 ? payload + 2 : "");
        conn_finish(c);
    }
}

/* The bytes of a data frame, unmasked in place of where they came. */
static void on_data(struct ws_conn *c, const uint8_t *bytes, size_t n)
{
    const struct ws_handlers *handlers = &c->server->handlers;
    struct message *m = &c->message;

    if (c->state != WS_OPEN)
        return;
    if (!message_reserve(m, n, 2 * (m->n + n))) {
        refuse(c, WS_NO_MEMORY);
        return;
    }
    unmask(m->bytes + m->n, bytes, n, c->frame.mask, c->frame.have - n);
    if (m->opcode == WS_TEXT &&
        (!utf8_feed(&m->utf8, m->bytes + m->n, n) ||
         (c->frame.missing == 0 && c->frame.final && !utf8_is_whole(&m->utf8)))) {
        refuse(c, WS_NOT_UTF8);
        return;
    }
    m->n += n;
    if (c->frame.missing > 0 || !c->frame.final)
        return;
    m->bytes[m->n] = 0;
    if (handlers->on_message != NULL)
        handlers->on_message(c, (enum ws_opcode)m->opcode, m->bytes, m->n, c->server->arg);
    message_clear(m);
}

/* What there is of the payload; of a control frame, all or nothing. */
static size_t take_payload(struct ws_conn *c, const uint8_t *bytes, size_t n)
{
    struct frame *f = &c->frame;
    unsigned char payload[WS_CONTROL_MOST + 1];

    if (f->opcode >= WS_CLOSE && n < f->missing)
        return 0;
    n = n < f->missing ? n : f->missing;
    f->missing -= n;
    f->have += n;
    f->begun = f->missing > 0;
    if (f->opcode < WS_CLOSE) {
        on_data(c, bytes, n);
    } else {
        unmask(payload, bytes, n, f->mask, 0);
        on_ping_or_close(c, f->opcode, (char *)payload, n);
    }
    return n;
}

/* A header, once all of it is there. */
static size_t take_header(struct ws_conn *c, const uint8_t *bytes, size_t n)
{
    struct frame *f = &c->frame;
    const size_t field = n < 2 ? 0 : bytes[1] & LENGTH;
    const size_t extra = field == 126 ? 2 : field == 127 ? 8 : 0;
    uint64_t length = extra == 0 ? field : 0;
    int code;

    if (n >= 2 && (bytes[1] & MASKED) == 0) {
        refuse(c, WS_PROTOCOL_ERROR);
        return n;
    }
    if (n < 2 + extra)
        return 0;
    for (size_t k = 0; k < extra; k++)
        length += (uint64_t)bytes[2 + k] << 8 * (extra - 1 - k);
    *f = (struct frame){.opcode = bytes[0] & ~LAST, .final = bytes[0] >> 7, .have = (size_t)length};
    code = judge(c, (int)field);
    if (code != 0) {
        refuse(c, code);
        return n;
    }
    if (n < 2 + extra + MASK_SIZE)
        return 0;
    if ((f->opcode == WS_TEXT || f->opcode == WS_BINARY) && c->state == WS_OPEN)
        c->message.opcode = f->opcode;
    memcpy(f->mask, bytes + 2 + extra, MASK_SIZE);
    f->missing = f->have;
    f->have = 0;
    f->begun = true;
    return 2 + extra + MASK_SIZE;
}

/* ---- the handshake ---- */

static bool is_key(const char *key)
{
    unsigned char bytes[32];

    return key != NULL && strlen(key) == 24 && strcmp(key + 22, "==") == 0 &&
           strpbrk(key, " \t\r\n-") == NULL &&
           EVP_DecodeBlock(bytes, (const unsigned char *)key, 24) == 18;
}

static int status_for(struct ws_server *s, const struct ws_request *r)
{
    const char *version = ws_request_only(r, "Sec-WebSocket-Version");
    const bool wants =
        ws_request_has(r, "connection", "upgrade") && ws_request_has(r, "upgrade", "websocket");
    int status;

    if (strcmp(r->method, "GET") != 0)
        return 400;
    if (!wants && s->options.page != NULL && strcmp(r->path, "/") == 0)
        return 200;
    if (s->options.path != NULL && strcmp(s->options.path, r->path) != 0)
        return 404;
    if (!wants || version == NULL || strcmp(version, "13") != 0)
        return 426;
    if (r->version < 11 || ws_request_only(r, "Host") == NULL ||
        !is_key(ws_request_only(r, "Sec-WebSocket-Key")))
        return 400;
    status = s->handlers.on_request != NULL ? s->handlers.on_request(r, s->arg) : 0;
    return status != 0 ? status : 101;
}

static size_t take_request(struct ws_conn *c, const uint8_t *bytes, size_t n)
{
    struct ws_server *s = c->server;
    struct ws_request *r = malloc(sizeof(*r));
    size_t taken = 0;
    int status = r != NULL ? http_parse(r, bytes, n, &taken) : 503;

    if (status == 200)
        status = status_for(s, r);
    if (status != HTTP_MORE && status != 101)
        conn_refuse(c, status);
    if (status == 101 && conn_accept(c, r) && s->handlers.on_open != NULL)
        s->handlers.on_open(c, s->arg);
    free(r);
    return status == HTTP_MORE ? 0 : taken;
}

/* ---- what the loop calls ---- */

static size_t conn_bytes(struct ws_conn *c, const unsigned char *bytes, size_t n)
{
    size_t taken = 0;

    for (;;) {
        const bool empty = c->frame.begun && c->frame.missing == 0;
        const enum ws_state state = c->state;
        size_t step;

        if (state == WS_ENDING)
            return n;
        if (taken == n && !empty)
            return n;
        step = state == WS_REQUEST ? take_request(c, bytes + taken, n - taken)
               : c->frame.begun    ? take_payload(c, bytes + taken, n - taken)
                                   : take_header(c, bytes + taken, n - taken);
        if (step == 0 && !empty && c->state == state)
            return taken;
        taken += step;
    }
}

static void conn_end(struct ws_conn *c)
{
    if (c->state != WS_ENDING) {
        c->code = WS_ABNORMAL;
        c->reason[0] = '\0';
    }
    conn_free(c);
}

static void conn_time(struct ws_conn *c)
{
    if (c->state == WS_OPEN && !c->pinged) {
        put_frame(c, WS_PING, "", 0);
        c->pinged = true;
        c->stream.heard = false;
        conn_set_timer(c, c->server->options.pong_timeout_ms);
    } else if (c->state == WS_OPEN && c->stream.heard) {
        c->pinged = false;
        conn_set_timer(c, c->server->options.ping_ms);
    } else {
        if (c->state == WS_OPEN)
            put_close(c, 1011, "");
        conn_end(c);
    }
}

/* ---- what the program calls ---- */

int ws_close(struct ws_conn *c, int code, const char *reason)
{
    const char *why = reason != NULL ? reason : "";

    if (!may_be_sent(code) || strlen(why) > WS_REASON_MOST || !is_utf8(why, strlen(why)))
        return -EINVAL;
    if (c->state != WS_OPEN)
        return -ENOTCONN;
    put_close(c, code, why);
    c->state = WS_CLOSING;
    conn_set_timer(c, c->server->options.close_ms);
    return 0;
}

int ws_send(struct ws_conn *c, enum ws_opcode opcode, const void *data, size_t n)
{
    const size_t most = c->server->options.max_queue;
    const size_t header = n < 126 ? 2 : n < 65536 ? 4 : 10;

    if (opcode != WS_TEXT && opcode != WS_BINARY)
        return -EINVAL;
    if (c->state != WS_OPEN)
        return -ENOTCONN;
    if (stream_waiting(&c->stream) > 0)
        stream_flush(&c->stream);
    if (n > most || header + n > most - stream_waiting(&c->stream)) {
        refuse(c, WS_TOO_SLOW);
        return -ENOBUFS;
    }
    put_frame(c, opcode, data, n);
    return 0;
}

int ws_broadcast(struct ws_server *s, const char *path, enum ws_opcode opcode, const void *data,
                 size_t n)
{
    struct ws_conn *c;
    int count = 0;

    LIST_FOREACH(c, &s->connections, link)
    if (c->state == WS_OPEN && (path == NULL || strcmp(path, c->path) == 0))
        if (ws_send(c, opcode, data, n) == 0)
            count++;
    return count;
}

int ws_server_stop(struct ws_server *s, int code, void (*cb)(int result, void *arg), void *arg)
{
    struct ws_conn *c;

    if (!may_be_sent(code))
        return -EINVAL;
    if (s->listener == NULL)
        return -EALREADY;
    server_close_listener(s);
    s->stopped_cb = cb;
    s->stopped_arg = arg;
    if (LIST_EMPTY(&s->connections))
        event_active(s->stopped, EV_TIMEOUT, 0);
    LIST_FOREACH(c, &s->connections, link)
    if (ws_close(c, code, NULL) != 0 && c->state == WS_REQUEST)
        stream_break(&c->stream);
    return 0;
}
