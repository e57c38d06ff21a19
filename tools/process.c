/* process.c: see process.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "process.h"

#include "stream.h"
#include "text.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define GRACE_S 1 /* from SIGTERM to SIGKILL */

extern char **environ;

static const int signal_numbers[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP};
#define SIGNALS (sizeof signal_numbers / sizeof signal_numbers[0])

struct runner {
    struct event_base *base;
    struct event *signals[SIGNALS];
    struct process *living; /* a list */
    int interrupted;        /* the signal, or 0 */
};

struct process {
    struct runner *runner;
    struct process *next;
    pid_t pid; /* also the number of its group */
    struct stream *out, *err;
    struct event *deadline; /* the time limit; after that, the end of the grace */
    bool ending;            /* was asked to end */
    struct ended ended;
    ended_fn on_ended;
    void *arg;
};

static void process_free(struct process *process)
{
    if (process->deadline)
        event_free(process->deadline);
    stream_free(process->out);
    stream_free(process->err);
    ended_clear(&process->ended);
    free(process);
}

/* --- ending ---------------------------------------------------------------------------------- */

/* Asks the whole group to end; kills it when it was asked before. */
static void process_end(struct process *process)
{
    const struct timeval grace = {.tv_sec = GRACE_S};
    (void)kill(-process->pid, process->ending ? SIGKILL : SIGTERM); /* or it is gone already */
    process->ending = true;
    (void)event_add(process->deadline, &grace); /* fails only without memory: no second signal */
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    struct process *process = arg;
    (void)fd;
    (void)what;
    if (!process->ending)
        process->ended.timed_out = true;
    process_end(process);
}

/* Reaps `process` if it has ended. It stays a zombie until its group is killed: as long as it is
 * one, no new process can be given its number, and the signal cannot hit a stranger. */
static bool process_reap(struct process *process)
{
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || !info.si_pid)
        return false;
    (void)kill(-process->pid, SIGKILL);
    (void)waitpid(process->pid, &process->ended.status, 0); /* waitid() has just seen it */
    return true;
}

/* What the process wrote is in the pipes by now. They are not read to their end: a process that
 * fled from the group may hold them open. */
static void process_finish(struct process *process)
{
    process->ended.out = stream_text(process->out);
    process->ended.err = stream_text(process->err);
    process->on_ended(&process->ended, process->arg);
    process_free(process);
}

/* Signals of one kind merge: one SIGCHLD may stand for many children. Who ended is unlinked
 * before anyone is told, since a callback may start the next process. */
static void on_child(evutil_socket_t fd, short what, void *arg)
{
    struct runner *runner = arg;
    struct process *ended = NULL;
    (void)fd;
    (void)what;
    for (struct process **link = &runner->living; *link != NULL;) {
        struct process *process = *link;
        if (!process_reap(process)) {
            link = &process->next;
            continue;
        }
        *link = process->next;
        process->next = ended;
        ended = process;
    }
    while (ended != NULL) {
        struct process *process = ended;
        ended = process->next;
        process_finish(process);
    }
}

/* The loop goes on until the callbacks of the last children stop it. */
static void on_interrupt(evutil_socket_t signal_number, short what, void *arg)
{
    struct runner *runner = arg;
    (void)what;
    runner->interrupted = (int)signal_number;
    for (struct process *process = runner->living; process != NULL; process = process->next)
        process_end(process);
    if (runner->living == NULL)
        runner_stop(runner);
}

/* --- the runner ------------------------------------------------------------------------------ */

struct runner *runner_new(void)
{
    struct runner *runner = memory_new(1, sizeof *runner);
    runner->base = event_base_new();
    bool ready = runner->base != NULL;
    for (size_t i = 0; ready && i < SIGNALS; i++) {
        runner->signals[i] =
            evsignal_new(runner->base, signal_numbers[i], i == 0 ? on_child : on_interrupt, runner);
        ready = runner->signals[i] != NULL && event_add(runner->signals[i], NULL) == 0;
    }
    if (ready)
        return runner;
    runner_free(runner);
    return NULL;
}

