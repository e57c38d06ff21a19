/* 13_file_read_write.c: loads records in a thread of its own
 *
 * 13_file_read_write.h says what is told to whom. The queue is given, and the thread: yours is to
 * read a file to its end, and to bring what has been read back to the loop.
 *
 * Who may touch a record goes by its state: WAITING and LOADED ones are the loop's, the one that is
 * READING is the worker's. The lock guards the queue and the states. See it at work:
 * ./workbook run 13_file_read_write --virtual
 *
 * SPDX-License-Identifier: MIT
 */
#include "13_file_read_write.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/thread.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

enum record_state { WAITING, READING, LOADED };

struct record {
    STAILQ_ENTRY(record) entry;
    enum record_state state; /* guarded by the jukebox's lock */
    loaded_cb on_loaded;
    void *arg;   /* for it; borrowed */
    char *path;  /* owned */
    char *bytes; /* owned; room for one byte more than RECORD_MOST */
    size_t n;    /* of them */
    int error;   /* 0, or a negative errno */
};

struct jukebox {
    struct event *woken; /* runs on_woken() when it is made active; owned */
    pthread_t worker;    /* runs worker_main(); joined */
    bool has_worker;
    pthread_mutex_t lock;                    /* guards what is below, and the records' states */
    pthread_cond_t changed;                  /* a record is WAITING, or `stop` is true */
    STAILQ_HEAD(record_queue, record) queue; /* in the order of jukebox_load(); owned */
    bool stop;                               /* the worker shall end */
};

static void jukebox_lock(struct jukebox *j)
{
    (void)pthread_mutex_lock(&j->lock); /* cannot fail: it is a good one, and not held */
}

static void jukebox_unlock(struct jukebox *j)
{
    (void)pthread_mutex_unlock(&j->lock);
}

static void record_free(struct record *r)
{
    free(r->path);
    free(r->bytes);
    free(r);
}

int jukebox_use_threads(void)
{
    return evthread_use_pthreads(); /* gives libevent locks, and a way to wake a loop that sleeps */
}

/* ---- the worker ---- */

/* Reads the file of `r` into its `bytes`. */
static void record_read(struct record *r)
{
    const int fd = open(r->path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0) {
        r->error = -errno;
        return;
    }
    do { /* until the end: a read may give less than there is, or be interrupted */
        n = read(fd, r->bytes + r->n, RECORD_MOST + 1 - r->n);
        r->n += n > 0 ? (size_t)n : 0;
    } while (n > 0 || (n < 0 && errno == EINTR));
    r->error = n < 0 ? -errno : 0; /* at once: the next call may change errno */
    if (r->n > RECORD_MOST)
        r->error = -EFBIG;
    (void)close(fd); /* nothing was written: nothing is lost */
}

/* The first record that waits, or NULL. The caller holds the lock. */
static struct record *queue_find_waiting(const struct jukebox *j)
{
    struct record *r;

    STAILQ_FOREACH(r, &j->queue, entry)
    {
        if (r->state == WAITING)
            return r;
    }
    return NULL;
}

static void *worker_main(void *arg)
{
    struct jukebox *j = arg;

    jukebox_lock(j);
    while (!j->stop) {
        struct record *r = queue_find_waiting(j);

        if (r == NULL) {
            (void)pthread_cond_wait(&j->changed, &j->lock); /* lets go of the lock meanwhile */
            continue;
        }
        r->state = READING;
        jukebox_unlock(j);
        record_read(r);
        jukebox_lock(j);
        r->state = LOADED; /* the last use of `r` on this thread */
        event_active(j->woken, EV_TIMEOUT, 0);
    }
    jukebox_unlock(j);
    return NULL;
}

/* ---- the loop's thread ---- */

/* Takes the first record off the queue if it is loaded; NULL if it is not, or if there is none.
 * The caller holds the lock, and owns the record from here on. */
static struct record *queue_take_loaded(struct jukebox *j)
{
    struct record *r = STAILQ_FIRST(&j->queue);

    if (r == NULL || r->state != LOADED)
        return NULL;
    STAILQ_REMOVE_HEAD(&j->queue, entry);
    return r;
}

/* The worker has woken the loop. */
static void on_woken(evutil_socket_t fd, short what, void *arg)
{
    struct jukebox *j = arg;
    struct record *r;

    (void)fd;
    (void)what;
    for (;;) { /* several: who is woken twice before the loop runs is called once */
        jukebox_lock(j);
        r = queue_take_loaded(j);
        jukebox_unlock(j); /* before the callback, which may load another one */
        if (r == NULL)
            return;
        r->on_loaded(r->bytes, r->error == 0 ? r->n : 0, r->error, r->arg);
        record_free(r);
    }
}

/* ---- given: new, load, free, main ---- */

struct jukebox *jukebox_new(struct event_base *base)
{
    struct jukebox *j = calloc(1, sizeof(*j));

