/* echo_uv.c: the jobs of 11_tcp_echo.c and 12_udp_echo.c on libuv: echo_uv tcp|udp
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* memrchr() */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { ROOM = 64 * 1024, BACKLOG = 1024 };

struct connection {
    uv_tcp_t stream; /* first: libuv hands it back to us */
    size_t length;   /* of a piece of a line that waits for the rest of it */
    char bytes[ROOM];
};

struct answer {
    uv_write_t request; /* first */
    char bytes[];
};

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

static void on_room(uv_handle_t *handle, size_t size, uv_buf_t *room)
{
    struct connection *c = (struct connection *)handle;

    (void)size;
    *room = uv_buf_init(c->bytes + c->length, (unsigned)(ROOM - c->length));
}

static void on_written(uv_write_t *request, int status)
{
    if (status < 0 && !uv_is_closing((uv_handle_t *)request->handle))
        uv_close((uv_handle_t *)request->handle, on_closed);
    free(request);
}

/* Sends at once what there is room for, and the rest later. */
static int connection_send(struct connection *c, char *bytes, size_t n)
{
    uv_buf_t data = uv_buf_init(bytes, (unsigned)n);
    const int sent = uv_try_write((uv_stream_t *)&c->stream, &data, 1);
    struct answer *answer;

    if (sent == (int)n || (sent < 0 && sent != UV_EAGAIN))
        return sent < 0 ? sent : 0;
    data = uv_buf_init(bytes + (sent > 0 ? sent : 0), (unsigned)(n - (sent > 0 ? sent : 0)));
    answer = malloc(sizeof(*answer) + data.len);
    if (answer == NULL)
        return UV_ENOMEM;
    memcpy(answer->bytes, data.base, data.len);
    data.base = answer->bytes;
    return uv_write(&answer->request, (uv_stream_t *)&c->stream, &data, 1, on_written);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *room)
{
    struct connection *c = (struct connection *)stream;
    size_t whole;
    char *newline;

    (void)room;
    if (n > 0) {
        c->length += (size_t)n;
        newline = memrchr(c->bytes, '\n', c->length);
        whole = newline != NULL ? (size_t)(newline - c->bytes) + 1 : 0;
        if (whole > 0 && connection_send(c, c->bytes, whole) != 0)
            n = UV_EOF;
        memmove(c->bytes, c->bytes + whole, c->length - whole);
        c->length -= whole;
    }
    if (n < 0)
        uv_close((uv_handle_t *)stream, on_closed);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct connection *c = status == 0 ? malloc(sizeof(*c)) : NULL;

    if (c == NULL)
        return;
    c->length = 0;
    (void)uv_tcp_init(listener->loop, &c->stream);
    if (uv_accept(listener, (uv_stream_t *)&c->stream) != 0 || uv_tcp_nodelay(&c->stream, 1) != 0 ||
        uv_read_start((uv_stream_t *)&c->stream, on_room, on_read) != 0)
        uv_close((uv_handle_t *)&c->stream, on_closed);
}

static void on_datagram_room(uv_handle_t *handle, size_t size, uv_buf_t *room)
{
    static char bytes[ROOM];

    (void)handle;
    (void)size;
    *room = uv_buf_init(bytes, sizeof(bytes));
}

static void on_datagram(uv_udp_t *socket, ssize_t n, const uv_buf_t *room,
                        const struct sockaddr *sender, unsigned flags)
{
    uv_buf_t data = uv_buf_init(room->base, (unsigned)(n > 0 ? n : 0));

    if (n >= 0 && sender != NULL && !(flags & UV_UDP_PARTIAL))
        (void)uv_udp_try_send(socket, &data, 1, sender); /* without room, it is lost */
}

int main(int argc, char **argv)
{
    uv_loop_t *loop = uv_default_loop();
    struct sockaddr_in address;
    int size = sizeof(address), error;
    uv_tcp_t tcp;
    uv_udp_t udp;

    (void)uv_ip4_addr("127.0.0.1", 0, &address);
    if (argc == 2 && strcmp(argv[1], "tcp") == 0) {
        error = uv_tcp_init(loop, &tcp) || uv_tcp_bind(&tcp, (struct sockaddr *)&address, 0) ||
                uv_listen((uv_stream_t *)&tcp, BACKLOG, on_connection) ||
                uv_tcp_getsockname(&tcp, (struct sockaddr *)&address, &size);
    } else {
        error = uv_udp_init(loop, &udp) || uv_udp_bind(&udp, (struct sockaddr *)&address, 0) ||
                uv_udp_recv_start(&udp, on_datagram_room, on_datagram) ||
                uv_udp_getsockname(&udp, (struct sockaddr *)&address, &size);
    }
    if (error)
        return EXIT_FAILURE;
    printf("port %d\n", ntohs(address.sin_port));
    (void)fflush(stdout);
    return uv_run(loop, UV_RUN_DEFAULT);
}
