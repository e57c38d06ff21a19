/* 13_file_read_write.c: another right solution: two lists, and an eventfd that wakes the loop
 *
 * The loop watches the eventfd like any other descriptor, so libevent needs no locks: the worker
 * calls nothing of it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "13_file_read_write.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct record {
    struct record *next;
    loaded_cb on_loaded;
    void *arg;
    char *path;
    char *bytes;
    size_t n;
    int error;
};

struct list {
    struct record *first, **end;
};

struct jukebox {
    struct event *readable;
    int wake; /* the eventfd */
    pthread_t worker;
    bool has_worker, stop;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct list waiting, loaded;
};

static void list_clear(struct list *list)
{
    list->first = NULL;
    list->end = &list->first;
}

static void list_add(struct list *list, struct record *r)
{
    r->next = NULL;
    *list->end = r;
    list->end = &r->next;
}

static struct record *list_take(struct list *list)
{
    struct record *r = list->first;

    if (r != NULL)
        list->first = r->next;
    if (list->first == NULL)
        list_clear(list);
    return r;
}

static void record_free(struct record *r)
{
    free(r->path);
    free(r->bytes);
    free(r);
}

int jukebox_use_threads(void)
{
    return 0; /* a write to an eventfd is all that the worker does */
}

static int read_to_end(int fd, struct record *r)
{
    for (;;) {
        ssize_t n = read(fd, r->bytes + r->n, RECORD_MOST + 1 - r->n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return r->n > RECORD_MOST ? -EFBIG : 0;
        r->n += (size_t)n;
    }
}

static void record_read(struct record *r)
{
    int fd = open(r->path, O_RDONLY | O_CLOEXEC);

    r->error = fd < 0 ? -errno : read_to_end(fd, r);
    if (fd >= 0)
        close(fd);
    if (r->error != 0)
        r->n = 0;
}

static void *worker_main(void *arg)
{
    const uint64_t one = 1;
    struct jukebox *j = arg;
    struct record *r;

    pthread_mutex_lock(&j->lock);
    for (;;) {
        while (!j->stop && j->waiting.first == NULL)
            pthread_cond_wait(&j->changed, &j->lock);
        if (j->stop)
            break;
        r = list_take(&j->waiting);
        pthread_mutex_unlock(&j->lock);
        record_read(r);
        pthread_mutex_lock(&j->lock);
        list_add(&j->loaded, r);
        if (write(j->wake, &one, sizeof(one)) < 0)
            abort(); /* the counter cannot be full */
    }
    pthread_mutex_unlock(&j->lock);
    return NULL;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct jukebox *j = arg;
    struct record *r, *all;
    uint64_t count;

    (void)what;
    if (read(fd, &count, sizeof(count)) < 0)
        return;
    pthread_mutex_lock(&j->lock);
    all = j->loaded.first;
    list_clear(&j->loaded);
    pthread_mutex_unlock(&j->lock);
    while ((r = all) != NULL) {
        all = r->next;
        r->on_loaded(r->bytes, r->n, r->error, r->arg);
        record_free(r);
    }
}

struct jukebox *jukebox_new(struct event_base *base)
{
    struct jukebox *j = calloc(1, sizeof(*j));

    if (j == NULL)
        return NULL;
    list_clear(&j->waiting);
    list_clear(&j->loaded);
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->changed, NULL);
    j->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (j->wake >= 0)
        j->readable = event_new(base, j->wake, EV_READ | EV_PERSIST, on_readable, j);
    if (j->readable != NULL && event_add(j->readable, NULL) == 0)
        j->has_worker = pthread_create(&j->worker, NULL, worker_main, j) == 0;
    if (j->has_worker)
        return j;
    jukebox_free(j);
    return NULL;
}

int jukebox_load(struct jukebox *j, const char *path, loaded_cb on_loaded, void *arg)
{
    struct record *r = calloc(1, sizeof(*r));

    if (r == NULL)
        return -ENOMEM;
    *r = (struct record){.on_loaded = on_loaded, .arg = arg};
    r->path = strdup(path);
    r->bytes = malloc(RECORD_MOST + 1);
    if (r->path == NULL || r->bytes == NULL) {
        record_free(r);
        return -ENOMEM;
    }
    pthread_mutex_lock(&j->lock);
    list_add(&j->waiting, r);
    pthread_cond_signal(&j->changed);
    pthread_mutex_unlock(&j->lock);
    return 0;
}

void jukebox_free(struct jukebox *j)
{
    struct record *r;

    if (j == NULL)
        return;
    pthread_mutex_lock(&j->lock);
    j->stop = true;
    pthread_cond_signal(&j->changed);
    pthread_mutex_unlock(&j->lock);
    if (j->has_worker)
        pthread_join(j->worker, NULL);
    while ((r = list_take(&j->waiting)) != NULL || (r = list_take(&j->loaded)) != NULL)
        record_free(r);
    if (j->readable != NULL)
        event_free(j->readable);
    if (j->wake >= 0)
        close(j->wake);
    pthread_cond_destroy(&j->changed);
    pthread_mutex_destroy(&j->lock);
    free(j);
}
