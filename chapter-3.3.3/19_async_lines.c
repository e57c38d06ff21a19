/* 19_async_lines.c: an asynchronous iterator over the lines of a byte stream
 *
 * asyncio twin:
 *     async for line in reader:
 *         print("line:", line); await asyncio.sleep(0.05)
 *     print("end")
 * Run: ./19_async_lines [hangs]
 * Ends when the iterator has come to its end: the program frees it, and no event is left.
 * Notice: bytes come as they like, "th" at 0.1 s, "ree\r" at 0.2 s; a line comes when it is asked
 * for and complete. "two" is there at 0.1 s, and comes when the work on "one" is done. What comes
 * behind the last newline is a line, too. With `hangs` the writer falls silent, and the iterator is
 * closed at 0.4 s: who waits for a line is told so.
 * The writer is a timer here. A real program reads from a connection.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MOST = 64 * 1024 }; /* bytes; as asyncio's streams have it */
static const struct timeval AT_ONCE = {0}, WORK = {.tv_usec = 50 * 1000},
                            PAUSE = {.tv_usec = 100 * 1000};

enum { ITER_END = 0, ITER_ITEM = 1 };

/* Told what a next has brought: ITER_ITEM, and an item that is the iterator's and good until the
 * call returns; ITER_END; or a negative errno. The loop calls it, later and once, if iter_next() has
 * returned 0, and never if that has returned an error. */
typedef void (*next_cb)(int got, void *item, void *arg);

/* What every iterator has. */
struct iter {
    struct event *turn; /* has the loop answer; owned */
    next_cb cb;         /* who waits for an item; NULL: nobody */
    void *arg;          /* for cb; borrowed */
    int state;          /* ITER_ITEM: it goes on. Anything else: each next brings that */
};

/* iterator: explained in 3.3.3 */
static int iter_next(struct iter *it, next_cb cb, void *arg)
{
    if (it->cb != NULL)
        return -EBUSY; /* one next at a time */
    if (event_add(it->turn, &AT_ONCE) != 0)
        return -ENOMEM;
    it->cb = cb;
    it->arg = arg;
    return 0;
}
static void iter_answer(struct iter *it, int got, void *item)
{
    next_cb cb = it->cb;

    it->cb = NULL; /* before the call, which may ask for the next item, or free the iterator */
    if (got != ITER_ITEM)
        it->state = got; /* for ever */
    cb(got, item, it->arg);
}
static void iter_close(struct iter *it)
{
    it->state = -ECANCELED;
    if (it->cb != NULL)
        event_active(it->turn, EV_TIMEOUT, 0); /* as event_add(), but it cannot fail */
}
/* end of iterator */

/* ---- lines ---- */

struct lines {
    struct iter it;
    struct bufferevent *stream; /* owned */
    bool all_read;              /* no more bytes come */
};

/* The next line, without its newline, if it is complete: to be free()d. */
static char *lines_take(struct lines *lines)
{
    struct evbuffer *input = bufferevent_get_input(lines->stream);
    char *line = evbuffer_readln(input, NULL, EVBUFFER_EOL_CRLF); /* "\n" or "\r\n" */
    size_t rest = evbuffer_get_length(input);

    if (line == NULL && lines->all_read && rest > 0) { /* the last one may lack its newline */
        line = calloc(1, rest + 1);
        if (line == NULL)
            return NULL;
        (void)evbuffer_remove(input, line, rest); /* cannot fail: they are there */
        if (line[rest - 1] == '\r')               /* half of the newline */
            line[rest - 1] = '\0';
    }
    return line;
}

/* Answers the next that waits, if there is one, and if it can be answered now. */
static void lines_look(struct lines *lines)
{
    struct evbuffer *input = bufferevent_get_input(lines->stream);
    char *line = NULL;

    if (lines->it.cb == NULL)
        return;
    if (lines->it.state == ITER_ITEM)
        line = lines_take(lines);
    if (line != NULL) {
        (void)bufferevent_disable(lines->stream, EV_READ); /* until a line is missing again */
        iter_answer(&lines->it, ITER_ITEM, line); /* the last use of `lines`: it may be freed */
        free(line);
    } else if (lines->it.state != ITER_ITEM) {
        iter_answer(&lines->it, lines->it.state, NULL);
    } else if (lines->all_read) {
        iter_answer(&lines->it, evbuffer_get_length(input) == 0 ? ITER_END : -ENOMEM, NULL);
    } else if (evbuffer_get_length(input) > LINE_MOST) {
        iter_answer(&lines->it, -EMSGSIZE, NULL);
    } else if (bufferevent_enable(lines->stream, EV_READ) != 0) {
        iter_answer(&lines->it, -ENOMEM, NULL);
    }
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    lines_look(arg);
}

static void on_readable(struct bufferevent *stream, void *arg)
{
    (void)stream;
    lines_look(arg);
}

/* The stream has ended: what came before is still in the input buffer. Or it is broken. */
static void on_stream_event(struct bufferevent *stream, short what, void *arg)
{
    struct lines *lines = arg;

    (void)stream;
    lines->all_read = true;
    if (!(what & BEV_EVENT_EOF))
        lines->it.state = -ECONNRESET;
    lines_look(lines);
}

