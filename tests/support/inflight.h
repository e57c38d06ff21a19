/* inflight.h: is the kernel still on its way with something between two sockets of this process?
 *
 * On the loopback interface what is sent arrives before send() returns, nearly always: a loaded
 * machine may leave the last step to a kernel thread. Virtual time must not jump in between, or a
 * timeout would win against an answer that has been sent.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef INFLIGHT_H
#define INFLIGHT_H

#include <stdbool.h>

/* True while bytes, a connection or an end of file are under way between TCP sockets of this
 * process. Sockets whose other end is elsewhere do not count. Meant to be asked before a jump. */
bool tcp_in_flight(void);

#endif
