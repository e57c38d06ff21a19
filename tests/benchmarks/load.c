/* load.c: asks a server on 127.0.0.1 as fast as it answers, and checks every answer
 *
 *     load PROTOCOL PORT PID CONNECTIONS DEPTH SIZE MILLISECONDS
 *
 * PROTOCOL is http, lines, datagrams or websocket; PID is the server's process, whose CPU time is
 * read. Each connection has DEPTH requests of SIZE bytes on their way: an answer makes it send the
 * next one. A quarter of the time before it measures is for warming up.
 *
 * Prints a line of JSON: the answers that were measured, CPU seconds of the server, seconds, the
 * median and the 99th percentile of the microseconds from request to answer, and datagrams lost.
 * Ends when MILLISECONDS are over and all is answered; with status 1 at a wrong answer, at a
 * connection that ends, or when no answer has come for PATIENCE_MS.
 *
 * SPDX-License-Identifier: MIT
 */
#include "load.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { TICK_MS = 100 };

/* ---- the measurement ---- */

static void on_warm(evutil_socket_t fd, short what, void *arg)
{
    struct load *load = arg;

    (void)fd;
    (void)what;
    load->measuring = true;
    load->cpu = seconds_of(load->server);
    load->seconds = seconds_of(CLOCK_MONOTONIC);
}

static void on_over(evutil_socket_t fd, short what, void *arg)
{
    struct load *load = arg;

    (void)fd;
    (void)what;
    load->cpu = seconds_of(load->server) - load->cpu;
    load->seconds = seconds_of(CLOCK_MONOTONIC) - load->seconds;
    load->measuring = false;
    load->ending = true; /* at least one request is on its way: its answer ends the loop */
}

/* Each TICK_MS: gives up waiting for answers, and for datagrams after a whole tick without one. */
static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct load *load = arg;

    (void)fd;
    (void)what;
    load->silent_ms += TICK_MS;
    if (load->silent_ms >= PATIENCE_MS)
        load_fail(load, "no answer");
    for (int k = 0; load->protocol->socket_type == SOCK_DGRAM && k < load->count; k++) {
        struct connection *c = &load->connections[k];
        const unsigned lost = c->asked - c->answered;

        if (c->silent) {
            load->in_flight -= (int)lost;
            load->lost += load->measuring ? lost : 0;
            c->answered = c->asked;
            connection_ask(c, lost);
        }
        c->silent = true;
    }
    if (load->ending && load->in_flight == 0)
        (void)event_base_loopbreak(load->base);
}

static bool load_open(struct load *load, int milliseconds)
{
    const struct timeval warm = {.tv_sec = milliseconds / 4000,
                                 .tv_usec = milliseconds % 4000 * 250};
    const struct timeval over = {.tv_sec = milliseconds / 1000,
                                 .tv_usec = milliseconds % 1000 * 1000};
    const struct timeval tick = {.tv_usec = TICK_MS * 1000};
    struct timeval end;

    load->base = event_base_new();
    load->answers = calloc(1, sizeof(*load->answers));
    load->connections = calloc((size_t)load->count, sizeof(*load->connections));
    if (load->base == NULL || load->answers == NULL || load->connections == NULL)
        return false;
    for (int k = 0; k < load->count; k++)
        load->connections[k].fd = -1;
    for (int k = 0; k < load->count; k++) {
        if (!connection_open(&load->connections[k], load))
            return false;
        if (!connection_greet(&load->connections[k])) {
            load->wrong = "a greeting is not answered, or wrongly";
            return false;
        }
    }
    evutil_timeradd(&warm, &over, &end);
    load->warm = evtimer_new(load->base, on_warm, load);
    load->over = evtimer_new(load->base, on_over, load);
    load->tick = event_new(load->base, -1, EV_PERSIST, on_tick, load);
    return load->warm != NULL && load->over != NULL && load->tick != NULL &&
           event_add(load->warm, &warm) == 0 && event_add(load->over, &end) == 0 &&
           event_add(load->tick, &tick) == 0;
}

static void load_close(struct load *load)
{
    struct event *timers[] = {load->warm, load->over, load->tick};

    for (int k = 0; k < 3; k++) {
        if (timers[k] != NULL)
            event_free(timers[k]);
    }
    for (int k = 0; load->connections != NULL && k < load->count; k++)
        connection_close(&load->connections[k]);
    free(load->connections);
    free(load->answers);
    if (load->base != NULL)
        event_base_free(load->base);
}

static bool read_arguments(struct load *load, char **argv)
{
    load->protocol = protocol_find(argv[1]);
    load->port = atoi(argv[2]);
    load->count = atoi(argv[4]);
    load->depth = atoi(argv[5]);
    load->size = (size_t)atoi(argv[6]);
    return load->protocol != NULL && load->port > 0 && load->count > 0 && load->depth > 0 &&
           load->size >= SIZE_LEAST && load->size <= SIZE_MOST && atoi(argv[7]) > 0 &&
           clock_getcpuclockid(atoi(argv[3]), &load->server) == 0;
}

int main(int argc, char **argv)
{
    struct load load = {0};
    int status = EXIT_FAILURE;

    if (argc != 8 || !read_arguments(&load, argv)) {
        fprintf(stderr, "usage: load http|lines|datagrams|websocket PORT PID CONNECTIONS DEPTH "
                        "SIZE MILLISECONDS\n");
        return EXIT_FAILURE;
    }
    if (!load_open(&load, atoi(argv[7]))) {
        fprintf(stderr, "load: set-up: %s\n", load.wrong != NULL ? load.wrong : strerror(errno));
        goto cleanup;
    }
    for (int k = 0; k < load.count; k++)
        connection_ask(&load.connections[k], (unsigned)load.depth);
    if (event_base_dispatch(load.base) != 0 || load.wrong != NULL || load.answers->n == 0) {
        fprintf(stderr, "load: %s\n", load.wrong != NULL ? load.wrong : "nothing is measured");
        goto cleanup;
    }
    printf("{\"ops\": %ld, \"cpu\": %.9f, \"real\": %.9f, \"p50\": %d, \"p99\": %d, "
           "\"lost\": %ld}\n",
           load.answers->n, load.cpu, load.seconds, latency_percentile(load.answers, 0.5),
           latency_percentile(load.answers, 0.99), load.lost);
    status = EXIT_SUCCESS;

cleanup:
    load_close(&load);
    return status;
}
