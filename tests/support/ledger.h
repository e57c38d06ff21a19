/* ledger.h: what a test took and did not give back
 *
 * Descriptors are counted in /proc/self/fd, events with libevent's own walk over
 * the base, and the loop's depth by standing in front of event_base_loop() and
 * event_base_dispatch(). Memory is LeakSanitizer's part.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LEDGER_H
#define LEDGER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

/* Remembers the descriptors that are open now. */
void ledger_start(void);

/* A descriptor of the harness's own, made in this test, that stays open: it does not count. */
void ledger_except(int fd);

/* Writes the descriptors that are open now and were not then, "7 (socket)", or "". Returns their
 * number. */
int ledger_new_descriptors(char *out, size_t size);

/* Writes the events that wait in `base`, one a line: "timer on_timer, due at 1.500". Returns their
 * number; libevent's own do not count. */
int ledger_pending_events(struct event_base *base, char *out, size_t size);

/* How deep the loop is nested on this thread: 0 outside of it. */
int ledger_loop_depth(void);

/* The base that runs, or the last one that ran; NULL if none did. */
struct event_base *ledger_current_base(void);

#endif
