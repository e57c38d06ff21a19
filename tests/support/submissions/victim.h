/* victim.h: the contract that the attacks pretend to fulfil
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VICTIM_H
#define VICTIM_H

#include <event2/event.h>

/* Prints "begin" at once and "end" 500 ms later, then calls `done(arg)`. Returns 0. */
int victim_start(struct event_base *base, void (*done)(void *arg), void *arg);

#endif
