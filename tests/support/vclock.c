/* vclock.c: virtual time, see vclock.h
 *
 * The functions at the end stand in front of libc's. Each passes through while
 * virtual time is off.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "vclock.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "inflight.h"
#include "real.h"
#include "vthreads.h"
#include "vwait.h"

#define NS_PER_SEC INT64_C(1000000000)
#define NS_PER_MS  INT64_C(1000000)

/* Where the virtual clocks start: far from 0, so that code that mixes them up is noticed. */
static const int64_t monotonic_origin = 1000 * NS_PER_SEC;
static const int64_t realtime_origin = 1767225600 * NS_PER_SEC; /* 2026-01-01 00:00 UTC */

static const long default_livelock = 500000;

struct vclock_hooks vclock_hooks;

static struct {
    atomic_bool on;
    _Atomic int64_t now; /* ns since vclock_start() */
    pthread_t loop_thread;
    int outside_ms; /* real time to wait for other processes before a jump */
    unsigned seed;  /* 0: leave the order of ready events */
    long wakeups;   /* of the loop, since time last moved */
    long moments;   /* at which something was to be done: how often time has moved */
    long livelock_limit;
} clock_state = {.livelock_limit = default_livelock};

REAL_FUNCTION(int, clock_gettime, (clockid_t, struct timespec *));
REAL_FUNCTION(int, gettimeofday, (struct timeval *, void *));
REAL_FUNCTION(time_t, time, (time_t *));
REAL_FUNCTION(int, epoll_wait, (int, struct epoll_event *, int, int));
REAL_FUNCTION(int, epoll_pwait, (int, struct epoll_event *, int, int, const sigset_t *));
REAL_FUNCTION(int, select, (int, fd_set *, fd_set *, fd_set *, struct timeval *));
REAL_FUNCTION(int, clock_nanosleep, (clockid_t, int, const struct timespec *, struct timespec *));
REAL_FUNCTION(int, timerfd_create, (int, int));

/* --- the clock --- */

void vclock_start(void)
{
    clock_state.now = 0;
    clock_state.wakeups = 0;
    clock_state.moments = 0;
    clock_state.loop_thread = pthread_self();
    clock_state.on = true;
}

void vclock_stop(void)
{
    clock_state.on = false;
}

bool vclock_is_on(void)
{
    return clock_state.on;
}

bool vclock_on_loop_thread(void)
{
    return pthread_equal(pthread_self(), clock_state.loop_thread) != 0;
}

int64_t vclock_now(void)
{
    return clock_state.now;
}

EXPORT void vclock_advance_to(int64_t ns)
{
    if (ns > clock_state.now) {
        clock_state.now = ns;
        clock_state.wakeups = 0;
        clock_state.moments++;
    }
    vthreads_wake_due(clock_state.now);
}

long vclock_moments(void)
{
    return clock_state.moments;
}

EXPORT void vclock_expect_outside(int real_ms)
{
    clock_state.outside_ms = real_ms;
}

void vclock_shuffle(unsigned seed)
{
    clock_state.seed = seed;
}

EXPORT void vclock_livelock_limit(long wakeups)
{
    clock_state.livelock_limit = wakeups > 0 ? wakeups : default_livelock;
}

/* --- sleeping --- */

/* A sleeping loop thread takes time along with it; a worker waits for its turn. */
static void sleep_virtually(const char *call, int64_t ns)
{
    if (!vclock_on_loop_thread()) {
        vwait_count_sleep();
        vthreads_sleep_until(clock_state.now + ns);
        return;
    }
    if (vclock_hooks.slept)
        vclock_hooks.slept(call, ns);
    vwait_sleep_loop(clock_state.now + ns);
}

/* --- waiting for events --- */

static void shuffle_ready(struct epoll_event *events, int n)
{
    if (clock_state.seed == 0)
        return;
    for (int i = n - 1; i > 0; i--) {
        clock_state.seed = clock_state.seed * 1103515245u + 12345u;
        int j = (int)((clock_state.seed >> 16) % (unsigned)(i + 1));
        struct epoll_event swapped = events[i];
        events[i] = events[j];
        events[j] = swapped;
    }
}

/* Called once a wake-up, so that a loop that never lets time move is told. */
static void count_wakeup(void)
{
    if (++clock_state.wakeups <= clock_state.livelock_limit)
        return;
    clock_state.wakeups = 0;
    if (vclock_hooks.livelock)
        vclock_hooks.livelock(clock_state.livelock_limit);
}

/* Nothing is ready. Gives threads and other processes, where there are any, real time to change
 * that: returns what they made ready; 0 when nobody can do so at this moment; -1 to ask again. */
static int wait_for_others(int epfd, struct epoll_event *events, int max)
{
    const int slice_ms = 1, patience_ms = 200;
    int n = 0;

    if (vthreads_busy()) {
        n = REAL(epoll_wait)(epfd, events, max, slice_ms);
        return n > 0 ? n : -1;
    }
    int waited = 0;
    for (; n == 0 && waited < patience_ms && in_flight(); waited++)
        n = REAL(epoll_wait)(epfd, events, max, slice_ms);
    if (waited == patience_ms)
        inflight_give_up();
    if (n == 0) /* it may have arrived between the two looks */
        n = REAL(epoll_wait)(epfd, events, max, clock_state.outside_ms);
    return n > 0 ? n : 0;
}

