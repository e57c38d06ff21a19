/* test_listener.c: tests of listener.h
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "listener.h"

#include <stdlib.h>
#include <unistd.h>

#include "client.h"
#include "faults.h"
#include "ledger.h"
#include "unit.h"

#define REQUEST "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

static struct client one, two;

START_TEST(a_script_is_followed_on_time)
{
    static const struct step script[] = {
        AWAIT_REQUEST, AFTER(100), SEND("hello"), DRIP(10, "abc"), AT(500), SEND("x\0y"), CLOSE,
    };
    struct listener *l = listener_open(script);

    client_start(&one, listener_port(l));
    client_say(&one, "GET / HTTP/1.1\r\nHost: x\r\n");
    run_loop_for(50);
    client_say(&one, "\r\n");
    run_loop_for(1000);
    ck_assert_str_eq(one.seen, "0 connected;150 helloa;160 b;170 c;500 x;500 end;");
    ck_assert_uint_eq(one.n, 5 + 3 + 3);
    ck_assert_uint_eq(listener_sent(l, 0), 5 + 3 + 3);
    ck_assert_str_eq(listener_received(l, 0, NULL), REQUEST);
    ck_assert_int_eq(listener_requests(l), 1);
    ck_assert_int_eq(listener_open_now(l), 0);
    ck_assert_int_eq(listener_saw_end_at(l, 0), -1); /* it was the server's own */
    client_stop(&one);
    listener_free(l);
}
END_TEST

START_TEST(requests_are_told_apart)
{
    static const struct step script[] = {AWAIT_REQUEST,  SEND("whole."), AWAIT_HEAD, SEND("head."),
                                         AWAIT_BYTES(3), SEND("body."),  REPEAT};
    struct listener *l = listener_open(script);
    const char with_body[] = "POST / HTTP/1.1\r\nX: y\r\ncontent-length: 3\r\n\r\n";

    client_start(&one, listener_port(l));
    client_say(&one, with_body);
    run_loop_for(10);
    client_say(&one, "ab");
    run_loop_for(10);
    ck_assert_str_eq(one.seen, "0 connected;");
    client_say(&one, "c");
    client_say(&one, with_body);
    run_loop_for(10);
    client_say(&one, "abc" REQUEST);
    run_loop_for(10);
    ck_assert_str_eq(one.seen, "0 connected;20 whole.head.;30 body.whole.;");
    ck_assert_int_eq(listener_requests(l), 3);
    client_stop(&one);
    listener_free(l);
}
END_TEST

START_TEST(each_connection_has_its_script)
{
    static const struct step first[] = {AFTER(10), SEND("first"), STAY};
    static const struct step second[] = {AFTER(20), SEND("second"), STAY};
    static const struct step others[] = {AFTER(30), SEND("other"), STAY};
    struct client clients[4];
    struct listener *l = listener_open(others);

    listener_script(l, 0, first);
    listener_script(l, 1, second);
    for (int i = 0; i < 4; i++) {
        client_start(&clients[i], listener_port(l));
        client_say(&clients[i], (const char *[]){"a", "b", "c", "d"}[i]);
    }
    run_loop_for(100);
    ck_assert_str_eq(clients[0].seen, "0 connected;10 first;");
    ck_assert_str_eq(clients[1].seen, "0 connected;20 second;");
    ck_assert_str_eq(clients[3].seen, "0 connected;30 other;");
    ck_assert_str_eq(listener_received(l, 2, NULL), "c");
    ck_assert_int_eq(listener_accepted(l), 4);
    ck_assert_int_eq(listener_open_now(l), 4);
    for (int i = 0; i < 4; i++)
        client_stop(&clients[i]);
    listener_free(l);
}
END_TEST

