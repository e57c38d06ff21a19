/* p5_program.h: a program that is written with p5_file_processor.h. Given.
 *
 *     p5_file_processor [-j WORKERS] [-u SUFFIX] FILE ...
 *
 * Prints what `LC_ALL=C wc` would count of each file, and of all of them, as JSON, one object a
 * line, in the order of the files. With -u it also writes each FILE in capitals to FILE followed
 * by SUFFIX. On a terminal a line on stderr tells how far it is. Ctrl-C stops it, and leaves no
 * half-written file. Exit status: 0, 1 if a file could not be read or written, 2 after a wrong
 * use, 130 after Ctrl-C. Without a file it shows itself: the loop ticks while a worker waits for
 * a FIFO.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P5_PROGRAM_H
#define P5_PROGRAM_H

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "p5_file_processor.h"
#include "p5_text.h"

enum { STATUS_USE = 2, STATUS_INTERRUPTED = 128 + SIGINT };

struct program {
    struct event_base *base;
    struct event *tick, *interrupt;
    struct pool *pool;
    struct op *op; /* all files; NULL when it has ended */
    struct file_job *jobs;
    int n, failed;
    bool interrupted;
    struct file_report total;
    /* Of the demonstration: */
    int fifo; /* its writing end, or -1 */
    int ticks;
};

/* A line_fn: ASCII letters in capitals. */
static int line_to_upper(const char *line, size_t n, int64_t number, struct line_out *out,
                         void *unused)
{
    char some[256];
    int error = 0;
    (void)number;
    (void)unused;

    while (n > 0 && error == 0) {
        size_t k = n < sizeof(some) ? n : sizeof(some);
        for (size_t i = 0; i < k; i++)
            some[i] = (char)(line[i] >= 'a' && line[i] <= 'z' ? line[i] - 'a' + 'A' : line[i]);
        error = line_write(out, some, k);
        line += k;
        n -= k;
    }
    return error != 0 ? error : line_write(out, "\n", 1);
}

