/* p9_program.h: a program that is written with p9_work_queue.h. Given.
 *
 *     p9_work_queue [-w WORKERS] [-c CAPACITY] [-a ATTEMPTS] [-b MS] [-t MS] [-r RATE] [FILE]
 *
 * Runs commands, a few at a time, as xargs -P or GNU parallel would: each line of FILE, or of
 * stdin, is one, for `sh -c`. A command that ends with a status other than 0 has failed, and is
 * tried again, ATTEMPTS times in all (1), MS later (-b, 1000) and twice that each time. After MS
 * (-t, none) it is told to end (SIGTERM), and has failed. At most RATE begin in a second (-r, any
 * number). CAPACITY lines (2 * WORKERS) are read ahead, and no more.
 *
 * At the end the statistics are printed on stdout, as one line of JSON. On a terminal lines on
 * stderr tell how far it is. Ctrl-C (or SIGTERM) once: no more lines are taken, those that were are
 * done. Twice: what runs is told to end (SIGTERM); three times: it is killed (SIGKILL). On stderr
 * is listed what has failed for good, and what was read and is not done, so that nothing is lost
 * (what follows in a file is still there).
 *
 * Exit status: 0 if each line that was read has gone well, 1 if not, or if a file was not read to
 * its end, 2 after a wrong use. On a terminal, without an argument, it shows itself.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P9_PROGRAM_H
#define P9_PROGRAM_H

#include <json-c/json.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p9_input.h"
#include "p9_process.h"
#include "p9_work_queue.h"

enum { STATUS_USE = 2 };

/* A line. It is freed in on_ended(), or when it could not be put. */
struct command {
    struct wq_job job;
    struct process process; /* of the present attempt */
    int status;             /* of the last one, as of waitpid() */
    char *line;             /* owned */
    struct program *program;
};

struct program {
    struct event_base *base;
    struct wq *q;
    struct input input;
    struct processes processes;
    struct event *interrupt, *terminate, *tick;
    struct wq_options options;
    struct wq_call closed[3]; /* the end of the lines, and two signals */
    int closes;               /* how often it was to be shut down */
    int signals;
    bool putting; /* the line that was read last waits for a slot, or to be told that it has one */
    bool over, failed;
    int shown[3]; /* how far it was when it was shown */
};

#define JOB_COMMAND(job) ((struct command *)((char *)(job)-offsetof(struct command, job)))

static inline void command_free(struct command *command)
{
    free(command->line);
    free(command);
}

/* The lines of a program that was interrupted can be given to the next one. */
static inline void line_report(struct program *p, const char *what, const char *line)
{
    p->failed = true;
    fprintf(stderr, "p9_work_queue: %s: %s\n", what, line);
}

static inline void command_report(const struct command *command, const char *what)
{
    line_report(command->program, what, command->line);
}

/* ---- the handler ---- */

static inline void on_run(struct wq_job *job, void *arg)
{
    struct program *p = arg;
    struct command *command = JOB_COMMAND(job);
    int err = process_start(&p->processes, &command->process, command->line);

    command->status = 127 << 8; /* what a shell tells of a command that it could not run */
    if (err != 0)
        (void)wq_done(p->q, job, err);
}

static inline void on_cancel(struct wq_job *job, void *arg)
{
    (void)arg;
    process_stop(&JOB_COMMAND(job)->process, SIGTERM);
}

/* A process_cb. */
static inline void on_process(struct process *process, int status, void *arg)
{
    struct program *p = arg;
    struct command *command =
        (struct command *)((char *)process - offsetof(struct command, process));

    command->status = status;
    (void)wq_done(p->q, &command->job, status == 0 ? 0 : -EIO);
}

static inline void on_ended(struct wq_job *job, int err, void *arg)
{
    struct program *p = arg;
    struct command *command = JOB_COMMAND(job);
    char what[64];

    if (err == -ECANCELED && p->signals > 1) {
        command_report(command, "not done");
    } else if (err != 0) {
        (void)wq_dead_take(p->q); /* it is the only one */
        if (err == -ETIMEDOUT)
            snprintf(what, sizeof(what), "too slow");
        else if (WIFSIGNALED(command->status))
            snprintf(what, sizeof(what), "signal %d", WTERMSIG(command->status));
        else
            snprintf(what, sizeof(what), "exit status %d", WEXITSTATUS(command->status));
        command_report(command, what);
    }
    command_free(command);
}

