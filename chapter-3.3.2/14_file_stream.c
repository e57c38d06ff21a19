/* 14_file_stream.c: a server sends a file to a client who takes it slowly, in two ways
 *
 * asyncio twin of `chunks`:
 *     while chunk := file.read(CHUNK):   # aiofiles: await file.read(CHUNK)
 *         writer.write(chunk)
 *         await writer.drain()           # waits while too much is queued
 * and of `sendfile`:
 *     await loop.sendfile(writer.transport, file)
 * Run: ./14_file_stream chunks, or sendfile: 1 MiB of zeros to a client in this process; or
 * nc -l 7777 > copy, and in another terminal ./14_file_stream chunks FILE 7777.
 * Ends when the client has seen the end; with FILE and a port, when all is handed to the kernel.
 * Notice: `chunks` never queues more than LOW + CHUNK bytes, however long the file is, and however
 * slow the client. `sendfile` queues the whole file at once, but as a place in the file: its bytes
 * do not come into this program's memory. A real program would tell the client the length first,
 * give up a client who takes nothing for minutes, and read in another thread (13_file_read_write.c)
 * where the disk may be slow: both ways here wait for the disk on the loop's thread.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* The server queues another chunk when LOW bytes are left to send, or fewer. */
enum { CHUNK = 16 * 1024, LOW = 16 * 1024 };

/* The client takes a sip each 25 ms, so that 1 MiB takes it 1.6 s. */
enum { FILE_SIZE = 1024 * 1024, SIP = 16 * 1024, TOLD_EACH = 256 * 1024 };
static const struct timeval SIP_EACH = {.tv_usec = 25 * 1000};

struct server {
    struct bufferevent *stream; /* has the socket, and closes it; owned; NULL when it is closed */
    int file;                   /* owned; -1: closed, or handed over to libevent */
    off_t size;                 /* bytes in the file */
    bool by_sendfile;           /* `sendfile`, not `chunks` */
    int reads;                  /* read() was called so often */
    size_t most_queued;         /* bytes in the output buffer */
    bool failed;
};

struct client {
    evutil_socket_t fd; /* owned; -1: none */
    struct event *sips; /* runs on_sip(); owned */
    size_t taken;       /* bytes so far */
};

struct program {
    struct event_base *base; /* owned, as is all below */
    struct server server;
    struct client client; /* not with FILE and a port */
};

/* ---- the server ---- */

/* Takes one that is closed, or half-opened, too. What is queued and not sent is lost. */
static void server_close(struct server *server)
{
    if (server->file >= 0)
        (void)close(server->file); /* it was only read */
    if (server->stream != NULL)
        bufferevent_free(server->stream);
    server->file = -1;
    server->stream = NULL;
}

static void server_note_queue(struct server *server)
{
    size_t queued = evbuffer_get_length(bufferevent_get_output(server->stream));

    if (queued > server->most_queued)
        server->most_queued = queued;
}

/* Reads a chunk and queues it. Where there is none, at the end of the file, the file is closed. */
static void server_queue_chunk(struct server *server)
{
    char chunk[CHUNK];
    ssize_t n = read(server->file, chunk, sizeof(chunk));

    server->reads++;
    if (n < 0 && errno == EINTR)
        return; /* the caller tries again */
    if (n > 0 && bufferevent_write(server->stream, chunk, (size_t)n) == 0) { /* copies the chunk */
        server_note_queue(server);
        return;
    }
    server->failed = n != 0;
    (void)close(server->file);
    server->file = -1;
}

/* The write callback: LOW bytes are queued, or fewer. */
static void on_room(struct bufferevent *stream, void *arg)
{
    struct server *server = arg;
    struct evbuffer *output = bufferevent_get_output(stream);

    while (server->file >= 0 && evbuffer_get_length(output) <= LOW)
        server_queue_chunk(server);
    if (server->file < 0 && evbuffer_get_length(output) == 0)
        server_close(server); /* read to its end, and sent */
}

/* Queues the whole file. From here on the descriptor is libevent's, which closes it when the file
 * is sent, or the buffer freed. */
static void server_queue_file(struct server *server)
{
    struct evbuffer *output = bufferevent_get_output(server->stream);

    if (evbuffer_add_file(output, server->file, 0, server->size) != 0) {
        server->failed = true;
        (void)close(server->file); /* where it fails, the descriptor is still ours */
    }
    server->file = -1;
    server_note_queue(server);
}

static void server_begin(struct server *server)
{
    printf("server: begins with %lld bytes\n", (long long)server->size);
    if (server->by_sendfile && server->size > 0) /* some buffers refuse an empty file */
        server_queue_file(server);
    on_room(server->stream, server); /* nobody else calls it before something is sent */
}

