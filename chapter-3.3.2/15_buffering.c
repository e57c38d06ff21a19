/* 15_buffering.c: a log that is sent to a collector: many small pieces become few writes
 *
 * asyncio twin:
 *     def add(self, data):
 *         if not self.pending:                               # the first byte of a batch
 *             self.deadline = loop.call_later(0.2, self.flush)
 *         self.pending += data
 *         if len(self.pending) >= FULL:
 *             self.flush()
 *     def flush(self):
 *         self.deadline.cancel()
 *         self.writer.write(self.pending)
 *         self.pending = b""
 * Run: ./15_buffering; and for numbers ./15_buffering load, and ./15_buffering load direct.
 * Ends when the log is closed and the collector has seen the end.
 * Notice: 70 bytes leave at once since the batch is full, 5 bytes after 200 ms, 1 byte since the
 * log is closed. In the numbers, what a batch saves, and what it costs. A real program would take
 * 4 KiB or more for FULL, and also flush what must not be lost in a crash.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A batch is flushed when it has FULL bytes, or when its first byte has waited for PATIENCE. */
enum { FULL = 64, MOST_ADDED = 64 };
static const struct timeval PATIENCE = {.tv_usec = 200 * 1000};

/* What is added when; in the end the log is closed. With `load`: LOAD_N pieces, one each ms. */
static const struct step {
    int at_ms, n;
} STEPS[] = {{0, 30}, {10, 40}, {50, 5}, {260, 1}, {270, 0}};
enum { STEPS_N = sizeof(STEPS) / sizeof(STEPS[0]), LOAD_N = 300, LOAD_SIZE = 20 };

struct log {
    struct bufferevent *stream; /* to the collector; owned, as is all below; NULL: closed */
    struct evbuffer *batch;     /* what is not flushed yet */
    struct event *deadline;     /* runs on_deadline(); pending while there is a batch */
    bool direct;                /* flushes each piece at once */
    bool closing;               /* on_drained() is to close */
    bool quiet;                 /* prints no line for a piece */
    struct timeval first_at;    /* when the batch got its first byte */
    int adds, writes, waited_ms;
    size_t most_waiting; /* bytes in a batch */
    bool failed;
};

struct program {
    struct event_base *base; /* owned, as is all below */
    struct log log;
    struct bufferevent *collector; /* the other end */
    struct event *clock;           /* runs on_step() */
    bool load;
    int steps; /* taken so far */
};

/* ---- the log ---- */

/* Hands the batch over to the loop, which sends it. The bytes move; they are not copied. */
static void log_flush(struct log *log, const char *why)
{
    size_t n = evbuffer_get_length(log->batch);
    struct timeval now, waited;

    if (n == 0)
        return;
    (void)event_base_gettimeofday_cached(event_get_base(log->deadline), &now); /* cannot fail */
    evutil_timersub(&now, &log->first_at, &waited);
    if (waited.tv_sec * 1000 + waited.tv_usec / 1000 > log->waited_ms)
        log->waited_ms = (int)(waited.tv_sec * 1000 + waited.tv_usec / 1000);
    if (n > log->most_waiting)
        log->most_waiting = n;
    if (!log->quiet)
        printf("flush: %zu, %s\n", n, why);
    (void)event_del(log->deadline); /* cannot fail: the event is a good one */
    if (bufferevent_write_buffer(log->stream, log->batch) != 0)
        log->failed = true;
}

/* Adds a piece to the batch. The deadline is that of the first byte: later ones do not move it. */
static void log_add(struct log *log, const char *bytes, size_t n)
{
    log->adds++;
    if (!log->quiet)
        printf("add: %zu\n", n);
    if (evbuffer_get_length(log->batch) == 0) {
        (void)event_base_gettimeofday_cached(event_get_base(log->deadline), &log->first_at);
        if (event_add(log->deadline, &PATIENCE) != 0)
            log->failed = true;
    }
    if (evbuffer_add(log->batch, bytes, n) != 0)
        log->failed = true;
    if (log->direct || evbuffer_get_length(log->batch) >= FULL)
        log_flush(log, "full");
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    log_flush(arg, "200 ms are over");
}

/* Flushes what there is. The connection is closed when all is sent. */
static void log_close(struct log *log)
{
    log_flush(log, "close");
    log->closing = true;
    if (evbuffer_get_length(bufferevent_get_output(log->stream)) == 0) {
        bufferevent_free(log->stream);
        log->stream = NULL;
    }
}

/* The output buffer of the stream has changed. The kernel takes bytes in one way only: a write. */
static void on_output(struct evbuffer *output, const struct evbuffer_cb_info *info, void *arg)
{
    struct log *log = arg;

    (void)output;
    if (info->n_deleted > 0)
        log->writes++;
}

static void on_drained(struct bufferevent *stream, void *arg)
{
    struct log *log = arg;

    if (!log->closing)
        return;
    bufferevent_free(stream);
    log->stream = NULL;
}

/* The connection is broken. What is on its way is lost. */
static void on_break(struct bufferevent *stream, short what, void *arg)
{
    struct log *log = arg;

    (void)stream;
    (void)what;
    log->failed = true;
    (void)event_base_loopexit(event_get_base(log->deadline),
                              NULL); /* else it ends with the steps */
}

