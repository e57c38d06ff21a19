/* client_bench.c: asks for the time with p4_http_client, as client_bench.h says
 *
 * It is linked with the solution, whose own `main` has another name.
 *
 * SPDX-License-Identifier: MIT
 */
#include "client_bench.h"

#include <event2/event.h>
#include <signal.h>

#include "p4_http_client.h"

static struct client_bench *bench;
static struct http_client *client;
static int indexes[AT_ONCE_MOST], in_flight;

static void ask(int *k);

static void on_response(const struct http_response *response, void *arg)
{
    int *k = arg;

    in_flight--;
    if (response->error != 0)
        fprintf(stderr, "client_bench: %s\n", response->why);
    bench_answer(bench, *k, response->status, response->json);
    ask(k);
    if (in_flight == 0)
        http_client_close(client, NULL, NULL);
}

static void ask(int *k)
{
    if (!bench_asks(bench, *k))
        return;
    if (http_client_get(client, bench->url, on_response, k, NULL) == 0)
        in_flight++;
    else
        bench->failed = true;
}

/* evhttp tells epoll of six changes a request. Collected, they are two: a fifth less work. */
static struct event_base *base_for_http(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config != NULL && event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST) == 0)
        base = event_base_new_with_config(config);
    if (config != NULL)
        event_config_free(config);
    return base;
}

int main(int argc, char **argv)
{
    struct http_client_options options = {.base = base_for_http()};

    bench = bench_new(argc, argv);
    if (bench == NULL || options.base == NULL)
        return EXIT_FAILURE;
    (void)signal(SIGPIPE, SIG_IGN);
    options.max_per_host = bench->at_once;
    client = http_client_new(&options);
    for (int k = 0; client != NULL && k < bench->at_once; k++) {
        indexes[k] = k;
        ask(&indexes[k]);
    }
    bench->failed = client == NULL || event_base_dispatch(options.base) < 0 || bench->failed;
    event_base_free(options.base);
    return bench_end(bench);
}