    if (j == NULL)
        return NULL;
    STAILQ_INIT(&j->queue);
    (void)pthread_mutex_init(&j->lock, NULL); /* neither can fail here: no attributes */
    (void)pthread_cond_init(&j->changed, NULL);
    j->woken = event_new(base, -1, 0, on_woken, j);
    if (j->woken != NULL && pthread_create(&j->worker, NULL, worker_main, j) == 0) {
        j->has_worker = true;
        return j;
    }
    jukebox_free(j);
    return NULL;
}

int jukebox_load(struct jukebox *j, const char *path, loaded_cb on_loaded, void *arg)
{
    struct record *r = calloc(1, sizeof(*r));

    if (r == NULL)
        return -ENOMEM;
    r->path = strdup(path);
    r->bytes = malloc(RECORD_MOST + 1);
    if (r->path == NULL || r->bytes == NULL) {
        record_free(r);
        return -ENOMEM;
    }
    r->on_loaded = on_loaded;
    r->arg = arg;
    jukebox_lock(j);
    STAILQ_INSERT_TAIL(&j->queue, r, entry);
    (void)pthread_cond_signal(&j->changed);
    jukebox_unlock(j);
    return 0;
}

void jukebox_free(struct jukebox *j)
{
    struct record *r;

    if (j == NULL)
        return;
    jukebox_lock(j);
    j->stop = true;
    (void)pthread_cond_signal(&j->changed);
    jukebox_unlock(j);
    if (j->has_worker)
        (void)pthread_join(j->worker, NULL); /* from here on there is one thread only */
    if (j->woken != NULL)
        event_free(j->woken);
    while ((r = STAILQ_FIRST(&j->queue)) != NULL) {
        STAILQ_REMOVE_HEAD(&j->queue, entry);
        record_free(r);
    }
    (void)pthread_cond_destroy(&j->changed);
    (void)pthread_mutex_destroy(&j->lock);
    free(j);
}

static const struct timeval BEAT = {.tv_usec = 100 * 1000};
static const struct timeval CLOSING_TIME = {.tv_usec = 550 * 1000};

struct bar {
    struct event_base *base; /* owned, as is all below */
    struct event *beat;      /* runs on_beat() each 100 ms */
    struct jukebox *jukebox;
    int tape[2]; /* a pipe: the tape deck plays into tape[1]; or -1 */
    int beats, loaded;
};

static void on_loaded(const char *bytes, size_t n, int error, void *arg)
{
    struct bar *bar = arg;

    bar->loaded++;
    printf("loaded: %.*s%s\n", (int)n, bytes, error != 0 ? strerror(-error) : "");
}

/* The beat; at the third one, the tape deck has found the song. */
static void on_beat(evutil_socket_t fd, short what, void *arg)
{
    struct bar *bar = arg;

    (void)fd;
    (void)what;
    puts("beat");
    if (++bar->beats != 3)
        return;
    if (write(bar->tape[1], "So What", 7) != 7)
        perror("13_file_read_write: write");
    (void)close(bar->tape[1]);
    bar->tape[1] = -1;
}

static int bar_open(struct bar *bar)
{
    char path[32];

    if (jukebox_use_threads() != 0 || pipe(bar->tape) != 0)
        return -1;
    bar->base = event_base_new();
    bar->beat = bar->base != NULL ? event_new(bar->base, -1, EV_PERSIST, on_beat, bar) : NULL;
    if (bar->beat == NULL || event_add(bar->beat, &BEAT) != 0)
        return -1;
    bar->jukebox = jukebox_new(bar->base);
    (void)snprintf(path, sizeof(path), "/dev/fd/%d", bar->tape[0]); /* has room for any number */
    if (bar->jukebox == NULL || jukebox_load(bar->jukebox, path, on_loaded, bar) != 0 ||
        jukebox_load(bar->jukebox, "no such record", on_loaded, bar) != 0)
        return -1;
    return event_base_loopexit(bar->base, &CLOSING_TIME);
}

static void bar_close(struct bar *bar)
{
    for (int k = 1; k >= 0; k--) { /* tape[1] first: the worker may be reading the other end */
        if (bar->tape[k] >= 0)
            (void)close(bar->tape[k]);
    }
    jukebox_free(bar->jukebox);
    if (bar->beat != NULL)
        event_free(bar->beat);
    if (bar->base != NULL)
        event_base_free(bar->base);
}

/* A bar with a beat. A song comes from tape, slowly; another one is not there. */
int main(void)
{
    struct bar bar = {.tape = {-1, -1}};
    int status = EXIT_FAILURE;

    if (bar_open(&bar) != 0)
        fprintf(stderr, "13_file_read_write: set-up: no memory, thread or descriptor left\n");
    else if (event_base_dispatch(bar.base) != 0)
        fprintf(stderr, "13_file_read_write: event loop: it ended before closing time\n");
    else if (bar.loaded != 2)
        fprintf(stderr, "13_file_read_write: %d of 2 records were told: start with TODO(1)\n",
                bar.loaded);
    else
        status = EXIT_SUCCESS;
    bar_close(&bar);
    return status;
}
