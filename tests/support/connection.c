/* connection.c: see connection.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "connection.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "faults.h"
#include "internal_event.h"
#include "real.h"
#include "suite.h"

REAL_FUNCTION(ssize_t, send, (int, const void *, size_t, int));

/* How much of a flood is made at a time. */
enum { BLOCK = 16 * 1024 };

/* --- ending --- */

static void close_descriptor(struct connection *c)
{
    if (c->fd < 0)
        return;
    event_del(&c->readable);
    event_del(&c->writable);
    event_del(&c->timer);
    close(c->fd);
    c->fd = -1;
}

static void reset_descriptor(struct connection *c)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close_descriptor(c);
}

static void note_client_end(struct connection *c)
{
    if (c->ended_at_ms < 0)
        c->ended_at_ms = now_ms();
}

/* --- bytes out --- */

void connection_transmit(struct connection *c, const void *bytes, size_t n)
{
    ck_assert_int_eq(evbuffer_add(c->out, bytes, n), 0);
}

/* Hands over to the kernel what it takes. A client that is gone is what many a script is about. */
static void flush(struct connection *c)
{
    const size_t most = 64 * 1024;
    size_t n;

    while (c->fd >= 0 && (n = evbuffer_get_length(c->out)) > 0) {
        n = n < most ? n : most;
        ssize_t sent = REAL(send)(c->fd, evbuffer_pullup(c->out, (ev_ssize_t)n), n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            event_add(&c->writable, NULL);
            return;
        }
        if (sent < 0) {
            note_client_end(c);
            close_descriptor(c);
            return;
        }
        evbuffer_drain(c->out, (size_t)sent);
    }
}

static bool is_flushed(const struct connection *c)
{
    return evbuffer_get_length(c->out) == 0;
}

static void give(struct connection *c, const void *bytes, size_t n)
{
    if (n > 0 && c->layer)
        c->layer->give(c->state, c, bytes, n);
    else
        connection_transmit(c, bytes, n);
    c->n_sent += n;
    flush(c);
}

static void say_end(struct connection *c)
{
    if (c->layer)
        c->layer->say_end(c->state, c);
    flush(c);
}

/* --- bytes in --- */

void connection_deliver(struct connection *c, const void *bytes, size_t n)
{
    c->received = realloc(c->received, c->n + n + 1);
    ck_assert_ptr_nonnull(c->received);
    memcpy(c->received + c->n, bytes, n);
    c->n += n;
    c->received[c->n] = '\0';
}

/* The number behind "Content-Length:" in a head, or 0. */
static size_t content_length(const char *head, size_t n)
{
    static const char name[] = "\r\nContent-Length:";
    const size_t length = sizeof name - 1;

    for (size_t i = 0; i + length < n; i++)
        if (strncasecmp(head + i, name, length) == 0)
            return strtoul(head + i + length, NULL, 10);
    return 0;
}

/* --- steps: each is true when it is done --- */

static bool await_bytes(struct connection *c, size_t n)
{
    if (c->n - c->n_taken < n)
        return false;
    c->n_taken += n;
    return true;
}

static bool await_request(struct connection *c, bool with_body)
{
    const char *head = c->received + c->n_taken;
    const char *end = memmem(head, c->n - c->n_taken, "\r\n\r\n", 4);

    if (end == NULL)
        return false;
    size_t n = (size_t)(end - head) + 4;
    if (!await_bytes(c, n + (with_body ? content_length(head, n) : 0)))
        return false;
    c->n_requests++;
    return true;
}

static void start_timer(struct connection *c, int ms)
{
    const struct timeval wait = {ms / 1000, ms % 1000 * 1000};

    c->woken = false;
    ck_assert_int_eq(event_add(&c->timer, &wait), 0);
}

static bool wait_for(struct connection *c, int ms)
{
    if (!c->begun && ms <= 0)
        return true;
    if (!c->begun)
        start_timer(c, ms);
    c->begun = true;
    return c->woken;
}

static bool send_once(struct connection *c, const struct step *step)
{
    if (!c->begun)
        give(c, step->bytes, step->n);
    c->begun = true;
    return is_flushed(c);
}

/* Gives `n` bytes of the step's, which are repeated for ever, from where it is. */
static void give_piece(struct connection *c, const struct step *step, size_t n)
{
    char *piece = malloc(n);

    ck_assert_ptr_nonnull(piece);
    for (size_t i = 0; i < n; i++)
        piece[i] = step->bytes[(c->progress + i) % step->n];
    c->progress += n;
    give(c, piece, n);
    free(piece);
}

/* Sends pieces of `n` bytes, `most` bytes in all. */
static bool send_pieces(struct connection *c, const struct step *step, size_t n, size_t most)
{
    while (c->fd >= 0 && is_flushed(c)) {
        if (c->progress >= most)
            return true;
        if (step->ms > 0 && c->begun && !c->woken)
            return false;
        c->begun = true;
        give_piece(c, step, n < most - c->progress ? n : most - c->progress);
        if (step->ms > 0 && c->fd >= 0)
            start_timer(c, step->ms);
    }
    return false;
}

static bool shut_down(struct connection *c, bool whole)
{
    if (!c->begun)
        say_end(c);
    c->begun = true;
    if (c->fd < 0 || !is_flushed(c))
        return false;
    if (whole)
        close_descriptor(c);
    else
        (void)shutdown(c->fd, SHUT_WR); /* fails where the client has reset it */
    return true;
}

