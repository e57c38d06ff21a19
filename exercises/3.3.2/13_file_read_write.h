/* 13_file_read_write.h: a jukebox that loads records while the music plays
 *
 * The loop of a jukebox has a beat to keep. Its records are files on an old disk, or come from a
 * tape deck that is a pipe: a read() of one may take seconds, and the loop can watch no disk. So a
 * second thread, the worker, reads:
 *
 *     the loop's thread                        the worker
 *     jukebox_load() queues a record     ->    reads it, however long that takes
 *     on_loaded(), on this thread        <-    hands it over, and wakes the loop
 *
 * The worker touches the queue, the record that it reads, and nothing else of the program's; of
 * libevent it uses what wakes a loop. Records are read one after the other, and told in the order
 * in which they were asked for. The asyncio twin is
 *
 *     async def load(path):
 *         loop = asyncio.get_running_loop()
 *         return await loop.run_in_executor(one_thread, pathlib.Path(path).read_bytes)
 *
 * A jukebox does not keep the loop running: as long as records are under way, somebody else's event
 * must, the beat's for instance.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FILE_READ_WRITE_H
#define FILE_READ_WRITE_H

#include <stddef.h>

struct event_base;
struct jukebox;

enum { RECORD_MOST = 64 * 1024 }; /* bytes of a record at the most */

/* A record has been read: `n` bytes, valid until this returns, and `error` 0; or none, and the
 * negative errno of the call that failed, -EFBIG for more than RECORD_MOST bytes. Called once for
 * each record, by the loop, on its thread, never inside jukebox_load(). It may load another one. */
typedef void (*loaded_cb)(const char *bytes, size_t n, int error, void *arg);

/* Makes libevent ready for being called by more than one thread. To be called before any event base
 * is made, and again as often as one likes. 0, or -1. */
int jukebox_use_threads(void);

/* A jukebox in the loop of `base`, with its worker. NULL without memory or threads. */
struct jukebox *jukebox_new(struct event_base *base);

/* Has the file at `path` read, which may be a regular file or a pipe. Returns at once: 0, and
 * on_loaded() will be told; or -ENOMEM, and it will not. The path is copied. On the loop's thread. */
int jukebox_load(struct jukebox *j, const char *path, loaded_cb on_loaded, void *arg);

/* Frees a jukebox, also NULL. Nobody is told any more. A read that is under way cannot be stopped:
 * this waits for it, and so is called when the loop does not run. */
void jukebox_free(struct jukebox *j);

#endif