/* Takes `fd` over, also where it fails. */
static int lines_open(struct lines *lines, struct event_base *base, evutil_socket_t fd)
{
    lines->it.state = ITER_ITEM;
    lines->it.turn = evtimer_new(base, on_turn, lines);
    lines->stream = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (lines->stream == NULL) {
        (void)evutil_closesocket(fd);
        return -1;
    }
    bufferevent_setcb(lines->stream, on_readable, NULL, on_stream_event, lines);
    return lines->it.turn != NULL ? 0 : -1;
}

static void lines_free(struct lines *lines)
{
    if (lines->it.turn != NULL)
        event_free(lines->it.turn);
    if (lines->stream != NULL)
        bufferevent_free(lines->stream);
    lines->it.turn = NULL;
    lines->stream = NULL;
}

/* ---- the program: a consumer, and a writer at the other end of the stream ---- */

struct program {
    struct event_base *base; /* owned, as is all below */
    struct lines lines;
    struct event *worked; /* the work on a line is done */
    struct event *write;  /* the writer's next piece is due */
    struct event *enough; /* the consumer does not wait any longer; NULL: it does */
    evutil_socket_t fd;   /* the writer's end; -1: closed */
    int written;          /* pieces */
    bool hangs;           /* the writer stops half-way, and does not close */
    bool done;            /* the consumer has come to an end */
};

/* Behind `async for`: the iteration is over, in one of three ways. */
static void program_finish(struct program *program, int got)
{
    if (got == ITER_END)
        puts("end");
    else
        printf("no line: %s\n", strerror(-got));
    program->done = true;
    lines_free(&program->lines);
}

static void on_line(int got, void *item, void *arg)
{
    struct program *program = arg;

    if (got != ITER_ITEM) {
        program_finish(program, got);
        return;
    }
    printf("line: %s\n", (const char *)item);
    if (event_add(program->worked, &WORK) != 0)
        program_finish(program, -ENOMEM);
}

static void on_worked(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;
    int error = iter_next(&program->lines.it, on_line, program);

    (void)fd;
    (void)what;
    if (error != 0)
        program_finish(program, error);
}

/* A piece each 100 ms, and behind the last one the end. */
static void on_write(evutil_socket_t fd, short what, void *arg)
{
    static const char *const PIECES[] = {"one\ntwo\nth", "ree\r", "\nfo", "ur"};
    struct program *program = arg;
    const char *piece = PIECES[program->written++];
    const int pieces = program->hangs ? 2 : 4;

    (void)fd;
    (void)what;
    if (write(program->fd, piece, strlen(piece)) < 0 || program->written == pieces)
        (void)event_del(program->write); /* cannot fail: the event is a good one */
    if (program->written == 4) {
        (void)evutil_closesocket(program->fd);
        program->fd = -1;
    }
}

/* Closes the iterator: who waits for a line is told that there will be none. */
static void on_enough(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;
    (void)what;
    puts("close");
    iter_close(&program->lines.it);
}

static int program_open(struct program *program)
{
    static const struct timeval PATIENCE = {.tv_usec = 400 * 1000};
    evutil_socket_t ends[2];

    program->base = event_base_new();
    if (program->base == NULL || evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return -1;
    program->fd = ends[0];
    if (lines_open(&program->lines, program->base, ends[1]) != 0 ||
        evutil_make_socket_nonblocking(ends[1]) != 0)
        return -1;
    program->worked = evtimer_new(program->base, on_worked, program);
    program->write = event_new(program->base, -1, EV_PERSIST, on_write, program);
    program->enough = evtimer_new(program->base, on_enough, program);
    if (program->worked == NULL || program->write == NULL || program->enough == NULL ||
        event_add(program->write, &PAUSE) != 0 ||
        (program->hangs && event_add(program->enough, &PATIENCE) != 0))
        return -1;
    return iter_next(&program->lines.it, on_line, program);
}

static void program_close(struct program *program)
{
    struct event *const events[] = {program->worked, program->write, program->enough};

    lines_free(&program->lines);
    for (size_t k = 0; k < sizeof(events) / sizeof(events[0]); k++) {
        if (events[k] != NULL)
            event_free(events[k]);
    }
    if (program->fd >= 0)
        (void)evutil_closesocket(program->fd);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(int argc, char **argv)
{
    struct program program = {.fd = -1, .hangs = argc == 2 && strcmp(argv[1], "hangs") == 0};
    int status = EXIT_FAILURE;

    if (argc > 2 || (argc == 2 && !program.hangs)) {
        fprintf(stderr, "usage: 19_async_lines [hangs]\n");
        return EXIT_FAILURE;
    }
    if (program_open(&program) != 0) {
        fprintf(stderr, "19_async_lines: set-up: no memory, or no descriptor left\n");
        goto cleanup;
    }
    if (event_base_dispatch(program.base) != 1 || !program.done) {
        fprintf(stderr, "19_async_lines: event loop: it ended before its work did\n");
        goto cleanup;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "19_async_lines: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    program_close(&program);
    return status;
}