/* `stream` is taken over. */
static int log_open(struct log *log, struct bufferevent *stream, struct event_base *base)
{
    log->stream = stream;
    bufferevent_setcb(stream, NULL, on_drained, on_break, log);
    log->batch = evbuffer_new();
    log->deadline = evtimer_new(base, on_deadline, log);
    if (log->batch == NULL || log->deadline == NULL)
        return -1;
    return evbuffer_add_cb(bufferevent_get_output(stream), on_output, log) != NULL ? 0 : -1;
}

/* Takes one that is closed, or half-opened, too. */
static void log_free(struct log *log)
{
    if (log->stream != NULL)
        bufferevent_free(log->stream);
    if (log->batch != NULL)
        evbuffer_free(log->batch);
    if (log->deadline != NULL)
        event_free(log->deadline);
}

/* ---- who adds, and the collector ---- */

static void on_step(evutil_socket_t fd, short what, void *arg)
{
    static const char PIECE[MOST_ADDED];
    struct program *program = arg;
    const struct step *step = program->load ? NULL : &STEPS[program->steps];
    const int last = program->load ? LOAD_N : STEPS_N - 1;
    struct timeval wait = {.tv_usec = 1000};

    (void)fd;
    (void)what;
    if (program->steps == last) {
        log_close(&program->log);
        return;
    }
    log_add(&program->log, PIECE, step != NULL ? (size_t)step->n : LOAD_SIZE);
    program->steps++;
    if (step != NULL)
        wait.tv_usec = (step[1].at_ms - step[0].at_ms) * 1000;
    if (event_add(program->clock, &wait) != 0)
        program->log.failed = true;
}

static void on_bytes(struct bufferevent *stream, void *arg)
{
    struct program *program = arg;
    size_t n = evbuffer_get_length(bufferevent_get_input(stream));

    if (!program->log.quiet)
        printf("collector: gets %zu\n", n);
    if (evbuffer_drain(bufferevent_get_input(stream), n) != 0)
        program->log.failed = true;
}

/* Then no event is left, and the loop ends. */
static void on_end(struct bufferevent *stream, short what, void *arg)
{
    struct program *program = arg;

    (void)bufferevent_disable(stream, EV_READ); /* cannot fail for a socket */
    if (!program->log.quiet)
        puts(what & BEV_EVENT_EOF ? "collector: the end" : "collector: an error");
}

/* ---- the program ---- */

/* One end of a connection. NULL without memory; the caller owns what is returned. */
static struct bufferevent *end_open(struct event_base *base, evutil_socket_t fd)
{
    struct bufferevent *stream = NULL;

    if (evutil_make_socket_nonblocking(fd) == 0)
        stream = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (stream == NULL)
        (void)evutil_closesocket(fd);
    return stream;
}

static int program_open(struct program *program)
{
    struct bufferevent *stream;
    evutil_socket_t ends[2];

    program->base = event_base_new();
    if (program->base == NULL || evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return -1;
    program->collector = end_open(program->base, ends[0]);
    stream = end_open(program->base, ends[1]);
    if (stream == NULL || log_open(&program->log, stream, program->base) != 0 ||
        program->collector == NULL)
        return -1;
    bufferevent_setcb(program->collector, on_bytes, NULL, on_end, program);
    if (bufferevent_enable(program->collector, EV_READ) != 0)
        return -1;
    program->clock = evtimer_new(program->base, on_step, program);
    return program->clock != NULL ? event_add(program->clock, &(struct timeval){0}) : -1;
}

/* Takes a half-opened program, too. */
static void program_close(struct program *program)
{
    if (program->clock != NULL)
        event_free(program->clock);
    log_free(&program->log);
    if (program->collector != NULL)
        bufferevent_free(program->collector);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(int argc, char **argv)
{
    struct program program = {0};
    struct log *log = &program.log;
    int status = EXIT_FAILURE;

    program.load = log->quiet = argc >= 2 && strcmp(argv[1], "load") == 0;
    log->direct = argc == 3 && strcmp(argv[2], "direct") == 0;
    if (argc != 1 + program.load + log->direct) {
        fprintf(stderr, "usage: 15_buffering [load [direct]]\n");
        return EXIT_FAILURE;
    }
    (void)signal(SIGPIPE, SIG_IGN); /* to write to who has gone is an error, not death */
    if (program_open(&program) != 0)
        fprintf(stderr, "15_buffering: set-up: no memory, or no descriptor left\n");
    else if (event_base_dispatch(program.base) != 1 || log->failed)
        fprintf(stderr, "15_buffering: the log was not sent whole\n");
    else if (printf("log: %d adds, %d writes; waiting at the most %zu bytes, %d ms\n", log->adds,
                    log->writes, log->most_waiting, log->waited_ms) < 0 ||
             fflush(stdout) != 0)
        fprintf(stderr, "15_buffering: stdout: cannot write\n");
    else
        status = EXIT_SUCCESS;
    program_close(&program);
    return status;
}
