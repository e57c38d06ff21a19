/* p9_process.h: commands that run beside the loop, as processes of their own. Given.
 *
 * The shell runs a command in a process group of its own: so Ctrl-C on the terminal reaches this
 * program only, and a signal of this program reaches whatever the command has started. Its stdin is
 * /dev/null. SIGCHLD says that a process has ended, but not which one, and says it once for
 * several: so all of them are looked at.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P9_PROCESS_H
#define P9_PROCESS_H

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

struct process {
    pid_t pid;                 /* also of its group */
    TAILQ_ENTRY(process) next; /* while it runs */
};

TAILQ_HEAD(process_list, process);

/* Called by the loop when a process has ended; `status` is that of waitpid(). */
typedef void (*process_cb)(struct process *process, int status, void *arg);

struct processes {
    struct process_list running;
    struct event *child; /* SIGCHLD; owned */
    process_cb ended;
    void *arg; /* for it */
};

static inline void on_child(evutil_socket_t signal_number, short what, void *arg)
{
    struct processes *all = arg;
    struct process *process, *next;
    int status;

    (void)signal_number;
    (void)what;
    for (process = TAILQ_FIRST(&all->running); process != NULL; process = next) {
        next = TAILQ_NEXT(process, next);
        if (waitpid(process->pid, &status, WNOHANG) != process->pid)
            continue;
        TAILQ_REMOVE(&all->running, process, next);
        all->ended(process, status, all->arg);
    }
}

/* False without memory. */
static inline bool processes_init(struct processes *all, struct event_base *base, process_cb ended,
                                  void *arg)
{
    TAILQ_INIT(&all->running);
    all->ended = ended;
    all->arg = arg;
    all->child = evsignal_new(base, SIGCHLD, on_child, all);
    return all->child != NULL && event_add(all->child, NULL) == 0;
}

static inline void processes_free(struct processes *all)
{
    if (all->child != NULL)
        event_free(all->child);
}

/* Signals go back to what they were, none is blocked, and the process leads its own group. */
static inline int process_set_signals(posix_spawnattr_t *attributes)
{
    sigset_t all, none;
    int err;

    sigfillset(&all);
    sigemptyset(&none);
    if ((err = posix_spawnattr_setsigdefault(attributes, &all)) != 0 ||
        (err = posix_spawnattr_setsigmask(attributes, &none)) != 0 ||
        (err = posix_spawnattr_setpgroup(attributes, 0)) != 0)
        return err;
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETPGROUP);
}

/* Has the shell run `line`. Returns 0, or a negative errno: then it does not run. */
static inline int process_start(struct processes *all, struct process *process, const char *line)
{
    extern char **environ;
    char shell[] = "sh", option[] = "-c", *words[] = {shell, option, NULL, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char *copy = strdup(line);
    int err = ENOMEM;

    if (copy == NULL || posix_spawn_file_actions_init(&actions) != 0)
        goto no_actions;
    if (posix_spawnattr_init(&attributes) != 0)
        goto no_attributes;
    words[2] = copy;
    err = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (err == 0)
        err = process_set_signals(&attributes);
    if (err == 0)
        err = posix_spawn(&process->pid, "/bin/sh", &actions, &attributes, words, environ);
    if (err == 0)
        TAILQ_INSERT_TAIL(&all->running, process, next);
    (void)posix_spawnattr_destroy(&attributes);
no_attributes:
    (void)posix_spawn_file_actions_destroy(&actions);
no_actions:
    free(copy);
    return -err;
}

/* Asks a process that runs, and all that it has started, to end (SIGTERM), or ends them. */
static inline void process_stop(const struct process *process, int signal_number)
{
    (void)kill(-process->pid, signal_number);
}

static inline void processes_kill(const struct processes *all)
{
    const struct process *process;

    TAILQ_FOREACH (process, &all->running, next)
        process_stop(process, SIGKILL);
}

#endif
