/* p4_origin_tests.h: redirects to another scheme, host or port, for check_p4_http_client.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P4_ORIGIN_TESTS_H
#define P4_ORIGIN_TESTS_H

#include <event2/dns.h>

#include "name_server.h"
#include "p4_redirect_tests.h"
#include "tls_server.h"

static const struct step ANSWERS_204[] = {AWAIT_REQUEST, SEND("HTTP/1.1 204 -\r\n\r\n"), STAY};

static void expect_no_secrets(const char *what, const char *got)
{
    if (strstr(got, "Authorization") != NULL || strstr(got, "ookie: ") != NULL ||
        strstr(got, "X-Own: kept") == NULL)
        fail_test("%s: it is another one, in all that matters\nexpected  the caller's headers, but "
                  "neither Authorization nor any Cookie\ngot:\n%s",
                  what, shown(got));
}

/* Another port; and another scheme. */
START_TEST(secrets_stay_at_home)
{
    struct listener *other = listener_open(ANSWERS_204), *l;
    struct listener *tls = tls_server_open(TLS_GOOD, ANSWERS_204);
    struct asker a = {0}, b = {0};
    struct http_client_options options = usual_options();
    char first[SHOWN];

    snprintf(first, sizeof(first), MOVED(302, "//127.0.0.1:%d/n"), listener_port(other));
    l = follow(&a, EVHTTP_REQ_GET, first);
    expect_outcome(&a, "a redirect to another port", 0, 204, -1);
    expect_no_secrets("a redirect to another port", listener_received(other, 0, NULL));
    listener_free(l);
    listener_free(other);
    snprintf(first, sizeof(first), MOVED(302, "https://127.0.0.1:%d/n"), listener_port(tls));
    l = listener_open((const struct step[]){AWAIT_REQUEST, SEND_BYTES(first, strlen(first)), STAY});
    options.ca_file = tls_ca_file();
    open_client_with(options);
    ask_for(&b, &(struct http_request){.method = EVHTTP_REQ_GET,
                                       .url = url_of(listener_port(l), "/"),
                                       .headers = SECRET});
    run_loop_for(EVER_MS);
    expect_outcome(&b, "a redirect from http to https", 0, 204, -1);
    expect_no_secrets("a redirect from http to https", listener_received(tls, 0, NULL));
    close_client();
    listener_free(l);
    listener_free(tls);
}
END_TEST

/* Two names of one address, and the same port: two hosts. Connection 0 belongs to a.test, and leads
 * to b.test; connection 1 leads back, or stays. */
static void try_two_names(bool back, int error, int status, int requests)
{
    struct name_server *names = name_server_open();
    struct listener *l = listener_open(NULL);
    struct http_client_options options = usual_options();
    struct asker a = {0};
    char to_a[SHOWN], to_b[SHOWN], url[SHOWN];

    snprintf(to_a, sizeof(to_a), MOVED(302, "http://a.test:%d/"), listener_port(l));
    snprintf(to_b, sizeof(to_b), MOVED(302, "http://b.test:%d/"), listener_port(l));
    const struct step once = SEND_BYTES(to_b, strlen(to_b)),
                      once_back = SEND_BYTES(to_a, strlen(to_a));
    const struct step leads_to_b[] = {AWAIT_REQUEST, once,
                                      AWAIT_REQUEST, once,
                                      AWAIT_REQUEST, once,
                                      AWAIT_REQUEST, SEND("HTTP/1.1 204 -\r\n\r\n"),
                                      STAY},
                      leads_to_a[] = {AWAIT_REQUEST, once_back, AWAIT_REQUEST, once_back,
                                      AWAIT_REQUEST, once_back, STAY};
    listener_script(l, 0, leads_to_b);
    listener_script(l, 1, back ? leads_to_a : ANSWERS_204);
    name_server_add(names, "a.test", "127.0.0.1");
    name_server_add(names, "b.test", "127.0.0.1");
    options.dns = name_server_resolver(names);
    options.max_redirects = 3;
    open_client_with(options);
    snprintf(url, sizeof(url), "http://a.test:%d/", listener_port(l));
    ask_for(&a, &(struct http_request){.method = EVHTTP_REQ_GET, .url = url, .headers = SECRET});
    run_loop_for(EVER_MS);
    expect_number("redirects from a.test to b.test: a connection each, which is kept whatever the\n"
                  "status of its answers: connections",
                  2, listener_accepted(l));
    expect_outcome(&a,
                   back ? "a.test leads to b.test, which leads back; max_redirects 3"
                        : "a redirect to another name, with the same port",
                   error, status, -1);
    expect_number(back ? "max_redirects counts all of them, whatever the host: requests"
                       : "requests",
                  requests, listener_requests(l));
    expect_no_secrets("a redirect to another name, with the same port",
                      listener_received(l, 1, NULL));
    close_client();
    evdns_base_free(options.dns, 0);
    listener_free(l);
    name_server_free(names);
}

START_TEST(another_name_is_another_host)
{
    try_two_names(false, 0, 204, 2);
    try_two_names(true, -ELOOP, 302, 4);
}
END_TEST

#endif
