/* 12_udp_echo.c: a collector of weather readings, which stations send over UDP
 *
 * 12_udp_echo.h says what a datagram may be, and what it is answered with. Given are the socket,
 * the counts and the choice of the answer. Yours are the event that calls when there is a datagram,
 * and what is done then: take datagrams, one after the other, and send their answers. Two stations
 * in main():
 * ./workbook run 12_udp_echo --virtual
 *
 * SPDX-License-Identifier: MIT
 */
#include "12_udp_echo.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <stdbool.h>
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

/* One datagram, and who has sent it. */
struct datagram {
    char bytes[READING_MOST]; /* not NUL-terminated */
    size_t n;                 /* bytes of it that are in use, perhaps 0 */
    bool too_long;            /* it had more than READING_MOST */
    struct sockaddr_storage station;
    socklen_t station_length; /* bytes of `station` that are in use */
};

/* ---- yours ---- */

/* Takes the next datagram. False if there was none to take: nothing is there, or a signal has
 * interrupted the call, or another error. */
static bool datagram_receive(evutil_socket_t fd, struct datagram *d)
{
    struct iovec room = {.iov_base = d->bytes, .iov_len = sizeof(d->bytes)};
    struct msghdr message = {.msg_name = &d->station,
                             .msg_namelen = sizeof(d->station), /* room now, its length then */
                             .msg_iov = &room,
                             .msg_iovlen = 1};
    const ssize_t n = recvmsg(fd, &message, 0);

    if (n < 0)
        return false;
    d->n = (size_t)n;
    d->too_long = (message.msg_flags & MSG_TRUNC) != 0;
    d->station_length = message.msg_namelen;
    return true;
}

/* Answers the datagram `d` with one of `n` bytes. */
static void datagram_answer(evutil_socket_t fd, const struct datagram *d, const char *bytes,
                            size_t n)
{
    /* UDP may lose it on its way as well; the station asks again, or does without. */
    (void)sendto(fd, bytes, n, 0, (const struct sockaddr *)&d->station, d->station_length);
}

/* Given: counts a datagram, tells of it if it is a reading, and answers it. */
static void collector_take(struct collector *c, const struct datagram *d)
{
    char answer[32] = "";

    if (d->too_long) {
        c->counts.too_long++;
        (void)snprintf(answer, sizeof(answer), "too long");
    } else if (d->n == 0) {
        c->counts.probes++;
    } else {
        c->counts.readings++;
        c->on_reading(d->bytes, d->n, c->arg);
        (void)snprintf(answer, sizeof(answer), "ok %ld", c->counts.readings);
    }
    datagram_answer(c->fd, d, answer, strlen(answer));
}

/* There is a datagram, perhaps more than one. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct collector *c = arg;
    struct datagram d;

    (void)what;
    /* What is left makes the loop call again: the event is level-triggered. */
    for (int taken = 0; taken < BATCH_MOST && datagram_receive(fd, &d); taken++)
        collector_take(c, &d);
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

/* ---- given: free, main ---- */

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

/* What two stations send, a datagram each 100 ms; NULL is one that is too long. */
static const struct message {
    int station;
    const char *text;
} MESSAGES[] = {{0, "north 21.5"}, {1, "south 24.0"}, {0, ""}, {1, NULL}, {0, "north 21.7"}};
enum { MESSAGES_N = sizeof(MESSAGES) / sizeof(MESSAGES[0]), STATIONS = 2 };

struct field {
    struct event_base *base; /* owned, as is all below */
    struct collector *collector;
    evutil_socket_t stations[STATIONS]; /* connected to the collector; or -1 */
    struct event *clock;                /* runs on_tick() */
    int sent, answers;                  /* datagrams */
};

static void on_reading(const char *bytes, size_t n, void *arg)
{
    (void)arg;
    printf("collector: %.*s\n", (int)n, bytes);
}

/* Shows the answers that have come since the last tick, and sends the next datagram. */
static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    static const char LONG[READING_MOST + 1];
    struct field *field = arg;
    char bytes[READING_MOST];
    ssize_t n;

    (void)fd;
    (void)what;
    for (int k = 0; k < STATIONS; k++) {
        while ((n = recv(field->stations[k], bytes, sizeof(bytes), MSG_DONTWAIT)) >= 0) {
            printf("station %d: answer \"%.*s\"\n", k, (int)n, bytes);
            field->answers++;
        }
    }
    if (field->sent == MESSAGES_N) {
        (void)event_base_loopbreak(field->base);
        return;
    }
    const struct message *m = &MESSAGES[field->sent++];
    const char *text = m->text != NULL ? m->text : LONG;
    n = send(field->stations[m->station], text, m->text != NULL ? strlen(text) : sizeof(LONG), 0);
    printf("station %d: sends %zd bytes\n", m->station, n);
}

static int field_open(struct field *field)
{
    static const struct timeval TICK = {.tv_usec = 100 * 1000};
    struct sockaddr_in to = {.sin_family = AF_INET};

    field->base = event_base_new();
    field->collector =
        field->base != NULL ? collector_start(field->base, 0, on_reading, NULL) : NULL;
    if (field->collector == NULL)
        return -1;
    to.sin_port = htons((unsigned short)collector_port(field->collector));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int k = 0; k < STATIONS; k++) {
        field->stations[k] = socket(AF_INET, SOCK_DGRAM, 0);
        if (field->stations[k] < 0 ||
            connect(field->stations[k], (struct sockaddr *)&to, sizeof(to)) != 0 ||
            evutil_make_socket_nonblocking(field->stations[k]) != 0)
            return -1;
    }
    field->clock = event_new(field->base, -1, EV_PERSIST, on_tick, field);
    return field->clock != NULL ? event_add(field->clock, &TICK) : -1;
}

static void field_close(struct field *field)
{
    if (field->clock != NULL)
        event_free(field->clock);
    for (int k = 0; k < STATIONS; k++) {
        if (field->stations[k] >= 0)
            (void)evutil_closesocket(field->stations[k]);
    }
    collector_free(field->collector);
    if (field->base != NULL)
        event_base_free(field->base);
}

int main(void)
{
    struct field field = {.stations = {-1, -1}};
    int status = EXIT_FAILURE;

    if (field_open(&field) != 0)
        fprintf(stderr, "12_udp_echo: set-up: no memory, or no descriptor left\n");
    else if (event_base_dispatch(field.base) != 0)
        fprintf(stderr, "12_udp_echo: event loop: it ended before its work did\n");
    else if (collector_counts(field.collector).readings == 0)
        fprintf(stderr, "12_udp_echo: nothing is collected: start with TODO(1)\n");
    else if (field.answers != MESSAGES_N)
        fprintf(stderr, "12_udp_echo: an answer is missing: TODO(2)\n");
    else
        status = EXIT_SUCCESS;
    field_close(&field);
    return status;
}
