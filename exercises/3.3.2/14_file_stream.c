/* 14_file_stream.c: an archive plays a recording to listeners, to each at its own speed
 *
 * 14_file_stream.h says how much may wait in a listener's output buffer, and how a playback ends.
 * Given are its beginning and its end. Yours is how a piece is queued, when, and what the loop is
 * asked for. Two listeners in main(), a quick and a slow one:
 * ./workbook run 14_file_stream --virtual
 *
 * SPDX-License-Identifier: MIT
 */
#include "14_file_stream.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct timeval PATIENCE = {.tv_sec = PATIENCE_MS / 1000};

struct playback {
    struct bufferevent *listener; /* borrowed */
    int recording;                /* borrowed; others read it, too */
    off_t position;               /* the first byte of the recording that is not queued yet */
    bool all_queued;              /* the recording has no more */
    playback_done_fn *on_done;    /* NULL: it is done */
    void *arg;
};

/* ---- given: the end ---- */

/* Gives the listener back, unless that has been done. */
static void playback_release(struct playback *p)
{
    if (p->on_done == NULL)
        return;
    bufferevent_setcb(p->listener, NULL, NULL, NULL, NULL);
    bufferevent_setwatermark(p->listener, EV_WRITE, 0, 0);
    (void)bufferevent_set_timeouts(p->listener, NULL, NULL); /* at worst the old ones stay */
    p->on_done = NULL;
}

/* Ends the playback and tells it. When this returns, `p` and its listener may be freed. */
static void playback_end(struct playback *p, int result)
{
    playback_done_fn *on_done = p->on_done;

    playback_release(p);
    on_done(result, p->arg);
}

/* ---- yours ---- */

/* Queues the next piece of the recording, or finds that it has no more. Returns 0, or a negative
 * errno. */
static int playback_queue_piece(struct playback *p)
{
    char piece[PIECE];
    ssize_t n;

    /* TODO(1): the bytes of the recording from `position` on, PIECE at the most, are in the
     * listener's output buffer, and `position` and `all_queued` say how far it is. If they cannot
     * be read or queued, the errno is returned. See 3.3.2 "Streaming". */
    (void)p;
    (void)piece;
    (void)n;
    return -ENOSYS;
}

/* Called by the loop when it begins, and whenever bytes were sent and QUEUE_LOW or fewer are left. */
static void on_room(struct bufferevent *listener, void *arg)
{
    struct playback *p = arg;
    struct evbuffer *output = bufferevent_get_output(listener);

    /* TODO(2): more than QUEUE_LOW bytes wait, or all of the recording is queued. If all of it is
     * sent, or it cannot be read, the playback has ended. See 3.3.2 "Streaming". */
    (void)p;
    (void)output;
    (void)playback_queue_piece;
}

/* Called by the loop when the connection is broken, or the listener takes nothing for too long. */
static void on_break(struct bufferevent *listener, short what, void *arg)
{
    struct playback *p = arg;

    (void)listener;
    /* TODO(4): the playback has ended, and its result says which of the two it was. See 3.3.2
     * "Streaming". */
    (void)what;
    (void)p;
    (void)playback_end;
}

/* ---- given, but for what the loop is asked for: start ---- */

struct playback *playback_start(struct bufferevent *listener, int recording,
                                playback_done_fn *on_done, void *arg)
{
    struct playback *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return NULL;
    p->listener = listener;
    p->recording = recording;
    p->on_done = on_done;
    p->arg = arg;
    /* TODO(3): the loop calls on_room() when QUEUE_LOW bytes or fewer are left to send, and
     * on_break() when the connection is broken, or nothing could be sent for PATIENCE. See 3.3.2
     * "Streaming". */
    (void)on_room;
    (void)on_break;
    (void)PATIENCE;
    /* The loop calls the write callback once, although nothing has been sent. */
    bufferevent_trigger(listener, EV_WRITE, BEV_TRIG_DEFER_CALLBACKS);
    return p;
}

/* ---- given: free, main ---- */

void playback_free(struct playback *p)
{
    if (p == NULL)
        return;
    playback_release(p);
    free(p);
}

enum { RECORDING_SIZE = 1024 * 1024, LISTENERS = 2 };

struct listener {
    const char *name;           /* a literal */
    int sip;                    /* bytes that it takes each 100 ms */
    struct bufferevent *stream; /* the archive's end of the connection; owned, as is all below */
    struct playback *playback;
    evutil_socket_t fd; /* its own end; -1: none */
    long taken;         /* bytes so far */
    bool ended;         /* there is no more to take */
    bool done;          /* the archive says so */
};

