/* p4_memory_tests.h: memory that runs out, and memory that is given back, for
 * check_p4_http_client.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P4_MEMORY_TESTS_H
#define P4_MEMORY_TESTS_H

#include <malloc.h>

#include "p4_asker.h"

/* Bytes that are in use, with or without a sanitizer. Under valgrind it counts nothing. */
extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t bytes_in_use(void)
{
    return __sanitizer_get_current_allocated_bytes != NULL
               ? __sanitizer_get_current_allocated_bytes()
               : mallinfo2().uordblks + mallinfo2().hblkhd;
}

/* One call each to `n` hosts, which ends before there is a connection. */
static void visit_hosts(int first, int n)
{
    for (int port = first; port < first + n; port++) {
        struct asker a = {0};
        ask_url(&a, url_of(port, "/"));
        http_client_cancel(a.call);
        run_loop_for(1);
        expect_outcome(&a, "cancelled at once", -ECANCELED, 0, 0);
    }
}

/* A program that runs for a year sees many hosts. */
START_TEST(a_host_that_nobody_needs_is_freed)
{
    enum { HOSTS = 100, LEAST = 32 };
    size_t before, after;

    open_client();
    visit_hosts(1, HOSTS);
    before = bytes_in_use();
    visit_hosts(1 + HOSTS, HOSTS);
    after = bytes_in_use();
    if (after > before + HOSTS * LEAST)
        fail_test("one call each to %d hosts, all told, and no connection is left\n"
                  "expected  the hosts are freed, then and there: host_free()\n"
                  "got       %zu bytes more in use, and they stay until the client is closed",
                  HOSTS, after - before);
    close_client();
}
END_TEST

/* Of a head. */
static int lines_of(const char *head)
{
    const char *end = strstr(head, "\r\n\r\n");
    int n = 0;

    for (; end != NULL && head < end; head++)
        n += *head == '\n';
    return n;
}

static void play_without_memory(void *arg)
{
    static const struct step script[] = {
        AWAIT_REQUEST,
        SEND("HTTP/1.1 302 -\r\nLocation: /n\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        AWAIT_REQUEST,
        AFTER(100),
        SEND(OK_JSON("{}", 2)),
        REPEAT};
    static const struct step serves[] = {AWAIT_REQUEST, SEND(OK_JSON("{}", 2)), REPEAT};
    static const struct http_header some[] = {{"X", "y"}, {NULL, NULL}};
    struct http_client_options options = usual_options();
    struct listener *l = listener_open(script);
    struct asker a = {0};
    int *const lines = arg; /* that are sent when there is memory */

    listener_script(l, 1, serves);
    options.user_agent = "x";
    options.ca_file = "/dev/null";
    closed = 0;
    client = http_client_new(&options);
    if (client != NULL) {
        ask_for(&a, &(struct http_request){.method = EVHTTP_REQ_POST,
                                           .url = url_of(listener_port(l), "/"),
                                           .headers = some,
                                           .body = "x",
                                           .body_length = 1});
        run_loop_for(EVER_MS);
        if (a.result != 0 ? a.result != -ENOMEM || a.told != 0
                          : a.told != 1 || (a.error != -ENOMEM && a.error != 0))
            fail_test("memory ran out\nexpected  -ENOMEM at once, or in the callback\n"
                      "got       %s at once, calls of the callback: %d, with %s (%s)",
                      result_text(a.result), a.told, result_text(a.error), a.why);
        if (a.error == -ENOMEM && a.status != 0)
            fail_test("memory ran out\nexpected  error -ENOMEM, status 0\n"
                      "got       error -ENOMEM, status %d",
                      a.status);
        if (a.result == 0 && a.error == 0) {
            const int sent = lines_of(listener_received(l, 0, NULL));
            *lines = *lines == 0 ? sent : *lines;
            expect_number("memory ran out, error is 0, and yet a header was left out: lines of "
                          "the\nfirst request",
                          *lines, sent);
        }
        close_client();
    }
    listener_free(l);
}

START_TEST(memory_runs_out)
{
    int lines = 0;

    play_without_memory(&lines);
    each_allocation_fails(play_without_memory, &lines);
}
END_TEST

/* The first GET is good, and the connection of the second is stale. */
static void play_stale_without_memory(void *arg)
{
    static const struct step stale[] = {AWAIT_REQUEST, SEND(OK_JSON("{}", 2)), AWAIT_REQUEST,
                                        CLOSE},
                             serves[] = {AWAIT_REQUEST, SEND(OK_JSON("{}", 2)), REPEAT};
    struct listener *l = listener_open(serves);
    struct asker askers[2] = {0};

    (void)arg;
    listener_script(l, 0, stale);
    client = http_client_new(&(struct http_client_options){.base = test_base()});
    closed = 0;
    for (int k = 0; k < 2 && client != NULL; k++) {
        struct asker *a = &askers[k];
        ask_for(a, &(struct http_request){.method = EVHTTP_REQ_GET,
                                          .url = url_of(listener_port(l), "/")});
        run_loop_for(1000);
        if (a->result != -ENOMEM && (a->told != 1 || (a->error != -ENOMEM && a->error != 0)))
            fail_test("memory ran out in one of two GETs\nexpected  -ENOMEM at once, or in the "
                      "callback\ngot       %s at once, calls of the callback: %d, with %s (%s)",
                      result_text(a->result), a->told, result_text(a->error), a->why);
    }
    if (client != NULL)
        close_client();
    listener_free(l);
}

START_TEST(memory_runs_out_for_the_second_try)
{
    play_stale_without_memory(NULL);
    each_allocation_fails(play_stale_without_memory, NULL);
}
END_TEST

#endif
