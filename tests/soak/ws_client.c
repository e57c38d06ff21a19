/* ws_client.c: see ws_client.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "ws_client.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { PAUSE_MS = 400, PIECE = 17, SLOW_MESSAGES = 2, FAILURES_SHOWN = 10 };
enum { TEXT = 0x1, BINARY = 0x2, CLOSE = 0x8, PING = 0x9, PONG = 0xa, FIN = 0x80, MASKED = 0x80 };

static const char REQUEST[] = "GET /soak HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                              "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
static const char ACCEPT[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="; /* RFC 6455, section 1.3 */

/* What is not a request for a WebSocket. */
static const char *const NONSENSE[] = {
    "\r\n\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
    "POST /soak HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "\x16\x03\x01\x02",
    "GET /soak HTTP/1.1\r\n: \r\n\r\n"};

/* Frames that nobody may send, and the code that they are refused with. */
static const struct refused {
    const char *bytes;
    size_t n;
    int code;
} FORBIDDEN[] = {
    {"\x81\x01x", 3, 1002},                           /* not masked */
    {"\xc1\x80\1\2\3\4", 6, 1002},                    /* a reserved bit */
    {"\x83\x80\1\2\3\4", 6, 1002},                    /* a reserved opcode */
    {"\x09\x80\1\2\3\4", 6, 1002},                    /* a ping in fragments */
    {"\x89\xfe\0\x7e\1\2\3\4", 8, 1002},              /* a ping of 126 bytes */
    {"\x80\x80\1\2\3\4", 6, 1002},                    /* goes on with nothing */
    {"\x81\x81\0\0\0\0\xff", 7, 1007},                /* no UTF-8 */
    {"\x01\x82\0\0\0\0\xed\xa0", 8, 1007},            /* half of a surrogate: early */
    {"\x82\xff\0\0\1\0\0\0\0\0\1\2\3\4", 14, 1009},   /* 2^40 bytes are announced */
    {"\x88\x81\0\0\0\0\3", 7, 1002},                  /* half a code */
    {"\x88\x82\0\0\0\0\x03\xed", 8, 1002},            /* 1005 may not be sent */
    {"\x01\x81\0\0\0\0a\x81\x81\0\0\0\0b", 14, 1002}, /* a message within another */
};

void soak_fail(struct soak *soak, const char *what)
{
    if (++soak->failures <= FAILURES_SHOWN)
        fprintf(stderr, "ws_soak: %s\n", what);
}

/* A number below `below` (xorshift*: Vigna, "An experimental exploration of Marsaglia's xorshift
 * generators", 2016). */
static unsigned draw(struct client *c, unsigned below)
{
    c->random ^= c->random >> 12;
    c->random ^= c->random << 25;
    c->random ^= c->random >> 27;
    return (unsigned)((c->random * 2685821657736338717ULL) >> 33) % below;
}

static uint64_t sum_of(const uint8_t *bytes, size_t n)
{
    uint64_t sum = 14695981039346656037ULL; /* FNV-1a */
    for (size_t k = 0; k < n; k++)
        sum = (sum ^ bytes[k]) * 1099511628211ULL;
    return sum | 1; /* never the 0 that says: none */
}

static void act_in(struct client *c, unsigned ms)
{
    const struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    if (event_add(c->act, &wait) != 0)
        soak_fail(c->soak, "event_add() failed");
}

/* --- what it sends --------------------------------------------------------------------------- */

static void put(struct client *c, const void *bytes, size_t n)
{
    if (evbuffer_add(bufferevent_get_output(c->stream), bytes, n) != 0)
        soak_fail(c->soak, "evbuffer_add() failed");
}

static void put_frame(struct client *c, unsigned first, const uint8_t *data, size_t n)
{
    uint8_t head[14] = {(uint8_t)first}, mask[4], masked[4096];
    size_t size = 2;
    if (n < 126) {
        head[1] = (uint8_t)(MASKED | n);
    } else {
        size = n <= UINT16_MAX ? 4 : 10;
        head[1] = MASKED | (size == 4 ? 126 : 127);
        for (size_t k = 2; k < size; k++)
            head[k] = (uint8_t)(n >> 8 * (size - 1 - k));
    }
    for (size_t k = 0; k < sizeof mask; k++)
        head[size++] = mask[k] = (uint8_t)draw(c, 256);
    put(c, head, size);
    for (size_t at = 0; at < n;) {
        size_t portion = n - at < sizeof masked ? n - at : sizeof masked;
        for (size_t k = 0; k < portion; k++)
            masked[k] = data[at + k] ^ mask[k % 4]; /* a portion but the last is a multiple of 4 */
        put(c, masked, portion);
        at += portion;
    }
}

