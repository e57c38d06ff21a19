/* ledger.c: see ledger.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "ledger.h"

#include <dirent.h>
#include <errno.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "append.h"
#include "file_calls.h"
#include "real.h"
#include "vclock.h"
#include "verdict.h"
#include "where.h"

#define MAX_DESCRIPTORS 1024

static struct {
    bool open_before[MAX_DESCRIPTORS];
    char closed_at[MAX_DESCRIPTORS][128]; /* where the learner's code closed it; "": it did not */
    struct event_base *base;
} ledger;

/* Guards closed_at: workers close, too. */
static pthread_mutex_t closing = PTHREAD_MUTEX_INITIALIZER;

static _Thread_local int loop_depth;

REAL_FUNCTION(int, event_base_loop, (struct event_base *, int));
REAL_FUNCTION(int, close, (int));

/* --- descriptors --- */

/* Calls `found` for each open descriptor but the one used for looking. */
static void each_descriptor(void (*found)(int fd, void *arg), void *arg)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;

    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL) {
        int fd = atoi(entry->d_name);
        if (entry->d_name[0] != '.' && fd != dirfd(dir) && fd < MAX_DESCRIPTORS)
            found(fd, arg);
    }
    closedir(dir);
}

static void note_open(int fd, void *unused)
{
    (void)unused;
    ledger.open_before[fd] = true;
}

void ledger_start(void)
{
    memset(ledger.open_before, 0, sizeof ledger.open_before);
    memset(ledger.closed_at, 0, sizeof ledger.closed_at);
    each_descriptor(note_open, NULL);
}

void ledger_except(int fd)
{
    if (fd >= 0 && fd < MAX_DESCRIPTORS)
        note_open(fd, NULL);
}

/* Text that grows, and how many entries it has. */
struct list {
    char *out;
    size_t size;
    int n;
};

static void list_add(struct list *list, const char *text)
{
    append(list->out, list->size, "%s", text);
    list->n++;
}

static void add_if_new(int fd, void *arg)
{
    struct list *list = arg;
    char path[64], target[128], text[256];

    if (ledger.open_before[fd])
        return;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(path, target, sizeof target - 1);
    target[n > 0 ? n : 0] = '\0';
    char *detail = strchr(target, ':'); /* "socket:[123]": the number helps nobody */
    if (detail && target[0] != '/')
        *detail = '\0';
    snprintf(text, sizeof text, "%s%d (%s)", list->n > 0 ? ", " : "", fd, target);
    list_add(list, text);
}

int ledger_new_descriptors(char *out, size_t size)
{
    struct list list = {out, size, 0};

    out[0] = '\0';
    each_descriptor(add_if_new, &list);
    return list.n;
}

static void tell_not_open(int fd, const char *place)
{
    const char *before = fd >= 0 && fd < MAX_DESCRIPTORS ? ledger.closed_at[fd] : "";

    if (*before && strncmp(place, PLACE_CALL, strlen(PLACE_CALL)) != 0)
        problem("descriptor %d was closed %s, and is not open any more for its owner, who closes "
                "it, too",
                fd, before);
    else if (*before)
        problem("close(%d) was called %s, but %d was closed before, %s", fd, place, fd, before);
    else
        problem("close(%d) was called %s, but %d is not open", fd, place, fd);
}

static bool is_regular(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

EXPORT int close(int fd)
{
    char place[128];

    if (vclock_is_on() && CALLED_BY_LEARNER() && is_regular(fd)) {
        file_call_check("close");
        if (file_call_fails("close", NULL)) {
            (void)REAL(close)(fd); /* Linux lets go of it in any case */
            return -1;
        }
    }
    if (verdict_is_open() && vclock_is_on()) {
        where_called(place, sizeof place);
        if (fd == verdict_descriptor()) {
            problem("close(%d) was called %s on a descriptor that is the grader's", fd, place);
            errno = EBADF;
            return -1;
        }
        pthread_mutex_lock(&closing);
        if (fcntl(fd, F_GETFD) < 0)
            tell_not_open(fd, place);
        else if (fd < MAX_DESCRIPTORS)
            snprintf(ledger.closed_at[fd], sizeof ledger.closed_at[fd], "%s",
                     strncmp(place, PLACE_CALL, strlen(PLACE_CALL)) == 0 ? place : "");
        pthread_mutex_unlock(&closing);
    }
    return REAL(close)(fd);
}

/* --- events --- */

static void describe(const struct event *ev, char *out, size_t size)
{
    char name[128];
    short what = event_get_events(ev);
    event_callback_fn callback = event_get_callback(ev);
    struct timeval due, now;
    void *address;

    memcpy(&address, &callback, sizeof address);
    where_function(address, name, sizeof name);
    if (what & EV_SIGNAL)
        snprintf(out, size, "signal %d for %s", (int)event_get_fd(ev), name);
    else if (what & (EV_READ | EV_WRITE))
        snprintf(out, size, "%s of descriptor %d for %s", what & EV_READ ? "read" : "write",
                 (int)event_get_fd(ev), name);
    else
        snprintf(out, size, "timer for %s", name);
    if ((ev->ev_evcallback.evcb_flags & EVLIST_TIMEOUT) && event_pending(ev, EV_TIMEOUT, &due)) {
        gettimeofday(&now, NULL);
        double left = (double)(due.tv_sec - now.tv_sec) + (double)(due.tv_usec - now.tv_usec) / 1e6;
        append(out, size, ", due at %.3f", (double)vclock_now() / 1e9 + left);
    } else if (event_pending(ev, EV_TIMEOUT, NULL)) { /* by event_active(): it has no time */
        append(out, size, ", active");
    }
}

static int add_event(const struct event_base *base, const struct event *ev, void *arg)
{
    struct list *list = arg;
    char text[256];

    (void)base;
    /* Of libevent's own, or of an object that was freed and is gone with the loop's next turn. */
    if (ev->ev_evcallback.evcb_flags & (EVLIST_INTERNAL | EVLIST_FINALIZING))
        return 0;
    list_add(list, list->n > 0 ? "\n    " : "    ");
    list->n--; /* the separator is no entry */
    describe(ev, text, sizeof text);
    list_add(list, text);
    return 0;
}

int ledger_pending_events(struct event_base *base, char *out, size_t size)
{
    struct list list = {out, size, 0};

    out[0] = '\0';
    if (base)
        event_base_foreach_event(base, add_event, &list);
    return list.n;
}

/* --- the loop --- */

int ledger_loop_depth(void)
{
    return loop_depth;
}

struct event_base *ledger_current_base(void)
{
    return ledger.base;
}

EXPORT int event_base_loop(struct event_base *base, int flags)
{
    ledger.base = base;
    loop_depth++;
    int result = REAL(event_base_loop)(base, flags);
    loop_depth--;
    return result;
}

EXPORT int event_base_dispatch(struct event_base *base)
{
    return event_base_loop(base, 0);
}
