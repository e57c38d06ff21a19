/* 19_async_lines.h: the entries of a lighthouse's log, one by one, as they come over a line
 *
 * The lighthouse writes its log line by line. A line ends with "\n" or "\r\n"; the last one may end
 * with the stream instead, or with "\r" and the stream. It may be of any length. An *entry* is a
 * line that is not empty and does not begin with '#': those are the operator's remarks, and are
 * skipped. A blank is a byte like any other.
 *
 *     bytes:  "fog\r\n# tested the lamp\n\nsail to the north"
 *     items:  "fog", "sail to the north", then ITER_END
 *
 * `struct entries` is an asynchronous iterator over the entries. Its asyncio twin:
 *
 *     async def entries(reader):
 *         async for line in reader:
 *             entry = line.decode().removesuffix("\n").removesuffix("\r")
 *             if entry and not entry.startswith("#"):
 *                 yield entry
 *
 * What there is to know about a next:
 *   - It brings one entry, as soon as there is one; until then it waits. Two nexts do not wait at
 *     a time: the second one is refused with -EBUSY, and the first one goes on waiting.
 *   - When the stream has ended, and all entries are taken, it brings ITER_END. If the line breaks,
 *     it brings a negative errno, behind the entries that were complete; what came of a line that
 *     was not is lost. If memory runs out on the way, it brings -ENOMEM, which is not the end.
 *     Whatever it was, each next from then on brings it again.
 *   - Also where the answer is known at once, the loop gives it, later. Between two answers timers
 *     and sockets have their turn, however many entries are there, and behind the end, too.
 *   - It takes memory for what is asked for: while nobody waits, nothing is read from the line.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ASYNC_LINES_H
#define ASYNC_LINES_H

struct entries;
struct event_base;

enum { ITER_END = 0, ITER_ITEM = 1 };

/* Told, by the loop, what a next has brought. ITER_ITEM: `item` is the entry, a `char *` without
 * the end of its line (there are no NUL bytes in a log); it is good until the call returns.
 * ITER_END, or a negative errno: `item` is NULL. In the call the iterator may be asked for the next
 * entry, be closed, or be freed. */
typedef void (*next_cb)(int got, void *item, void *arg);

/* An iterator over what comes from `fd`, a connected, non-blocking socket, which is the iterator's
 * from here on: entries_free() closes it. NULL without memory: then `fd` is still the caller's. */
struct entries *entries_new(struct event_base *base, int fd);

/* Asks for the next entry. 0: the loop will call cb(got, item, arg), once, and not before this has
 * returned. -EBUSY: another next waits. -ENOMEM: no memory. Then cb is never called. */
int entries_next(struct entries *e, next_cb cb, void *arg);

/* No entry is wanted any more. A next that waits is told -ECANCELED, by the loop, and so is each
 * next from here on, whatever there was before. Nothing more is read. Closing needs no
 * memory, and to close again is no harm. */
void entries_close(struct entries *e);

/* Frees an iterator, also NULL, at any moment. A next that waits is not told any more. */
void entries_free(struct entries *e);

#endif