/* A message of n bytes of ASCII, in three fragments with a ping between them, or in one frame. */
static void put_message(struct client *c, unsigned opcode, size_t n, bool fragments)
{
    uint8_t *data = malloc(n + 1);
    if (data == NULL) {
        soak_fail(c->soak, "no memory");
        return;
    }
    for (size_t k = 0; k < n; k++)
        data[k] = (uint8_t)(' ' + draw(c, 95));
    if (fragments) {
        put_frame(c, opcode, data, n / 3);
        put_frame(c, FIN | PING, data, n < 125 ? n : 125);
        put_frame(c, 0, data + n / 3, n / 3);
        put_frame(c, FIN, data + n / 3 * 2, n - n / 3 * 2);
    } else {
        put_frame(c, FIN | opcode, data, n);
    }
    c->expected = sum_of(data, n);
    c->expected_n = n;
    free(data);
}

/* --- what it gets ---------------------------------------------------------------------------- */

static void client_gone(struct client *c, bool reset)
{
    const struct linger at_once = {.l_onoff = 1};
    if (reset)
        (void)setsockopt(bufferevent_getfd(c->stream), SOL_SOCKET, SO_LINGER, &at_once,
                         sizeof at_once);
    bufferevent_free(c->stream);
    c->stream = NULL;
    c->phase = ABSENT;
    if (!c->soak->over)
        act_in(c, draw(c, PAUSE_MS));
    else
        (void)event_del(c->act);
}

static void on_close_frame(struct client *c, const uint8_t *data, size_t n)
{
    int code = n >= 2 ? data[0] << 8 | data[1] : 1005;
    if (c->phase == REFUSED && code == c->code)
        c->soak->refusals++;
    else if (c->phase == REFUSED && !c->soak->over)
        soak_fail(c->soak, "a forbidden frame was refused with another code");
    else if (c->phase == OPEN && !c->soak->over)
        soak_fail(c->soak, "the server closes without a reason");
    if (c->phase == OPEN || c->phase == REFUSED)
        put_frame(c, FIN | CLOSE, data, n < 2 ? 0 : 2);
    c->phase = LEAVING;
}

static void on_frame(struct client *c, unsigned first, const uint8_t *data, size_t n)
{
    unsigned opcode = first & 0x0f;
    if ((first & 0xf0) != FIN)
        soak_fail(c->soak, "the server sends fragments, or reserved bits");
    if (opcode == CLOSE) {
        on_close_frame(c, data, n);
    } else if (opcode == PING && c->phase == OPEN) {
        if (draw(c, 8) != 0) /* some have fallen asleep */
            put_frame(c, FIN | PONG, data, n);
    } else if ((opcode == TEXT || opcode == BINARY) && c->phase == OPEN) {
        bool right = c->expected != 0 && n == c->expected_n && sum_of(data, n) == c->expected;
        c->soak->echoes += right;
        c->expected = 0;
        if (!right)
            soak_fail(c->soak, "a message came back changed, or twice");
    }
}

/* Takes one frame out of `input`; false: it is not complete. */
static bool take_frame(struct client *c, struct evbuffer *input)
{
    uint8_t head[10];
    ssize_t have = evbuffer_copyout(input, head, sizeof head);
    if (have < 2)
        return false;
    size_t n = head[1], size = n == 127 ? 10 : n == 126 ? 4 : 2;
    if ((size_t)have < size)
        return false;
    if (size > 2)
        n = 0;
    for (size_t k = 2; k < size; k++)
        n = n << 8 | head[k];
    if (evbuffer_get_length(input) < size + n)
        return false;
    (void)evbuffer_drain(input, size);
    on_frame(c, head[0], evbuffer_pullup(input, (ssize_t)n), n);
    (void)evbuffer_drain(input, n);
    return true;
}

/* The answer to the request has come, when its empty line has. */
static bool take_answer(struct client *c, struct evbuffer *input)
{
    struct evbuffer_ptr end = evbuffer_search(input, "\r\n\r\n", 4, NULL);
    if (end.pos < 0)
        return false;
    struct evbuffer_ptr key = evbuffer_search(input, ACCEPT, sizeof ACCEPT - 1, NULL);
    if (key.pos < 0 && !c->soak->over)
        soak_fail(c->soak, "a right request was refused");
    (void)evbuffer_drain(input, (size_t)end.pos + 4);
    c->phase = key.pos < 0 ? LEAVING : OPEN;
    return true;
}

static void on_readable(struct bufferevent *stream, void *arg)
{
    struct client *c = arg;
    struct evbuffer *input = bufferevent_get_input(stream);
    if (c->asked == SIZE_MAX) { /* it asked for nonsense */
        if (evbuffer_search(input, "HTTP/1.1 101", 12, NULL).pos >= 0)
            soak_fail(c->soak, "nonsense was answered with a WebSocket");
        (void)evbuffer_drain(input, evbuffer_get_length(input));
        return;
    }
    if (c->phase == ASKING && !take_answer(c, input))
        return;
    while (c->phase != ABSENT && take_frame(c, input))
        ;
}

static void on_event(struct bufferevent *stream, short what, void *arg)
{
    struct client *c = arg;
    if (what & BEV_EVENT_CONNECTED)
        return;
    (void)stream;
    if ((what & BEV_EVENT_EOF) && c->phase == REFUSED && !c->soak->over)
        soak_fail(c->soak, "a forbidden frame was refused without a Close frame");
    client_gone(c, false);
}

