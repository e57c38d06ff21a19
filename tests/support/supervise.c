/* supervise.c: see supervise.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "explain.h"
#include "guard.h"
#include "places.h"
#include "verdict.h"

enum channel { OUT, ERR, VERDICT, CHANNELS };

/* What is read of a channel at the most: more ends the child. */
static const size_t most[CHANNELS] = {1 << 20, 1 << 18, 1 << 16};

/* A place takes more room than the offset that stands for it. */
enum { CHANNEL_ROOM = 2 };

/* What became of a child. */
struct watch {
    pid_t pid;
    int pidfd;
    int fds[CHANNELS];    /* -1 at end of file */
    char *text[CHANNELS]; /* what came, NUL-terminated */
    size_t used[CHANNELS];
    int status; /* of waitpid() */
    bool timed_out, flooded;
};

static long long real_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void draw_key(char key[VERDICT_KEY_LENGTH + 1])
{
    unsigned char bytes[VERDICT_KEY_LENGTH / 2];

    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        abort(); /* without a secret no verdict can be believed */
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(key + 2 * i, 3, "%02x", bytes[i]);
}

/* --- the child's side --- */

static void become_child(int pipes[CHANNELS][2], const char *key)
{
    int nothing = open("/dev/null", O_RDONLY);

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(nothing, STDIN_FILENO);
    dup2(pipes[OUT][1], STDOUT_FILENO);
    dup2(pipes[ERR][1], STDERR_FILENO);
    close(nothing);
    for (int i = 0; i < CHANNELS; i++) {
        close(pipes[i][0]);
        if (i != VERDICT)
            close(pipes[i][1]);
    }
    verdict_open(pipes[VERDICT][1], key);
}

/* --- the supervisor's side --- */

static void read_channel(struct watch *w, enum channel c)
{
    size_t room = most[c] - w->used[c];
    ssize_t n = read(w->fds[c], w->text[c] + w->used[c], room);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0)
        w->used[c] += (size_t)n;
    w->text[c][w->used[c]] = '\0';
    if (n <= 0) {
        close(w->fds[c]);
        w->fds[c] = -1;
    } else if (w->used[c] == most[c]) {
        w->flooded = true;
    }
}

/* Waits until the child has ended, reading what it says; kills it when it goes too far. */
static void watch_child(struct watch *w, int wall_seconds)
{
    const int to_tell_ms = 1000;
    long long deadline = real_ms() + wall_seconds * 1000LL;
    bool asked = false;

    for (;;) {
        struct pollfd p[CHANNELS + 1];
        for (int i = 0; i < CHANNELS; i++)
            p[i] = (struct pollfd){.fd = w->fds[i], .events = POLLIN};
        p[CHANNELS] = (struct pollfd){.fd = w->pidfd, .events = POLLIN};
        long long left = deadline - real_ms();
        const int without_pidfd_ms = 5;
        int wait = w->pidfd < 0 && left > without_pidfd_ms ? without_pidfd_ms : (int)left;
        (void)poll(p, CHANNELS + 1, wait > 0 ? wait : 0);
        for (int i = 0; i < CHANNELS; i++)
            if (p[i].revents)
                read_channel(w, (enum channel)i);
        if (waitpid(w->pid, &w->status, WNOHANG) == w->pid)
            break;
        if (real_ms() >= deadline) {
            w->timed_out = asked;
            asked = sigqueue(w->pid, SIGXCPU, (union sigval){.sival_int = wall_seconds}) == 0;
            deadline += to_tell_ms; /* in which the child says where it is */
        }
        if (w->flooded || w->timed_out) {
            kill(w->pid, SIGKILL);
            waitpid(w->pid, &w->status, 0);
            break;
        }
    }
    kill(-w->pid, SIGKILL);            /* whatever it may have left in its group */
    for (int i = 0; i < CHANNELS; i++) /* what was still in the pipes */
        for (int rounds = 0; w->fds[i] >= 0 && rounds < 32 && w->used[i] < most[i]; rounds++)
            read_channel(w, (enum channel)i);
}

/* --- judging --- */

/* The text of a channel with places in place of offsets; its array has room for more. */
static const char *resolved(const struct watch *w, enum channel c, const char *module)
{
    places_resolve(w->text[c], CHANNEL_ROOM * most[c], module);
    return w->text[c];
}

static const char *of_last_test(const char *err)
{
    for (const char *mark; (mark = strstr(err, NEXT_TEST_MARK)) != NULL;)
        err = mark + strlen(NEXT_TEST_MARK);
    return err;
}

static void judge_verdict(const struct watch *w, const char *key, const char *module,
                          struct result *r)
{
    const char *text = w->text[VERDICT];

