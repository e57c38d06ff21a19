/* 15_buffering.h: a buoy at sea gathers readings, and sends them in few transmissions
 *
 * A transmission is a write to the line, and costs the battery as much for one byte as for many. So
 * readings are gathered, and all that has been gathered is sent with one write when
 *
 *     BATCH_FULL bytes or more wait,
 *     or the first byte of the batch has waited for BATCH_WAIT_MS, however much came after it,
 *     or buoy_close() is called.
 *
 * The line is a non-blocking socket. It may take a part only, or nothing. What it has not taken
 * stays, in front of what comes later, and is sent, with all that waits by then, when the loop says
 * that the line takes more; before that nothing is tried, by a full batch as little as by the
 * deadline or buoy_close(). A write that a signal interrupts (EINTR) has taken nothing, too. No
 * more than WAITING_MOST bytes wait. The asyncio twin, which needs no word about what the line
 * takes, is
 *
 *     def add(self, reading):
 *         if not self.batch:
 *             self.deadline = loop.call_later(0.2, self.send)
 *         self.batch += reading
 *         if len(self.batch) >= BATCH_FULL:
 *             self.send()                        # deadline.cancel(), writer.write(self.batch)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BUFFERING_H
#define BUFFERING_H

#include <stddef.h>

struct event_base;
struct buoy;

enum { BATCH_FULL = 64, BATCH_WAIT_MS = 200, WAITING_MOST = 1024 };

/* Called once, by the loop, never inside a function of this header: with 0 when buoy_close() has
 * been called and all is sent; or with a negative errno, also behind buoy_close(), when the line is
 * broken (that of the write: -EPIPE, -ECONNRESET, ...) or there is no memory, and what waits is
 * lost. In it the buoy may be freed. */
typedef void buoy_end_fn(int result, void *arg);

/* A buoy with nothing to send. `base` and `line` are borrowed, and outlive it; the line is a
 * connected, non-blocking socket that nobody else writes to. The process ignores SIGPIPE. NULL
 * without memory. */
struct buoy *buoy_start(struct event_base *base, int line, buoy_end_fn *on_end, void *arg);

/* Takes a reading of `n` bytes, at least 1. Returns 0; or, and then no byte of it is taken, -EAGAIN
 * if it and what waits already are more than WAITING_MOST bytes, also where the line would take
 * them; -EPIPE after buoy_close() or when the line is broken; -ENOMEM without memory. */
int buoy_add(struct buoy *b, const char *reading, size_t n);

/* No reading is added any more. What waits is sent, and then on_end() is called. Once. */
void buoy_close(struct buoy *b);

/* Frees a buoy, also NULL, at any moment: what waits is lost, and on_end() is not called. The line
 * stays open. */
void buoy_free(struct buoy *b);

#endif
