/* 23_flow_control.c: a receiver that reads no faster than it wants to, and not at all in a pause
 *
 * asyncio twin: it has no rate limit, so the tokens are counted by hand
 *     tokens = min(200, tokens + 100 * ticks_gone)       # before each read
 *     data = await reader.read(tokens)
 *     tokens -= len(data)
 *     if tokens == 0: await asyncio.sleep(0.1)
 * and for the pause: transport.pause_reading(), transport.resume_reading()
 * Run: ./23_flow_control [pause]
 * Ends when the receiver has seen the end of the stream.
 * Notice: all 450 bytes are there at 0.3. The receiver has saved up tokens for 200, no more than
 * that, and then gets 100 each 100 ms. With `pause`, 10 bytes are sent each 50 ms, and the receiver
 * does not read from 0.125 to 0.275: nothing is lost, the kernel keeps it. If a pause lasts, the
 * kernel's buffers get full, and then it is the sender who has to wait. A real program limits what
 * costs: a disk, a paid line, a server that asks for it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { TICK_MS = 100, RATE = 100, BURST = 200 }; /* bytes a tick, and bytes at once */
enum { SENT = 450, SENT_AT_MS = 300 };
enum { PIECE = 10, PIECE_MS = 50, PIECES = 8, PAUSE_MS = 125, RESUME_MS = 275 };

struct program {
    bool pause;
    struct event_base *base;          /* owned, as is all below */
    struct ev_token_bucket_cfg *rate; /* shared by all that have this limit */
    struct bufferevent *sender, *receiver;
    struct event *piece; /* calls on_piece() */
    struct event *stop;  /* calls on_pause() */
    struct event *go_on; /* calls on_resume() */
    int pieces;          /* sent so far */
    bool failed;
};

static const char BYTES[SENT];

static int event_add_ms(struct event *event, int ms)
{
    return event_add(event, &(struct timeval){.tv_usec = ms * 1000});
}

/* Closes when all is sent: on_sent() is called when the output is empty. */
static void on_sent(struct bufferevent *stream, void *arg)
{
    struct program *program = arg;

    if (program->pause && program->pieces < PIECES)
        return;
    bufferevent_free(stream);
    program->sender = NULL;
}

static void on_piece(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    program->failed |=
        bufferevent_write(program->sender, BYTES, program->pause ? PIECE : SENT) != 0;
    if (++program->pieces < PIECES && program->pause)
        program->failed |= event_add_ms(program->piece, PIECE_MS) != 0;
}

static void on_bytes(struct bufferevent *stream, void *arg)
{
    struct program *program = arg;
    const size_t n = evbuffer_get_length(bufferevent_get_input(stream));

    printf("receiver: %zu bytes\n", n);
    program->failed |= evbuffer_drain(bufferevent_get_input(stream), n) != 0;
}

static void on_pause(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;
    (void)what;
    puts("receiver: pauses");
    program->failed |= bufferevent_disable(program->receiver, EV_READ) != 0;
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;

    (void)fd;
    (void)what;
    puts("receiver: goes on");
    program->failed |= bufferevent_enable(program->receiver, EV_READ) != 0;
}

/* Then no event is left, and the loop ends. */
static void on_end(struct bufferevent *stream, short what, void *arg)
{
    (void)arg;
    (void)bufferevent_disable(stream, EV_READ); /* cannot fail for a socket */
    puts(what & BEV_EVENT_EOF ? "receiver: the end" : "receiver: an error");
}

/* Reads at most BURST bytes at once, and RATE a tick in the long run. Writes without a limit. */
static int limit_set(struct program *program)
{
    const struct timeval tick = {.tv_usec = TICK_MS * 1000};

    program->rate =
        ev_token_bucket_cfg_new(RATE, BURST, EV_RATE_LIMIT_MAX, EV_RATE_LIMIT_MAX, &tick);
    if (program->rate == NULL)
        return -1;
    return bufferevent_set_rate_limit(program->receiver, program->rate);
}

/* What happens when, in one of the two runs. */
static int program_start(struct program *program)
{
    program->piece = evtimer_new(program->base, on_piece, program);
    if (program->piece == NULL)
        return -1;
    if (!program->pause)
        return limit_set(program) == 0 ? event_add_ms(program->piece, SENT_AT_MS) : -1;
    program->stop = evtimer_new(program->base, on_pause, program);
    program->go_on = evtimer_new(program->base, on_resume, program);
    if (program->stop == NULL || program->go_on == NULL)
        return -1;
    return event_add_ms(program->piece, 0) | event_add_ms(program->stop, PAUSE_MS) |
           event_add_ms(program->go_on, RESUME_MS);
}

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
    evutil_socket_t ends[2];

    program->base = event_base_new();
    if (program->base == NULL || evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return -1;
    program->sender = end_open(program->base, ends[0]);
    program->receiver = end_open(program->base, ends[1]);
    if (program->sender == NULL || program->receiver == NULL)
        return -1;
    bufferevent_setcb(program->sender, NULL, on_sent, NULL, program);
    bufferevent_setcb(program->receiver, on_bytes, NULL, on_end, program);
    if (bufferevent_enable(program->receiver, EV_READ) != 0)
        return -1;
    return program_start(program);
}

/* Takes a half-opened program, too. */
static void program_close(struct program *program)
{
    struct event *events[] = {program->piece, program->stop, program->go_on};

    for (int k = 0; k < 3; k++)
        if (events[k] != NULL)
            event_free(events[k]);
    if (program->sender != NULL)
        bufferevent_free(program->sender);
    if (program->receiver != NULL)
        bufferevent_free(program->receiver);
    if (program->rate != NULL)
        ev_token_bucket_cfg_free(program->rate); /* behind those that use it */
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(int argc, char **argv)
{
    struct program program = {.pause = argc == 2 && strcmp(argv[1], "pause") == 0};
    int status = EXIT_FAILURE;

    if (argc != 1 + program.pause) {
        fprintf(stderr, "usage: 23_flow_control [pause]\n");
        return EXIT_FAILURE;
    }
    (void)signal(SIGPIPE, SIG_IGN); /* to write to who has gone is an error, not death */
    if (program_open(&program) != 0)
        fprintf(stderr, "23_flow_control: set-up: no memory, or no descriptor left\n");
    else if (event_base_dispatch(program.base) != 1 || program.failed)
        fprintf(stderr, "23_flow_control: the stream was not received whole\n");
    else if (fflush(stdout) != 0 || ferror(stdout))
        fprintf(stderr, "23_flow_control: stdout: cannot write\n");
    else
        status = EXIT_SUCCESS;
    program_close(&program);
    return status;
}
