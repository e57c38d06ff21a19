/* load_connection.c: one connection of load.c: its requests, and their answers
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "load.h"

static size_t room_each(const struct load *load)
{
    return load->size + OVERHEAD_MOST;
}

void load_fail(struct load *load, const char *why)
{
    load->wrong = why;
    (void)event_base_loopbreak(load->base);
}

/* Sends what there is to send, as far as there is room for it. */
static void connection_flush(struct connection *c)
{
    ssize_t n;

    while (c->out_begin < c->out_end) {
        n = send(c->fd, c->out + c->out_begin, c->out_end - c->out_begin, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            (void)event_add(c->writable, NULL);
            return;
        }
        if (n < 0) {
            load_fail(c->load, "a connection is broken");
            return;
        }
        c->out_begin += (size_t)n;
    }
    c->out_begin = c->out_end = 0;
}

void connection_ask(struct connection *c, unsigned count)
{
    struct load *load = c->load;
    const double now = seconds_of(CLOCK_MONOTONIC);
    size_t n;

    if (load->ending)
        return;
    if (c->out_begin > 0) /* so that there is room for `depth` requests */
        memmove(c->out, c->out + c->out_begin, c->out_end - c->out_begin);
    c->out_end -= c->out_begin;
    c->out_begin = 0;
    load->in_flight += (int)count;
    for (; count > 0; count--) {
        c->sent[c->asked % (unsigned)load->depth] = now;
        n = load->protocol->request(c->out + c->out_end, c->asked++, load->size);
        if (load->protocol->socket_type == SOCK_DGRAM)
            (void)send(c->fd, c->out, n, 0); /* it may be lost on its way as well */
        else
            c->out_end += n;
    }
    connection_flush(c);
}

/* The answers up to request `number` have come or, all but that one, are lost. */
static void connection_count(struct connection *c, unsigned number, double now)
{
    struct load *load = c->load;
    const double us = (now - c->sent[number % (unsigned)load->depth]) * 1e6;

    if (load->measuring) {
        latency_add(load->answers, us);
        load->lost += number - c->answered;
    }
    load->in_flight -= (int)(number + 1 - c->answered);
    load->silent_ms = 0;
    c->answered = number + 1;
    c->silent = false;
}

/* Takes one answer from `bytes`. Returns its length; 0: there is no whole one; -1: it is wrong. */
static ssize_t connection_take(struct connection *c, const char *bytes, size_t n, double now)
{
    unsigned number = c->answered;
    const ssize_t taken = c->load->protocol->answer(bytes, n, &number, c->load->size);

    if (taken <= 0)
        return taken;
    if (number - c->answered < c->asked - c->answered) /* else it is late: it counts as lost */
        connection_count(c, number, now);
    else if (c->load->protocol->socket_type == SOCK_STREAM)
        return -1; /* nobody has asked */
    return taken;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct connection *c = arg;
    struct load *load = c->load;
    const bool datagrams = load->protocol->socket_type == SOCK_DGRAM;
    const unsigned before = c->answered;
    const size_t room = room_each(load) * (size_t)load->depth;
    size_t begin = 0;
    ssize_t n;

    (void)what;
    n = recv(fd, c->in + c->in_length, room - c->in_length, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0 || (n == 0 && !datagrams)) {
        load_fail(load, "a connection has ended");
        return;
    }
    c->in_length += (size_t)n;
    const double now = seconds_of(CLOCK_MONOTONIC);
    do {
        n = connection_take(c, c->in + begin, c->in_length - begin, now);
        begin += n > 0 ? (size_t)n : 0;
    } while (n > 0 && begin < c->in_length);
    if (n < 0 || (n == 0 && c->in_length == room)) {
        load_fail(load, "a wrong answer");
        return;
    }
    c->in_length -= begin;
    memmove(c->in, c->in + begin, c->in_length);
    connection_ask(c, c->answered - before);
    if (load->ending && load->in_flight == 0)
        (void)event_base_loopbreak(load->base);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    connection_flush(arg);
}

bool connection_greet(struct connection *c)
{
    const struct load *load = c->load;
    const struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((unsigned short)load->port),
                                   .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    const int on = 1;
    ssize_t taken = 0, n = 1;

    if (connect(c->fd, (const struct sockaddr *)&to, sizeof(to)) != 0 ||
        setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0)
        return false;
    if (load->protocol->socket_type == SOCK_STREAM &&
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
        return false;
    const size_t length = load->protocol->request(c->out, c->asked++, load->size);
    if (send(c->fd, c->out, length, MSG_NOSIGNAL) != (ssize_t)length)
        return false;
    while (taken == 0 && n > 0 && c->in_length < room_each(load)) {
        n = recv(c->fd, c->in + c->in_length, room_each(load) - c->in_length, 0);
        c->in_length += n > 0 ? (size_t)n : 0;
        taken = load->protocol->answer(c->in, c->in_length, &c->answered, load->size);
    }
    if (taken <= 0 || (size_t)taken != c->in_length)
        return false;
    c->in_length = 0;
    c->answered = 1;
    return evutil_make_socket_nonblocking(c->fd) == 0;
}

bool connection_open(struct connection *c, struct load *load)
{
    const size_t room = room_each(load) * (size_t)load->depth;

    c->load = load;
    c->fd = socket(AF_INET, load->protocol->socket_type, 0);
    c->in = malloc(room);
    c->out = malloc(room);
    c->sent = calloc((size_t)load->depth, sizeof(*c->sent));
    c->readable = event_new(load->base, c->fd, EV_READ | EV_PERSIST, on_readable, c);
    c->writable = event_new(load->base, c->fd, EV_WRITE, on_writable, c);
    return c->fd >= 0 && c->in != NULL && c->out != NULL && c->sent != NULL &&
           c->readable != NULL && c->writable != NULL && event_add(c->readable, NULL) == 0;
}

void connection_close(struct connection *c)
{
    if (c->readable != NULL)
        event_free(c->readable);
    if (c->writable != NULL)
        event_free(c->writable);
    if (c->fd >= 0)
        (void)evutil_closesocket(c->fd);
    free(c->in);
    free(c->out);
    free(c->sent);
}
