/* stream.h: what a child process writes into a pipe, kept up to a limit
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef STREAM_H
#define STREAM_H

#include <event2/event.h>
#include <stddef.h>

struct stream;

/* Makes a pipe and reads it whenever `base` finds something in it. The first `limit` bytes are
 * kept, the rest is dropped: the writer never waits. The writing end, at `*writer`, is the
 * caller's. NULL when it cannot. */
struct stream *stream_new(struct event_base *base, size_t limit, int *writer);
void stream_free(struct stream *stream); /* NULL is fine */

/* All that was written up to now; the caller frees it. */
char *stream_text(struct stream *stream);

#endif
