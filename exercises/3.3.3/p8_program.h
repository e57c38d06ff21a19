/* p8_program.h: a program that is written with p8_async_iterator.h. Given.
 *
 *     p8_async_iterator [-n N] [-e TEXT] [-t MS] [FILE ...]
 *
 * Prints the lines of all files at once, in the order in which they come: of files, FIFOs and
 * terminals; "-", or no FILE, is the standard input. With several files each line begins with the
 * name of its file. -e: only lines that contain TEXT. -n: only the first N of them. -t: it fails
 * when no line has come for so long. Exit status: 0; 1 if something could not be opened, read or
 * written, or -t; 2 after a wrong use. Without any argument it shows itself.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P8_PROGRAM_H
#define P8_PROGRAM_H

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "p8_async_iterator.h"
#include "p8_feed.h"

enum { STATUS_USE = 2, LINE_MOST = 1024 * 1024 };

/* A file, and the line of it that comes just now: the item of a map. */
struct named_line {
    struct aiter_line line; /* first: it is an aiter_line, too */
    const char *name;       /* borrowed from argv */
};

struct input_file {
    struct feed feed;
    struct named_line item;
};

struct program {
    struct event_base *base;
    struct input_file *files; /* owned */
    struct aiter **lines;     /* an array of n; owned, the iterators only until they are merged */
    int n;                    /* files that could be opened */
    const char *text;         /* -e, or NULL */
    int most, wait_ms;        /* -n and -t; -1: none */
    bool named;               /* there are several */
    struct aiter *it;         /* all of them, put together; owned */
    struct for_each loop;
    struct event *work; /* of the demonstration; owned */
    int result;         /* of the loop; 1: it has not ended */
    bool output_failed; /* and `result` tells why */
};

static inline void on_program_end(int result, void *arg)
{
    struct program *p = arg;

    p->result = result;
}

static inline void program_free(struct program *p)
{
    aiter_free(p->it);
    if (p->work != NULL)
        event_free(p->work);
    free(p->lines);
    free(p->files);
    if (p->base != NULL)
        event_base_free(p->base);
}

/* ---- a line ---- */

static inline void *name_line(void *item, void *arg)
{
    struct input_file *file = arg;

    file->item.line = *(struct aiter_line *)item;
    return &file->item;
}

static inline void *copy_named_line(const void *item)
{
    const struct named_line *named = item;
    struct named_line *copy = malloc(sizeof(*copy) + named->line.n + 1);

    if (copy == NULL)
        return NULL;
    *copy = *named;
    copy->line.text = memcpy(copy + 1, named->line.text, named->line.n + 1);
    return copy;
}

static inline int line_has_text(const void *item, void *arg)
{
    const struct aiter_line *line = item;
    const struct program *p = arg;
    const size_t n = strlen(p->text);
    int has = 0;

    for (size_t at = 0; at + n <= line->n && !has; at++)
        has = memcmp(line->text + at, p->text, n) == 0;
    return has;
}

/* The body. It waits where the output goes to: until that has been taken there is nothing to do. */
static inline void print_line(struct for_each *loop, void *item, void *arg)
{
    const struct named_line *named = item;
    struct program *p = arg;

    if (p->named)
        printf("%s: ", named->name);
    (void)fwrite(named->line.text, 1, named->line.n, stdout); /* ferror() tells */
    (void)putchar('\n');
    p->output_failed = fflush(stdout) != 0 || ferror(stdout);
    body_done(loop, !p->output_failed ? ITER_ITEM : errno > 0 ? -errno : -EIO);
}

/* ---- all files ---- */

/* Opens the files. Returns how many could not be opened, or not for want of memory. */
static inline int program_open(struct program *p, char **paths, int n)
{
    int failed = 0;

    for (int i = 0; i < n; i++) {
        struct input_file *file = &p->files[p->n];
        struct bufferevent *stream = NULL;
        const int error = feed_open(&file->feed, p->base, paths[i], &stream);

        if (error == 0) {
            file->item.name = paths[i];
            p->lines[p->n++] = aiter_map(aiter_lines(stream, LINE_MOST), name_line, file);
        } else {
            fprintf(stderr, "p8_async_iterator: %s: %s\n", paths[i], strerror(-error));
            failed++;
        }
    }
    return failed;
}

/* Puts the lines of all files together. Returns as aiter_for_each(). */
static inline int program_start(struct program *p)
{
    p->it = aiter_merge(p->base, p->lines, p->n, copy_named_line);
    if (p->wait_ms >= 0)
        p->it = aiter_timeout(p->base, p->it, p->wait_ms);
    if (p->text != NULL)
        p->it = aiter_filter(p->it, line_has_text, p);
    if (p->most >= 0)
        p->it = aiter_take(p->base, p->it, p->most);
    if (p->it == NULL)
        return -ENOMEM;
    return aiter_for_each(&p->loop, p->it, print_line, on_program_end, p);
}