START_TEST(a_client_that_closes_is_noticed)
{
    struct listener *l = listener_open(NULL);

    client_start(&one, listener_port(l));
    run_loop_for(100);
    ck_assert_int_eq(listener_saw_end_at(l, 0), -1);
    for (int i = 0; i < 5; i++) { /* never two at a time */
        client_stop(&one);
        run_loop_for(0);
        client_start(&one, listener_port(l));
        run_loop_for(100);
    }
    ck_assert_int_eq(listener_saw_end_at(l, 0), 100);
    ck_assert_int_eq(listener_accepted(l), 6);
    ck_assert_int_eq(listener_open_now(l), 1);
    ck_assert_int_eq(listener_most_open(l), 1);
    client_start(&two, listener_port(l));
    run_loop_for(100);
    ck_assert_int_eq(listener_most_open(l), 2);
    client_stop(&one);
    client_stop(&two);
    listener_free(l);
}
END_TEST

START_TEST(a_flood_has_its_limit)
{
    static const struct step script[] = {FLOOD(5000000, "0123456"), CLOSE};
    static const struct step slowly[] = {FLOOD_EVERY(10, 8, "abc"), CLOSE};
    struct listener *l = listener_open(script);

    listener_script(l, 1, slowly);
    client_start(&one, listener_port(l));
    run_loop_for(0);
    client_start(&two, listener_port(l));
    run_loop_for(100);
    ck_assert_uint_eq(one.n, 5000000);
    ck_assert_uint_eq(listener_sent(l, 0), 5000000);
    ck_assert_str_eq(two.seen, "0 connected;0 abc;10 abc;20 ab;20 end;");
    client_stop(&one);
    client_stop(&two);
    listener_free(l);
}
END_TEST

START_TEST(a_flood_ends_when_the_client_leaves)
{
    static const struct step script[] = {FLOOD((size_t)-1, "x"), CLOSE};
    static const struct step slowly[] = {FLOOD_EVERY(10, (size_t)-1, "x"), CLOSE};
    struct listener *l = listener_open(script);

    listener_script(l, 1, slowly);
    client_start(&one, listener_port(l));
    run_loop_for(0);
    client_start(&two, listener_port(l));
    bufferevent_disable(one.bev, EV_READ);
    run_loop_for(1000);
    ck_assert_uint_lt(listener_sent(l, 0), 16 << 20); /* what the kernel holds */
    client_stop(&one);
    client_stop(&two);
    run_loop_for(1000);
    ck_assert_int_eq(listener_saw_end_at(l, 0), 1000);
    ck_assert_int_eq(listener_saw_end_at(l, 1), 1000);
    ck_assert_int_eq(listener_open_now(l), 0);
    listener_free(l);
}
END_TEST

START_TEST(a_script_ends_with_the_client_unless_it_waits_for_that)
{
    static const struct step ends[] = {AFTER(100), SEND("late"), CLOSE};
    static const struct step goes_on[] = {AWAIT_END, AFTER(100), SEND("late"), CLOSE};
    struct listener *l = listener_open(goes_on);

    listener_script(l, 0, ends);
    client_start(&one, listener_port(l));
    run_loop_for(0);
    client_start(&two, listener_port(l));
    run_loop_for(0);
    ck_assert_int_eq(shutdown(bufferevent_getfd(one.bev), SHUT_WR), 0);
    ck_assert_int_eq(shutdown(bufferevent_getfd(two.bev), SHUT_WR), 0);
    run_loop_for(1000);
    ck_assert_str_eq(one.seen, "0 connected;0 end;");
    ck_assert_str_eq(two.seen, "0 connected;100 late;100 end;");
    client_stop(&one);
    client_stop(&two);
    listener_free(l);
}
END_TEST