/* epoll_wait on the loop thread. */
static int wait_virtually(int epfd, struct epoll_event *events, int max, int timeout)
{
    const int64_t far = INT64_C(150) * 365 * 86400 * NS_PER_SEC;
    int64_t deadline = timeout < 0 ? VCLOCK_NEVER : clock_state.now + timeout * NS_PER_MS;
    int real_ms = 0;

    if (vclock_hooks.looks)
        vclock_hooks.looks();
    count_wakeup();
    for (;;) {
        int n = REAL(epoll_wait)(epfd, events, max, 0);
        if (n == 0 && timeout != 0)
            n = wait_for_others(epfd, events, max);
        if (n > 0)
            shuffle_ready(events, n);
        if (n > 0 || timeout == 0 || (n < 0 && errno == EINTR))
            return n;
        if (n < 0) {
            vwait_note_patience(++real_ms, -1);
            continue;
        }
        int64_t next = vthreads_next_deadline();
        if (deadline < next)
            next = deadline;
        if (next == VCLOCK_NEVER) {
            if (vclock_hooks.deadlock)
                vclock_hooks.deadlock();
            return REAL(epoll_wait)(epfd, events, max, timeout);
        }
        if (next > far && vclock_hooks.too_far)
            vclock_hooks.too_far(next);
        vclock_advance_to(next);
        if (clock_state.now >= deadline)
            timeout = 0; /* one last look at what the jump made ready */
    }
}

/* --- in front of libc --- */

static void timespec_of(int64_t ns, struct timespec *ts)
{
    ts->tv_sec = ns / NS_PER_SEC;
    ts->tv_nsec = ns % NS_PER_SEC;
}

EXPORT int clock_gettime(clockid_t id, struct timespec *ts)
{
    bool cpu = id == CLOCK_PROCESS_CPUTIME_ID || id == CLOCK_THREAD_CPUTIME_ID;
    bool wall = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE || id == CLOCK_TAI;

    if (!clock_state.on || cpu)
        return REAL(clock_gettime)(id, ts);
    timespec_of((wall ? realtime_origin : monotonic_origin) + clock_state.now, ts);
    return 0;
}

EXPORT int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    if (!clock_state.on)
        return REAL(gettimeofday)(tv, zone);
    int64_t ns = realtime_origin + clock_state.now;
    tv->tv_sec = ns / NS_PER_SEC;
    tv->tv_usec = ns % NS_PER_SEC / 1000;
    return 0;
}

EXPORT time_t time(time_t *where)
{
    if (!clock_state.on)
        return REAL(time)(where);
    time_t now = (realtime_origin + clock_state.now) / NS_PER_SEC;
    if (where)
        *where = now;
    return now;
}

EXPORT int clock_nanosleep(clockid_t id, int flags, const struct timespec *want,
                           struct timespec *left)
{
    if (!clock_state.on)
        return REAL(clock_nanosleep)(id, flags, want, left);
    int64_t ns = want->tv_sec * NS_PER_SEC + want->tv_nsec;
    if (flags & TIMER_ABSTIME)
        ns -= (id == CLOCK_REALTIME ? realtime_origin : monotonic_origin) + clock_state.now;
    sleep_virtually("clock_nanosleep", ns > 0 ? ns : 0);
    return 0;
}

EXPORT int nanosleep(const struct timespec *want, struct timespec *left)
{
    if (!clock_state.on) {
        int error = REAL(clock_nanosleep)(CLOCK_REALTIME, 0, want, left);
        errno = error ? error : errno;
        return error ? -1 : 0;
    }
    sleep_virtually("nanosleep", want->tv_sec * NS_PER_SEC + want->tv_nsec);
    return 0;
}

EXPORT int usleep(useconds_t us)
{
    struct timespec want;

    if (clock_state.on) {
        sleep_virtually("usleep", (int64_t)us * 1000);
        return 0;
    }
    timespec_of((int64_t)us * 1000, &want);
    return nanosleep(&want, NULL);
}

EXPORT unsigned sleep(unsigned seconds)
{
    struct timespec want = {.tv_sec = seconds}, left = {0};

    if (clock_state.on) {
        sleep_virtually("sleep", seconds * NS_PER_SEC);
        return 0;
    }
    return nanosleep(&want, &left) == 0 ? 0 : (unsigned)left.tv_sec;
}

EXPORT int epoll_wait(int epfd, struct epoll_event *events, int max, int timeout)
{
    if (!clock_state.on || !vclock_on_loop_thread())
        return REAL(epoll_wait)(epfd, events, max, timeout);
    return wait_virtually(epfd, events, max, timeout);
}

EXPORT int epoll_pwait(int epfd, struct epoll_event *events, int max, int timeout,
                       const sigset_t *mask)
{
    if (!clock_state.on || !vclock_on_loop_thread() || mask != NULL)
        return REAL(epoll_pwait)(epfd, events, max, timeout, mask);
    return wait_virtually(epfd, events, max, timeout);
}

EXPORT int select(int n, fd_set *restrict r, fd_set *restrict w, fd_set *restrict x,
                  struct timeval *restrict timeout)
{
    bool asks = timeout && timeout->tv_sec == 0 && timeout->tv_usec == 0;

    if (!clock_state.on || !vclock_on_loop_thread() || asks)
        return REAL(select)(n, r, w, x, timeout);
    if (n == 0 && timeout) { /* the old way to sleep */
        sleep_virtually("select", timeout->tv_sec * NS_PER_SEC + timeout->tv_usec * 1000);
        return 0;
    }
    if (vclock_hooks.blocked)
        vclock_hooks.blocked("select", -1);
    return REAL(select)(n, r, w, x, timeout);
}

EXPORT int timerfd_create(int id, int flags)
{
    if (!clock_state.on)
        return REAL(timerfd_create)(id, flags);
    errno = ENOSYS;
    return -1;
}