void runner_free(struct runner *runner)
{
    if (runner == NULL)
        return;
    for (size_t i = 0; i < SIGNALS; i++)
        if (runner->signals[i])
            event_free(runner->signals[i]);
    if (runner->base)
        event_base_free(runner->base);
    free(runner);
}

int runner_run(struct runner *runner)
{
    if (!runner->interrupted && event_base_dispatch(runner->base) < 0)
        return -EIO;
    return runner->interrupted ? -EINTR : 0;
}

/* loopexit and not loopbreak: that one is lost when the loop does not run yet. */
void runner_stop(struct runner *runner)
{
    (void)event_base_loopexit(runner->base, NULL); /* fails only without memory for its event */
}

int runner_interrupted(const struct runner *runner)
{
    return runner->interrupted;
}

/* --- starting -------------------------------------------------------------------------------- */

/* Spawns the child with `out` and `err` as its output. Returns 0 or an errno. */
static int spawn(char *const *argv, int out, int err, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return error;
    (void)posix_spawnattr_init(&attributes); /* these calls fail only for a wrong argument */
    (void)sigemptyset(&defaults);
    (void)sigaddset(&defaults, SIGPIPE); /* we ignore it, and the child would inherit that */
    (void)posix_spawnattr_setsigdefault(&attributes, &defaults);
    (void)posix_spawnattr_setpgroup(&attributes, 0); /* a new one */
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    if (error == 0)
        error = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environ);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Opens the pipes, spawns, and closes our copies of the child's ends. */
static int process_launch(struct process *process, const struct command *command)
{
    struct event_base *base = process->runner->base;
    int out = -1, err = -1, error = EMFILE;
    process->out = stream_new(base, command->output_limit, &out);
    process->err = stream_new(base, command->output_limit, &err);
    if (process->out != NULL && process->err != NULL)
        error = spawn(command->argv, out, err, &process->pid);
    if (out >= 0)
        (void)close(out); /* we wrote nothing into them */
    if (err >= 0)
        (void)close(err);
    return -error;
}

int process_start(struct runner *runner, const struct command *command, ended_fn on_ended,
                  void *arg)
{
    if (runner->interrupted)
        return -EINTR;
    const struct timeval limit = {.tv_sec = command->limit_s};
    struct process *process = memory_new(1, sizeof *process);
    process->runner = runner;
    process->ended.limit_s = command->limit_s;
    process->on_ended = on_ended;
    process->arg = arg;
    process->deadline = evtimer_new(runner->base, on_deadline, process);
    int result = -ENOMEM;
    if (process->deadline != NULL && event_add(process->deadline, &limit) == 0)
        result = process_launch(process, command);
    if (result < 0) {
        process_free(process);
        return result;
    }
    process->next = runner->living;
    runner->living = process;
    return 0;
}

struct single {
    struct runner *runner;
    struct ended *ended;
};

static void on_single_ended(struct ended *ended, void *arg)
{
    struct single *single = arg;
    *single->ended = *ended;
    ended->out = ended->err = NULL;
    runner_stop(single->runner);
}

int process_run(struct runner *runner, const struct command *command, struct ended *ended)
{
    struct single single = {.runner = runner, .ended = ended};
    *ended = (struct ended){0};
    int result = process_start(runner, command, on_single_ended, &single);
    if (result == 0)
        result = runner_run(runner);
    if (result < 0)
        ended_clear(ended);
    return result;
}

/* --- how it ended ---------------------------------------------------------------------------- */

bool ended_well(const struct ended *ended)
{
    return !ended->timed_out && WIFEXITED(ended->status) && WEXITSTATUS(ended->status) == 0;
}

void ended_clear(struct ended *ended)
{
    free(ended->out);
    free(ended->err);
    ended->out = ended->err = NULL;
}

char *ended_reason(const struct ended *ended)
{
    if (ended->timed_out)
        return text_format("no end within %d s", ended->limit_s);
    if (!WIFSIGNALED(ended->status))
        return text_format("exit status %d", WEXITSTATUS(ended->status));
    int number = WTERMSIG(ended->status);
    return text_format("signal %d (%s)", number, strsignal(number));
}
