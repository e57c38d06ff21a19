/* 14_file_stream.h: an archive plays a recording to listeners, to each at its own speed
 *
 * A recording is an open file, perhaps longer than the memory. A playback sends it to one listener,
 * from its first byte to its last. Several playbacks may share one recording, and one descriptor.
 *
 *     bytes in the listener's output buffer         the playback
 *     more than QUEUE_LOW                           reads nothing
 *     QUEUE_LOW or fewer, and the recording has     queues the next piece: PIECE bytes, or as many
 *     more                                          as a read gives; so QUEUE_MOST at the most wait
 *     none, and the recording has no more           is done
 *
 * It is done once, and on_done() is told how:
 *
 *     0               the kernel has taken the last byte
 *     -ETIMEDOUT      the listener has taken nothing for PATIENCE_MS
 *     -ECONNRESET     the connection has come to its end in another way (BEV_EVENT_EOF,
 *                     BEV_EVENT_ERROR)
 *     -EIO, ...       the recording cannot be read: the errno of that
 *     -ENOMEM         there is no memory to queue a piece
 *
 * The asyncio twin of a playback is
 *
 *     while piece := os.pread(recording, PIECE, position):
 *         position += len(piece)
 *         writer.write(piece)
 *         await asyncio.wait_for(writer.drain(), PATIENCE)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FILE_STREAM_H
#define FILE_STREAM_H

struct bufferevent;
struct playback;

enum { PIECE = 4096, QUEUE_LOW = 4096, QUEUE_MOST = QUEUE_LOW + PIECE, PATIENCE_MS = 30 * 1000 };

/* Called once, by the loop, never inside playback_start(). In it the playback and the listener may
 * be freed. */
typedef void playback_done_fn(int result, void *arg);

/* Begins to play. `listener` is borrowed: a connected socket's bufferevent with an empty output
 * buffer. Its callbacks, its write watermark and its timeouts are the playback's until it is done
 * or freed; what is enabled of it is its owner's, who may be reading, and stays as it is.
 * `recording` is borrowed, too: it stays open, and where it is positioned makes no difference, and
 * does not change. The process ignores SIGPIPE. NULL without memory. */
struct playback *playback_start(struct bufferevent *listener, int recording,
                                playback_done_fn *on_done, void *arg);

/* Frees a playback, also NULL, at any moment, but before its listener if it is not done: then it
 * is not told any more. */
void playback_free(struct playback *p);

#endif
