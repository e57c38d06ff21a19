/* name_server.c: see name_server.h
 *
 * A message is a header of 12 bytes, the question, and the answers (RFC 1035, section 4). The
 * question goes back to the letter: resolvers look at its case, too.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "name_server.h"

#include <arpa/inet.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "inflight.h"
#include "internal_event.h"
#include "real.h"
#include "suite.h"

enum {
    HEADER_SIZE = 12,
    MESSAGE_SIZE = 512, /* of a datagram, at the most */
    NAME_SIZE = 256,
    MOST_ADDRESSES = 8,
    TYPE_A = 1,
    TYPE_AAAA = 28,
    SERVFAIL = 2,
    NXDOMAIN = 3,
};

struct address {
    int type;
    size_t n;
    unsigned char bytes[16];
};

struct entry {
    struct entry *next;
    char name[NAME_SIZE];
    struct address addresses[MOST_ADDRESSES];
    int n;
    enum name_answer how;
    int delay_ms;
    int questions;
};

/* A datagram that waits for its time. */
struct answer {
    struct answer *next;
    struct name_server *server;
    struct sockaddr_in to;
    struct event timer;
    size_t n;
    unsigned char bytes[MESSAGE_SIZE];
};

struct name_server {
    int fd, port;
    struct event readable;
    struct entry *entries;  /* also of names that were only asked for */
    struct answer *answers; /* not sent yet */
};

REAL_FUNCTION(ssize_t, recvfrom, (int, void *, size_t, int, struct sockaddr *, socklen_t *));
REAL_FUNCTION(ssize_t, sendto,
              (int, const void *, size_t, int, const struct sockaddr *, socklen_t));

/* --- the table --- */

static struct entry *find_entry(const struct name_server *s, const char *name)
{
    struct entry *e = s->entries;

    while (e && strcasecmp(e->name, name) != 0)
        e = e->next;
    return e;
}

static struct entry *entry_of(struct name_server *s, const char *name)
{
    struct entry *e = find_entry(s, name);

    if (e)
        return e;
    e = calloc(1, sizeof *e);
    ck_assert(e && strlen(name) < sizeof e->name);
    strcpy(e->name, name);
    e->next = s->entries;
    s->entries = e;
    return e;
}

EXPORT void name_server_add(struct name_server *s, const char *name, const char *address)
{
    struct entry *e = entry_of(s, name);
    struct address *a = &e->addresses[e->n];

    ck_assert_msg(e->n < MOST_ADDRESSES, "%s has too many addresses", name);
    if (inet_pton(AF_INET, address, a->bytes) == 1)
        *a = (struct address){TYPE_A, 4, {a->bytes[0], a->bytes[1], a->bytes[2], a->bytes[3]}};
    else if (inet_pton(AF_INET6, address, a->bytes) == 1)
        a->type = TYPE_AAAA, a->n = 16;
    else
        fail_test("%s is no address", address);
    e->n++;
}

EXPORT void name_server_answer(struct name_server *s, const char *name, enum name_answer how)
{
    entry_of(s, name)->how = how;
}

EXPORT void name_server_delay(struct name_server *s, const char *name, int ms)
{
    entry_of(s, name)->delay_ms = ms;
}

EXPORT int name_server_questions(const struct name_server *s, const char *name)
{
    int n = 0;

    for (const struct entry *e = s->entries; e; e = e->next)
        n += name == NULL || strcasecmp(e->name, name) == 0 ? e->questions : 0;
    return n;
}

/* --- questions --- */

/* Reads the one question of a message: its name as text, its type, and where it ends. False if
 * there is none. */
static bool read_question(const unsigned char *m, size_t n, char *name, int *type, size_t *end)
{
    size_t at = HEADER_SIZE, length = 0;

    if (n < HEADER_SIZE || (m[2] & 0x80) || m[4] != 0 || m[5] != 1)
        return false;
    while (at < n && m[at] != 0) {
        const size_t label = m[at];
        if (label > 63 || at + 1 + label >= n || length + label + 1 >= NAME_SIZE)
            return false;
        if (length > 0)
            name[length++] = '.';
        memcpy(name + length, m + at + 1, label);
        length += label;
        at += 1 + label;
    }
    name[length] = '\0';
    if (at + 5 > n)
        return false;
    *type = m[at + 1] << 8 | m[at + 2];
    *end = at + 5;
    return true;
}

/* --- answers --- */

static size_t put_number(unsigned char *at, unsigned number, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (unsigned char)(number >> 8 * (size - 1 - i));
    return size;
}

/* Writes an address behind the question; returns its length. */
static size_t put_address(unsigned char *at, const struct address *a)
{
    const unsigned name_of_question = 0xc000 | HEADER_SIZE, internet = 1, seconds_to_live = 60;
    size_t n = 0;

    n += put_number(at + n, name_of_question, 2);
    n += put_number(at + n, (unsigned)a->type, 2);
    n += put_number(at + n, internet, 2);
    n += put_number(at + n, seconds_to_live, 4);
    n += put_number(at + n, (unsigned)a->n, 2);
    memcpy(at + n, a->bytes, a->n);
    return n + a->n;
}

