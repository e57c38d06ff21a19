/* verdict.c: see verdict.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "verdict.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_MESSAGE 16384

static struct {
    int fd;
    char key[VERDICT_KEY_LENGTH + 1];
    char problem[MAX_MESSAGE]; /* "" if none */
    void (*redirect)(const char *message);
} verdict = {.fd = -1};

void verdict_open(int fd, const char *key)
{
    const int out_of_the_way = 400;

    verdict.fd = fcntl(fd, F_DUPFD_CLOEXEC, out_of_the_way);
    if (verdict.fd < 0)
        verdict.fd = fd;
    else
        close(fd);
    snprintf(verdict.key, sizeof verdict.key, "%s", key);
}

bool verdict_is_open(void)
{
    return verdict.fd >= 0;
}

int verdict_descriptor(void)
{
    return verdict.fd;
}

/* Straight to the kernel: the learner's code and the harness stand in front of write(). */
static void send_all(const char *bytes, size_t n)
{
    while (n > 0) {
        long sent = syscall(SYS_write, verdict.fd, bytes, n);
        if (sent <= 0)
            return; /* the supervisor will miss the verdict and say so */
        bytes += sent;
        n -= (size_t)sent;
    }
}

void verdict_end(enum verdict_kind kind, const char *format, ...)
{
    static char message[MAX_MESSAGE];
    const char letter = (char)kind;
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (verdict.redirect)
        verdict.redirect(message);
    send_all(verdict.key, VERDICT_KEY_LENGTH);
    send_all(&letter, 1);
    send_all(message, strlen(message));
    fflush(stderr);
    syscall(SYS_exit_group, 0);
    __builtin_unreachable();
}

void verdict_redirect(void (*to)(const char *message))
{
    verdict.redirect = to;
}

void problem(const char *format, ...)
{
    va_list args;

    if (verdict.problem[0] != '\0')
        return;
    va_start(args, format);
    vsnprintf(verdict.problem, sizeof verdict.problem, format, args);
    va_end(args);
}

const char *problem_first(void)
{
    return verdict.problem[0] != '\0' ? verdict.problem : NULL;
}