/* ---- from the lines to the end ---- */

static inline void on_closed(int err, void *arg)
{
    struct program *p = arg;
    (void)err;

    p->over = true;
    (void)event_base_loopexit(p->base, NULL);
}

static inline void program_close(struct program *p, enum wq_shutdown how)
{
    input_stop(&p->input);
    if (p->closes == 3)
        return;
    if (wq_shutdown(p->q, how, &p->closed[p->closes++], on_closed, p) == 0)
        return;
    p->failed = true;
    fprintf(stderr, "p9_work_queue: wq_shutdown: is it written yet? TODO(7)\n");
    (void)event_base_loopexit(p->base, NULL);
}

/* After a signal: what was read and not asked for yet is not lost, either. */
static inline void program_list_rest(struct program *p)
{
    if (p->input.is_file && !p->input.ended) {
        line_report(p, "not taken", "what follows in the file");
        return;
    }
    p->input.ended = true;
    for (char *line; (line = input_take(&p->input)) != NULL; free(line))
        line_report(p, p->input.has_nul ? "not taken, NUL byte" : "not taken", line);
}

static inline void on_put(int err, void *arg)
{
    struct command *command = arg;
    struct program *p = command->program;

    p->putting = false;
    if (err != 0) {
        command_report(command, "not taken");
        command_free(command);
    } else if (p->closes == 0) {
        input_next(&p->input); /* there was room for it: only now the next one is wanted */
    }
    if (p->signals > 0)
        program_list_rest(p);
}

/* An input_cb. */
static inline void on_line(char *line, int err, void *arg)
{
    struct program *p = arg;
    struct command *command = line != NULL ? calloc(1, sizeof(*command)) : NULL;

    if (line != NULL && (err != 0 || line[strspn(line, " \t\r")] == '\0')) {
        if (err != 0)
            line_report(p, "not taken, NUL byte", line);
        free(line);
        free(command);
        input_next(&p->input);
        return;
    }
    if (command != NULL) {
        command->line = line;
        command->program = p;
        err = wq_put(p->q, &command->job, 0, on_put, command);
        p->putting = err == 0;
        if (p->putting)
            return;
        command_free(command);
    } else if (line != NULL) {
        free(line);
        err = -ENOMEM;
    }
    if (err != 0) {
        p->failed = true;
        fprintf(stderr, "p9_work_queue: %s: %s\n", line != NULL ? "queue" : "input",
                strerror(-err));
    }
    program_close(p, WQ_GRACEFUL);
}

static inline void on_signal(evutil_socket_t signal_number, short what, void *arg)
{
    struct program *p = arg;
    (void)signal_number;
    (void)what;

    p->signals++;
    if (p->signals > 2)
        processes_kill(&p->processes);
    else
        program_close(p, p->signals == 1 ? WQ_GRACEFUL : WQ_NOW);
    if (p->signals == 1 && !p->putting) /* else on_put() comes first, as its line did */
        program_list_rest(p);
}

static inline void on_tick(evutil_socket_t fd, short what, void *arg)
{
    static const char *const NAMES[3] = {"running", "done", "dead"};
    struct program *p = arg;
    struct json_object *stats = wq_stats(p->q);
    int now[3];
    (void)fd;
    (void)what;

    if (stats == NULL)
        return;
    for (size_t k = 0; k < 3; k++)
        now[k] = json_object_get_int(json_object_object_get(stats, NAMES[k]));
    json_object_put(stats);
    if (memcmp(now, p->shown, sizeof(now)) == 0)
        return;
    memcpy(p->shown, now, sizeof(now));
    /* A line of its own: the commands print on the terminal as well. */
    fprintf(stderr, "%d running, %d done, %d failed\n", now[0], now[1], now[2]);
}

/* ---- the program ---- */

static inline bool program_add_events(struct program *p)
{
    const struct timeval fifth = {0, 200000};

    p->interrupt = evsignal_new(p->base, SIGINT, on_signal, p);
    p->terminate = evsignal_new(p->base, SIGTERM, on_signal, p);
    if (p->interrupt == NULL || event_add(p->interrupt, NULL) != 0 || p->terminate == NULL ||
        event_add(p->terminate, NULL) != 0)
        return false;
    if (!isatty(STDERR_FILENO))
        return true;
    p->tick = event_new(p->base, -1, EV_PERSIST, on_tick, p);
    return p->tick != NULL && event_add(p->tick, &fifth) == 0;
}

