/* p6_program.h: a server on the command line; given
 *
 *     p6_websocket_server [--echo] [--port N] [--address A]
 *
 * A browser gets a page for "/", with an echo and a chat room: WebSockets on "/echo" and "/chat".
 * With --echo there is one on "/", which sends back all that it gets. --port 0 takes any that is
 * free; the first line of the output says which. Ctrl-C closes all connections, and then it ends; a
 * second Ctrl-C does not wait for them.
 *
 * To be included by p6_websocket_server.c alone: it holds functions.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P6_PROGRAM_H
#define P6_PROGRAM_H

#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p6_demo.h"
#include "p6_page.h"
#include "p6_request.h"
#include "p6_websocket_server.h"

enum { EXIT_USAGE = 2, USUAL_PORT = 8080, MEGABYTE = 1 << 20 };

struct program {
    struct event_base *base; /* owned, as is all below */
    struct ws_server *server;
    struct event *interrupt, *terminate; /* run on_signal() */
    bool stopping;
};

/* ---- what the server does ---- */

static inline int on_request(const struct ws_request *r, void *arg)
{
    (void)arg;
    return strcmp(r->path, "/echo") == 0 || strcmp(r->path, "/chat") == 0 ? 0 : HTTP_NO_SUCH_PATH;
}

static inline void on_message(struct ws_conn *c, enum ws_opcode opcode, const void *data, size_t n,
                              void *arg)
{
    struct program *program = arg;

    if (strcmp(ws_path(c), "/chat") == 0)
        (void)ws_broadcast(program->server, "/chat", opcode, data, n);
    else
        (void)ws_send(c, opcode, data, n); /* who is too slow for its echo is closed */
}

/* ---- its life ---- */

static inline void on_server_stopped(int result, void *arg)
{
    struct program *program = arg;

    (void)result;
    (void)event_del(program->interrupt); /* the last events: the loop ends */
    (void)event_del(program->terminate);
}

static inline void on_signal(evutil_socket_t signal_number, short what, void *arg)
{
    struct program *program = arg;

    (void)signal_number;
    (void)what;
    if (program->stopping ||
        ws_server_stop(program->server, WS_GOING_AWAY, on_server_stopped, program) != 0)
        (void)event_base_loopbreak(program->base);
    program->stopping = true;
}

/* 0, or -1: then a message has said why. */
static inline int program_open(struct program *program, const struct ws_options *options, bool echo)
{
    const struct ws_handlers handlers = {.on_request = echo ? NULL : on_request,
                                         .on_message = on_message};

    program->base = event_base_new();
    if (program->base == NULL) {
        fprintf(stderr, "p6_websocket_server: event base: no memory\n");
        return -1;
    }
    program->server = ws_server_new(program->base, options, &handlers, program);
    if (program->server == NULL) {
        fprintf(stderr, "p6_websocket_server: %s port %d: %s\n", options->address, options->port,
                strerror(errno));
        return -1;
    }
    program->interrupt = evsignal_new(program->base, SIGINT, on_signal, program);
    program->terminate = evsignal_new(program->base, SIGTERM, on_signal, program);
    if (program->interrupt == NULL || program->terminate == NULL ||
        event_add(program->interrupt, NULL) != 0 || event_add(program->terminate, NULL) != 0) {
        fprintf(stderr, "p6_websocket_server: signals: no memory\n");
        return -1;
    }
    return 0;
}

/* Takes a half-opened program, too. */
static inline void program_close(struct program *program)
{
    if (program->interrupt != NULL)
        event_free(program->interrupt);
    if (program->terminate != NULL)
        event_free(program->terminate);
    ws_server_free(program->server);
    if (program->base != NULL)
        event_base_free(program->base);
}

/* A port in digits, or -1. */
static inline int port_of(const char *text)
{
    const bool is_number =
        *text != '\0' && strlen(text) <= 5 && text[strspn(text, "0123456789")] == 0;

    return is_number && atoi(text) <= 65535 ? atoi(text) : -1;
}

/* False: they are not as they should be. */
static inline bool program_arguments(int argc, char **argv, struct ws_options *options, bool *echo)
{
    for (int k = 1; k < argc; k++) {
        if (strcmp(argv[k], "--echo") == 0)
            *echo = true;
        else if (strcmp(argv[k], "--port") == 0 && k + 1 < argc)
            options->port = port_of(argv[++k]);
        else if (strcmp(argv[k], "--address") == 0 && k + 1 < argc)
            options->address = argv[++k];
        else
            return false;
    }
    return options->port >= 0;
}

/* Serves until a signal comes. Returns the exit status. */
static inline int program_serve(int argc, char **argv)
{
    struct ws_options options = WS_DEFAULTS;
    struct program program = {.base = NULL};
    int status = EXIT_FAILURE;
    bool echo = false;

    options.address = "127.0.0.1";
    options.port = USUAL_PORT;
    options.close_ms = 3000;
    options.page = PAGE;
    if (!program_arguments(argc, argv, &options, &echo)) {
        fprintf(stderr, "usage: p6_websocket_server [--echo] [--port N] [--address A]\n");
        return EXIT_USAGE;
    }
    if (echo) {
        options.path = "/";
        options.max_message = (size_t)64 * MEGABYTE;
        options.max_queue = (size_t)72 * MEGABYTE;
    }
    if (program_open(&program, &options, echo) == 0) {
        const bool is_v6 = strchr(options.address, ':') != NULL;

        printf("listening on ws://%s%s%s:%d/\n", is_v6 ? "[" : "", options.address,
               is_v6 ? "]" : "", ws_server_port(program.server));
        if (fflush(stdout) != 0)
            fprintf(stderr, "p6_websocket_server: stdout: cannot write\n");
        else if (event_base_dispatch(program.base) >= 0)
            status = EXIT_SUCCESS;
    }
    program_close(&program);
    return status;
}

#endif
