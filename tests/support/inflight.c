/* inflight.c: see inflight.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "inflight.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h> /* glibc's netinet/tcp.h has an older struct tcp_info */
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "real.h"

#define MOST_SOCKETS 256

/* Of the kernel's include/net/tcp_states.h. */
enum {
    ESTABLISHED = 1,
    SYN_SENT = 2,
    SYN_RECEIVED = 3,
    FIN_WAIT_1 = 4,
    FIN_WAIT_2 = 5,
    LAST_ACK = 9,
    LISTEN = 10,
    CLOSING = 11,
};

static atomic_bool any_tcp; /* has this process made a TCP socket? Most programs never do */
static atomic_bool any_udp;
static atomic_bool unanswered_expected;
static atomic_int to_port[65536]; /* datagrams sent to it, and not received yet */

REAL_FUNCTION(int, socket, (int, int, int));

/* Nagle's algorithm is off, as accepted sockets inherit it: it would keep a short segment back until
 * the one before is acknowledged, 40 ms of real time later, in which virtual time jumps on. */
EXPORT int socket(int domain, int type, int protocol)
{
    const int on = 1;
    const int fd = REAL(socket)(domain, type, protocol);

    if (fd >= 0 && (domain == AF_INET || domain == AF_INET6)) {
        int error = errno;
        if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0)
            any_tcp = true;
        else
            any_udp = true;
        errno = error;
    }
    return fd;
}

struct tcp_socket {
    struct sockaddr_storage own, peer;
    struct tcp_info info;
};

/* Reads what the kernel knows of a descriptor. False if it is no TCP socket with two ends. */
static bool look_at(int fd, struct tcp_socket *s)
{
    socklen_t length = sizeof s->info, own = sizeof s->own, peer = sizeof s->peer;

    memset(s, 0, sizeof *s);
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &s->info, &length) == 0 &&
           s->info.tcpi_state != LISTEN && getsockname(fd, (struct sockaddr *)&s->own, &own) == 0 &&
           (getpeername(fd, (struct sockaddr *)&s->peer, &peer) == 0 ||
            s->info.tcpi_state == SYN_SENT || s->info.tcpi_state == SYN_RECEIVED);
}

static int look_at_all(struct tcp_socket *sockets)
{
    int n = 0;
    DIR *folder = opendir("/proc/self/fd");
    struct dirent *entry;

    if (folder == NULL)
        return 0;
    while (n < MOST_SOCKETS && (entry = readdir(folder)) != NULL)
        if (look_at(atoi(entry->d_name), &sockets[n]))
            n++;
    closedir(folder);
    return n;
}

static bool is_other_end(const struct tcp_socket *a, const struct tcp_socket *b)
{
    return memcmp(&a->own, &b->peer, sizeof a->own) == 0 &&
           memcmp(&a->peer, &b->own, sizeof a->own) == 0;
}

/* Has `from` sent its end, which `to` has not got yet? Who got it acknowledges it up to 40 ms
 * later: so both are asked. What the other side has no room for is not on its way. */
static bool end_under_way(const struct tcp_info *from, const struct tcp_info *to)
{
    const bool ends = from->tcpi_state == FIN_WAIT_1 || from->tcpi_state == LAST_ACK ||
                      from->tcpi_state == CLOSING;
    const bool knows = to->tcpi_state != ESTABLISHED && to->tcpi_state != FIN_WAIT_1 &&
                       to->tcpi_state != FIN_WAIT_2;

    return ends && !knows && from->tcpi_notsent_bytes == 0;
}

/* Has `from` sent what `to` has not got yet: bytes, or its end? */
static bool under_way(const struct tcp_info *from, const struct tcp_info *to)
{
    return end_under_way(from, to) ||
           from->tcpi_bytes_sent - from->tcpi_bytes_retrans > to->tcpi_bytes_received;
}

static bool tcp_in_flight(void)
{
    static struct tcp_socket sockets[MOST_SOCKETS];
    int n = any_tcp ? look_at_all(sockets) : 0;

    for (int i = 0; i < n; i++) {
        if (sockets[i].info.tcpi_state == SYN_SENT || sockets[i].info.tcpi_state == SYN_RECEIVED) {
            if (unanswered_expected)
                continue;
            return true;
        }
        for (int k = 0; k < n; k++)
            if (is_other_end(&sockets[i], &sockets[k]) &&
                under_way(&sockets[i].info, &sockets[k].info))
                return true;
    }
    return false;
}

void inflight_expect_unanswered(bool expected)
{
    unanswered_expected = expected;
}

/* --- datagrams --- */

static int port_of(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)address)->sin_port);
    if (address->ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
    return 0;
}

/* The port that a UDP socket is bound to; 0 if `fd` is something else, or not bound. */
static int udp_port(int fd)
{
    struct sockaddr_storage own = {0};
    socklen_t length = sizeof own;
    int type = 0;
    socklen_t size = sizeof type;

    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_DGRAM ||
        getsockname(fd, (struct sockaddr *)&own, &length) != 0)
        return 0;
    return port_of(&own);
}

long inflight_note_sent(int fd, const struct sockaddr *to, long result)
{
    const int error = errno;
    struct sockaddr_storage peer = {0};
    socklen_t length = sizeof peer;

    if (any_udp && result >= 0 && udp_port(fd) != 0) {
        if (to)
            memcpy(&peer, to,
                   to->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                             : sizeof(struct sockaddr_in));
        else
            (void)getpeername(fd, (struct sockaddr *)&peer, &length); /* fails: port 0 */
        to_port[port_of(&peer)]++;
    }
    errno = error;
    return result;
}

long inflight_note_received(int fd, long result)
{
    const int error = errno;
    int port;

    if (any_udp && result >= 0 && (port = udp_port(fd)) != 0 && to_port[port] > 0)
        to_port[port]--;
    errno = error;
    return result;
}

/* What has arrived at a socket makes it readable, until all of it is received. */
static bool lacks_datagram(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    const int port = udp_port(fd);

    return port != 0 && to_port[port] > 0 && poll(&p, 1, 0) == 0;
}

static bool udp_in_flight(void)
{
    DIR *folder = any_udp ? opendir("/proc/self/fd") : NULL;
    struct dirent *entry;
    bool found = false;

    if (folder == NULL)
        return false;
    while (!found && (entry = readdir(folder)) != NULL)
        found = lacks_datagram(atoi(entry->d_name));
    closedir(folder);
    return found;
}

bool in_flight(void)
{
    return tcp_in_flight() || udp_in_flight();
}

void inflight_give_up(void)
{
    for (int port = 0; any_udp && port < 65536; port++)
        to_port[port] = 0;
}