struct archive {
    struct event_base *base; /* owned, as is all below */
    int recording;           /* -1: none */
    struct listener listeners[LISTENERS];
    struct event *clock; /* runs on_tick() */
};

static void on_played(int result, void *arg)
{
    struct listener *l = arg;

    printf("archive: done with %s, result %d\n", l->name, result);
    l->done = result == 0;
    playback_free(l->playback);
    bufferevent_free(l->stream);
    l->playback = NULL;
    l->stream = NULL;
}

/* Each listener takes a sip. */
static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    static char bytes[RECORDING_SIZE];
    struct archive *archive = arg;

    (void)fd;
    (void)what;
    for (int k = 0; k < LISTENERS; k++) {
        struct listener *l = &archive->listeners[k];
        ssize_t n = l->ended ? 0 : recv(l->fd, bytes, (size_t)l->sip, MSG_DONTWAIT);

        l->taken += n > 0 ? n : 0;
        if (n <= 0 && !l->ended)
            printf("%s: has %ld bytes, and %s\n", l->name, l->taken,
                   n == 0 ? "the end" : "no more comes");
        l->ended = n <= 0;
    }
    if (archive->listeners[0].ended && archive->listeners[1].ended)
        (void)event_base_loopbreak(archive->base);
}

static int listener_open(struct listener *l, struct archive *archive, const char *name, int sip)
{
    evutil_socket_t ends[2];

    l->name = name;
    l->sip = sip;
    if (evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return -1;
    l->fd = ends[0];
    if (evutil_make_socket_nonblocking(ends[1]) == 0)
        l->stream = bufferevent_socket_new(archive->base, ends[1], BEV_OPT_CLOSE_ON_FREE);
    if (l->stream == NULL) {
        (void)evutil_closesocket(ends[1]);
        return -1;
    }
    l->playback = playback_start(l->stream, archive->recording, on_played, l);
    return l->playback != NULL ? 0 : -1;
}

static int archive_open(struct archive *archive)
{
    static const struct timeval TICK = {.tv_usec = 100 * 1000};
    char name[] = "/tmp/14_file_stream.XXXXXX";

    archive->recording = mkstemp(name);
    if (archive->recording < 0 || unlink(name) != 0 ||
        ftruncate(archive->recording, RECORDING_SIZE) != 0)
        return -1;
    archive->base = event_base_new();
    if (archive->base == NULL ||
        listener_open(&archive->listeners[0], archive, "quick", 64 * 1024) != 0 ||
        listener_open(&archive->listeners[1], archive, "slow", 16 * 1024) != 0)
        return -1;
    archive->clock = event_new(archive->base, -1, EV_PERSIST, on_tick, archive);
    return archive->clock != NULL ? event_add(archive->clock, &TICK) : -1;
}

static void archive_close(struct archive *archive)
{
    for (int k = 0; k < LISTENERS; k++) {
        playback_free(archive->listeners[k].playback);
        if (archive->listeners[k].stream != NULL)
            bufferevent_free(archive->listeners[k].stream);
        if (archive->listeners[k].fd >= 0)
            (void)evutil_closesocket(archive->listeners[k].fd);
    }
    if (archive->clock != NULL)
        event_free(archive->clock);
    if (archive->base != NULL)
        event_base_free(archive->base);
    if (archive->recording >= 0)
        (void)close(archive->recording); /* it was only read */
}

int main(void)
{
    struct archive archive = {.recording = -1, .listeners = {{.fd = -1}, {.fd = -1}}};
    const struct listener *quick = &archive.listeners[0], *slow = &archive.listeners[1];
    int status = EXIT_FAILURE;

    (void)signal(SIGPIPE, SIG_IGN);
    if (archive_open(&archive) != 0)
        fprintf(stderr, "14_file_stream: set-up: no memory, or no descriptor left\n");
    else if (event_base_dispatch(archive.base) != 0)
        fprintf(stderr, "14_file_stream: event loop: it ended before its work did\n");
    else if (quick->taken == 0 && slow->taken == 0)
        fprintf(stderr, "14_file_stream: nobody hears anything: start with TODO(1)\n");
    else if (!quick->done || !slow->done || quick->taken + slow->taken != 2 * RECORDING_SIZE)
        fprintf(stderr, "14_file_stream: a listener has not heard all, or that is not told\n");
    else
        status = EXIT_SUCCESS;
    archive_close(&archive);
    return status;
}
