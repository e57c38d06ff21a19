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
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "real.h"

#define MOST_SOCKETS 256

/* Of the kernel's include/net/tcp_states.h. */
enum { SYN_SENT = 2, SYN_RECEIVED = 3, FIN_WAIT_1 = 4, LAST_ACK = 9, LISTEN = 10, CLOSING = 11 };

static atomic_bool any_tcp; /* has this process made a TCP socket? Most programs never do */

REAL_FUNCTION(int, socket, (int, int, int));

/* Nagle's algorithm is off, as accepted sockets inherit it: it would keep a short segment back until
 * the one before is acknowledged, 40 ms of real time later, in which virtual time jumps on. */
EXPORT int socket(int domain, int type, int protocol)
{
    const int on = 1;
    const int fd = REAL(socket)(domain, type, protocol);

    if (fd >= 0 && (domain == AF_INET || domain == AF_INET6)) {
        any_tcp = true;
        int error = errno;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* fails where it is UDP */
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

/* Has `from` sent what `to` has not got yet: bytes, or its end? */
static bool under_way(const struct tcp_socket *from, const struct tcp_socket *to)
{
    bool ends = from->info.tcpi_state == FIN_WAIT_1 || from->info.tcpi_state == LAST_ACK ||
                from->info.tcpi_state == CLOSING;

    return ends || from->info.tcpi_bytes_sent - from->info.tcpi_bytes_retrans >
                       to->info.tcpi_bytes_received;
}

bool tcp_in_flight(void)
{
    static struct tcp_socket sockets[MOST_SOCKETS];
    int n = any_tcp ? look_at_all(sockets) : 0;

    for (int i = 0; i < n; i++) {
        if (sockets[i].info.tcpi_state == SYN_SENT || sockets[i].info.tcpi_state == SYN_RECEIVED)
            return true;
        for (int k = 0; k < n; k++)
            if (is_other_end(&sockets[i], &sockets[k]) && under_way(&sockets[i], &sockets[k]))
                return true;
    }
    return false;
}
