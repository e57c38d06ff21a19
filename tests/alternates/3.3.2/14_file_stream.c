/* 14_file_stream.c: another right solution: no byte of a recording comes into memory
 *
 * A piece is queued as a place in the file, by evbuffer_add_file_segment(), and sent by sendfile().
 * A segment does not close its descriptor unless it is told to.
 *
 * SPDX-License-Identifier: MIT
 */
#include "14_file_stream.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

struct playback {
    struct bufferevent *listener;          /* borrowed */
    int recording;                         /* borrowed */
    struct evbuffer_file_segment *segment; /* the whole recording; owned; NULL: it is empty */
    off_t position, length;                /* what is queued, of how much */
    playback_done_fn *on_done;             /* NULL: it is done */
    void *arg;
};

static void playback_end(struct playback *p, int result)
{
    playback_done_fn *on_done = p->on_done;

    p->on_done = NULL;
    bufferevent_setcb(p->listener, NULL, NULL, NULL, NULL);
    bufferevent_setwatermark(p->listener, EV_WRITE, 0, 0);
    (void)bufferevent_set_timeouts(p->listener, NULL, NULL);
    if (on_done != NULL)
        on_done(result, p->arg);
}

static void on_event(struct bufferevent *listener, short what, void *arg)
{
    (void)listener;
    playback_end(arg, what & BEV_EVENT_TIMEOUT ? -ETIMEDOUT : -ECONNRESET);
}

/* Finds how long the recording is. */
static int playback_measure(struct playback *p)
{
    struct stat about;

    if ((fcntl(p->recording, F_GETFL) & O_ACCMODE) == O_WRONLY)
        return -EBADF;
    if (fstat(p->recording, &about) != 0)
        return -errno;
    p->length = about.st_size;
    if (p->length > 0)
        p->segment = evbuffer_file_segment_new(p->recording, 0, p->length, 0);
    return p->length > 0 && p->segment == NULL ? -EIO : 0;
}

static void on_room(struct bufferevent *listener, void *arg)
{
    struct playback *p = arg;
    struct evbuffer *output = bufferevent_get_output(listener);
    int error = p->segment == NULL ? playback_measure(p) : 0;

    while (error == 0 && p->position < p->length && evbuffer_get_length(output) <= QUEUE_LOW) {
        const off_t left = p->length - p->position, n = left < PIECE ? left : PIECE;

        if (evbuffer_add_file_segment(output, p->segment, p->position, n) != 0)
            error = -EIO;
        p->position += n;
    }
    if (error != 0 || evbuffer_get_length(output) == 0)
        playback_end(p, error);
}

struct playback *playback_start(struct bufferevent *listener, int recording,
                                playback_done_fn *on_done, void *arg)
{
    static const struct timeval PATIENCE = {.tv_sec = PATIENCE_MS / 1000};
    struct playback *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return NULL;
    *p = (struct playback){
        .listener = listener, .recording = recording, .on_done = on_done, .arg = arg};
    bufferevent_setcb(listener, NULL, on_room, on_event, p);
    bufferevent_setwatermark(listener, EV_WRITE, QUEUE_LOW, 0);
    (void)bufferevent_set_timeouts(listener, NULL, &PATIENCE);
    bufferevent_trigger(listener, EV_WRITE, BEV_TRIG_DEFER_CALLBACKS);
    return p;
}

void playback_free(struct playback *p)
{
    if (p == NULL)
        return;
    if (p->on_done != NULL) {
        p->on_done = NULL;
        playback_end(p, 0);
    }
    if (p->segment != NULL)
        evbuffer_file_segment_free(p->segment); /* the queue has references of its own */
    free(p);
}