/* --- what it does ---------------------------------------------------------------------------- */

static void client_connect(struct client *c)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)c->soak->port),
                             .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    const int little = 4096; /* so that the server notices who does not read */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little) == 0)
        c->stream = bufferevent_socket_new(c->soak->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (c->stream == NULL) {
        soak_fail(c->soak, "no socket, or no memory");
        return;
    }
    c->phase = ASKING;
    c->asked = 0;
    c->expected = 0;
    bufferevent_setcb(c->stream, on_readable, NULL, on_event, c);
    if (bufferevent_enable(c->stream, EV_READ) != 0 ||
        bufferevent_socket_connect(c->stream, (struct sockaddr *)&to, sizeof to) != 0) {
        soak_fail(c->soak, "cannot connect");
        return;
    }
    act_in(c, draw(c, PAUSE_MS));
}

static void client_ask(struct client *c)
{
    size_t left = sizeof REQUEST - 1 - c->asked;
    unsigned how = c->asked == 0 ? draw(c, 16) : 0;
    if (how == 1) {
        const char *nonsense = NONSENSE[draw(c, sizeof NONSENSE / sizeof *NONSENSE)];
        put(c, nonsense, strlen(nonsense));
        c->asked = SIZE_MAX;
        c->phase = LEAVING;
    } else if (how == 2) {
        c->phase = LEAVING; /* it never asks */
    } else {
        size_t n = how > 3 || left < PIECE ? left : PIECE;
        put(c, REQUEST + c->asked, n);
        c->asked += n;
    }
    act_in(c, draw(c, c->asked > 0 && left > 0 ? 30 : PAUSE_MS));
}

/* Sends much and reads nothing, until the server has enough of it. */
static void client_stall(struct client *c)
{
    (void)bufferevent_disable(c->stream, EV_READ);
    for (int k = 0; k < SLOW_MESSAGES; k++)
        put_message(c, BINARY, SOAK_FLOOD, false);
    c->phase = LEAVING;
    act_in(c, 1000 + draw(c, 2000));
}

static void client_break_rules(struct client *c)
{
    const struct refused *bad = &FORBIDDEN[draw(c, sizeof FORBIDDEN / sizeof *FORBIDDEN)];
    put(c, bad->bytes, bad->n);
    c->code = bad->code;
    c->phase = REFUSED; /* on_close_frame() ends it */
}

static void client_play(struct client *c)
{
    unsigned what = draw(c, 24);
    if (c->expected != 0 && what < 14)
        what = 14; /* a message at a time, or their echoes could not be told apart */
    if (what < 9)
        put_message(c, TEXT, draw(c, 2000), what == 0);
    else if (what < 12)
        put_message(c, BINARY, draw(c, SOAK_FLOOD), what == 9);
    else if (what < 14)
        client_break_rules(c);
    else if (what < 18)
        put_frame(c, FIN | PING, (const uint8_t *)"are you there?", draw(c, 15));
    else if (what == 18)
        client_leave(c);
    else if (what == 19)
        put(c, "\x81\xfe\x01", 3), c->phase = LEAVING; /* hangs up within a frame */
    else if (what == 20)
        put_frame(c, FIN | CLOSE, (const uint8_t *)"\x03\xe8", 2), c->phase = LEAVING;
    else if (what == 21)
        (void)shutdown(bufferevent_getfd(c->stream), SHUT_WR), c->phase = LEAVING;
    else if (what == 22 && draw(c, 8) == 0)
        client_stall(c);
    if (c->phase == OPEN || (c->phase == LEAVING && what != 22))
        act_in(c, draw(c, PAUSE_MS));
}

static void on_act(evutil_socket_t fd, short what, void *arg)
{
    struct client *c = arg;
    (void)fd;
    (void)what;
    if (c->phase == ABSENT && !c->soak->over)
        client_connect(c);
    else if (c->phase == ASKING && c->asked < sizeof REQUEST - 1)
        client_ask(c);
    else if (c->phase == OPEN)
        client_play(c);
    else if (c->phase == LEAVING)
        client_leave(c);
    else if (c->phase == ASKING)
        act_in(c, PAUSE_MS); /* the answer is awaited */
}

bool client_open(struct client *c, struct soak *soak, unsigned k)
{
    *c = (struct client){.soak = soak, .random = (uint64_t)(soak->seed + 1) << 32 | (k + 1)};
    c->act = evtimer_new(soak->base, on_act, c);
    if (c->act != NULL)
        act_in(c, draw(c, 2 * PAUSE_MS));
    return c->act != NULL;
}

void client_leave(struct client *c)
{
    if (c->stream != NULL)
        client_gone(c, draw(c, 2) == 0);
}

void client_close(struct client *c)
{
    if (c->stream != NULL)
        bufferevent_free(c->stream);
    if (c->act != NULL)
        event_free(c->act);
    c->stream = NULL;
    c->act = NULL;
}