/* The loop has ended: says what went wrong. */
static inline int program_report(struct program *p, int failed)
{
    for (int i = 0; i < p->n; i++) {
        const int error = feed_close(&p->files[i].feed);

        if (error != 0)
            fprintf(stderr, "p8_async_iterator: %s: %s\n", p->files[i].item.name, strerror(-error));
        failed += error != 0;
    }
    if (p->result == -ENOSYS)
        fprintf(stderr, "p8_async_iterator: nobody can ask for a line: start with TODO(1)\n");
    else if (p->result == -ETIMEDOUT)
        fprintf(stderr, "p8_async_iterator: lines: none has come for %d ms\n", p->wait_ms);
    else if (p->result > 0)
        fprintf(stderr, "p8_async_iterator: the loop has ended, and nobody was told\n");
    else if (p->result < 0)
        fprintf(stderr, "p8_async_iterator: %s: %s\n", p->output_failed ? "output" : "lines",
                strerror(-p->result));
    return failed == 0 && p->result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static inline int print_files(struct program *p, char **paths, int n)
{
    int failed = 0, status = EXIT_FAILURE;

    p->files = calloc((size_t)n, sizeof(*p->files));
    p->lines = calloc((size_t)n, sizeof(struct aiter *));
    p->base = event_base_new();
    p->named = n > 1;
    if (p->files == NULL || p->lines == NULL || p->base == NULL) {
        fprintf(stderr, "p8_async_iterator: set-up: not enough memory\n");
    } else {
        failed = program_open(p, paths, n);
        p->result = program_start(p);
        if (p->result == 0) {
            p->result = 1;
            (void)event_base_dispatch(p->base); /* p->result tells */
        }
        status = program_report(p, failed);
    }
    program_free(p);
    return status;
}

/* ---- without an argument ---- */

static inline void on_work(evutil_socket_t fd, short what, void *arg)
{
    struct program *p = arg;

    (void)fd;
    (void)what;
    printf("done\n");
    body_done(&p->loop, ITER_ITEM);
}

/* A body that takes its time. */
static inline void use_number(struct for_each *loop, void *item, void *arg)
{
    static const struct timeval EFFORT = {.tv_usec = 120 * 1000};
    struct program *p = arg;

    printf("use %d\n", *(int *)item);
    if (event_add(p->work, &EFFORT) != 0)
        body_done(loop, -ENOMEM);
}

/* Two ranges at once, a number of each kept ahead, and five of them used. */
static inline int p8_demonstration(struct program *p)
{
    struct aiter *both[2] = {NULL, NULL};

    p->result = -ENOMEM;
    p->base = event_base_new();
    if (p->base != NULL) {
        p->work = evtimer_new(p->base, on_work, p);
        both[0] = aiter_range(p->base, 0, 3, 100);
        both[1] = aiter_range(p->base, 10, 1000 * 1000, 150);
        p->it = aiter_take(p->base, aiter_merge(p->base, both, 2, aiter_copy_int), 5);
    }
    if (p->work != NULL && p->it != NULL)
        p->result = aiter_for_each(&p->loop, p->it, use_number, on_program_end, p);
    if (p->result == 0) {
        p->result = 1;
        (void)event_base_dispatch(p->base); /* p->result tells */
    }
    if (p->result == 0)
        printf("end\n");
    const int status = program_report(p, 0);
    program_free(p);
    return status;
}

/* ---- the command line ---- */

static inline int p8_use(void)
{
    fprintf(stderr, "usage: p8_async_iterator [-n N] [-e TEXT] [-t MS] [FILE ...]\n");
    return STATUS_USE;
}

/* A number of 0 or more; -1 if it is none. */
static inline int number_of(const char *text)
{
    char *end;
    const long number = strtol(text, &end, 10);

    return *text != '\0' && *end == '\0' && number >= 0 && number <= INT_MAX ? (int)number : -1;
}

/* A descriptor of 0 to 2 that is closed would be the next one that is opened: the loop's own, or a
 * file of the user's. It becomes one that cannot be read, nor written. */
static inline void hold_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY); /* it is fd now */
}

static inline int p8_program(int argc, char **argv)
{
    static char *input[] = {"-", NULL};
    struct program p = {.most = -1, .wait_ms = -1};
    int option;

    hold_standard_files();
    opterr = 0; /* p8_use() says it */
    while ((option = getopt(argc, argv, "n:e:t:")) != -1) {
        if (option == 'n')
            p.most = number_of(optarg);
        else if (option == 't')
            p.wait_ms = number_of(optarg);
        else if (option == 'e')
            p.text = optarg;
        if (option == '?' || (option == 'n' && p.most < 0) || (option == 't' && p.wait_ms < 0))
            return p8_use();
    }
    (void)signal(SIGPIPE, SIG_IGN); /* cannot fail; who does not read any more is an error, EPIPE */
    if (argc == 1)
        return p8_demonstration(&p);
    if (optind == argc)
        return print_files(&p, input, 1);
    return print_files(&p, argv + optind, argc - optind);
}

#endif
