/* inflight.h: is the kernel still on its way with something between two sockets of this process?
 *
 * On the loopback interface what is sent arrives before send() returns, nearly always: a loaded
 * machine may leave the last step to a kernel thread. Virtual time must not jump in between, or a
 * timeout would win against an answer that has been sent.
 *
 * Of TCP the kernel tells how much was sent and received. Of UDP it does not: datagrams are counted
 * where they are sent and received, by io.c, so the preloaded library does not see them; and not
 * those of sendmmsg() and recvmmsg().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef INFLIGHT_H
#define INFLIGHT_H

#include <stdbool.h>
#include <sys/socket.h>

/* True while bytes, a connection, an end of file or a datagram are under way between sockets of
 * this process. Sockets whose other end is elsewhere do not count. To be asked before a jump. */
bool in_flight(void);

/* It took too long: datagrams that have not arrived are lost, not under way. */
void inflight_give_up(void);

/* Attempts to connect that are not answered are not under way: somebody listens who never will. */
void inflight_expect_unanswered(bool expected);

/* For those who stand in front of the calls that move bytes: `fd` has sent a datagram to `to`
 * (NULL: where it is connected to), or received one; or `fd` is no UDP socket, or `result` is
 * negative. Return `result`, and leave errno alone. */
long inflight_note_sent(int fd, const struct sockaddr *to, long result);
long inflight_note_received(int fd, long result);

#endif
