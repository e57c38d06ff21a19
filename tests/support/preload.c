/* preload.c: virtual time for a program that knows nothing of it
 *
 *     LD_PRELOAD=libvirtual_time.so ./hello_world
 *
 * prints " 0.000  Hello" and " 1.000  World" at once. Time is virtual from the
 * program's first instruction on; each line of its standard output is stamped
 * with the virtual time at which it was complete. Stdio does not pass through an
 * interposed write(), so stdout becomes a stream of our own. A loop that nothing
 * can wake any more ends the program with a message and status 3. Threads that
 * wait for a descriptor are seen by preload_io.c; where time stands still for
 * seconds all the same, a line on stderr says what it waits for.
 *
 * VIRTUAL_TIME_OUTSIDE=ms: another process may wake the program; wait so long
 * for it before each jump.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "real.h"
#include "vclock.h"

enum { DEADLOCK_STATUS = 3, LIVELOCK_STATUS = 4 };

static struct {
    char line[4096];
    size_t used;
} output;

static void print_raw(int fd, const char *text, size_t n)
{
    while (n > 0) {
        long sent = syscall(SYS_write, fd, text, n);
        if (sent <= 0)
            return; /* nobody reads any more */
        text += sent;
        n -= (size_t)sent;
    }
}

static void print_line(void)
{
    char stamped[sizeof output.line + 32];
    int n = snprintf(stamped, sizeof stamped, "%6.3f  %.*s\n", (double)vclock_now() / 1e9,
                     (int)output.used, output.line);

    print_raw(STDOUT_FILENO, stamped, (size_t)n);
    output.used = 0;
}

static ssize_t stamp(void *cookie, const char *bytes, size_t n)
{
    (void)cookie;
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == '\n' || output.used == sizeof output.line)
            print_line();
        if (bytes[i] != '\n')
            output.line[output.used++] = bytes[i];
    }
    return (ssize_t)n;
}

static void stop(const char *why, int status)
{
    char message[256];

    fflush(stdout);
    int n = snprintf(message, sizeof message, "at %.3f: %s\n", (double)vclock_now() / 1e9, why);
    print_raw(STDERR_FILENO, message, (size_t)n);
    _exit(status);
}

static void on_deadlock(void)
{
    stop("the loop would sleep for ever: nothing can wake it any more", DEADLOCK_STATUS);
}

static void on_livelock(long wakeups)
{
    (void)wakeups;
    stop("the loop wakes up again and again, and time stands still", LIVELOCK_STATUS);
}

/* Nothing is wrong for sure: another program may be about to write. */
static void on_stand_still(int fd)
{
    char message[256];
    double now = (double)vclock_now() / 1e9;
    int n = fd >= 0 ? snprintf(message, sizeof message,
                               "at %.3f: the loop's thread waits for data on descriptor %d, and no "
                               "event is served meanwhile\n",
                               now, fd)
                    : snprintf(message, sizeof message,
                               "at %.3f: time stands still until a worker thread is done: it "
                               "computes, or waits for what only this program can do\n",
                               now);

    print_raw(STDERR_FILENO, message, (size_t)n);
}

__attribute__((constructor)) static void begin(void)
{
    const cookie_io_functions_t functions = {.write = stamp};
    FILE *stream = fopencookie(NULL, "w", functions);
    const char *outside = getenv("VIRTUAL_TIME_OUTSIDE");

    if (stream) {
        setvbuf(stream, NULL, _IOLBF, BUFSIZ);
        stdout = stream;
    }
    vclock_hooks.deadlock = on_deadlock;
    vclock_hooks.livelock = on_livelock;
    vclock_hooks.stands_still = on_stand_still;
    vclock_expect_outside(outside ? atoi(outside) : 0);
    vclock_start();
}

__attribute__((destructor)) static void end(void)
{
    fflush(stdout);
    if (output.used > 0)
        print_line();
}