static inline void program_free(struct program *p)
{
    struct event *events[] = {p->interrupt, p->terminate, p->tick};

    for (size_t k = 0; k < sizeof(events) / sizeof(events[0]); k++)
        if (events[k] != NULL)
            event_free(events[k]);
    wq_free(p->q);
    input_close(&p->input);
    processes_free(&p->processes);
    if (p->base != NULL)
        event_base_free(p->base);
}

/* Runs the commands of `path` (NULL: stdin), or only `shown`, if that is not NULL. */
static inline int program_run(struct program *p, const char *path, const char *shown)
{
    struct json_object *stats = NULL;
    int err = -ENOMEM, status = EXIT_FAILURE;

    p->options.handler = (struct wq_handler){on_run, on_cancel, on_ended, p};
    p->base = event_base_new();
    p->q = p->base != NULL ? wq_new(p->base, &p->options) : NULL;
    if (p->q == NULL || !processes_init(&p->processes, p->base, on_process, p) ||
        !program_add_events(p))
        goto cleanup;
    if (wq_try_put(p->q, &(struct wq_job){0}, -1) == -ENOSYS) {
        fprintf(stderr, "p9_work_queue: wq_try_put() is not written yet: start with TODO(1)\n");
        err = 0;
        goto cleanup;
    }
    err = input_open(&p->input, p->base, path, on_line, p);
    if (err != 0)
        goto cleanup;
    if (shown != NULL && evbuffer_add(p->input.bytes, shown, strlen(shown)) == 0)
        p->input.ended = true;
    input_next(&p->input);
    (void)event_base_dispatch(p->base);
    stats = wq_stats(p->q);
    if (stats != NULL)
        printf("%s\n", json_object_to_json_string_ext(stats, JSON_C_TO_STRING_PLAIN));
    json_object_put(stats);
    if (p->over && !p->failed && fflush(stdout) == 0)
        status = EXIT_SUCCESS;
cleanup:
    if (err != 0)
        fprintf(stderr, "p9_work_queue: %s: %s\n", path != NULL ? path : "set-up", strerror(-err));
    program_free(p);
    return status;
}

/* -1: it is no number from `least` on. */
static inline int number_of(const char *text, int least)
{
    char *end;
    long number = strtol(text, &end, 10);

    return *text != '\0' && *end == '\0' && number >= least && number <= INT_MAX ? (int)number : -1;
}

static inline int p9_program(int argc, char **argv)
{
    struct program p = {.options = {.workers = 2, .max_attempts = 1, .backoff_ms = 1000}};
    int option, number = 0;

    while (number >= 0 && (option = getopt(argc, argv, "w:c:a:b:t:r:")) != -1) {
        number = option == '?' ? -1 : number_of(optarg, option == 'b' || option == 't' ? 0 : 1);
        *(option == 'w'   ? &p.options.workers
          : option == 'c' ? &p.options.capacity
          : option == 'a' ? &p.options.max_attempts
          : option == 'b' ? &p.options.backoff_ms
          : option == 't' ? &p.options.job_timeout_ms
                          : &p.options.rate_per_s) = number;
    }
    if (number < 0 || argc > optind + 1) {
        fprintf(stderr, "usage: p9_work_queue [-w WORKERS] [-c CAPACITY] [-a ATTEMPTS] [-b MS] "
                        "[-t MS] [-r RATE] [FILE]\n");
        return STATUS_USE;
    }
    if (p.options.capacity == 0)
        p.options.capacity = p.options.workers <= INT_MAX / 2 ? 2 * p.options.workers : INT_MAX;
    p.options.burst = p.options.rate_per_s / 1000 + 1;
    if (argc == 1 && isatty(STDIN_FILENO)) {
        p.options.max_attempts = 2;
        p.options.backoff_ms = 300;
        return program_run(&p, NULL,
                           "sleep 0.2; echo one\n"
                           "sleep 0.1; echo two\n"
                           "echo three, which fails twice; exit 3\n"
                           "sleep 0.2; echo four\n");
    }
    return program_run(&p, optind < argc ? argv[optind] : NULL, NULL);
}

#endif