    if (w->used[VERDICT] <= VERDICT_KEY_LENGTH || strncmp(text, key, VERDICT_KEY_LENGTH) != 0) {
        r->outcome = CHEATING;
        snprintf(r->message, sizeof r->message,
                 "something was written to a descriptor that is the grader's own: a forged verdict "
                 "earns nothing");
        return;
    }
    switch (text[VERDICT_KEY_LENGTH]) {
    case VERDICT_PASSED:
        r->outcome = PASSED;
        break;
    case VERDICT_ABORTED:
        r->outcome = CRASHED;
        break;
    case VERDICT_TIMEOUT:
        r->outcome = TIMEOUT;
        break;
    case VERDICT_CHEATING:
        r->outcome = CHEATING;
        break;
    default:
        r->outcome = FAILED;
        r->leaked = text[VERDICT_KEY_LENGTH] == VERDICT_LEAKED;
        r->noticed = r->leaked || text[VERDICT_KEY_LENGTH] == VERDICT_BROKEN;
    }
    snprintf(r->message, sizeof r->message, "%s",
             resolved(w, VERDICT, module) + VERDICT_KEY_LENGTH + 1);
    if (r->outcome == PASSED || r->outcome == CHEATING)
        return;
    const char *err = of_last_test(resolved(w, ERR, module));
    r->unplaced_leak = !explain_leaks(err, r->message, sizeof r->message);
    explain_stderr(err, r->message, sizeof r->message);
}

static void judge(const struct watch *w, const char *key, const char *module, int wall_seconds,
                  struct result *r)
{
    r->message[0] = '\0';
    r->unplaced_leak = r->noticed = r->leaked = false;
    if (w->flooded) {
        r->outcome = FAILED;
        snprintf(r->message, sizeof r->message,
                 "output without an end: the program was stopped after %zu KiB",
                 most[w->used[OUT] == most[OUT] ? OUT : ERR] / 1024);
    } else if (w->used[VERDICT] > 0) {
        judge_verdict(w, key, module, r);
    } else if (w->timed_out && !strstr(w->text[ERR], "ERROR: AddressSanitizer")) {
        r->outcome = TIMEOUT;
        snprintf(r->message, sizeof r->message, WALL_LIMIT_TEXT, wall_seconds);
    } else if (WIFSIGNALED(w->status) && WTERMSIG(w->status) == SIGXCPU) {
        r->outcome = TIMEOUT;
        snprintf(r->message, sizeof r->message, "an endless loop: the limit of CPU time ran out");
    } else {
        r->outcome = CRASHED;
        explain_death(w->status, of_last_test(resolved(w, ERR, module)), r->message,
                      sizeof r->message);
    }
}

/* --- one behaviour --- */

static int watch_open(struct watch *w, int pipes[CHANNELS][2])
{
    for (int i = 0; i < CHANNELS; i++) {
        if (pipe2(pipes[i], O_CLOEXEC) != 0)
            return -errno;
        w->fds[i] = pipes[i][0];
        fcntl(pipes[i][0], F_SETFL, O_NONBLOCK);
        w->text[i] = calloc(CHANNEL_ROOM, most[i] + 1);
        if (w->text[i] == NULL)
            return -ENOMEM;
    }
    return 0;
}

static void watch_close(struct watch *w, int pipes[CHANNELS][2])
{
    for (int i = 0; i < CHANNELS; i++) {
        if (w->fds[i] >= 0)
            close(w->fds[i]);
        if (pipes[i][1] >= 0)
            close(pipes[i][1]);
        free(w->text[i]);
    }
    if (w->pidfd >= 0)
        close(w->pidfd);
}

int supervise(Suite *suite, const struct behaviour *b, const struct child_options *options,
              int wall_seconds, struct result *result)
{
    struct watch w = {.pid = -1, .pidfd = -1, .fds = {-1, -1, -1}};
    int pipes[CHANNELS][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
    char key[VERDICT_KEY_LENGTH + 1];
    int error = watch_open(&w, pipes);

    if (error)
        goto cleanup;
    draw_key(key);
    fflush(NULL); /* or the child would print it again */
    w.pid = fork();
    if (w.pid < 0) {
        error = -errno;
        goto cleanup;
    }
    if (w.pid == 0) {
        become_child(pipes, key);
        child_run(suite, b, options, false);
    }
    w.pidfd = (int)syscall(SYS_pidfd_open, w.pid, 0); /* -1 on old kernels: then it polls */
    for (int i = 0; i < CHANNELS; i++) {
        close(pipes[i][1]);
        pipes[i][1] = -1;
    }
    watch_child(&w, wall_seconds);
    judge(&w, key, options->learner, wall_seconds, result);
cleanup:
    watch_close(&w, pipes);
    return error;
}