/* The connection is there (only with a port), or it is broken. */
static void on_event(struct bufferevent *stream, short what, void *arg)
{
    struct server *server = arg;

    (void)stream;
    if (what & BEV_EVENT_CONNECTED) {
        server_begin(server);
        return;
    }
    fprintf(stderr, "14_file_stream: connection: %s\n",
            evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
    server->failed = true;
    server_close(server);
}

/* `name` is NULL for a file of FILE_SIZE zeros. `fd` is taken over; -1: not connected yet. */
static int server_open(struct server *server, struct event_base *base, const char *name,
                       evutil_socket_t fd)
{
    char temporary[] = "/tmp/14_file_stream.XXXXXX";
    struct stat about;

    server->stream = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (server->stream == NULL)
        return -1;
    bufferevent_setcb(server->stream, NULL, on_room, on_event, server);
    bufferevent_setwatermark(server->stream, EV_WRITE, LOW, 0); /* 0: there is no high one */
    server->file = name != NULL ? open(name, O_RDONLY) : mkstemp(temporary);
    if (server->file < 0)
        return -1;
    if (name == NULL && (unlink(temporary) != 0 || ftruncate(server->file, FILE_SIZE) != 0))
        return -1;
    if (fstat(server->file, &about) != 0)
        return -1;
    server->size = about.st_size;
    return 0;
}

/* ---- the client ---- */

static void on_sip(evutil_socket_t timer, short what, void *arg)
{
    static char bytes[SIP]; /* never looked at */
    struct client *client = arg;
    ssize_t n = recv(client->fd, bytes, sizeof(bytes), 0);

    (void)timer;
    (void)what;
    if (n > 0) {
        client->taken += (size_t)n;
        if (client->taken % TOLD_EACH == 0)
            printf("client: has %zu bytes\n", client->taken);
    } else if (n == 0 || errno != EAGAIN) {
        puts(n == 0 ? "client: the end" : "client: the connection is broken");
        (void)event_del(client->sips); /* cannot fail: the event is a good one */
    }
}

static int client_open(struct client *client, struct event_base *base)
{
    client->sips = event_new(base, -1, EV_PERSIST, on_sip, client);
    return client->sips != NULL ? event_add(client->sips, &SIP_EACH) : -1;
}

/* ---- the program ---- */

/* Both in this process. A socket pair, since of a TCP connection the kernel would buffer more than
 * the whole file. */
static int open_both(struct program *program)
{
    evutil_socket_t ends[2];

    if (evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return -1;
    program->client.fd = ends[1];
    if (evutil_make_socket_nonblocking(ends[0]) != 0 ||
        evutil_make_socket_nonblocking(ends[1]) != 0 ||
        server_open(&program->server, program->base, NULL, ends[0]) != 0) {
        if (program->server.stream == NULL)
            (void)evutil_closesocket(ends[0]);
        return -1;
    }
    server_begin(&program->server);
    return client_open(&program->client, program->base);
}

static int open_connection(struct program *program, const char *name, int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (server_open(&program->server, program->base, name, -1) != 0)
        return -1;
    return bufferevent_socket_connect(program->server.stream, (struct sockaddr *)&to, sizeof(to));
}

/* Takes a half-opened program, too. */
static void program_close(struct program *program)
{
    server_close(&program->server);
    if (program->client.sips != NULL)
        event_free(program->client.sips);
    if (program->client.fd >= 0)
        (void)evutil_closesocket(program->client.fd);
    if (program->base != NULL)
        event_base_free(program->base);
}

int main(int argc, char **argv)
{
    struct program program = {.server = {.file = -1}, .client = {.fd = -1}};
    struct server *server = &program.server;
    const char *way = argc > 1 ? argv[1] : "chunks";
    int port = argc == 4 ? atoi(argv[3]) : 0;
    int status = EXIT_FAILURE;

    server->by_sendfile = strcmp(way, "sendfile") == 0;
    if (argc == 3 || argc > 4 || (argc == 4 && (port < 1 || port > 65535)) ||
        (!server->by_sendfile && strcmp(way, "chunks") != 0)) {
        fprintf(stderr, "usage: 14_file_stream [chunks|sendfile [FILE PORT]]\n");
        return EXIT_FAILURE;
    }
    (void)signal(SIGPIPE, SIG_IGN); /* to write to who has gone is an error, not death */
    program.base = event_base_new();
    if (program.base == NULL ||
        (argc == 4 ? open_connection(&program, argv[2], port) : open_both(&program)) != 0)
        fprintf(stderr, "14_file_stream: set-up: %s\n", strerror(errno));
    else if (event_base_dispatch(program.base) != 1 || server->failed)
        fprintf(stderr, "14_file_stream: the file was not sent whole\n");
    else if (printf("server: %d reads, %zu bytes queued at the most%s\n", server->reads,
                    server->most_queued, server->by_sendfile ? ", none in memory" : "") < 0 ||
             fflush(stdout) != 0)
        fprintf(stderr, "14_file_stream: stdout: cannot write\n");
    else
        status = EXIT_SUCCESS;
    program_close(&program);
    return status;
}