static void print_report(const char *path, int result, const struct file_report *report)
{
    struct json_object *root = file_report_json(path, result, report);

    printf("%s\n", json_object_to_json_string_ext(root, JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(root);
}

static void on_pool_end(void *arg)
{
    struct program *p = arg;
    event_base_loopexit(p->base, NULL);
}

/* Nothing more is going to happen. */
static void program_end(struct program *p)
{
    p->op = NULL;
    if (p->tick != NULL)
        event_del(p->tick);
    if (p->interrupt != NULL)
        event_del(p->interrupt);
    if (pool_shutdown(p->pool, on_pool_end, p) != 0)
        event_base_loopexit(p->base, NULL);
}

static void on_file(int i, int result, const struct file_report *report, void *arg)
{
    struct program *p = arg;

    print_report(p->jobs[i].path, result, report);
    if (result != 0) {
        fprintf(stderr, "p5_file_processor: %s: %s\n", p->jobs[i].path, strerror(-result));
        return;
    }
    p->total.lines += report->lines;
    p->total.words += report->words;
    p->total.bytes += report->bytes;
    p->total.n_errors += report->n_errors;
}

static void on_files(int result, void *arg)
{
    struct program *p = arg;

    p->failed = result;
    if (result >= 0 && p->n > 1) {
        struct file_report total = p->total;
        total.n_errors = 0; /* they have been told with each file */
        print_report("total", 0, &total);
    }
    program_end(p);
}

static void on_interrupt(evutil_socket_t fd, short what, void *arg)
{
    struct program *p = arg;
    (void)fd;
    (void)what;

    p->interrupted = true;
    if (p->op != NULL)
        (void)op_cancel(p->op);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    const struct program *p = arg;
    (void)fd;
    (void)what;

    if (p->op != NULL)
        fprintf(stderr, "\r%lld MiB ", (long long)(op_bytes(p->op) >> 20));
}

/* Adds a signal event, and a timer that calls `tick`, unless that is NULL. */
static bool program_add_events(struct program *p, event_callback_fn tick)
{
    const struct timeval tenth = {0, 100000};

    p->interrupt = evsignal_new(p->base, SIGINT, on_interrupt, p);
    if (p->interrupt == NULL || event_add(p->interrupt, NULL) != 0)
        return false;
    if (tick == NULL)
        return true;
    p->tick = event_new(p->base, -1, EV_PERSIST, tick, p);
    return p->tick != NULL && event_add(p->tick, &tenth) == 0;
}

/* Runs the loop to its end. The exit status. */
static int program_run(struct program *p)
{
    bool well = event_base_dispatch(p->base) >= 0;

    if (p->tick != NULL)
        event_free(p->tick);
    if (p->interrupt != NULL)
        event_free(p->interrupt);
    event_base_free(p->base);
    if (p->interrupted)
        return STATUS_INTERRUPTED;
    return well && p->failed == 0 && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool program_open(struct program *p, int workers)
{
    int error = pool_init();

    if (error != 0) {
        fprintf(stderr, "p5_file_processor: pool_init: %s%s\n", strerror(-error),
                error == -ENOSYS ? ": start with TODO(1)" : "");
        return false;
    }
    p->base = event_base_new();
    p->pool = p->base != NULL ? pool_new(p->base, workers, workers + 1) : NULL;
    if (p->pool != NULL)
        return true;
    fprintf(stderr, "p5_file_processor: pool: not enough memory or threads\n");
    if (p->base != NULL)
        event_base_free(p->base);
    return false;
}

static int count_files(struct program *p, int workers, bool capitals)
{
    struct file_options options = {.line = capitals ? line_to_upper : NULL};
    bool terminal = isatty(STDERR_FILENO) != 0;

    if (!program_open(p, workers))
        return EXIT_FAILURE;
    /* First the events: Ctrl-C may come as soon as there is a file that it would leave behind. */
    int error = program_add_events(p, terminal ? on_tick : NULL) ? 0 : -ENOMEM;
    if (error == 0)
        error = file_process_many(p->pool, p->jobs, p->n, workers, &options, on_file, on_files, p,
                                  &p->op);
    if (error != 0) {
        fprintf(stderr, "p5_file_processor: files: %s\n", strerror(-error));
        program_end(p);
        p->failed = 1;
    }
    int status = program_run(p);
    if (terminal)
        fprintf(stderr, "\r\033[K");
    return status;
}

/* ---- the demonstration ---- */

static void on_demo_tick(evutil_socket_t fd, short what, void *arg)
{
    struct program *p = arg;
    static const char text[] = "three lines\nof five\nwords\n";
    (void)fd;
    (void)what;

    printf("tick %d\n", ++p->ticks);
    if (p->ticks == 3 && write(p->fifo, text, strlen(text)) != (ssize_t)strlen(text))
        perror("p5_file_processor: FIFO");
    if (p->ticks == 4) {
        close(p->fifo);
        p->fifo = -1;
    }
}

static int demonstrate(struct program *p, const char *path)
{
    struct file_job job = {.path = path};

    if (!program_open(p, 1))
        return EXIT_FAILURE;
    p->jobs = &job;
    p->n = 1;
    p->fifo = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    int error = file_process_many(p->pool, p->jobs, 1, 1, NULL, on_file, on_files, p, &p->op);
    if (error != 0) {
        fprintf(stderr, "p5_file_processor: %s: %s: is it written yet?\n", path, strerror(-error));
        p->failed = 1;
        program_end(p);
    } else if (!program_add_events(p, on_demo_tick)) {
        (void)op_cancel(p->op);
    }
    int status = program_run(p);
    p->jobs = NULL;
    if (p->fifo >= 0)
        close(p->fifo);
    return status;
}

static int p5_demonstration(struct program *p)
{
    char folder[] = "/tmp/p5_XXXXXX", path[sizeof(folder) + 5];
    int status = EXIT_FAILURE;

    if (mkdtemp(folder) == NULL) {
        perror("p5_file_processor: temporary folder");
        return status;
    }
    snprintf(path, sizeof(path), "%s/fifo", folder);
    if (mkfifo(path, 0600) == 0)
        status = demonstrate(p, path);
    else
        perror("p5_file_processor: FIFO");
    unlink(path);
    rmdir(folder);
    return status;
}

/* ---- the command line ---- */

static int p5_use(void)
{
    fprintf(stderr, "usage: p5_file_processor [-j WORKERS] [-u SUFFIX] FILE ...\n");
    return STATUS_USE;
}

/* Jobs for the paths; with a suffix each has an out_path, which program_free_jobs() frees. */
static bool program_make_jobs(struct program *p, char **paths, int n, const char *suffix)
{
    p->jobs = calloc((size_t)n, sizeof(*p->jobs));
    p->n = p->jobs != NULL ? n : 0;
    for (int i = 0; i < p->n; i++) {
        size_t size = strlen(paths[i]) + (suffix != NULL ? strlen(suffix) : 0) + 1;
        char *out_path = suffix != NULL ? malloc(size) : NULL;
        if (suffix != NULL && out_path == NULL)
            return false;
        if (out_path != NULL)
            snprintf(out_path, size, "%s%s", paths[i], suffix);
        p->jobs[i] = (struct file_job){paths[i], out_path};
    }
    return p->jobs != NULL;
}

static void program_free_jobs(struct program *p)
{
    for (int i = 0; i < p->n && p->jobs != NULL; i++)
        free((char *)p->jobs[i].out_path);
    free(p->jobs);
}

static int p5_program(int argc, char **argv)
{
    struct program p = {.fifo = -1};
    const char *suffix = NULL;
    long workers = 1;
    int option, status = EXIT_FAILURE;

    while ((option = getopt(argc, argv, "j:u:")) != -1) {
        if (option == 'j')
            workers = strtol(optarg, NULL, 10);
        if (option == 'u')
            suffix = optarg;
        if (option == '?' || workers < 1 || workers > 64 || (suffix != NULL && *suffix == '\0'))
            return p5_use();
    }
    if (argc == 1)
        return p5_demonstration(&p);
    if (optind == argc)
        return p5_use();
    if (program_make_jobs(&p, argv + optind, argc - optind, suffix))
        status = count_files(&p, (int)workers, suffix != NULL);
    else
        fprintf(stderr, "p5_file_processor: jobs: not enough memory\n");
    program_free_jobs(&p);
    return status;
}

#endif
