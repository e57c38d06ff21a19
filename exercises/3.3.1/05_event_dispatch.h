/* 05_event_dispatch.h: a night porter, who sleeps until something happens
 *
 * A porter watches the door of a hotel at night: five things may happen, in one loop, on one
 * thread. Each has its line:
 *
 *     what happens                                            the line
 *     a visitor rings: a byte comes from the bell             "visitor 1", then "visitor 2", ...
 *     a visitor knocks: porter_knock()                        the same, and counted with those
 *     SILENCE_MS since the start, or since the last           "silence"
 *       visitor or silence
 *     every ROUND_MS                                          "round 1", then "round 2", ...
 *     the signal SIGUSR1                                      "report: visitors=2 rounds=1"
 *     porter_alarm(), before all else that is ready           "alarm"
 *
 * Several bytes that come at once are several visitors. A visitor who comes at the very moment at
 * which SILENCE_MS are over gives both lines. When the bell's other end is closed, nobody can ring
 * any more: then there is no silence either, but all else goes on. The asyncio twin is
 *
 *     loop.add_reader(bell, on_bell)
 *     loop.call_later(SILENCE, on_silence)        # and anew in on_bell() and in on_silence()
 *     loop.call_later(ROUND, on_round)            # and anew in on_round()
 *     loop.add_signal_handler(signal.SIGUSR1, on_report)
 *     loop.call_soon(on_alarm)                    # by hand; asyncio has no priorities
 *     loop.stop()
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef EVENT_DISPATCH_H
#define EVENT_DISPATCH_H

#include <event2/event.h>

enum { SILENCE_MS = 1000, ROUND_MS = 600 };
enum { ALARM_PRIORITY, ROUTINE_PRIORITY, PORTER_PRIORITIES }; /* the lower number goes first */

struct porter;

/* A porter whose events wait in `base`, which has PORTER_PRIORITIES priorities; nothing is printed
 * before its loop runs. `bell` is a non-blocking descriptor. Both are borrowed, and outlive the
 * porter. NULL if there is no memory, or if an event cannot be had (epoll refuses a regular file
 * as a bell): then no event is left in `base`. The caller owns what is returned. */
struct porter *porter_new(struct event_base *base, evutil_socket_t bell);

/* Somebody knocks; somebody pulls the alarm cord. Both return at once: the loop prints the line. */
void porter_knock(struct porter *p);
void porter_alarm(struct porter *p);

/* Ends the loop's present run, or, if it does not run, the next one as soon as that begins. What
 * is ready by then is still handled. Called twice it does the same as once, and the porter stays:
 * the run after that goes on. Returns 0, or -1 if the loop cannot be told. */
int porter_stop(struct porter *p);

/* Frees a porter, also NULL, whether or not the loop has run. Nothing of his is printed after that,
 * and SIGUSR1 does what it did before porter_new(). Not from the porter's own callbacks. */
void porter_free(struct porter *p);

#endif