static bool take_step(struct connection *c, const struct step *step)
{
    switch (step->kind) {
    case STEP_STAY:
        return false;
    case STEP_AWAIT_REQUEST:
    case STEP_AWAIT_HEAD:
        return await_request(c, step->kind == STEP_AWAIT_REQUEST);
    case STEP_AWAIT_BYTES:
        return await_bytes(c, step->n);
    case STEP_AWAIT_END:
        c->outlives = true;
        return c->ended_at_ms >= 0;
    case STEP_AFTER:
        return wait_for(c, step->ms);
    case STEP_AT:
        return wait_for(c, step->ms - now_ms());
    case STEP_SEND:
        return send_once(c, step);
    case STEP_DRIP:
        return send_pieces(c, step, 1, step->n);
    case STEP_FLOOD:
        return send_pieces(c, step, step->ms > 0 ? step->n : BLOCK, step->most);
    case STEP_STALL:
        event_del(&c->readable);
        return true;
    case STEP_RESUME:
        event_add(&c->readable, NULL);
        return true;
    case STEP_CALL:
        step->call(step->arg);
        return true;
    case STEP_SHUTDOWN:
    case STEP_CLOSE:
        return shut_down(c, step->kind == STEP_CLOSE);
    case STEP_CUT:
        close_descriptor(c);
        return true;
    case STEP_RESET:
        reset_descriptor(c);
        return true;
    case STEP_REPEAT:
        return true;
    }
    return false;
}

void connection_go_on(struct connection *c)
{
    if (c->running)
        return;
    c->running = true;
    while (c->fd >= 0 && (!c->layer || c->layer->is_ready(c->state)) && take_step(c, c->step)) {
        c->step = c->step->kind == STEP_REPEAT ? c->script : c->step + 1;
        c->begun = c->woken = false;
        c->progress = 0;
        event_del(&c->timer);
    }
    c->running = false;
}

/* --- what wakes it --- */

static void on_client_end(struct connection *c)
{
    note_client_end(c);
    event_del(&c->readable);
    if (c->outlives)
        connection_go_on(c);
    else
        close_descriptor(c);
}

static enum taken take(struct connection *c, const void *bytes, size_t n)
{
    if (c->layer)
        return c->layer->take(c->state, c, bytes, n);
    connection_deliver(c, bytes, n);
    return TAKEN;
}

void connection_look(struct connection *c)
{
    char bytes[16 * 1024];
    long n = 0;
    enum taken taken = TAKEN;

    if (c->fd < 0 || !event_pending(&c->readable, EV_READ, NULL))
        return;
    while (taken == TAKEN && (n = io_raw_read(c->fd, bytes, sizeof bytes)) > 0)
        taken = take(c, bytes, (size_t)n);
    bool is_reset = n < 0 && errno != EAGAIN;
    flush(c); /* what the layer has to say */
    if (is_reset)
        note_client_end(c);
    if (is_reset || taken == TAKEN_BROKEN) {
        close_descriptor(c);
        return;
    }
    connection_go_on(c);
    if (c->fd >= 0 && (n == 0 || taken == TAKEN_LAST))
        on_client_end(c);
}

static void on_readable(evutil_socket_t fd, short what, void *connection)
{
    (void)fd;
    (void)what;
    connection_look(connection);
}

static void on_writable(evutil_socket_t fd, short what, void *connection)
{
    (void)fd;
    (void)what;
    flush(connection);
    connection_go_on(connection);
}

static void on_time(evutil_socket_t fd, short what, void *connection)
{
    struct connection *c = connection;

    (void)fd;
    (void)what;
    c->woken = true;
    connection_go_on(c);
}

/* --- a connection --- */

static void assign(struct connection *c, struct event *ev, int fd, short what,
                   event_callback_fn callback)
{
    ck_assert_int_eq(event_assign(ev, test_base(), fd, what, callback, c), 0);
    event_make_internal(ev);
}

struct connection *connection_new(int fd, const struct step *script, const struct layer *layer,
                                  void *server)
{
    const int buffer = 64 * 1024; /* a client that does not read is soon noticed */
    struct connection *c = calloc(1, sizeof *c);

    ck_assert_ptr_nonnull(c);
    c->fd = fd;
    c->layer = layer;
    c->script = c->step = script;
    c->ended_at_ms = -1;
    c->received = calloc(1, 1);
    c->out = evbuffer_new();
    c->state = layer ? layer->begin(server) : NULL;
    ck_assert(c->received && c->out && (!layer || c->state));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    assign(c, &c->readable, fd, EV_READ | EV_PERSIST, on_readable);
    assign(c, &c->writable, fd, EV_WRITE, on_writable);
    assign(c, &c->timer, -1, 0, on_time);
    ck_assert_int_eq(event_add(&c->readable, NULL), 0);
    return c;
}

bool connection_is_open(const struct connection *c)
{
    return c->fd >= 0 && c->ended_at_ms < 0;
}

void connection_free(struct connection *c)
{
    close_descriptor(c);
    if (c->layer)
        c->layer->end(c->state);
    evbuffer_free(c->out);
    free(c->received);
    free(c);
}
