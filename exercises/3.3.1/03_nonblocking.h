/* 03_nonblocking.h: a barcode scanner that the till never waits for
 *
 * A scanner hangs on a line, a descriptor: it sends a few bytes whenever somebody scans, and may be
 * silent for hours, or never stop. The till has a clock and a card terminal to serve as well, all
 * in one loop. So whenever the loop says that the line is ready, the till takes what is there, and
 * returns:
 *
 *     what it finds on the line               what it tells
 *     bytes                                   on_bytes(): these bytes, SCAN_BUDGET at the most
 *     nothing; or a signal interrupted it     nothing: it goes on waiting, in the loop
 *     the end: the scanner was unplugged      on_end(0)
 *     an error                                on_end() with the negative errno
 *
 * "Ready" is a hint. Somebody else who reads the same line may have been faster.
 *
 * Bytes beyond the budget stay on the line, where the loop finds them at its next turn: the others
 * get theirs in between. All bytes are told, in the order in which they were sent, and before the
 * end. The end is told once, and nothing after it. The asyncio twin is
 *
 *     async def read_scanner(loop, line, on_bytes, on_end):
 *         line.setblocking(False)
 *         while data := await loop.sock_recv(line, SCAN_BUDGET):      # an error raises
 *             on_bytes(data)
 *         on_end()
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef NONBLOCKING_H
#define NONBLOCKING_H

#include <stddef.h>

struct event_base;
struct scanner; /* one line that is being read */

enum { SCAN_BUDGET = 64 }; /* bytes that are taken off the line each time the loop calls */

/* Both are called by the loop, and each may free the scanner. */
struct scanner_calls {
    /* `n` bytes, at least 1, any of which may be 0; valid until it returns. */
    void (*on_bytes)(const char *bytes, size_t n, void *arg);
    /* The line has ended: 0, or the negative errno of the read that failed. */
    void (*on_end)(int why, void *arg);
};

/* Has the line `fd` read by the loop of `base`. `fd` is any descriptor that the loop can watch, in
 * blocking mode or not; from here on it is non-blocking. The caller goes on owning it, and closes
 * it after scanner_free(). The calls are copied. NULL without memory, or if `fd` cannot be made
 * non-blocking or cannot be watched (it is -1, or a regular file): then nothing is left behind. */
struct scanner *scanner_start(struct event_base *base, int fd, const struct scanner_calls *calls,
                              void *arg);

/* Frees a scanner, also NULL, at any moment. It tells nothing any more; what it has not read stays
 * on the line. */
void scanner_free(struct scanner *s);

#endif
