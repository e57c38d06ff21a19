/* p4_time_tests.h: time limits and cancellation, for check_p4_http_client.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P4_TIME_TESTS_H
#define P4_TIME_TESTS_H

#include <event2/dns.h>

#include "name_server.h"
#include "p4_asker.h"

/* ---- time limits ---- */

START_TEST(in_total_ms)
{
    static const struct step mute[] = {AWAIT_REQUEST, STAY},
                             drips[] = {AWAIT_REQUEST,
                                        DRIP(1000, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"),
                                        STAY},
                             drips_body[] = {AWAIT_REQUEST,
                                             SEND("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"),
                                             FLOOD_EVERY(1000, 100, "x"), STAY},
                             drips_chunks[] = {AWAIT_REQUEST,
                                               SEND("HTTP/1.1 200 OK\r\n"
                                                    "Transfer-Encoding: chunked\r\n\r\n"),
                                               FLOOD_EVERY(900, 1000, "1\r\nx\r\n"), STAY},
                             interim[] = {AWAIT_REQUEST,
                                          FLOOD_EVERY(1000, 300, "HTTP/1.1 102 Wait\r\n\r\n"),
                                          STAY};

    try_script("the server accepts, and never answers", mute, -ETIMEDOUT, 0, TOTAL_MS);
    try_script("headers, one byte a second", drips, -ETIMEDOUT, 0, TOTAL_MS);
    try_script("a body, one byte a second", drips_body, -ETIMEDOUT, 0, TOTAL_MS);
    try_script("chunks, one every 0.9 s", drips_chunks, -ETIMEDOUT, 0, TOTAL_MS);
    try_script("102 Processing, every second", interim, -ETIMEDOUT, 0, TOTAL_MS);
}
END_TEST

START_TEST(waiting_counts)
{
    static const struct step slow[] = {AWAIT_REQUEST, AFTER(3000), SEND(OK_JSON("{}", 2)), REPEAT};
    struct http_client_options options = usual_options();
    struct asker first = {0}, second = {0}, third = {0};
    struct listener *l = listener_open(slow);

    options.max_per_host = 1;
    open_client_with(options);
    ask(&first, l);
    ask(&second, l);
    ask(&third, l);
    run_loop_for(EVER_MS);
    expect_outcome(&first, "the first of three, on one connection", 0, 200, 3000);
    expect_outcome(&second, "the second, whose answer would come after 6 s", -ETIMEDOUT, 0,
                   TOTAL_MS);
    expect_outcome(&third, "the third, still in line", -ETIMEDOUT, 0, TOTAL_MS);
    close_client();
    listener_free(l);
}
END_TEST

START_TEST(the_time_begins_anew)
{
    static const struct step slow[] = {AWAIT_REQUEST, AFTER(3000), SEND(OK_JSON("{}", 2)), REPEAT};
    struct listener *l = listener_open(slow);

    open_client();
    for (int k = 0; k < 3; k++) {
        struct asker a = {0};
        ask(&a, l);
        run_loop_for(3500);
        expect_outcome(&a, "one of three GETs, one after the other, of 3 s each", 0, 200, 3000);
    }
    expect_number("their connections", 1, listener_accepted(l));
    close_client();
    listener_free(l);
}
END_TEST

/* Its connection is of no use; who waits in line gets a new one. */
START_TEST(a_call_out_of_time_leaves_its_place)
{
    static const struct step serves[] = {AWAIT_REQUEST, AFTER(100), SEND(OK_JSON("{}", 2)), REPEAT};
    struct http_client_options options = usual_options();
    struct asker a = {0}, b = {0};
    struct listener *l = listener_open(serves);

    listener_script(l, 0, (const struct step[]){AWAIT_REQUEST, STAY});
    options.max_per_host = 1;
    open_client_with(options);
    ask(&a, l);
    run_loop_for(1000);
    ask(&b, l);
    run_loop_for(EVER_MS);
    expect_outcome(&a, "the server never answers", -ETIMEDOUT, 0, TOTAL_MS);
    expect_outcome(&b, "the next in line: it is sent when the time of the first one is over", 0,
                   200, TOTAL_MS - 1000 + 100);
    close_client();
    listener_free(l);
}
END_TEST

/* A GET on a stale connection is sent twice, in the time of one. */
START_TEST(the_second_try_has_no_time_of_its_own)
{
    static const struct step stale[] = {AWAIT_REQUEST, SEND(OK_JSON("{}", 2)), AWAIT_REQUEST,
                                        AFTER(3000), CLOSE},
                             slow[] = {AWAIT_REQUEST, AFTER(3000), SEND(OK_JSON("{}", 2)), STAY};
    struct asker first = {0}, a = {0};
    struct listener *l = listener_open(slow);

    listener_script(l, 0, stale);
    open_client();
    ask(&first, l);
    run_loop_for(1000);
    ask(&a, l);
    run_loop_for(EVER_MS);
    expect_outcome(&a, "closed without an answer after 3 s, and sent again: total_ms goes on",
                   -ETIMEDOUT, 0, TOTAL_MS);
    close_client();
    listener_free(l);
}
END_TEST

START_TEST(in_connect_ms)
{
    struct http_client_options options = usual_options();
    struct asker a = {0}, b = {0};
    struct listener *l = listener_open_unanswered();

    open_client();
    ask(&a, l);
    run_loop_for(EVER_MS);
    expect_outcome(&a, "a port where connecting is not answered", -ETIMEDOUT, 0, CONNECT_MS);
    close_client();
    options.total_ms = CONNECT_MS / 2;
    open_client_with(options);
    ask(&b, l);
    run_loop_for(EVER_MS);
    expect_outcome(&b, "the same, with total_ms below connect_ms", -ETIMEDOUT, 0, CONNECT_MS / 2);
    close_client();
    listener_free(l);
}
END_TEST

/* ---- names ---- */

static void try_name(const char *what, const char *name, enum name_answer how, int delay_ms,
                     int error, int after_ms)
{
    static const struct step script[] = {AWAIT_REQUEST, SEND(OK_JSON("{}", 2)), REPEAT};
    struct name_server *names = name_server_open();
    struct listener *l = listener_open(script);
    struct http_client_options options = usual_options();
    struct asker a = {0};
    char url[SHOWN];

    name_server_add(names, "api.test", "127.0.0.1");
    name_server_answer(names, "api.test", how);
    name_server_delay(names, "api.test", delay_ms);
    options.dns = name_server_resolver(names);
    open_client_with(options);
    snprintf(url, sizeof(url), "http://%s:%d/", name, listener_port(l));
    ask_url(&a, url);
    run_loop_for(EVER_MS);
    expect_outcome(&a, what, error, error == 0 ? 200 : 0, after_ms);
    close_client();
    evdns_base_free(options.dns, 0);
    listener_free(l);
    name_server_free(names);
}

START_TEST(names_are_resolved)
{
    try_name("a name, answered after 0.25 s", "api.test", NAME_ANSWERED, 250, 0, 250);
    try_name("the same in capitals", "API.Test", NAME_ANSWERED, 250, 0, 250);
    try_name("a name that does not exist", "no.test", NAME_ANSWERED, 0, -EHOSTUNREACH, 0);
    try_name("a name server that does not answer", "api.test", NAME_SILENT, 0, -ETIMEDOUT,
             CONNECT_MS);
}
END_TEST

/* ---- cancellation ---- */

static const struct step IN_PARTS[] = {AWAIT_REQUEST,
                                       AFTER(100),
                                       SEND("HTTP/1.1 200 OK\r\n"),
                                       AFTER(100),
                                       SEND("Content-Length: 2\r\n\r\n{"),
                                       AFTER(100),
                                       SEND("}"),
                                       REPEAT};

/* Cancels after each turn of the loop: k turns. False if it had been told by then. */
static bool cancel_after(int k)
{
    struct asker a = {0}, next = {0};
    struct http_client_options options = usual_options();
    struct listener *l = listener_open(IN_PARTS);
    bool in_time;

    options.max_per_host = 1;
    open_client_with(options);
    ask(&a, l);
    ask(&next, l);
    for (int turn = 0; turn < k && a.told == 0; turn++)
        ck_assert_int_ge(event_base_loop(test_base(), EVLOOP_ONCE), 0);
    in_time = a.told == 0;
    http_client_cancel(a.call);
    http_client_cancel(a.call);
    if (in_time && a.told > 0)
        fail_test("http_client_cancel(): the callback came before it returned\nexpected  later, by "
                  "the loop, with -ECANCELED\ngot       inside, with %s",
                  result_text(a.error));
    const int at = now_ms();
    run_loop_for(EVER_MS);
    if (in_time && a.told_at != at)
        fail_test("cancelled at %.3f s\nexpected  the callback at %.3f s\ngot       at %.3f s",
                  at / 1e3, at / 1e3, a.told_at / 1e3);
    expect_outcome(&a, in_time ? "cancelled on its way" : "told before it was cancelled",
                   in_time ? -ECANCELED : 0, in_time ? 0 : 200, -1);
    expect_outcome(&next, "the next in line", 0, 200, at - a.asked_at + 300);
    close_client();
    listener_free(l);
    return in_time;
}

START_TEST(cancelled_at_each_turn)
{
    for (int k = 0; cancel_after(k); k++)
        ;
}
END_TEST

START_TEST(cancelled_in_line)
{
    struct asker askers[3] = {0};
    struct http_client_options options = usual_options();
    struct listener *l = listener_open(IN_PARTS);

    options.max_per_host = 1;
    open_client_with(options);
    for (int k = 0; k < 3; k++)
        ask(&askers[k], l);
    run_loop_for(150);
    http_client_cancel(askers[1].call);
    run_loop_for(EVER_MS);
    expect_outcome(&askers[0], "on its connection", 0, 200, 300);
    expect_outcome(&askers[1], "cancelled in line", -ECANCELED, 0, 150);
    expect_outcome(&askers[2], "the last in line", 0, 200, 600);
    expect_number("requests that were sent", 2, listener_requests(l));
    close_client();
    listener_free(l);
}
END_TEST

/* The name is being looked up, or the connection is not there yet. */
START_TEST(cancelled_before_there_is_a_connection)
{
    struct name_server *names = name_server_open();
    struct http_client_options options = usual_options();
    struct listener *l = listener_open_unanswered();
    struct asker a = {0}, b = {0};

    name_server_add(names, "api.test", "127.0.0.1");
    name_server_delay(names, "api.test", 500);
    options.dns = name_server_resolver(names);
    open_client_with(options);
    ask_url(&a, "http://api.test/");
    ask(&b, l);
    run_loop_for(100);
    http_client_cancel(a.call);
    http_client_cancel(b.call);
    run_loop_for(EVER_MS);
    expect_outcome(&a, "cancelled while its name was looked up", -ECANCELED, 0, 100);
    expect_outcome(&b, "cancelled while it was connecting", -ECANCELED, 0, 100);
    close_client();
    evdns_base_free(options.dns, 0);
    listener_free(l);
    name_server_free(names);
}
END_TEST

#endif
