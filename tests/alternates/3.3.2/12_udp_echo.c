/* 12_udp_echo.c: another right solution: recvmmsg() takes a batch of datagrams with one system
 * call, and sendmmsg() sends the answers with another; one byte more of room tells what is too long
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "12_udp_echo.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct collector {
    evutil_socket_t fd;     /* bound, and non-blocking; owned; -1: none */
    struct event *readable; /* runs on_readable() while there is a datagram; owned */
    struct collector_counts counts;
    reading_fn *on_reading;
    void *arg;
};

/* A batch of datagrams, and of their answers. */
struct batch {
    struct mmsghdr messages[BATCH_MOST], answers[BATCH_MOST];
    struct iovec rooms[BATCH_MOST], texts[BATCH_MOST];
    struct sockaddr_storage stations[BATCH_MOST];
    char bytes[BATCH_MOST][READING_MOST + 1];
    char words[BATCH_MOST][32];
};

/* Points the headers of a batch to their rooms. */
static void batch_clear(struct batch *b)
{
    memset(b, 0, sizeof(*b));
    for (int k = 0; k < BATCH_MOST; k++) {
        b->rooms[k] = (struct iovec){b->bytes[k], sizeof(b->bytes[k])};
        b->messages[k].msg_hdr = (struct msghdr){.msg_name = &b->stations[k],
                                                 .msg_namelen = sizeof(b->stations[k]),
                                                 .msg_iov = &b->rooms[k],
                                                 .msg_iovlen = 1};
    }
}

/* Counts a datagram, tells of it if it is a reading, and prepares its answer. */
static void collector_take(struct collector *c, struct batch *b, int k)
{
    const size_t n = b->messages[k].msg_len;
    struct msghdr *answer = &b->answers[k].msg_hdr;

    if (n > READING_MOST) {
        c->counts.too_long++;
        (void)strcpy(b->words[k], "too long");
    } else if (n > 0) {
        c->counts.readings++;
        c->on_reading(b->bytes[k], n, c->arg);
        (void)snprintf(b->words[k], sizeof(b->words[k]), "ok %ld", c->counts.readings);
    } else {
        c->counts.probes++;
    }
    b->texts[k] = (struct iovec){b->words[k], strlen(b->words[k])};
    *answer = (struct msghdr){.msg_name = &b->stations[k],
                              .msg_namelen = b->messages[k].msg_hdr.msg_namelen,
                              .msg_iov = &b->texts[k],
                              .msg_iovlen = 1};
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct collector *c = arg;
    struct batch b;

    (void)what;
    batch_clear(&b);
    const int n = recvmmsg(fd, b.messages, BATCH_MOST, 0, NULL);
    for (int k = 0; k < n; k++)
        collector_take(c, &b, k);
    if (n > 0)
        (void)sendmmsg(fd, b.answers, (unsigned)n, 0); /* what cannot be sent at once is lost */
}

/* ---- given, but for the event: start ---- */

struct collector *collector_start(struct event_base *base, int port, reading_fn *on_reading,
                                  void *arg)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    struct collector *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return NULL;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->on_reading = on_reading;
    c->arg = arg;
    c->fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (c->fd < 0 || evutil_make_socket_nonblocking(c->fd) != 0 ||
        bind(c->fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        goto bad;
    c->readable = event_new(base, c->fd, EV_READ | EV_PERSIST, on_readable, c);
    if (c->readable == NULL || event_add(c->readable, NULL) != 0)
        goto bad;
    return c;
bad:
    collector_free(c);
    return NULL;
}

/* ---- given: free ---- */

int collector_port(const struct collector *c)
{
    struct sockaddr_in address;
    socklen_t length = sizeof(address);

    if (getsockname(c->fd, (struct sockaddr *)&address, &length) != 0)
        return -1;
    return ntohs(address.sin_port);
}

struct collector_counts collector_counts(const struct collector *c)
{
    return c->counts;
}

void collector_free(struct collector *c)
{
    if (c == NULL)
        return;
    if (c->readable != NULL)
        event_free(c->readable);
    if (c->fd >= 0)
        (void)evutil_closesocket(c->fd);
    free(c);
}