START_TEST(a_server_shuts_down_and_resets)
{
    static const struct step half[] = {SEND("bye"), SHUTDOWN, AWAIT_BYTES(2), CLOSE};
    static const struct step reset[] = {AFTER(10), SEND("bye"), RESET};
    struct listener *l = listener_open(reset);

    listener_script(l, 0, half);
    client_start(&one, listener_port(l));
    run_loop_for(0);
    client_start(&two, listener_port(l));
    run_loop_for(100);
    ck_assert_str_eq(one.seen, "0 connected;0 bye;0 end;");
    ck_assert_str_eq(two.seen, "0 connected;10 bye;10 Connection reset by peer;");
    ck_assert_int_eq(listener_open_now(l), 1);
    client_say(&one, "ok");
    run_loop_for(100);
    ck_assert_int_eq(listener_open_now(l), 0);
    client_stop(&one);
    client_stop(&two);
    listener_free(l);
}
END_TEST

static void note_call(void *at_ms)
{
    *(int *)at_ms = now_ms();
}

START_TEST(a_server_that_stalls_reads_later)
{
    int called_at_ms = -1;
    const struct step script[] = {STALL, AFTER(100), CALL(note_call, &called_at_ms), RESUME, STAY};
    struct listener *l = listener_open(script);

    client_start(&one, listener_port(l));
    client_say(&one, "text");
    run_loop_for(50);
    ck_assert_str_eq(listener_received(l, 0, NULL), "");
    client_stop(&one);
    run_loop_for(100);
    ck_assert_str_eq(listener_received(l, 0, NULL), "text");
    ck_assert_int_eq(called_at_ms, 100);
    ck_assert_int_eq(listener_saw_end_at(l, 0), 100);
    listener_free(l);
}
END_TEST

START_TEST(connecting_is_refused_or_not_answered)
{
    struct listener *refuses = listener_open(NULL), *silent = listener_open_unanswered();

    listener_refuse(refuses);
    client_start(&one, listener_port(refuses));
    client_start(&two, listener_port(silent));
    run_loop_for(5000);
    ck_assert_str_eq(one.seen, "0 Connection refused;");
    ck_assert_str_eq(two.seen, "");
    client_stop(&one);
    client_stop(&two);
    listener_free(refuses);
    listener_free(silent);
}
END_TEST

START_TEST(nothing_of_a_listener_is_charged_to_the_learner)
{
    static const struct step script[] = {DRIP(10, "abc"), STAY};
    static char text[1024];

    (void)test_base();
    ledger_start();
    struct listener *l = listener_open(script), *silent = listener_open_unanswered();
    client_start(&one, listener_port(l));
    run_loop_for(15);
    client_stop(&one);
    ck_assert_int_eq(ledger_pending_events(test_base(), text, sizeof text), 0);
    run_loop(); /* ends, although the script does not */
    listener_free(l);
    listener_free(silent);
    ck_assert_int_eq(ledger_new_descriptors(text, sizeof text), 0);
}
END_TEST

START_TEST(faults_are_not_the_servers)
{
    static const struct step script[] = {AWAIT_BYTES(2), SEND("ab"), STAY};
    struct listener *l = listener_open(script);

    faults.emfile_accepts = 1;
    faults.max_write = faults.max_read = 1;
    client_start(&one, listener_port(l));
    client_say(&one, "xy");
    run_loop_for(10);
    ck_assert_str_eq(listener_received(l, 0, NULL), "xy");
    ck_assert_uint_eq(one.n, 2);
    ck_assert_int_eq(faults.emfile_accepts, 1);
    faults_clear();
    client_stop(&one);
    listener_free(l);
}
END_TEST

Suite *listener_suite(void)
{
    return UNIT_SUITE("listener", a_script_is_followed_on_time, requests_are_told_apart,
                      each_connection_has_its_script, a_client_that_closes_is_noticed,
                      a_flood_has_its_limit, a_flood_ends_when_the_client_leaves,
                      a_script_ends_with_the_client_unless_it_waits_for_that,
                      a_server_shuts_down_and_resets, a_server_that_stalls_reads_later,
                      connecting_is_refused_or_not_answered,
                      nothing_of_a_listener_is_charged_to_the_learner, faults_are_not_the_servers);
}
