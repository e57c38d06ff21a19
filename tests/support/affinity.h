/* affinity.h: libevent's objects belong to the loop's thread
 *
 * A base, its events, bufferevents, listeners and requests are used by one
 * thread: the one that runs the loop. Another thread leaves its result where the
 * loop finds it, and wakes the loop. Where the learner's code does otherwise,
 * the behaviour ends with the name of the call and its line.
 *
 * From any thread: event_active(), event_base_once(), event_base_loopbreak() and
 * event_base_loopexit(), if libevent was given locks before the base was made
 * (evthread_use_pthreads()); write() to an eventfd or a pipe; and a buffer that
 * no other thread has (evbuffer_new() on the same thread).
 *
 * The functions in front of libevent's are in affinity_calls.c, libevent_calls.c
 * and evhttp_calls.c. Calls by libevent itself and by a suite are left alone.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AFFINITY_H
#define AFFINITY_H

#include <stdbool.h>

struct evbuffer;
struct event_base;

/* In a function that stands in front of a library's: ends the behaviour if the learner's code
 * calls it on a thread that is not the loop's. */
#define ON_LOOP_THREAD(call) affinity_check((call), __builtin_return_address(0))
void affinity_check(const char *call, const void *caller);

/* The same for a call that wakes the loop of `base`: it ends the behaviour where libevent has no
 * locks for that base, and so no way to wake it. */
#define WITH_LOCKS(call, base) affinity_check_locks((call), (base), __builtin_return_address(0))
void affinity_check_locks(const char *call, const struct event_base *base, const void *caller);

/* The same for a call that uses `buffer`: any thread may use what it has made. */
#define ON_OWN_THREAD(call, buffer)                                                                \
    affinity_check_buffer((call), (buffer), __builtin_return_address(0))
void affinity_check_buffer(const char *call, const struct evbuffer *buffer, const void *caller);

/* A buffer was made on this thread, or is gone. */
void affinity_own(const struct evbuffer *buffer);
void affinity_disown(const struct evbuffer *buffer);

/* A base was made, or is gone; libevent was given locks, or they were taken away. */
void affinity_base_made(const struct event_base *base);
void affinity_base_gone(const struct event_base *base);
void affinity_locks(bool given);

#endif
