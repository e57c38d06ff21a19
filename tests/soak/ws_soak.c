/* ws_soak.c: a thousand clients, most of them unpleasant, at the WebSocket server of p6, for a while
 *
 *     ws_soak [--clients N] [--seconds S] [--seed K]
 *
 * Each client connects again and again and does at random what clients do: asks in pieces, asks for
 * nonsense, never asks; sends messages whole and in fragments, pings, forbidden frames; reads
 * nothing for a while, resets, hangs up in the middle of a frame, closes as one should. Then all go.
 * It ends with 0 if every echo was right, every refusal had its code, each connection that was
 * opened was closed once, and descriptors, events and memory are what they were before.
 *
 * It runs in real time, but nothing that it checks depends on how fast the machine is.
 *
 * SPDX-License-Identifier: MIT
 */
#include "p6_websocket_server.h"
#include "ws_client.h"

#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { WARM_UP_S = 3 };
enum { MEMORY_SLACK = 512 * 1024 }; /* bytes that malloc() may keep; none with ASan, which counts */

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

struct left { /* what a process holds */
    size_t bytes;
    int descriptors;
};

static struct left what_is_held(void)
{
    struct left left = {.bytes = __sanitizer_get_current_allocated_bytes
                                     ? __sanitizer_get_current_allocated_bytes()
                                     : mallinfo2().uordblks};
    DIR *folder = opendir("/proc/self/fd");
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
        left.descriptors += entry->d_name[0] != '.';
    if (folder != NULL)
        (void)closedir(folder);
    return left;
}

/* --- the server's side ----------------------------------------------------------------------- */

static void on_open(struct ws_conn *c, void *arg)
{
    struct soak *soak = arg;
    (void)c;
    soak->opened++;
}

static void on_message(struct ws_conn *c, enum ws_opcode opcode, const void *data, size_t n,
                       void *arg)
{
    struct soak *soak = arg;
    soak->messages++;
    for (int k = 0; k < (n == SOAK_FLOOD ? SOAK_ECHOES : 1); k++)
        soak->slow += ws_send(c, opcode, data, n) == -ENOBUFS; /* and closes the connection */
}

static void on_close(struct ws_conn *c, int code, const char *reason, void *arg)
{
    struct soak *soak = arg;
    (void)c;
    (void)reason;
    soak->closed++;
    soak->broken_off += code == WS_ABNORMAL;
}

static void on_stopped(int result, void *arg)
{
    struct soak *soak = arg;
    soak->stopped = result == 0;
    (void)event_base_loopexit(soak->base, NULL);
}

static void on_time_over(evutil_socket_t fd, short what, void *arg)
{
    struct soak *soak = arg;
    (void)fd;
    (void)what;
    soak->over = true; /* clients do not come again; half of them leave now, the others are asked */
    for (int k = 0; k < soak->count; k += 2)
        client_leave(&soak->clients[k]);
    if (ws_server_stop(soak->server, WS_GOING_AWAY, on_stopped, soak) != 0)
        soak_fail(soak, "ws_server_stop() does not stop");
}

/* --- a round --------------------------------------------------------------------------------- */

static bool round_open(struct soak *soak, int seconds)
{
    struct ws_options options = WS_DEFAULTS;
    const struct ws_handlers handlers = {
        .on_open = on_open, .on_message = on_message, .on_close = on_close};
    options.max_message = SOAK_FLOOD;
    options.max_queue = 256 * 1024;
    options.handshake_ms = 1500;
    options.ping_ms = 1000;
    options.pong_timeout_ms = 1500;
    options.close_ms = 1000;

    soak->base = event_base_new();
    if (soak->base == NULL)
        return false;
    soak->server = ws_server_new(soak->base, &options, &handlers, soak);
    soak->end = evtimer_new(soak->base, on_time_over, soak);
    soak->clients = calloc((size_t)soak->count, sizeof *soak->clients);
    if (soak->server == NULL || soak->end == NULL || soak->clients == NULL)
        return false;
    soak->port = ws_server_port(soak->server);
    for (int k = 0; k < soak->count; k++)
        if (!client_open(&soak->clients[k], soak, (unsigned)k))
            return false;
    return event_add(soak->end, &(struct timeval){.tv_sec = seconds}) == 0;
}

static void round_close(struct soak *soak)
{
    for (int k = 0; soak->clients != NULL && k < soak->count; k++)
        client_close(&soak->clients[k]);
    ws_server_free(soak->server);
    if (soak->end != NULL)
        event_free(soak->end);
    if (soak->base != NULL) {
        (void)event_base_loop(soak->base,
                              EVLOOP_NONBLOCK); /* bufferevents end with its next turn */
        int events = event_base_get_num_events(soak->base, EVENT_BASE_COUNT_ADDED);
        if (events != 0)
            soak_fail(soak, "events are left on the base");
        event_base_free(soak->base);
    }
    free(soak->clients);
}

/* Returns true if all went well. */
static bool run_round(const struct soak *order, int seconds)
{
    struct soak soak = *order;
    if (!round_open(&soak, seconds))
        soak_fail(&soak, strerror(errno));
    else if (event_base_dispatch(soak.base) != 0)
        soak_fail(&soak, "the loop ended before the server had stopped");
    if (!soak.stopped || ws_server_connections(soak.server) != 0)
        soak_fail(&soak, "the server has not stopped");
    round_close(&soak);
    if (soak.opened != soak.closed)
        soak_fail(&soak, "not every connection was opened and closed once");
    printf("%d s, %d clients: %ld connections opened, %ld closed (%ld broken off, %ld too slow), "
           "%ld messages, %ld echoes right, %ld refusals right, %d wrong\n",
           seconds, soak.count, soak.opened, soak.closed, soak.broken_off, soak.slow, soak.messages,
           soak.echoes, soak.refusals, soak.failures);
    return soak.failures == 0 && soak.echoes > 0;
}

static bool read_arguments(int argc, char **argv, struct soak *order, int *seconds)
{
    for (int k = 1; k + 1 < argc; k += 2) {
        int value = atoi(argv[k + 1]);
        if (strcmp(argv[k], "--clients") == 0 && value > 0 && value <= 5000)
            order->count = value;
        else if (strcmp(argv[k], "--seconds") == 0 && value > 0 && value <= 3600)
            *seconds = value;
        else if (strcmp(argv[k], "--seed") == 0 && value >= 0)
            order->seed = (unsigned)value;
        else
            return false;
    }
    return argc % 2 == 1;
}

int main(int argc, char **argv)
{
    struct soak order = {.count = 1000, .seed = 1};
    int seconds = 60;
    if (!read_arguments(argc, argv, &order, &seconds)) {
        fprintf(stderr, "usage: ws_soak [--clients N] [--seconds S] [--seed K]\n");
        return EXIT_FAILURE;
    }
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max; /* two descriptors a client */
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    (void)signal(SIGPIPE, SIG_IGN);
    bool well = run_round(&order, WARM_UP_S); /* what libraries keep is there after it */
    struct left before = what_is_held();
    well = run_round(&order, seconds) && well;
    struct left after = what_is_held();
    printf("descriptors %d -> %d, bytes in use %zu -> %zu\n", before.descriptors, after.descriptors,
           before.bytes, after.bytes);
    well =
        well && after.descriptors == before.descriptors &&
        after.bytes <= before.bytes + (__sanitizer_get_current_allocated_bytes ? 0 : MEMORY_SLACK);
    printf("%s\n", well ? "all is as it was" : "WRONG");
    return well ? EXIT_SUCCESS : EXIT_FAILURE;
}
