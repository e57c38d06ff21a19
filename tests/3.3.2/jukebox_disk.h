/* jukebox_disk.h: files and tapes for the suite of 13_file_read_write, and who was told of them
 *
 * A file is in memory, and a tape is a pipe: /proc/self/fd names both, so that nothing has to be
 * tidied up in a folder.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef JUKEBOX_DISK_H
#define JUKEBOX_DISK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "13_file_read_write.h"
#include "faults.h"
#include "locks.h"
#include "result_text.h"
#include "suite.h"
#include "vwait.h"

enum { MOST_SOURCES = 4, SOON_MS = 100 };

/* A file or a tape. */
struct source {
    struct disk *disk;
    char name;           /* 'A' and so on, in the order in which they were made */
    int fd;              /* of a tape: the end that is read */
    int tape;            /* the end that is written, or -1 */
    char path[32];       /* what jukebox_load() is given */
    const char *content; /* of a file; NULL: do not compare */
    size_t n;
    void (*then)(struct source *s); /* called by on_told(), or NULL */
};

struct disk {
    struct jukebox *jukebox;
    pthread_t loop; /* the thread that must tell */
    struct source sources[MOST_SOURCES];
    int n;
    atomic_bool elsewhere; /* somebody was told on another thread */
    bool inside;           /* jukebox_load() has not returned */
    int told;              /* calls of on_told() on the right thread */
};

/* ---- the program around the jukebox ---- */

static inline void disk_open(struct disk *d)
{
    *d = (struct disk){.loop = pthread_self()};
    ck_assert_msg(jukebox_use_threads() == 0, "jukebox_use_threads() did not give 0");
    d->jukebox = jukebox_new(test_base()); /* the base is made here, behind it */
    ck_assert_msg(d->jukebox != NULL, "jukebox_new() gave NULL");
}

static inline void disk_close(struct disk *d)
{
    jukebox_free(d->jukebox);
    for (int k = 0; k < d->n; k++) {
        if (d->sources[k].tape >= 0)
            ck_assert_int_eq(close(d->sources[k].tape), 0);
        ck_assert_int_eq(close(d->sources[k].fd), 0);
    }
}

static inline struct source *source_new(struct disk *d, int fd)
{
    struct source *s = &d->sources[d->n];

    ck_assert_int_lt(d->n, MOST_SOURCES);
    ck_assert_int_ge(fd, 0);
    *s = (struct source){.disk = d, .name = (char)('A' + d->n++), .fd = fd, .tape = -1};
    snprintf(s->path, sizeof(s->path), "/proc/self/fd/%d", fd);
    return s;
}

/* A file with `n` bytes, which are borrowed. */
static inline struct source *file_new(struct disk *d, const char *content, size_t n)
{
    struct source *s = source_new(d, (int)syscall(SYS_memfd_create, "record", 0));

    ck_assert_int_eq(io_raw_write(s->fd, content, n), (long)n);
    s->content = content;
    s->n = n;
    return s;
}

/* A tape on which nothing is yet. */
static inline struct source *tape_new(struct disk *d)
{
    struct source *s;
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    s = source_new(d, ends[0]);
    s->tape = ends[1];
    return s;
}

static inline void tape_play(const struct source *s, const char *text)
{
    ck_assert_int_eq(io_raw_write(s->tape, text, strlen(text)), (long)strlen(text));
}

/* Maybe on another thread: who reads the end may be in disk_close() before this returns. */
static inline void tape_end(struct source *s)
{
    const int fd = s->tape;

    s->tape = -1;
    ck_assert_int_eq(close(fd), 0);
}

/* Waits until the worker has taken what is on the tape: each record before it is loaded then. False
 * if it does not come, but waits for something else, or is not there. */
static inline bool worker_has_come_to(const struct source *s)
{
    int left = 1;

    vwait_settle();
    return ioctl(s->fd, FIONREAD, &left) == 0 && left == 0;
}

/* ---- who is told ---- */

static inline void on_told(const char *bytes, size_t n, int error, void *arg)
{
    struct source *s = arg;

    if (!pthread_equal(s->disk->loop, pthread_self())) { /* nothing can be said from there */
        s->disk->elsewhere = true;
        return;
    }
    s->disk->told++;
    if (s->disk->inside)
        fail_test("on_loaded() was called inside jukebox_load()");
    if (error != 0)
        trace("%c: %zu bytes, %s", s->name, n, result_text(error));
    else if (s->content != NULL && n == s->n)
        trace("%c: %zu bytes, %s", s->name, n, memcmp(bytes, s->content, n) ? "wrong" : "right");
    else
        trace("%c: %zu bytes, \"%.*s\"", s->name, n, n < 32 ? (int)n : 32, bytes);
    if (s->then)
        s->then(s);
}

static inline void path_load(struct source *s, const char *path)
{
    s->disk->inside = true;
    int result = jukebox_load(s->disk->jukebox, path, on_told, s);
    s->disk->inside = false;
    ck_assert_msg(result == 0, "expected  jukebox_load() gives 0\ngot       %s",
                  result_text(result));
}

static inline void source_load(struct source *s)
{
    path_load(s, s->path);
}

/* Compares what was told, and when; lines of the same time in this order. */
static inline void expect_told(struct disk *d, const char *expected)
{
    if (d->elsewhere)
        fail_test("expected  on_loaded() is called by the loop, on its thread\n"
                  "got       a call on another thread: the worker's?");
    if (d->told == 0 && strstr(expected, "bytes"))
        fail_test("expected  on_loaded() is called for each record\n"
                  "got       no call at all: does the worker hand the record over, and wake the "
                  "loop? Does on_woken() take it?");
    expect_trace_in_order(expected);
}

/* ---- what happens later ---- */

struct moment {
    void (*happens)(struct source *s);
    struct source *source;
};

static inline void on_moment(evutil_socket_t fd, short what, void *arg)
{
    struct moment moment = *(struct moment *)arg;

    (void)fd;
    (void)what;
    free(arg);
    moment.happens(moment.source);
}

/* Has happens(s) called by the loop at `ms`. */
static inline void at(int ms, void (*happens)(struct source *s), struct source *s)
{
    const struct timeval wait = {ms / 1000, ms % 1000 * 1000};
    struct moment *moment = malloc(sizeof(*moment));

    ck_assert_ptr_nonnull(moment);
    *moment = (struct moment){happens, s};
    ck_assert_int_eq(event_base_once(test_base(), -1, EV_TIMEOUT, on_moment, moment, &wait), 0);
}

#endif
