/* process.h: child processes on one event base
 *
 * A runner owns the base and its signal events: SIGCHLD says that a child ended;
 * SIGINT, SIGTERM and SIGHUP end all children, politely at first. Pipes, signals
 * and time limits are all events of this one base: nothing polls, nothing
 * blocks, and no signal handler does any work.
 *
 * Interface
 *   process_start() starts a child; its callback runs once, from the loop,
 *       never inside process_start().
 *   runner_run() runs the loop until runner_stop().
 *   process_run() does both for a single child.
 * A child reads /dev/null and gets a process group of its own, so that whatever
 * it started ends with it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <stddef.h>

struct runner;

struct command {
    char *const *argv;   /* argv[0] is looked up in PATH */
    int limit_s;         /* seconds until it is ended */
    size_t output_limit; /* bytes kept of stdout, and as many of stderr */
};

/* How a child ended. The strings live during the callback; it may take one and leave NULL. */
struct ended {
    int status; /* as of waitpid() */
    int limit_s;
    bool timed_out;
    char *out, *err;
};

typedef void (*ended_fn)(struct ended *ended, void *arg);

struct runner *runner_new(void); /* NULL when it cannot */
void runner_free(struct runner *runner);

/* Runs the loop until runner_stop(). Returns 0, or -EINTR when a signal interrupted us. */
int runner_run(struct runner *runner);
void runner_stop(struct runner *runner);

/* The signal that interrupted us, or 0. After it nothing new starts. */
int runner_interrupted(const struct runner *runner);

/* Returns 0, or a negative errno: then `on_ended` is never called. -EINTR after a signal. */
int process_start(struct runner *runner, const struct command *command, ended_fn on_ended,
                  void *arg);

/* Runs a child to its end. Returns 0, and then the strings of `ended` are the caller's, or a
 * negative errno. */
int process_run(struct runner *runner, const struct command *command, struct ended *ended);

bool ended_well(const struct ended *ended); /* exit status 0, in time */
void ended_clear(struct ended *ended);      /* frees the strings */

/* "exit status 3", "signal 11 (Segmentation fault)", "no end within 120 s"; the caller frees it. */
char *ended_reason(const struct ended *ended);

#endif