/* Makes the answer out of the question, whose first `end` bytes are in `m`. Returns its length. */
static size_t make_answer(unsigned char *m, size_t end, int type, const struct entry *e)
{
    const unsigned is_answer = 0x8480, recursion_desired = m[2] & 1;
    unsigned code = 0, n_addresses = 0;
    size_t n = end;

    if (e->how == NAME_GARBAGE) {
        memset(m, 0xff, end);
        return end;
    }
    if (e->how == NAME_DOES_NOT_EXIST || e->n == 0)
        code = NXDOMAIN;
    if (e->how == NAME_FAILS)
        code = SERVFAIL;
    for (int i = 0; i < e->n && code == 0; i++)
        if (e->addresses[i].type == type) {
            n += put_address(m + n, &e->addresses[i]);
            n_addresses++;
        }
    if (e->how == NAME_WRONG_ID)
        m[0] ^= 0xff;
    put_number(m + 2, is_answer | recursion_desired << 8 | code, 2);
    put_number(m + 6, n_addresses, 2);
    put_number(m + 8, 0, 4); /* nothing in the other two parts */
    return n;
}

static void send_answer(struct answer *a)
{
    const struct sockaddr *to = (const struct sockaddr *)&a->to;
    struct answer **place = &a->server->answers;

    while (*place != a)
        place = &(*place)->next;
    *place = a->next;
    event_del(&a->timer);
    (void)inflight_note_sent(/* who asked may be gone: not an error here */
                             a->server->fd, to,
                             REAL(sendto)(a->server->fd, a->bytes, a->n, 0, to, sizeof a->to));
    free(a);
}

static void on_time(evutil_socket_t fd, short what, void *answer)
{
    (void)fd;
    (void)what;
    send_answer(answer);
}

/* Sends what is in `a` in its time, at once if that is now. */
static void send_later(struct name_server *s, struct answer *a, int delay_ms)
{
    const struct timeval wait = {delay_ms / 1000, delay_ms % 1000 * 1000};

    a->server = s;
    a->next = s->answers;
    s->answers = a;
    ck_assert_int_eq(evtimer_assign(&a->timer, test_base(), on_time, a), 0);
    event_make_internal(&a->timer);
    if (delay_ms <= 0)
        send_answer(a);
    else
        ck_assert_int_eq(evtimer_add(&a->timer, &wait), 0);
}

static void on_question(struct name_server *s, const unsigned char *m, size_t n,
                        const struct sockaddr_in *from)
{
    char name[NAME_SIZE];
    int type;
    size_t end;

    if (!read_question(m, n, name, &type, &end) || end > MESSAGE_SIZE - 28 * MOST_ADDRESSES)
        return;
    struct entry *e = entry_of(s, name);
    e->questions++;
    if (e->how == NAME_SILENT)
        return;
    struct answer *a = calloc(1, sizeof *a);
    ck_assert_ptr_nonnull(a);
    memcpy(a->bytes, m, end);
    a->n = make_answer(a->bytes, end, type, e);
    a->to = *from;
    send_later(s, a, e->delay_ms);
}

static void on_readable(evutil_socket_t fd, short what, void *server)
{
    unsigned char message[MESSAGE_SIZE];
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    ssize_t n;

    (void)what;
    while ((n = REAL(recvfrom)(fd, message, sizeof message, 0, (struct sockaddr *)&from,
                               &length)) >= 0) {
        (void)inflight_note_received(fd, n);
        on_question(server, message, (size_t)n, &from);
        length = sizeof from;
    }
}

/* --- opening and closing --- */

EXPORT struct name_server *name_server_open(void)
{
    struct name_server *s = calloc(1, sizeof *s);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;

    ck_assert_ptr_nonnull(s);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(s->fd, 0);
    ck_assert_int_eq(bind(s->fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(getsockname(s->fd, (struct sockaddr *)&address, &length), 0);
    s->port = ntohs(address.sin_port);
    ck_assert_int_eq(
        event_assign(&s->readable, test_base(), s->fd, EV_READ | EV_PERSIST, on_readable, s), 0);
    event_make_internal(&s->readable);
    ck_assert_int_eq(event_add(&s->readable, NULL), 0);
    return s;
}

EXPORT int name_server_port(const struct name_server *s)
{
    return s->port;
}

EXPORT struct evdns_base *name_server_resolver(const struct name_server *s)
{
    struct evdns_base *dns = evdns_base_new(test_base(), EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    char address[32];

    ck_assert_ptr_nonnull(dns);
    snprintf(address, sizeof address, "127.0.0.1:%d", s->port);
    ck_assert_int_eq(evdns_base_nameserver_ip_add(dns, address), 0);
    return dns;
}

EXPORT void name_server_free(struct name_server *s)
{
    if (s == NULL)
        return;
    while (s->answers) {
        struct answer *a = s->answers;
        s->answers = a->next;
        event_del(&a->timer);
        free(a);
    }
    while (s->entries) {
        struct entry *e = s->entries;
        s->entries = e->next;
        free(e);
    }
    event_del(&s->readable);
    close(s->fd);
    free(s);
}
